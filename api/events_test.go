package api_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/dispatch"
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
