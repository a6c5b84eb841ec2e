package call_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/media/mediatest"
	"github.com/kaden-project/kaden/trunk"
)

// gateway is a trunk that says by ear what others say in SIP.
var gateway = trunk.Trunk{Name: "gateway", Server: "gateway.example", Unreliable: true}

var readOut = sync.OnceValue(func() *media.Clip { return media.NewClip(mediatest.Announcement(12*media.Rate, 7), "announcement") })

// announcement is somebody who speaks without end.
func announcement() media.Source { return media.Repeat(0, readOut().Source) }

func TestWhatALineSaysByEarBeforeTheAnswer(t *testing.T) {
	for _, c := range []struct {
		name   string
		sound  func() media.Source
		heard  string
		played string // on the timeline, in order
		after  [2]time.Duration
		kept   bool
	}{
		{"a busy tone", media.BusyTone, "initiated over gateway, ringing over gateway, busy busy 487 by us over gateway",
			"busy", [2]time.Duration{2 * time.Second, 4 * time.Second}, true},
		{"a full network", media.ReorderTone, "initiated over gateway, ringing over gateway, busy busy 487 by us over gateway",
			"congestion", [2]time.Duration{2 * time.Second, 4 * time.Second}, true},
		{"information tones", func() media.Source {
			return media.Sequence(media.Tone(330*time.Millisecond, -16, 950), media.Tone(330*time.Millisecond, -16, 1400), media.Tone(330*time.Millisecond, -16, 1800), announcement())
		}, "initiated over gateway, ringing over gateway, no-answer unreachable 487 by us over gateway",
			"information-tones", [2]time.Duration{500 * time.Millisecond, 1500 * time.Millisecond}, true},
		{"an announcement", announcement, "initiated over gateway, ringing over gateway, no-answer unreachable 487 by us over gateway",
			"announcement", [2]time.Duration{8 * time.Second, 8 * time.Second}, true},
		{"an announcement, then ringback", func() media.Source {
			return media.Sequence(media.NewClip(mediatest.Announcement(4*media.Rate, 7), "please wait").Source(), media.Ringback())
		}, "initiated over gateway, ringing over gateway, no-answer no-answer 487 by us over gateway",
			"announcement ringback", [2]time.Duration{20 * time.Second, 20 * time.Second}, false},
		{"ringback", media.Ringback, "initiated over gateway, ringing over gateway, no-answer no-answer 487 by us over gateway",
			"ringback", [2]time.Duration{20 * time.Second, 20 * time.Second}, false},
		{"nothing", func() media.Source { return media.Silence(time.Hour) }, "initiated over gateway, ringing over gateway, no-answer no-answer 487 by us over gateway",
			"silence", [2]time.Duration{20 * time.Second, 20 * time.Second}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			kept := &shelf{}
			story(t, func(h *house) {
				placed, heard := h.place(call.Order{To: tel("+819011112222"), Ring: 20 * time.Second, Alert: "a1"})
				p := h.phone()
				p.Early()
				p.Say(c.sound())
				placed.Wait()
				if after := h.after(); after < c.after[0] || after > c.after[1]+20*time.Millisecond {
					h.Errorf("it ended after %v", after)
				}
				h.want("heard", heard, c.heard)
				var played []string
				for line := range strings.Lines(h.store.said("call.played")) {
					word, _, _ := strings.Cut(line, " ")
					played = append(played, word)
				}
				h.want("played", strings.Join(played, " "), c.played)
				h.want("others called", len(h.met), 0) // a phone may have rung
			}, trunks(gateway, kddi), on(kept))
			all := kept.all()
			if len(all) > 1 || len(all) == 1 != c.kept {
				t.Fatalf("%d clips are kept, want one %v", len(all), c.kept)
			}
			if !c.kept {
				return
			}
			if r := all[0]; r.Source != "Trunking" || r.Track != "inbound" || r.Duration < 800*time.Millisecond || r.Duration > 15*time.Second {
				t.Errorf("the clip is %s %s %v", r.Source, r.Track, r.Duration)
			}
		})
	}
}

