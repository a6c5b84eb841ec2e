package call_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/tariff"
	"github.com/kaden-project/kaden/trunk"
)

// city is a trunk that is no 050 line.
var city = trunk.Trunk{Name: "city", Server: "city.example"}

func TestACallIsSentOnToANumberThatMightHaveBeenOrdered(t *testing.T) {
	story(t, func(h *house) {
		c, heard := h.place(call.Order{To: tel("+819011112222"), Alert: "a1"})
		h.phone().Moves("sip:09033334444;npdi@city.example;user=phone")
		p := h.phone()
		h.want("called", p.Info().To, "sip:+819033334444@city.example")
		p.Ring()
		p.Answer()
		p.HangUp()
		r := c.Wait()
		synctest.Wait()
		h.want("the record's number", r.To, "+819011112222")
		h.want("heard", heard, "initiated over city, ringing over city, in-progress over city, completed hung-up over city")
		if got := h.store.said("call.forwarded"); !strings.HasPrefix(got, "moved ") || strings.Contains(got, "33334444") {
			t.Errorf("the timeline says %q", got)
		}
		h.want("the trunk is well", len(h.desk.Trunks()), 1)
		for _, s := range h.desk.Trunks() {
			if s.Health.Failed > 0 {
				t.Errorf("a redirection counts against the trunk: %+v", s)
			}
		}
	}, trunks(city))
}

func TestWhereACallIsNotSentOn(t *testing.T) {
	dear := trunk.Trunk{Name: "dear", Server: "dear.example", Warn: []number.Class{number.Mobile}, Reach: []number.Class{number.Fixed}}
	for _, c := range []struct {
		name, target, why string
		line              trunk.Trunk
	}{
		{"an emergency number", "sip:110@city.example", "no trunk reaches this number", city},
		{"abroad", "tel:+447700900123", "no trunk reaches this number", city},
		{"premium", "tel:+81990512345", "no trunk reaches this number", city},
		{"what people are warned of", "tel:+81570012345", "charge the caller by the minute", city},
		{"what the document warns of", "tel:+819033334444", "told to warn of", dear},
		{"the same number", "sip:+81312345678@city.example", "the same number", city},
		{"a name", "sip:sato@office.example", "no telephone number", city},
		{"nowhere", "", "does not say where", city},
	} {
		t.Run(c.name, func(t *testing.T) {
			story(t, func(h *house) {
				o, heard := h.place(call.Order{To: tel("+81312345678")})
				h.phone().Moves(c.target)
				o.Wait()
				synctest.Wait()
				h.want("heard", heard, "initiated over "+c.line.Name+", failed failed 302 over "+c.line.Name)
				h.want("others called", len(h.met), 0)
				if got := h.store.said("call.forwarded"); !strings.HasPrefix(got, "not-followed ") || !strings.Contains(got, c.why) {
					t.Errorf("the timeline says %q, want %q", got, c.why)
				}
			}, trunks(c.line))
		})
	}
}

func TestACallIsNotSentAroundForEver(t *testing.T) {
	story(t, func(h *house) {
		o, _ := h.place(call.Order{To: tel("+819011110000")})
		for _, n := range []string{"+819011110001", "+819011110002", "+819011110003", "+819011110004"} {
			h.phone().Moves("tel:" + n)
		}
		r := o.Wait()
		h.want("status", r.Status, call.Failed)
		h.want("others called", len(h.met), 0)
		if got := h.store.said("call.forwarded"); !strings.Contains(got, "too often") {
			t.Errorf("the timeline says %q", got)
		}
	}, trunks(city))
}

func TestWhatWasSentOnCostsWhatThatNumberCosts(t *testing.T) {
	line := city
	line.Prices = tariff.Table{Currency: "JPY", Rows: []tariff.Row{
		{To: []string{"mobile"}, Price: 16_000_000, Unit: time.Minute}, {To: []string{"fixed"}, Price: 8_000_000, Unit: 3 * time.Minute},
	}}
	story(t, func(h *house) {
		o, _ := h.place(call.Order{To: tel("+81312345678")})
		h.phone().Moves("tel:+819033334444")
		p := h.phone()
		p.Ring()
		p.Answer()
		time.Sleep(90 * time.Second)
		p.HangUp()
		r := o.Wait()
		h.want("price", r.Price.String(), "32 JPY")
	}, trunks(line))
}

func TestAForwardedCallIsSaidToBeOne(t *testing.T) {
	story(t, func(h *house) {
		o, _ := h.place(call.Order{To: tel("+819011112222"), Alert: "a1"})
		p := h.phone()
		p.Forwards("sip:+819033334444@city.example")
		p.Ring()
		p.Answer()
		p.HangUp()
		o.Wait()
		got := h.store.said("call.forwarded")
		if !strings.HasPrefix(got, "forwarded ") || strings.Contains(got, "33334444") || strings.Count(got, "\n") > 0 {
			t.Errorf("the timeline says %q", got)
		}
	}, trunks(city))
}

// A crash leaves a ghost at the number that is called, not at the one that was ordered.
func TestAGhostOfACallThatWasSentOnIsEndedAtItsNumber(t *testing.T) {
	x := &exorcist{}
	var kept leg.Remains
	order := call.Order{To: tel("+819011112222"), Attempt: "c1-1", Keep: func(_ context.Context, r leg.Remains) error {
		kept = r
		return nil
	}}
	story(t, func(h *house) {
		o, _ := h.place(order)
		h.phone().Moves("tel:+819033334444")
		p := h.phone()
		p.Ring()
		synctest.Wait()
		rest := kept
		p.HangUp()
		o.Wait()
		h.desk.EndGhost(h.Context(), order, "city", rest)
	}, trunks(city), func(c *call.Config) {
		x.Dialer = c.Dialers[number.SIP]
		c.Dialers[number.SIP] = x
	})
	if got, want := x.story(), `sip:+819033334444@city.example as c1-1-2 with ""`; got != want {
		t.Errorf("ended %s, want %s", got, want)
	}
}
