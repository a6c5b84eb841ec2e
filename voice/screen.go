package voice

import (
	"context"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/twiml"
)

// The words for a caller who has to press a key first, in both languages: nobody knows who it is.
var screenWords = []struct{ language, text string }{
	{"ja-JP", "おつなぎするには、1を押してください。"},
	{"en-US", "To be put through, press 1."},
}

const (
	screenKey   = "1"
	screenTimes = 2
	screenWait  = 5 * time.Second
)

// Screen asks a caller for a key, twice, and tells whether it was pressed: call.Config.Screen. Machines that call one
// number after the other press none. Without a voice everybody is let through: it may be somebody who calls back
// about an alert.
func (r *Runner) Screen(ctx context.Context, c *call.Call) (passed bool, err error) {
	var clips []*media.Clip
	for _, w := range screenWords {
		clip, err := r.Clip(ctx, twiml.NewSay(w.language, w.text))
		if err != nil {
			r.log.Warn("the question to a caller cannot be spoken", "call", c.SID(), "language", w.language, "err", err)
			continue
		}
		clips = append(clips, clip)
	}
	if len(clips) == 0 {
		return true, nil
	}
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
