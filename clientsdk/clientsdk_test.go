package clientsdk

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

func TestAPageRegistersAndLeaves(t *testing.T) {
	story(t, func(h *house) {
		p := h.connect()
		p.listen(h.token("sato"))
		told := p.hears("connected")
		if who := told["token"].(m); who["identity"] != "sato" || who["ttl"] != float64(3600) {
			h.Errorf("connected as %v", who)
		}
		if h.s.OnDuty(ours, "sato") != 0 {
			h.Error("on duty before it has registered")
		}
		p.says("register", m{"media": m{"audio": true}})
		p.hears("ready")
		p.says("register", m{"media": m{"audio": true}}) // every 30 s
		p.hears("ready")
		if n := h.s.OnDuty(ours, "sato"); n != 1 {
			h.Errorf("%d tabs on duty, want 1", n)
		}
		p.says("register", m{"media": m{"audio": false}})
		p.hears("offline")
		if h.s.OnDuty(ours, "sato") != 0 {
			h.Error("still on duty")
		}
	})
}

// Whichever tab answers is paced beside the leg that it was called for.
func TestEveryTabIsOfferedBesideItsCaller(t *testing.T) {
	story(t, func(h *house) {
		caller := new(media.Seat)
		h.onDuty("sato")
		l, err := h.s.Dial(h.Context(), leg.Target{URI: "client:sato"}, leg.Options{Beside: caller})
		if err != nil {
			h.Fatal(err)
		}
		h.happens(l, leg.Ringing)
		h.onDuty("sato") // while it rings
		synctest.Wait()
		for i, line := range h.engine.lines {
			if line.beside != caller {
				t.Errorf("tab %d is paced anywhere", i+1)
			}
		}
		if n := len(h.engine.lines); n != 2 {
			t.Errorf("%d tabs were offered the call, want 2", n)
		}
		l.Hangup(h.Context(), leg.Canceled)
		h.ends(l, leg.Canceled)
	})
}

func TestATabRingsAnswersAndHangsUp(t *testing.T) {
	story(t, func(h *house) {
		p := h.onDuty("sato")
		l := h.ring("sato")
		l.Play(media.RingTone("jp"))
		in := p.hears("invite")
		par := in["parameters"].(m)
		if in["sdp"] != sdp("kaden", 1) || par["From"] != "+819012345678" || par["To"] != "client:sato" || par["CallSid"] != in["callsid"] || par["AccountSid"] != string(ours) {
			h.Errorf("invited with %v", in)
		}
		h.happens(l, leg.Ringing) // the echo came back
		p.says("answer", m{"callsid": in["callsid"], "sdp": sdp("page", 1)})
		h.happens(l, leg.Answered)
		if h.engine.lines[0].playing == nil {
			h.Error("what was to be played before the answer is not heard after it")
		}
		p.says("dtmf", m{"callsid": in["callsid"], "dtmf": "42w#"})
		if did := h.engine.lines[0].doings(); !strings.Contains(did, "press 42w#") {
			h.Errorf("the keys did not arrive: %s", did)
		}
		if err := l.SendDigits(h.Context(), "9"); err != nil || !strings.Contains(h.engine.lines[0].doings(), "send 9") {
			h.Errorf("digits: %v", err)
		}
		p.says("hangup", m{"callsid": in["callsid"]})
		p.says("hangup", m{"callsid": in["callsid"]}) // it may come twice
		h.ends(l, leg.HungUp)
		p.hearsNothing()
	})
}

func TestWeHangUp(t *testing.T) {
	story(t, func(h *house) {
		p := h.onDuty("sato")
		l := h.ring("sato")
		call := p.hears("invite")["callsid"]
		p.says("answer", m{"callsid": call, "sdp": sdp("page", 1)})
		h.happens(l, leg.Ringing)
		h.happens(l, leg.Answered)
		l.Hangup(h.Context(), leg.Completed)
		if f := p.hears("hangup"); f["callsid"] != call || f["error"] != nil {
			h.Errorf("hung up with %v", f)
		}
		h.ends(l, leg.Completed)
	})
}

