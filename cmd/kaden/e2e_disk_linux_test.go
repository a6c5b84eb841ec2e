package main_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// smallDisk is a disk of its own for a test, of some megabytes.
func smallDisk(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=96m"); err != nil {
		t.Skipf("skipped: no small disk can be had: %v (root can mount one)", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill leaves so many bytes free.
func fill(t *testing.T, dir string, leave int) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, "filler"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for chunk := make([]byte, 64<<10); ; {
		var s syscall.Statfs_t
		if err := syscall.Statfs(dir, &s); err != nil {
			t.Fatal(err)
		}
		if int(s.Bavail)*int(s.Bsize) <= leave {
			return
		}
		if _, err := f.Write(chunk); errors.Is(err, syscall.ENOSPC) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func (s *server) refuses(title string) {
	s.t.Helper()
	resp, err := http.Post(s.door(), "application/json", strings.NewReader(`{"title":"`+title+`","severity":"critical"}`))
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
		s.t.Errorf("%s: %s, Retry-After %q: %s", title, resp.Status, resp.Header.Get("Retry-After"), body)
	}
}

// The disk fills up while people are on the telephone. New alerts are refused, so that their senders try again;
// who is on the telephone takes the alert as if nothing were, and with not a byte left at the latest when there is room;
// then all is well again.
func TestTheDiskIsFullInTheMiddleOfACall(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	dir := smallDisk(t)
	x := newExchange(t, func(string, int) habit {
		return habit{answer: 100 * time.Millisecond, press: "1", after: 3 * time.Second}
	})
	s := newServer(t, func(s *server) {
		s.data, s.mute = filepath.Join(dir, "data"), true
		s.args = append(s.args, "--data", s.data)
	})
	s.start()
	s.ready()
	s.apply("person: me\nlanguage: en-US\ncontacts: [" + x.address("me") + "]")

	first := s.alarm("disk full on db01")
	s.until(first, timeline.AttemptAnswered, "me")
	fill(t, dir, 8<<20)
	s.refuses("a new alert")
	if s.isReady() {
		t.Error("ready with a full disk")
	}
	if resp, err := http.Get(s.url("/healthz")); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("/healthz: %v, %v; a restart would end the call and make no room", resp, err)
	} else {
		resp.Body.Close()
	}
	for language, want := range map[string]string{"en": "WRONG disk", "ja": "WRONG ディスク"} {
		got := s.command("", "doctor", "--config", s.file, "--language", language)
		if got.code != 1 || !strings.Contains(got.out, want) {
			t.Errorf("kaden doctor: exit %d, without %q\n%s%s", got.code, want, got.out, got.err)
		}
	}
	s.until(first, timeline.AlertAcknowledged, "me") // in the call that was under way

	empty := func() {
		if err := os.Remove(filepath.Join(dir, "filler")); err != nil {
			t.Fatal(err)
		}
	}
	empty()
	second := s.alarm("disk full on db02")
	answered := s.until(second, timeline.AttemptAnswered, "me")
	fill(t, dir, 0)
	s.refuses("another new alert")
	eventually(t, patience, "the key was pressed", func() bool { return time.Since(answered.At) > 4*time.Second })
	empty()
	s.until(second, timeline.AlertAcknowledged, "me")
	third := s.alarm("disk full on db03")
	s.until(third, timeline.AlertAcknowledged, "me")
	if got := len(x.calledAt("me")); got != 3 {
		t.Errorf("me was called %d times for three alerts:\n%s", got, s.allNights())
	}
	if log := tail(s.log.Name(), 1<<20); !strings.Contains(log, "no new alerts are taken") {
		t.Error("the log does not say what to do")
	}
}
