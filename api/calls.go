package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/twiml"
)

// held is how long an answer waits for a call to change: below the 30 s after which clients give up.
const held = 25 * time.Second

// Placed is a call that is on its way.
type Placed struct {
	Call string `json:"call" doc:"Its SID."`
}

// Call is how a call stands.
type Call struct {
	Call     string    `json:"call"`
	Status   string    `json:"status" enum:"queued,initiated,ringing,in-progress,completed,busy,failed,no-answer,canceled" doc:"In Twilio's words."`
	Over     bool      `json:"over"`
	Cause    string    `json:"cause,omitempty" doc:"Why it ended, in the telephone's words."`
	SIP      int       `json:"sip,omitempty" doc:"The SIP status behind it."`
	Reason   string    `json:"reason,omitempty" doc:"Why it ended, in the words of the trunk or the phone; of test calls, for a while, where they were ordered."`
	From     string    `json:"from,omitempty"`
	To       string    `json:"to"`
	Trunk    string    `json:"trunk,omitempty"`
	Place    int       `json:"place,omitempty" doc:"In the queue for a line, counted from 1; absent if it waits for none."`
	Created  time.Time `json:"created"`
	Answered time.Time `json:"answered,omitzero"`
	Ended    time.Time `json:"ended,omitzero"`
	Seconds  int       `json:"seconds,omitempty" doc:"From the answer to the end."`
	Traced   bool      `json:"traced,omitempty" doc:"Its signalling can be shown: ladder and pcap."`
	Sound    *Sound    `json:"sound,omitempty" doc:"How its sound fared, once it is over; absent where that is not known, as with simulated phones."`
}

type callSID struct {
	SID string `path:"sid" maxLength:"34" example:"CA0123456789abcdef0123456789abcdef"`
}

func (a *API) callRoutes() {
	huma.Register(a.huma, huma.Operation{
		OperationID: "call", Method: http.MethodPost, Path: "/api/calls",
		Summary: "Places one call that says something", DefaultStatus: http.StatusCreated,
	}, a.place)
	huma.Register(a.huma, huma.Operation{
		OperationID: "callState", Method: http.MethodGet, Path: "/api/calls/{sid}",
		Summary:     "How a call stands",
		Description: "With after, the answer is held back until the call's status is another one, for at most 25 s.",
	}, a.callState)
	huma.Register(a.huma, huma.Operation{
		OperationID: "ladder", Method: http.MethodGet, Path: "/api/calls/{sid}/ladder",
		Summary:   "The signalling of a call as a drawing in text, secrets taken out",
		Responses: text("The drawing.", "text/plain"),
	}, func(_ context.Context, in *callSID) (*file, error) {
		ladder, _, err := a.trace(in.SID)
		return &file{ContentType: "text/plain; charset=utf-8", Body: []byte(ladder)}, err
	})
	huma.Register(a.huma, huma.Operation{
		OperationID: "pcap", Method: http.MethodGet, Path: "/api/calls/{sid}/pcap",
		Summary:   "The signalling of a call for Wireshark, secrets taken out",
		Responses: text("The packets.", "application/vnd.tcpdump.pcap"),
	}, func(_ context.Context, in *callSID) (*file, error) {
		_, pcap, err := a.trace(in.SID)
		return &file{ContentType: "application/vnd.tcpdump.pcap", Disposition: `attachment; filename="` + in.SID + `.pcap"`, Body: pcap}, err
	})
}

func (a *API) trace(s string) (ladder string, pcap []byte, err error) {
	id, err := sid.Parse[sid.Call](s)
	if err != nil {
		return "", nil, refuse(http.StatusNotFound, err.Error(), "")
	}
	if a.cfg.Trace != nil {
		if ladder, pcap, ok := a.cfg.Trace.Trace(id); ok {
			return ladder, pcap, nil
		}
	}
	return "", nil, refuse(http.StatusNotFound, "the signalling of "+s+" is not remembered", "it is kept for recent calls of this run only, and simulated calls have none")
}

func (a *API) place(ctx context.Context, in *struct {
	Body struct {
		To       string `json:"to" minLength:"1" maxLength:"2048" doc:"A number, sip:…, sim:…, or a person's name." example:"+819012345678"`
		Say      string `json:"say" minLength:"1" maxLength:"4096" doc:"What to say."`
		Language string `json:"language,omitempty" maxLength:"35" doc:"BCP-47; found out from the text unless given." example:"ja-JP"`
		From     string `json:"from,omitempty" maxLength:"256" doc:"Caller ID; the trunk's own unless given."`
	}
}) (*body[Placed], error) {
	b := in.Body
	to, err := a.whom(strings.TrimSpace(b.To))
	if err != nil {
		return nil, err
	}
	spoken := language(b.Language, b.Say)
	if a.cfg.Engines != nil {
		if why, mute := dumb(a.cfg.Engines(ctx), spoken); mute {
			return nil, refuse(http.StatusServiceUnavailable, fmt.Sprintf("nothing here speaks %q, so the call would be silent", spoken), why)
		}
	}
	doc, err := twiml.Write(twiml.New(twiml.NewSay(spoken, b.Say)))
	if err != nil {
		return nil, refuse(http.StatusUnprocessableEntity, "this cannot be said: "+err.Error(), "")
	}
	word := &lastWord{said: make(chan struct{})}
	c, err := a.cfg.Calls.Place(ctx, call.Order{
		Account: a.cfg.Account, To: to, From: b.From,
		Program: call.Program{TwiML: string(doc)}, FirstWord: 800 * time.Millisecond, Heard: word.hears,
	})
	if err != nil {
		return nil, a.trouble(ctx, "call to "+b.To, err)
	}
	a.words.keep(c.SID(), word)
	return answer(Placed{string(c.SID())}), nil
}

