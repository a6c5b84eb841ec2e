package voice

import (
	"context"

	"github.com/kaden-project/kaden/twiml"
)

// pause is silence. As the first verb of an inbound call it delays the answer (contract 1.3).
func (t *run) pause(ctx context.Context, v *twiml.Pause) error {
	if v.Length <= 0 {
		return nil
	}
	t.silent, t.stale = 0, true
	return t.call.Sleep(ctx, v.Length)
}
