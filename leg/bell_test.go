package leg

import (
	"testing"
	"time"
)

func TestABellTellsInOrderAndNothingAfterTheEnd(t *testing.T) {
	b := NewBell(func() { t.Error("nobody was too late") })
	b.Ring(Event{Kind: Ringing})
	b.Ring(Event{Kind: Digit, Digit: "1"}) // pressed at nobody
	b.Ring(Event{Kind: Answered})
	b.Ring(Event{Kind: Digit, Digit: "2"})
	b.Ring(Event{Kind: Ended, Cause: HungUp})
	b.Ring(Event{Kind: Ended, Cause: Fault})
	b.Ring(Event{Kind: Digit, Digit: "3"})
	var got []EventKind
	for e := range b.Events() {
		if e.At.IsZero() {
			t.Errorf("event %d without a time", e.Kind)
		}
		got = append(got, e.Kind)
	}
	if want := []EventKind{Ringing, Answered, Digit, Ended}; len(got) != len(want) || got[0] != want[0] || got[2] != want[2] || got[3] != want[3] {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestASlowReaderGetsEverythingInOrder(t *testing.T) {
	b := NewBell(func() { t.Error("there was room") })
	b.Ring(Event{Kind: Answered})
	keys := "0123456789*#0123456789*#0123456789*#"
	for _, k := range keys {
		b.Ring(Event{Kind: Digit, Digit: string(k)})
	}
	b.Ring(Event{Kind: Ended, Cause: HungUp})
	got := ""
	for e := range b.Events() {
		got += e.Digit
	}
	if got != keys {
		t.Errorf("got %q", got)
	}
}

func TestWhoNeverReadsLosesRingingButNoKeyAndNotTheEnd(t *testing.T) {
	late := make(chan struct{}, 100)
	b := NewBell(func() { late <- struct{}{} })
	b.Ring(Event{Kind: Answered})
	for range 100 {
		b.Ring(Event{Kind: Ringing})
	}
	select {
	case <-late:
		t.Fatal("ringing that nobody hears is no reason to end a call")
	case <-time.After(10 * time.Millisecond):
	}
	b.Ring(Event{Kind: Digit, Digit: "1"})
	<-late // the leg has to end, because a key is lost
	b.Ring(Event{Kind: Ended, Cause: Fault})
	n, last := 0, Event{}
	for e := range b.Events() {
		n, last = n+1, e
	}
	if n != bellRoom+1 || last.Kind != Ended {
		t.Errorf("%d events, the last of kind %d; want %d and the end", n, last.Kind, bellRoom+1)
	}
}
