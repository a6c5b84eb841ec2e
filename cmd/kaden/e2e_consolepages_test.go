package main_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// fill writes into what a CSS selector finds.
func (p *tab) fill(what, text string) {
	p.t.Helper()
	if _, err := p.c.do(map[string]any{"do": "fill", "page": p.name, "what": what, "text": text}); err != nil {
		p.t.Fatalf("%s: fill %s: %v", p.name, what, err)
	}
}

// iAm says who sits at the console.
func (p *tab) iAm(person string) {
	p.t.Helper()
	p.run(`await until0(() => document.querySelector('.duty select')); const s = document.querySelector('.duty select'); s.value = %q; s.dispatchEvent(new Event('change', { bubbles: true }));
		async function until0(f) { for (let i = 0; i < 300 && !f(); i++) await new Promise((r) => setTimeout(r, 50)) }`, person)
}

// reads waits until an element's text has, or no longer has, some words.
func (p *tab) reads(what, text string, has bool) {
	p.t.Helper()
	js, _ := json.Marshal(text)
	at, _ := json.Marshal(what)
	p.run(`let now; for (let i = 0; i < 450; i++) { now = document.querySelector(%s)?.innerText ?? ''; if (now.includes(%s) === %v) return; await new Promise((r) => setTimeout(r, 50)) } throw new Error(now)`, at, js, has)
}

// Somebody at the console calls a colleague's browser, a telephone that is busy, and an emergency number.
func TestTheConsoleCalls(t *testing.T) {
	t.Parallel()
	c := newChromium(t)
	s := serve(t)
	s.apply(
		"person: me\nname: Sato\ncontacts: [client:me]", "person: ito\nname: Ito\ncontacts: [client:ito]",
		"person: kato\nname: Kato\ncontacts: [\"sim:kato?do=busy\", \"sim:kato-late?do=no-answer\"]",
	)
	me, ito := c.consoleTab(t, s, "me", nil), c.consoleTab(t, s, "ito", nil)
	ito.fill("#token", s.token()) // the link was the first tab's
	ito.click("form button.main")
	me.click(`nav a[href="/phone"]`)
	me.shows("Say who you are first.")
	me.iAm("me")
	me.shows("Ito")
	me.shows("not on duty now")
	me.picture("phone-dial")
	ito.click(`nav a[href="/phone"]`)
	ito.iAm("ito")
	ito.click("text=Go on duty")
	ito.shows("On duty: this browser rings")

	// Without being on duty oneself.
	me.click(`li button:not([disabled]):has-text("client:ito")`)
	me.shows("It rings")
	me.picture("phone-calling")
	ito.shows("Incoming call")
	ito.click("button.yes")
	me.shows("On the line")
	me.shows("Ito")
	ito.reads(".who", "me", true)
	me.click(`.pad button:has-text("5")`)
	ito.click("button.no")
	me.shows("Call somebody")
	me.click(`li button:has-text("client:ito")`)
	ito.shows("Incoming call")
	ito.click("button.no")
	me.shows("Busy, or declined.")

	me.click(`li button:has-text("sim:kato?do=busy")`)
	me.shows("Busy, or declined.")
	me.click(`li button:has-text("sim:kato-late")`)
	me.shows("It rings")
	me.click("button.no")
	me.shows("Call somebody")
	for _, number := range []string{"119", "0312345678", "nobody"} {
		me.fill("input[type=tel]", number)
		me.click("form button.yes")
		me.shows("This is not called.")
		me.picture("phone-not-called-" + number)
	}
	eventually(t, patience, "no call is left", func() bool {
		var status struct{ Calls int }
		return s.get("/api/status", &status) == nil && status.Calls == 0
	})
	for what, order := range map[string]string{"would have left this machine": "away", "went wrong in the page": "said"} {
		got, err := c.do(map[string]any{"do": order, "page": "me"})
		var all []string
		json.Unmarshal(got, &all)
		for _, one := range all {
			if err != nil || !strings.Contains(one, "422") { // what is not called is a refusal of the API
				t.Errorf("%s: %s %v", what, one, err)
			}
		}
	}
}

