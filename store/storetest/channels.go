package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/sid"
)

// takes asks for a channel of trunk ntt, which has two.
func takes(t *testing.T, s Store, node, id string, waited time.Duration, urgent bool, freed ...string) bool {
	t.Helper()
	got, err := s.TakeChannel(t.Context(), node, call.ChannelWish{
		Channel: call.Channel{ID: id, Trunk: "ntt", Call: sid.Call("CA-" + id)}, Limit: 2, Urgent: urgent, Waited: waited, Freed: freed,
	})
	ok(t, err)
	return got
}

// twoAlive are two nodes that know of each other.
func twoAlive(t *testing.T, s Store) (a, b int64) {
	t.Helper()
	a, b = join(t, s, "a"), join(t, s, "b")
	for range 2 {
		ok(t, s.Beat(t.Context(), "a", a, lease))
		ok(t, s.Beat(t.Context(), "b", b, lease))
	}
	return a, b
}

// channelsShared: two nodes together take no more channels than a trunk has, and who waits comes in turn.
func channelsShared(t *testing.T, s Store, _ func() Store) {
	twoAlive(t, s)
	want := func(what string, got, want bool) {
		t.Helper()
		if got != want {
			t.Fatalf("%s: taken %v, want %v", what, got, want)
		}
	}
	want("the first of a", takes(t, s, "a", "a1", 0, false), true)
	want("the same once more, because its answer was lost", takes(t, s, "a", "a1", 0, false), true)
	want("the second, of b", takes(t, s, "b", "b1", 0, false), true)
	want("a third, of b", takes(t, s, "b", "b2", time.Second, false), false)
	got, err := s.TakeChannel(t.Context(), "a", call.ChannelWish{Channel: call.Channel{ID: "a-kddi", Trunk: "kddi"}, Limit: 1})
	ok(t, err)
	want("one of another trunk", got, true)

	// One is freed by a, which wants one too: b has waited for longer.
	want("a, after b", takes(t, s, "a", "a2", 0, false, "a1"), false)
	want("b, in its turn", takes(t, s, "b", "b2", 2*time.Second, false), true)
	// Both wait now, b for something urgent.
	want("a critical call of b", takes(t, s, "b", "b3", time.Second, true), false)
	want("a, which has waited for longer", takes(t, s, "a", "a2", time.Hour, false, "b1"), false)
	want("a, for something urgent that came later", takes(t, s, "a", "a3", 0, true), false)
	want("the critical call of b", takes(t, s, "b", "b3", time.Minute, true), true)
	ok(t, s.KeepChannels(t.Context(), "b", call.ChannelNews{Freed: []string{"b2"}}))
	want("that of a", takes(t, s, "a", "a3", time.Second, true), true)

	// Who does not wait any more is in nobody's way.
	want("b waits", takes(t, s, "b", "b4", time.Hour, false), false)
	ok(t, s.KeepChannels(t.Context(), "b", call.ChannelNews{Freed: []string{"b3"}, Left: []string{"ntt"}}))
	want("a has it at once", takes(t, s, "a", "a4", 0, false), true)
	if takes(t, s, "nobody", "x", 0, true) {
		t.Error("a node that has not joined has a channel")
	}
	is(t, s.KeepChannels(t.Context(), "nobody", call.ChannelNews{Freed: []string{"x"}}), dispatch.ErrNotMine)
}

// channelsOfTheDead: what a dead process has taken stays taken until its calls are ended.
func channelsOfTheDead(t *testing.T, s Store, reopen func() Store) {
	a, b := twoAlive(t, s)
	told := Attempt("at-1", "co-1", "a", a)
	told.Call = "CA-a1"
	up := Record(1)
	up.SID, up.Status, up.Ended, up.Node = "CA-a1", call.InProgress, time.Time{}, "a"
	write(t, s, func(tx dispatch.Tx) error {
		if err := tx.PutCall(up); err != nil {
			return err
		}
		return tx.PutAttempts(told)
	})
	for i, id := range []string{"a1", "a2"} {
		if !takes(t, s, "a", id, 0, false) {
			t.Fatalf("channel %d is not taken", i)
		}
	}
	ok(t, s.KeepChannels(t.Context(), "a", call.ChannelNews{Taken: []call.Channel{{ID: "a2", Trunk: "ntt", Call: "CA-over"}}}))
	ok(t, s.Leave(t.Context(), "a", a))
	if takes(t, s, "b", "b1", 0, false) {
		t.Error("a dead process's channels were taken while its calls may be up")
	}
	_, err := s.Adopt(t.Context(), "b", b, 10)
	ok(t, err)
	if !takes(t, s, "b", "b1", 0, false) { // its call was over
		t.Error("the channel of a call that is over is not free")
	}
	list, err := s.Ghosts(t.Context(), "b", b)
	ok(t, err)
	same(t, "ghosts", names(list, attemptName), "[at-1]")
	if list[0].Node != "b" || list[0].Fence != b {
		t.Errorf("it is still %s's", list[0].Node)
	}
	up.Status, up.Ended = call.Failed, Base // its record is closed before it is ended at the carrier
	write(t, s, func(tx dispatch.Tx) error { return tx.PutCall(up) })
	_, err = s.Adopt(t.Context(), "b", b, 10)
	ok(t, err)
	if takes(t, s, "b", "b2", 0, false) {
		t.Error("the channel of a ghost that is being ended was taken")
	}

	// b goes on with one of its calls, and dies as well.
	ok(t, s.KeepChannels(t.Context(), "b", call.ChannelNews{Resumed: []call.Channel{{ID: "b-again", Trunk: "ntt", Call: "CA-a1"}}}))
	s = reopen()
	b = join(t, s, "b")
	ok(t, s.Beat(t.Context(), "b", b, lease))
	if takes(t, s, "b", "b3", 0, false) {
		t.Error("after a restart the channels of the last life are free")
	}
	ok(t, s.KeepChannels(t.Context(), "b", call.ChannelNews{Ended: []sid.Call{"CA-a1"}}))
	if !takes(t, s, "b", "b3", 0, false) {
		t.Error("the ghost is ended, and its channel is not free")
	}
	_, err = s.Adopt(t.Context(), "b", b, 10) // of a life before, and for no call that is known
	ok(t, err)
	for i := range 2 {
		if got := takes(t, s, "b", fmt.Sprint("b-", 4+i), 0, false); got != (i == 0) {
			t.Errorf("channel %d: taken %v", i, got)
		}
	}
}

