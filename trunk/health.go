package trunk

import (
	"fmt"
	"time"
)

// Health is how a trunk has fared of late, as a value: each call's fate gives the next one. It has no clock.
// The zero Health is a trunk of which nothing bad is known. It may be kept as JSON.
type Health struct {
	Strain float64   `json:"strain,omitempty"` // 0 all is well … 1 nothing works: what the last calls came to, the latest counting half
	Failed int       `json:"failed,omitempty"` // calls in a row that the trunk has failed
	Since  time.Time `json:"since,omitzero"`   // when the first of them failed
	Last   time.Time `json:"last,omitzero"`    // when the last did
	Until  time.Time `json:"until,omitzero"`   // it rests until then
	Why    string    `json:"why,omitempty"`    // what the last one failed of
	Trial  bool      `json:"trial,omitempty"`  // a call is finding out whether it works again
}

// State is what a Health means for the next call.
type State string

// The states.
const (
	Well    State = "well"    // as many calls as there are lines
	Due     State = "due"     // its rest is over: one call finds out, the others wait for what comes of it
	Resting State = "resting" // no call, while any other trunk takes the number
)

// rests are how long a trunk is left alone after one failed call, two in a row, and so on. They grow no further:
// it is people's night that waits, and one call a minute harms no carrier.
var rests = []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute}

const (
	// longestAsked is as long as a carrier's Retry-After is heeded.
	longestAsked = 5 * time.Minute
	// Breath is what even a call that has no other way waits for after a failure.
	Breath = 500 * time.Millisecond
	// downAfter is how many calls in a row have to fail before people are told.
	downAfter = 3
)

// Work is the health after a call that the trunk has carried: it rang, or somebody or something out there said no.
func (h Health) Work() Health {
	h = Health{Strain: h.Strain / 2}
	if h.Strain < 0.01 {
		h.Strain = 0
	}
	return h
}

// Fail is the health after a call that the trunk itself has failed at now: refused because it is full or does not
// know us, or not answered at all. asked is how long it wants to be left alone (Retry-After), 0 if it did not say.
func (h Health) Fail(now time.Time, why string, asked time.Duration) Health {
	if h.Failed == 0 {
		h.Since = now
	}
	rest := max(rests[min(h.Failed, len(rests)-1)], min(asked, longestAsked))
	h.Failed++
	h.Strain = (1 + h.Strain) / 2
	h.Last, h.Until, h.Why, h.Trial = now, now.Add(rest), why, false
	return h
}

// Try is the health while one call finds out whether the trunk works again. It changes nothing where all is well.
func (h Health) Try() Health {
	h.Trial = h.Failed > 0
	return h
}

// Drop is the health after a call that was given up before it could tell.
func (h Health) Drop() Health {
	h.Trial = false
	return h
}

// Recalled is the health as it is known after a restart at now: nobody finds out any more, and no clock that was put
// back in the meantime lets a trunk rest for longer than it would have.
func (h Health) Recalled(now time.Time) Health {
	h.Trial = false
	if h.Until.After(now.Add(longestAsked)) {
		h.Until = now
	}
	if h.Last.After(now) {
		h.Last = now
	}
	return h
}

// State is what the health means at now.
func (h Health) State(now time.Time) State {
	switch {
	case h.Failed == 0:
		return Well
	case now.Before(h.Until):
		return Resting
	}
	return Due
}

// Score is the health in one figure: 100 is well, 0 is dead.
func (h Health) Score() int { return int((1-h.Strain)*100 + 0.5) }

// Down tells that it is more than bad luck: people are to be told, and told again when it is over.
func (h Health) Down() bool { return h.Failed >= downAfter }

// Words says how it is at now, for people; "" where all is well.
func (h Health) Words(now time.Time) string {
	if h.Failed == 0 {
		return ""
	}
	calls := "the last call"
	if h.Failed > 1 {
		calls = fmt.Sprintf("the last %d calls", h.Failed)
	}
	s := fmt.Sprintf("%s failed: %s", calls, h.Why)
	switch {
	case h.Trial:
		return s + "; a call is finding out"
	case now.Before(h.Until):
		return s + fmt.Sprintf("; left alone for %v", h.Until.Sub(now).Round(time.Second/10))
	}
	return s + "; the next call finds out"
}
