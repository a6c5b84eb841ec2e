package tariff

import "time"

// Kind is something that accounts use.
type Kind string

// The kinds. Calls are legs that a carrier carried.
const (
	CallsIn    Kind = "calls-inbound"
	CallsOut   Kind = "calls-outbound"
	TextsIn    Kind = "sms-inbound"
	TextsOut   Kind = "sms-outbound"
	Recordings Kind = "recordings"
)

// Used is what an account used of one kind, in one currency and one step of time.
type Used struct {
	From     time.Time // the step's beginning, UTC
	Kind     Kind
	Currency string // "" where the cost is not known, or there is none
	Count    int64
	Units    int64         // segments of short messages
	Took     time.Duration // answered legs, recordings
	Amount   Amount
}

// Day is the longest step of Used; days are UTC's.
const Day = 24 * time.Hour

// Unit is one of a currency, or of anything else that is counted as an Amount.
const Unit = one
