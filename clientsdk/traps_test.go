package clientsdk

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/leg"
)

// What the SDK does not forgive. The traps of sound are in leg/webleg, and in the browser tests of cmd/kaden.

// Without a token to take it up again, a page's call is left half dead when the socket is cut: the device stays busy and
// hears no hangup.
func TestEveryCallHasAReconnectToken(t *testing.T) {
	story(t, func(h *house) {
		p := h.onDuty("sato")
		h.ring("sato")
		if in := p.hears("invite"); len(in["reconnect"].(string)) < 32 {
			h.Errorf("invited with the token %q", in["reconnect"])
		}
		p.says("invite", m{"callsid": "TJSone", "sdp": sdp("page", 1), "twilio": m{}})
		h.visits[0].Leg.Answer(h.Context())
		if f := p.hears("answer"); len(f["reconnect"].(string)) < 32 {
			h.Errorf("answered with the token %q", f["reconnect"])
		}
	})
}

// Each connected frame, also the one after a mere updateToken, makes the page send its invitations again.
func TestATokenIsRenewedInTheMiddleOfACall(t *testing.T) {
	story(t, func(h *house) {
		p := h.onDuty("sato")
		l := h.ring("sato")
		in := p.hears("invite")
		p.says("answer", m{"callsid": in["callsid"], "sdp": sdp("page", 1)})
		h.happens(l, leg.Ringing)
		h.happens(l, leg.Answered)
		p.listen(h.token("sato"))
		p.hears("connected")
		p.says("invite", m{"callsid": in["callsid"], "sdp": sdp("page", 1), "reconnect": in["reconnect"], "twilio": m{}})
		again := p.hears("answer")
		if again["sdp"] != sdp("kaden", 1) || again["reconnect"] == in["reconnect"] || again["callsid"] != in["callsid"] {
			h.Errorf("answered with %v", again)
		}
		if h.engine.lines[0].restarts != 0 {
			h.Error("the sound began anew, though nothing had changed")
		}
		p.hearsNothing() // no hangup to "the other page": it is the same
		h.nothingHappens(l)
	})
}

// A page forgets what rings when its socket is cut.
func TestWhatRingsRingsAgainAfterACut(t *testing.T) {
	story(t, func(h *house) {
		p := h.onDuty("sato")
		l := h.ring("sato")
		first := p.hears("invite")
		h.happens(l, leg.Ringing)
		p.cut()
		time.Sleep(300 * time.Millisecond)
		p = h.onDuty("sato")
		again := p.hears("invite")
		if again["callsid"] != first["callsid"] || again["reconnect"] == first["reconnect"] {
			h.Errorf("invited again with %v", again)
		}
		p.says("answer", m{"callsid": again["callsid"], "sdp": sdp("page", 1)})
		h.happens(l, leg.Answered)
		if did := h.engine.lines[0].doings(); !strings.Contains(did, "left") {
			h.Errorf("the first offer is still open: %s", did)
		}
	})
}

// A tab that comes on duty while it rings rings too.
func TestAnotherTabOpensWhileItRings(t *testing.T) {
	story(t, func(h *house) {
		h.onDuty("sato").hearsNothing()
		l := h.ring("sato")
		h.happens(l, leg.Ringing)
		h.onDuty("sato").hears("invite")
	})
}

// A busy device drops invitations without a word; the echo still comes, and what ends the ringing is our own time.
func TestABusyPageSaysNothing(t *testing.T) {
	story(t, func(h *house) {
		p := h.onDuty("sato")
		l := h.ring("sato")
		p.hears("invite")
		h.happens(l, leg.Ringing)
		time.Sleep(time.Minute)
		h.nothingHappens(l)
		l.Hangup(h.Context(), leg.NoAnswer)
		p.hears("cancel")
		h.ends(l, leg.Canceled)
	})
}

// unregister() does not survive a reconnection: the SDK registers again by itself. Whoever asks last is right.
func TestUnregisteredAndThenReconnected(t *testing.T) {
	story(t, func(h *house) {
		p := h.onDuty("sato")
		p.says("register", m{"media": m{"audio": false}})
		p.hears("offline")
		p.listen(h.token("sato")) // a mere renewal does not put it back on duty
		p.hears("connected")
		if h.s.OnDuty(ours, "sato") != 0 {
			h.Error("on duty by a token alone")
		}
		p.cut()
		h.onDuty("sato")
		if h.s.OnDuty(ours, "sato") != 1 {
			h.Error("not on duty")
		}
	})
}

