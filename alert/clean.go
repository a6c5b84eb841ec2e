package alert

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// LongestBody is how long an alert's body may be, in bytes.
const LongestBody = 16 << 10

// What else an alert may hold at most. Senders are strangers; what is kept is also shown and spoken.
const (
	longestTitle = 1024 // runes
	longestShort = 256  // runes: subject, account, label
	longestKey   = 256  // bytes
	mostLabels   = 64
	mostLinks    = 16
)

// Clean brings an alert into the form that the rest of kaden relies on: valid UTF-8 without control
// characters, a title of 1 to 1,024 runes on one line, a key, an action, a severity, links that lead to web
// pages. Cleaning twice changes nothing more.
func Clean(a Alert) Alert {
	a.Source = line(a.Source, longestShort)
	a.Title = line(a.Title, longestTitle)
	a.Account = line(a.Account, longestShort)
	a.Subject = line(a.Subject, longestShort)
	a.Problem = line(a.Problem, longestTitle)
	a.Body = page(a.Body, LongestBody)
	a.Labels = cleanLabels(a.Labels)
	a.Links = cleanLinks(a.Links)
	a.OccurredAt = moment(a.OccurredAt)
	switch a.Action {
	case Trigger, Ack, Resolve, Info, Test:
	default:
		a.Action = Trigger
	}
	switch a.Severity {
	case Critical, Major, Warning, Notice:
	default:
		a.Severity = Unknown
	}
	if a.Title == "" {
		a.Title = cmp.Or(a.Subject, line(a.Source+" alert", longestTitle))
	}
	a.Key = cleanKey(a)
	return a
}

// cleanKey gives an alert without a key one by what it says: the same title about the same subject is
// the same problem, so its resolve finds it.
func cleanKey(a Alert) string {
	key := line(a.Key, longestTitle)
	if key == "" {
		return "title:" + short(a.Subject+"\x00"+a.Title)
	}
	if len(key) > longestKey {
		return "long:" + short(a.Key)
	}
	return key
}

// short is enough of a hash to tell problems of one source apart.
func short(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}

// line puts text on one line of at most limit runes.
func line(s string, limit int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		case invisible(r):
			return -1
		}
		return r
	}, s)
	return cut(strings.Join(strings.Fields(s), " "), limit)
}

// page keeps lines and tabs; limit is in bytes.
func page(s string, limit int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) || invisible(r) {
			return -1
		}
		return r
	}, s)
	s = strings.TrimSpace(s)
	if len(s) > limit {
		s = s[:limit]
		for !utf8.ValidString(s) { // at most three steps: a rune was cut
			s = s[:len(s)-1]
		}
		s = strings.TrimSpace(s)
	}
	return s
}

// invisible are characters that turn text around or hide in it; a console must show what is there.
func invisible(r rune) bool {
	return r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069' || r == '\u200B' || r == '\uFEFF'
}

func cut(s string, limit int) string {
	n := 0
	for i := range s {
		if n == limit {
			return strings.TrimSpace(s[:i])
		}
		n++
	}
	return s
}

func cleanLabels(in map[string]string) map[string]string {
	var out map[string]string
	for _, k := range slices.Sorted(maps.Keys(in)) { // the same ones are kept each time
		name, value := line(k, longestShort), line(in[k], longestTitle)
		if name == "" || value == "" {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		if len(out) < mostLabels {
			out[name] = value
		}
	}
	return out
}

// cleanLinks keeps addresses of web pages alone: a javascript: link would run in the console.
func cleanLinks(in []Link) (out []Link) {
	for _, l := range in {
		u, err := url.Parse(strings.TrimSpace(l.Href))
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || len(l.Href) > 2048 || len(out) == mostLinks {
			continue
		}
		out = append(out, Link{Href: u.String(), Text: line(l.Text, longestShort)})
	}
	return out
}
