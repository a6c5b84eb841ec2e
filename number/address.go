package number

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Home is the region in which a number without a country code is at home.
const Home = "JP"

// ParseAddress reads one way to name an endpoint:
//
//	+819012345678, 090-1234-5678, tel:+81-90-1234-5678   a telephone; without + it is Japanese
//	sip:sato@192.0.2.7:5062;transport=tcp                 a SIP URI, with IPv6 and parameters
//	client:sato                                           a browser
//	sim:sato                                              a simulated phone
//
// Equal endpoints give equal Addresses as far as spelling goes (schemes and hosts in lower case). A caller
// who hides the number (anonymous, 非通知) is no address, and the error says so.
func ParseAddress(s string) (Address, error) {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return Address{}, errors.New("an address is empty: write tel:, sip:, client: or a number")
	case len(s) > 2048:
		return Address{}, fmt.Errorf("an address of %d bytes is too long", len(s))
	case !utf8.ValidString(s):
		return Address{}, errors.New("an address is written in UTF-8")
	case Withheld(s):
		return Address{}, fmt.Errorf("%q stands for a caller who hides the number; it cannot be called", s)
	}
	name, text, found := strings.Cut(s, ":")
	if !found {
		return bare(s)
	}
	switch scheme := Scheme(strings.ToLower(name)); scheme {
	case Tel:
		number, parameters, _ := strings.Cut(text, ";")
		if parameters != "" {
			// RFC 3966 5.1: ext, isub and phone-context change who is called, so they are not just dropped.
			return Address{}, fmt.Errorf("tel: with parameters (;%s) cannot be dialled: write the whole number alone", parameters)
		}
		n, err := Parse(number, Home)
		return Address{Scheme: Tel, Number: n}.unless(err)
	case SIP, SIPS:
		text, err := checkSIP(text)
		return Address{Scheme: scheme, Text: text}.unless(err)
	case Client:
		return Address{Scheme: Client, Text: text}.unless(checkIdentity(text))
	case Sim:
		return Address{Scheme: Sim, Text: text}.unless(checkName(text))
	default:
		return Address{}, fmt.Errorf("%q has a scheme nobody can be called by: tel:, sip:, sips:, client: and sim: are known", s)
	}
}

func (a Address) unless(err error) (Address, error) {
	if err != nil {
		return Address{}, err
	}
	return a, nil
}

// bare reads an address without a scheme: a number, or a SIP address whose scheme was forgotten.
func bare(s string) (Address, error) {
	if strings.Contains(s, "@") {
		return Address{}, fmt.Errorf("%q has no scheme: write sip:%s", s, s)
	}
	n, err := Parse(s, Home)
	if err != nil && strings.IndexFunc(s, unicode.IsDigit) < 0 {
		return Address{}, fmt.Errorf("%q is no address: write tel:, sip:, client: or a number", s)
	}
	return Address{Scheme: Tel, Number: n}.unless(err)
}

// String is the address with its scheme; the zero Address is "".
func (a Address) String() string {
	switch a.Scheme {
	case "":
		return ""
	case Tel:
		return "tel:" + string(a.Number)
	}
	return string(a.Scheme) + ":" + a.Text
}

// MarshalText gives the address as [Address.String] does.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what MarshalText gave; empty text is the zero Address.
func (a *Address) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*a = Address{}
		return nil
	}
	read, err := ParseAddress(string(text))
	if err != nil {
		return err
	}
	*a = read
	return nil
}

// withheld are the names of hidden callers: SIP's, Twilio's words and the numbers it stands in for them,
// and what Japanese carriers show.
var withheld = map[string]bool{
	"anonymous": true, "unknown": true, "restricted": true, "blocked": true, "private": true,
	"unavailable": true, "withheld": true,
	"+266696687": true, "+7378742833": true, "+2562533": true, // ANONYMOUS, RESTRICTED, BLOCKED on a keypad
	"非通知": true, "通知不可能": true, "表示圏外": true, "公衆電話": true,
}

// Withheld tells whether s stands for a caller who hides the number, in any of the ways carriers say so:
// anonymous, sip:anonymous@anonymous.invalid (RFC 3323 4.1.1.3), 非通知.
func Withheld(s string) bool {
	s = strings.ToLower(strings.TrimSpace(s))
	for _, scheme := range []string{"tel:", "sip:", "sips:"} {
		s = strings.TrimPrefix(s, scheme)
	}
	user, host, isSIP := strings.Cut(s, "@")
	if isSIP && strings.HasSuffix(strings.SplitN(host, ";", 2)[0], "anonymous.invalid") {
		return true
	}
	return withheld[user]
}

// checkIdentity applies the contract's rule for <Client>: up to 256 characters, none of them a control,
// space or delimiter. An at sign is let through, because people use mail addresses as identities.
func checkIdentity(s string) error {
	if s == "" {
		return errors.New("client: needs an identity, as in client:sato")
	}
	if n := utf8.RuneCountInString(s); n > 256 {
		return fmt.Errorf("a client's identity has at most 256 characters, this one %d", n)
	}
	if i := strings.IndexFunc(s, delimits); i >= 0 {
		r, _ := utf8.DecodeRuneInString(s[i:])
		return fmt.Errorf("%q is no client's identity: %q is not allowed in one", s, r)
	}
	return nil
}

func delimits(r rune) bool {
	return unicode.IsControl(r) || unicode.IsSpace(r) || r == utf8.RuneError || strings.ContainsRune(`"(),/:;<=>?[\]{}&#%`, r)
}

// checkName is for simulated phones: what follows sim: is a name, or the grammar of people (key:1@8s).
func checkName(s string) error {
	bad := func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) || r == utf8.RuneError }
	if s == "" || len(s) > 256 || strings.IndexFunc(s, bad) >= 0 {
		return fmt.Errorf("sim:%s is no simulated phone: write a name without spaces, as in sim:sato", s)
	}
	return nil
}
