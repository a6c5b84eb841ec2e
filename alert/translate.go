package alert

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"
)

// What a translation may cost at most.
const (
	TranslationTime = 50 * time.Millisecond
	LargestBody     = 1 << 20
	mostAlerts      = 500 // of one delivery
)

var (
	errTooLarge = fmt.Errorf("a body of more than %d bytes", LargestBody)
	errTooSlow  = fmt.Errorf("not read within %s", TranslationTime)
	errNothing  = errors.New("it says nothing")
	errNoReader = errors.New("nobody here reads this kind of body")
)

// Translate has t read one delivery of source. Whatever t does, fail, panic, take too long, find nothing,
// there is at least one alert. What could be read stands first; what could not is one [Fallback] behind it,
// which calls somebody. What comes back is clean.
func Translate(t Translator, source Source, raw []byte) []Alert {
	alerts, err := bounded(t, raw)
	if err == nil && len(alerts) == 0 {
		err = errNothing
	}
	if cut := len(alerts) - mostAlerts; cut > 0 {
		alerts = alerts[:mostAlerts]
		err = fmt.Errorf("%d alerts in one delivery; %d are not looked at", cut+mostAlerts, cut)
	}
	clean := make([]Alert, len(alerts), len(alerts)+1)
	for i, a := range alerts {
		a.Source = source.Name
		clean[i] = Clean(a)
		if strings.HasPrefix(clean[i].Key, ours) {
			clean[i].Key = short(clean[i].Key) // kaden's own words about a source are kaden's alone
		}
	}
	if err != nil {
		clean = append(clean, Fallback(source.Name, source.Kind, raw, err))
	}
	return clean
}

// bounded runs t within its time. A translator that does not return is left to itself: it holds nothing
// but its copy of the bytes.
func bounded(t Translator, raw []byte) ([]Alert, error) {
	switch {
	case t == nil:
		return nil, errNoReader
	case len(raw) > LargestBody:
		return nil, errTooLarge
	}
	type answer struct {
		alerts []Alert
		err    error
	}
	began := make(chan struct{})
	done := make(chan answer, 1) // holds the answer that comes too late
	go func() {
		close(began)
		var a answer
		defer func() {
			if p := recover(); p != nil {
				a = answer{err: fmt.Errorf("the reader crashed: %v at %s", p, whereabouts(debug.Stack()))}
			}
			done <- a
		}()
		a.alerts, a.err = t(raw)
	}()
	<-began // on a machine with much to do the reader's time runs from here, not from before it was let in
	timer := time.NewTimer(TranslationTime)
	defer timer.Stop()
	select {
	case a := <-done:
		return a.alerts, a.err
	case <-timer.C:
	}
	select {
	case a := <-done: // both came while this goroutine slept
		return a.alerts, a.err
	default:
		return nil, errTooSlow
	}
}

// whereabouts is the place in our code where a panic began, for the one who mends it.
func whereabouts(stack []byte) string {
	_, after, _ := strings.Cut(string(stack), "\npanic(")
	for l := range strings.Lines(after) {
		place, isFile := strings.CutPrefix(l, "\t")
		if !isFile || strings.Contains(place, "/src/runtime/") {
			continue
		}
		place, _, _ = strings.Cut(strings.TrimSpace(place), " ")
		return place[strings.LastIndexByte(place, '/')+1:]
	}
	return "an unknown place"
}
