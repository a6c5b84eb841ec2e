package main

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/leg/sipleg"
)

// tellings is everything that people were told.
type tellings struct {
	mu  sync.Mutex
	all []string
}

func (l *tellings) say(s string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, s)
	return nil
}

func (l *tellings) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.all, ", ")
}

func (l *tellings) LineDown(_ context.Context, line, why, _ string) error {
	return l.say(line + " down: " + why)
}
func (l *tellings) LineBack(_ context.Context, line string) error { return l.say(line + " back") }

func TestPeopleAreToldWhichKindOfLineIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		said := &tellings{}
		w := &lineWatch{log: slog.New(slog.DiscardHandler), tell: said}
		for _, line := range []string{"carrier", smscLine("carrier")} {
			w.changed(sipleg.Standing{Line: line, Condition: sipleg.Silent, Why: "no answer"})
			time.Sleep(2 * time.Minute)
			w.changed(sipleg.Standing{Line: line, Condition: sipleg.Registered})
			synctest.Wait()
		}
		if got, want := said.String(), "trunk carrier down: no answer, trunk carrier back, SMSC carrier down: no answer, SMSC carrier back"; got != want {
			t.Errorf("people are told: %s\nwant %s", got, want)
		}
	})
}

func TestPeopleAreToldOfLinesThatStayDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		said := &tellings{}
		w := &lineWatch{log: slog.New(slog.DiscardHandler), tell: said}
		stands := func(line string, c sipleg.Condition, why string) {
			w.changed(sipleg.Standing{Line: line, Condition: c, Why: why})
			synctest.Wait()
		}
		stands("ntt", sipleg.Silent, "no answer")
		time.Sleep(50 * time.Second)
		stands("ntt", sipleg.Registered, "") // a carrier that restarts
		time.Sleep(time.Hour)
		if got := said.String(); got != "" {
			t.Errorf("of 50 s people are told: %s", got)
		}
		stands("ntt", sipleg.Silent, "no answer")
		stands("kddi", sipleg.Refused, "wrong password")
		time.Sleep(30 * time.Second)
		stands("ntt", sipleg.Refused, "403") // the last word counts
		time.Sleep(31 * time.Second)
		synctest.Wait()
		stands("ntt", sipleg.Refused, "403 again")
		time.Sleep(time.Hour)
		stands("ntt", sipleg.Registered, "")
		got := said.String()
		if strings.Count(got, "trunk ntt down: 403") != 1 || strings.Count(got, "trunk kddi down: wrong password") != 1 || !strings.HasSuffix(got, ", trunk ntt back") || strings.Count(got, ",") != 2 {
			t.Errorf("people are told: %s", got)
		}
		stands("ntt", sipleg.Silent, "no answer")
		w.forget(nil)
		time.Sleep(time.Hour)
		if said.String() != got {
			t.Errorf("of lines that are forgotten people are told: %s", said)
		}
	})
}
