package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/kaden-project/kaden/api"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg/sipleg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/trunk"
)

// signOn tells the SIP server which lines there are and how each carrier is spoken to.
func (r *rooms) signOn() {
	if r.sip == nil {
		return // the house is being built
	}
	var lines []sipleg.Line
	for _, t := range r.house.Load().Trunks {
		lines = append(lines, lineOf(t))
	}
	r.sip.SetLines(lines)
	r.pager.Set(r.house.Load().Trunks)
	smscs := r.house.Load().SMSCs
	r.smscs.Set(smscs)
	r.turns.soon()
	r.watch.forget(func(name string) bool {
		return slices.ContainsFunc(lines, func(l sipleg.Line) bool { return l.Name == name }) ||
			slices.ContainsFunc(smscs, func(s trunk.SMSC) bool { return smscLine(s.Name) == name })
	})
}

// registering are the trunks that register.
func (r *rooms) registering() (names []string) {
	for _, t := range r.house.Load().Trunks {
		if t.SIP.Register {
			names = append(names, t.Name)
		}
	}
	return names
}

// lineOf is a trunk as SIP sees it.
func lineOf(t trunk.Trunk) sipleg.Line {
	l := sipleg.Line{
		Name: t.Name, Server: t.Server, Proxy: t.SIP.Proxy, User: t.User, Login: t.SIP.Login, Password: t.Password,
		Register: t.SIP.Register, Expires: t.SIP.Expires, Ping: t.SIP.Ping, Messages: t.Messages.As != "",
		Manner: sipleg.Manner{Tel: t.SIP.Tel, Private: t.SIP.Private, NoPRACK: t.SIP.NoPRACK, Session: t.SIP.Session},
	}
	if n, err := number.Parse(t.From, number.Home); err == nil {
		l.Number = string(n)
	}
	l.DTMF, l.InBand, l.Secret = uint8(t.SIP.DTMF), t.InBandDTMF, t.SIP.Secret
	l.Packet = t.SIP.Packet
	for _, name := range t.SIP.Codecs {
		l.Codecs = append(l.Codecs, map[string]media.Codec{"pcmu": media.PCMU, "pcma": media.PCMA, "g722": media.G722}[name])
	}
	switch t.SIP.CallerID {
	case trunk.InAsserted:
		l.CallerID = sipleg.InAsserted
	case trunk.InPreferred:
		l.CallerID = sipleg.InPreferred
	}
	return l
}

// lineChanged takes how a line stands now: people are told, and other nodes.
func (r *rooms) lineChanged(s sipleg.Standing) {
	r.watch.changed(s)
	r.turns.soon()
	r.pager.Changed()
}

// lineDown tells whether a trunk is known not to work.
func (r *rooms) lineDown(name string) bool {
	s, ok := r.sip.Standing(name)
	return ok && s.Down()
}

// standings are how the lines stand with their carriers, for the API; those of which nothing is known are left out.
func (r *rooms) standings() map[string]api.Standing {
	all := map[string]api.Standing{}
	for _, s := range append(r.sip.Standings(), r.smscStandings()...) {
		if s.Condition == "" {
			continue
		}
		one := api.Standing{State: string(s.Condition), Since: s.Since, Server: s.Server, Why: s.Why, Remedy: s.Remedy, Down: s.Down(), Node: s.Holder}
		if !s.Until.IsZero() {
			one.Until = &s.Until
		}
		if !s.Next.IsZero() {
			one.Next = &s.Next
		}
		if s.Seen.IsValid() {
			one.Seen = s.Seen.String()
		}
		all[s.Line] = one
	}
	return all
}

// checkTrunk looks at a SIP trunk for the API, and calls a number over it if there is one.
func (r *rooms) checkTrunk(ctx context.Context, name, to string) (out []api.Finding, err error) {
	found, ok := r.sip.Check(ctx, name)
	if !ok {
		return nil, fmt.Errorf("trunk %s is being set up; try again", name)
	}
	for _, f := range found {
		out = append(out, findingOf(f.What, f.Text, f.Remedy, f.Wrong, f.Unsure))
	}
	if to != "" {
		out = append(out, r.checkCall(ctx, name, to))
	}
	return append(out, r.lastCalls(name)...), nil
}

// lastCalls says that a trunk has failed calls, until one has shown that it works again.
func (r *rooms) lastCalls(name string) (out []api.Finding) {
	for _, t := range r.desk.Trunks() {
		if words := t.Health.Words(time.Now()); t.Name == name && words != "" {
			out = append(out, findingOf("calls", words, fmt.Sprintf("a test call says whether it works again: kaden trunk check %s --call NUMBER", name), t.Health.Down(), true))
		}
	}
	return out
}

func findingOf(what, text, remedy string, wrong, unsure bool) api.Finding {
	f := api.Finding{What: what, Level: "ok", Text: text, Remedy: remedy}
	switch {
	case wrong:
		f.Level = "wrong"
	case unsure:
		f.Level = "unknown"
	}
	return f
}

// A test call rings no longer than this, and says no more than this.
const (
	testRing = 25 * time.Second
	testCall = `<Response><Pause length="1"/><Say language="ja-JP">kaden のテストです。</Say><Say language="en-US">This is a test of kaden.</Say></Response>`
)

// checkCall calls a number over the trunk and says what came of it.
func (r *rooms) checkCall(ctx context.Context, name, to string) api.Finding {
	address, err := number.ParseAddress(to)
	if err != nil || address.Scheme != number.Tel {
		return findingOf("call", fmt.Sprintf("%q is no telephone number", to), "write --call 090-1234-5678", true, false)
	}
	heard := make(chan call.Event, 64)
	_, err = r.desk.Place(ctx, call.Order{
		Account: r.account.SID, To: address, Trunk: name, Program: call.Program{TwiML: testCall}, Ring: testRing, TimeLimit: testRing,
		Heard: func(e call.Event) {
			select {
			case heard <- e:
			default:
			}
		},
	})
	if err != nil {
		return findingOf("call", err.Error(), "the server's log says more", true, false)
	}
	rang := false
	for {
		select {
		case e := <-heard:
			switch {
			case e.Status == call.Ringing:
				rang = true
			case e.Status == call.InProgress && e.Digit == "" && e.AnsweredBy == "":
				return findingOf("call", "it was answered: the line carries calls; whether the sentence was heard, only who answered can say", "", false, false)
			case e.Status.Over():
				return callOver(e, rang)
			}
		case <-ctx.Done():
			return findingOf("call", "it takes too long to tell", "", false, true)
		}
	}
}

// callOver says what an unanswered test call means for the line.
func callOver(e call.Event, rang bool) api.Finding {
	if rang {
		return findingOf("call", fmt.Sprintf("it rang and was not answered (%s): the line carries calls", e.Cause), "", false, false)
	}
	why, remedy := sipleg.Explain(e.SIP)
	text := e.Text
	if text == "" {
		text = string(e.Cause)
	}
	if e.SIP == 0 {
		remedy = "the look at the server above says more; kaden why shows the signalling"
	} else if why != "" {
		text += ": " + why
	}
	return findingOf("call", text, remedy, true, false)
}
