package clientsdk

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// minters are the programs that mint tokens with a library of Twilio's, of those libraries that are here.
func minters(t *testing.T) map[string][]string {
	all := map[string][]string{}
	if _, err := os.Stat(filepath.Join("..", "conformance", "node_modules", "twilio")); err == nil {
		if node, err := exec.LookPath("node"); err == nil {
			all["Node"] = []string{node, "tokens.mjs"}
		}
	}
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if all["Python"] == nil && exec.Command(python, "-c", "import twilio").Run() == nil {
			all["Python"] = []string{python, "tokens.py"}
		}
	}
	program := filepath.Join(t.TempDir(), "tokens")
	build := exec.Command("go", "build", "-mod=readonly", "-o", program, "./tokens")
	build.Dir, build.Env = filepath.Join("..", "conformance"), append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly")
	if out, err := build.CombinedOutput(); err == nil {
		all["Go"] = []string{program}
	} else {
		t.Logf("without twilio-go: %s", out)
	}
	if len(all) == 0 {
		t.Skip("skipped: none of twilio-go (cd conformance && go mod download), the npm package twilio (npm ci) and python3-twilio is here")
	}
	return all
}

// Tokens that Twilio's own libraries mint, for the SDK of today and for that of old, allow here what they allow there.
func TestTwiliosLibrariesMintWhatIsTaken(t *testing.T) {
	for library, command := range minters(t) {
		t.Run(library, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), command[0], append(command[1:], string(ours), string(key), secret, secret, string(app))...)
			var complaint strings.Builder
			cmd.Dir, cmd.Stderr = filepath.Join("..", "conformance"), &complaint
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v: %s", err, &complaint)
			}
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			if len(lines) < 4 {
				t.Fatalf("only %d tokens: %s", len(lines), out)
			}
			for _, line := range lines {
				var want struct {
					Name, Token, Identity, Application string
					Incoming                           bool
					Params                             map[string]string
				}
				if err := json.Unmarshal([]byte(line), &want); err != nil {
					t.Fatal(err)
				}
				c, err := Verify(t.Context(), want.Token, keys)
				if err != nil || c.Account != ours || c.Identity != want.Identity || c.Incoming != want.Incoming || string(c.Application) != want.Application || len(c.Params) != len(want.Params) {
					t.Errorf("%s: %+v, %v", want.Name, c, err)
				}
				for name, value := range want.Params {
					if got := c.Params.Get(name); got != value {
						t.Errorf("%s: %s=%q, want %q", want.Name, name, got, value)
					}
				}
			}
		})
	}
}