// Keys that find nobody to read them are not dropped in silence: the call ends, as every other leg does then.
func TestKeysThatNobodyReadsEndTheCall(t *testing.T) {
	story(t, func(h *house) {
		p := h.onDuty("sato")
		l := h.ring("sato")
		p.says("answer", m{"callsid": p.hears("invite")["callsid"], "sdp": sdp("page", 1)})
		h.happens(l, leg.Ringing)
		h.happens(l, leg.Answered)
		line := h.engine.lines[0]
		line.mu.Lock()
		for range 65 { // one more than there is room for
			line.events <- leg.Event{Kind: leg.Digit, Digit: "5"}
		}
		line.mu.Unlock()
		p.hears("hangup")
		for range 64 {
			h.happens(l, leg.Digit)
		}
		h.ends(l, leg.Fault)
	})
}

func TestAllTabsRingAndTheFirstToAnswerWins(t *testing.T) {
	story(t, func(h *house) {
		one, two, three, other := h.onDuty("sato"), h.onDuty("sato"), h.onDuty("sato"), h.onDuty("suzuki")
		l := h.ring("sato")
		call := one.hears("invite")["callsid"]
		two.hears("invite")
		three.hears("invite")
		other.hearsNothing()
		h.happens(l, leg.Ringing)
		two.says("answer", m{"callsid": call, "sdp": sdp("two", 1)})
		h.happens(l, leg.Answered)
		one.hears("cancel")
		three.hears("cancel")
		one.says("answer", m{"callsid": call, "sdp": sdp("one", 1)}) // it crossed with the cancel
		one.hears("hangup")
		two.hearsNothing()
		h.nothingHappens(l)
		two.says("hangup", m{"callsid": call})
		h.ends(l, leg.HungUp)
	})
}

func TestTwoPeopleTakeItInTheSameMoment(t *testing.T) {
	story(t, func(h *house) {
		one, two := h.onDuty("sato"), h.onDuty("sato")
		l := h.ring("sato")
		call := one.hears("invite")["callsid"]
		two.hears("invite")
		for _, p := range []*page{one, two} { // neither goroutine has run in between
			p.in <- []byte(`{"type":"answer","payload":{"callsid":"` + call.(string) + `","sdp":"v=0"}}`)
		}
		h.happens(l, leg.Ringing)
		h.happens(l, leg.Answered)
		h.nothingHappens(l)
		loser, winner := one, two
		if len(one.got) == 0 {
			loser, winner = two, one
		}
		winner.hearsNothing()
		// A page that has accepted knows hangup alone; a cancel that crossed with its answer means nothing to it.
		if last := loser.got[len(loser.got)-1]; last["type"] != "hangup" {
			h.Errorf("the later one was told %v", loser.got)
		}
	})
}

func TestARejectIsThePersonsNo(t *testing.T) {
	story(t, func(h *house) {
		one, two := h.onDuty("sato"), h.onDuty("sato")
		l := h.ring("sato")
		call := one.hears("invite")["callsid"]
		two.hears("invite")
		h.happens(l, leg.Ringing)
		one.says("reject", m{"callsid": call})
		two.hears("cancel")
		one.hearsNothing()
		h.ends(l, leg.Rejected)
	})
}

func TestAMicrophoneThatIsRefusedIsNoAnswer(t *testing.T) {
	story(t, func(h *house) {
		p := h.onDuty("sato")
		l := h.ring("sato")
		call := p.hears("invite")["callsid"]
		h.happens(l, leg.Ringing)
		p.says("hangup", m{"callsid": call, "message": "Permission denied"})
		h.ends(l, leg.Failed)
	})
}

func TestAnAnswerThatIsOfNoUseLeavesTheOthersRinging(t *testing.T) {
	story(t, func(h *house) {
		one, two := h.onDuty("sato"), h.onDuty("sato")
		l := h.ring("sato")
		call := one.hears("invite")["callsid"]
		two.hears("invite")
		h.happens(l, leg.Ringing)
		for _, line := range h.engine.lines {
			line.bad = errors.New("no codec in common")
		}
		one.says("answer", m{"callsid": call, "sdp": "v=0"})
		one.hearsError("hangup", 31400)
		two.hearsNothing()
		for _, line := range h.engine.lines {
			line.bad = nil
		}
		two.says("answer", m{"callsid": call, "sdp": sdp("two", 1)})
		h.happens(l, leg.Answered)
	})
}