// edge has to be text, or the SDK throws; home has to keep its telemetry from reaching anybody.
func TestConnectedSaysNothingThatTheSDKTripsOver(t *testing.T) {
	story(t, func(h *house) {
		p := h.connect()
		p.listen(h.token("sato"))
		told := p.hears("connected")
		for _, name := range []string{"edge", "region", "gateway"} {
			if v, there := told[name]; there {
				h.Errorf("%s is %v", name, v)
			}
		}
		if told["home"] != "x@127.0.0.1:9/?" {
			h.Errorf("home is %v", told["home"])
		}
	})
}

// The SDK decodes the values of Params and leaves the keys as they are.
func TestKeysOfParamsStandAsTheyAre(t *testing.T) {
	story(t, func(h *house) {
		p := h.onDuty("sato")
		h.ring("sato")
		if got := p.hears("invite")["parameters"].(m)["Params"]; got != "件名=disk+full+%26+more" {
			h.Errorf("Params %q", got)
		}
		if got := writeParams(map[string]string{"a&b": "1", "c=d": "2", "e": "3"}); got != "e=3" {
			h.Errorf("keys that would break the form: %q", got)
		}
	})
}

// Before the page has accepted it knows cancel and no hangup, after that hangup and no cancel.
func TestCancelBeforeAndHangupAfter(t *testing.T) {
	story(t, func(h *house) {
		p := h.onDuty("sato")
		l := h.ring("sato")
		p.hears("invite")
		l.Hangup(h.Context(), leg.Canceled)
		p.hears("cancel")
		p.hearsNothing()

		l = h.ring("sato")
		call := p.hears("invite")["callsid"]
		p.says("answer", m{"callsid": call, "sdp": sdp("page", 1)})
		l.Hangup(h.Context(), leg.Completed)
		p.hears("hangup")
		p.hearsNothing()
	})
}

// A socket that ends abnormally makes the SDK raise an error to the app; 1012 makes it come again quietly. And close
// would make it give up for good.
func TestAServerThatStopsLeavesQuietly(t *testing.T) {
	story(t, func(h *house) {
		p := h.onDuty("sato")
		h.s.Close()
		if code, gone := p.gone(); !gone || code != 1012 {
			h.Errorf("closed with %d (%v), want 1012", code, gone)
		}
		p.hearsNothing()
		if _, err := h.s.Dial(h.Context(), leg.Target{URI: "client:sato"}, leg.Options{}); err == nil {
			h.Error("a closed server dials")
		}
	})
}

// The ringtone needs a gesture in the tab, which no server can make: the console has a button for it. What a server
// can do is to say whether the page has seen the invitation.
func TestAPageThatIsGoneDoesNotRing(t *testing.T) {
	story(t, func(h *house) {
		p := h.onDuty("sato")
		p.mu.Lock()
		p.deaf = true // the lid was closed a moment ago
		p.mu.Unlock()
		l := h.ring("sato")
		time.Sleep(10 * time.Second)
		h.nothingHappens(l) // no Ringing
		time.Sleep(10 * time.Second)
		if h.s.OnDuty(ours, "sato") != 0 {
			h.Error("still on duty 20 s after it vanished")
		}
		if code, gone := p.gone(); !gone || code != 0 {
			h.Errorf("closed with %d (%v)", code, gone)
		}
		h.ends(l, leg.Unreachable)
	})
}

// Heartbeats keep a page on duty, however long it says nothing.
func TestAQuietPageStaysOnDuty(t *testing.T) {
	story(t, func(h *house) {
		p := h.onDuty("sato")
		time.Sleep(30 * time.Minute)
		if h.s.OnDuty(ours, "sato") != 1 {
			h.Error("off duty")
		}
		p.hearsNothing()
	})
}

func answered(h *house) (p *page, l leg.Leg, in m) {
	h.Helper()
	p = h.onDuty("sato")
	l = h.ring("sato")
	in = p.hears("invite")
	p.says("answer", m{"callsid": in["callsid"], "sdp": sdp("page", 1)})
	h.happens(l, leg.Ringing)
	h.happens(l, leg.Answered)
	return p, l, in
}

