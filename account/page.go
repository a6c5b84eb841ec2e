package account

import "time"

// Page asks for a piece of a list, newest first.
type Page struct {
	After int64 // the place that the piece before ended at, as its list gave it; 0 begins
	Limit int   // 0 is 50
}

// Span is a time from From on and before Before; a zero time does not bound it.
type Span struct{ From, Before time.Time }

// Holds tells whether a moment is within.
func (s Span) Holds(at time.Time) bool {
	return (s.From.IsZero() || !at.Before(s.From)) && (s.Before.IsZero() || at.Before(s.Before))
}
