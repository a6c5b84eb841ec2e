package voice_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/phonetest"
	"github.com/kaden-project/kaden/speech"
	"github.com/kaden-project/kaden/twiml"
	"github.com/kaden-project/kaden/voice"
)

var to = number.Address{Scheme: number.Sim, Text: "sato"}

// lisp is a speaker with one word too many for it. What it says tells how: by which voice, in which language unless that is
// English, and in which manner.
type lisp struct{ phonetest.Mumble }

func (l lisp) Speak(ctx context.Context, u speech.Utterance) (*media.Clip, error) {
	for _, s := range u.Spans {
		if strings.Contains(s.Text, "unspeakable") {
			return nil, errLisp
		}
	}
	clip, err := l.Mumble.Speak(ctx, u)
	if how := manner(u); how != "" && err == nil {
		return media.NewClip(clip.Samples(), clip.Caption()+" ("+how+")"), nil
	}
	return clip, err
}

// manner is how something is to be said.
func manner(u speech.Utterance) string {
	var how []string
	add := func(before, word string) {
		if word != "" {
			how = append(how, before+word)
		}
	}
	add("by ", u.Voice)
	add("in ", strings.TrimPrefix(u.Language, "en-US"))
	for _, s := range u.Spans {
		add(s.Text+" in ", s.Language)
		add(s.Text+" as ", s.As)
		add(s.Text+" at ", s.Rate)
		add(s.Text+" pitched ", s.Pitch)
		add(s.Text+" ", s.Volume)
	}
	return strings.Join(how, ", ")
}

// scribe writes down what is to be spoken.
type scribe struct {
	mu   sync.Mutex
	said []speech.Utterance
}

func (s *scribe) Speak(_ context.Context, u speech.Utterance) (*media.Clip, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said = append(s.said, u)
	return media.NewClip(nil, ""), nil
}

func TestPrepareSpeaksEverythingBeforeAnybodyIsCalled(t *testing.T) {
	s := &scribe{}
	r := voice.New(slog.New(slog.DiscardHandler), voice.Config{Speaker: s, Language: "ja-JP"})
	err := r.Prepare(t.Context(), twiml.New(
		twiml.NewSay("", "通報です"),
		twiml.NewGather("/took", 1, twiml.NewSay("en-US", "Press 1"), &twiml.Say{Voice: "Polly.Mizuki", Loop: 1, Spans: []twiml.Span{{Text: "1", As: "digits", Alias: "一", Emphasis: "strong"}}}),
		twiml.NewSay("", " "),
		&twiml.Redirect{},
	))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, u := range s.said {
		got = append(got, strings.Join([]string{u.Language, u.Voice, u.Spans[0].Text, u.Spans[0].As, u.Spans[0].Volume}, "|"))
	}
	slices.Sort(got)
	want := []string{"en-US||Press 1||", "ja-JP||通報です||", "|Polly.Mizuki|一|digits|loud"}
	if !slices.Equal(got, want) {
		t.Errorf("spoken %q, want %q", got, want)
	}
}

func TestPrepareFailsBeforeAnybodyIsCalled(t *testing.T) {
	doc := twiml.New(twiml.NewSay("", "fine"), twiml.NewGather("", 1, twiml.NewSay("", "unspeakable")))
	r := voice.New(slog.New(slog.DiscardHandler), voice.Config{Speaker: lisp{}})
	if err := r.Prepare(t.Context(), doc); !errors.Is(err, errLisp) {
		t.Errorf("prepare: %v, want %v", err, errLisp)
	}
	mute := voice.New(slog.New(slog.DiscardHandler), voice.Config{})
	if err := mute.Prepare(t.Context(), doc); err == nil {
		t.Errorf("a house without an engine prepared something")
	}
	if err := mute.Prepare(t.Context(), twiml.New(&twiml.Hangup{})); err != nil {
		t.Errorf("nothing to say, and yet: %v", err)
	}
}
