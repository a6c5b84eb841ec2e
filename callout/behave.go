package callout

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Behaviour is what a simulated person does when called: one Reaction for each call in turn, the
// last of them for all further calls. Where several phones ring at the same time, the first call is the one to the
// first of them. The zero value never answers.
//
// It is written like this, and [ParseBehaviour] reads it:
//
//	no-answer       rings out
//	busy            is on the phone
//	reject          presses the red button after 3 s; reject@6s after 6 s
//	unreachable     no such phone to be found; invalid: no such number; fault: our own line is down
//	answer          answers after 3 s, says and presses nothing; answer@8s after 8 s
//	voicemail       a machine answers after 15 s and listens; voicemail@18s after 18 s
//	key:1@8s        answers and presses 1, 8 s after the answer
//	hangup@5s       answers and hangs up after 5 s
//	answer@4s+key:9@5s+key:1@12s+hangup@20s
//	                all of it in one call
//	busy,key:1@5s   the first call finds a busy line, the later ones a person
//	proof@8s        answers and presses the digit that was spoken, 8 s after the answer
//	callback@2m+key:1@5s
//	                does not answer, calls back 2 min after the phone began to ring, and presses 1
//	key:1,check:busy,check:key:1@4s
//	                takes it; asked later whether they are still on it, is on the phone, then presses 1
//	key:1,asleep    takes it and answers no such call: check:no-answer
type Behaviour struct {
	Calls  []Reaction
	Checks []Reaction // to calls that ask the one who took it; none is like Calls
}

// Reaction is what happens in one call.
type Reaction struct {
	Rings   time.Duration // before the answer or the refusal; one that neither answers nor refuses rings on
	Refusal Outcome       // Busy, Rejected, Unreachable, Invalid or Fault; "" if it is not refused
	Answers bool
	Machine bool          // it is a machine that answers
	Keys    []Key         // in order of time
	HangUp  time.Duration // after the answer; 0 stays until the other side hangs up
	Back    time.Duration // does not answer, calls back so long after the first ring; Keys and HangUp are of that call
}

// Key is a key pressed at a moment after the answer.
type Key struct {
	After time.Duration
	Digit string // or SpokenDigit
}

// SpokenDigit is the Digit of a Key for whatever digit was spoken in the call.
const SpokenDigit = "proof"

// What people do who are not told when.
const (
	usualAnswer    = 3 * time.Second
	usualVoicemail = 15 * time.Second // carriers: 15–25 s
	usualKey       = 5 * time.Second
	usualHangUp    = 5 * time.Second
	usualBack      = 2 * time.Minute
	longestDoing   = time.Hour
)

// On is the reaction to a person's n-th call, counted from 0.
func (b Behaviour) On(n int) Reaction {
	if len(b.Calls) == 0 {
		return Reaction{}
	}
	return b.Calls[min(max(n, 0), len(b.Calls)-1)]
}

// ParseBehaviour reads the grammar described at [Behaviour].
func ParseBehaviour(s string) (Behaviour, error) {
	var b Behaviour
	for _, call := range strings.Split(s, ",") {
		if err := b.add(strings.TrimSpace(call)); err != nil {
			return Behaviour{}, err
		}
	}
	return b, nil
}

// add reads one reaction.
func (b *Behaviour) add(s string) error {
	if s == "asleep" {
		s = "check:no-answer"
	}
	s, check := strings.CutPrefix(s, "check:")
	r, err := parseReaction(s)
	switch {
	case err != nil:
		return err
	case check:
		b.Checks = append(b.Checks, r)
	default:
		b.Calls = append(b.Calls, r)
	}
	return nil
}

// ParsePeople reads several people: sato=no-answer,suzuki=busy,key:1@5s. What has no name of its own
// is the next call of the person before.
func ParsePeople(s string) (map[string]Behaviour, error) {
	people := map[string]Behaviour{}
	if strings.TrimSpace(s) == "" {
		return people, nil
	}
	who := ""
	for _, word := range strings.Split(s, ",") {
		name, does, named := strings.Cut(word, "=")
		if !named {
			does = word
		} else {
			who = strings.TrimSpace(name)
			if _, twice := people[who]; twice {
				return nil, fmt.Errorf("%s is named twice (write the calls one after another: %s=busy,key:1@5s)", who, who)
			}
		}
		if who == "" {
			return nil, fmt.Errorf("%q is nobody's (sato=%s)", word, strings.TrimSpace(does))
		}
		b := people[who]
		if err := b.add(strings.TrimSpace(does)); err != nil {
			return nil, fmt.Errorf("%s: %w", who, err)
		}
		people[who] = b
	}
	return people, nil
}

