package voice

import (
	"context"
	"fmt"
	"strings"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/twiml"
)

// start begins what goes on beside the call; the next verb follows at once. There is nothing to hear of a call that is
// not answered: it is.
func (t *run) start(ctx context.Context, v *twiml.Start) error {
	if err := t.call.Answer(ctx); err != nil {
		return err
	}
	for _, n := range v.Nouns {
		switch n := n.(type) {
		case *twiml.Recording:
			channels := 2
			if n.Channels == "mono" {
				channels = 1
			}
			o := t.tapeOrder(v, n.Recorded, channels)
			o.Source = "StartCallRecordingAPI"
			if _, err := t.call.Tape(o); err != nil {
				t.about(n, 0, "the call is not recorded: "+err.Error(), "")
			}
		case *twiml.Stream:
			t.stream(n, false)
		}
	}
	return nil
}

// stop ends streams that <Start> began.
func (t *run) stop(v *twiml.Stop) {
	for _, n := range v.Nouns {
		one, ok := n.(*twiml.Stream)
		if !ok {
			continue
		}
		if s := t.call.StreamNamed(one.Stream); s != nil {
			s.Stop()
			continue
		}
		t.about(n, 0, fmt.Sprintf("the call has no stream %q", one.Stream), "the name that its <Start> gave")
	}
}

// connect lets the server at a stream's other end talk with the caller, until it closes the stream. Then the action is
// asked, or the next verb follows.
func (t *run) connect(ctx context.Context, v *twiml.Connect) (next, error) {
	if err := t.call.Answer(ctx); err != nil {
		return over, err
	}
	for _, n := range v.Nouns {
		one, ok := n.(*twiml.Stream)
		if !ok {
			continue
		}
		t.silent, t.stale = 0, true
		t.call.ForgetKeys()
		s := t.stream(one, true)
		if s == nil {
			break
		}
		err := t.call.Converse(ctx, s)
		if ctx.Err() != nil {
			return over, context.Cause(ctx)
		}
		if err != nil {
			t.streamFailed(one, err)
		}
		break
	}
	if v.Action == "" {
		return next{}, nil
	}
	where, err := t.resolve(v.Action)
	if err != nil {
		return next{jump: &request{url: v.Action, bad: err}}, nil
	}
	return next{jump: &request{method: post(v.Method), url: where}}, nil
}

// stream begins one; nil if there is none, with a notice.
func (t *run) stream(n *twiml.Stream, both bool) *call.Stream {
	o := call.StreamOrder{URL: n.URL, Name: n.Stream, Track: n.Track, Both: both}
	if lower := strings.ToLower(n.URL); !strings.HasPrefix(lower, "ws://") && !strings.HasPrefix(lower, "wss://") {
		t.about(n, 11100, fmt.Sprintf("%q is no WebSocket", n.URL), "wss://…")
		return nil
	}
	for _, p := range n.Parameters {
		if o.Parameters == nil {
			o.Parameters = map[string]string{}
		}
		o.Parameters[p.Name] = p.Value
	}
	if n.StatusCallback != "" {
		where, err := t.resolve(n.StatusCallback)
		if err != nil {
			t.about(n, 11100, err.Error(), "write the whole URL")
		} else {
			o.Callback = call.StreamCallback{URL: where, Method: post(n.StatusCallbackMethod)}
		}
	}
	s, err := t.call.Stream(o)
	if err != nil {
		t.about(n, 0, "no stream: "+err.Error(), "")
		return nil
	}
	return s
}

func (t *run) streamFailed(n *twiml.Stream, err error) {
	code := 31920
	if p, ok := err.(*call.Problem); ok {
		code = p.Code
	}
	at := n.Position()
	t.notify(problem.Problem{Line: at.Line, Column: at.Column, Level: problem.Error, Code: code, Verb: n.Name(), Text: err.Error()})
}
