package main

import (
	"strings"
	"sync"
	"time"

	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/simleg"
)

// simulatedPhones are the telephones behind sim: addresses. sim:sato?do=busy,key:1@8s says what sato does
// in each call; without a word it is somebody who answers after three seconds and presses 1 when the
// message has been said.
type simulatedPhones struct {
	behave map[string]callout.Behaviour // by name; overrides what the address says

	mu    sync.Mutex
	calls map[string]int
}

const willing = "key:1@9s"

// phone is how the phone at an address behaves in its next call.
func (s *simulatedPhones) phone(uri string) simleg.Behaviour {
	who, query, _ := strings.Cut(strings.TrimPrefix(uri, "sim:"), "?")
	s.mu.Lock()
	if s.calls == nil {
		s.calls = map[string]int{}
	}
	n := s.calls[who]
	s.calls[who]++
	s.mu.Unlock()
	b, known := s.behave[who]
	if !known {
		do, said := strings.CutPrefix(query, "do=")
		if !said {
			do = willing
		}
		var err error
		if b, err = callout.ParseBehaviour(do); err != nil {
			b, _ = callout.ParseBehaviour(willing)
		}
	}
	return phoneOf(b.On(n))
}

var refusals = map[callout.Outcome]leg.Cause{
	callout.Busy: leg.Busy, callout.Rejected: leg.Rejected, callout.Unreachable: leg.Unreachable,
	callout.Invalid: leg.Invalid, callout.Fault: leg.Fault,
}

// phoneOf turns what a simulated person does into a telephone.
func phoneOf(r callout.Reaction) simleg.Behaviour {
	b := simleg.Behaviour{RingAfter: 300 * time.Millisecond, AnswerAfter: simleg.Never}
	switch {
	case r.Refusal != "":
		b.Refuse, b.AnswerAfter = refusals[r.Refusal], max(r.Rings, 200*time.Millisecond)
		if r.Refusal != callout.Rejected { // the network refuses before anything rings
			b.RingAfter = simleg.Never
		}
	case r.Answers:
		b.AnswerAfter = r.Rings
		for _, k := range r.Keys {
			b.Actions = append(b.Actions, simleg.Action{At: k.After, Digits: k.Digit})
		}
		if r.HangUp > 0 {
			b.Actions = append(b.Actions, simleg.Action{At: r.HangUp, HangUp: true})
		}
	}
	return b
}
