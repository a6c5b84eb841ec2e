package main_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/kaden-project/kaden/timeline"
)

// click presses what a CSS selector (or text=…) finds.
func (p *tab) click(what string) {
	p.t.Helper()
	if _, err := p.c.do(map[string]any{"do": "click", "page": p.name, "what": what}); err != nil {
		p.t.Fatalf("%s: click %s: %v", p.name, what, err)
	}
}

// shows waits until the page shows a text.
func (p *tab) shows(text string) {
	p.t.Helper()
	js, _ := json.Marshal(text)
	if _, err := p.c.do(map[string]any{"do": "eval", "page": p.name, "js": `(async () => { for (let i = 0; i < 300; i++) { if (document.body.innerText.includes(` + string(js) + `)) return; await new Promise((r) => setTimeout(r, 50)) } throw new Error(document.body.innerText) })()`}); err != nil {
		p.t.Fatalf("%s does not show %q: %v", p.name, text, err)
	}
}

// picture keeps what the page looks like, for whoever asks with KADEN_TEST_PICTURES=DIR.
func (p *tab) picture(name string) {
	if dir := os.Getenv("KADEN_TEST_PICTURES"); dir != "" {
		p.c.do(map[string]any{"do": "shot", "page": p.name, "file": filepath.Join(dir, name+".png")})
	}
}

// consoleTab opens the console, signed in, as large as a telephone.
func (c *chromium) consoleTab(t testing.TB, s *server, name string, more map[string]any) *tab {
	t.Helper()
	resp, err := http.Get(s.url("/"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); !strings.Contains(string(text), `id="app"`) {
		t.Skip("skipped: the console is not built (make build, with Node)")
	}
	link := s.command("", "login").out
	if at := regexp.MustCompile(`http://\S+/login\?token=[0-9a-f]+`).FindString(link + s.greeted.String()); at != "" {
		link = at
	}
	order := map[string]any{"do": "visit", "page": name, "url": strings.TrimSpace(link), "viewport": map[string]int{"width": 390, "height": 844}, "locale": "en-US"}
	for k, v := range more {
		order[k] = v
	}
	if _, err := c.do(order); err != nil {
		t.Fatal(err)
	}
	p := &tab{t, c, name}
	t.Cleanup(p.close)
	return p
}

// Somebody opens the console on a telephone, goes on duty, is rung by an alert and takes it. Nothing is asked of anybody
// else's server, and no TLS is needed on this machine.
func TestTheConsoleIsAPhone(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	c := newChromium(t)
	s := serve(t)
	s.apply("person: me\nname: Sato\ncontacts: [client:me]\nlanguage: en")
	p := c.consoleTab(t, s, "me", nil)
	p.click(`nav a[href="/phone"]`)
	p.shows("Off duty")
	p.picture("phone-off")
	p.click("text=Go on duty")
	p.shows("On duty: this browser rings")
	p.picture("phone-on")
	alert := s.alarm("disk full on db01")
	p.shows("Incoming call")
	p.picture("phone-rings")
	p.click("button.yes")
	p.shows("On the line")
	s.until(alert, timeline.AttemptAnswered, "me")
	p.run("await new Promise((r) => setTimeout(r, 1200))") // keys right after the answer do not count
	p.picture("phone-talks")
	p.click(`.pad button:has-text("1")`)
	s.until(alert, timeline.AlertAcknowledged, "me")
	p.run("for (let i = 0; i < 200 && document.body.innerText.includes('On the line'); i++) await new Promise((r) => setTimeout(r, 50))")
	p.click("text=Go off duty")
	p.shows("Off duty")
	for what, order := range map[string]string{"would have left this machine": "away", "went wrong in the page": "said"} {
		if got, err := c.do(map[string]any{"do": order, "page": "me"}); err != nil || string(got) != "[]" {
			t.Errorf("%s: %s %v", what, got, err)
		}
	}
}

// What a person is told when the microphone is refused, and in Japanese, in the dark.
func TestThePhoneSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	c := newChromium(t)
	s := serve(t)
	p := c.consoleTab(t, s, "me", map[string]any{"locale": "ja-JP", "scheme": "dark"})
	p.click(`nav a[href="/phone"]`)
	p.shows("待受していません")
	p.run("navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('Permission denied', 'NotAllowedError'))")
	p.click("text=待受を始める")
	p.shows("マイクの使用を許可していません")
	p.picture("phone-refused-ja")
	p.run("delete navigator.mediaDevices.getUserMedia")
	p.click("text=待受を始める")
	p.shows("待受中")
	p.shows("kaden apply") // me has no client: address yet
	p.picture("phone-unlisted-ja")
	s.kill()
	p.shows("鳴りません")
	p.picture("phone-lost-ja")
	s.start()
	s.ready()
	p.shows("待受中")
}
