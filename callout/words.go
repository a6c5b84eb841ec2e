package callout

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var bareNumber = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

// duration reads 20s, 10m, 1h30m, between least and most.
func (r *reader) duration(e entry, least, most time.Duration) (time.Duration, bool) {
	s, ok := r.text(e)
	if !ok {
		return 0, false
	}
	d, err := time.ParseDuration(s)
	switch {
	case err != nil && bareNumber.MatchString(s):
		r.err(e.value, e.key, fmt.Sprintf("%q has no unit", s), "write "+s+"s for seconds, "+s+"m for minutes")
	case err != nil:
		r.err(e.value, e.key, fmt.Sprintf("%q is not a time", s), "20s, 10m, 1h30m")
	case bareNumber.MatchString(s): // ParseDuration takes a bare 0
		return d, true
	case d < 0:
		r.err(e.value, e.key, "is less than nothing", "")
	case d < least && d == 0:
		r.err(e.value, e.key, "is no time at all", "at least "+short(least))
	case d < least:
		r.err(e.value, e.key, short(d)+" is too short", "at least "+short(least))
	case d > most:
		r.err(e.value, e.key, short(d)+" is too long", "at most "+short(most))
	default:
		return d, true
	}
	return 0, false
}

// number reads a whole number between 1 and most.
func (r *reader) number(e entry, most int) (int, bool) {
	s, ok := r.text(e)
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > most {
		r.err(e.value, e.key, fmt.Sprintf("%q does not fit", s), fmt.Sprintf("a number from 1 to %d", most))
		return 0, false
	}
	return n, true
}

func (r *reader) yes(e entry) bool {
	s, ok := r.text(e)
	if !ok {
		return false
	}
	switch s {
	case "true", "false":
	default:
		r.err(e.value, e.key, fmt.Sprintf("%q is neither true nor false", s), "")
	}
	return s == "true"
}

// unknown reports a key that has no meaning here.
func (r *reader) unknown(e entry, where string, names []string) {
	r.err(e.at, e.key, "is no word of "+where, suggestion(e.key, names))
}

// suggestion is the nearest of the words that exist, or all of them.
func suggestion(s string, words []string) string {
	best, distance := "", 3
	for _, w := range words {
		if d := distanceOf(strings.ToLower(s), w, distance); d < distance {
			best, distance = w, d
		}
	}
	switch {
	case best != "" && distance*2 < max(len(best), 3):
		return "did you mean " + best + "?"
	case len(words) == 2:
		return words[0] + " or " + words[1]
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// distanceOf counts the letters to change, add, leave out or swap to make b of a; most if there are more.
func distanceOf(a, b string, most int) int {
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) >= most || len(y)-len(x) >= most {
		return most
	}
	before, last, row := []int{}, make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, slices.Clone(row)
	}
	return min(last[len(y)], most)
}
