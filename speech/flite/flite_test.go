package flite

import (
	"errors"
	"log/slog"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/media/mediatest"
	"github.com/kaden-project/kaden/speech"
)

func engine(t *testing.T) *Provider {
	t.Helper()
	if _, err := exec.LookPath(DefaultProgram); err != nil {
		t.Skip("skipped: no flite; apt-get install flite, or make test, installs it")
	}
	return New(Config{})
}

func TestFliteSpeaksEnglish(t *testing.T) {
	p := engine(t)
	const text = "The disk of database one is ninety five percent full."
	s, err := p.Synthesize(t.Context(), speech.Request{Text: text, Language: "en", Rate: 1})
	if err != nil {
		t.Fatal(err)
	}
	if length := time.Duration(len(s.Samples)) * time.Second / time.Duration(s.Rate); length < 2*time.Second || length > 6*time.Second {
		t.Errorf("%v of sound", length)
	}
	slow, err := p.Synthesize(t.Context(), speech.Request{Text: text, Language: "en", Rate: 0.75, Voice: "rms"})
	if err != nil {
		t.Fatal(err)
	}
	if len(slow.Samples) <= len(s.Samples) {
		t.Error("slow is not longer")
	}
	if v := p.Version(); !strings.Contains(v, "flite-") || !strings.HasSuffix(v, " slt") {
		t.Errorf("version %q", v)
	}
}

func TestTextIsNeverAnOption(t *testing.T) {
	p := engine(t)
	for _, text := range []string{"-voice nobody", "--help", "/etc/passwd"} {
		if _, err := p.Synthesize(t.Context(), speech.Request{Text: text}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestTheSpeakerBringsFliteToTheTelephone(t *testing.T) {
	s := speech.New(slog.New(slog.DiscardHandler), speech.Config{Providers: []speech.Provider{engine(t)}})
	say := func(text string) []int16 {
		c, err := s.Speak(t.Context(), speech.Utterance{Language: "en-US", Spans: []speech.Span{{Text: text}}})
		if err != nil {
			t.Fatal(err)
		}
		return c.Samples()
	}
	if m := mediatest.Find(say("The disk is full on the database."), say("Nobody answers at the web server.")); m.Score > 0.6 {
		t.Errorf("two messages cannot be told apart: %+v", m)
	}
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	p := New(Config{Program: "kaden-no-such-engine"})
	if _, err := p.Synthesize(t.Context(), speech.Request{Text: "Hello"}); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("%v", err)
	}
	if _, err := p.Synthesize(t.Context(), speech.Request{Text: "\n"}); err == nil {
		t.Error("nothing is spoken")
	}
	if v := p.Version(); v != "unknown slt" {
		t.Errorf("version %q", v)
	}
}
