package store_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/store"
)

// joined makes a store a node, and has it give a sign of life.
func joined(t *testing.T, s *store.Store, name string) (fence int64) {
	t.Helper()
	fence, err := s.Join(t.Context(), name, "")
	if err != nil {
		t.Fatal(err)
	}
	return fence
}

func beat(t *testing.T, s *store.Store, name string, fence int64, ttl time.Duration) {
	t.Helper()
	if err := s.Beat(t.Context(), name, fence, ttl); err != nil {
		t.Fatal(err)
	}
}

// wish asks for a channel of trunk ntt.
func wish(t *testing.T, s *store.Store, node, id string, limit int) bool {
	t.Helper()
	got, err := s.TakeChannel(t.Context(), node, call.ChannelWish{Channel: call.Channel{ID: id, Trunk: "ntt", Call: sid.Call("CA" + id)}, Limit: limit})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// Two processes on one PostgreSQL take channels and give them back as fast as they can: never are more taken than there
// are, whatever the moment.
func TestTwoProcessesTakeNoMoreChannelsThanThereAre(t *testing.T) {
	t.Parallel()
	a, b := twoNodes(t)
	nodes, names := []*store.Store{a, b}, []string{"a", "b"}
	fences := []int64{joined(t, a, "a"), joined(t, b, "b")}
	for range 2 {
		for i, s := range nodes {
			beat(t, s, names[i], fences[i], time.Minute)
		}
	}
	const limit = 3
	var taken, most, got, refused atomic.Int64
	err := atOnce(8, func(w int) error {
		s, node := nodes[w%2], names[w%2]
		for n := range 25 {
			c := call.Channel{ID: fmt.Sprintf("%d-%d", w, n), Trunk: "ntt"}
			ok, err := s.TakeChannel(t.Context(), node, call.ChannelWish{Channel: c, Limit: limit})
			if err != nil {
				return err
			}
			if !ok {
				refused.Add(1)
				continue
			}
			got.Add(1)
			now := taken.Add(1)
			for m := most.Load(); now > m && !most.CompareAndSwap(m, now); m = most.Load() {
			}
			time.Sleep(3 * time.Millisecond) // it talks
			taken.Add(-1)
			if err := s.KeepChannels(t.Context(), node, call.ChannelNews{Freed: []string{c.ID}, Left: []string{"ntt"}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if most.Load() > limit || got.Load() < 10 {
		t.Errorf("%d were taken at once, of %d", most.Load(), limit)
	}
	t.Logf("%d channels of two processes were taken, %d at once at most; %d questions in vain", got.Load(), most.Load(), refused.Load())
}

// A process that is alone takes channels by itself. Who comes to life waits until all that is written down, and until the
// first one asks as well; when it is dead and its calls are over, the other is alone again.
func TestWhoComesToLifeWaitsUntilTheOthersKnow(t *testing.T) {
	t.Parallel()
	a, b := twoNodes(t)
	fa := joined(t, a, "a")
	if _, alone := a.Alone("a"); alone {
		t.Error("it is alone before it has looked around")
	}
	beat(t, a, "a", fa, time.Minute)
	written, alone := a.Alone("a")
	if !alone {
		t.Fatal("nobody else is there")
	}
	fb := joined(t, b, "b")
	if wish(t, b, "b", "b1", 2) {
		t.Error("b has a channel, and a does not know of b")
	}
	beat(t, a, "a", fa, time.Minute)
	if _, alone := a.Alone("a"); alone {
		t.Error("a is alone, and b is there")
	}
	if wish(t, b, "b", "b1", 2) {
		t.Error("b has a channel, and what a has taken is not written down")
	}
	if err := a.KeepChannels(t.Context(), "a", call.ChannelNews{Taken: []call.Channel{{ID: "a1", Trunk: "ntt", Call: "CAa1"}}}); err != nil {
		t.Fatal(err)
	}
	written()
	beat(t, a, "a", fa, time.Minute)
	if !wish(t, b, "b", "b1", 2) || wish(t, b, "b", "b2", 2) {
		t.Error("b may have one of two channels")
	}
	beat(t, b, "b", fb, time.Minute)
	if !wish(t, a, "a", "a2", 9) {
		t.Error("a asks, and there is room")
	}

	// b is asleep for longer than its lease. Awake again, it asks no more and no less than one that came to life.
	beat(t, b, "b", fb, -time.Second)
	if wish(t, b, "b", "b3", 9) {
		t.Error("a node without a lease has a channel")
	}
	if err := a.KeepChannels(t.Context(), "a", call.ChannelNews{Freed: []string{"a1", "a2"}}); err != nil {
		t.Fatal(err)
	}
	beat(t, a, "a", fa, time.Minute)
	if _, alone := a.Alone("a"); alone {
		t.Error("a takes channels by itself, and the dead has one")
	}
	if _, err := a.Adopt(t.Context(), "a", fa, 10); err != nil { // no call is known for it
		t.Fatal(err)
	}
	beat(t, a, "a", fa, time.Minute)
	if written, alone := a.Alone("a"); !alone {
		t.Error("a is not alone again")
	} else {
		written()
	}
	beat(t, b, "b", fb, time.Minute)
	if _, alone := b.Alone("b"); alone || wish(t, b, "b", "b4", 9) {
		t.Error("b is back, and a does not know")
	}
	beat(t, a, "a", fa, time.Minute)
	if !wish(t, b, "b", "b4", 9) {
		t.Error("b is back, and a knows")
	}
}

// Who waits for a channel is told when another process frees one.
func TestWhoWaitsForAChannelIsTold(t *testing.T) {
	t.Parallel()
	a, b := twoNodes(t)
	fa, fb := joined(t, a, "a"), joined(t, b, "b")
	for range 2 {
		beat(t, a, "a", fa, time.Minute)
		beat(t, b, "b", fb, time.Minute)
	}
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() {
		if err := b.Run(ctx); err != nil {
			t.Errorf("b: %v", err)
		}
	})
	defer all.Wait()
	defer stop()
	told := make(chan string, 100)
	defer b.ChannelsFreed(func(trunk string) { told <- trunk })()
	if !wish(t, a, "a", "a1", 1) || wish(t, b, "b", "b1", 1) {
		t.Fatal("a has the one channel, and b waits")
	}
	for n := 0; ; n++ { // b begins to listen
		if err := a.KeepChannels(t.Context(), "a", call.ChannelNews{Freed: []string{"a1"}}); err != nil {
			t.Fatal(err)
		}
		select {
		case trunk := <-told:
			if trunk != "ntt" || !wish(t, b, "b", "b1", 1) {
				t.Errorf("b was told of %q", trunk)
			}
			return
		case <-time.After(200 * time.Millisecond):
		}
		if n == 50 {
			t.Fatal("b is not told that the channel is free")
		}
		if err := a.KeepChannels(t.Context(), "a", call.ChannelNews{Taken: []call.Channel{{ID: "a1", Trunk: "ntt"}}}); err != nil {
			t.Fatal(err)
		}
	}
}