func TestNobodyIsThere(t *testing.T) {
	story(t, func(h *house) {
		begun := time.Now()
		l := h.ring("tanaka")
		h.ends(l, leg.Unreachable)
		if took := time.Since(begun); took > 0 {
			h.Errorf("it took %v to see that nobody is there", took)
		}
	})
}

func TestThoseWhoWereHereAMomentAgoAreWaitedFor(t *testing.T) {
	story(t, func(h *house) {
		p := h.onDuty("sato")
		p.cut()
		l := h.ring("sato")
		h.nothingHappens(l)
		again := h.onDuty("sato")
		call := again.hears("invite")["callsid"]
		h.happens(l, leg.Ringing)
		again.says("answer", m{"callsid": call, "sdp": sdp("page", 1)})
		h.happens(l, leg.Answered)
	})
}

func TestACallEndsWithItsContext(t *testing.T) {
	story(t, func(h *house) {
		p := h.onDuty("sato")
		ctx, stop := context.WithCancel(h.Context())
		l, err := h.s.Dial(ctx, leg.Target{URI: "client:sato"}, leg.Options{})
		if err != nil {
			h.Fatal(err)
		}
		p.hears("invite")
		h.happens(l, leg.Ringing)
		stop()
		p.hears("cancel")
		h.ends(l, leg.Canceled)
		if _, err := h.s.Dial(ctx, leg.Target{URI: "client:sato"}, leg.Options{}); err == nil {
			h.Error("dialled for somebody who has given up already")
		}
	})
}

func TestAPageCalls(t *testing.T) {
	story(t, func(h *house) {
		p := h.connect()
		p.listen(h.token("sato", func(c *Claims) { c.Params = map[string][]string{"team": {"sre"}} }))
		p.hears("connected")
		p.says("invite", m{"callsid": "TJSone", "sdp": sdp("page", 1), "twilio": m{"params": "To=%2B819011112222&%E4%BB%B6%E5%90%8D=a%26b%3Dc%20d&team=mine"}})
		if len(h.visits) != 1 {
			h.Fatalf("%d calls came in", len(h.visits))
		}
		v := h.visits[0]
		if v.Identity != "sato" || v.Application != app || v.Account != ours || v.Params.Get("To") != "+819011112222" || v.Params.Get("件名") != "a&b=c d" {
			h.Errorf("received %+v", v)
		}
		if v.Params.Get("team") != "sre" {
			h.Errorf("the page changed what its token says: team=%s", v.Params.Get("team"))
		}
		v.Leg.Ring(h.Context(), false)
		if f := p.hears("ringing"); f["callsid"] != string(v.Call) || f["sdp"] != nil {
			h.Errorf("ringing with %v", f)
		}
		v.Leg.Answer(h.Context())
		f := p.hears("answer")
		if f["callsid"] != string(v.Call) || f["sdp"] != sdp("kaden", 1) || f["reconnect"] == "" {
			h.Errorf("answered with %v", f)
		}
		h.happens(v.Leg, leg.Answered)
		v.Leg.Hangup(h.Context(), leg.Completed)
		p.hears("hangup")
	})
}

func TestAPageIsToldWhyItsCallFailed(t *testing.T) {
	for _, tt := range []struct {
		cause leg.Cause
		code  int
	}{{leg.Busy, 31486}, {leg.Rejected, 31603}, {leg.NoAnswer, 31480}, {leg.Invalid, 31404}, {leg.Fault, 31005}} {
		t.Run(string(tt.cause), func(t *testing.T) {
			story(t, func(h *house) {
				p := h.onDuty("sato")
				p.says("invite", m{"callsid": "TJSone", "sdp": sdp("page", 1), "twilio": m{}})
				h.visits[0].Leg.Hangup(h.Context(), tt.cause)
				p.hearsError("hangup", tt.code)
			})
		})
	}
}

