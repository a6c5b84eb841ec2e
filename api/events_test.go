package api_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/store/memstore"
	"github.com/kaden-project/kaden/timeline"
)

// happens puts n events on the timeline in one commit.
func (h *house) happens(n int, text string) {
	h.Helper()
	err := h.store.Write(h.Context(), func(tx dispatch.Tx) error {
		for i := range n {
			if err := tx.Append(timeline.Event{At: tx.Now(), Kind: timeline.NoticeRaised, Text: fmt.Sprint(text, i)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		h.Fatal(err)
	}
}

func TestAReaderThatComesBackMissesNothingAndReadsNothingTwice(t *testing.T) {
	story(t, func(h *house) {
		s := h.listen("/api/events", "")
		if got := s.seen(); !strings.Contains(got, "event: hello\ndata: {\"node\":\"a\",\"version\":\"1.2.3\"}\n\n") || strings.Contains(got, "id:") {
			t.Errorf("greeted with %q", got)
		}
		h.happens(2, "first ")
		if got := s.seen(); !strings.Contains(got, "id: 1\ndata: {\"seq\":1,") || !strings.Contains(got, "first 1") {
			t.Errorf("live: %q", got)
		}
		s.leave()
		h.happens(3, "missed ") // 3, 4, 5
		s = h.listen("/api/events", "2")
		h.happens(1, "then ")
		got := s.seen()
		if strings.Contains(got, "first") || strings.Contains(got, "reset") {
			t.Errorf("after coming back: %q", got)
		}
		for i, want := range []string{"missed 0", "missed 1", "missed 2", "then 0"} {
			if strings.Count(got, want) != 1 || !strings.Contains(got, fmt.Sprintf("id: %d\n", i+3)) {
				t.Errorf("%q is there %d times: %q", want, strings.Count(got, want), got)
			}
		}
		s.leave()
	})
}

func TestTheWholeHistoryCanBeAskedFor(t *testing.T) {
	story(t, func(h *house) {
		h.happens(1203, "e")
		s := h.listen("/api/events?after=0", "")
		if got := strings.Count(s.seen(), "id: "); got != 1203 {
			t.Errorf("%d events, want 1203", got)
		}
		s.leave()
	})
}

func TestWhoMissedTooMuchReadsEverythingAnew(t *testing.T) {
	story(t, func(h *house) {
		h.happens(11_000, "e")
		for _, last := range []string{"1", "99999", "words", "-3"} { // much behind; of another database; nonsense
			s := h.listen("/api/events", last)
			got := s.seen()
			if !strings.Contains(got, "event: reset") {
				t.Errorf("Last-Event-ID %s: no reset", last)
			}
			h.happens(1, "live after "+last+" ")
			if !strings.Contains(s.seen(), "live after "+last+" 0") {
				t.Errorf("Last-Event-ID %s: nothing live after the reset", last)
			}
			s.leave()
		}
	})
}

func TestSilenceIsBrokenEveryFifteenSeconds(t *testing.T) {
	story(t, func(h *house) {
		s := h.listen("/api/events", "")
		time.Sleep(46 * time.Second)
		if got := strings.Count(s.seen(), "event: beat\ndata: {}\n\n"); got != 3 {
			t.Errorf("%d heartbeats in 46 s", got)
		}
		s.leave()
	})
}

// aside is a store whose commits are those of another node: nobody here is told of them.
type aside struct{ *memstore.Store }

func (aside) Announce(func([]timeline.Event)) (stop func()) { return func() {} }

func TestWhatAnotherNodeHasDoneIsToldWithinTwoSeconds(t *testing.T) {
	story(t, func(h *house) {
		h.happens(2, "before ")
		s := h.listen("/api/events", "")
		s.seen()
		h.happens(700, "there ")
		h.store.Break(errDown) // it is away for a while, and the reader is not
		time.Sleep(10 * time.Second)
		h.store.Break(nil)
		time.Sleep(4 * time.Second)
		got := s.seen()
		if n := strings.Count(got, "there "); n != 700 || strings.Contains(got, "before ") {
			t.Errorf("%d events of the other node, want 700", n)
		}
		s.leave()
	}, func(h *house) { h.cfg.Records = aside{h.store} })
}

// both tells what was committed here with what another node has done in between, as the database orders it.
type both struct {
	*memstore.Store
	tell []func([]timeline.Event)
}

func (b *both) Announce(f func([]timeline.Event)) (stop func()) {
	b.tell = append(b.tell, f)
	return func() {}
}

func TestWhatTwoNodesDoIsToldInOneOrder(t *testing.T) {
	var two *both
	story(t, func(h *house) {
		s := h.listen("/api/events", "")
		s.seen()
		h.happens(3, "there ")
		h.happens(2, "ours ")
		here, err := h.store.Events(h.Context(), "", 3, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range two.tell {
			f(here)
		}
		got := s.seen() // at once: nobody waits for the next look at the others
		at := -1
		for _, one := range []string{"there 0", "there 1", "there 2", "ours 0", "ours 1"} {
			next := strings.Index(got, one)
			if next <= at || strings.Count(got, one) != 1 {
				t.Errorf("%q is not once in its place: %q", one, got)
			}
			at = next
		}
		s.leave()
	}, func(h *house) { two = &both{Store: h.store}; h.cfg.Records = two })
}

func TestAReaderThatStandsStillIsDropped(t *testing.T) {
	story(t, func(h *house) {
		s := h.listen("/api/events", "")
		s.seen()
		s.mu.Lock() // it reads no more
		for range 400 {
			h.happens(1, "e")
		}
		s.mu.Unlock()
		synctest.Wait()
		<-s.done // the stream has ended; the browser comes back and reads from the store
		last := strings.Count(s.seen(), "id: ")
		if last >= 400 {
			t.Errorf("%d events were kept for a reader that stood still", last)
		}
		s = h.listen("/api/events", fmt.Sprint(last))
		if got := strings.Count(s.seen(), "id: "); got != 400-last {
			t.Errorf("%d after coming back, want %d", got, 400-last)
		}
		s.leave()
	})
}

func TestStreamsEndWhenKadenShutsDown(t *testing.T) {
	story(t, func(h *house) {
		s := h.listen("/api/events", "")
		s.seen()
		h.api.Close()
		<-s.done
	})
}

func TestAStreamWhoseReplayFailsEndsSoThatItIsAskedForAgain(t *testing.T) {
	story(t, func(h *house) {
		h.happens(1, "e")
		h.store.Break(errDown)
		s := h.listen("/api/events", "1")
		<-s.done
		h.store.Break(nil)
	})
}
