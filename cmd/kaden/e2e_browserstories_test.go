package main_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// Twilio's own SDKs, unmodified, in a real browser, against the running binary.
func TestBrowsersArePhones(t *testing.T) {
	t.Parallel()
	c := newChromium(t)
	o := newOffice(t)
	o.openAccount()
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
				{"a key that is deleted", keyIsDeleted},
				{"calls through an application", calls},
				{"calls, and it rings before it is answered", callsAndRings},
				{"calls somebody who is busy", callsBusy},
				{"calls without a right to", callsWithout},
				{"renews its ICE", renewsICE},
				{"a call moves to another page", movesCall},
				{"messages go both ways", messages},
				{"unregisters", unregisters},
				{"its microphone is refused", microphoneRefused},
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
	call := o.order(url.Values{"To": {"client:sato?subject=disk%20full"}, "From": {"+815012345678"}, "Url": {gather}})
	p.saw("incoming")
	if got := string(p.run("return call.customParameters.get('subject')")); got != `"disk full"` {
		t.Errorf("the parameter is %s", got)
	}
	if from := string(p.run("return call.parameters.From + ' ' + call.parameters.To + ' ' + call.parameters.CallSid")); from != `"+815012345678 client:sato `+call+`"` {
		t.Errorf("the page is told %s", from)
	}
	begun := time.Now()
	p.run("call.accept(); await saw('call accept'); await hears(() => call.getRemoteStream(), 440)")
	t.Logf("accepted and heard after %v, of which 400 ms are the listening", time.Since(begun).Round(time.Millisecond))
	p.run("await new Promise((r) => setTimeout(r, 700))") // keys right after the answer do not count
	p.run("call.mute(true); call.sendDigits('12w3#*')")   // keys go through while it is muted
	eventually(t, patience, "the keys have arrived", func() bool { return pressed(o, call) == "123#*" })
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
		device.register().catch(() => {});
		await until(() => seen.length && device.state === 'unregistered'); return device.state + ' ' + seen[0][1]`,
		token[:strings.LastIndexByte(token, '.')+1]+"AAAA", o.wires.addr()))
	if got != `"unregistered 20101"` {
		t.Errorf("a forged token: %s", got)
	}
}

// A page that is on duty with a token of yesterday's key may ring and call until the key is deleted.
func keyIsDeleted(t *testing.T, o *office, c *chromium, sdk string) {
	k := o.create("/Keys.json", url.Values{"FriendlyName": {"of yesterday"}})
	p := c.tab(t, "tanaka", sdk)
	o.device(p, o.accessToken(t, c, "tanaka", map[string]any{"key": k["sid"], "secret": k["secret"]}))
	if status, said := o.twilio("DELETE", "/Keys/"+k["sid"].(string)+".json", nil); status != 204 {
		t.Fatalf("%d %s", status, said)
	}
	p.run("window.call = await device.connect({}); follow('call', call, ['accept', 'disconnect', 'error']); await until(() => seen.some(([what, code]) => what === 'call error' && code === 31204))")
	if p.did("call accept") {
		t.Errorf("seen: %s", p.run("return seen"))
	}
}

// openAccount makes what an app of Twilio's customers needs: an API key and an application.
func (o *office) openAccount() {
	o.t.Helper()
	k := o.create("/Keys.json", url.Values{"FriendlyName": {"browser phones"}})
	o.key, o.secret = k["sid"].(string), k["secret"].(string)
	a := o.create("/Applications.json", url.Values{"FriendlyName": {"browser phones"}, "VoiceUrl": {o.app.URL + "/app"}})
	o.application = a["sid"].(string)
}

// accessToken is one that Twilio's own Node library mints.
func (o *office) accessToken(t *testing.T, c *chromium, identity string, more map[string]any) string {
	t.Helper()
	order := map[string]any{
		"do": "token", "account": o.account(), "key": o.key, "secret": o.secret, "identity": identity, "application": o.application,
		"params": map[string]string{"team": "sre"},
	}
	for k, v := range more {
		order[k] = v
	}
	v, err := c.do(order)
	var token string
	if err == nil {
		err = json.Unmarshal(v, &token)
	}
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// caller is a tab that calls and does not register.
func (o *office) caller(t *testing.T, c *chromium, name, sdk string) *tab {
	t.Helper()
	return o.callerAt(t, c, name, sdk, o.wires.addr())
}

// callerAt is the same at another address.
func (o *office) callerAt(t *testing.T, c *chromium, name, sdk, addr string) *tab {
	t.Helper()
	p := c.tab(t, name, sdk)
	p.run(`window.device = new Twilio.Device(%q, { chunderw: %q, sounds: quiet, enableImprovedSignalingErrorPrecision: true }); follow('device', device, ['error']);
		window.dial = async (params) => { window.call = await device.connect({ params }); follow('call', call, ['accept', 'ringing', 'disconnect', 'error', 'reconnecting', 'reconnected']); }`,
		o.accessToken(t, c, name, nil), addr)
	return p
}

func calls(t *testing.T, o *office, c *chromium, sdk string) {
	p := o.caller(t, c, "tanaka", sdk)
	o.says("/app", `<Play loop="0">`+o.app.URL+`/440.wav</Play>`)
	p.run("await dial({ To: '+819011112222', '件名': 'a&b=c', team: 'mine', story: %q, From: 'me' }); await saw('call accept'); await hears(() => call.getRemoteStream(), 440)", "calls "+sdk)
	told := o.told("story", "calls "+sdk)
	for name, want := range map[string]string{
		"From": "client:tanaka", "Caller": "client:tanaka", "To": "+819011112222", "件名": "a&b=c", "team": "sre", "Direction": "inbound",
		"CallStatus": "ringing", "ApplicationSid": o.application, "AccountSid": o.account(),
	} {
		if told.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, told.Get(name), want)
		}
	}
	call := told.Get("CallSid")
	if got := string(p.run("return call.parameters.CallSid")); got != `"`+call+`"` {
		t.Errorf("the page knows the call as %s, the app as %s", got, call)
	}
	p.run("call.disconnect()")
	o.becomes(t, call, "completed")
}

func callsAndRings(t *testing.T, o *office, c *chromium, sdk string) {
	p, suzuki := o.caller(t, c, "tanaka", sdk), o.onDuty(t, c, "suzuki", "suzuki", sdk)
	o.says("/app", `<Dial answerOnBridge="true"><Client>suzuki</Client></Dial>`)
	p.run("await dial({}); await saw('call ringing')")
	suzuki.saw("incoming")
	if got := string(suzuki.run("return call.parameters.From")); got != `"client:tanaka"` {
		t.Errorf("suzuki sees %s", got)
	}
	p.run("await hears(() => call.getRemoteStream(), 400)") // the ring tone, before anybody has answered
	if p.did("call accept") {
		t.Error("accepted before suzuki has answered")
	}
	suzuki.run("call.accept()")
	p.saw("call accept")
	p.run("await hears(() => call.getRemoteStream(), %d)", microphone)
	suzuki.run("await hears(() => call.getRemoteStream(), %d); call.disconnect()", microphone)
	p.saw("call disconnect")
}

func callsBusy(t *testing.T, o *office, c *chromium, sdk string) {
	p := o.caller(t, c, "tanaka", sdk)
	o.says("/app", `<Reject reason="busy"/>`)
	p.run("await dial({}); await saw('call disconnect')")
	if !p.did("call error") || p.did("call accept") {
		t.Errorf("seen: %s", p.run("return seen"))
	}
}

func callsWithout(t *testing.T, o *office, c *chromium, sdk string) {
	p := c.tab(t, "tanaka", sdk)
	p.run(`window.device = new Twilio.Device(%q, { chunderw: %q, sounds: quiet });
		window.call = await device.connect({}); follow('call', call, ['accept', 'disconnect', 'error']); await saw('call disconnect')`,
		o.accessToken(t, c, "tanaka", map[string]any{"application": nil}), o.wires.addr())
	if !p.did("call error") || p.did("call accept") {
		t.Errorf("seen: %s", p.run("return seen"))
	}
}

func renewsICE(t *testing.T, o *office, c *chromium, sdk string) {
	for _, way := range []string{"in", "out"} {
		var p *tab
		if way == "in" {
			p = o.onDuty(t, c, "sato-"+way, "sato", sdk)
			o.rings("sato")
			p.saw("incoming")
			p.run("call.accept()")
		} else {
			p = o.caller(t, c, "tanaka", sdk)
			o.says("/app", `<Play loop="0">`+o.app.URL+`/440.wav</Play>`)
			p.run("await dial({})")
		}
		p.run("await saw('call accept'); await hears(() => call.getRemoteStream(), 440)")
		ufrag := "call._mediaHandler.version.pc.remoteDescription.sdp.match(/ice-ufrag:(\\S+)/)[1]"
		before := p.run("%s", "return "+ufrag)
		p.run("%s", "call._mediaHandler.iceRestart(); await until(() => "+ufrag+" !== "+string(before)+"); await until(() => call._mediaHandler.version.pc.iceConnectionState === 'connected'); await hears(() => call.getRemoteStream(), 440); call.disconnect()")
		if p.did("call error") {
			t.Errorf("%s: seen: %s", way, p.run("return seen"))
		}
	}
}

func movesCall(t *testing.T, o *office, c *chromium, sdk string) {
	p := o.onDuty(t, c, "sato", "sato", sdk)
	call := o.rings("sato")
	p.saw("incoming")
	p.run("call.accept(); await saw('call accept'); await hears(() => call.getRemoteStream(), 440)")
	var token string
	if json.Unmarshal(p.run("return call.connectToken"), &token); token == "" {
		t.Skip("this SDK gives no connectToken")
	}
	other := c.tab(t, "other", sdk)
	other.run(`window.device = new Twilio.Device(%q, { chunderw: %q, sounds: quiet }); window.call = await device.connect({ connectToken: %q });
		follow('call', call, ['accept', 'disconnect', 'error', 'reconnected']); await hears(() => call.getRemoteStream(), 440)`, o.phoneToken("sato"), o.wires.addr(), token)
	p.saw("call disconnect")
	o.becomes(t, call, "in-progress")
	o.hangUp(call)
	other.saw("call disconnect")
}

func messages(t *testing.T, o *office, c *chromium, sdk string) {
	p := o.onDuty(t, c, "sato", "sato", sdk)
	call := o.rings("sato")
	p.saw("incoming")
	p.run("call.accept(); await saw('call accept')")
	o.becomes(t, call, "in-progress")
	o.create("/Calls/"+call+"/UserDefinedMessageSubscriptions.json", url.Values{"Callback": {o.says("/said", "")}})
	p.run(`call.sendMessage({ content: { story: %q }, messageType: 'user-defined-message', contentType: 'application/json' }); await saw('call messageSent')`, sdk)
	eventually(t, patience, "the app is told", func() bool { return o.told("Content", `{"story":"`+sdk+`"}`) != nil })
	if told := o.told("Content", `{"story":"`+sdk+`"}`); told.Get("CallSid") != call || !strings.HasPrefix(told.Get("Sid"), "KX") || told.Get("ContentType") != "application/json" {
		t.Errorf("the app was told %v", told)
	}
	o.create("/Calls/"+call+"/UserDefinedMessages.json", url.Values{"Content": {`{"hello":"sato"}`}})
	p.saw("message")
	if got := string(p.run("return seen.find(([k]) => k === 'message')[1].hello")); got != `"sato"` {
		t.Errorf("the page was told %s", got)
	}
	p.run("call.disconnect()")
	o.becomes(t, call, "completed")
}

func unregisters(t *testing.T, o *office, c *chromium, sdk string) {
	p := o.onDuty(t, c, "sato", "sato", sdk)
	p.run("await device.unregister(); await saw('device unregistered')")
	o.becomes(t, o.rings("sato"), "no-answer")
}

func microphoneRefused(t *testing.T, o *office, c *chromium, sdk string) {
	p := o.onDuty(t, c, "sato", "sato", sdk)
	p.run("navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('Permission denied', 'NotAllowedError'))")
	call := o.rings("sato")
	p.saw("incoming")
	p.run("call.accept(); await saw('call error')")
	o.becomes(t, call, "failed")
}

// An alert rings a browser; whoever sits there hears it and takes it.
func TestAnAlertRingsABrowser(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	c := newChromium(t)
	o := newOffice(t)
	o.apply("person: me\ncontacts: [client:me]\nlanguage: en")
	p := o.onDuty(t, c, "me", "me", "2.18")
	begun := time.Now()
	alert := o.alarm("disk full on db01")
	p.saw("incoming")
	t.Logf("the tab rings after %v", time.Since(begun).Round(time.Millisecond))
	p.run("call.accept(); await saw('call accept'); await new Promise((r) => setTimeout(r, 1500)); call.sendDigits('1')")
	o.until(alert, timeline.AlertAcknowledged, "me")
	p.run("await saw('call disconnect', 25000)") // the thanks are spoken first
	t.Logf("the night was:\n%s", o.night(alert))
	if n := o.night(alert); n.By != "me" || n.count(timeline.CallRinging, "")+n.count(timeline.AttemptRinging, "") == 0 {
		t.Errorf("the night was:\n%s", n)
	}
}

// The server is killed in the middle of a call. The page's call ends, the page is on duty again by itself, and the next
// call reaches it.
func TestTheServerIsKilledUnderABrowser(t *testing.T) {
	t.Parallel()
	c := newChromium(t)
	for _, sdk := range []string{"2.18", "2.9"} {
		t.Run("SDK "+sdk, func(t *testing.T) { serverKilled(t, c, sdk) })
	}
}

func serverKilled(t *testing.T, c *chromium, sdk string) {
	o := newOffice(t)
	o.apply("person: sato\ncontacts: [client:sato]")
	p := o.onDuty(t, c, "sato", "sato", sdk)
	o.rings("sato")
	p.saw("incoming")
	p.run("call.accept(); await saw('call accept'); await hears(() => call.getRemoteStream(), 440)")
	o.kill()
	begun := time.Now()
	o.start()
	o.ready()
	p.run("await saw('call disconnect', 25000)")
	t.Logf("the call is over %v after the start of the next life", time.Since(begun).Round(time.Millisecond))
	p.run("seen.length = 0")
	call := o.rings("sato")
	p.run("await saw('incoming', 15000); call.accept(); await saw('call accept'); await hears(() => call.getRemoteStream(), 440)")
	o.hangUp(call)
	p.saw("call disconnect")

	// A server that stops in good order leaves without an error for the app.
	p.run("seen.length = 0")
	if err := o.stop(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	o.start()
	o.ready()
	o.rings("sato")
	p.run("await saw('incoming', 25000)")
}

// twilio-client 1.15, the SDK before the voice SDK.
func TestTheSDKOfOldIsAPhoneToo(t *testing.T) {
	t.Parallel()
	c := newChromium(t)
	o := newOffice(t)
	o.openAccount()
	p := c.tab(t, "sato", "1.15")
	p.run(`window.device = new Twilio.Device(%q, { chunderw: %q, sounds: quiet, publishEvents: false, enableRingingState: true }); follow('device', device, ['ready', 'error']);
		device.on('incoming', (call) => { window.call = call; note('incoming'); follow('call', call, ['accept', 'cancel', 'disconnect', 'error']) }); await saw('device ready')`,
		o.accessToken(t, c, "sato", nil), o.wires.addr())
	call := o.rings("sato")
	p.saw("incoming")
	p.run("call.accept(); await saw('call accept'); await hears(() => call.getRemoteStream(), 440)")
	o.hangUp(call)
	p.saw("call disconnect")
	o.says("/app", `<Gather numDigits="2" timeout="20" action="`+o.app.URL+`/pressed"><Play loop="0">`+o.app.URL+`/440.wav</Play></Gather>`)
	p.run("seen.length = 0; window.call = device.connect({ To: 'x', story: 'of old' }); follow('call', call, ['accept', 'disconnect', 'error']); await saw('call accept'); await hears(() => call.getRemoteStream(), 440); await new Promise((r) => setTimeout(r, 700)); call.sendDigits('42')")
	eventually(t, patience, "the keys have arrived", func() bool { return o.told("Digits", "42") != nil })
	if told := o.told("story", "of old"); told.Get("From") != "client:sato" || told.Get("To") != "x" {
		t.Errorf("the app was told %v", told)
	}
}