func TestAPageThatHangsUpAtOnce(t *testing.T) {
	story(t, func(h *house) {
		p := h.onDuty("sato")
		p.says("hangup", m{"callsid": "TJSone"}) // its invitation is still to come, or never will
		p.hearsNothing()
		p.says("invite", m{"callsid": "TJSone", "sdp": sdp("page", 1), "twilio": m{}})
		p.hears("hangup")
		if len(h.visits) != 0 {
			h.Error("a call that nobody wants any more was taken")
		}
		p.says("invite", m{"callsid": "TJStwo", "sdp": sdp("page", 1), "twilio": m{}})
		p.says("hangup", m{"callsid": "TJStwo"}) // before it knows another name
		if did := h.engine.lines[0].doings(); !strings.Contains(did, "left caller-left") {
			h.Errorf("the caller has left, and the line knows: %s", did)
		}
	})
}

func TestAPageMayNotCall(t *testing.T) {
	story(t, func(h *house) {
		p := h.connect()
		p.listen(h.token("sato", func(c *Claims) { c.Application = "" }))
		p.hears("connected")
		p.says("invite", m{"callsid": "TJSone", "sdp": "v=0", "twilio": m{}})
		p.hearsError("hangup", 31201)

		q := h.onDuty("suzuki")
		h.refusal = &Error{31404, "no such application"}
		q.says("invite", m{"callsid": "TJSone", "sdp": "v=0", "twilio": m{}})
		q.hearsError("hangup", 31404)
		h.engine.deaf = errors.New("no codec in common")
		q.says("invite", m{"callsid": "TJStwo", "sdp": "v=0", "twilio": m{}})
		q.hearsError("hangup", 31400)
		q.says("invite", m{"callsid": "TJSthree", "sdp": "v=0", "twilio": m{"params": "a=%zz"}})
		q.hearsError("hangup", 31400)
	})
}

func TestMessagesGoBothWays(t *testing.T) {
	story(t, func(h *house) {
		p := h.onDuty("sato")
		l := h.ring("sato")
		call := p.hears("invite")["callsid"].(string)
		if err := h.s.Send("CA00000000000000000000000000000001", `{}`, "application/json", "KX1"); err == nil {
			h.Error("a message went to a call that nobody has answered")
		}
		p.says("answer", m{"callsid": call, "sdp": sdp("page", 1)})
		h.happens(l, leg.Ringing)
		p.says("message", m{"callsid": call, "content": m{"a": 1}, "contenttype": "application/json", "messagetype": "user-defined-message", "voiceeventsid": "KXabc"})
		if f := p.hears("ack"); f["acktype"] != "message" || f["voiceeventsid"] != "KXabc" {
			h.Errorf("acknowledged with %v", f)
		}
		if len(h.messages) != 1 || h.messages[0].Content != `{"a":1}` || string(h.messages[0].Call) != call {
			h.Errorf("messages %+v", h.messages)
		}
		p.says("message", m{"callsid": call, "content": strings.Repeat("x", 11<<10), "messagetype": "user-defined-message", "voiceeventsid": "KXlong"})
		p.hearsError("error", 31212)
		p.says("message", m{"callsid": call, "content": "x", "messagetype": "another", "voiceeventsid": "KXodd"})
		if f := p.hearsError("error", 31210); f["voiceeventsid"] != "KXodd" {
			h.Errorf("whose error? %v", f)
		}
		if err := h.s.Send("CA00000000000000000000000000000001", `{"b":2}`, "application/json", "KX1"); err != nil {
			h.Fatal(err)
		}
		if f := p.hears("message"); f["content"].(m)["b"] != float64(2) || f["callsid"] != call {
			h.Errorf("message %v", f)
		}
		if h.s.Send("CA00000000000000000000000000000001", `{`, "application/json", "KX1") == nil {
			h.Error("half a message was sent")
		}
		synctest.Wait()
	})
}
