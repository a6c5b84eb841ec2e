package api

import (
	"time"

	"github.com/kaden-project/kaden/leg"
)

// Sound is how the sound of a call fared on its way.
type Sound struct {
	Codec       string    `json:"codec" enum:"PCMU,PCMA,G722"`
	Heard       uint64    `json:"heard" doc:"Packets that came."`
	Lost        uint64    `json:"lost" doc:"Packets that should have come and did not."`
	Late        uint64    `json:"late" doc:"Packets, of those heard, that came too late to be played."`
	Discarded   uint64    `json:"discarded" doc:"Pieces of 20 ms that were left out to shorten the delay."`
	Concealed   uint64    `json:"concealed" doc:"Pieces of 20 ms that were made up."`
	Jitter      float64   `json:"jitter" doc:"How unevenly packets came, in ms (RFC 3550), at the end."`
	WorstJitter float64   `json:"worstJitter" doc:"The same when it was worst."`
	Sent        uint64    `json:"sent" doc:"Packets that we sent."`
	Far         *FarSound `json:"far,omitempty" doc:"How the far end heard us; absent where it does not say (RTCP)."`
}

// FarSound is how the far end heard us.
type FarSound struct {
	Lost      uint64  `json:"lost" doc:"Of the packets that we sent."`
	Jitter    float64 `json:"jitter" doc:"In ms."`
	RoundTrip float64 `json:"roundTrip,omitempty" doc:"There and back, in ms; absent where it is not known."`
}

// soundView is nil for a call of which nothing is known.
func soundView(s leg.Sound) *Sound {
	if s == (leg.Sound{}) {
		return nil
	}
	ms := func(d time.Duration) float64 {
		return float64(d.Round(10*time.Microsecond)) / float64(time.Millisecond)
	}
	v := &Sound{
		Codec: s.Codec, Heard: s.Heard, Lost: s.Lost, Late: s.Late, Discarded: s.Discarded, Concealed: s.Concealed,
		Jitter: ms(s.Jitter), WorstJitter: ms(s.WorstJitter), Sent: s.Sent,
	}
	if s.Told {
		v.Far = &FarSound{Lost: s.LostThere, Jitter: ms(s.FarJitter), RoundTrip: ms(s.RoundTrip)}
	}
	return v
}
