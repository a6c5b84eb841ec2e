package sipleg

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
)

// carrier runs a sipp scenario as a trunk for one call. done waits until sipp says whether all went as written.
func carrier(t *testing.T, scenario string, replace ...string) (leg.Target, func()) {
	t.Helper()
	return carrierOver(t, "u1", scenario, replace...)
}

// carrierOver is a carrier that listens on UDP (u1) or TCP (t1), and on nothing else.
func carrierOver(t *testing.T, transport, scenario string, replace ...string) (leg.Target, func()) {
	t.Helper()
	for range 5 { // somebody else may take the port that was free a moment ago
		port := freePort(t)
		dir, over := playsSipp(t, "carrier-"+scenario, replace, "-t", transport, "-p", strconv.Itoa(port))
		if !listens(transport, port, over) {
			continue
		}
		to := leg.Target{URI: "sip:+819012345678@127.0.0.1:" + strconv.Itoa(port), From: "+815012345678", Username: "kaden", Password: "himitsu"}
		return to, func() { t.Helper(); judgeCarrier(t, dir, over) }
	}
	t.Fatal("sipp finds no port")
	panic("not reached")
}

// callsUs runs a sipp scenario as a carrier that calls s once. done is that of carrier.
func callsUs(t *testing.T, s *Server, scenario string, replace ...string) (done func()) {
	t.Helper()
	dir, over := playsSipp(t, "caller-"+scenario, replace, s.Addr().String())
	return func() { t.Helper(); judgeCarrier(t, dir, over) }
}

