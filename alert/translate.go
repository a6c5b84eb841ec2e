package alert

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
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
// there is at least one alert: then it is [Fallback], which calls somebody. What comes back is clean.
func Translate(t Translator, source Source, raw []byte) []Alert {
	alerts, err := bounded(t, raw)
	if err == nil && len(alerts) == 0 {
		err = errNothing
	}
	if err != nil {
		return []Alert{Fallback(source.Name, source.Kind, raw, err)}
	}
	cut := len(alerts) - mostAlerts
	alerts = alerts[:min(len(alerts), mostAlerts)]
	clean := make([]Alert, len(alerts))
	for i, a := range alerts {
		a.Source = source.Name
		clean[i] = Clean(a)
	}
	if cut > 0 {
		more := Fallback(source.Name, source.Kind, raw, fmt.Errorf("%d alerts in one delivery; %d are not looked at", cut+mostAlerts, cut))
		clean = append(clean, more)
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

// Fallback is the alert for a delivery that could not be read. It calls like any other, because behind
// an unreadable body there may be a house on fire; its body shows what came. The same bytes give the
// same key, so a sender that repeats itself opens one incident.
func Fallback(source, kind string, raw []byte, err error) Alert {
	a := Alert{
		Source:   source,
		Key:      "unreadable:" + short(string(raw)),
		Action:   Trigger,
		Severity: Unknown,
		Title:    source + " alert (could not be read)",
		Body:     readable(raw),
		Labels:   map[string]string{"kind": kind},
	}
	if err != nil {
		a.Problem = err.Error()
	}
	return Clean(a)
}

// readable is the beginning of a body as text, if it is text at all.
func readable(raw []byte) string {
	raw = raw[:min(len(raw), 4096)]
	odd := 0
	for _, r := range string(raw) {
		if r == utf8.RuneError || unicode.IsControl(r) && !unicode.IsSpace(r) {
			odd++
		}
	}
	if odd*10 > len(raw) {
		return fmt.Sprintf("(%d bytes that are no text)", len(raw))
	}
	return string(raw)
}
