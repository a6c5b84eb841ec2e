package call_test

import (
	"context"
	"net/url"
	"testing"
	"testing/synctest"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/sid"
)

func TestAVisitorBringsTheProgramAndMore(t *testing.T) {
	const name = sid.Call("CA00000000000000000000000000000007")
	var told url.Values
	story(t, func(h *house) {
		l, p := simleg.Call(h.Context(), simleg.Incoming{From: "client:sato", To: "whatever"})
		if err := h.desk.Receive(l, call.Visit{
			SID: name, Account: acct, From: "client:sato", To: "+819011112222",
			Program: call.Program{URL: "https://owner.example/app"}, Callback: call.Callback{URL: "https://owner.example/status"},
			Told: url.Values{"team": {"sre"}, "From": {"client:somebody.else"}, "CallSid": {"CAx"}, "ApplicationSid": {"AP1"}},
		}); err != nil {
			t.Fatal(err)
		}
		<-p.Over()
		synctest.Wait()
		r := h.store.last()
		h.want("name, from, to", string(r.SID)+" "+r.From+" "+r.To, string(name)+" client:sato +819011112222")
		h.want("program", r.Program.URL, "https://owner.example/app")
		h.want("status", r.Status, call.Completed)
		h.want("callbacks", h.owner.statuses(), "0 completed")
		h.want("told with the first request", told.Encode(), "ApplicationSid=AP1&team=sre")
	}, script(func(ctx context.Context, c *call.Call) error {
		told = c.Told()
		if !c.Rings() {
			t.Error("a browser is silent while it waits: it needs our ring tone")
		}
		if v := c.Params(); v.Get("From") != "client:sato" || v.Get("team") != "" || v.Get("To") != "+819011112222" {
			t.Errorf("parameters of later requests: %v", v)
		}
		return c.Answer(ctx)
	}))
}

func TestATelephoneHasARingToneOfItsOwn(t *testing.T) {
	story(t, func(h *house) {
		p := calls(h, "support", simleg.Incoming{})
		<-p.Over()
	}, support, script(func(ctx context.Context, c *call.Call) error {
		if c.Rings() || c.Told() != nil {
			t.Error("taken for a browser")
		}
		return c.Answer(ctx)
	}))
}

func TestNobodyIsReceivedInAClosingHouse(t *testing.T) {
	story(t, func(h *house) {
		over, stop := context.WithCancel(h.Context())
		stop()
		h.desk.Shutdown(over)
		l, p := simleg.Call(h.Context(), simleg.Incoming{From: "client:sato"})
		if err := h.desk.Receive(l, call.Visit{Account: acct, From: "client:sato"}); err == nil {
			t.Error("received")
		}
		l.Hangup(h.Context(), leg.Rejected) // it is its owner's again
		<-p.Over()
		for range l.Events() {
		}
		h.want("timeline", h.store.kinds(), "")
	})
}
