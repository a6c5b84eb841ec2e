package main_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kaden-project/kaden/media"
)

// chromium is a real browser with Twilio's own SDKs in its tabs. conformance/browser.mjs moves it.
type chromium struct {
	t   testing.TB
	in  io.Writer
	mu  sync.Mutex
	n   int
	out map[int]chan answer
}

type answer struct {
	ID    int             `json:"id"`
	Value json.RawMessage `json:"value"`
	Error string          `json:"error"`
}

// microphone is what the browser's microphone hears, in hertz.
const microphone = 880

// newChromium starts a browser, or skips the test where there is none.
func newChromium(t testing.TB) *chromium {
	t.Helper()
	conformance, err := filepath.Abs(filepath.Join("..", "..", "conformance"))
	if err != nil {
		t.Fatal(err)
	}
	node := needs(t, "node", "nodejs")
	browser := needs(t, "chromium", "chromium")
	for _, module := range []string{"playwright-core", "@twilio/voice-sdk"} {
		if _, err := os.Stat(filepath.Join(conformance, "node_modules", module)); err != nil {
			t.Skipf("skipped: the npm package %s is not installed (cd conformance && npm ci)", module)
		}
	}
	tone := filepath.Join(t.TempDir(), "microphone.wav")
	if err := os.WriteFile(tone, sine(microphone, 10*time.Second), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node, "browser.mjs")
	leash(cmd)
	cmd.Dir, cmd.Env = conformance, append(os.Environ(), "CHROMIUM="+browser, "KADEN_TEST_MICROPHONE="+tone)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &chromium{t: t, in: in, out: map[int]chan answer{}}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 4<<20)
	if !lines.Scan() || !strings.Contains(lines.Text(), "ready") {
		t.Fatalf("the browser did not start: %s", lines.Text())
	}
	t.Logf("Chromium %s", lines.Text())
	go func() {
		for lines.Scan() {
			var a answer
			if json.Unmarshal(lines.Bytes(), &a) == nil {
				c.mu.Lock()
				to := c.out[a.ID]
				delete(c.out, a.ID)
				c.mu.Unlock()
				if to != nil {
					to <- a
				}
			}
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for id, to := range c.out {
			to <- answer{ID: id, Error: "the browser has ended"}
		}
	}()
	t.Cleanup(func() {
		in.Close()
		done := make(chan struct{})
		go func() { cmd.Wait(); close(done) }()
		select {
		case <-done:
		case <-time.After(patience):
			cmd.Process.Kill()
			<-done
		}
	})
	return c
}

// do gives an order and waits for its answer.
func (c *chromium) do(order map[string]any) (json.RawMessage, error) {
	c.mu.Lock()
	c.n++
	order["id"] = c.n
	got := make(chan answer, 1)
	c.out[c.n] = got
	line, err := json.Marshal(order)
	if err == nil {
		_, err = c.in.Write(append(line, '\n'))
	}
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case a := <-got:
		if a.Error != "" {
			return nil, fmt.Errorf("%s", a.Error)
		}
		return a.Value, nil
	case <-time.After(2 * patience):
		return nil, fmt.Errorf("no answer to %s", line)
	}
}

// tab is one page of the browser.
type tab struct {
	t    testing.TB
	c    *chromium
	name string
}

// tab opens a page with one of the SDKs.
func (c *chromium) tab(t testing.TB, name, sdk string) *tab {
	t.Helper()
	if _, err := c.do(map[string]any{"do": "open", "page": name, "sdk": sdk}); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	p := &tab{t, c, name}
	t.Cleanup(p.close)
	return p
}

func (p *tab) close() { p.c.do(map[string]any{"do": "close", "page": p.name}) }

// run evaluates in the page what has to succeed. Several statements stand in a function.
func (p *tab) run(format string, a ...any) json.RawMessage {
	p.t.Helper()
	js := fmt.Sprintf(format, a...)
	v, err := p.c.do(map[string]any{"do": "eval", "page": p.name, "js": "(async () => {" + js + "})()"})
	if err != nil {
		seen, _ := p.c.do(map[string]any{"do": "eval", "page": p.name, "js": "JSON.stringify(window.seen)"})
		p.t.Fatalf("%s: %s: %v\nseen: %s", p.name, js, err, seen)
	}
	return v
}

// saw waits for an event that the page has noted.
func (p *tab) saw(what string) {
	p.t.Helper()
	p.run("await saw(%q)", what)
}

// did tells whether the page has noted an event.
func (p *tab) did(what string) bool {
	p.t.Helper()
	return string(p.run("return seen.some(([k]) => k === %q)", what)) == "true"
}

// sine is a WAV file of one frequency.
func sine(hertz float64, d time.Duration) []byte {
	s := make([]int16, int(d.Seconds()*media.Rate))
	for i := range s {
		s[i] = int16(12000 * math.Sin(2*math.Pi*hertz*float64(i)/media.Rate))
	}
	return media.AppendWAV(nil, s)
}
