package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/store"
	"github.com/kaden-project/kaden/store/storetest"
	"github.com/kaden-project/kaden/timeline"
)

// twoNodes are two processes on one PostgreSQL.
func twoNodes(t *testing.T) (a, b *store.Store) {
	c := store.Config{URL: storetest.Postgres(t)}
	return open(t, c), open(t, c)
}

// atOnce calls f n times in parallel and joins the errors.
func atOnce(n int, f func(i int) error) error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = f(i) })
	}
	all.Wait()
	return errors.Join(errs...)
}

func TestNodesStartingTogetherMakeTheTablesOnce(t *testing.T) {
	c := store.Config{URL: storetest.Postgres(t), Seal: seal(t)}
	err := atOnce(4, func(int) error {
		s, err := store.Open(t.Context(), discard, c)
		if err != nil {
			return err
		}
		return s.Close()
	})
	if err != nil {
		t.Error(err)
	}
}

func TestANodeTakesItsNameBackFromItsDeadSelfOnly(t *testing.T) {
	t.Parallel()
	a, b := twoNodes(t)
	fence, err := a.Join(t.Context(), "tokyo", "192.0.2.1:8080")
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Beat(t.Context(), "tokyo", fence, time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Join(t.Context(), "tokyo", "192.0.2.2:8080"); err == nil || !strings.Contains(err.Error(), "192.0.2.1:8080") {
		t.Errorf("a living node's name: %v", err)
	}
	shut(t, a) // as kill -9 does, this ends its sessions and not its lease
	again, err := b.Join(t.Context(), "tokyo", "192.0.2.2:8080")
	if err != nil || again <= fence {
		t.Errorf("a dead node's name: fence %d after %d, %v", again, fence, err)
	}
}

func TestTheSameDeliveryAtTwoNodesOpensOneIncident(t *testing.T) {
	t.Parallel()
	a, b := twoNodes(t)
	nodes := []*store.Store{a, b}
	opened := make([]bool, 100)
	err := atOnce(len(opened), func(i int) error {
		return nodes[i%2].Write(t.Context(), func(tx dispatch.Tx) error {
			opened[i] = false
			if seen, err := tx.SeenDelivery(alert.Delivery{ID: fmt.Sprint("m-", i/20), Source: "mackerel"}); seen || err != nil {
				return err
			}
			if _, found, err := tx.OpenIncident("mackerel", "disk"); found || err != nil {
				return err
			}
			opened[i] = true
			return tx.PutIncident(storetest.Incident(fmt.Sprint("al-", i), "disk"))
		})
	})
	if err != nil {
		t.Error(err)
	}
	n := 0
	for _, o := range opened {
		if o {
			n++
		}
	}
	if list, err := a.Incidents(t.Context(), dispatch.Query{}); n != 1 || len(list) != 1 || err != nil {
		t.Errorf("%d believe to have opened it, %d are stored (%v); want 1 and 1", n, len(list), err)
	}
}

func TestTwoSurvivorsShareWhatTheDeadOneLeft(t *testing.T) {
	a, b := twoNodes(t)
	nodes := []*store.Store{a, b}
	names := []string{"a", "b"}
	var fences []int64
	for i, n := range nodes {
		f, err := n.Join(t.Context(), names[i], "")
		if err != nil {
			t.Fatal(err)
		}
		fences = append(fences, f)
	}
	const total = 60
	if err := a.Write(t.Context(), func(tx dispatch.Tx) error {
		for i := range total {
			if err := tx.AddCallout(storetest.Callout(fmt.Sprint("co-", i), "dead", 99)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	taken := map[string]int{}
	if err := atOnce(20, func(i int) error {
		list, err := nodes[i%2].Adopt(t.Context(), names[i%2], fences[i%2], 10)
		mu.Lock()
		defer mu.Unlock()
		for _, c := range list {
			taken[c.ID]++
		}
		return err
	}); err != nil {
		t.Error(err)
	}
	for id, n := range taken {
		if n != 1 {
			t.Errorf("%s was taken %d times", id, n)
		}
	}
	if len(taken) != total {
		t.Errorf("%d of %d were taken", len(taken), total)
	}
}

func TestAReaderWhoFollowsTheNumbersMissesNoEventOfAnyNode(t *testing.T) {
	a, b := twoNodes(t)
	nodes := []*store.Store{a, b}
	const writers, each = 16, 25
	written := make(chan error, 1)
	go func() {
		written <- atOnce(writers, func(w int) error {
			for n := range each {
				if err := nodes[w%2].Write(t.Context(), func(tx dispatch.Tx) error {
					return tx.Append(timeline.Event{Kind: timeline.CallDigit, Call: fmt.Sprint(w), Digit: fmt.Sprint(n)})
				}); err != nil {
					return err
				}
			}
			return nil
		})
	}()
	var seq int64
	seen := 0
	for over := false; ; {
		list, err := a.Events(t.Context(), "", seq, 7)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			seq, seen = e.Seq, seen+1
		}
		if over && len(list) == 0 {
			break
		}
		select {
		case err := <-written:
			if err != nil {
				t.Fatal(err)
			}
			over = true
		default:
		}
	}
	if seen != writers*each {
		t.Errorf("the reader saw %d of %d events", seen, writers*each)
	}
}

// Whoever listens at one node hears of what happens at all of them, in the order of its numbers, and of nothing twice.
func TestEventsOfOneNodeAreHeardAtTheOthers(t *testing.T) {
	t.Parallel()
	a, b := twoNodes(t)
	happens := func(s *store.Store, what string) {
		t.Helper()
		if err := s.Write(t.Context(), func(tx dispatch.Tx) error {
			return tx.Append(timeline.Event{Kind: timeline.NoticeRaised, Text: what}, timeline.Event{Kind: timeline.NoticeRaised, Text: what})
		}); err != nil {
			t.Fatal(err)
		}
	}
	happens(a, "before anybody listens")
	happens(b, "before anybody listens")
	heard := make(chan timeline.Event, 1000)
	defer b.Announce(func(list []timeline.Event) {
		for _, e := range list {
			heard <- e
		}
	})()
	happens(a, "unheard so far") // b is told with its own next one …
	happens(b, "b's own")
	var last int64
	hears := func(want string) {
		t.Helper()
		for range 2 {
			select {
			case e := <-heard:
				if e.Text != want || last > 0 && e.Seq != last+1 {
					t.Fatalf("%d %q is heard after %d, want %q", e.Seq, e.Text, last, want)
				}
				last = e.Seq
			case <-time.After(time.Minute):
				t.Fatalf("nobody at b hears %q", want)
			}
		}
	}
	hears("unheard so far")
	hears("b's own")

	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() {
		if err := b.Run(ctx); err != nil {
			t.Errorf("b: %v", err)
		}
	})
	defer all.Wait()
	defer stop()
	happens(a, "a alone") // … and at once when it runs
	hears("a alone")
	for range 50 {
		happens(a, "a")
		hears("a")
		happens(b, "b")
		hears("b")
	}
}
