package phonetest

import (
	"context"
	"slices"
	"sync"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/voice"
)

// Shelf is where a House keeps what was recorded; its Web serves it, so that it can be played.
type Shelf struct {
	web *Web

	mu   sync.Mutex
	kept []voice.Recording
}

// shelfOrigin is where the recordings of a House are.
const shelfOrigin = "https://recordings.example/"

// Keep keeps r once it has its sound.
func (s *Shelf) Keep(_ context.Context, r voice.Recording) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	url := shelfOrigin + string(r.SID)
	if r.WAV == nil {
		return url, nil
	}
	s.kept = append(s.kept, r)
	s.web.Handle(url, func(call.Ask) call.Reply {
		return call.Reply{Status: 200, ContentType: "audio/x-wav", Body: r.WAV}
	})
	return url, nil
}

// Kept are the recordings so far, oldest first.
func (s *Shelf) Kept() []voice.Recording {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.kept)
}
