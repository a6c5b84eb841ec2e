package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
)

func queuesKept(t *testing.T, s Store, reopen func() Store) {
	put := func(id sid.Queue, a sid.Account, name string, most int) error {
		return s.PutQueue(t.Context(), call.QueueRecord{SID: id, Account: a, Name: name, Most: most, Created: Base, Updated: Base.Add(time.Duration(most) * time.Second)})
	}
	ok(t, put("QU01", owner, "受付", 10))
	ok(t, put("QU02", stranger, "受付", 10))
	ok(t, put("QU03", owner, "sales", 20))
	is(t, put("QU04", owner, "sales", 20), call.ErrQueueExists)
	is(t, put("QU01", owner, "sales", 20), call.ErrQueueExists)
	ok(t, put("QU01", owner, "reception", 5))
	ok(t, put("QU05", owner, "受付", 7))
	s = reopen()
	got, err := s.QueueNamed(t.Context(), owner, "reception")
	ok(t, err)
	same(t, "the queue", got, call.QueueRecord{SID: "QU01", Account: owner, Name: "reception", Most: 5, Created: Base, Updated: Base.Add(5 * time.Second)})
	listed := fmt.Sprint(pages(t, func(q call.QueueRecord) string { return string(q.SID) }, func(p account.Page) ([]call.QueueRecord, int64, error) {
		return s.Queues(t.Context(), owner, p)
	}))
	if listed != "[[QU05 QU03] [QU01]]" {
		t.Errorf("queues %s", listed)
	}
	_, err = s.Queue(t.Context(), stranger, "QU01")
	is(t, err, call.ErrNoQueue)
	_, err = s.QueueNamed(t.Context(), owner, "nobody's")
	is(t, err, call.ErrNoQueue)
	is(t, s.DeleteQueue(t.Context(), stranger, "QU01"), call.ErrNoQueue)
	ok(t, s.DeleteQueue(t.Context(), owner, "QU01"))
	_, err = s.Queue(t.Context(), owner, "QU01")
	is(t, err, call.ErrNoQueue)
}

func conferencesKept(t *testing.T, s Store, reopen func() Store) {
	c := call.ConferenceRecord{SID: "CF01", Account: owner, Name: "war room", Status: "init", Created: Base, Updated: Base, Node: "a"}
	ok(t, s.PutConference(t.Context(), c))
	c.Status, c.Reason, c.EndedBy, c.Updated = "completed", "last-participant-left", "CA01", Base.Add(time.Hour)
	for _, o := range []call.ConferenceRecord{
		{SID: "CF02", Account: stranger, Name: "war room", Status: "in-progress", Created: Base, Updated: Base, Node: "b"},
		{SID: "CF03", Account: owner, Name: "war room", Status: "in-progress", Created: Base.Add(time.Minute), Updated: Base.Add(time.Minute), Node: "b"},
		{SID: "CF04", Account: owner, Name: "stand-up", Status: "in-progress", Created: Base.Add(2 * time.Minute), Updated: Base.Add(2 * time.Minute), Node: "a"},
		{SID: "CF05", Account: stranger, Name: "later", Status: "init", Created: Base.Add(2 * time.Hour), Updated: Base.Add(2 * time.Hour), Node: "b"},
		c,
	} {
		ok(t, s.PutConference(t.Context(), o))
	}
	s = reopen()
	got, err := s.Conference(t.Context(), owner, "CF01")
	ok(t, err)
	same(t, "the conference", got, c)
	_, err = s.Conference(t.Context(), stranger, "CF01")
	is(t, err, account.ErrNotFound)
	list := func(f call.ConferenceFilter) string {
		return fmt.Sprint(pages(t, func(c call.ConferenceRecord) string { return string(c.SID) }, func(p account.Page) ([]call.ConferenceRecord, int64, error) {
			f.Page = p
			return s.Conferences(t.Context(), f)
		}))
	}
	for _, tt := range []struct {
		f    call.ConferenceFilter
		want string
	}{
		{call.ConferenceFilter{Account: owner}, "[[CF04 CF03] [CF01]]"},
		{call.ConferenceFilter{Account: owner, Name: "war room"}, "[[CF03 CF01]]"},
		{call.ConferenceFilter{Account: owner, Status: "in-progress"}, "[[CF04 CF03]]"},
		{call.ConferenceFilter{Account: owner, Created: account.Span{Before: Base.Add(time.Second)}}, "[[CF01]]"},
		{call.ConferenceFilter{Account: owner, Updated: account.Span{From: Base.Add(2 * time.Minute)}}, "[[CF04 CF01]]"},
	} {
		if got := list(tt.f); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.f, got, tt.want)
		}
	}
	recording := func(id sid.Recording, call sid.Call, room sid.Conference, status string) {
		t.Helper()
		ok(t, s.PutRecording(t.Context(), account.Recording{SID: id, Account: owner, Call: call, Conference: room, Status: status, Created: Base, Updated: Base}, nil))
	}
	ok(t, s.Change(t.Context(), call.Change{Record: call.Record{SID: "CA0b", Account: owner, Node: "b", Created: Base, Updated: Base}}))
	ok(t, s.Change(t.Context(), call.Change{Record: call.Record{SID: "CA0a", Account: owner, Node: "a", Created: Base, Updated: Base}}))
	recording("RE01", "CA0b", "", "in-progress")
	recording("RE02", "CA0a", "", "in-progress")
	recording("RE03", "CA0b", "", "completed")
	recording("RE04", "", "CF03", "paused")
	n, err := s.CloseLive(t.Context(), "b", Base.Add(2*time.Hour))
	ok(t, err)
	for id, want := range map[sid.Recording]string{"RE01": "absent", "RE02": "in-progress", "RE03": "completed", "RE04": "absent"} {
		if r, err := s.Recording(t.Context(), owner, id); err != nil || r.Status != want {
			t.Errorf("recording %s is %s, want %s (%v)", id, r.Status, want, err)
		}
	}
	if got, _ := s.Conference(t.Context(), owner, "CF03"); n != 2 || got.Status != "completed" || !got.Updated.Equal(Base.Add(2*time.Hour)) || got.Reason == "" {
		t.Errorf("%d were closed, one of them %+v", n, got)
	}
	if got := list(call.ConferenceFilter{Account: owner, Status: "in-progress"}); got != "[[CF04]]" {
		t.Errorf("still open: %s", got)
	}
}
