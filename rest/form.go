package rest

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kaden-project/kaden/number"
)

// fields reads parameters one after the other and remembers the first that is wrong.
type fields struct {
	url.Values
	region string
	err    error
}

func (f *fields) refuse(code int, format string, args ...any) {
	if f.err == nil {
		f.err = invalid(code, format, args...)
	}
}

// text is a parameter without the space around it.
func (f *fields) text(name string) string { return strings.TrimSpace(f.Get(name)) }

// longestURL is Twilio's limit for URLs in characters.
const longestURL = 4000

// link reads an absolute URL that can be asked; "" if it is not given.
func (f *fields) link(name string, code int) string {
	s := f.text(name)
	if s == "" {
		return ""
	}
	bad := func(why string) string {
		f.refuse(code, "%s is not valid: %q %s", name, clip(s), why)
		return ""
	}
	if utf8.RuneCountInString(s) > longestURL {
		return bad("is longer than " + strconv.Itoa(longestURL) + " characters")
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return bad("is not a URL")
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return bad("is not absolute; it begins with http:// or https:// and a host")
	case strings.Contains(u.Hostname(), "_"):
		return bad(`has a host name with "_"; no host name has one`)
	}
	return s
}

// method reads GET or POST; "" if it is not given.
func (f *fields) method(name string) string { return f.methodAs(name, 21209) }

// methodAs is method with another code for what is neither.
func (f *fields) methodAs(name string, code int) string {
	switch m := strings.ToUpper(f.text(name)); m {
	case "", http.MethodGet, http.MethodPost:
		return m
	}
	f.refuse(code, "%s is not valid: %q is neither GET nor POST", name, clip(f.text(name)))
	return ""
}

// seconds reads a whole number of seconds from 1 to most; 0 if it is not given.
func (f *fields) seconds(name string, code int, most int) time.Duration {
	return f.number(name, code, time.Second, 1, most)
}

// number reads a whole number of seconds or milliseconds from least to most; 0 if it is not given.
func (f *fields) number(name string, code int, unit time.Duration, least, most int) time.Duration {
	s := f.text(name)
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		words := "seconds"
		if unit == time.Millisecond {
			words = "milliseconds"
		}
		f.refuse(code, "%s is not valid: %q is not a whole number of %s from %d to %d", name, clip(s), words, least, most)
		return 0
	}
	return time.Duration(n) * unit
}

// longestName is Twilio's limit for a FriendlyName in characters.
const longestName = 64

// name reads a FriendlyName.
func (f *fields) name(name string) string {
	s := f.text(name)
	if n := utf8.RuneCountInString(s); n > longestName {
		f.refuse(20002, "%s is not valid: it has %d characters, %d are allowed", name, n, longestName)
	}
	return s
}

// yes reads true or false, in any capitals; false if it is not given.
func (f *fields) yes(name string) bool {
	switch s := strings.ToLower(f.text(name)); s {
	case "true", "1":
		return true
	case "", "false", "0":
	default:
		f.refuse(20001, "%s is not valid: %q is neither true nor false", name, clip(s))
	}
	return false
}

// words reads a parameter that is repeated, or that holds several words with spaces between them.
func (f *fields) words(name string) []string {
	return strings.Fields(strings.Join(f.Values[name], " "))
}

// address is what somebody wrote as an address. Where a + was sent without being encoded it arrived as a space.
func (f *fields) address(name string) string {
	s := f.Get(name)
	if t := strings.TrimSpace(s); strings.HasPrefix(s, " ") && t != "" && t[0] >= '1' && t[0] <= '9' {
		return "+" + t
	}
	return strings.TrimSpace(s)
}

// parse reads an address in the account's region.
func (f *fields) parse(s string) (number.Address, error) {
	if hasScheme(s) {
		return number.ParseAddress(s)
	}
	n, err := number.Parse(s, f.region)
	if err != nil {
		return number.Address{}, err
	}
	return number.Address{Scheme: number.Tel, Number: n}, nil
}

var scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)

func hasScheme(s string) bool { return scheme.MatchString(s) || strings.Contains(s, "@") }

// written is an address as Twilio writes it: +81…, client:sato, sip:sato@192.0.2.7.
func written(a number.Address) string {
	if a.Scheme == number.Tel {
		return string(a.Number)
	}
	return a.String()
}
