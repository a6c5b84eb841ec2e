package number

import (
	"log/slog"
	"regexp"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// The spellings a trunk may want.
const (
	E164     = "e164"     // +819012345678
	National = "national" // 09012345678; abroad 010 14158675309, as from a telephone in Japan
	Digits   = "digits"   // 819012345678
)

// String is the number as it is kept: +819012345678.
func (n Number) String() string { return string(n) }

// Country is the ISO 3166 code of the number's country: JP. It is "" for numbers that belong to none
// (satellites, +800) and for those without a plus.
func (n Number) Country() string {
	if strings.HasPrefix(string(n), "+81") {
		return "JP"
	}
	p, ok := n.parsed()
	if !ok {
		return ""
	}
	region := phonenumbers.GetRegionCodeForNumber(p)
	if region == "" { // possible, but in no known range: the main country of its code
		region = phonenumbers.GetRegionCodeForCountryCode(int(p.GetCountryCode()))
	}
	if region == "001" || region == "ZZ" {
		return ""
	}
	return region
}

// National is the number as people of its country write it: 090-1234-5678, (415) 867-5309.
func (n Number) National() string {
	p, ok := n.parsed()
	if !ok {
		return string(n)
	}
	s := phonenumbers.Format(p, phonenumbers.NATIONAL)
	if n.Country() == "JP" && !strings.HasPrefix(s, "0") {
		return n.Spell(National) // a range the library has no pattern for
	}
	return s
}

// Formatted is to_formatted and from_formatted of Twilio's Call resource: the national form within the
// North American plan, E.164 everywhere else.
func (n Number) Formatted() string {
	if p, ok := n.parsed(); ok && p.GetCountryCode() == 1 && len(n) == len("+14158675309") {
		return phonenumbers.Format(p, phonenumbers.NATIONAL)
	}
	return string(n)
}

// Spell writes the digits as a trunk wants them: e164, national or digits; anything else is e164.
// national is seen from Japan, where the trunks that want it are.
func (n Number) Spell(style string) string {
	digits, international := strings.CutPrefix(string(n), "+")
	if !international {
		return string(n)
	}
	switch style {
	case Digits:
		return digits
	case National:
		if home, ok := strings.CutPrefix(digits, "81"); ok {
			return "0" + home
		}
		return "010" + digits
	}
	return string(n)
}

func (n Number) parsed() (*phonenumbers.PhoneNumber, bool) {
	if !strings.HasPrefix(string(n), "+") {
		return nil, false
	}
	p, err := phonenumbers.Parse(string(n), "")
	return p, err == nil
}

// LogValue masks the number in logs: +8190****5678.
func (n Number) LogValue() slog.Value { return slog.StringValue(mask(string(n))) }

// LogValue masks the telephone number in the address, wherever it stands.
func (a Address) LogValue() slog.Value { return slog.StringValue(Mask(a.String())) }

var (
	telephone = regexp.MustCompile(`\+?[0-9]{7,}`)
	secret    = regexp.MustCompile(`(sips?:[^:@;?\s]*):[^@\s]*@`)
)

// Mask hides telephone numbers in an address or a line of text that goes to a log: each run of seven
// digits or more keeps its beginning and its end. Passwords in SIP URIs are taken out.
func Mask(s string) string {
	return telephone.ReplaceAllStringFunc(secret.ReplaceAllString(s, "$1:****@"), mask)
}

// mask keeps the four digits that say which kind of line it is and the four people know numbers by.
func mask(s string) string {
	digits, international := strings.CutPrefix(s, "+")
	sign := ""
	if international {
		sign = "+"
	}
	switch n := len(digits); {
	case n < 7: // 110, 0033: nobody's
		return s
	case n < 10:
		return sign + digits[:2] + "****" + digits[n-2:]
	default:
		head := 4
		if digits[0] == '0' {
			head = 3 // 090
		}
		return sign + digits[:head] + "****" + digits[n-4:]
	}
}
