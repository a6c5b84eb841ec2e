package storetest

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/timeline"
)

const (
	owner    sid.Account = "AC00000000000000000000000000000001"
	stranger sid.Account = "AC00000000000000000000000000000002"
)

// Record makes the record of a call with all its fields filled.
func Record(n int) call.Record {
	return call.Record{
		SID: sid.Call(fmt.Sprintf("CA%032d", n)), Account: owner, Parent: "CA99999999999999999999999999999999", Direction: call.OutboundAPI,
		From: "+815012345678", To: "+819011112222", Status: call.Completed, Cause: leg.HungUp, SIPStatus: 200, Trunk: "ntt", Attempt: "at-1",
		AnsweredBy: "human", Program: call.Program{TwiML: "<Response/>", FallbackURL: "https://example.com/f", FallbackMethod: "GET"},
		Callback: call.Callback{URL: "https://example.com/s", Method: "POST", Events: []string{"initiated", "completed"}}, CallbackSeq: 4,
		Created: Base, Updated: Base.Add(time.Minute), Started: Base.Add(time.Second), Answered: Base.Add(5 * time.Second),
		Ended: Base.Add(time.Minute), Node: "a", Remains: leg.Remains(`{"bye": 1}`),
		Sound: leg.Sound{Codec: "PCMU", Sent: 2750, Heard: 2740, Lost: 10, Late: 1, Concealed: 11, Jitter: 4 * time.Millisecond, Told: true, RoundTrip: 23 * time.Millisecond},
	}
}

func callLife(t *testing.T, s Store, _ func() Store) {
	r := Record(1)
	r.Status, r.Ended = call.InProgress, time.Time{}
	write(t, s, func(tx dispatch.Tx) error { return tx.PutCall(r) })
	got, err := s.Call(t.Context(), owner, r.SID)
	ok(t, err)
	same(t, "the call as it was stored", got, r)

	over := Record(1)
	p := call.Post{ID: "CA1-4", Account: owner, Call: r.SID, Method: "POST", URL: "https://example.com/s",
		Params: url.Values{"CallStatus": {"completed"}}, Due: Base}
	change := call.Change{Record: over, Posts: []call.Post{p},
		Events: []timeline.Event{{At: Base, Kind: timeline.CallEnded, Call: string(r.SID), Cause: "hung-up"}}}
	ok(t, s.Change(t.Context(), change))
	got, err = s.Call(t.Context(), owner, r.SID)
	ok(t, err)
	same(t, "the call at its end", got, over)
	events, err := s.Events(t.Context(), "", 0, 0)
	ok(t, err)
	if len(events) != 1 || events[0].Kind != timeline.CallEnded {
		t.Errorf("events: %+v", events)
	}
	ok(t, s.Change(t.Context(), change)) // once more, because its answer was lost
	ok(t, s.Posted(t.Context(), p.ID))
	ok(t, s.Posted(t.Context(), p.ID))

	_, err = s.Call(t.Context(), stranger, r.SID)
	is(t, err, call.ErrNotFound)
	_, err = s.Call(t.Context(), owner, "CA0")
	is(t, err, call.ErrNotFound)
}

func callName(r call.Record) string { return string(r.SID[len(r.SID)-1:]) }

func callFilters(t *testing.T, s Store, _ func() Store) {
	for n := range 6 {
		r := Record(n)
		r.Started = Base.Add(time.Duration(n) * time.Hour)
		r.Ended = r.Started.Add(time.Minute)
		switch n {
		case 1:
			r.To, r.From = "sip:sato@example.com", "client:suzuki"
		case 2:
			r.Status, r.Started, r.Ended = call.Queued, time.Time{}, time.Time{}
		case 3:
			r.Account = stranger
		case 4:
			r.Parent = ""
		}
		ok(t, s.Change(t.Context(), call.Change{Record: r}))
	}
	at := func(h int) time.Time { return Base.Add(time.Duration(h) * time.Hour) }
	for _, tt := range []struct {
		name string
		f    call.Filter
		want string
		more bool
	}{
		{"all", call.Filter{}, "[5 4 3 2 1 0]", false},
		{"of an account", call.Filter{Account: owner}, "[5 4 2 1 0]", false},
		{"to", call.Filter{To: "sip:sato@example.com"}, "[1]", false},
		{"from", call.Filter{From: "client:suzuki"}, "[1]", false},
		{"in a state", call.Filter{Status: call.Queued}, "[2]", false},
		{"of a parent", call.Filter{Account: owner, Parent: Record(0).Parent}, "[5 2 1 0]", false},
		{"started on or after", call.Filter{StartedFrom: at(4)}, "[5 4]", false},
		{"started before", call.Filter{StartedTo: at(3)}, "[1 0]", false},
		{"started between", call.Filter{StartedFrom: at(1), StartedTo: at(5)}, "[4 3 1]", false},
		{"ended on or after", call.Filter{EndedFrom: at(4)}, "[5 4]", false},
		{"ended before", call.Filter{EndedTo: at(3)}, "[1 0]", false},
		{"first page", call.Filter{Account: owner, Limit: 2}, "[5 4]", true},
		{"second page", call.Filter{Account: owner, Limit: 2, After: Record(4).SID}, "[2 1]", true},
		{"last page", call.Filter{Account: owner, Limit: 2, After: Record(1).SID}, "[0]", false},
		{"a page that fits", call.Filter{Account: owner, Limit: 5}, "[5 4 2 1 0]", false},
	} {
		list, more, err := s.Calls(t.Context(), tt.f)
		ok(t, err)
		same(t, tt.name, names(list, callName), tt.want)
		same(t, tt.name+": more", more, tt.more)
	}
	_, _, err := s.Calls(t.Context(), call.Filter{After: "CA0"})
	is(t, err, call.ErrNotFound)
}

