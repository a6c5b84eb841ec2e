package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Twilio's own clients, unmodified, order calls of the running binary. The calls go over a trunk to an
// exchange: one subscriber answers and stays, the other rings and rings.
func TestTwiliosOwnClientsOrderCalls(t *testing.T) {
	t.Parallel()
	x := newExchange(t, func(user string, _ int) habit {
		if strings.HasSuffix(user, "9011112222") {
			return habit{ring: 20 * time.Millisecond, answer: 100 * time.Millisecond}
		}
		return habit{}
	})
	s := serve(t)
	s.apply("trunk: exchange\nserver: " + x.addr() + "\nfrom: \"+815012345678\"\n---\nnumber: \"+81312345678\"")
	env := append(os.Environ(), "KADEN_TEST_URL="+s.url(""), "KADEN_TEST_SID="+s.account(), "KADEN_TEST_TOKEN="+s.token(),
		"KADEN_TEST_ANSWERS=+819011112222", "KADEN_TEST_FROM=+815012345678")
	conformance := filepath.Join("..", "..", "conformance")
	for i, c := range []struct {
		name string
		find func(t *testing.T) (command []string) // and the scripts it runs, one after the other; or a skip
	}{
		{"Go", func(t *testing.T) []string {
			have := exec.Command("go", "build", "-mod=readonly", "github.com/twilio/twilio-go/rest/api/v2010")
			have.Dir, have.Env = conformance, append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly")
			if out, err := have.CombinedOutput(); err != nil {
				t.Skipf("skipped: twilio-go is not in the module cache (cd conformance && go mod download): %s", out)
			}
			return []string{"go", "test", "-count=1", "-v", "-run", "TestTwilioGo", "."} // the exchange carries no short messages
		}},
		{"Node", func(t *testing.T) []string {
			if _, err := os.Stat(filepath.Join(conformance, "node_modules", "twilio")); err != nil {
				t.Skip("skipped: the npm package twilio is not installed (cd conformance && npm ci)")
			}
			return []string{needs(t, "node", "nodejs"), "client.mjs", "books.mjs", "verify.mjs"}
		}},
		{"Python", func(t *testing.T) []string {
			for _, python := range []string{"python3", "/usr/bin/python3"} {
				if exec.Command(python, "-c", "import twilio").Run() == nil {
					return []string{python, "client.py", "books.py", "verify.py"}
				}
			}
			t.Skip("skipped: python3-twilio is not installed (apt-get install python3-twilio)")
			return nil
		}},
	} {
		// One after the other: each looks at the list of calls as if it were alone.
		t.Run(c.name, func(t *testing.T) {
			command := c.find(t)
			runs := [][]string{command[1:]}
			if c.name != "Go" {
				runs = [][]string{command[1:2], command[2:3], command[3:4]}
			}
			own := fmt.Sprintf("KADEN_TEST_RINGS=+81903333444%d", i) // nobody is told codes by three programs within three seconds
			for _, args := range runs {
				cmd := exec.CommandContext(t.Context(), command[0], args...)
				cmd.Dir, cmd.Env = conformance, append(slices.Clip(env), own)
				out, err := cmd.CombinedOutput()
				if err != nil || strings.Contains(string(out), "SKIP") {
					t.Errorf("%s %s: %v\n%s", command[0], strings.Join(args, " "), err, out)
				}
			}
		})
	}
	eventually(t, patience, "no call is left at the exchange", func() bool { return len(x.open()) == 0 })
	if hows := x.hows(); strings.Contains(hows, givenUp) || !strings.Contains(hows, "cancelled") || !strings.Contains(hows, "hung up") {
		t.Errorf("calls at the exchange ended so: %s", hows)
	}
}
