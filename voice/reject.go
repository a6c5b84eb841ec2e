package voice

import (
	"context"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/twiml"
)

// reject refuses a call that has not been answered. One that has been is hung up (contract 1.3).
func (t *run) reject(ctx context.Context, v *twiml.Reject) error {
	if t.call.Record().Status != call.Ringing {
		t.trouble(v, problem.Warning, 0, "the call is answered: it is hung up instead", "<Reject> stands first in a document")
		return nil
	}
	t.back(v.Parameters)
	t.call.Reject(v.Reason == "busy")
	<-ctx.Done()
	return context.Cause(ctx)
}
