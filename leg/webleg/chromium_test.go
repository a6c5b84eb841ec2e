package webleg

import (
	"context"
	"encoding/binary"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// said is one thing that the page told. It waits until goOn is closed.
type said struct {
	path, body string
	goOn       chan struct{}
}

// chromium shows testdata/page.html, whose microphone hears 880 Hz without end. What the page posts comes by
// the channel; answer gives what is said back.
func chromium(t *testing.T, query string, answer func(said) (string, error)) <-chan said {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("skipped: chromium is missing (apt install chromium)")
	}
	told := make(chan said)
	ctx, stop := context.WithCancel(context.Background())
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "testdata/page.html") })
	mux.HandleFunc("POST /{what}", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s := said{r.PathValue("what"), string(body), make(chan struct{})}
		text, err := answer(s)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
		select {
		case told <- s:
			<-s.goOn
		case <-ctx.Done():
		}
		io.WriteString(w, text)
	})
	web := httptest.NewServer(mux)
	t.Cleanup(func() { stop(); web.Close() })

	dir := t.TempDir()
	wave := filepath.Join(dir, "mic.wav")
	const rate = 48000
	tone := make([]int16, 10*rate)
	for i := range tone {
		tone[i] = int16(8000 * math.Sin(2*math.Pi*880*float64(i)/rate))
	}
	file := media.AppendWAV(nil, tone)
	binary.LittleEndian.PutUint32(file[24:], rate) // Chromium takes no file of 8 kHz for a microphone
	binary.LittleEndian.PutUint32(file[28:], 2*rate)
	if err := os.WriteFile(wave, file, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--user-data-dir="+filepath.Join(dir, "profile"),
		"--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", "--use-file-for-fake-audio-capture="+wave,
		"--autoplay-policy=no-user-gesture-required", "--remote-debugging-port=0", web.URL+"/?"+query)
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(); cmd.Wait() })
	return told
}

// browser is the signalling of a real browser's call: what the page is to be told is waited for by its request.
type browser struct {
	answer chan string
	end    chan leg.Cause
}

func (b browser) Ringing(string)          {}
func (b browser) Answer(sdp string)       { b.answer <- sdp }
func (b browser) End(_ bool, c leg.Cause) { b.end <- c }
func newBrowser() browser                 { return browser{make(chan string, 1), make(chan leg.Cause, 1)} }
func near(text string, hz float64) bool {
	got, _ := strconv.ParseFloat(text, 64)
	return math.Abs(got-hz) < 15
}

func TestChromiumTelephones(t *testing.T) {
	for _, c := range []struct {
		name, query string
		seen        func(*testing.T, string) string // what the page sees of our SDP
		way         string
	}{
		{"is called", "called", nil, "over udp"},
		{"is called, in an office without UDP", "called", onlyTCP, "over tcp"},
		{"calls", "calls", nil, "over udp"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := open(t)
			b := newBrowser()
			var l *Leg
			told := chromium(t, c.query, func(s said) (string, error) {
				var sdp string
				var err error
				switch s.path {
				case "offer":
					l, sdp, err = h.e.Offer(t.Context(), leg.Info{To: "client:chromium"}, nil, b)
				case "answer":
					l.Play(beep(440))
					err = l.Accept(s.body)
				case "call":
					if l, err = h.e.Answer(t.Context(), leg.Info{From: "client:chromium"}, s.body, b); err == nil {
						l.Play(beep(440))
						err = l.Answer(t.Context())
						sdp = <-b.answer
					}
				case "restart":
					sdp, err = l.Restart(s.body)
				}
				if c.seen != nil && sdp != "" {
					sdp = c.seen(t, sdp)
				}
				return sdp, err
			})
			goesOn := func() {}
			tells := func(path string) string {
				t.Helper()
				for {
					goesOn()
					select {
					case s := <-told:
						goesOn = sync.OnceFunc(func() { close(s.goOn) })
						if s.path == path {
							return s.body
						}
						if s.path == "error" {
							goesOn()
							t.Fatalf("the page: %s", s.body)
						}
					case <-time.After(60 * time.Second):
						t.Fatalf("waited a minute for the page to tell %q", path)
					}
				}
			}
			defer func() { goesOn() }()
			first, _ := strconv.Atoi(tells("first"))
			t.Logf("%d ms from accepting to the first packet", first)
			if first >= 1000 { // pion's wait for a better candidate than a peer reflexive one
				t.Errorf("the page was connected after %d ms", first)
			}
			next(t, l, leg.Answered)
			if hz := tells("heard"); !near(hz, 440) {
				t.Errorf("the page hears %s Hz, want 440", hz)
			}
			var here ear
			l.Listen(&here)
			until(t, "the page's microphone", func() bool { return here.loud.Load() > 20 })
			if hz := here.hz.Load(); hz < 800 || hz > 950 {
				t.Errorf("the leg hears about %d Hz, want 880", hz)
			}
			tells("pressed")
			for _, want := range "12#" {
				if e := next(t, l, leg.Digit); e.Digit != string(want) {
					t.Errorf("key %q, want %c", e.Digit, want)
				}
			}
			if hz := tells("heard"); !near(hz, 440) {
				t.Errorf("after its ICE restart the page hears %s Hz, want 440", hz)
			}
			n := here.loud.Load()
			until(t, "the microphone after the ICE restart", func() bool { return here.loud.Load() > n+20 })
			if codecs := tells("bye"); strings.Contains(codecs, "opus") || !strings.Contains(codecs, "PCMU") {
				t.Errorf("the page speaks %s", codecs)
			}
			for _, m := range l.Trace() {
				if strings.HasPrefix(m.Text, "(connected") && !strings.Contains(m.Text, c.way) {
					t.Errorf("it went %s, want %s", m.Text, c.way)
				}
			}
			until(t, "the page's own report", func() bool { return l.Sound().Told })
			l.Left(leg.HungUp)
			if e := next(t, l, leg.Ended); e.Cause != leg.HungUp {
				t.Errorf("ended as %s (%s)", e.Cause, e.Reason)
			}
			if s := l.Sound(); s.Codec != "PCMU" || s.Heard < 50 || s.RoundTrip == 0 || s.RoundTrip > time.Second {
				t.Errorf("its sound was %+v", s)
			} else {
				t.Log(s)
			}
			until(t, "everything to be given back", func() bool { return h.e.Open() == 0 })
		})
	}
}
