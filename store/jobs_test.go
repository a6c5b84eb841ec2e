package store_test

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/job"
	"github.com/kaden-project/kaden/store"
	"github.com/kaden-project/kaden/store/storetest"
)

// onBoth tells a story on both databases.
func onBoth(t *testing.T, tell func(t *testing.T, c store.Config)) {
	t.Run("SQLite", func(t *testing.T) { tell(t, store.Config{DataDir: t.TempDir()}) })
	t.Run("PostgreSQL", func(t *testing.T) { tell(t, store.Config{URL: storetest.Postgres(t)}) })
}

// running lets the store do jobs until the function it gives back is called.
func running(t *testing.T, s *store.Store) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

type greeting struct {
	Name string `json:"name"`
}

func (greeting) Kind() string { return "greeting" }

// heard waits for one job; what takes longer than this never comes.
func heard(t *testing.T, c <-chan string) string {
	t.Helper()
	select {
	case s := <-c:
		return s
	case <-time.After(20 * time.Second):
		t.Fatal("no job came")
		return ""
	}
}

func TestAJobIsThereExactlyIfItsChangeIs(t *testing.T) {
	onBoth(t, func(t *testing.T, c store.Config) {
		c.Jobs = new(job.Workers)
		s := open(t, c)
		did := make(chan string, 10)
		job.Handle(c.Jobs, func(_ context.Context, g greeting) error { did <- g.Name; return nil }) // after Open
		enqueue := func(name string, at time.Time, err error) error {
			return s.Write(t.Context(), func(tx dispatch.Tx) error { return errors.Join(tx.Enqueue(greeting{name}, at), err) })
		}
		boom := errors.New("boom")
		if err := enqueue("failed", time.Time{}, boom); !errors.Is(err, boom) {
			t.Fatal(err)
		}
		if err := enqueue("later", time.Now().Add(time.Hour), nil); err != nil {
			t.Fatal(err)
		}
		defer running(t, s)()
		if err := enqueue("佐藤", time.Time{}, nil); err != nil {
			t.Fatal(err)
		}
		if got := heard(t, did); got != "佐藤" {
			t.Errorf("%q was greeted first", got)
		}
		if len(did) > 0 {
			t.Errorf("%q was greeted too", <-did)
		}
	})
}

func TestAJobThatFailsOrPanicsIsTriedAgainUntilItIsGivenUp(t *testing.T) {
	t.Parallel()
	c := store.Config{DataDir: t.TempDir(), Jobs: new(job.Workers)}
	s := open(t, c)
	did := make(chan string, 10)
	tries := map[string]int{}
	turn := make(chan struct{}, 1)
	job.Handle(c.Jobs, func(_ context.Context, g greeting) error {
		turn <- struct{}{}
		defer func() { <-turn }()
		tries[g.Name]++
		switch {
		case g.Name == "hopeless":
			did <- g.Name
			return job.GiveUp(errors.New("no such person"))
		case tries[g.Name] == 1 && g.Name == "panics":
			panic("ouch")
		case tries[g.Name] == 1:
			return errors.New("busy")
		}
		did <- g.Name
		return nil
	})
	defer running(t, s)()
	for _, name := range []string{"hopeless", "panics", "fails"} {
		if err := s.Write(t.Context(), func(tx dispatch.Tx) error { return tx.Enqueue(greeting{name}, time.Time{}) }); err != nil {
			t.Fatal(err)
		}
	}
	got := map[string]int{}
	for range 3 {
		got[heard(t, did)]++
	}
	if got["hopeless"] != 1 || got["panics"] != 1 || got["fails"] != 1 {
		t.Errorf("done: %v, want each once", got)
	}
}

func TestCallbacksThatACrashLeftBehindAreDeliveredLater(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		past, future := time.Now().Add(-time.Second), time.Now().Add(time.Hour)
		post := func(id string, due time.Time) call.Post {
			return call.Post{ID: id, Account: "AC1", Call: "CA1", Method: "POST", URL: "https://example.com/s",
				Params: url.Values{"CallStatus": {"completed"}, "SequenceNumber": {"3"}}, Due: due}
		}
		change := call.Change{Record: storetest.Record(1), Posts: []call.Post{post("left", past), post("delivered", past), post("not due", future)}}
		if err := s.Change(t.Context(), change); err != nil {
			t.Fatal(err)
		}
		if err := s.Posted(t.Context(), "delivered"); err != nil {
			t.Fatal(err)
		}
		shut(t, s)

		s = open(t, c)
		got := make(chan call.Post, 10)
		tries := 0
		s.DeliverLate(func(_ context.Context, p call.Post) error {
			if tries++; tries == 1 {
				return errors.New("502")
			}
			got <- p
			return nil
		})
		stop := running(t, s)
		select {
		case p := <-got:
			if p.ID != "left" || p.URL != "https://example.com/s" || p.Params.Get("SequenceNumber") != "3" || p.Account != "AC1" {
				t.Errorf("delivered %+v", p)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("it was not delivered")
		}
		stop()
		if len(got) > 0 {
			t.Errorf("delivered too: %+v", <-got)
		}
	})
}
