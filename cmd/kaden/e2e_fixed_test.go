package main_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Programs with https://api.twilio.com built in talk to kaden; all they get is a line in /etc/hosts and an authority to
// trust. The hosts file is that of their own mount namespace, and the address one of the loopback network, so that
// nothing else on this machine notices.
func TestProgramsWithTwiliosAddressBuiltIn(t *testing.T) {
	t.Parallel()
	x := newExchange(t, func(string, int) habit { return habit{ring: 10 * time.Millisecond, answer: 20 * time.Millisecond} })
	at := fmt.Sprintf("127.%d.%d.%d", 16+rand.IntN(200), rand.IntN(256), 1+rand.IntN(254))
	l, err := net.Listen("tcp", at+":443")
	if err != nil {
		t.Skipf("skipped: port 443 of %s is not for us (are we root?): %v", at, err)
	}
	l.Close()
	s := newServer(t, with("--https", at+":443", "--tls-local"))
	ca := filepath.Join(filepath.Dir(s.file), "ca.pem")
	said, err := exec.Command(kaden(t), "tls", "--config", s.file, "--address", at, "--out", ca).CombinedOutput()
	if err != nil || !strings.Contains(string(said), at+" api.twilio.com verify.twilio.com") || !strings.Contains(string(said), "NODE_EXTRA_CA_CERTS="+ca) {
		t.Fatalf("kaden tls: %v\n%s", err, said)
	}
	if info, err := os.Stat(filepath.Join(s.data, "tls", "ca.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the authority's key: %v, %v", info, err)
	}
	s.start()
	s.ready()
	s.apply("trunk: exchange\nserver: " + x.addr() + "\nfrom: \"+815012345678\"")

	hosts := filepath.Join(t.TempDir(), "hosts")
	if err := os.WriteFile(hosts, []byte("127.0.0.1 localhost\n"+at+" api.twilio.com verify.twilio.com\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "KADEN_TEST_SID="+s.account(), "KADEN_TEST_TOKEN="+s.token(), "KADEN_TEST_ANSWERS=+819011112222", "KADEN_TEST_FROM=+815012345678",
		"KADEN_TEST_TLS="+at+":443", "NODE_EXTRA_CA_CERTS="+ca, "REQUESTS_CA_BUNDLE="+ca, "SSL_CERT_FILE="+ca,
		"no_proxy=*", "NO_PROXY=*")
	conformance := filepath.Join("..", "..", "conformance")
	run := func(t *testing.T, command ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
		cmd.Dir, cmd.Env = conformance, env
		if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), "SKIP") {
			t.Errorf("%s: %v\n%s", strings.Join(command, " "), err, out)
		}
	}
	// behindHosts runs a command with our hosts file, and with our file in the place of another, if one is named.
	behindHosts := func(t *testing.T, ours, other string, command ...string) {
		t.Helper()
		if out, err := exec.Command("unshare", "-m", "true").CombinedOutput(); err != nil {
			t.Skipf("skipped: no mount namespace of our own (are we root?): %v %s", err, out)
		}
		run(t, append([]string{"unshare", "-m", "sh", "-c", `
			mount --bind "$1" /etc/hosts && { test -z "$3" || mount --bind "$2" "$3"; } && shift 3 && exec "$@"`, "sh", hosts, ours, other}, command...)...)
	}
	t.Run("Node", func(t *testing.T) {
		if _, err := os.Stat(filepath.Join(conformance, "node_modules", "twilio")); err != nil {
			t.Skip("skipped: the npm package twilio is not installed (cd conformance && npm ci)")
		}
		behindHosts(t, "", "", needs(t, "node", "nodejs"), "fixed.mjs")
	})
	t.Run("Python", func(t *testing.T) {
		for _, python := range []string{"python3", "/usr/bin/python3"} {
			certifi, err := exec.Command(python, "-c", "import certifi, twilio; print(certifi.where())").Output()
			if err != nil {
				continue
			}
			// Debian's twilio 7 looks at this file alone: the authority is appended to it, as kaden tls says.
			store := strings.TrimSpace(string(certifi))
			before, err := os.ReadFile(store)
			if err != nil {
				t.Fatal(err)
			}
			own, err := os.ReadFile(ca)
			if err != nil {
				t.Fatal(err)
			}
			both := filepath.Join(t.TempDir(), "bundle.pem")
			if err := os.WriteFile(both, append(before, own...), 0o644); err != nil {
				t.Fatal(err)
			}
			behindHosts(t, both, store, python, "fixed.py")
			return
		}
		t.Skip("skipped: python3-twilio is not installed (apt-get install python3-twilio)")
	})
	t.Run("Go", func(t *testing.T) {
		have := exec.Command("go", "build", "-mod=readonly", "github.com/twilio/twilio-go/rest/api/v2010")
		have.Dir, have.Env = conformance, append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly")
		if out, err := have.CombinedOutput(); err != nil {
			t.Skipf("skipped: twilio-go is not in the module cache (cd conformance && go mod download): %s", out)
		}
		run(t, "go", "test", "-count=1", "-v", "./fixed")
	})
	t.Run("who does not trust it", func(t *testing.T) {
		cmd := exec.CommandContext(t.Context(), needs(t, "curl", "curl"), "-sS", "--resolve", "api.twilio.com:443:"+at, "https://api.twilio.com/healthz")
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "certificate") {
			t.Errorf("%v: %s", err, out)
		}
	})
}
