package trunk

import (
	"fmt"
	"slices"

	"github.com/kaden-project/kaden/number"
)

// Ruling is what a trunk does with a class of numbers.
type Ruling string

// The rulings.
const (
	Allow  Ruling = "allow"
	Warn   Ruling = "warn" // dialled; whoever writes the number down is told why it may be a bad idea
	Refuse Ruling = "refuse"
)

// Rule is what a trunk does with one class of numbers, and why. The reason of an Allow is "".
type Rule struct {
	Class  number.Class `json:"class"`
	Ruling Ruling       `json:"ruling"`
	Reason string       `json:"reason,omitempty"`
}

// closedTo050 are the classes that lines with an 050 number do not reach: the called side does not accept
// calls from IP telephones.
var closedTo050 = []number.Class{number.TollFree, number.Shared, number.Premium, number.Pager}

// unless is what holds on any line until its document says otherwise: what costs more than a call, or is
// most often a mistake.
var unless = []Rule{
	{number.Abroad, Refuse, "numbers abroad are not called until a trunk allows them"},
	{number.Premium, Refuse, "premium numbers (0990, 0180) are not called until a trunk allows them"},
	{number.Shared, Warn, "0570 numbers charge the caller by the minute, and a queue may answer"},
	{number.Pager, Warn, "020 numbers are pagers and machines"},
	{number.Unknown, Warn, "no number plan knows such a number"},
}

// Rules is the whole table of the trunk: what it does with each class that may be dialled at all.
// Emergency and special numbers are in no table: nothing can allow them.
func (t Trunk) Rules() []Rule {
	var list []Rule
	for _, c := range number.Classes() {
		list = append(list, t.rule(c))
	}
	return list
}

// rule decides: what the document says of the class, the most careful word first, then what holds for lines
// of this kind, then what holds for all.
func (t Trunk) rule(c number.Class) Rule {
	say := func(r Ruling, format string, args ...any) Rule {
		reason := t.Why[c]
		if reason == "" {
			reason = fmt.Sprintf(format, args...)
		}
		return Rule{c, r, reason}
	}
	switch {
	case slices.Contains(t.Refuse, c):
		return say(Refuse, "trunk %q is told not to call %s (refuse: %s)", t.Name, c.Words(), c)
	case slices.Contains(t.Warn, c):
		return say(Warn, "trunk %q is told to warn of %s (warn: %s)", t.Name, c.Words(), c)
	case slices.Contains(t.Reach, c), slices.Contains(t.Allow, c):
		return Rule{Class: c, Ruling: Allow}
	case t.is050() && slices.Contains(closedTo050, c):
		return say(Refuse, "%s cannot be reached from 050 lines (trunk %q)", prefixes(c), t.Name)
	case c == number.Abroad && len(t.Reach) == 0 && number.Number(t.From).Class() == number.Abroad:
		return Rule{Class: c, Ruling: Allow} // it is at home there
	case len(t.Reach) > 0:
		return say(Refuse, "trunk %q does not reach %s (reach: %s is not listed)", t.Name, c.Words(), c)
	}
	for _, r := range unless {
		if r.Class == c && r.Ruling == Refuse {
			return say(Refuse, "%s (trunk %q has no allow: %s)", r.Reason, t.Name, c)
		} else if r.Class == c {
			return r
		}
	}
	return Rule{Class: c, Ruling: Allow}
}

// Judge is what the trunk does with n. Emergency and special numbers are refused whatever it allows.
func (t Trunk) Judge(n number.Number) Rule {
	class := n.Class()
	if n == "" {
		return Rule{class, Refuse, "there is no number to call"}
	}
	if ok, reason := class.Dialable(); !ok {
		return Rule{class, Refuse, reason}
	}
	return t.rule(class)
}

// Refuses says why the trunk does not take n; "" means that it does.
func (t Trunk) Refuses(n number.Number) (reason string) {
	if r := t.Judge(n); r.Ruling == Refuse {
		return r.Reason
	}
	return ""
}

// Warns says what speaks against calling n over the trunk, though it would be dialled; "" is nothing.
func (t Trunk) Warns(n number.Number) (reason string) {
	if r := t.Judge(n); r.Ruling == Warn {
		return r.Reason
	}
	return ""
}

func (t Trunk) is050() bool { return number.Number(t.From).Class() == number.IPPhone }

func prefixes(c number.Class) string {
	switch c {
	case number.TollFree:
		return "0120 and 0800 numbers"
	case number.Premium:
		return "0990 and 0180 numbers"
	}
	return c.Words()
}

// Dial is what is dialled on the trunk to reach n: its prefix and the number as it wants it spelt. It is
// "" for numbers that are never dialled; ask Refuses for the reason.
func (t Trunk) Dial(n number.Number) string {
	if ok, _ := n.Class().Dialable(); !ok || n == "" {
		return ""
	}
	style := t.Spelling
	if t.Prefix != "" && style == "" {
		style = number.National // 184 means something only before a number as Japanese telephones dial it
	}
	return t.Prefix + n.Spell(style)
}

// Choose gives the trunks that take n, best first: those of prefer in its order, then the others in the
// order of trunks. refused says of each other trunk why it does not take n, by name. A preferred name that
// is no trunk is refused too.
//
// A trunk nobody prefers is still a candidate: a call that shows an unexpected number is better than none.
func Choose(trunks []Trunk, n number.Number, prefer []string) (candidates []Trunk, refused map[string]string) {
	refused = map[string]string{}
	ordered := make([]Trunk, 0, len(trunks))
	for _, name := range prefer {
		i := slices.IndexFunc(trunks, func(t Trunk) bool { return t.Name == name })
		if i < 0 {
			refused[name] = fmt.Sprintf("there is no trunk %q", name)
			continue
		}
		ordered = append(ordered, trunks[i])
	}
	for _, t := range append(ordered, trunks...) {
		if _, no := refused[t.Name]; no || slices.ContainsFunc(candidates, func(c Trunk) bool { return c.Name == t.Name }) {
			continue
		}
		if reason := t.Refuses(n); reason != "" {
			refused[t.Name] = reason
			continue
		}
		candidates = append(candidates, t)
	}
	return candidates, refused
}

// Warning is what speaks against calling n over the trunks that take it: "" where one of them has no objection,
// or none takes it.
func Warning(trunks []Trunk, n number.Number) (reason string) {
	candidates, _ := Choose(trunks, n, nil)
	for _, t := range candidates {
		w := t.Warns(n)
		if w == "" {
			return ""
		}
		if reason == "" {
			reason = w
		}
	}
	return reason
}
