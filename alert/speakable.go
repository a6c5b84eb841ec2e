package alert

import (
	"math"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// Speak is what is wrong, as an ear wants it (rule 24): the title, with the subject before it where the
// title does not name it. lang is BCP-47; Japanese and English are known, and English stands in for others.
func (a Alert) Speak(lang string) string {
	title, subject := Speakable(a.Title, lang), Speakable(a.Subject, lang)
	switch {
	case title == "" && subject == "":
		return Speakable(a.Source, lang)
	case title == "":
		return subject
	case subject == "" || strings.Contains(strings.ToLower(title), strings.ToLower(subject)):
		return title
	}
	if wordsFor(lang) == japanese {
		return subject + "、" + title
	}
	return subject + ", " + title
}

// Speakable makes text fit to be spoken: percentages are rounded, hosts, addresses and telephone numbers
// go digit by digit, and what no ear can use is left out: URLs, ARNs, UUIDs, long identifiers, symbols,
// pictures. It is "" when nothing remains.
func Speakable(text, lang string) string {
	w := wordsFor(lang)
	s := line(strings.Map(visible, strings.ReplaceAll(strings.TrimSpace(text), "\n", w.stop)), longestTitle)
	for _, never := range unspeakable {
		s = never.ReplaceAllString(s, " ")
	}
	s = identifiers.ReplaceAllStringFunc(s, func(id string) string {
		if strings.ContainsAny(id, "0123456789") {
			return " "
		}
		return id // "feedfacefeedface" of letters alone may be a word
	})
	s = mails.ReplaceAllString(s, "$1 "+w.at+" $2")
	s = addresses.ReplaceAllStringFunc(s, w.address)
	s = telephones.ReplaceAllStringFunc(s, w.spell)
	s = percentages.ReplaceAllStringFunc(s, w.percentage)
	s = comparisons.ReplaceAllStringFunc(s, w.compare)
	s = names.ReplaceAllStringFunc(s, w.name)
	s = strings.Map(symbol, s)
	for {
		tidier := emptyBrackets.ReplaceAllString(s, " ")
		if tidier == s {
			break
		}
		s = tidier
	}
	s = strings.Join(strings.Fields(s), " ")
	s = beforeStop.ReplaceAllString(s, "$1$2")
	return strings.Trim(s, " ,:;-、，")
}

var (
	// unspeakable are whole things no ear can use.
	unspeakable = []*regexp.Regexp{
		regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*://[^\s<>"「」『』（）、。]*`),
		regexp.MustCompile(`(?i)\barn:[a-z0-9-]*:[^\s<>"「」『』（）、。]*`),
		regexp.MustCompile(`(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`),
	}
	// identifiers are checksums and what clouds name their machines by (i-0a1b2c3d4e5f67890).
	identifiers = regexp.MustCompile(`(?i)\b(?:[0-9a-f]{16,}|[a-z]{1,10}-[0-9a-f]{8,40})\b`)

	mails       = regexp.MustCompile(`([A-Za-z0-9._+-]+)@([A-Za-z0-9-]+)`)
	addresses   = regexp.MustCompile(`\[?(?:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f.]*|[0-9]{1,3}(?:\.[0-9]{1,3}){3})\]?(?::[0-9]{1,5}\b)?`)
	telephones  = regexp.MustCompile(`\+[0-9]{7,15}|\b0[0-9]{1,4}-[0-9]{1,4}-[0-9]{3,4}\b|\b[0-9]{9,}\b`)
	percentages = regexp.MustCompile(`([0-9]+(?:\.[0-9]+)?)\s*(?:[%％]|パーセント|(?i:percent|pct)\b)`)
	comparisons = regexp.MustCompile(`\s*(?:>=|<=|[><≧≦≥≤])\s*-?[0-9]`)

	// names are hosts and the like: letters with digits in them, or parts joined by dots.
	names         = regexp.MustCompile(`[A-Za-z][A-Za-z0-9]*(?:[._-]+[A-Za-z0-9]+)*(?::[0-9]{1,5}\b)?`)
	emptyBrackets = regexp.MustCompile(`\(\s*\)|（\s*）|「\s*」|『\s*』`)
	beforeStop    = regexp.MustCompile(`\s+(?:([.,;!?)]+(?:\s|$))|([）」、。]))`)
)

// visible drops what has no place in a line of speech: pictures and the like.
func visible(r rune) rune {
	if unicode.Is(unicode.So, r) || unicode.Is(unicode.Sk, r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Mn, r) && r >= 0xFE00 {
		return ' '
	}
	return r
}

// symbol drops signs that engines read aloud by name, or not at all.
func symbol(r rune) rune {
	if strings.ContainsRune("[]{}<>\"`*#|_~^=\\%％@→←↑↓≧≦≥≤", r) {
		return ' '
	}
	return r
}

// words are how a language says what is not a word.
type words struct {
	digits               [10]string
	stop                 string
	dot, colon, at, port string
	percent              string
	over, under          string
	least, most          string
	spaced               bool // English: "96 percent"
}

var japanese = &words{
	digits: [10]string{"ゼロ", "イチ", "ニ", "サン", "ヨン", "ゴ", "ロク", "ナナ", "ハチ", "キュウ"},
	stop:   "。 ", dot: "ドット", colon: "コロン", at: "アット", port: "ポート", percent: "パーセント",
	// A monitor's formula is "value > threshold", whichever way the sign points.
	over: "、しきい値", under: "、しきい値", least: "、しきい値", most: "、しきい値",
}

var english = &words{
	digits: [10]string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"},
	stop:   ". ", dot: "dot", colon: "colon", at: "at", port: "port", percent: "percent",
	over: "over", under: "under", least: "at least", most: "at most", spaced: true,
}

func wordsFor(lang string) *words {
	if primary, _, _ := strings.Cut(strings.ToLower(lang), "-"); primary == "ja" {
		return japanese
	}
	return english
}

// spell says each digit; other characters are left out or said by name.
func (w *words) spell(s string) string {
	var b strings.Builder
	wasDigit := true
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			b.WriteString(" " + w.digits[r-'0'])
			wasDigit = true
			continue
		case r == '.':
			b.WriteString(" " + w.dot)
			wasDigit = true
			continue
		case r == ':':
			b.WriteString(" " + w.colon)
			wasDigit = true
			continue
		case r == '-' || r == '_' || r == '+' || r == '[' || r == ']':
			wasDigit = true
			continue
		}
		if wasDigit {
			b.WriteByte(' ')
		}
		wasDigit = false
		b.WriteRune(r)
	}
	return b.String() + " "
}

