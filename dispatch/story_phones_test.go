package dispatch_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/store/memstore"
	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/trunk"
)

// mobile gives somebody a telephone number.
func mobile(n number.Number) func(*oncall.Person) {
	return func(p *oncall.Person) {
		p.Contacts = []oncall.Method{{Address: number.Address{Scheme: number.Tel, Number: n}}}
	}
}

func TestR13TheSecondTapGoesOverTheSameTrunk(t *testing.T) {
	story(t, "plan: default\nfrom: { ntt: \"+815012345678\", backup: \"+815087654321\" }\nsteps:\n  - call: [sato]\n    double-tap: true\n", func(h *house) {
		h.set.Trunks = []trunk.Trunk{{Name: "ntt", Server: "ntt.example"}, {Name: "backup", Server: "backup.example"}}
		p := h.set.People["sato"]
		mobile("+819011112222")(&p)
		h.set.People["sato"] = p
		h.alert("k", "disk full")
		first := h.dials("tel:+819011112222")
		if first.order.Prefer[0] != "ntt" || first.order.FromByTrunk["backup"] != "+815087654321" {
			t.Errorf("order %+v", first.order)
		}
		first.says(call.Event{Status: call.Ringing, SIP: 180, Trunk: "backup"}) // ntt refused
		first.noAnswer()
		h.after(11 * time.Second)
		second := h.dials("tel:+819011112222")
		if second.order.Prefer[0] != "backup" {
			t.Errorf("the second tap prefers %v: the phone would show another number", second.order.Prefer)
		}
		second.ring().answer().press("1").hears("Recorded")
	})
}

// dials is the next call to an address.
func (h *house) dials(address string) *phone {
	h.t.Helper()
	h.after(0)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.calls {
		if c.to == address && !c.taken {
			c.taken, c.t = true, h.t
			return c
		}
	}
	h.t.Fatalf("%s was not called; calls: %v", address, h.summary())
	return nil
}

func TestWordsThatCannotBeSpokenAreSaidPlainly(t *testing.T) {
	story(t, "", func(h *house) {
		h.cannot = "hyperspace"
		got := h.alert("k", "hyperspace relay lost")
		sato := h.rings("sato").ring().answer().hears("Please look at the screen for what it says").hears("Press 1")
		sato.press("1").hears("Recorded")
		h.is(got.Alerts[0], dispatch.Acknowledged, "sato")
	})
}

func TestACallThatCannotBePlacedIsOurFault(t *testing.T) {
	story(t, "", func(h *house) {
		h.refuses(errors.New("the desk is closed"))
		h.alert("k", "disk full")
		h.happened(timeline.CalloutStalled, "the desk is closed")
		h.refuses(nil)
		h.after(2 * time.Second)
		h.rings("sato").ring().answer().press("1").hears("Recorded")
	})
}

// refuses is what placing a call answers from now on.
func (h *house) refuses(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refuse = err
}

func TestWhenTheDatabaseFailsTheSeatsAreGivenBack(t *testing.T) {
	story(t, "", func(h *house) {
		h.store.Break(errors.New("no space left on device"))
		if _, err := h.send("k", "disk full"); err == nil {
			t.Fatal("accepted without a store")
		}
		if _, err := h.d.Halt(context.Background(), "sato", "", 0); err == nil {
			t.Error("halted without a store")
		}
		if err := h.d.Unhalt(context.Background(), "sato"); err == nil {
			t.Error("let go without a store")
		}
		h.store.Break(nil)
		h.alert("k", "disk full")
		h.rings("sato").ring().answer().press("1").hears("Recorded")
	})
}

func TestTheConsoleCallsEverybody(t *testing.T) {
	tell(t, "", func(n *night) {
		id := n.alert("k", "disk full")
		n.Phone("sato").Rings().Answers().Hears("disk full").Presses("2").Hears("next person").IsHungUp()
		suzuki := n.Phone("suzuki").Rings()
		n.must(n.d.Summon(n.t.Context(), id, "console"))
		tanaka := n.Phone("tanaka").Rings() // sato has passed
		suzuki.Answers().Hears("disk full").Hears("Press 1").Presses("1").Hears("Recorded").IsHungUp()
		tanaka.StopsRinging()
		n.must(n.d.Snooze(n.t.Context(), id, "suzuki", 0))
		n.quiet(29 * time.Minute)
		suzuki.Rings().Answers().Hears("still on it").Presses("6").Hears("it is over").IsHungUp()
		if err := n.d.Summon(n.t.Context(), "al-0", "console"); !errors.Is(err, dispatch.ErrNotFound) {
			t.Errorf("an alert that does not exist: %v", err)
		}
	})
}

func TestWhoListensHearsThatItWasStoppedOrGivenBack(t *testing.T) {
	tell(t, "", func(n *night) {
		id := n.alert("k", "disk full")
		sato := n.Phone("sato").Rings().Answers().Hears("disk full")
		n.must(n.d.Stop(n.t.Context(), id, "tanaka"))
		sato.Hears("This call-out was stopped by somebody").IsHungUp()
		id = n.alert("other", "cpu hot")
		takes(sato)
		sato.Rings().Answers().Hears("still on it")
		n.must(n.d.Release(n.t.Context(), id, "console"))
		sato.Hears("The next person is called").IsHungUp()
		suzuki := n.Phone("suzuki").Rings().Answers().Hears("cpu hot")
		n.must(n.d.Acknowledge(n.t.Context(), id, "console"))
		suzuki.Hears("Somebody else has taken this alert").IsHungUp()
		n.must(n.d.Resolve(n.t.Context(), id, "console"))
		if err := n.d.Resolve(n.t.Context(), n.alert("info", "over", resolve), "console"); !errors.Is(err, dispatch.ErrNotFound) {
			t.Errorf("nobody was called for it: %v", err)
		}
	})
}

