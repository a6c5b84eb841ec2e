package main_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// The demo is a whole night without anything: no environment, no network, no voice.
func TestDemoNeedsNothing(t *testing.T) {
	t.Parallel()
	got := tell(t, []string{}, "", "demo", "--json")
	if got.code != 0 || got.took > 30*time.Second {
		t.Fatalf("exit %d after %v:\n%s%s", got.code, got.took, got.out, got.err)
	}
	var kinds []timeline.Kind
	var last int64
	for line := range strings.SplitSeq(strings.TrimSpace(got.out), "\n") {
		var e timeline.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Kind == "" || e.At.IsZero() {
			t.Fatalf("a line is no event of the timeline: %q (%v)", line, err)
		}
		if e.Seq <= last {
			t.Errorf("event %d follows event %d", e.Seq, last)
		}
		last = e.Seq
		kinds = append(kinds, e.Kind)
	}
	at := -1
	for _, want := range []timeline.Kind{
		timeline.AlertStored, timeline.AttemptNoAnswer, timeline.AttemptNotConfirmed, timeline.AttemptConfirmed, timeline.AlertAcknowledged,
	} {
		next := slices.Index(kinds[at+1:], want)
		if next < 0 {
			t.Fatalf("the night has no %s after the others: %v", want, kinds)
		}
		at += 1 + next
	}
}

// For people, in both languages, with the voice if there is one.
func TestDemoIsReadable(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"en", "ja"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			got := tell(t, environment(), "", "demo", "--language", language)
			if got.code != 0 {
				t.Fatalf("exit %d:\n%s%s", got.code, got.out, got.err)
			}
			for _, word := range []string{"sato", "suzuki", "tanaka", "hears: ", "alert acknowledged"} {
				if !strings.Contains(got.out, word) {
					t.Errorf("nothing is said of %q:\n%s", word, got.out)
				}
			}
		})
	}
}

// The patterns and traps of the mission, explained by the binary: who rings when.
func TestExplainTellsEveryPattern(t *testing.T) {
	t.Parallel()
	plans, err := filepath.Glob(filepath.Join("..", "..", "docs", "plans", "*.yaml"))
	if err != nil || len(plans) != 9 {
		t.Fatalf("docs/plans holds %d plans (%v), want 9", len(plans), err)
	}
	for _, plan := range plans {
		t.Run(filepath.Base(plan), func(t *testing.T) {
			plan, err := filepath.Abs(plan)
			if err != nil {
				t.Fatal(err)
			}
			if got := tell(t, environment(), "", "plan", "check", plan); got.code != 0 {
				t.Errorf("plan check: exit %d\n%s%s", got.code, got.out, got.err)
			}
			got := tell(t, environment(), "", "plan", "explain", plan)
			if got.code != 0 || strings.Count(got.out, "\n") < 3 {
				t.Errorf("plan explain: exit %d\n%s%s", got.code, got.out, got.err)
			}
			events := tell(t, environment(), "", "plan", "explain", plan, "--json")
			dialled := 0
			for line := range strings.SplitSeq(strings.TrimSpace(events.out), "\n") {
				var e timeline.Event
				if err := json.Unmarshal([]byte(line), &e); err != nil {
					t.Fatalf("%q: %v", line, err)
				}
				if e.Kind == timeline.AttemptDialing {
					dialled++
				}
			}
			if events.code != 0 || dialled == 0 {
				t.Errorf("plan explain --json: exit %d, and nobody is rung:\n%s%s", events.code, events.out, events.err)
			}
		})
	}
}