func TestATrunkThatIsBelievedIsNotListenedTo(t *testing.T) {
	story(t, func(h *house) {
		c, heard := h.place(call.Order{To: tel("+819011112222"), Ring: 20 * time.Second})
		p := h.phone()
		p.Early()
		p.Say(media.BusyTone())
		c.Wait()
		h.want("heard", heard, "initiated over ntt, ringing over ntt, no-answer no-answer 487 by us over ntt")
		h.want("played", h.store.said("call.played"), "")
	}, trunks(ntt))
}

func TestAnAnswerWinsOverAnAnnouncement(t *testing.T) {
	story(t, func(h *house) {
		c, heard := h.place(call.Order{To: tel("+819011112222"), Ring: 20 * time.Second})
		p := h.phone()
		p.Early()
		p.Say(announcement())
		time.Sleep(7 * time.Second)
		p.Answer()
		time.Sleep(10 * time.Second)
		p.HangUp()
		c.Wait()
		h.want("heard", heard, "initiated over gateway, ringing over gateway, in-progress over gateway, completed hung-up over gateway")
	}, trunks(gateway), script(func(ctx context.Context, c *call.Call) error { return c.Sleep(ctx, time.Hour) }))
}

func TestAnAnswerThatIsABusyTone(t *testing.T) {
	var unsure []bool
	story(t, func(h *house) {
		var e heard
		o := call.Order{Account: acct, To: tel("+819011112222"), From: "+815012345678", Heard: func(v call.Event) {
			e.add(v)
			if v.Status == call.InProgress {
				unsure = append(unsure, v.Unsure)
			}
		}}
		c, err := h.desk.Place(h.Context(), o)
		if err != nil {
			h.Fatal(err)
		}
		p := h.phone()
		p.Ring()
		p.Answer()
		p.Say(media.BusyTone())
		r := c.Wait()
		synctest.Wait()
		h.want("heard", &e, "initiated over gateway, ringing over gateway, in-progress over gateway, completed busy by us over gateway")
		h.want("cause", r.Cause, leg.Busy)
		h.want("an answer that proves nobody", len(unsure) == 1 && unsure[0], true)
		if after := h.after(); after > 4*time.Second {
			h.Errorf("it took %v", after)
		}
	}, trunks(gateway), script(func(ctx context.Context, c *call.Call) error { return c.Sleep(ctx, time.Hour) }))
}

func TestAnAnswerThatRingsOnGoesOn(t *testing.T) {
	story(t, func(h *house) {
		c, heard := h.place(call.Order{To: tel("+819011112222")})
		p := h.phone()
		p.Ring()
		p.Answer()
		p.Say(media.Ringback())
		time.Sleep(15 * time.Second)
		p.Press("1")
		time.Sleep(time.Second)
		p.HangUp()
		c.Wait()
		h.want("heard", heard, "initiated over gateway, ringing over gateway, in-progress over gateway, in-progress key 1, completed hung-up over gateway")
		h.want("played", h.store.said("call.played"), "ringback the line plays ringback")
	}, trunks(gateway), script(func(ctx context.Context, c *call.Call) error { return c.Sleep(ctx, time.Hour) }))
}

// A busy tone that begins later than that is somebody who has hung up at the far end of a gateway.
func TestAPersonWhoAnswersSpeaksForAsLongAsTheyLike(t *testing.T) {
	story(t, func(h *house) {
		c, heard := h.place(call.Order{To: tel("+819011112222")})
		p := h.phone()
		p.Ring()
		p.Answer()
		p.Say(announcement())
		time.Sleep(30 * time.Second)
		p.HangUp()
		c.Wait()
		h.want("heard", heard, "initiated over gateway, ringing over gateway, in-progress over gateway, completed hung-up over gateway")
		h.want("played", h.store.said("call.played"), "")
	}, trunks(gateway), script(func(ctx context.Context, c *call.Call) error { return c.Sleep(ctx, time.Hour) }))
}
