package voice

import (
	"cmp"
	"context"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/speech"
	"github.com/kaden-project/kaden/twiml"
)

// endless is what loop="0" means (Twilio's pages on Say and Play).
const endless = 1000

// say speaks.
func (t *run) say(ctx context.Context, v *twiml.Say) error {
	clip, err := t.words(ctx, v)
	if clip == nil || err != nil {
		return err
	}
	return t.hear(ctx, clip, v.Loop)
}

// words are the sound of a Say; nil if there is nothing to say. A speaker that fails is replaced by a beep:
// whoever was called is not left in silence.
func (t *run) words(ctx context.Context, v *twiml.Say) (*media.Clip, error) {
	if strings.TrimSpace(v.Text()) == "" {
		return nil, nil
	}
	clip, err := t.cfg.Speaker.Speak(ctx, t.utterance(v))
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		t.log.Error("nothing can be said", "verb", "Say", "err", err)
		t.trouble(v, problem.Error, 13520, "it cannot be spoken: "+err.Error(), "kaden doctor shows the speech engines")
		return alarm, nil
	}
	return clip, nil
}

// alarm is heard in the place of words that cannot be spoken.
var alarm = func() *media.Clip {
	var samples []int16
	for range 3 {
		samples = append(samples, record(media.Beep())...)
		samples = append(samples, make([]int16, media.Rate/4)...)
	}
	return media.NewClip(samples, "(beeps in place of words)")
}()

func record(src media.Source) (samples []int16) {
	var f media.Frame
	for more := true; more; {
		more = src.Read(&f)
		samples = append(samples, f[:]...)
	}
	return samples
}

// hear answers, if nobody has, and plays a clip some times.
func (t *run) hear(ctx context.Context, clip *media.Clip, loop int) error {
	if err := t.call.Answer(ctx); err != nil {
		return err
	}
	for range times(loop) {
		if err := t.call.Play(ctx, clip.Source()); err != nil {
			return err
		}
	}
	t.silent, t.stale = 0, true
	return nil
}

func times(loop int) int {
	if loop <= 0 || loop > endless {
		return endless
	}
	return loop
}

// utterance is a Say as a Speaker takes it.
func (r *Runner) utterance(v *twiml.Say) speech.Utterance {
	u := speech.Utterance{Language: v.Language, Voice: v.Voice}
	if !strings.Contains(v.Voice, ".") { // Polly.Mizuki knows its language by itself
		u.Language = cmp.Or(v.Language, r.cfg.Language)
	}
	for _, s := range v.Spans {
		span := speech.Span{Text: s.Text, Pause: s.Pause, Language: s.Language, Rate: s.Rate, Pitch: s.Pitch, Volume: s.Volume, As: s.As}
		if s.Alias != "" {
			span.Text = s.Alias
		}
		if span.Volume == "" && s.Emphasis == "strong" {
			span.Volume = "loud"
		}
		u.Spans = append(u.Spans, span)
	}
	return u
}

// Prepare speaks every Say of a document, those inside Gather too, so that nothing has to be spoken while
// somebody listens. It fails if any of it cannot be spoken.
func (r *Runner) Prepare(ctx context.Context, doc *twiml.Response) error {
	if doc == nil {
		return nil
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for _, v := range says(doc.Verbs) {
		if strings.TrimSpace(v.Text()) == "" {
			continue
		}
		g.Go(func() error {
			_, err := r.cfg.Speaker.Speak(ctx, r.utterance(v))
			return err
		})
	}
	return g.Wait()
}

// Clip is what a Say sounds like, for whoever lets it be heard elsewhere than on its call.
func (r *Runner) Clip(ctx context.Context, v *twiml.Say) (*media.Clip, error) {
	return r.cfg.Speaker.Speak(ctx, r.utterance(v))
}

// atOnce is how many Says of one document are spoken at a time.
const atOnce = 4

func says(verbs []twiml.Verb) (list []*twiml.Say) {
	for _, v := range verbs {
		switch v := v.(type) {
		case *twiml.Say:
			list = append(list, v)
		case *twiml.Gather:
			list = append(list, says(v.Nested)...)
		}
	}
	return list
}
