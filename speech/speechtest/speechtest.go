// Package speechtest is a speech engine for the tests of other rooms.
//
// [Provider] makes, without any program, a sound that is the same for the same text, different for another
// text, never silent, and as long as the text: [PerRune] for each character. So a test can tell by
// the length and by correlation (media/mediatest) what was said; the words themselves are in the
// caption of the clip, which [speech.Speaker] sets.
package speechtest

import (
	"context"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/speech"
)

// PerRune is how long a character takes.
const PerRune = 60 * time.Millisecond

// Provider is a fake engine. The zero value speaks Japanese and English.
type Provider struct {
	For   []string                           // languages, if not ja and en
	Fail  func(r speech.Request) error       // asked before each synthesis; nil means that all is well
	Delay time.Duration                      // how long a synthesis takes, on the clock of time
	Heard func(r speech.Request)             // called with each request; must be safe for many goroutines
	Sound func(r speech.Request) (s []int16) // in place of the usual sound, at 8 kHz

	runs atomic.Int64
}

var _ speech.Provider = (*Provider)(nil)

// Runs is how often something was synthesised.
func (p *Provider) Runs() int { return int(p.runs.Load()) }

// Name is "speechtest".
func (p *Provider) Name() string { return "speechtest" }

// Version is "1".
func (p *Provider) Version() string { return "1" }

// Languages is ja and en, or what For says.
func (p *Provider) Languages() []string {
	if p.For != nil {
		return p.For
	}
	return []string{"ja", "en"}
}

// Synthesize makes the sound.
func (p *Provider) Synthesize(ctx context.Context, r speech.Request) (speech.Sound, error) {
	p.runs.Add(1)
	if p.Heard != nil {
		p.Heard(r)
	}
	if p.Delay > 0 {
		select {
		case <-time.After(p.Delay):
		case <-ctx.Done():
			return speech.Sound{}, context.Cause(ctx)
		}
	}
	if p.Fail != nil {
		if err := p.Fail(r); err != nil {
			return speech.Sound{}, err
		}
	}
	if p.Sound != nil {
		return speech.Sound{Rate: media.Rate, Samples: p.Sound(r)}, nil
	}
	return speech.Sound{Rate: media.Rate, Samples: babble(r)}, nil
}

// babble is a syllable for each character, whose pitch and colour follow from the text.
func babble(r speech.Request) []int16 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(r.Language + "\x00" + r.Text))
	rnd := rand.New(rand.NewPCG(h.Sum64(), 1))
	length := int(PerRune * media.Rate / time.Second)
	if r.Rate > 0 {
		length = int(float64(length) / r.Rate)
	}
	out := make([]int16, 0, length*utf8.RuneCountInString(r.Text))
	phase := 0.0
	for range utf8.RuneCountInString(r.Text) {
		pitch, formant := 100+rnd.Float64()*100, 1+rnd.Float64()*8
		for i := range length {
			phase += 2 * math.Pi * pitch / media.Rate
			v := 0.0
			for k := 1.0; k < 12; k++ {
				v += math.Sin(phase*k) / (1 + math.Abs(k-formant))
			}
			shape := 0.3 + 0.7*math.Sin(math.Pi*float64(i)/float64(length))
			out = append(out, int16(3000*v*shape))
		}
	}
	return out
}
