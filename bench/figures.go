package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
)

// spread is what many durations of one kind come to, in milliseconds.
type spread struct{ n, p50, p99, max float64 }

// spreadOf takes durations; none gives the zero spread.
func spreadOf(ds []time.Duration) spread {
	if len(ds) == 0 {
		return spread{}
	}
	ds = slices.Clone(ds)
	slices.Sort(ds)
	at := func(p float64) float64 {
		return ms(ds[max(0, int(math.Ceil(p*float64(len(ds))))-1)])
	}
	return spread{float64(len(ds)), at(0.5), at(0.99), at(1)}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// medianSpread is the median of each figure over the runs.
func medianSpread(runs []spread) spread {
	pick := func(f func(spread) float64) float64 {
		var vs []float64
		for _, r := range runs {
			vs = append(vs, f(r))
		}
		return median(vs)
	}
	return spread{
		pick(func(s spread) float64 { return s.n }), pick(func(s spread) float64 { return s.p50 }),
		pick(func(s spread) float64 { return s.p99 }), pick(func(s spread) float64 { return s.max }),
	}
}

func median(vs []float64) float64 {
	if len(vs) == 0 {
		return 0
	}
	vs = slices.Sorted(slices.Values(vs))
	if n := len(vs); n%2 == 0 {
		return (vs[n/2-1] + vs[n/2]) / 2
	}
	return vs[len(vs)/2]
}

// String is "p50 / p99".
func (s spread) String() string { return fmt.Sprintf("%s / %s ms", num(s.p50), num(s.p99)) }

// num writes a figure with as many places as it deserves.
func num(v float64) string {
	switch a := math.Abs(v); {
	case a >= 100 || v == math.Trunc(v):
		return strconv.FormatFloat(v, 'f', 0, 64)
	case a >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// limit is a goal that is met when the figure is not above it; or, with least, not below.
type limit struct {
	name  string // of the figure, where a row has several: "p99"
	value float64
	goal  float64
	unit  string
	least bool
}

// judge says that all limits are kept, or which are not and by how much.
func judge(limits ...limit) string {
	missed := ""
	for _, l := range limits {
		if l.value <= l.goal && !l.least || l.value >= l.goal && l.least {
			continue
		}
		if missed != "" {
			missed += ", "
		}
		if l.name != "" {
			missed += l.name + " "
		}
		how := "over"
		if l.least {
			how = "short"
		}
		missed += fmt.Sprintf("%s %s %s", num(math.Abs(l.value-l.goal)), l.unit, how)
	}
	if missed == "" {
		return "met"
	}
	return "**missed**: " + missed
}

// within judges a spread by two limits in milliseconds.
func (s spread) within(p50, p99 float64) string {
	if s.n == 0 {
		return "**nothing was measured**"
	}
	return judge(limit{name: "p50", value: s.p50, goal: p50, unit: "ms"}, limit{name: "p99", value: s.p99, goal: p99, unit: "ms"})
}

// times says how often something was measured.
func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("median of %d", n)
}

// below judges one figure.
func below(value, goal float64, unit string) string {
	return judge(limit{value: value, goal: goal, unit: unit})
}

// atLeast judges one figure of which more is better.
func atLeast(value, goal float64, unit string) string {
	return judge(limit{value: value, goal: goal, unit: unit, least: true})
}
