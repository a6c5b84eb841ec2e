// Package speech turns text into sound.
//
// A [Speaker] is asked for an [Utterance] and answers with a clip of 8 kHz sound: from its cache, or
// from the [Provider] for the language. Text is known before anybody's phone rings, so it is spoken
// before dialling, and an engine that is missing or broken is found out then, never as silence on a call.
package speech

import (
	"context"
	"time"
)

// Span is a piece of what is to be said in one manner. The zero style is the voice's own.
type Span struct {
	Text     string
	Pause    time.Duration // silence before Text
	Language string        // BCP-47, "" for the Utterance's
	Rate     string        // SSML prosody: "slow", "120%" …
	Pitch    string
	Volume   string
	As       string // SSML say-as: "digits", "telephone", "characters", "spell-out", "cardinal", "date", "time"
}

// Utterance is what is to be said in one go.
type Utterance struct {
	Language string // BCP-47: ja-JP, en-US
	Voice    string // Twilio's name of a voice, "" for the language's default
	Spans    []Span
}

// Request is what a Provider gets: plain text in one language and manner, already through the dictionary.
type Request struct {
	Text     string
	Language string  // ja or en
	Voice    string  // the provider's own name, "" for its default
	Rate     float64 // 1 is normal
	Pitch    float64 // semitones, 0 is normal
}

// Sound is what a Provider gives: one channel at any rate.
type Sound struct {
	Rate    int
	Samples []int16
}

// Provider is one engine. Synthesize is called from many goroutines.
type Provider interface {
	Name() string        // part of the cache key
	Version() string     // part of the cache key
	Languages() []string // ja, en …
	Synthesize(ctx context.Context, r Request) (Sound, error)
}
