package callout

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// numberOf is n of an attempt named callout-n.
func numberOf(callout, attempt string) (int, bool) {
	rest, ok := strings.CutPrefix(attempt, callout+"-")
	if !ok || rest == "" || rest[0] < '0' || rest[0] > '9' {
		return 0, false
	}
	n, err := strconv.Atoi(rest)
	return n, err == nil
}

// short writes a duration as a person would: 20s, 2m, 1h30m.
func short(d time.Duration) string {
	if d == 0 {
		return "0s"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func people(n int) string {
	if n == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d people", n)
}

// list names at most a handful of people.
func list(ids []string) string {
	const most = 8
	if len(ids) > most {
		return strings.Join(ids[:most], ", ") + fmt.Sprintf(" and %d more", len(ids)-most)
	}
	return strings.Join(ids, ", ")
}

// outcomeText finishes the sentence "sato …".
func outcomeText(o Outcome) string {
	switch o {
	case Busy:
		return "is busy or declined"
	case NoAnswer:
		return "did not answer"
	case Rejected:
		return "rejected the call"
	case Unreachable:
		return "cannot be reached"
	case Invalid:
		return "has a number that does not exist"
	case Machine:
		return "has a machine answering"
	case NotConfirmed:
		return "answered and pressed no key"
	case Passed:
		return "passed"
	case Lost:
		return "was cut off when kaden stopped"
	case Fault:
		return "was not called: our own fault"
	case Canceled:
		return "was no longer called"
	}
	return string(o)
}
