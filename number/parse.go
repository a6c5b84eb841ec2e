package number

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
)

// longest is how much text Parse looks at; E.164 itself ends at 15 digits.
const longest = 64

// Parse reads a telephone number as a person writes it: 090-1234-5678, ０３（１２３４）５６７８, +81 90…,
// 010-1-415-867-5309. region (ISO 3166, "JP") says where a number without + is at home; with an empty
// region only numbers with + are understood.
//
// 184 and 186 before a Japanese number are taken off, so that numbers can be compared; a trunk puts its
// own before what it dials. Emergency and special numbers are no error: their Class says that they are
// never dialled, and the reason can be shown. The error says what is wrong in words for whoever wrote it.
func Parse(s, region string) (Number, error) {
	if Withheld(s) {
		return "", fmt.Errorf("%q stands for a caller who hides the number; it cannot be called", strings.TrimSpace(s))
	}
	plus, digits, err := clean(s)
	if err != nil {
		return "", err
	}
	if plus {
		return parseInternational(digits)
	}
	if region == "JP" {
		return parseJapanese(digits)
	}
	return parseElsewhere(digits, region)
}

// parseJapanese reads digits as a telephone in Japan takes them.
func parseJapanese(digits string) (Number, error) {
	if _, rest := cutPresentation(digits); rest != digits {
		digits = rest
		if strings.HasPrefix(digits, "+") {
			return parseInternational(digits[1:])
		}
	}
	switch {
	case emergency[digits]:
		return Number(digits), nil
	case digits[0] == '1', strings.HasPrefix(digits, "00"):
		// 1XY acts as soon as its third digit is dialled, so 110-1234-5678 is the police as well;
		// 00XY chooses a carrier. Neither is a number of somebody.
		return Number(digits), nil
	}
	// 010 is the way abroad from Japan.
	if abroad, ok := strings.CutPrefix(digits, "010"); ok {
		return parseInternational(abroad)
	}
	if national, ok := strings.CutPrefix(digits, "0"); ok {
		return japanese(national)
	}
	// 819012345678 is how carriers often spell a caller, 9012345678 what a spreadsheet leaves of 090….
	if rest, ok := strings.CutPrefix(digits, "81"); ok && classJapan(rest) != Unknown {
		return japanese(rest)
	}
	if c := classJapan(digits); c == Mobile || c == IPPhone {
		return japanese(digits)
	}
	return "", fmt.Errorf("%s has no area code: write it with its 0 (03-1234-5678) or with +81", digits)
}

// japanese checks a national number without its 0.
func japanese(national string) (Number, error) {
	if len(national) == 3 && national[0] == '1' {
		return Number("+81" + national), nil // +81 110: kept to be refused by its class
	}
	switch n := len(national); {
	case classJapan(national) != Unknown:
	case n == 9 && national[0] != '0': // an area our tables do not know yet; its class stays Unknown
	case n < 9:
		return "", fmt.Errorf("0%s is too short for a Japanese number: 10 digits, or 11 for 0X0 numbers", national)
	case n > 10:
		return "", fmt.Errorf("0%s is too long for a Japanese number: 10 digits, or 11 for 0X0 numbers", national)
	default:
		return "", fmt.Errorf("0%s is not a Japanese number", national)
	}
	return Number("+81" + national), nil
}

// parseInternational reads what follows a plus: country code and number.
func parseInternational(digits string) (Number, error) {
	if emergency[digits] {
		return Number("+" + digits), nil
	}
	if rest, ok := strings.CutPrefix(digits, "81"); ok {
		return japanese(strings.TrimPrefix(rest, "0")) // +81 (0)90…
	}
	if rest, ok := strings.CutPrefix(digits, "1"); ok && len(rest) == 3 && strings.HasSuffix(rest, "11") {
		return Number("+" + digits), nil // +1 911, +1 411
	}
	n, err := phonenumbers.Parse("+"+digits, "")
	if err != nil {
		return "", fmt.Errorf("+%s is not a telephone number: %w", digits, plain(err))
	}
	number := Number(phonenumbers.Format(n, phonenumbers.E164))
	if number.Class() == Emergency {
		return number, nil
	}
	if !phonenumbers.IsPossibleNumber(n) {
		return "", fmt.Errorf("+%s has the wrong length for a number of country code %d", digits, n.GetCountryCode())
	}
	return number, nil
}

