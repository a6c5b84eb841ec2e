package call_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/number"
)

// measuring is a dialer whose legs know how their sound fares.
type measuring struct {
	leg.Dialer
	how leg.Sound
}

func (d measuring) Dial(ctx context.Context, to leg.Target, o leg.Options) (leg.Leg, error) {
	l, err := d.Dialer.Dial(ctx, to, o)
	if err != nil {
		return nil, err
	}
	return measured{l.(*simleg.Leg), d.how}, nil
}

type measured struct {
	*simleg.Leg
	how leg.Sound
}

func (m measured) Sound() leg.Sound { return m.how }

func TestTheRecordSaysHowTheSoundFared(t *testing.T) {
	how := leg.Sound{Codec: "PCMA", Sent: 500, Heard: 450, Lost: 50, Jitter: 5 * time.Millisecond, Told: true, RoundTrip: 40 * time.Millisecond}
	story(t, func(h *house) {
		h.phones["sim:sato"] = simleg.Behaviour{AnswerAfter: time.Second, Actions: []simleg.Action{{At: 10 * time.Second, HangUp: true}}}
		c, _ := h.place(call.Order{Program: call.Program{TwiML: "<Response/>"}})
		before := 0
		r := c.Wait()
		h.want("sound", r.Sound, how)
		for _, change := range h.store.all() {
			if change.Record.Sound != (leg.Sound{}) {
				before++
				h.want("the state that it was written with", change.Record.Status, call.Completed)
			}
		}
		h.want("changes that carried it", before, 1)
		if !strings.Contains(h.log.String(), "PCMA, heard 450 packets, 10 % lost") {
			h.Errorf("the log does not say how it sounded:\n%s", h.log)
		}
	}, func(c *call.Config) {
		c.Dialers[number.Sim] = measuring{c.Dialers[number.Sim], how}
	})
}

func TestASimulatedPhoneHasNothingToTellOfItsSound(t *testing.T) {
	story(t, func(h *house) {
		h.phones["sim:sato"] = simleg.Behaviour{AnswerAfter: time.Second, Actions: []simleg.Action{{At: 10 * time.Second, HangUp: true}}}
		c, _ := h.place(call.Order{Program: call.Program{TwiML: "<Response/>"}})
		h.want("sound", c.Wait().Sound, leg.Sound{})
		if strings.Contains(h.log.String(), "\"sound\"") {
			h.Errorf("the log says something of the sound:\n%s", h.log)
		}
	})
}