// whom finds the address to call: of a person, or as written. What cannot be called is said now, not by a call that fails.
func (a *API) whom(to string) (number.Address, error) {
	set := a.cfg.House()
	if p, ok := set.People[to]; ok {
		why := "no contact"
		for _, c := range p.Contacts {
			if why = unreachable(c, set.Lines(), a.cfg.Schemes); why == "" {
				return c.Address, nil
			}
		}
		return number.Address{}, refuse(http.StatusUnprocessableEntity, to+" cannot be called: "+why, "give "+to+" another contact, or add a trunk that reaches it")
	}
	addr, err := number.ParseAddress(to)
	if err != nil {
		hint := "people here: " + strings.Join(slices.Sorted(maps.Keys(set.People)), ", ")
		if len(set.People) == 0 {
			hint = "a number (+819012345678), sip:user@host, or sim:name"
		}
		return number.Address{}, refuse(http.StatusUnprocessableEntity, err.Error(), hint)
	}
	if why := unreachable(oncall.Method{Address: addr}, set.Lines(), a.cfg.Schemes); why != "" {
		return number.Address{}, refuse(http.StatusUnprocessableEntity, to+" cannot be called: "+why, "")
	}
	return addr, nil
}

// dumb tells that a language is known and its engine does not work, and what to do. What nobody has heard of is for the call to find out.
func dumb(engines []Engine, language string) (hint string, mute bool) {
	for _, e := range engines {
		if !slices.ContainsFunc(e.Languages, func(l string) bool { return base(l) == base(language) }) {
			continue
		}
		if e.OK {
			return "", false
		}
		hint, mute = e.Hint, true
	}
	return hint, mute
}

// language is the one that is asked for, or that of the script the text is written in.
func language(asked, text string) string {
	if asked != "" {
		return asked
	}
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Han) }) {
		return "ja-JP"
	}
	return "en-US"
}

func (a *API) callState(ctx context.Context, in *struct {
	SID   string `path:"sid" maxLength:"34" example:"CA0123456789abcdef0123456789abcdef"`
	After string `query:"after" maxLength:"16" doc:"The status that is known already."`
}) (*body[Call], error) {
	id, err := sid.Parse[sid.Call](in.SID)
	if err != nil {
		return nil, refuse(http.StatusNotFound, err.Error(), "")
	}
	// Listening begins before the first look, so that no change is missed.
	changed := make(chan struct{}, 1)
	stop := a.cfg.Records.Announce(func(events []timeline.Event) {
		if slices.ContainsFunc(events, func(e timeline.Event) bool { return e.Call == string(id) }) {
			select {
			case changed <- struct{}{}:
			default:
			}
		}
	})
	defer stop()
	late := time.NewTimer(held)
	defer late.Stop()
	for {
		// The store, not the desk: what is announced is in the store, and the call may be another node's.
		r, err := a.cfg.CallRecords.Call(ctx, a.cfg.Account, id)
		if err != nil {
			return nil, a.trouble(ctx, "call "+in.SID, err)
		}
		if string(r.Status) != in.After || r.Status.Over() {
			return answer(a.callView(ctx, r)), nil
		}
		select {
		case <-changed:
		case <-late.C:
			return answer(a.callView(ctx, r)), nil
		case <-ctx.Done():
			return nil, a.trouble(ctx, "call "+in.SID, ctx.Err())
		case <-a.life.Done():
			return answer(a.callView(ctx, r)), nil
		}
	}
}

func (a *API) callView(ctx context.Context, r call.Record) Call {
	place, reason := 0, ""
	if r.Status.Over() {
		reason = a.words.why(ctx, r.SID)
	}
	if live, ok := a.cfg.Calls.Live(r.SID); ok {
		place = live.Place()
	}
	return Call{
		Place: place,
		Call:  string(r.SID), Status: string(r.Status), Over: r.Status.Over(), Cause: string(r.Cause), SIP: r.SIPStatus, Reason: reason,
		From: r.From, To: r.To, Trunk: r.Trunk, Created: r.Created, Answered: r.Answered, Ended: r.Ended,
		Seconds: int(r.Duration() / time.Second), Traced: a.traced(r.SID), Sound: soundView(r.Sound),
	}
}