func TestACallSurvivesItsSocket(t *testing.T) {
	story(t, func(h *house) {
		p, l, in := answered(h)
		p.cut()
		time.Sleep(20 * time.Second)
		h.nothingHappens(l) // the sound does not mind
		p = h.onDuty("sato")
		p.says("invite", m{"callsid": in["callsid"], "sdp": sdp("page", 1), "reconnect": in["reconnect"], "twilio": m{}})
		again := p.hears("answer")
		if again["callsid"] != in["callsid"] || h.engine.lines[0].restarts != 0 {
			h.Errorf("taken up with %v", again)
		}
		l.Hangup(h.Context(), leg.Completed)
		p.hears("hangup")
		h.ends(l, leg.Completed)
		p.says("invite", m{"callsid": in["callsid"], "sdp": sdp("page", 1), "reconnect": again["reconnect"], "twilio": m{}})
		p.hearsError("hangup", 31209)
	})
}

func TestOnlyTheSameIdentityTakesACallUp(t *testing.T) {
	story(t, func(h *house) {
		p, l, in := answered(h)
		thief := h.onDuty("suzuki")
		thief.says("invite", m{"callsid": in["callsid"], "sdp": sdp("thief", 1), "reconnect": in["reconnect"], "twilio": m{}})
		thief.hearsError("hangup", 31209)
		p.hearsNothing()
		h.nothingHappens(l)

		// A token is used once: what somebody has overheard is worth nothing after that.
		p.says("invite", m{"callsid": in["callsid"], "sdp": sdp("page", 1), "reconnect": in["reconnect"], "twilio": m{}})
		p.hears("answer")
		other := h.onDuty("sato")
		other.says("invite", m{"callsid": in["callsid"], "sdp": sdp("other", 1), "reconnect": in["reconnect"], "twilio": m{}})
		other.hearsError("hangup", 31209)
	})
}

func TestACallMovesToAnotherPage(t *testing.T) {
	story(t, func(h *house) {
		p, l, in := answered(h)
		other := h.connect()
		other.listen(h.token("sato"))
		other.hears("connected")
		other.says("invite", m{"callsid": in["callsid"], "sdp": sdp("other", 1), "reconnect": in["reconnect"], "twilio": m{}})
		if f := other.hears("answer"); f["sdp"] != sdp("kaden", 2) {
			h.Errorf("answered with %v", f)
		}
		p.hears("hangup")
		p.says("hangup", m{"callsid": in["callsid"]}) // its own, on its way out, ends nothing
		h.nothingHappens(l)
		other.says("hangup", m{"callsid": in["callsid"]})
		h.ends(l, leg.HungUp)
	})
}

func TestICEStartsAnew(t *testing.T) {
	story(t, func(h *house) {
		p, l, in := answered(h)
		p.says("reinvite", m{"callsid": in["callsid"], "sdp": sdp("page", 2)})
		if f := p.hears("answer"); f["sdp"] != sdp("kaden", 2) || f["reconnect"] == in["reconnect"] {
			h.Errorf("answered with %v", f)
		}
		h.nothingHappens(l)
		p.says("reinvite", m{"callsid": "CA404", "sdp": sdp("page", 3)})
		p.hearsError("hangup", 31209)
	})
}

func TestACallOfAPageThatIsGoneBeforeTheAnswer(t *testing.T) {
	story(t, func(h *house) {
		p := h.onDuty("sato")
		p.says("invite", m{"callsid": "TJSone", "sdp": sdp("page", 1), "twilio": m{}})
		p.cut()
		if did := h.engine.lines[0].doings(); !strings.Contains(did, "left caller-left") {
			h.Errorf("nobody told the line: %s", did)
		}
	})
}

func TestWhatAPageQueuedIsTreatedInOrder(t *testing.T) {
	story(t, func(h *house) {
		p := h.connect()
		text := func(kind string, payload m) []byte {
			b, _ := json.Marshal(m{"type": kind, "payload": payload})
			return b
		}
		// The SDK flushes what it has right behind listen, before it is told whether the token is any good.
		p.in <- text("listen", m{"token": h.token("sato")})
		p.in <- text("invite", m{"callsid": "TJSone", "sdp": sdp("page", 1), "twilio": m{}})
		p.in <- text("hangup", m{"callsid": "TJSone"})
		p.hears("connected")
		if len(h.visits) != 1 || !strings.Contains(h.engine.lines[0].doings(), "left caller-left") {
			h.Errorf("%d calls; %s", len(h.visits), h.engine.lines[0].doings())
		}

		stranger := h.connect()
		stranger.in <- text("listen", m{"token": "rubbish"})
		stranger.in <- text("invite", m{"callsid": "TJSone", "sdp": sdp("page", 1), "twilio": m{}})
		if _, gone := stranger.gone(); !gone || len(h.visits) != 1 {
			h.Errorf("a stranger's call: %d calls", len(h.visits))
		}
	})
}

