package leg

import (
	"fmt"
	"strings"
	"time"

	"github.com/kaden-project/kaden/media"
)

// Measured is a Leg that knows how its sound fares on its way. It may be asked during the call, and says how it was when
// the leg has ended.
type Measured interface{ Sound() Sound }

// Sound is how the sound of a leg has fared on its way. What came is counted here, packet by packet from the answer or the
// first early sound on; how ours arrived is the far end's to say (RTCP, RFC 3550 section 6.4). The zero Sound is a leg
// that had none, or cannot tell.
type Sound struct {
	Codec string `json:"codec,omitempty"` // PCMU, PCMA, G722

	Sent  uint64 `json:"sent,omitempty"`  // packets
	Heard uint64 `json:"heard,omitempty"` // packets
	Lost  uint64 `json:"lost,omitempty"`  // packets that should have come and did not

	// What the jitter buffer made of it; nothing while nobody listened.
	Late      uint64 `json:"late,omitempty"`      // packets, of those heard, that came after their time
	Discarded uint64 `json:"discarded,omitempty"` // frames of 20 ms that were left out to shorten the delay
	Concealed uint64 `json:"concealed,omitempty"` // frames of 20 ms that were made up, in part or whole

	Jitter      time.Duration `json:"jitter,omitempty"`      // unevenness of arrival (RFC 3550 section 6.4.1), at the end
	WorstJitter time.Duration `json:"worstJitter,omitempty"` // … and when it was worst

	Told      bool          `json:"told,omitempty"`      // the far end has said how it hears us: the next three
	LostThere uint64        `json:"lostThere,omitempty"` // of the packets Sent
	FarJitter time.Duration `json:"farJitter,omitempty"`
	RoundTrip time.Duration `json:"roundTrip,omitempty"` // to the far end and back; 0 is not known
}

// Add takes in what a Reception and a jitter buffer have counted.
func (s *Sound) Add(r *media.Reception, j media.JitterStats) {
	s.Heard, s.Lost = r.Packets(), r.Lost()
	s.Jitter, s.WorstJitter = r.Jitter()
	s.Late, s.Discarded, s.Concealed = j.Late, j.Dropped, j.Concealed
}

// Report takes in what the far end says of our sound, heard at a moment.
func (s *Sound) Report(b media.ReportBlock, at time.Time) {
	s.Told = true
	s.LostThere = uint64(max(0, b.Lost))
	s.FarJitter = time.Duration(b.Jitter) * (time.Second / media.Rate)
	if d, ok := b.RoundTrip(at); ok {
		s.RoundTrip = d
	}
}

// Loss is which part of the packets never came, from 0 to 1.
func (s Sound) Loss() float64 { return part(s.Lost, s.Heard+s.Lost) }

// LossThere is which part of ours the far end has not heard, from 0 to 1.
func (s Sound) LossThere() float64 { return part(s.LostThere, max(s.Sent, s.LostThere)) }

func part(n, of uint64) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// String is the Sound in words, for an operator; "" for the zero Sound.
func (s Sound) String() string {
	if s == (Sound{}) {
		return ""
	}
	ms := func(d time.Duration) string { return fmt.Sprintf("%.3g ms", float64(d)/float64(time.Millisecond)) }
	var b strings.Builder
	fmt.Fprintf(&b, "%s, heard %d packets", s.Codec, s.Heard)
	if s.Heard > 0 {
		fmt.Fprintf(&b, ", %.2g %% lost, jitter %s (%s at the worst)", 100*s.Loss(), ms(s.Jitter), ms(s.WorstJitter))
	}
	if s.Late > 0 || s.Discarded > 0 {
		fmt.Fprintf(&b, ", %d late, %d frames discarded", s.Late, s.Discarded)
	}
	if s.Told {
		fmt.Fprintf(&b, "; the far end lost %.2g %% of our %d, jitter %s", 100*s.LossThere(), s.Sent, ms(s.FarJitter))
	} else {
		fmt.Fprintf(&b, "; we sent %d, of which the far end says nothing", s.Sent)
	}
	if s.RoundTrip > 0 {
		fmt.Fprintf(&b, ", round trip %s", ms(s.RoundTrip))
	}
	return b.String()
}
