package sipleg

import (
	"sort"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// movedTo is where a 3xx says that who was called can be reached: the best of its contacts (RFC 3261 section 8.1.3.4), ""
// if it names none that we could call. Whether it may be called is for others to say.
func movedTo(r *response) string {
	best, highest := "", -1.0
	for _, value := range values(r, "Contact", "m") {
		for _, one := range listed(value) {
			uri, params, ok := nameAddr(one)
			if !ok {
				uri, _, _ = strings.Cut(strings.TrimSpace(one), ";")
			}
			q, err := strconv.ParseFloat(params["q"], 64)
			if err != nil {
				q = 1
			}
			if q > highest && callable(uri) {
				best, highest = uri, q
			}
		}
	}
	return best
}

// forwardedTo is where the call has been forwarded, as far as a provisional answer says: the last place that its
// History-Info names (RFC 7044), if that is another than we called; "" if it says nothing.
func forwardedTo(i *invitation, r *response) string {
	type entry struct{ index, uri string }
	var all []entry
	for _, value := range values(r, "History-Info") {
		for _, one := range listed(value) {
			if uri, params, ok := nameAddr(one); ok && callable(uri) {
				all = append(all, entry{params["index"], uri})
			}
		}
	}
	if len(all) == 0 {
		return ""
	}
	sort.SliceStable(all, func(x, y int) bool { return before(all[x].index, all[y].index) })
	last := all[len(all)-1].uri
	if userIn("<"+last+">") == userIn("<"+i.uri+">") {
		return ""
	}
	last, _, _ = strings.Cut(last, "?") // the reason why it was forwarded is embedded there
	return last
}

// before compares the indexes of History-Info: 1 1.1 1.2 1.10 2.
func before(x, y string) bool {
	a, b := strings.Split(x, "."), strings.Split(y, ".")
	for k := 0; k < len(a) && k < len(b); k++ {
		m, _ := strconv.Atoi(a[k])
		n, _ := strconv.Atoi(b[k])
		if m != n {
			return m < n
		}
	}
	return len(a) < len(b)
}

// callable tells whether a far end's address has the form of one that we call.
func callable(uri string) bool {
	if !clean(uri) || len(uri) > 256 {
		return false
	}
	if number, is := strings.CutPrefix(uri, "tel:"); is {
		return number != ""
	}
	var u sip.Uri
	return (strings.HasPrefix(uri, "sip:") || strings.HasPrefix(uri, "sips:")) && sip.ParseUri(uri, &u) == nil && u.Host != ""
}

// listed cuts a header at the commas that stand outside of brackets and quotes.
func listed(value string) (all []string) {
	from, within, quoted := 0, 0, false
	for k := 0; k < len(value); k++ {
		switch c := value[k]; {
		case c == '\\' && quoted:
			k++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '<':
			within++
		case c == '>':
			within--
		case c == ',' && within == 0:
			all = append(all, value[from:k])
			from = k + 1
		}
	}
	return append(all, value[from:])
}