func TestPagesThatMisbehave(t *testing.T) {
	t.Run("say nothing", func(t *testing.T) {
		story(t, func(h *house) {
			p := h.connect()
			time.Sleep(9 * time.Second)
			if _, gone := p.gone(); gone {
				h.Error("gone already")
			}
			time.Sleep(2 * time.Second)
			if code, gone := p.gone(); !gone || code != 1008 {
				h.Errorf("closed with %d (%v)", code, gone)
			}
		})
	})
	t.Run("speak before they say who they are", func(t *testing.T) {
		story(t, func(h *house) {
			p := h.connect()
			p.says("register", m{"media": m{"audio": true}})
			if code, gone := p.gone(); !gone || code != 1008 {
				h.Errorf("closed with %d (%v)", code, gone)
			}
		})
	})
	t.Run("send rubbish", func(t *testing.T) {
		story(t, func(h *house) {
			p := h.onDuty("sato")
			for _, text := range []string{"{", `{"type":5}`, `{"payload":{}}`, `{"type":"dtmf","payload":{"dtmf":42}}`, "\xff"} {
				p.in <- []byte(text)
				p.hearsError("error", 31100)
			}
			p.says("roster", m{"x": 1}) // of a version to come
			p.says("reject", m{"callsid": "CA404"})
			p.says("dtmf", m{"callsid": "CA404", "dtmf": "1"})
			p.hearsNothing()
		})
	})
	t.Run("send far too much", func(t *testing.T) {
		story(t, func(h *house) {
			p := h.onDuty("sato")
			for range 200 {
				p.in <- []byte(`{"type":"register","payload":{"media":{"audio":true}}}`)
			}
			if code, gone := p.gone(); !gone || code != 1008 {
				h.Errorf("closed with %d (%v)", code, gone)
			}
		})
	})
	t.Run("open far too many tabs", func(t *testing.T) {
		story(t, func(h *house) {
			first := h.onDuty("sato")
			for range mostTabs {
				h.onDuty("sato")
			}
			first.hearsError("error", 31206)
			first.hears("offline")
			if n := h.s.OnDuty(ours, "sato"); n != mostTabs {
				h.Errorf("%d tabs on duty", n)
			}
		})
	})
	t.Run("do not read", func(t *testing.T) {
		story(t, func(h *house) {
			p := h.onDuty("sato")
			l := h.ring("sato")
			p.hears("invite")
			h.happens(l, leg.Ringing)
			p.mu.Lock()
			p.stuck = true
			p.mu.Unlock()
			p.says("invite", m{"callsid": "TJSone", "sdp": sdp("page", 1), "twilio": m{}})
			v := h.visits[0].Leg
			for range mostQueued + 2 {
				v.Ring(h.Context(), false)
			}
			v.Hangup(h.Context(), leg.Busy) // one word too many, said by the line itself
			if _, gone := p.gone(); !gone || h.s.OnDuty(ours, "sato") != 0 {
				h.Error("a page that reads nothing is still on duty")
			}
			time.Sleep(grace)
			h.ends(l, leg.Unreachable)
		})
	})
	t.Run("read slowly", func(t *testing.T) {
		story(t, func(h *house) {
			p := h.onDuty("sato")
			p.mu.Lock()
			p.stuck = true
			p.mu.Unlock()
			time.Sleep(beat + patience + time.Second)
			if _, gone := p.gone(); !gone {
				h.Error("a page that took nothing for so long is still here")
			}
		})
	})
	t.Run("flood the door", func(t *testing.T) {
		story(t, func(h *house) {
			on := h.onDuty("sato")
			var flood []*page
			for range mostUnknown {
				flood = append(flood, h.connect())
			}
			p := h.connect()
			if code, gone := p.gone(); !gone || code != 1013 {
				h.Errorf("one more: closed with %d (%v)", code, gone)
			}
			h.ring("sato")
			on.hears("invite") // whoever is known is not harmed
			time.Sleep(shy + time.Second)
			if _, gone := flood[0].gone(); !gone {
				h.Error("a page that said nothing is still here")
			}
			h.onDuty("suzuki")
		})
	})
	t.Run("try tokens", func(t *testing.T) {
		story(t, func(h *house) {
			for range badTokens {
				p := h.connect()
				p.listen("rubbish")
				p.hearsError("error", 31204)
				p.hears("close")
				p.cut()
			}
			p := h.connect()
			p.listen("rubbish")
			p.hearsError("error", 31206)
			h.onDuty("sato") // somebody else behind the same address, with a good one
			time.Sleep(badTokensIn + time.Second)
			p = h.connect()
			p.listen("rubbish")
			p.hearsError("error", 31204)
		})
	})
}

