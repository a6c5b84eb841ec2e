package voice

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"strconv"
	"strings"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/twiml"
)

// refer asks the phone of the call to call somebody else in our place, as Twilio's page on Refer says:
//
//  1. The call is answered, and the phone is sent a REFER.
//  2. It tells how its new call goes. When that is answered or has failed, the action is asked, or the next verb follows.
//  3. A caller who hangs up before tells the action all the same, and its answer is not run. Most phones hang up by
//     themselves once the new call is answered.
//
// Who is not on a SIP phone cannot be transferred: 13801, and the next verb.
func (t *run) refer(ctx context.Context, v *twiml.Refer) (next, error) {
	if v.Sip == nil {
		return next{}, nil // the checker has said so
	}
	target, headers, err := referTarget(v.Sip)
	if err != nil {
		t.trouble(v, problem.Error, 13243, err.Error(), "sip:user@host")
		return next{}, nil
	}
	if err := t.call.Answer(ctx); err != nil {
		return over, err
	}
	t.silent, t.stale = 0, true
	out, err := t.call.Transfer(ctx, target, headers)
	switch {
	case ctx.Err() != nil:
		t.tellEnd(ctx, v.Action, v.Method, referred(out, true))
		return over, context.Cause(ctx)
	case errors.Is(err, call.ErrNoTransfer):
		t.trouble(v, problem.Error, 13801, err.Error(), "<Dial> reaches everybody from every kind of call")
		return next{}, nil
	case err != nil:
		t.trouble(v, problem.Error, 0, "the phone was not asked to transfer the call: "+err.Error(), "")
	}
	if v.Action == "" {
		return next{}, nil
	}
	where, err := t.resolve(v.Action)
	if err != nil {
		return next{jump: &request{url: v.Action, bad: err}}, nil
	}
	return next{jump: &request{method: post(v.Method), url: where, extra: referred(out, false)}}, nil
}

// referred is what the action of a Refer is told.
func referred(out call.Transferred, left bool) url.Values {
	told := url.Values{}
	if out.Answer != 0 {
		told.Set("ReferSipResponseCode", strconv.Itoa(out.Answer))
	}
	if out.Status != 0 {
		told.Set("NotifySipResponseCode", strconv.Itoa(out.Status))
	}
	switch s := out.Status; {
	case s >= 200 && s < 300:
		told.Set("ReferCallStatus", string(call.InProgress))
	case left && s < 200:
		told.Set("ReferCallStatus", string(call.Canceled))
	case s == 486, s == 600, s == 603:
		told.Set("ReferCallStatus", string(call.Busy))
	case s == 408, s == 480, s == 487:
		told.Set("ReferCallStatus", string(call.NoAnswer))
	case s >= 300, out.Answer != 202:
		told.Set("ReferCallStatus", string(call.Failed))
	}
	return told // a phone that took the wish and never said a word of the new call has no status
}

// referTarget takes the headers of the new call off the address (RFC 3261 19.1.1) and out of <Headers>.
func referTarget(n *twiml.Sip) (target string, told map[string]string, err error) {
	target, query, _ := strings.Cut(n.URI, "?")
	if lower := strings.ToLower(target); !strings.HasPrefix(lower, "sip:") && !strings.HasPrefix(lower, "sips:") && !strings.HasPrefix(lower, "tel:") {
		target = "sip:" + target
	}
	told, err = addressHeaders(query)
	if err != nil {
		return "", nil, err
	}
	maps.Copy(told, headers(n.Headers))
	return target, told, nil
}