// parseElsewhere reads digits as a telephone of another country takes them.
func parseElsewhere(digits, region string) (Number, error) {
	if emergency[digits] {
		return Number(digits), nil
	}
	code := phonenumbers.GetCountryCodeForRegion(region)
	if code == 0 {
		return "", fmt.Errorf("%s has no country: write it with + and its country code (+81 90 1234 5678)", digits)
	}
	n, err := phonenumbers.Parse(digits, region)
	if err != nil {
		return "", fmt.Errorf("%s is not a telephone number: %w", digits, plain(err))
	}
	if phonenumbers.ConnectsToEmergencyNumber(digits, region) || phonenumbers.IsPossibleShortNumberForRegion(n, region) {
		return Number(digits), nil
	}
	if !phonenumbers.IsPossibleNumber(n) {
		return "", fmt.Errorf("%s has the wrong length for a number in %s", digits, region)
	}
	// Once more by its international form, so that both spellings come to the same.
	return parseInternational(strings.TrimPrefix(phonenumbers.Format(n, phonenumbers.E164), "+"))
}

// plain turns the library's errors into fewer words.
func plain(err error) error {
	if errors.Is(err, phonenumbers.ErrInvalidCountryCode) {
		return errors.New("no such country code")
	}
	return errors.New("too few or too many digits")
}

// CutPresentation takes 184 (hide my number) or 186 (show it) off a Japanese number as it was written.
// It tells them apart from a number that merely begins so by what follows: a 0 or a plus. prefix is ""
// where there is none. Text that cannot be a number comes back as it is.
func CutPresentation(s string) (prefix, rest string) {
	plus, digits, err := clean(s)
	if plus || err != nil {
		return "", s
	}
	return cutPresentation(digits)
}

// cutPresentation works on clean digits; 18490… stays whole, 184090… and 184110 do not.
func cutPresentation(digits string) (prefix, rest string) {
	if len(digits) > 3 && (digits[:3] == "184" || digits[:3] == "186") {
		after := digits[3:]
		again := strings.HasPrefix(after, "184") || strings.HasPrefix(after, "186")
		if !again && strings.ContainsRune("0+1", rune(after[0])) {
			return digits[:3], after
		}
	}
	return "", digits
}

// clean takes decoration off: full-width forms, dashes, spaces, brackets. A plus may stand first, or after 184.
func clean(s string) (plus bool, digits string, err error) {
	if len(s) > 4*longest {
		return false, "", fmt.Errorf("a text of %d bytes is not a telephone number", len(s))
	}
	if !utf8.ValidString(s) {
		return false, "", errors.New("a number is written in UTF-8 or ASCII digits")
	}
	var b strings.Builder
	for _, r := range strings.TrimSpace(s) {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r >= '０' && r <= '９':
			b.WriteRune(r - '０' + '0')
		case r == '+' || r == '＋':
			if d := b.String(); d != "" && d != "184" && d != "186" {
				return false, "", fmt.Errorf("%q has a + in the middle", s)
			}
			b.WriteByte('+')
		case strings.ContainsRune(decoration, r):
		case r == '*' || r == '#' || r == '＊' || r == '＃':
			return false, "", fmt.Errorf("%q is a service code, not a number: * and # are not dialled", s)
		default:
			return false, "", fmt.Errorf("%q is not a telephone number: %q does not belong in one", s, r)
		}
	}
	digits = b.String()
	plus = strings.HasPrefix(digits, "+")
	digits = strings.TrimPrefix(digits, "+")
	switch {
	case strings.Trim(digits, "+") == "":
		return false, "", errors.New("a telephone number needs digits")
	case len(digits) > 20:
		return false, "", fmt.Errorf("%q is too long: a telephone number has at most 15 digits", s)
	case strings.HasSuffix(digits, "+"), strings.HasPrefix(digits, "+"):
		return false, "", fmt.Errorf("%q has a + in the middle", s)
	}
	return plus, digits, nil
}

// decoration is what people put between digits, with the dashes Japanese input methods produce.
const decoration = " \t\u00a0\u3000()（）.．/・-‐‑‒–—―−－ーｰ〜~"
