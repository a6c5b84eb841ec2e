package call_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/trunk"
)

// twilio is an upstream that brings us the sound of its calls.
var twilio = trunk.Trunk{Name: "twilio", Server: "https://api.twilio.com", From: "+815087654321", Upstream: true}

// away lets a dialer of its own dial over upstreams; it meets the same phones.
func away(x *exorcist) func(*call.Config) {
	return func(c *call.Config) {
		x.Dialer = c.Dialers[number.SIP]
		c.Upstreams = x
	}
}

// An upstream is one more trunk: after the others unless it is preferred, with an address of its own.
func TestAnUpstreamCarriesOneLeg(t *testing.T) {
	story(t, func(h *house) {
		c, heard := h.place(call.Order{To: tel("+819011112222")})
		h.phone().Refuse(leg.Congested)
		p := h.phone()
		h.want("then over", p.Info().To, "tel:+819011112222")
		p.Ring()
		p.Answer()
		p.HangUp()
		h.want("trunk", c.Wait().Trunk, "twilio")
		h.want("heard", heard, "initiated over ntt, ringing over twilio, in-progress over twilio, completed hung-up over twilio")

		c, _ = h.place(call.Order{To: tel("+819011112222"), Prefer: []string{"twilio"}})
		p = h.phone()
		h.want("preferred", p.Info().To, "tel:+819011112222")
		p.Refuse(leg.Busy)
		h.want("trunk", c.Wait().Trunk, "twilio")
	}, trunks(ntt, twilio), away(&exorcist{}))
}

// Whoever tries the upstreams by himself wants our own lines alone.
func TestOurOwnLinesAlone(t *testing.T) {
	story(t, func(h *house) {
		c, _ := h.place(call.Order{To: tel("+819011112222"), OwnLines: true})
		h.phone().Refuse(leg.Congested)
		h.want("ended", c.Wait().Cause, leg.Congested)
		h.want("others called", len(h.met), 0)
	}, trunks(ntt, twilio), away(&exorcist{}))
}

// Without a public URL an upstream is no line for a leg, and that is said.
func TestAnUpstreamThatCannotReachUs(t *testing.T) {
	story(t, func(h *house) {
		c, _ := h.place(call.Order{To: tel("+819011112222")})
		h.want("ended", c.Wait().Cause, leg.Fault)
		if got := h.store.said("call.ended"); !strings.Contains(got, "public-url") {
			t.Errorf("the timeline says %q", got)
		}
	}, func(c *call.Config) { c.Others = func() []trunk.Trunk { return []trunk.Trunk{twilio} } })
}

// What is left of a leg at an upstream is ended there, and no trunk is asked for it.
func TestTheGhostOfALegAtAnUpstream(t *testing.T) {
	x := &exorcist{}
	story(t, func(h *house) {
		o := call.Order{SID: "CA1", To: tel("+819011112222"), Prefer: []string{"twilio"}}
		c, _ := h.place(o)
		p := h.phone()
		p.Answer()
		synctest.Wait()
		left := c.Record().Remains
		if err := h.desk.EndGhost(h.Context(), call.Order{SID: "CA1", To: o.To}, "", left); err != nil {
			t.Error(err)
		}
		h.want("ended", x.story(), `tel:+819011112222 as CA1 with "{\"sim\":\"tel:+819011112222\"}"`)
		p.HangUp()
		c.Wait()
	}, trunks(ntt, twilio), away(x))
}
