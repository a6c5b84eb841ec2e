package call_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/trunk"
)

var (
	ntt  = trunk.Trunk{Name: "ntt", Server: "sip.ntt.example:5061;transport=tls", User: "0501", Password: "secret", From: "+815011111111"}
	kddi = trunk.Trunk{Name: "kddi", Server: "kddi.example", Spelling: number.National}
)

const (
	overNTT  = "sip:+819011112222@sip.ntt.example:5061;transport=tls"
	overKDDI = "sip:09011112222@kddi.example"
)

func TestATelephoneNumberGoesOverATrunk(t *testing.T) {
	story(t, func(h *house) {
		c, heard := h.place(call.Order{To: tel("+819011112222"), FromByTrunk: map[string]string{"kddi": "+815022222222"}, Prefer: []string{"kddi"}})
		p := h.phone()
		h.want("dialled", p.Info().To, overKDDI)
		h.want("caller ID", p.Info().From, "+815022222222")
		p.Refuse(leg.Busy)
		r := c.Wait()
		h.want("trunk", r.Trunk, "kddi")
		h.want("To", r.To, "+819011112222")
		h.want("heard", heard, "initiated over kddi, busy busy 486 over kddi")
	}, trunks(ntt, kddi))
}

func TestAnotherTrunkAfterARefusalBeforeItRang(t *testing.T) {
	story(t, func(h *house) {
		h.phones[overNTT] = simleg.Behaviour{RingAfter: simleg.Never, AnswerAfter: 100 * time.Millisecond, Refuse: leg.Congested}
		c, heard := h.place(call.Order{To: tel("+819011112222")})
		p := h.phone()
		h.want("dialled", p.Info().To, overKDDI)
		h.want("after", h.after(), 100*time.Millisecond)
		p.Ring()
		p.Answer()
		p.HangUp()
		r := c.Wait()
		synctest.Wait()
		h.want("heard", heard, "initiated over ntt, ringing over kddi, in-progress over kddi, completed hung-up over kddi")
		h.want("callbacks", h.owner.statuses(), "0 initiated, 1 ringing, 2 in-progress, 3 completed")
		h.want("trunk", r.Trunk, "kddi")
	}, trunks(ntt, kddi))
}

func TestNoOtherTrunkWhenAPhoneHasSpoken(t *testing.T) {
	for name, b := range map[string]simleg.Behaviour{
		"congested after it rang": {RingAfter: time.Second, AnswerAfter: time.Second, Refuse: leg.Congested},
		"busy":                    {RingAfter: simleg.Never, Refuse: leg.Busy},
		"no such number":          {RingAfter: simleg.Never, Refuse: leg.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			story(t, func(h *house) {
				h.phones[overNTT] = b
				c, _ := h.place(call.Order{To: tel("+819011112222")})
				h.want("trunk", c.Wait().Trunk, "ntt")
				h.want("others called", len(h.met), 0)
			}, trunks(ntt, kddi))
		})
	}
}

func TestEveryTrunkRefuses(t *testing.T) {
	story(t, func(h *house) {
		h.phones[overNTT] = simleg.Behaviour{Error: fmt.Errorf("403 from the registrar")}
		h.phones[overKDDI] = simleg.Behaviour{RingAfter: simleg.Never, Refuse: leg.Congested}
		c, heard := h.place(call.Order{To: tel("+819011112222")})
		r := c.Wait()
		h.want("status", r.Status, call.Failed)
		h.want("our fault", call.Ours(r.Cause), true)
		h.want("heard", heard, "initiated over kddi, failed congested 503 over kddi")
	}, trunks(ntt, kddi))
}