// Who is on duty is seen: a browser in two tabs, a SIP phone, somebody who cannot be reached. A browser that vanishes
// without a word is gone within 20 s.
func TestPeopleShowsWhoIsOnDuty(t *testing.T) {
	t.Parallel()
	c := newChromium(t)
	o := newOffice(t)
	o.apply(
		"person: sato\nname: Sato\ncontacts: [client:sato]", "person: ito\nname: Ito\ncontacts: [[sip:ito@office.example.jp, sip:tanaka@office.example.jp]]",
		"plan: default\nsteps:\n  - call: [sato, ito]\n", officeDomain, phoneDocument("ito"), phoneDocument("tanaka"),
	)
	b := o.between(t, nil)
	p := c.consoleTab(t, o.server, "console", nil)
	p.click(`nav a[href="/people"]`)
	p.shows("Cannot be reached right now")
	p.reads("section.alarm", "no browser on duty", true)
	p.reads("section.alarm", "no phone registered", true)
	p.picture("people-absent")
	for _, name := range []string{"one", "two"} {
		c.tab(t, name, "2.18").device(o.phoneToken("sato"), b.addr(), "")
	}
	p.shows("2 tabs")
	p.shows("rings at the same time as the one above")
	p.reads("section.alarm", "Sato", false)
	h := newHandset(t, o.server, "ito")
	if got := h.registers(secretSato, "Contact: <sip:ito@127.0.0.1:9>", "User-Agent: A Desk Phone/1.2.3"); !strings.HasPrefix(got, "SIP/2.0 200") {
		t.Fatalf("the phone registers: %q", got)
	}
	p.shows("Everybody in the plans can be reached")
	p.shows("A Desk Phone/1.2.3")
	p.click(`button:has-text("Settings for the phone")`)
	p.shows("office.example.jp")
	p.picture("people-settings")
	p.click(`dialog[open] button.main`)
	p.picture("people-duty")
	b.lights(false) // both tabs' machine has lost its network
	begun := time.Now()
	p.run(`for (let i = 0; i < 500; i++) { if (document.body.innerText.includes("not on duty now")) return; await new Promise((r) => setTimeout(r, 50)) } throw new Error(document.body.innerText)`)
	took := time.Since(begun)
	t.Logf("a vanished browser is off duty after %v", took.Round(100*time.Millisecond))
	if took > 20*time.Second {
		t.Errorf("it was shown as on duty for %v", took)
	}
	p.reads("section.alarm", "Sato", true)
}

