package main_test

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// Twilio's own SDKs, unmodified, in a real browser, against the running binary.
func TestBrowsersArePhones(t *testing.T) {
	t.Parallel()
	c := newChromium(t)
	o := newOffice(t)
	o.apply("person: sato\ncontacts: [client:sato]\n---\nperson: suzuki\ncontacts: [client:suzuki]")
	for _, sdk := range []string{"2.18", "2.9"} {
		t.Run("SDK "+sdk, func(t *testing.T) {
			for _, story := range []struct {
				name string
				tell func(t *testing.T, o *office, c *chromium, sdk string)
			}{
				{"rings, hears, presses and is hung up", hearsAndPresses},
				{"hangs up", hangsUp},
				{"rejects", rejects},
				{"ignores, and the ringing ends", ignores},
				{"two tabs, the first to answer", twoTabs},
				{"two people talk", twoTalk},
				{"loses its socket in a call", losesSocket},
				{"loses its socket while it rings", losesSocketRinging},
				{"a tab that is closed is off duty", closesTab},
				{"renews its token in a call", renewsToken},
				{"a bad token", badToken},
			} {
				t.Run(story.name, func(t *testing.T) { story.tell(t, o, c, sdk) })
			}
		})
	}
}

// onDuty is a tab in which somebody is on duty.
func (o *office) onDuty(t *testing.T, c *chromium, name, identity, sdk string) *tab {
	t.Helper()
	p := c.tab(t, name, sdk)
	o.device(p, o.phoneToken(identity))
	return p
}

func (o *office) becomes(t *testing.T, call, status string) {
	t.Helper()
	eventually(t, patience, "the call is "+status, func() bool { return o.ordered(call) == status })
}

func hearsAndPresses(t *testing.T, o *office, c *chromium, sdk string) {
	p := o.onDuty(t, c, "sato", "sato", sdk)
	gather := o.says("/gather"+sdk, `<Gather numDigits="5" finishOnKey="" timeout="20" action="`+o.app.URL+`/pressed`+sdk+`"><Play loop="0">`+o.app.URL+`/440.wav</Play></Gather>`)
	o.says("/pressed"+sdk, `<Play loop="0">`+o.app.URL+`/440.wav</Play>`)
	call := o.order(url.Values{"To": {"client:sato"}, "From": {"+815012345678"}, "Url": {gather}})
	p.saw("incoming")
	if from := string(p.run("return call.parameters.From + ' ' + call.parameters.To + ' ' + call.parameters.CallSid")); from != `"+815012345678 client:sato `+call+`"` {
		t.Errorf("the page is told %s", from)
	}
	begun := time.Now()
	p.run("call.accept(); await saw('call accept'); await hears(() => call.getRemoteStream(), 440)")
	t.Logf("accepted and heard after %v, of which 400 ms are the listening", time.Since(begun).Round(time.Millisecond))
	p.run("call.mute(true); call.sendDigits('12w3#')") // keys go through while it is muted
	eventually(t, patience, "the keys are pressed", func() bool { return o.told("Digits", "123#") != nil || o.told("Digits", "123#*") != nil || pressed(o, call) == "123#" })
	p.run("call.mute(false); call.sendDigits('*')")
	eventually(t, patience, "all keys have arrived", func() bool { return pressed(o, call) == "123#*" })
	o.becomes(t, call, "in-progress")
	o.hangUp(call)
	p.saw("call disconnect")
	if p.did("device error") || p.did("call error") {
		t.Errorf("errors: %s", p.run("return seen"))
	}
	if away, _ := c.do(map[string]any{"do": "away", "page": "sato"}); string(away) != "[]" {
		t.Errorf("requests that would have left for Twilio: %s", away)
	}
}

// pressed is what the app was told of the keys of a call.
func pressed(o *office, call string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, v := range o.asked {
		if v.Get("CallSid") == call && v.Get("Digits") != "" {
			return v.Get("Digits")
		}
	}
	return ""
}

func hangsUp(t *testing.T, o *office, c *chromium, sdk string) {
	p := o.onDuty(t, c, "sato", "sato", sdk)
	call := o.rings("sato")
	p.saw("incoming")
	p.run("call.accept(); await saw('call accept')")
	o.becomes(t, call, "in-progress")
	p.run("call.disconnect()")
	o.becomes(t, call, "completed")
}

func rejects(t *testing.T, o *office, c *chromium, sdk string) {
	p := o.onDuty(t, c, "sato", "sato", sdk)
	call := o.rings("sato")
	p.saw("incoming")
	p.run("call.reject()")
	o.becomes(t, call, "busy")
}