func TestTokensOfASocket(t *testing.T) {
	t.Run("a bad renewal costs nobody the duty", func(t *testing.T) {
		story(t, func(h *house) {
			p := h.onDuty("sato")
			p.listen(h.token("suzuki"))
			p.hearsError("error", 31204)
			p.listen("rubbish")
			p.hearsError("error", 31204)
			p.hearsNothing() // no close
			if h.s.OnDuty(ours, "sato") != 1 || h.s.OnDuty(ours, "suzuki") != 0 {
				h.Error("the duty has changed")
			}
		})
	})
	t.Run("an expired one ends the duty, a new one begins it again", func(t *testing.T) {
		story(t, func(h *house) {
			p, l, in := answered(h)
			time.Sleep(time.Hour + skew + time.Second)
			p.hearsError("error", 31205)
			if h.s.OnDuty(ours, "sato") != 0 {
				h.Error("on duty with an expired token")
			}
			p.says("invite", m{"callsid": "TJSone", "sdp": "v=0", "twilio": m{}})
			p.hearsError("hangup", 31205)
			p.says("register", m{"media": m{"audio": true}})
			p.hearsError("error", 31205)
			h.nothingHappens(l) // the call goes on
			p.listen(h.token("sato"))
			p.hears("connected")
			if h.s.OnDuty(ours, "sato") != 1 {
				h.Error("not on duty again")
			}
			p.says("hangup", m{"callsid": in["callsid"]})
			h.ends(l, leg.HungUp)
		})
	})
	t.Run("one for outgoing calls alone does not register", func(t *testing.T) {
		story(t, func(h *house) {
			p := h.connect()
			p.listen(h.token("sato", func(c *Claims) { c.Incoming = false }))
			p.hears("connected")
			p.says("register", m{"media": m{"audio": true}})
			p.hearsError("error", 31201)
			if h.s.OnDuty(ours, "sato") != 0 {
				h.Error("on duty")
			}
		})
	})
	t.Run("an expired one is told apart, and the page gives up", func(t *testing.T) {
		story(t, func(h *house) {
			p := h.connect()
			p.listen(h.token("sato", func(c *Claims) { c.Expires = time.Now().Add(-time.Minute) }))
			p.hearsError("error", 31205)
			p.hears("close")
		})
	})
	t.Run("its key is deleted, or its account suspended, while the page is on duty", func(t *testing.T) {
		story(t, func(h *house) {
			p, l, in := answered(h)
			h.keys = errors.New("the database is away") // nobody's fault: what was good is good
			p.says("register", m{"media": m{"audio": true}})
			p.hears("ready")
			h.keys = ErrUnknownIssuer
			p.says("invite", m{"callsid": "TJSone", "sdp": "v=0", "twilio": m{}})
			p.hearsError("hangup", 31204)
			p.says("register", m{"media": m{"audio": true}}) // as the SDK does every 30 s
			p.hearsError("error", 31204)
			p.hears("offline")
			if h.s.OnDuty(ours, "sato") != 0 || len(h.visits) != 0 {
				h.Error("the page rings, or calls, with a key that is gone")
			}
			h.nothingHappens(l) // the call goes on
			p.says("hangup", m{"callsid": in["callsid"]})
			h.ends(l, leg.HungUp)
		})
	})
	t.Run("a database that is away is nobody's fault", func(t *testing.T) {
		story(t, func(h *house) {
			p := h.connect()
			token, _ := Mint("SKdddddddddddddddddddddddddddddddd", []byte(secret), Claims{Account: ours, Identity: "sato"}, time.Now())
			p.listen(token)
			if code, gone := p.gone(); !gone || code != 1013 {
				h.Errorf("closed with %d (%v), want 1013: the page comes again", code, gone)
			}
			p.hearsNothing()
		})
	})
}

func TestSomethingElseThanABrowserIsDialled(t *testing.T) {
	story(t, func(h *house) {
		for _, uri := range []string{"sip:sato@192.0.2.1", "client:", "+819011112222"} {
			if _, err := h.s.Dial(context.Background(), leg.Target{URI: uri}, leg.Options{}); err == nil {
				h.Errorf("%s was dialled", uri)
			}
		}
		synctest.Wait()
	})
}
