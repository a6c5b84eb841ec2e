package media

import (
	"sync"
	"time"
)

// Clip is a finished sound with words that say what it is. It never changes, so that every call that
// plays it shares the memory; it is encoded once for each codec, when the first leg needs it.
// All methods may be called from any goroutine.
type Clip struct {
	samples []int16
	caption string
	encoded [2]struct {
		once  sync.Once
		bytes []byte
	}
}

// NewClip makes a Clip of samples at 8 kHz. It keeps the slice: the caller must not change it afterwards.
func NewClip(samples []int16, caption string) *Clip {
	return &Clip{samples: samples, caption: caption}
}

// Samples is the sound, at 8 kHz. The slice is shared and must not be changed.
func (c *Clip) Samples() []int16 { return c.samples }

// Caption says in words what is heard.
func (c *Clip) Caption() string { return c.caption }

// Duration is the length of the sound, without the silence that fills its last frame.
func (c *Clip) Duration() time.Duration {
	return time.Duration(len(c.samples)) * time.Second / Rate
}

// Source plays the Clip from its beginning. Each Source has its own place; the sound is shared.
func (c *Clip) Source() Source { return &clipSource{clip: c} }

// Encoded is the whole Clip in codec, filled up with silence to whole frames. The bytes are shared and
// must not be changed. The first call for a codec does the work.
func (c *Clip) Encoded(codec Codec) []byte {
	e := &c.encoded[0]
	if codec == PCMA {
		e = &c.encoded[1]
	}
	e.once.Do(func() {
		out := make([]byte, c.frames()*Samples)
		var f Frame
		for i := range c.frames() {
			c.frame(&f, i)
			codec.Encode(out[i*Samples:], &f)
		}
		e.bytes = out
	})
	return e.bytes
}

// frames counts at least one: even a Clip of nothing takes a frame to say that it is over.
func (c *Clip) frames() int { return max(1, (len(c.samples)+Samples-1)/Samples) }

func (c *Clip) frame(f *Frame, i int) {
	n := 0
	if at := i * Samples; at < len(c.samples) {
		n = copy(f[:], c.samples[at:])
	}
	clear(f[n:])
}

type clipSource struct {
	clip *Clip
	next int
}

var (
	_ Encoded   = (*clipSource)(nil)
	_ Captioned = (*clipSource)(nil)
)

func (s *clipSource) Read(f *Frame) bool {
	s.clip.frame(f, s.next)
	return s.advance()
}

func (s *clipSource) ReadEncoded(c Codec) (payload []byte, more, ok bool) {
	if !c.Companded() {
		return nil, false, false
	}
	if s.next >= s.clip.frames() {
		return silence(c), false, true
	}
	at := s.next * Samples
	return s.clip.Encoded(c)[at : at+Samples : at+Samples], s.advance(), true
}

func (s *clipSource) advance() (more bool) {
	s.next = min(s.next+1, s.clip.frames())
	return s.next < s.clip.frames()
}

func (s *clipSource) Caption() string { return s.clip.caption }
