package upstream_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/upstream"
)

const (
	untilHungUp = `<Response><Say language="en-US">Disk full.</Say><Say language="en-US">Hang up.</Say><Redirect method="POST">script?heard=co-1-1</Redirect></Response>`
	byAnswer    = `<Response><Say language="ja-JP">ディスクが一杯です。</Say><Pause/><Say language="ja-JP">ディスクが一杯です。</Say><Hangup/></Response>`
	byKey       = `<Response><Gather action="key" numDigits="1"><Say>Press 1.</Say></Gather></Response>`
)

// Without a public URL the script goes with the order, and the calls are looked at.
func TestAScriptThatGoesWithTheOrder(t *testing.T) {
	h := build(t, deaf)
	h.script = byAnswer
	k := h.place(func(o *call.Order) { o.Detection = &call.Detection{} })
	c := h.platform.the(1)
	h.want("callback", c.form.Get("StatusCallback")+c.form.Get("Url")+c.form.Get("AsyncAmdStatusCallback"), "")
	if got := c.form.Get("Twiml"); strings.Count(got, "ディスクが一杯です。") != 2 || !strings.Contains(got, "<Hangup/>") {
		t.Errorf("it says %s", got)
	}
	c.p.silent = true
	c.goes(call.Ringing)
	h.hears("initiated", "ringing")
	h.platform.set(func() { c.answers = "human" })
	c.goes(call.InProgress)
	h.hears("initiated", "ringing", "in-progress", "human")
	c.goes(call.Completed)
	over(h, k)
	h.hears("initiated", "ringing", "in-progress", "human", "completed/hung-up")
	h.want("nobody is said not to hear callbacks", strings.Contains(h.log.String(), "do not arrive"), false)
}

// Hanging up confirms where the message was heard to its end: what would have been asked for then is asked for here.
func TestTheMessageWasHeardToItsEnd(t *testing.T) {
	h := build(t, deaf)
	h.script = untilHungUp
	k := h.place()
	c := h.platform.the(1)
	h.want("times it is said", strings.Count(c.form.Get("Twiml"), "Disk full."), 3)
	h.platform.silent = true
	c.goes(call.InProgress)
	h.hears("initiated", "in-progress")
	answered := time.Now()
	eventually(t, "the house is told", func() bool { h.mu.Lock(); defer h.mu.Unlock(); return len(h.asked) == 2 })
	h.want("how", h.asked[1], origin+"/callouts/co-1-1/t0/script?heard=co-1-1")
	if after := time.Since(answered); after < 500*time.Millisecond {
		t.Errorf("two sentences were heard within %v", after)
	}
	c.goes(call.Completed)
	over(h, k)
}

func TestScriptsThatCannotGoWithTheOrder(t *testing.T) {
	h := build(t, deaf)
	h.script = byKey
	if _, err := h.try(); !errors.Is(err, upstream.ErrNoPublicURL) {
		t.Errorf("a script with a key: %v", err)
	}
	h.script = ""
	if _, err := h.try(); err == nil || !strings.Contains(err.Error(), "HTTP 404") {
		t.Errorf("a script that is not there: %v", err)
	}
	h.script = "no TwiML"
	if _, err := h.try(); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("a script that is none: %v", err)
	}
	h.script = "<Response><Say>" + strings.Repeat("a", 4100) + "</Say></Response>"
	if _, err := h.try(); err == nil || !strings.Contains(err.Error(), "takes 4000") {
		t.Errorf("a script that is too long: %v", err)
	}
	h.script = `<Response><Say>a</Say><Redirect>%zz</Redirect></Response>`
	if _, err := h.try(); err == nil {
		t.Error("a redirect to nowhere was taken")
	}
	creates, _ := h.platform.count()
	h.want("orders", creates, 0)

	// A long one is said less often.
	h.script = "<Response><Say>" + strings.Repeat("long ", 300) + "</Say><Redirect>script</Redirect></Response>"
	k := h.place()
	c := h.platform.the(1)
	h.want("times it is said", strings.Count(c.form.Get("Twiml"), "<Say"), 2)
	k.End(leg.Canceled)
	over(h, k)

	for _, o := range []call.Order{
		{To: number.Address{Scheme: number.SIP, Text: "sato@192.0.2.7"}},
		{To: number.Address{Scheme: number.Tel, Number: "110"}},
	} {
		if _, err := h.Place(t.Context(), "twilio", o); err == nil {
			t.Errorf("%s was called", o.To)
		}
	}
}

// A listener is told something else by a document of its own.
func TestARedirectWithoutAPublicURL(t *testing.T) {
	h := build(t, deaf)
	h.script = untilHungUp
	k := h.place(func(o *call.Order) { o.SendDigits = "1w"; o.Detection = &call.Detection{} })
	c := h.platform.the(1)
	h.want("keys, so no detection", c.form.Get("SendDigits")+c.form.Get("MachineDetection"), "1w")
	h.platform.silent = true
	c.goes(call.InProgress)
	h.hears("initiated", "in-progress")
	h.mu.Lock()
	h.script = byAnswer
	h.mu.Unlock()
	if err := k.Redirect(call.Program{URL: origin + "/callouts/co-1-1/t0/over"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "told", func() bool { h.platform.mu.Lock(); defer h.platform.mu.Unlock(); return len(c.told) == 1 })
	if got := c.told[0].Get("Twiml"); !strings.Contains(got, "一杯") {
		t.Errorf("it hears %s", got)
	}
	c.goes(call.Completed)
	over(h, k)
}