// playsSipp starts sipp with a scenario of testdata for one call, in a directory of its own.
func playsSipp(t *testing.T, scenario string, replace []string, args ...string) (dir string, over <-chan error) {
	t.Helper()
	sipp, err := exec.LookPath("sipp")
	if err != nil {
		t.Skip("skipped: sipp is missing (apt install sip-tester; make test does it)")
	}
	written, err := os.ReadFile(filepath.Join("testdata", scenario+".xml"))
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	file := filepath.Join(dir, "scenario.xml")
	if err := os.WriteFile(file, []byte(strings.NewReplacer(replace...).Replace(string(written))), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(sipp, append([]string{"-sf", file, "-i", "127.0.0.1", "-mi", "127.0.0.1", "-mp", strconv.Itoa(freePort(t)),
		"-m", "1", "-nostdin", "-timeout", "20s", "-timeout_error", "-trace_err"}, args...)...)
	cmd.Dir = dir
	out, err := os.Create(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ends := make(chan error, 1)
	go func() { ends <- cmd.Wait() }()
	t.Cleanup(func() { cmd.Process.Kill() })
	return dir, ends
}

// listens waits until sipp has its port; false when it has given up.
func listens(transport string, port int, over <-chan error) bool {
	for {
		select {
		case <-over:
			return false
		case <-time.After(5 * time.Millisecond):
			if !portFree(transport, port) {
				return true
			}
		}
	}
}

func judgeCarrier(t *testing.T, dir string, over <-chan error) {
	t.Helper()
	said := ""
	select {
	case err := <-over:
		if err == nil {
			return
		}
		said = err.Error()
	case <-time.After(testPatience):
		said = "it is still waiting"
	}
	logs, _ := filepath.Glob(filepath.Join(dir, "*errors.log"))
	for _, l := range append(logs, filepath.Join(dir, "out")) {
		b, _ := os.ReadFile(l)
		said += "\n" + string(b[max(0, len(b)-1500):])
	}
	t.Errorf("sipp: %s", said)
}

func freePort(t *testing.T) int {
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).Port
}

func portFree(transport string, port int) bool {
	at := "127.0.0.1:" + strconv.Itoa(port)
	var c io.Closer
	var err error
	if transport == "t1" {
		c, err = net.Listen("tcp4", at)
	} else {
		c, err = net.ListenPacket("udp4", at)
	}
	if err == nil {
		c.Close()
	}
	return err == nil
}

func TestCarriers(t *testing.T) {
	s := start(t, nil)
	dial := func(t *testing.T, to leg.Target) leg.Leg {
		t.Helper()
		l, err := s.Dial(t.Context(), to, leg.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	hangUpWhenAnswered := func(t *testing.T, l leg.Leg, before ...leg.EventKind) {
		t.Helper()
		for _, k := range before {
			next(t, l, k)
		}
		next(t, l, leg.Answered)
		l.Hangup(t.Context(), leg.Completed)
		ended(t, l, leg.Completed)
	}
	t.Run("wants a password", func(t *testing.T) {
		to, done := carrier(t, "digest")
		hangUpWhenAnswered(t, dial(t, to))
		done()
	})
	t.Run("rings twelve times", func(t *testing.T) {
		to, done := carrier(t, "ringing")
		hangUpWhenAnswered(t, dial(t, to), leg.Ringing)
		done()
	})
	t.Run("announces before the answer", func(t *testing.T) {
		to, done := carrier(t, "early")
		hangUpWhenAnswered(t, dial(t, to), leg.Ringing, leg.EarlyMedia)
		done()
	})
	for status, c := range map[string]struct{ rang, atOnce leg.Cause }{
		"486 Busy Here": {leg.Busy, leg.Busy}, "603 Decline": {leg.Rejected, leg.Rejected},
		"503 Service Unavailable": {leg.Congested, leg.Congested}, "480 Temporarily Unavailable": {leg.NoAnswer, leg.Unreachable},
	} {
		t.Run("refuses with "+status, func(t *testing.T) {
			to, done := carrier(t, "refuse", "[status]", status)
			l := dial(t, to)
			next(t, l, leg.Ringing)
			if e := ended(t, l, c.rang); e.Retry {
				t.Errorf("%s after ringing may not be tried elsewhere", status)
			}
			done()
			to, done = carrier(t, "refuse-at-once", "[status]", status)
			if e := ended(t, dial(t, to), c.atOnce); e.Retry != (c.atOnce == leg.Congested) {
				t.Errorf("%s at once: Retry is %v", status, e.Retry)
			}
			done()
		})
	}
	t.Run("never answers", func(t *testing.T) {
		to, done := carrier(t, "never-answers")
		l := dial(t, to)
		next(t, l, leg.Ringing)
		l.Hangup(t.Context(), leg.Canceled)
		ended(t, l, leg.Canceled)
		done()
	})
	t.Run("hangs up at once", func(t *testing.T) {
		to, done := carrier(t, "hangs-up-at-once")
		l := dial(t, to)
		next(t, l, leg.Answered)
		ended(t, l, leg.HungUp)
		done()
	})
	t.Run("answers across the CANCEL", func(t *testing.T) {
		to, done := carrier(t, "crossing")
		l := dial(t, to)
		next(t, l, leg.Ringing)
		l.Hangup(t.Context(), leg.Canceled)
		ended(t, l, leg.Canceled)
		done()
	})
	t.Run("holds and resumes", func(t *testing.T) {
		to, done := carrier(t, "hold")
		l := dial(t, to)
		next(t, l, leg.Answered)
		if e := next(t, l, leg.Held); !e.On {
			t.Errorf("held is off")
		}
		if e := next(t, l, leg.Held); e.On {
			t.Errorf("held is still on")
		}
		ended(t, l, leg.HungUp)
		done()
	})
	if n := s.Open(); n != 0 {
		t.Errorf("%d things are left open", n)
	}
}

// What carriers want besides: sessions that are refreshed, ringing that is confirmed.
func TestDemandingCarriers(t *testing.T) {
	s := start(t, func(c *Config) { c.timers.Session = time.Second })
	dial := func(t *testing.T, to leg.Target, every time.Duration) leg.Leg {
		t.Helper()
		_, server, _ := strings.Cut(to.URI, "@")
		s.SetLines([]Line{{Name: "ntt", Server: server, Manner: Manner{Session: every}}})
		to.Line = "ntt"
		l, err := s.Dial(t.Context(), to, leg.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	for _, method := range []string{"session", "session-reinvite"} {
		t.Run("wants a sign of life each second: "+method, func(t *testing.T) {
			to, done := carrier(t, method)
			l := dial(t, to, 2*time.Second)
			next(t, l, leg.Answered)
			e := ended(t, l, leg.HungUp)
			if refreshed := strings.Count(Ladder(l.(leg.Tracer).Trace()), "UPDATE"); method == "session" && refreshed < 10 || e.Cause != leg.HungUp {
				t.Errorf("refreshed %d times", refreshed)
			}
			done()
		})
	}
	t.Run("wants longer sessions", func(t *testing.T) {
		to, done := carrier(t, "min-se")
		ended(t, dial(t, to, 0), leg.Busy)
		done()
	})
	t.Run("wants its ringing confirmed", func(t *testing.T) {
		to, done := carrier(t, "reliable")
		l := dial(t, to, 0)
		next(t, l, leg.Ringing)
		next(t, l, leg.Ringing)
		next(t, l, leg.EarlyMedia)
		next(t, l, leg.Answered)
		l.Hangup(t.Context(), leg.Completed)
		ended(t, l, leg.Completed)
		done()
	})
	if n := s.Open(); n != 0 {
		t.Errorf("%d things are left open", n)
	}
}

func TestARegistrarOfSipp(t *testing.T) {
	to, done := carrier(t, "registrar")
	_, server, _ := strings.Cut(to.URI, "@")
	s := start(t, nil)
	s.SetLines([]Line{{Name: "ntt", Server: server, User: "kaden", Password: "himitsu", Register: true, Expires: time.Minute}})
	stands(t, s, "refreshed for ten minutes", func(at Standing) bool {
		return at.Condition == Registered && time.Until(at.Until) > 9*time.Minute
	})
	s.Close()
	done()
}