func TestNumbersNoTrunkReaches(t *testing.T) {
	for name, tc := range map[string]struct {
		order  call.Order
		trunks []trunk.Trunk
		cause  leg.Cause
		says   string
	}{
		"emergency":           {call.Order{To: tel("110")}, []trunk.Trunk{ntt}, leg.Invalid, "no trunk reaches"},
		"toll-free from 050":  {call.Order{To: tel("+81120444444")}, []trunk.Trunk{ntt}, leg.Invalid, "0120"},
		"no trunk at all":     {call.Order{To: tel("+819011112222")}, nil, leg.Fault, "no trunk is configured"},
		"not the trunk named": {call.Order{To: tel("+819011112222"), Trunk: "jcom"}, []trunk.Trunk{ntt}, leg.Fault, `trunk "jcom" is not configured`},
	} {
		t.Run(name, func(t *testing.T) {
			story(t, func(h *house) {
				var text string
				tc.order.Account = acct
				tc.order.Heard = func(e call.Event) { text = e.Text }
				c, err := h.desk.Place(h.Context(), tc.order)
				if err != nil {
					h.Fatal(err)
				}
				h.want("cause", c.Wait().Cause, tc.cause)
				if !strings.Contains(text, tc.says) {
					h.Errorf("text %q does not say %q", text, tc.says)
				}
				h.want("phones called", len(h.met), 0)
			}, trunks(tc.trunks...))
		})
	}
}

func TestOneChannelIsASequence(t *testing.T) {
	story(t, func(h *house) {
		var calls []*call.Call
		for i := range 3 {
			c, _ := h.place(call.Order{To: tel(fmt.Sprintf("+81901111000%d", i))})
			calls = append(calls, c)
		}
		for i := range 3 {
			p := h.phone()
			h.want("dialled", p.Info().To, fmt.Sprintf("sip:+81901111000%d@one.example", i))
			synctest.Wait()
			h.want("others at once", len(h.met), 0)
			p.Refuse(leg.Busy)
			calls[i].Wait()
		}
	}, trunks(trunk.Trunk{Name: "one", Server: "one.example", Channels: 1}))
}

func TestOneCallASecondInTheOrderOfOrders(t *testing.T) {
	story(t, func(h *house) {
		for i := range 5 {
			h.place(call.Order{To: tel(fmt.Sprintf("+81901111000%d", i))})
		}
		for i := range 5 {
			p := h.phone()
			h.want("dialled", p.Info().To, fmt.Sprintf("sip:+81901111000%d@slow.example", i))
			h.want("after", h.after(), time.Duration(i)*time.Second)
			p.Refuse(leg.Busy)
		}
	}, trunks(trunk.Trunk{Name: "slow", Server: "slow.example", Interval: time.Second}))
}

func TestAFreeTrunkIsTakenBeforeOneThatIsPreferredAndFull(t *testing.T) {
	story(t, func(h *house) {
		full := ntt
		full.Channels = 1
		a, _ := h.place(call.Order{To: tel("+819011112222")})
		first := h.phone()
		b, _ := h.place(call.Order{To: tel("+819011112222")})
		second := h.phone()
		h.want("first over", first.Info().To, overNTT)
		h.want("second over", second.Info().To, overKDDI)
		first.Refuse(leg.Busy)
		second.Refuse(leg.Busy)
		a.Wait()
		b.Wait()
	}, trunks(trunk.Trunk{Name: "ntt", Server: ntt.Server, Channels: 1}, kddi))
}

func TestACallThatLeavesTheQueueFreesItsPlace(t *testing.T) {
	story(t, func(h *house) {
		a, _ := h.place(call.Order{To: tel("+819011110000")})
		p := h.phone()
		b, _ := h.place(call.Order{To: tel("+819011110001")})
		c, _ := h.place(call.Order{To: tel("+819011110002")})
		synctest.Wait()
		b.Complete()
		b.Wait()
		p.Refuse(leg.Busy)
		a.Wait()
		q := h.phone()
		h.want("next", q.Info().To, "sip:+819011110002@one.example")
		q.Refuse(leg.Busy)
		c.Wait()
	}, trunks(trunk.Trunk{Name: "one", Server: "one.example", Channels: 1}))
}

func TestASIPAddressNeedsNoTrunk(t *testing.T) {
	story(t, func(h *house) {
		c, _ := h.place(call.Order{To: number.Address{Scheme: number.SIP, Text: "sato@192.0.2.7:5062"}})
		p := h.phone()
		h.want("dialled", p.Info().To, "sip:sato@192.0.2.7:5062")
		p.Refuse(leg.Busy)
		c.Wait()
	})
}
