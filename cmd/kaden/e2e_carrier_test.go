package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// carrier is sipp behind a trunk, behaving as one of the scenarios in testdata/e2e.
type carrier struct {
	t    testing.TB
	port int
	file string // every message, with its time
	stop func() // kills it: from then on nobody is at its port
}

// newCarrier starts sipp at a port; 0 takes a free one.
func newCarrier(t testing.TB, scenario string, port int) *carrier {
	t.Helper()
	return newCarrierAt(t, here, scenario, port)
}

// newCarrierAt starts it somewhere else.
func newCarrierAt(t testing.TB, at spot, scenario string, port int) *carrier {
	t.Helper()
	program := needs(t, "sipp", "sip-tester")
	if port == 0 {
		port = freePort(t)
	}
	scenario, err := filepath.Abs(filepath.Join("testdata", "e2e", scenario+".xml"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	c := &carrier{t: t, port: port, file: filepath.Join(dir, "messages")}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(program, "-sf", scenario, "-i", at.ip, "-p", fmt.Sprint(port), "-mp", fmt.Sprint(freePorts(t, 4, firstRTP, lastRTP)),
		"-nostdin", "-trace_msg", "-message_file", c.file, "-message_overwrite", "false")
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, dir
	leash(cmd)
	if err := at.start(cmd); err != nil {
		t.Fatal(err)
	}
	c.stop = sync.OnceFunc(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	t.Cleanup(func() {
		c.stop()
		if t.Failed() {
			t.Logf("what the carrier %s heard and said:\n%s", filepath.Base(scenario), tail(c.file, 12000))
		}
	})
	eventually(t, patience, "sipp listens", func() bool { return at.listens(port) })
	return c
}

// message is one that the carrier got or sent.
type message struct {
	at    time.Time
	sent  bool
	first string
	via   string // its branch tells a message that is said again from a new one
}

var messageHead = regexp.MustCompile(`(?m)^-{20,} (\d{4}-\d\d-\d\d[ \t]+\d\d:\d\d:\d\d\.\d+).*\n.* message (received|sent).*\n\n(.*)\n(Via: .*)?$`)

// messages reads sipp's book.
func (c *carrier) messages() (all []message) {
	b, err := os.ReadFile(c.file)
	if err != nil {
		return nil // nothing was said yet
	}
	for _, m := range messageHead.FindAllStringSubmatch(strings.ReplaceAll(string(b), "\r", ""), -1) {
		at, err := time.ParseInLocation("2006-01-02 15:04:05.999999", strings.Join(strings.Fields(m[1]), " "), time.Local)
		if err != nil {
			c.t.Fatalf("sipp's book has a time that cannot be read: %v", err)
		}
		all = append(all, message{at, m[2] == "sent", m[3], m[4]})
	}
	return all
}

// got lists the messages that came and begin with a word, without those said again.
func (c *carrier) got(word string) (found []message) {
	seen := map[string]bool{}
	for _, m := range c.pick(word, false) {
		if !seen[m.via] {
			found = append(found, m)
		}
		seen[m.via] = true
	}
	return found
}

// said lists the messages that were sent and begin with a word.
func (c *carrier) said(word string) (found []message) { return c.pick(word, true) }

func (c *carrier) pick(word string, sent bool) (found []message) {
	for _, m := range c.messages() {
		if m.sent == sent && strings.HasPrefix(m.first, word) {
			found = append(found, m)
		}
	}
	return found
}

// trunk is the document of a trunk that leads to the carrier.
func (c *carrier) trunk(more ...string) string {
	return "trunk: carrier\nserver: " + local(c.port) + "\nfrom: \"+815012345678\"\n" + strings.Join(more, "\n")
}
