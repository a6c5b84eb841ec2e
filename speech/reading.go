package speech

import (
	"regexp"
	"strings"
)

// part is a stretch of text for one engine.
type part struct {
	language string // ja or en
	text     string
}

// japanese prepares a Japanese text: the dictionary's readings are put in, and runs of Latin letters go
// to the English voice, unless they have a reading or the Japanese engine spells them out rightly.
func japanese(text string, own *Dictionary) []part {
	var parts []part
	add := func(language, text string) {
		if n := len(parts) - 1; n >= 0 && parts[n].language == language {
			parts[n].text += text
		} else {
			parts = append(parts, part{language, text})
		}
	}
	for _, r := range own.apply(text) {
		if r.fixed {
			add("ja", r.text)
			continue
		}
		for len(r.text) > 0 {
			loc := latinRun.FindStringIndex(r.text)
			if loc == nil {
				add("ja", japaneseNumbers(r.text))
				break
			}
			add("ja", japaneseNumbers(r.text[:loc[0]]))
			latin := r.text[loc[0]:loc[1]]
			if read, ok := readInJapanese(latin); ok {
				add("ja", read)
			} else {
				add("en", english(latin))
			}
			r.text = r.text[loc[1]:]
		}
	}
	return parts
}

// latinRun is words of Latin letters with figures, and what stands between such words: it begins with a
// letter and ends with a letter or the figures that belong to the last word (web-01).
var latinRun = regexp.MustCompile(`\p{Latin}[\p{Latin}0-9]*(?:[ .,:;/_'’&+@#()\[\]=%-]{1,3}(?:[0-9]+(?:\.[0-9]+)*[ .,:;/_()-]{1,2})*\p{Latin}[\p{Latin}0-9]*|[-_][0-9]+)*`)

// abbreviation is what the Japanese engine spells letter by letter by itself: CPU, EC2, P1, p99.
var abbreviation = regexp.MustCompile(`^(?:[A-Z]{1,5}[0-9]{0,3}|[a-zA-Z][0-9]{1,3})$`)

var wordsOfRun = regexp.MustCompile(`\p{Latin}[\p{Latin}0-9]*`)

// readInJapanese gives the run as the Japanese engine should have it; false when a word in it is English.
func readInJapanese(latin string) (string, bool) {
	var b strings.Builder
	for _, r := range house.apply(latin) {
		if !r.fixed {
			for _, w := range wordsOfRun.FindAllString(r.text, -1) {
				if !abbreviation.MatchString(w) {
					return "", false
				}
			}
			// Letters apart, so that no dictionary takes them for a word.
			r.text = japaneseNumbers(strings.ToUpper(r.text))
			r.text = hyphens.ReplaceAllString(r.text, " ")
		}
		b.WriteString(r.text)
	}
	return b.String(), true
}

var hyphens = regexp.MustCompile(`[-_/.:@#]+`)

var (
	ipv4       = regexp.MustCompile(`\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b`)
	clockTime  = regexp.MustCompile(`\b([01]?\d|2[0-3]):([0-5]\d)(?::[0-5]\d)?\b`)
	hostNumber = regexp.MustCompile(`\b0\d+\b`)
	longNumber = regexp.MustCompile(`\b\d{9,}\b`)
)

// japaneseNumbers spells what the Japanese engine would read as a quantity: addresses, times of day, host
// numbers with a leading zero and numbers too long to be one.
func japaneseNumbers(s string) string {
	s = ipv4.ReplaceAllStringFunc(s, func(ip string) string {
		return spell(ip, "ja", "")
	})
	s = clockTime.ReplaceAllStringFunc(s, func(t string) string {
		m := clockTime.FindStringSubmatch(t)
		hour, minute := strings.TrimLeft(m[1], "0"), strings.TrimLeft(m[2], "0")
		if hour == "" {
			hour = "零"
		}
		if minute == "" {
			return hour + "時"
		}
		return hour + "時" + minute + "分"
	})
	s = hostNumber.ReplaceAllStringFunc(s, func(n string) string { return spell(n, "ja", "") })
	return longNumber.ReplaceAllStringFunc(s, func(n string) string { return spell(n, "ja", "") })
}

var (
	letterFigure = regexp.MustCompile(`(\p{Latin})(\d)`)
	figureLetter = regexp.MustCompile(`(\d)(\p{Latin})`)
	dottedName   = regexp.MustCompile(`(\p{Latin}|\d)\.(\p{Latin})`)
	joiners      = regexp.MustCompile(`[-_/]+(\p{Latin}|\d)`)
	letters      = regexp.MustCompile(`\b([A-Z]{2,4})(\d+)\b`)
	milliseconds = regexp.MustCompile(`(\d) ?ms\b`)
	ordinal      = regexp.MustCompile(`(\d) (st|nd|rd|th)\b`)
)

// english prepares a text for the English engine: host names fall apart into words and figures, addresses
// are spelled.
func english(s string) string {
	s = ipv4.ReplaceAllStringFunc(s, func(ip string) string { return spell(ip, "en", " ") })
	s = milliseconds.ReplaceAllString(s, "$1 milliseconds")
	s = letters.ReplaceAllStringFunc(s, func(w string) string { // EC2: the engine would make a word of it
		figures := strings.TrimLeft(w, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
		return spell(strings.TrimSuffix(w, figures), "en", " ") + " " + figures
	})
	s = dottedName.ReplaceAllString(s, "$1 dot $2")
	s = joiners.ReplaceAllString(s, " $1")
	s = letterFigure.ReplaceAllString(s, "$1 $2")
	s = figureLetter.ReplaceAllString(s, "$1 $2")
	s = ordinal.ReplaceAllString(s, "$1$2") // 3 rd is 3rd after all
	s = hostNumber.ReplaceAllStringFunc(s, func(n string) string { return spell(n, "en", " ") })
	return longNumber.ReplaceAllStringFunc(s, func(n string) string { return spell(n, "en", " ") })
}
