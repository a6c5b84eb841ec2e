package twiml

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	maxLoop    = 1000    // Twilio's Say and Play pages: loop 0 ends after 1000 times
	maxSeconds = 86_400  // a call lasts a day at most
	maxCount   = 100_000 // more keys than a day has seconds
	maxBreak   = 10 * time.Second
)

// rule is how one attribute is read.
type rule struct {
	number int // Twilio's code for a bad value
	nested int // the code inside Gather, where Twilio has another; else 0
	want   string
	then   string // what happens with a bad value

	// read gives the value as the tree keeps it. With !ok it is what is used all the same; "" stands
	// for the default then.
	read func(value string) (use string, ok bool)
}

// code gives the rule its codes: anywhere, and in Gather (0: the same).
func (r rule) code(number, nested int) rule {
	r.number, r.nested = number, nested
	return r
}

// or lets one more word be right.
func (r rule) or(word string) rule {
	read := r.read
	r.want += ", or " + word
	r.read = func(v string) (string, bool) {
		if strings.TrimSpace(v) == word {
			return word, true
		}
		return read(v)
	}
	return r
}

// anything is not checked: only the other end can know.
var anything = rule{read: func(v string) (string, bool) { return v, true }}

// address is a URL. A bad one is kept: without it Gather would ask the same document again for ever.
func address(code int) rule {
	return rule{
		number: code, want: wantURL, then: "the request will fail",
		read: func(v string) (string, bool) { v = trim(v); return v, fetchable(v) },
	}
}

const wantURL = "http://…, https://… or a path relative to this document, with & written &amp; and spaces %20"

// fetchable tells whether somebody could ask for the URL. Bins have {{fields}} that only the request fills in.
func fetchable(v string) bool {
	if strings.Contains(v, "{{") {
		return true
	}
	if strings.ContainsAny(v, " \t\n\r") {
		return false
	}
	u, err := url.Parse(v)
	if err != nil {
		return false
	}
	switch strings.ToLower(u.Scheme) {
	case "":
		return true
	case "http", "https":
		return u.Host != ""
	}
	return false
}

// oneOf is one of the words. What is right in other capitals is taken as Twilio's.
func oneOf(code int, otherwise, words string) rule {
	known := strings.Fields(words)
	return rule{
		number: code, want: list(known, " or "), then: "the default is used, " + otherwise,
		read: func(v string) (string, bool) {
			i := slices.IndexFunc(known, func(w string) bool { return strings.EqualFold(w, trim(v)) })
			if i < 0 {
				return "", false
			}
			return known[i], true
		},
	}
}

// someOf is a list of the words with spaces between them.
func someOf(code int, otherwise, words string) rule {
	one := oneOf(code, otherwise, words)
	one.want = "some of " + sentence(strings.Fields(words)) + ", with spaces between"
	read := one.read
	one.read = func(v string) (string, bool) {
		var use []string
		for word := range strings.FieldsSeq(v) {
			w, ok := read(word)
			if !ok {
				return "", false
			}
			use = append(use, w)
		}
		return strings.Join(use, " "), true
	}
	return one
}

func httpMethod(code int) rule { return oneOf(code, "POST", "GET POST") }

// method is a method as Write puts it.
func method(m string) (string, error) {
	if use, ok := httpMethod(0).read(m); ok || m == "" {
		return use, nil
	}
	return "", fmt.Errorf("method %q; GET or POST", m)
}

// boolean is true or false in any case: TRUE stands in hand-written documents.
func boolean(code int, otherwise string) rule { return oneOf(code, otherwise, "true false") }

// count is a whole number. One that is too great becomes the greatest.
func count(least, most int, otherwise string) rule {
	return rule{
		want: fmt.Sprintf("a whole number, %d to %d", least, most), then: "the default is used, " + otherwise,
		read: func(v string) (string, bool) {
			v = trim(v)
			if v == "" || strings.Trim(v, "0123456789") != "" {
				return "", false
			}
			n, err := strconv.Atoi(v)
			if err != nil || n > most { // all are figures: an error is a number beyond int
				return strconv.Itoa(most), false
			}
			if n < least {
				return "", false
			}
			return strconv.Itoa(n), true
		},
	}
}

const (
	wantDigits = "0-9, A-D, #, *, and w or W for half a second or a second of silence"
	wantOneKey = `one of 0-9, # and *, or "" for none`
	wantInput  = "dtmf, speech, or dtmf speech"
)

func keys(code int) rule {
	return rule{number: code, want: wantDigits, then: "no keys are pressed", read: digits}
}

func digits(v string) (string, bool) {
	v = trim(v)
	if strings.Trim(v, "0123456789ABCDabcd#*wW") != "" {
		return "", false
	}
	return v, true
}

