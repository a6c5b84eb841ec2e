package trunk

import (
	"fmt"
	"slices"

	"github.com/kaden-project/kaden/number"
)

// Refuses says why the trunk does not take n; "" means that it does. Emergency and special numbers are
// refused whatever the trunk allows. A line whose own number is an 050 number does not reach 0120, 0800,
// 0570 and 0990 numbers, because those do not accept calls from 050; a carrier that can do better is told
// by naming the class in Reach.
func (t Trunk) Refuses(n number.Number) (reason string) {
	class := n.Class()
	if n == "" {
		return "there is no number to call"
	}
	if ok, reason := class.Dialable(); !ok {
		return reason
	}
	switch {
	case slices.Contains(t.Refuse, class):
		return fmt.Sprintf("trunk %q is told not to call %s (refuse: %s)", t.Name, class.Words(), class)
	case slices.Contains(t.Reach, class):
		return ""
	case closedTo050(class) && t.is050():
		return fmt.Sprintf("%s cannot be reached from 050 lines (trunk %q)", prefixes(class), t.Name)
	case len(t.Reach) > 0:
		return fmt.Sprintf("trunk %q does not reach %s (reach: %s is not listed)", t.Name, class.Words(), class)
	}
	return ""
}

func (t Trunk) is050() bool { return number.Number(t.From).Class() == number.IPPhone }

func closedTo050(c number.Class) bool {
	return c == number.TollFree || c == number.Shared || c == number.Premium || c == number.Pager
}

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