// callsLeft: calls that dead nodes have left open are one living node's, and those of an earlier life its own.
func callsLeft(t *testing.T, s Store, _ func() Store) {
	a, b := twoAlive(t, s)
	join(t, s, "c")
	put := func(n int, node, attempt string, created time.Time, status call.Status) {
		t.Helper()
		r := Record(n)
		r.Node, r.Attempt, r.Created, r.Status, r.Ended = node, attempt, created, status, time.Time{}
		if status.Over() {
			r.Ended = created
		}
		write(t, s, func(tx dispatch.Tx) error { return tx.PutCall(r) })
	}
	born := Base.Add(time.Hour)
	put(1, "a", "", Base, call.InProgress)
	put(2, "a", "", Base, call.Completed)
	put(3, "a", "at-b", Base, call.Ringing) // b has taken its attempt over
	put(4, "a", "at-a", Base, call.Queued)  // nobody has yet
	put(5, "c", "", Base, call.Ringing)
	put(6, "b", "", Base, call.Ringing)
	put(7, "b", "", born.Add(time.Second), call.Ringing)
	write(t, s, func(tx dispatch.Tx) error {
		return tx.PutAttempts(Attempt("at-b", "co", "b", b), Attempt("at-a", "co", "a", a))
	})
	left := func(node string, born time.Time) (nrs []int) {
		t.Helper()
		list, err := s.TakeLeft(t.Context(), node, born, 10)
		ok(t, err)
		for _, r := range list {
			for n := range 8 {
				if r.SID == Record(n).SID {
					nrs = append(nrs, n)
				}
			}
			if r.Node != node {
				t.Errorf("call %s is still %q's", r.SID, r.Node)
			}
		}
		return nrs
	}
	recorded := func(id sid.Recording, call sid.Call, room sid.Conference, status string) {
		t.Helper()
		ok(t, s.PutRecording(t.Context(), account.Recording{SID: id, Account: owner, Call: call, Conference: room, Status: status, Created: Base, Updated: Base}, nil))
	}
	for id, node := range map[sid.Conference]string{"CF0a": "a", "CF0b": "b", "CF0c": "c"} {
		ok(t, s.PutConference(t.Context(), call.ConferenceRecord{SID: id, Account: owner, Name: "war room", Status: "in-progress", Created: Base, Updated: Base, Node: node}))
	}
	recorded("RE01", Record(1).SID, "", "in-progress")
	recorded("RE02", Record(2).SID, "", "completed")
	recorded("RE05", Record(5).SID, "", "in-progress")
	recorded("RE0a", "", "CF0a", "paused")
	recorded("RE0b", "", "CF0b", "paused")
	same(t, "while all are alive", left("b", born), []int{6})
	ok(t, s.Leave(t.Context(), "a", a))
	same(t, "of a dead node", left("b", time.Time{}), []int{1, 3})
	for id, want := range map[sid.Recording]string{"RE01": "absent", "RE02": "completed", "RE05": "in-progress", "RE0a": "absent", "RE0b": "paused"} {
		if r, err := s.Recording(t.Context(), owner, id); err != nil || r.Status != want {
			t.Errorf("recording %s is %s, want %s (%v)", id, r.Status, want, err)
		}
	}
	for id, want := range map[sid.Conference]string{"CF0a": "completed", "CF0b": "in-progress", "CF0c": "in-progress"} {
		if c, err := s.Conference(t.Context(), owner, id); err != nil || c.Status != want {
			t.Errorf("conference %s is %s, want %s (%v)", id, c.Status, want, err)
		}
	}
	same(t, "they are taken once", left("c", time.Time{}), []int(nil))
}
