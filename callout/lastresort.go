package callout

import (
	"fmt"
	"slices"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// Rule 3: exhausted is not the end for what is critical. Whatever the plan says, everybody of the
// default contacts is then rung slowly, until somebody takes it, it is resolved, or a person stops it.

// slowly is the rest between two rounds of the last resort, and before the first.
const slowly = 10 * time.Minute

// longestSilence is the longest rest when there is nobody to call and all that can be done is to say so.
const longestSilence = time.Hour

func (m *machine) lastResort() {
	if m.Drill || !grave(m.Severity) {
		return
	}
	m.note(timeline.Event{Kind: timeline.CalloutWaiting,
		Text: "nobody took it: from now on everybody of the default contacts is called every " + short(slowly)})
	m.drop(StepLast)
	m.Side = append(m.Side, Track{Step: StepLast, Phase: Resting, Due: m.clock(StepLast).Add(slowly)})
}

// silence is the rest after a round of the last resort. That nobody could be called is said loudly, at a
// growing distance.
func (m *machine) silence(t *Track) time.Duration {
	if slices.ContainsFunc(t.People, func(p Person) bool { return p.reason() == "" }) {
		t.Missed = 0
		return slowly
	}
	rest := min(slowly<<min(t.Missed, 8), longestSilence)
	t.Missed++
	m.note(timeline.Event{Kind: timeline.NoticeRaised, Cause: string(Unreachable),
		Text: fmt.Sprintf("nobody took a critical alert, and of the default contacts nobody can be called; looked again in %s", short(rest))})
	return rest
}