func finishKey(code int) rule {
	return rule{number: code, want: wantOneKey, then: "the default is used, #", read: oneKey}
}

func oneKey(v string) (string, bool) {
	v = trim(v)
	if len(v) > 1 || strings.Trim(v, "0123456789#*") != "" {
		return "", false
	}
	return v, true
}

func keySet(code int) rule {
	return rule{
		number: code, want: `some of 0-9, # and *, or ""`, then: "any key ends the recording",
		read: func(v string) (string, bool) {
			if v = trim(v); strings.Trim(v, "0123456789#*") != "" {
				return "", false
			}
			return v, true
		},
	}
}

var callSID = regexp.MustCompile(`^CA[0-9a-fA-F]{32}$`)

const maxLabel = 128 // Twilio's Conference page

// IsLabel tells whether the API could find a member of a conference by a name: Twilio's rule for a participantLabel.
func IsLabel(name string) bool {
	return len([]rune(name)) <= maxLabel && !strings.Contains(name, "/") && !strings.Contains(strings.ToUpper(name), "%2F") && !callSID.MatchString(name)
}

// label is a name by which the API finds a member of a conference. One that it could not find is left out.
func label(code int) rule {
	return rule{
		number: code, want: "at most 128 characters, without a slash, and no CallSid", then: "the participant has no label",
		read: func(v string) (string, bool) {
			if !IsLabel(v) {
				return "", false
			}
			return v, true
		},
	}
}

func inputWords(code int) rule {
	return rule{number: code, want: wantInput, then: "the default is used, dtmf", read: inputs}
}

func inputs(v string) (string, bool) {
	var dtmf, speech bool
	for word := range strings.FieldsSeq(strings.ReplaceAll(v, ",", " ")) {
		switch strings.ToLower(word) {
		case "dtmf":
			dtmf = true
		case "speech":
			speech = true
		default:
			return "", false
		}
	}
	switch {
	case dtmf && speech:
		return "dtmf speech", true
	case speech:
		return "speech", true
	}
	return "dtmf", dtmf
}

var language = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$`)

// languageTag is a language as BCP 47 writes it. ja-jp in small letters is in use.
func languageTag(code int, then string) rule {
	return rule{
		number: code, want: "a language such as ja-JP or en-US", then: then,
		read: func(v string) (string, bool) {
			if v = trim(v); v == "" || language.MatchString(v) {
				return v, true
			}
			return "", false
		},
	}
}

var voice = regexp.MustCompile(`^(?i:man|woman|alice|(polly|google|elevenlabs)\..+)$`)

// voiceName is a voice. An unknown one is kept: it may be one of this house.
func voiceName(code, nested int) rule {
	return rule{
		number: code, nested: nested, want: "man, woman, alice, Polly.… or Google.…", then: "the account's default speaks unless this house has that voice",
		read: func(v string) (string, bool) {
			v = trim(v)
			return v, v == "" || voice.MatchString(v)
		},
	}
}

var (
	plainTime = regexp.MustCompile(`^\+?([0-9]{1,9}(\.[0-9]{0,9})?|\.[0-9]{1,9})(ms|s)$`)
	measured  = regexp.MustCompile(`^[+-]?([0-9]{1,6}(\.[0-9]{0,6})?|\.[0-9]{1,6})(%|Hz|st|dB)$`)
)

// breakTime is the length of <break time>, up to Polly's ten seconds.
func breakTime(code int) rule {
	return rule{
		number: code, want: "a time up to 10s, such as 500ms or 1.5s", then: "it is ignored",
		read: func(v string) (string, bool) {
			v = trim(v)
			if !plainTime.MatchString(v) {
				return "", false
			}
			d, err := time.ParseDuration(v)
			if err != nil {
				return "", false
			}
			if d > maxBreak {
				return maxBreak.String(), false
			}
			return d.Round(time.Millisecond).String(), true
		},
	}
}

// prosody is a word, or a figure with one of the units.
func prosody(words string, units ...string) rule {
	r := oneOf(codeSchema, "", words)
	r.then = "it is ignored"
	r.want += ", or a figure in " + list(units, " or ")
	read := r.read
	r.read = func(v string) (string, bool) {
		v = trim(v)
		if m := measured.FindStringSubmatch(v); m != nil && slices.Contains(units, m[3]) {
			return v, true
		}
		return read(v)
	}
	return r
}

// values are the attributes of one element that can be used, each as its rule reads it.
type values map[string]string

// text is a value, or what stands for its absence.
func (v values) text(name, absent string) string {
	if s, ok := v[name]; ok {
		return s
	}
	return absent
}

// number is a value that count has read, or what stands for its absence.
func (v values) number(name string, absent int) int {
	if n, err := strconv.Atoi(v[name]); err == nil {
		return n
	}
	return absent
}
