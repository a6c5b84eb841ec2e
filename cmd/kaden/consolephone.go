package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/kaden-project/kaden/api"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/clientsdk"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
)

// The phone in the console calls as any page does that speaks the SDK: its token names an application. This one is
// kaden's own, and no other token can name it.

// ownApplication is what answers the console's phone.
func (r *rooms) ownApplication() sid.Application {
	name := sha256.Sum256([]byte("kaden console " + string(r.account.SID)))
	return sid.Application("AP" + hex.EncodeToString(name[:16]))
}

// afterDial is asked when a call that the console's phone has made is over, or came to nothing.
const afterDial = dispatch.Origin + "/phone/after"

// dialOf is the TwiML that calls somebody. Whoever is called and how follows from it alone, so that what holds for any
// <Dial> holds here: reach, trunks, what calls cost.
func dialOf(to number.Address) string {
	noun := "Number"
	name := to.String()
	switch to.Scheme {
	case number.Tel:
		name = string(to.Number)
	case number.SIP:
		noun = "Sip"
	case number.Client:
		noun, name = "Client", to.Text
	}
	return fmt.Sprintf(`<Response><Dial answerOnBridge="true" timeout="60" action="%s"><%s>%s</%[2]s></Dial></Response>`, afterDial, noun, escaped(name))
}

// mayPhone says why the console's phone may not call somebody, or what speaks against it though it may: nil and "" where
// there is nothing to say. Numbers of our own cost nothing and need no trunk.
func (r *rooms) mayPhone(ctx context.Context, to number.Address) (warning string, err error) {
	if !slices.Contains(r.schemes(), to.Scheme) {
		return "", fmt.Errorf("%s: addresses cannot be called from here", to.Scheme)
	}
	if to.Scheme != number.Tel {
		return "", nil
	}
	if _, own := r.numberCalled(string(to.Number)); own {
		return "", nil
	}
	if ok, why := to.Number.Class().Dialable(); !ok {
		return "", errors.New(why)
	}
	if len(r.house.Load().Trunks) == 0 {
		return "", errors.New("there is no trunk to the telephone network")
	}
	refused, warning := r.desk.Reach(to)
	if refused != "" {
		return "", errors.New(refused)
	}
	return warning, r.affordable(ctx, r.account, to)
}

// fromConsole is what answers a call of the console's phone. What its page says is not believed: who may be called is
// looked at again.
func (r *rooms) fromConsole(ctx context.Context, v clientsdk.Visit) (call.Visit, error) {
	to, err := number.ParseAddress(v.Params.Get("To"))
	if err != nil {
		return call.Visit{}, &clientsdk.Error{Code: 31404, Message: err.Error()}
	}
	if _, err := r.mayPhone(ctx, to); err != nil {
		return call.Visit{}, &clientsdk.Error{Code: 31404, Message: err.Error()}
	}
	shown := to.String()
	if to.Scheme == number.Tel {
		shown = string(to.Number)
	}
	return call.Visit{
		SID: v.Call, Account: v.Account, From: "client:" + v.Identity, To: shown, Program: call.Program{TwiML: dialOf(to)},
	}, nil
}

// afterDialled ends a call that nobody has answered with the reason for that, so that the page can say it. TwiML alone
// knows busy and a no.
func (r *rooms) afterDialled(ctx context.Context, q call.Ask) (call.Reply, error) {
	cause, failed := map[string]leg.Cause{
		string(call.Busy): leg.Busy, string(call.NoAnswer): leg.NoAnswer, string(call.Failed): leg.Unreachable,
	}[q.Params.Get("DialCallStatus")]
	if c, ok := r.desk.Live(q.Call); ok && failed && c.Record().Status == call.Ringing {
		c.End(cause)
		<-ctx.Done() // the script is part of the call
		return call.Reply{}, context.Cause(ctx)
	}
	return call.Reply{URL: q.URL, Status: http.StatusOK, ContentType: "text/xml", Body: []byte("<Response><Hangup/></Response>")}, nil
}

// tabs are the browsers on duty that the console knows: those of its own account.
func (r *rooms) tabs() (list []api.Tab) {
	if r.browsers == nil {
		return nil
	}
	for _, t := range r.browsers.signal.Duty() {
		if t.Account == r.account.SID {
			list = append(list, api.Tab{Identity: t.Identity, From: t.Source, Agent: t.Agent, Since: t.Since})
		}
	}
	return list
}
