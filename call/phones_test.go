package call_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/simleg"
)

// office answers calls of our own phones, but not those to 0120.
func office(c *call.Config) {
	c.Phones = func(i leg.Info) (account.Number, bool) {
		return account.Number{Account: acct, Domain: "SD1", URL: "https://owner.example/out", StatusCallback: "https://owner.example/status", StatusCallbackMethod: "GET"},
			i.To != "sip:0120@office.example.jp"
	}
}

func TestAPhoneOfOursCalls(t *testing.T) {
	for _, tt := range []struct{ name, phone, from, to, wantFrom, wantTo string }{
		{"a number", "sato@office.example.jp", "sip:sato@192.0.2.10;x=1", "sip:09012345678@office.example.jp;user=phone", "sip:sato@office.example.jp", "sip:09012345678@office.example.jp"},
		{"another phone", "sato@office.example.jp", "sip:sato@office.example.jp", "sip:suzuki@office.example.jp:5060", "sip:sato@office.example.jp", "sip:suzuki@office.example.jp:5060"},
		{"let in for its address", "@office.example.jp", "sip:300@pbx.example;tag=1", "sip:suzuki@office.example.jp", "sip:300@pbx.example", "sip:suzuki@office.example.jp"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(h *house) {
				p := calls(h, tt.to, simleg.Incoming{From: tt.from, Phone: tt.phone})
				<-p.Over()
				synctest.Wait()
				r := h.store.last()
				h.want("from, to", r.From+" "+r.To, tt.wantFrom+" "+tt.wantTo)
				h.want("program", r.Program.URL, "https://owner.example/out")
			}, support, office, script(func(_ context.Context, c *call.Call) error {
				if v := c.Params(); v.Get("SipDomain") != "office.example.jp" || v.Get("SipDomainSid") != "SD1" || v.Get("From") != tt.wantFrom {
					t.Errorf("parameters %v", v)
				}
				return nil
			}))
		})
	}
}

func TestWhatNoPhoneMayCallIsRefused(t *testing.T) {
	story(t, func(h *house) {
		p := calls(h, "sip:0120@office.example.jp", simleg.Incoming{From: "sip:sato@office.example.jp", Phone: "sato@office.example.jp"})
		<-p.Over()
		h.want("cause", p.State().Cause, leg.Invalid)
		h.want("timeline", h.store.kinds(), "")
	}, support, office)
}