// withPort spells a host and the port behind its last colon.
func (w *words) withPort(host, port string) string {
	return w.spell(host) + w.port + w.spell(port)
}

// address spells an IP address, with its port; what only looks like one stays (3:02:10).
func (w *words) address(s string) string {
	if _, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return w.spell(s)
	}
	if a, err := netip.ParseAddrPort(s); err == nil {
		return w.withPort(a.Addr().String(), strconv.Itoa(int(a.Port())))
	}
	return s
}

// name spells a host; a word without digits and dots stays a word.
func (w *words) name(s string) string {
	host, port, hasPort := strings.Cut(s, ":")
	labels := strings.Split(host, ".")
	last := labels[len(labels)-1]
	// db01, web-3, db.example.jp; but not "e.g", and "disk.The" only costs a spoken dot.
	dotted := len(labels) > 1 && len(last) > 1
	if !strings.ContainsAny(host, "0123456789") && !dotted {
		if hasPort && port != "" && len(port) > 2 && strings.ToUpper(host) != host {
			return w.withPort(host, port) // localhost:8080; but "Disk:95" and "CPU:100" are values
		}
		return s
	}
	if hasPort {
		return w.withPort(host, port)
	}
	return w.spell(host)
}

// percentage rounds to a whole number, but never to 0 or 100 what is neither: 99.97 % is not all.
func (w *words) percentage(s string) string {
	number := percentages.FindStringSubmatch(s)[1]
	v, err := strconv.ParseFloat(number, 64)
	rounded := number
	if whole := math.Round(v); err == nil && (whole == v || whole != 0 && whole != 100) && whole < 1e9 {
		rounded = strconv.FormatFloat(whole, 'f', -1, 64)
	}
	if w.spaced {
		return rounded + " " + w.percent + " "
	}
	return rounded + w.percent
}

func (w *words) compare(s string) string {
	sign, number := strings.TrimSpace(s), ""
	if i := strings.IndexAny(sign, "-0123456789"); i > 0 {
		sign, number = strings.TrimSpace(sign[:i]), sign[i:]
	}
	said := w.over
	switch sign {
	case "<":
		said = w.under
	case ">=", "≧", "≥":
		said = w.least
	case "<=", "≦", "≤":
		said = w.most
	}
	return " " + said + " " + number
}