func callsByTheirTime(t *testing.T, s Store, _ func() Store) {
	// The first call had to wait for a line; two of the others started at the same moment.
	for n, started := range []int{9, 1, 2, 2, 3} {
		r := Record(n)
		r.Started = Base.Add(time.Duration(started) * time.Hour)
		r.Ended = Base.Add(time.Duration(20-n) * time.Hour)
		ok(t, s.Change(t.Context(), call.Change{Record: r}))
	}
	for _, tt := range []struct {
		f    call.Filter
		want string
	}{
		{call.Filter{}, "43210"},
		{call.Filter{StartedFrom: Base}, "04321"},
		{call.Filter{StartedTo: Base.Add(9 * time.Hour)}, "4321"},
		{call.Filter{EndedFrom: Base}, "01234"},
		{call.Filter{EndedTo: Base.Add(19 * time.Hour)}, "234"},
		{call.Filter{StartedFrom: Base, EndedTo: Base.Add(20 * time.Hour)}, "4321"},
		{call.Filter{StartedFrom: Base, EndedTo: Base.Add(20 * time.Hour), Status: Record(0).Status, To: Record(0).To, From: Record(0).From}, "4321"},
		{call.Filter{StartedFrom: Base, Status: Record(0).Status}, "04321"},
		{call.Filter{EndedFrom: Base, Status: Record(0).Status, From: Record(0).From}, "01234"},
		{call.Filter{EndedFrom: Base, To: Record(0).To}, "01234"},
	} {
		seen := ""
		for tt.f.Account, tt.f.Limit = owner, 2; ; {
			list, more, err := s.Calls(t.Context(), tt.f)
			ok(t, err)
			for _, r := range list {
				seen += callName(r)
				tt.f.After = r.SID
			}
			if !more {
				break
			}
		}
		if seen != tt.want {
			t.Errorf("%+v: %s, want %s", tt.f, seen, tt.want)
		}
	}
}

func callDeletedWhilePaging(t *testing.T, s Store, _ func() Store) {
	deletedWhilePaging(t, s, 0, call.Filter{})
	deletedWhilePaging(t, s, 10, call.Filter{StartedFrom: Base.Add(-time.Hour)})
	deletedWhilePaging(t, s, 20, call.Filter{EndedTo: Base.Add(24 * time.Hour)})

	_, err := s.Call(t.Context(), owner, Record(1).SID)
	is(t, err, call.ErrNotFound)
	is(t, s.DeleteCall(t.Context(), owner, Record(1).SID), call.ErrNotFound)
	// A late word of the call does not bring it back.
	ok(t, s.Change(t.Context(), call.Change{Record: Record(1)}))
	_, err = s.Call(t.Context(), owner, Record(1).SID)
	is(t, err, call.ErrNotFound)

	ok(t, s.Change(t.Context(), call.Change{Record: Record(7)}))
	is(t, s.DeleteCall(t.Context(), stranger, Record(7).SID), call.ErrNotFound)
}

// deletedWhilePaging lists five calls, the first of which has this number, and deletes what it sees.
func deletedWhilePaging(t *testing.T, s Store, first int, f call.Filter) {
	t.Helper()
	for n := range 5 {
		ok(t, s.Change(t.Context(), call.Change{Record: Record(first + n)}))
	}
	seen := ""
	for f.Account, f.Limit = owner, 2; ; {
		list, more, err := s.Calls(t.Context(), f)
		ok(t, err)
		for _, r := range list {
			seen += callName(r)
			f.After = r.SID
			ok(t, s.DeleteCall(t.Context(), owner, r.SID))
		}
		if !more {
			break
		}
	}
	same(t, "seen", seen, "43210")
	left, _, err := s.Calls(t.Context(), call.Filter{})
	ok(t, err)
	same(t, "left", len(left), 0)
}
