package main_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/media"
)

// What a program orders, and what <Dial> rings, leaves over each way out, and is the same to the program and at the
// telephone.

// A program calls somebody, who presses a key.
func TestAProgramCallsATelephone(t *testing.T) {
	overEachWayOut(t, func(t *testing.T, w wayOut) {
		sato := newPhone(t)
		s := w.kaden(t, resident{"sato", sato})
		p := newProgram(t, s)
		p.page("/voice", `<Response><Gather numDigits="1" timeout="20" action="chosen"><Say language="en-US">This is your program. Please press a key when you have heard this sentence.</Say></Gather></Response>`)
		p.page("/chosen", `<Response><Say language="en-US">Thank you.</Say></Response>`)
		made := p.api("POST", "/Calls.json", 201, "To", numberAt(0), "From", "+815087654321", "Url", p.URL+"/voice", "StatusCallback", p.URL+"/status",
			"StatusCallbackEvent", "initiated", "StatusCallbackEvent", "ringing", "StatusCallbackEvent", "answered", "StatusCallbackEvent", "completed")
		sato.rings()
		sato.picksUp()
		sato.hears(2 * time.Second)
		sato.presses("7")
		eventually(t, patience, "the program is told the key", func() bool { return len(p.heard("/chosen")) == 1 })
		if f := p.heard("/chosen")[0]; f.Get("Digits") != "7" || f.Get("CallSid") != made["sid"] || f.Get("To") != numberAt(0) || f.Get("CallStatus") != "in-progress" {
			t.Errorf("the program is told %v", f)
		}
		sato.sees("CALL_CLOSED")
		eventually(t, patience, "the program is told the end", func() bool { return len(p.heard("/status")) == 4 })
		var told []string
		for _, f := range p.heard("/status") {
			told = append(told, f.Get("CallStatus"))
		}
		same(t, "states", strings.Join(told, " "), "initiated ringing in-progress completed")
		same(t, "the calls", s.calls(), "outbound-api completed")
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(p.wrong) > 0 {
			t.Errorf("requests that are not signed by the account: %v", p.wrong)
		}
	})
}

// How calls end that nobody takes.
func TestAProgramCallsInVain(t *testing.T) {
	for scenario, want := range map[string]string{"refuses-486": "busy", "refuses-404": "failed", "never-answers": "no-answer"} {
		t.Run(want, func(t *testing.T) {
			overEachWayOut(t, func(t *testing.T, w wayOut) {
				s := w.kaden(t, resident{"sato", newCarrier(t, scenario, 0)})
				p := newProgram(t, s)
				p.api("POST", "/Calls.json", 201, "To", numberAt(0), "From", "+815087654321", "Timeout", "5", "Twiml", "<Response/>")
				same(t, "the calls", s.calls(), "outbound-api "+want)
			})
		})
	}
}

// A caller is put through to a number: the two hear each other, and the caller hears of the other's keys.
func TestADialRingsATelephone(t *testing.T) {
	overEachWayOut(t, func(t *testing.T, w wayOut) {
		caller, sato := newPhone(t, hum(700)...), newPhone(t, hum(1300)...)
		s := w.kaden(t, resident{"sato", sato})
		s.apply("bin: desk\ntwiml: |\n  <Response>\n    <Dial><Number>"+numberAt(0)+"</Number></Dial>\n  </Response>", "number: desk\nbin: desk")
		caller.does("dial", "sip:desk@"+local(s.sip))
		caller.sees("CALL_ESTABLISHED")
		sato.rings()
		sato.picksUp()
		for _, c := range []struct {
			name string
			p    *phone
			hz   float64
		}{{"the caller hears sato", caller, 1300}, {"sato hears the caller", sato, 700}} {
			eventually(t, patience, c.name, func() bool {
				return c.p.recording() != "" && len(c.p.recorded()) > media.Rate && loudness(c.p.recorded(), c.hz) > 3000
			})
		}
		sato.presses("5")
		caller.sees("CALL_DTMF_START")
		sato.does("hangup", "")
		caller.sees("CALL_CLOSED")
		same(t, "the calls", s.calls(), "inbound completed, outbound-dial completed")
	})
}

// We are killed while a telephone rings or is talked with over another kaden: it is left alone, and the books are closed.
func TestKilledDuringALegOverAnotherKaden(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	for _, answered := range []bool{false, true} {
		t.Run(fmt.Sprintf("answered %v", answered), func(t *testing.T) {
			t.Parallel()
			sato := newPhone(t)
			s := waysOut[1].kaden(t, resident{"sato", sato})
			p := newProgram(t, s)
			made := p.api("POST", "/Calls.json", 201, "To", numberAt(0), "From", "+815087654321", "Timeout", "60", "Twiml", `<Response><Pause length="60"/></Response>`)
			id := made["sid"].(string)
			sato.rings()
			if answered {
				sato.picksUp()
				eventually(t, patience, "the call is in progress", func() bool { return s.ordered(id) == "in-progress" })
			} else {
				eventually(t, patience, "the call is ringing", func() bool { return s.ordered(id) == "ringing" })
			}
			s.kill()
			s.start()
			s.ready()
			sato.sees("CALL_CLOSED")
			want := "failed"
			if answered {
				want = "completed"
			}
			eventually(t, patience, "the books are closed", func() bool { return s.ordered(id) == want })
		})
	}
}

// The other kaden is killed in the middle of a call: it is over here, and whoever dialled goes on.
func TestTheOtherKadenIsKilledDuringALeg(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	sato, caller := newPhone(t, hum(1300)...), newPhone(t, hum(700)...)
	var up *server
	w := wayOut{"over another kaden", func(t *testing.T, network string) *server {
		up = farAt(t, network)
		return behind(t, up)
	}}
	s := w.kaden(t, resident{"sato", sato})
	s.apply("bin: desk\ntwiml: |\n  <Response>\n    <Dial><Number>"+numberAt(0)+"</Number></Dial>\n    <Pause length=\"60\"/>\n  </Response>", "number: desk\nbin: desk")
	caller.does("dial", "sip:desk@"+local(s.sip))
	sato.rings()
	sato.picksUp()
	eventually(t, patience, "the caller hears sato", func() bool {
		return caller.recording() != "" && len(caller.recorded()) > media.Rate && loudness(caller.recorded(), 1300) > 3000
	})
	up.kill()
	eventually(t, patience, "the caller hears sato no more", func() bool { return loudness(caller.recorded(), 1300) < 300 })
	if caller.stopped() {
		t.Error("the caller was cut off")
	}
	caller.does("hangup", "")
	same(t, "the calls", s.calls(), "inbound completed, outbound-dial completed")
}
