// Package media is sound: frames, clips, codecs, tones, digits and the clock that paces them.
//
// Inside kaden sound is always 8 kHz, 16 bits, one channel, in [Frame]s of 20 ms. A [Source] is
// pulled and a [Sink] is pushed by the goroutine that paces a leg; neither may block, allocate in
// the steady state or lock for long. There is no socket here.
package media

import "time"

// The one format inside the house.
const (
	Rate    = 8000                  // samples a second
	Samples = 160                   // samples of a Frame
	Period  = 20 * time.Millisecond // length of a Frame
)

// Frame is 20 ms of sound.
type Frame [Samples]int16

// Source is something that can be heard. Read fills f and tells whether there is more;
// when it answers false, f is still valid and the Source is finished.
type Source interface {
	Read(f *Frame) (more bool)
}

// Encoded is a Source that has its sound ready in a codec, so that a prompt is encoded once and
// sent to every leg from the same memory. ReadEncoded returns 160 bytes that the caller must not
// change; ok is false when this Source cannot serve the codec (the caller then uses Read).
type Encoded interface {
	Source
	ReadEncoded(c Codec) (payload []byte, more, ok bool)
}

// Captioned is a Source that can say in words what is heard now, so that a test and the timeline can read it.
type Captioned interface {
	Caption() string
}

// Sink is somebody who listens: a digit detector, a recorder, the other leg of a bridge.
type Sink interface {
	Write(f *Frame)
}

// Codec is a way to put a Frame into 160 bytes.
type Codec uint8

// The codecs of every telephone network, and the one of telephones that want to sound better.
const (
	PCMU Codec = 0 // G.711 µ-law, RTP payload type 0
	PCMA Codec = 8 // G.711 A-law, RTP payload type 8
	G722 Codec = 9 // G.722 at 64 kbit/s, RTP payload type 9; spoken by [Mouth] and [Jitter], which remember what was before
)
