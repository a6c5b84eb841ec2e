package main_test

import (
	"encoding/binary"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/media/mediatest"
	"github.com/kaden-project/kaden/timeline"
)

// playsEarly lets a sound be heard before the answer, which does not come.
func (x *exchange) playsEarly(d *dialog, src media.Source) {
	sound, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		x.t.Error(err)
		return
	}
	defer sound.Close()
	x.says(d, "183 Session Progress", someSDP(uint16(sound.LocalAddr().(*net.UDPAddr).Port)), nil)
	x.plays(d, sound, src)
}

// plays sends a sound as PCMU until the call is over.
func (x *exchange) plays(d *dialog, from *net.UDPConn, src media.Source) {
	begun := time.Now()
	var f media.Frame
	for i := 0; ; i++ {
		if !x.pass(d, time.Until(begun.Add(time.Duration(i)*media.Period))) { // the pace of the packets
			return
		}
		src.Read(&f)
		b := make([]byte, 12+media.Samples)
		b[0] = 0x80
		binary.BigEndian.PutUint16(b[2:], uint16(i))
		binary.BigEndian.PutUint32(b[4:], uint32(media.Samples*i))
		binary.BigEndian.PutUint32(b[8:], 0x6b616465)
		media.PCMU.Encode(b[12:], &f)
		from.WriteToUDPAddrPort(b, d.rtp)
	}
}

var readOut = sync.OnceValue(func() *media.Clip { return media.NewClip(mediatest.Announcement(12*media.Rate, 7), "announcement") })

// speaks is somebody who reads something out, without end.
func speaks() media.Source { return media.Repeat(0, readOut().Source) }

// gatewayAt is a trunk that says by ear what others say in SIP.
func gatewayAt(x *exchange) string {
	return "trunk: gateway\nserver: " + x.addr() + "\nfrom: \"+815012345678\"\nanswer: unreliable"
}

// satoPlays makes sato's line play something before the answer, or after it; suzuki takes the alert.
func satoPlays(h habit) func(user string, nth int) habit {
	return func(user string, nth int) habit {
		if user == "suzuki" {
			return takesIt(user, nth)
		}
		return h
	}
}

// What a home gateway says by ear alone brings the next person as soon as it is certain, and acknowledges nothing.
func TestWhatAGatewaySaysByEarBringsTheNextPerson(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	const plan = "plan: default\nconfirm: none\nsteps:\n  - call: [sato, suzuki]\n    order: in-turn\n    ring: 20s\n    rounds: 1\n"
	for _, c := range []struct {
		name   string
		sato   habit
		played string
		ends   timeline.Kind
		most   time.Duration // from sato's INVITE to suzuki's
	}{
		{"a busy tone as early media", habit{early: media.BusyTone}, "busy", timeline.AttemptBusy, 5 * time.Second},
		{"an announcement as early media", habit{early: speaks}, "announcement", timeline.AttemptUnreachable, 9 * time.Second},
		{"an answer, and a busy tone", habit{answer: 100 * time.Millisecond, plays: media.BusyTone}, "busy", timeline.AttemptBusy, 5 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			x := newExchange(t, satoPlays(c.sato))
			s := serve(t)
			s.apply(gatewayAt(x), sato, suzukiAt(x), plan)
			id := s.alarm("disk full on db01")
			first := x.rung("+819011111111", 1)
			next := x.rung("suzuki", 1)
			s.until(id, timeline.AlertAcknowledged, "suzuki")
			n := s.night(id)
			if _, ok := n.first(c.ends, "sato"); !ok {
				t.Errorf("sato's call did not end as %s:\n%s", c.ends, n)
			}
			if took := next.Sub(first); took > c.most {
				t.Errorf("suzuki was called %v after sato:\n%s", took, n)
			}
			if e, ok := n.first(timeline.CallPlayed, ""); !ok || e.Cause != c.played {
				t.Errorf("nothing says that %s was heard:\n%s", c.played, n)
			}
			if n.By != "suzuki" {
				t.Errorf("it is taken by %q", n.By)
			}
		})
	}
}

// A carrier that answers (200) and reads out that nobody can be reached has acknowledged nothing, though the plan says that
// an answer is enough: the next person rings, and takes it with a key.
func TestAnAnswerThatIsAnAnnouncementAcknowledgesNothing(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, satoPlays(habit{answer: 100 * time.Millisecond, plays: speaks}))
	s := serve(t)
	s.apply(gatewayAt(x), sato, suzukiAt(x), "plan: default\nconfirm: none\nsteps:\n  - call: [sato, suzuki]\n    order: in-turn\n    rounds: 1\n")
	id := s.alarm("disk full on db01")
	x.rung("+819011111111", 1)
	x.rung("suzuki", 1)
	s.until(id, timeline.AlertAcknowledged, "suzuki")
	n := s.night(id)
	if _, confirmed := n.first(timeline.AttemptConfirmed, "sato"); confirmed || n.By != "suzuki" {
		t.Errorf("an announcement has taken it:\n%s", n)
	}
	if e, ok := n.first(timeline.AttemptAnswered, "sato"); !ok || !strings.Contains(e.Text, "a key is asked for") {
		t.Errorf("nothing says that the answer proves nobody:\n%s", n)
	}
}
