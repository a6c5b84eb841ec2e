package registrar

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Contact is one place at which a user's phone can be called: a binding in the words of RFC 3261.
type Contact struct {
	ID           string // of the user and the phone; the same phone that comes again has the same
	User, Domain string
	URI          string // as the phone wrote it
	Instance     string // its +sip.instance and reg-id, "" where it gave none
	CallID       string // of the REGISTER that made it …
	CSeq         uint32 // … and its number
	Source       netip.AddrPort
	Transport    string // udp, tcp or tls
	Back         bool   // it is called where its REGISTER came from, whatever URI says: it is behind a NAT, or holds the connection
	Agent        string // its User-Agent
	Q            int    // thousandths; the highest is called first where not all are
	Node         string
	Since        time.Time // when it came for the first time
	Updated      time.Time
	Expires      time.Time
}

// AOR is the address under which the user is known: sato@office.example.jp.
func (c Contact) AOR() string { return c.User + "@" + c.Domain }

// Asked is one Contact of a REGISTER.
type Asked struct {
	URI      string
	Instance string
	Expires  time.Duration // Unsaid where it says nothing
	Q        int
}

// Unsaid is the Expires of whoever leaves it to us.
const Unsaid = time.Duration(-1)

// The most that is taken of a stranger's words.
const (
	longestURI      = 512
	longestInstance = 200
	longestHeader   = 8 << 10
)

var (
	errLong   = errors.New("a Contact is too long")
	errScheme = errors.New("a Contact is no sip: address")
	errBroken = errors.New("a Contact cannot be read")
)

// ParseContacts reads the Contact headers of a REGISTER, as they came. all is "*": every contact there is.
func ParseContacts(lines []string) (list []Asked, all bool, err error) {
	for _, line := range lines {
		if len(line) > longestHeader {
			return nil, false, errLong
		}
		if strings.TrimSpace(line) == "*" {
			all = true
			continue
		}
		for _, one := range splitContacts(line) {
			a, err := parseContact(one)
			if err != nil {
				return nil, false, err
			}
			list = append(list, a)
		}
	}
	if all && len(list) > 0 {
		return nil, false, errors.New(`"Contact: *" stands alone`)
	}
	return list, all, nil
}

// splitContacts cuts at the commas that are in no quotes and no brackets.
func splitContacts(s string) (parts []string) {
	var quoted, escaped, angle bool
	from := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"' && !angle:
			quoted = !quoted
		case quoted:
		case c == '<':
			angle = true
		case c == '>':
			angle = false
		case c == ',' && !angle:
			parts, from = append(parts, s[from:i]), i+1
		}
	}
	return append(parts, s[from:])
}

func parseContact(s string) (a Asked, err error) {
	uri, params := "", ""
	if open := bracket(s); open >= 0 {
		var ok bool
		if uri, params, ok = strings.Cut(s[open+1:], ">"); !ok {
			return a, errBroken
		}
	} else { // without brackets the parameters are the header's (section 20)
		uri, params, _ = strings.Cut(s, ";")
		params = ";" + params
	}
	uri = strings.TrimSpace(uri)
	if len(uri) > longestURI {
		return a, errLong
	}
	scheme, rest, _ := strings.Cut(uri, ":")
	if !strings.EqualFold(scheme, "sip") && !strings.EqualFold(scheme, "sips") || rest == "" {
		return a, errScheme
	}
	if strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r >= 0x7F || strings.ContainsRune(`<>"`, r) }) || hostOf(uri) == "" {
		return a, errBroken
	}
	a = Asked{URI: uri, Expires: Unsaid, Q: 1000}
	regID := ""
	for _, p := range splitParams(params) {
		name, value, _ := strings.Cut(p, "=")
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "expires":
			a.Expires = seconds(value)
		case "q":
			if f, err := strconv.ParseFloat(value, 64); err == nil && f >= 0 && f <= 1 {
				a.Q = int(f * 1000)
			}
		case "+sip.instance":
			a.Instance = strings.Trim(value, `"<>`)
		case "reg-id":
			regID = value
		}
	}
	if len(a.Instance) > longestInstance || len(regID) > 10 {
		return a, errLong
	}
	if strings.ContainsFunc(a.Instance+regID, func(r rune) bool { return r <= ' ' || r >= 0x7F || strings.ContainsRune(`<>"/`, r) }) {
		return a, errBroken // it goes back in our answer
	}
	if a.Instance != "" && regID != "" {
		a.Instance += "/" + regID
	}
	return a, nil
}

// bracket finds the < that begins the address, behind a display name; -1 is none.
func bracket(s string) int {
	var quoted, escaped bool
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case c == '<' && !quoted:
			return i
		}
	}
	return -1
}

// splitParams cuts ;a=b;c="d;e".
func splitParams(s string) (parts []string) {
	quoted, from := false, 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ';' && !quoted:
			parts, from = append(parts, s[from:i]), i+1
		}
	}
	return append(parts, s[from:])
}

// seconds reads delta-seconds. What cannot be read counts as an hour (section 10.2.1.1 of RFC 3261: 3600).
func seconds(s string) time.Duration {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 32)
	if err != nil {
		return time.Hour
	}
	return time.Duration(n) * time.Second
}

// Seconds reads the Expires header of a message; Unsaid where there is none.
func Seconds(header string) time.Duration {
	if header == "" {
		return Unsaid
	}
	return seconds(header)
}

// hostOf is the host of a SIP URI in lower case, without its port; "" if there is none.
func hostOf(uri string) string {
	_, rest, _ := strings.Cut(uri, ":")
	rest, _, _ = strings.Cut(rest, "?")
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = rest[at+1:]
	}
	rest, _, _ = strings.Cut(rest, ";")
	return strings.ToLower(withoutPort(rest))
}

func withoutPort(s string) string {
	if strings.HasPrefix(s, "[") {
		in, _, _ := strings.Cut(s[1:], "]")
		return in
	}
	s, _, _ = strings.Cut(s, ":")
	return s
}

// userOf is the user of a SIP URI, its escapes read; "" if there is none.
func userOf(uri string) string {
	_, rest, _ := strings.Cut(uri, ":")
	at := strings.LastIndexByte(rest, '@')
	if at < 0 {
		return ""
	}
	name, _, _ := strings.Cut(rest[:at], ";")
	name, _, _ = strings.Cut(name, ":") // a password, which nobody should send
	return unescape(name)
}

// User is the user of a SIP URI.
func User(uri string) string { return userOf(uri) }

func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if v, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(v))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// same is what tells a user's phones apart: the instance where there is one (RFC 5626 section 6), else the URI
// without what does not change where it leads (RFC 3261 section 19.1.4, less strict).
func (a Asked) same() string {
	if a.Instance != "" {
		return strings.ToLower(a.Instance)
	}
	_, rest, _ := strings.Cut(a.URI, ":")
	user, place := "", rest
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		user, place = rest[:at], rest[at:]
	}
	place, params, _ := strings.Cut(place, ";")
	for _, p := range strings.Split(strings.ToLower(params), ";") {
		if t, ok := strings.CutPrefix(p, "transport="); ok && t != "udp" {
			place += ";" + t
		}
	}
	return unescape(user) + strings.ToLower(strings.TrimSuffix(place, ":5060"))
}

// id names a user's phone.
func id(user, domain, same string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s", user, domain, same))
	return hex.EncodeToString(sum[:16])
}
