package voice

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/twiml"
)

// Applications finds what an <Application> names. An error that is account.ErrNotFound is that there is none.
type Applications interface {
	Application(ctx context.Context, owner sid.Account, id sid.Application) (account.Application, error)
}

// application makes the order for an <Application>, as Twilio's pages on it say: the call is its, with the caller's own
// From; To is the application's SID, or whom the caller has called (copyParentTo). What the document tells it comes as
// CustomerId and Param_….
func (t *run) application(ctx context.Context, v *twiml.Dial, n *twiml.Application) (o call.Order, err error) {
	if t.cfg.Applications == nil {
		return o, errors.New("there are no applications in this house")
	}
	rec := t.call.Record()
	id, err := sid.Parse[sid.Application](n.SID)
	if err != nil {
		return o, fmt.Errorf("%q is no application's SID", n.SID)
	}
	a, err := t.cfg.Applications.Application(ctx, rec.Account, id)
	switch {
	case errors.Is(err, account.ErrNotFound):
		return o, fmt.Errorf("there is no application %s in this account", id)
	case err != nil:
		return o, fmt.Errorf("application %s: %w", id, err)
	case a.Voice.URL == "" && a.Voice.TwiML == "":
		return o, fmt.Errorf("application %s has no voice URL: nothing answers", id)
	}
	told := url.Values{"ApplicationSid": {n.SID}, "CustomerId": {cmp.Or(n.CustomerID, string(rec.Account))}}
	for _, p := range n.Parameters {
		told.Set("Param_"+p.Name, p.Value)
	}
	to := n.SID
	if n.CopyParentTo {
		to = rec.To
	}
	o.From = cmp.Or(v.CallerID, rec.From)
	o.To = number.Address{Scheme: number.App, Text: n.SID}
	o.Visit = &call.Visit{
		Account: rec.Account, From: o.From, To: to, Told: told,
		Program:  call.Program{URL: a.Voice.URL, Method: a.Voice.Method, TwiML: a.Voice.TwiML, FallbackURL: a.Voice.FallbackURL, FallbackMethod: a.Voice.FallbackMethod},
		Callback: call.Callback{URL: a.Voice.StatusCallback, Method: a.Voice.StatusCallbackMethod},
	}
	return o, nil
}

// back tells whoever has dialled this application its <Parameter>s.
func (t *run) back(list []twiml.Parameter) {
	if len(list) == 0 {
		return
	}
	told := url.Values{}
	for _, p := range list {
		told.Set("ReturnParam_"+p.Name, p.Value)
	}
	t.call.Return(told)
}
