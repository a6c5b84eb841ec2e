package dispatch

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/kaden-project/kaden/twiml"
)

// errUnspoken is why nobody is called where the engines take too long, or hang.
var errUnspoken = fmt.Errorf("the words were not ready within %v; kaden doctor tries the engines", rendering)

// speech is what the calls of one moment have in common: a thousand people who hear the same words have
// them spoken once, and ask once whether the call-out is still ours.
type speech struct {
	d *Dispatcher

	mu    sync.Mutex
	words map[string]func() error
	ours  func() error
}

func newSpeech(d *Dispatcher) *speech { return &speech{d: d, words: map[string]func() error{}} }

// prepare has the script spoken into the cache. If the alert's own words cannot be spoken in time, the
// script falls back to words that were prepared at the start; a person is never called to hear silence.
func (s *speech) prepare(ctx context.Context, r *run, l *line) error {
	err := s.speak(ctx, s.d.script(s.d.telling(l, l.aboard(), false)))
	if err == nil {
		return nil
	}
	if again := s.speak(context.WithoutCancel(ctx), s.d.script(s.d.telling(l, l.aboard(), true))); again != nil {
		return err
	}
	r.log.Warn("the alert's words cannot be spoken; saying it plainly", "err", err)
	l.speakPlainly()
	return nil
}

// speak prepares a document unless one with the same words is being prepared.
func (s *speech) speak(ctx context.Context, doc *twiml.Response) error {
	key := spoken(doc.Verbs)
	s.mu.Lock()
	f := s.words[key]
	if f == nil {
		f = sync.OnceValue(func() error {
			ctx, stop := context.WithTimeoutCause(ctx, rendering, errUnspoken)
			defer stop()
			return s.d.cfg.Caller.Prepare(ctx, doc)
		})
		s.words[key] = f
	}
	s.mu.Unlock()
	return f()
}

// mine is stillMine, asked once for all.
func (s *speech) mine(ctx context.Context, r *run) error {
	s.mu.Lock()
	if s.ours == nil {
		s.ours = sync.OnceValue(func() error { return s.d.stillMine(ctx, r) })
	}
	f := s.ours
	s.mu.Unlock()
	return f()
}

// spoken is all that a document says, in its language.
func spoken(verbs []twiml.Verb) string {
	var b strings.Builder
	for _, v := range verbs {
		switch v := v.(type) {
		case *twiml.Say:
			b.WriteString(v.Language + " " + v.Text() + "\n")
		case *twiml.Play:
			b.WriteString(v.URL + "\n")
		case *twiml.Gather:
			b.WriteString(spoken(v.Nested))
		}
	}
	return b.String()
}
