package voice

import (
	"context"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/twiml"
)

// The words for a caller who has to press a key first, in both languages: nobody knows who it is.
var (
	screenWords = []bilingual{{"ja-JP", "おつなぎするには、1を押してください。"}, {"en-US", "To be put through, press 1."}}
	nameWords   = []bilingual{{"ja-JP", "音の後に、お名前をどうぞ。"}, {"en-US", "After the tone, please say your name."}}
)

type bilingual struct{ language, text string }

const (
	screenKey   = "1"
	screenTimes = 2
	screenWait  = 5 * time.Second

	longestName = 5 * time.Second
	nameOver    = time.Second // of silence
)

// Screen asks a caller for a key, twice, and tells whether it was pressed: call.Config.Screen. Machines that call one
// number after the other press none. Where the number wants a name, that is asked for next, twice too; silence is
// none. Without a voice everybody is let through: it may be somebody who calls back about an alert.
func (r *Runner) Screen(ctx context.Context, c *call.Call) (passed bool, err error) {
	clips := r.spoken(ctx, c, screenWords)
	if len(clips) == 0 {
		return true, nil
	}
	if passed, err = pressed(ctx, c, clips); err != nil || !passed || c.Door() != account.Named {
		return passed, err
	}
	clips = r.spoken(ctx, c, nameWords)
	for range screenTimes {
		for _, clip := range clips {
			if err := c.Play(ctx, clip.Source()); err != nil {
				return false, err
			}
		}
		switch name, err := ask(ctx, c); {
		case err != nil:
			return false, err
		case name != nil:
			c.Introduce(name)
			return true, nil
		}
	}
	return len(clips) == 0, nil
}

// spoken are the words as sound, in the languages that can be spoken.
func (r *Runner) spoken(ctx context.Context, c *call.Call, words []bilingual) (clips []*media.Clip) {
	for _, w := range words {
		clip, err := r.Clip(ctx, twiml.NewSay(w.language, w.text))
		if err != nil {
			r.log.Warn("the question to a caller cannot be spoken", "call", c.SID(), "language", w.language, "err", err)
			continue
		}
		clips = append(clips, clip)
	}
	return clips
}

// pressed asks for the key.
func pressed(ctx context.Context, c *call.Call, clips []*media.Clip) (bool, error) {
	for range screenTimes {
		for _, clip := range clips {
			if key, err := c.PlayOrKey(ctx, clip.Source()); key == screenKey || err != nil {
				return err == nil, err
			}
		}
		if key, err := c.Key(ctx, screenWait); key == screenKey || err != nil {
			return err == nil, err
		}
	}
	return false, nil
}

// ask takes down what the caller says after a beep; nil is nothing.
func ask(ctx context.Context, c *call.Call) (*media.Clip, error) {
	if err := c.Play(ctx, media.Beep()); err != nil {
		return nil, err
	}
	until, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	d := &dictation{recorder: media.NewRecorder(longestName), hush: int(nameOver / media.Period), stop: stop}
	deaf := c.Listen(d)
	defer deaf()
	for until.Err() == nil {
		if key, _ := c.Key(until, longestName); key == "" {
			break // a key is no name
		}
	}
	deaf()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case !d.spoken.Load():
		return nil, nil
	}
	samples := d.recorder.Samples()
	if trimmed := media.Trim(samples); len(trimmed) > 0 {
		samples = trimmed
	}
	return media.NewClip(samples, d.words), nil
}