var refusals = map[string]Outcome{"busy": Busy, "reject": Rejected, "unreachable": Unreachable, "invalid": Invalid, "fault": Fault}

var behaviourWords = []string{"no-answer", "busy", "reject", "unreachable", "invalid", "fault", "answer", "voicemail", "key:1@8s", "hangup@5s", "proof@8s", "callback@2m", "asleep"}

func parseReaction(s string) (Reaction, error) {
	var r Reaction
	answered := time.Duration(-1)
	for i, part := range strings.Split(s, "+") {
		word, moment, timed := strings.Cut(part, "@")
		var at time.Duration
		if timed {
			d, err := time.ParseDuration(moment)
			if err != nil || d < 0 || d > longestDoing {
				return r, fmt.Errorf("%q: %q is not a time (8s, 1m)", part, moment)
			}
			at = d
		}
		or := func(usual time.Duration) time.Duration {
			if timed {
				return at
			}
			return usual
		}
		refusal, refused := refusals[word]
		switch {
		case (refused || word == "no-answer") && (i > 0 || strings.Contains(s, "+")):
			return r, fmt.Errorf("%q: nothing goes with %s (write the next call after a comma)", s, word)
		case word == "no-answer" && !timed:
		case refused:
			r.Refusal, r.Rings = refusal, at
			if refusal == Rejected {
				r.Rings = or(usualAnswer)
			}
		case word == "answer" && i == 0:
			r.Answers, answered = true, or(usualAnswer)
		case word == "voicemail" && i == 0:
			r.Answers, r.Machine, answered = true, true, or(usualVoicemail)
		case word == "callback" && i == 0:
			r.Answers, r.Back, answered = true, max(or(usualBack), time.Second), 0
		case word == "proof":
			r.Answers = true
			r.Keys = append(r.Keys, Key{After: or(usualKey), Digit: SpokenDigit})
		case word == "hangup" && r.HangUp == 0:
			r.Answers, r.HangUp = true, max(or(usualHangUp), time.Millisecond)
		case isKey(word):
			r.Answers = true
			r.Keys = append(r.Keys, Key{After: or(usualKey), Digit: word[len("key:"):]})
		default:
			return r, fmt.Errorf("%q is nothing a person can do (%s)", part, suggestion(word, behaviourWords))
		}
	}
	if r.Answers {
		if answered < 0 {
			answered = usualAnswer
		}
		r.Rings = answered
	}
	slices.SortStableFunc(r.Keys, func(a, b Key) int { return int(a.After - b.After) })
	return r, nil
}

func isKey(word string) bool {
	digit, ok := strings.CutPrefix(word, "key:")
	return ok && len(digit) == 1 && strings.Contains("0123456789*#", digit)
}

// String writes it in the grammar.
func (b Behaviour) String() string {
	var calls []string
	for _, r := range b.Calls {
		calls = append(calls, r.String())
	}
	for _, r := range b.Checks {
		calls = append(calls, "check:"+r.String())
	}
	if len(calls) == 0 {
		return "no-answer"
	}
	return strings.Join(calls, ",")
}

// String writes it in the grammar of [Behaviour].
func (r Reaction) String() string {
	for word, o := range refusals {
		if o == r.Refusal {
			if r.Rings == 0 {
				if o != Rejected {
					return word
				}
				return word + "@0s"
			}
			return word + "@" + short(r.Rings)
		}
	}
	if !r.Answers {
		return "no-answer"
	}
	word := "answer@" + short(r.Rings)
	switch {
	case r.Machine:
		word = "voicemail@" + short(r.Rings)
	case r.Back > 0:
		word = "callback@" + short(r.Back)
	}
	parts := []string{word}
	for _, k := range r.Keys {
		if k.Digit == SpokenDigit {
			parts = append(parts, "proof@"+short(k.After))
			continue
		}
		parts = append(parts, "key:"+k.Digit+"@"+short(k.After))
	}
	if r.HangUp > 0 {
		parts = append(parts, "hangup@"+short(r.HangUp))
	}
	return strings.Join(parts, "+")
}