// A bin is written in the console: what is wrong is marked while one writes, and what it said is not lost.
func TestTheConsoleKeepsBins(t *testing.T) {
	t.Parallel()
	c := newChromium(t)
	s := serve(t)
	p := c.consoleTab(t, s, "me", nil)
	p.click(`nav a[href="/twiml-bins"]`)
	p.shows("No bin yet")
	p.click("text=New bin")
	p.fill("input[required]", "夜勤-night")
	p.fill("textarea", "<Response>\n  <Say>{{Title}}</Say>\n  <Dail>+819012345678</Dail>\n</Response>")
	p.reads(".field ol", "3:3", true)
	p.shows("It runs, but perhaps not as it was meant.")
	p.picture("bin-warning")
	p.fill("textarea", "<Response>\n  <Say>{{Title</Say>\n</Response>")
	p.reads(".field ol", "2:8", true)
	p.shows("It cannot run like this.")
	p.picture("bin-error")
	p.fill("textarea", "<Response>\n  <Say>{{Title}}</Say>\n  <Dial>{{To}}</Dial>\n</Response>")
	p.shows("Nothing is wrong with it")
	p.click(`button:has-text("Create it")`)
	p.shows("Where it is asked")
	p.fill("input[placeholder='+815012345678']", "+819012345678")
	p.click("text=Show the answer")
	p.run("for (let i = 0; i < 300 && !document.querySelector('textarea[readonly]'); i++) await new Promise((r) => setTimeout(r, 50))")
	if got := string(p.run("return document.querySelector('textarea[readonly]').value")); !strings.Contains(got, `+819012345678\u003c/Dial`) && !strings.Contains(got, "+819012345678</Dial>") {
		t.Errorf("tried: %s", got)
	}
	p.click("text=Make such an address")
	p.shows("Answers whoever knows it.")
	p.fill("textarea", "<Response>\n  <Say>another</Say>\n</Response>")
	p.shows("Changed, not saved yet")
	p.click(`nav a[href="/plans"]`) // what is written stays while one looks elsewhere
	p.click(`nav a[href="/twiml-bins"]`)
	p.click(`li a:has-text("night")`)
	p.shows("Changed, not saved yet")
	p.click(`button:has-text("Save")`)
	p.shows("Saved.")
	p.picture("bin-saved")
	p.run(`const all = () => document.querySelectorAll('.versions > li > button'); // as it was made, with its key, and now
		for (let i = 0; i < 300 && all().length < 3; i++) await new Promise((r) => setTimeout(r, 50)); [...all()].at(-1).click()`)
	p.shows("Red lines would go")
	p.picture("bin-versions")
	p.click(`button:has-text("Say this again")`)
	p.click(`button:has-text("Yes, this version")`)
	p.run("for (let i = 0; i < 200 && !document.querySelector('textarea').value.includes('{{To}}'); i++) await new Promise((r) => setTimeout(r, 50))")
	var bins []struct {
		Name, TwiML, Open string
		Fields            []string
	}
	if err := s.get("/api/bins", &bins); err != nil || len(bins) != 1 || bins[0].Name != "夜勤-night" || strings.Join(bins[0].Fields, " ") != "Title To" {
		t.Errorf("%+v %v", bins, err)
	}
	p.click(`button:has-text("Delete")`)
	p.click(`button:has-text("Delete it")`)
	p.shows("No bin yet")
	if got, err := c.do(map[string]any{"do": "said", "page": "me"}); err != nil || string(got) != "[]" {
		t.Errorf("went wrong in the page: %s %v", got, err)
	}
}

// Somebody at night, on a telephone, is about to hand an alert over. What the phones do meanwhile neither closes the
// question nor moves the buttons, and a long name does not push them off the screen.
func TestAQuestionStaysWhilePhonesRing(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	c := newChromium(t)
	s := serve(t)
	s.apply(
		"person: me\nname: Sato\ncontacts: [\"sim:me?do=no-answer\"]", "person: ito\nname: Ito\ncontacts: [\"sim:ito?do=no-answer\"]",
		"person: kato\nname: Maximiliane von Habsburg-Lothringen\ncontacts: [\"sim:kato?do=no-answer\"]",
		"plan: default\nafter: 0s\nsteps:\n  - call: [me, ito]\n    order: in-turn\n    ring: 10s\n",
	)
	p := c.consoleTab(t, s, "me", nil)
	p.click(`nav a[href="/plans"]`)
	s.alarm("disk full on db01")
	p.reads(`nav a[href="/"]`, "1", true) // another page says that an alert waits
	p.click(`nav a[href="/"]`)
	p.click(".list ol a") // the first tap; the second takes it
	p.reads(".says", "Ringing Sato", true)
	const top = `return [Math.round(document.querySelector('button.big').getBoundingClientRect().top + scrollY), document.documentElement.scrollWidth]`
	before := string(p.run(top))
	if !strings.HasSuffix(before, ",390]") {
		t.Errorf("the page is wider than the telephone: %s", before)
	}
	p.click(`button:has-text("Hand over…")`)
	p.shows("Ito’s phone rings")
	p.reads(".decide", "To whom?", true)
	p.click(`.decide button:has-text("Cancel")`)
	p.reads(".says", "Ringing Ito", true)
	if after := string(p.run(top)); after != before {
		t.Errorf("the button was at %s and is at %s", before, after)
	}
	p.click("button.big.main")
	p.reads(".says", "took it", true)
	// One stream tells the page what happens: it does not ask over and over.
	if asked := string(p.run(`return performance.getEntriesByType('resource').filter((r) => r.name.endsWith('/api/setup')).length`)); len(asked) > 1 {
		t.Errorf("the page has read its setup %s times", asked)
	}
	if got, err := c.do(map[string]any{"do": "said", "page": "me"}); err != nil || string(got) != "[]" {
		t.Errorf("went wrong in the page: %s %v", got, err)
	}
}