func TestR22ATelephoneNumberIsRecognisedHoweverItIsWritten(t *testing.T) {
	tell(t, "", func(n *night) {
		n.set.Trunks = []trunk.Trunk{{Name: "ntt", Server: "ntt.example"}}
		n.person("sato", mobile("+819011112222"))
		n.person("suzuki", func(p *oncall.Person) {
			mobile("+819033334444")(p)
			p.PIN = "0815"
		})
		n.person("tanaka", mobile("+819033334444")) // the same phone: nobody knows who calls
		for from, known := range map[string]bool{"+819011112222": true, "+819033334444": false, "anonymous": false, "+819099999999": false} {
			reply, err := n.d.Ask(n.t.Context(), call.Ask{URL: dispatch.Origin + "/callback", Params: url.Values{"CallSid": {"CA" + from}, "From": {from}, "Direction": {"inbound"}}})
			if err != nil || reply.Status != 200 || strings.Contains(string(reply.Body), "number alone") != known {
				t.Errorf("%s: %d %s %v; known %v", from, reply.Status, reply.Body, err, known)
			}
		}
	})
}

func TestR22ADocumentThatSendsItsCallThereIsNoCaller(t *testing.T) {
	tell(t, "", func(n *night) {
		id := n.alert("k", "disk full")
		n.Phone("sato").Rings().StopsRinging()
		n.Phone("suzuki").Rings()
		n.Place(call.Order{To: number.Address{Scheme: number.Sim, Text: "booth"}, From: "sim:sato", Program: call.Program{URL: dispatch.Origin + "/callback"}})
		n.Phone("booth").Rings().Answers().Hears("This cannot be done").IsHungUp()
		n.is(id, dispatch.Stored, "")
		n.must(n.d.Resolve(n.t.Context(), id, "console"))
		n.Phone("suzuki").StopsRinging()
	})
}

func TestAScriptIsServedToOtherCarriersToo(t *testing.T) {
	story(t, "", func(h *house) {
		h.alert("k", "disk full")
		sato := h.rings("sato").ring()
		path := strings.TrimPrefix(sato.order.Program.URL, dispatch.Origin)
		for p, want := range map[string]int{path: 200, "/callback": 404, "/callback/pin": 404} {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodPost, p, strings.NewReader("Digits=1"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			h.d.ServeHTTP(w, r)
			if w.Code != want {
				t.Errorf("%s: %d, want %d", p, w.Code, want)
			}
		}
		w := httptest.NewRecorder()
		h.d.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path+"?a=%zz", nil))
		if w.Code != 400 {
			t.Errorf("a form that cannot be read: %d", w.Code)
		}
		sato.answer().press("1").hears("Recorded")
	})
}

func TestOneOfTwoAlertsIsTakenElsewhereAndTheCallGoesOn(t *testing.T) {
	story(t, together, func(h *house) { // a person whose phone is taken away by another's key, in two alerts
		one := h.alert("a", "disk full")
		two := h.alert("b", "cpu hot")
		sato, suzuki := h.rings("sato").ring().answer().hears("There are 2 alerts"), h.rings("suzuki").ring()
		h.rings("tanaka").ring()
		if err := h.d.Acknowledge(context.Background(), one.Alerts[0], "console"); err != nil {
			t.Fatal(err)
		}
		sato.stopped("")
		sato.press("1").hears("Recorded") // the key is for what is left
		h.is(one.Alerts[0], dispatch.Acknowledged, "console")
		h.is(two.Alerts[0], dispatch.Acknowledged, "sato")
		suzuki.stopped(leg.Canceled)
	})
}

// FuzzAsk: whatever a caller sends, the answer is a document or a refusal, and nothing is given out without its token.
func FuzzAsk(f *testing.F) {
	f.Add("/callback", "CallSid=CA1&From=sip:sato@a&Direction=inbound")
	f.Add("/callback/pin", "CallSid=CA1&From=&Digits=1234&Direction=inbound")
	f.Add("/callback/halt", "CallSid=CA1&Digits=0&armed=0&Direction=inbound")
	f.Add("/callouts/co-1-1/00/key", "told=co-1-1&Digits=1")
	f.Add("/sounds/RE1/00", "")
	f.Add("/codes/vf-1/00", "")
	set := &manifest.Set{People: map[string]oncall.Person{"sato": {ID: "sato", PIN: "4711"}}}
	d := dispatch.New(slog.New(slog.DiscardHandler), dispatch.Config{Store: memstore.New(), House: func() *manifest.Set { return set }, Secret: []byte("secret")})
	f.Fuzz(func(t *testing.T, path, form string) {
		params, err := url.ParseQuery(form)
		u, bad := url.Parse(dispatch.Origin + path)
		if err != nil || bad != nil {
			return
		}
		reply, err := d.Ask(context.Background(), call.Ask{URL: dispatch.Origin + path, Params: params})
		if err != nil {
			return
		}
		if reply.Status == 200 && u.Path != "/callback" && !strings.HasPrefix(u.Path, "/callback/") {
			t.Errorf("%q is given out: %s", path, reply.Body)
		}
	})
}