func ignores(t *testing.T, o *office, c *chromium, sdk string) {
	p := o.onDuty(t, c, "sato", "sato", sdk)
	call := o.order(url.Values{"To": {"client:sato"}, "From": {"client:kaden"}, "Twiml": {"<Response/>"}, "Timeout": {"5"}})
	p.saw("incoming")
	o.becomes(t, call, "ringing")
	p.saw("call cancel")
	o.becomes(t, call, "no-answer")
}

func twoTabs(t *testing.T, o *office, c *chromium, sdk string) {
	one, two := o.onDuty(t, c, "one", "sato", sdk), o.onDuty(t, c, "two", "sato", sdk)
	call := o.rings("sato")
	one.saw("incoming")
	two.saw("incoming")
	two.run("call.accept(); await saw('call accept'); await hears(() => call.getRemoteStream(), 440)")
	one.saw("call cancel")
	o.hangUp(call)
	two.saw("call disconnect")
}

func twoTalk(t *testing.T, o *office, c *chromium, sdk string) {
	sato, suzuki := o.onDuty(t, c, "sato", "sato", sdk), o.onDuty(t, c, "suzuki", "suzuki", sdk)
	call := o.order(url.Values{"To": {"client:sato"}, "From": {"client:kaden"}, "Url": {
		o.says("/dial", `<Dial><Client><Identity>suzuki</Identity><Parameter name="subject" value="disk &amp; more"/></Client></Dial>`),
	}})
	sato.saw("incoming")
	sato.run("call.accept(); await saw('call accept')")
	suzuki.saw("incoming")
	if got := string(suzuki.run("return call.customParameters.get('subject')")); got != `"disk \u0026 more"` && got != `"disk & more"` {
		t.Errorf("the parameter is %s", got)
	}
	suzuki.run("call.accept(); await saw('call accept')")
	suzuki.run("await hears(() => call.getRemoteStream(), %d)", microphone)
	sato.run("await hears(() => call.getRemoteStream(), %d)", microphone)
	suzuki.run("call.disconnect()")
	o.becomes(t, call, "completed")
	sato.saw("call disconnect")
}

func losesSocket(t *testing.T, o *office, c *chromium, sdk string) {
	p := o.onDuty(t, c, "sato", "sato", sdk)
	call := o.rings("sato")
	p.saw("incoming")
	p.run("call.accept(); await saw('call accept'); await hears(() => call.getRemoteStream(), 440)")
	begun := time.Now()
	o.cut()
	p.saw("call reconnecting")
	p.saw("call reconnected")
	t.Logf("signalling back after %v", time.Since(begun).Round(time.Millisecond))
	p.run("await hears(() => call.getRemoteStream(), 440)")
	o.hangUp(call)
	p.saw("call disconnect")
}

func losesSocketRinging(t *testing.T, o *office, c *chromium, sdk string) {
	p := o.onDuty(t, c, "sato", "sato", sdk)
	call := o.rings("sato")
	p.saw("incoming")
	p.run("seen.length = 0")
	o.cut()
	p.saw("incoming")
	p.run("call.accept(); await saw('call accept'); await hears(() => call.getRemoteStream(), 440)")
	o.hangUp(call)
	p.saw("call disconnect")
}

func closesTab(t *testing.T, o *office, c *chromium, sdk string) {
	p := o.onDuty(t, c, "sato", "sato", sdk)
	p.close()
	call := o.rings("sato")
	o.becomes(t, call, "no-answer")
}

func renewsToken(t *testing.T, o *office, c *chromium, sdk string) {
	p := o.onDuty(t, c, "sato", "sato", sdk)
	call := o.rings("sato")
	p.saw("incoming")
	p.run("call.accept(); await saw('call accept')")
	p.run("device.updateToken(%q); await new Promise((r) => setTimeout(r, 500)); await hears(() => call.getRemoteStream(), 440)", o.phoneToken("sato"))
	if p.did("device error") || p.did("call disconnect") {
		t.Errorf("seen: %s", p.run("return seen"))
	}
	o.hangUp(call)
	p.saw("call disconnect")
}

func badToken(t *testing.T, o *office, c *chromium, sdk string) {
	p := c.tab(t, "mallory", sdk)
	token := o.phoneToken("sato")
	got := string(p.run(`window.device = new Twilio.Device(%q, { chunderw: %q, sounds: quiet });
		device.on('error', (e) => note('error', e.code));
		try { await device.register(); return 'registered' } catch (e) { await until(() => seen.length); return device.state + ' ' + seen[0][1] }`,
		token[:strings.LastIndexByte(token, '.')+1]+"AAAA", o.wires.addr()))
	if got != `"unregistered 20101"` {
		t.Errorf("a forged token: %s", got)
	}
}
