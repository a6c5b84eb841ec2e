// Package oncall knows people: how each can be reached, in which language they want to be spoken to,
// which groups they are in, and later who is on duty at a moment.
package oncall

import "github.com/kaden-project/kaden/number"

// Person is somebody who can be called.
type Person struct {
	ID       string   // sato: what plans say
	Name     string   // 佐藤
	Reading  string   // さとう: how the name is spoken
	Language string   // BCP-47, ja-JP; "" leaves it to the plan
	Contacts []Method // in order of preference; those that ring together stand side by side
	PIN      string   // four to ten digits that prove the person when they call us; "" none
}

// Method is one way to reach a person (contact method).
type Method struct {
	Address number.Address
	Ring    int // seconds; 0 is the plan's

	// Together is the same number for contacts side by side that ring at the same time; 0 rings alone.
	Together int
}

// Group is people under one name; @db-team in a plan.
type Group struct {
	ID      string
	Members []string // people and @groups
}
