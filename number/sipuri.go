package number

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Twilio's limits for a <Sip> noun: the URI, and the headers asked for behind its question mark.
const (
	longestURI     = 255
	longestHeaders = 1024
)

// checkSIP checks what follows sip: and gives it with its host in lower case. It takes the URI of
// RFC 3261 25.1 without a password: one in an address would be shown wherever the address is.
func checkSIP(s string) (string, error) {
	uri, headers, asks := strings.Cut(s, "?")
	if len(uri) > longestURI || len(headers) > longestHeaders {
		return "", fmt.Errorf("a SIP address has at most %d characters before the ? and %d after it", longestURI, longestHeaders)
	}
	user, rest := "", uri
	if at := strings.LastIndexByte(uri, '@'); at >= 0 {
		user, rest = uri[:at], uri[at+1:]
		if err := checkUser(user); err != nil {
			return "", err
		}
		user += "@"
	}
	place, parameters, _ := strings.Cut(rest, ";")
	place, err := checkHostPort(place)
	if err != nil {
		return "", fmt.Errorf("sip:%s: %w", Mask(s), err)
	}
	if strings.Contains(rest, ";") {
		if err := checkParameters(parameters); err != nil {
			return "", err
		}
		place += ";" + parameters
	}
	if asks {
		if bad := strings.IndexFunc(headers, notVisible); bad >= 0 || headers == "" {
			return "", errors.New("headers behind the ? of a SIP address are written name=value&…, without spaces")
		}
		place += "?" + headers
	}
	return user + place, nil
}

func checkUser(user string) error {
	switch {
	case user == "":
		return errors.New("a SIP address with an @ needs a user before it")
	case strings.Contains(user, ":"):
		return errors.New("a SIP address holds no password: it would be shown to everybody who sees the address")
	}
	return checkChars(user, "-_.!~*'()&=+$,;/", "the user of a SIP address")
}

// checkParameters takes ;name=value;name, without the first semicolon.
func checkParameters(s string) error {
	for p := range strings.SplitSeq(s, ";") {
		name, value, _ := strings.Cut(p, "=")
		if name == "" {
			return fmt.Errorf("%q are no parameters of a SIP address: an empty name", s)
		}
		if err := checkChars(name+value, "-_.!~*'()[]/:&+$", "a parameter of a SIP address"); err != nil {
			return err
		}
	}
	return nil
}

// checkChars allows letters, digits, %XX and the marks given.
func checkChars(s, marks, what string) error {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= '0' && c <= '9', c|0x20 >= 'a' && c|0x20 <= 'z', strings.IndexByte(marks, c) >= 0:
		case c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			i += 2
		default:
			return fmt.Errorf("%q is not %s: %q must be written as %%%02X", s, what, c, c)
		}
	}
	return nil
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' }

func notVisible(r rune) bool { return r <= ' ' || r > '~' }

// checkHostPort takes host, host:port, 192.0.2.7:5060, [2001:db8::7]:5060.
func checkHostPort(s string) (string, error) {
	host, port := s, ""
	if strings.HasPrefix(s, "[") {
		inner, after, closed := strings.Cut(s[1:], "]")
		a, err := netip.ParseAddr(inner)
		if !closed || err != nil || !a.Is6() || a.Zone() != "" {
			return "", fmt.Errorf("%q is not an IPv6 address in brackets", s)
		}
		host, port = "["+inner+"]", after
	} else if i := strings.IndexByte(s, ':'); i >= 0 {
		if strings.Count(s, ":") > 1 {
			return "", fmt.Errorf("%q: an IPv6 address stands in brackets, as in [2001:db8::7]", s)
		}
		host, port = s[:i], s[i:]
	}
	if port != "" {
		n, err := strconv.ParseUint(strings.TrimPrefix(port, ":"), 10, 16)
		if err != nil || n == 0 || port[0] != ':' {
			return "", fmt.Errorf("%q is no port: 1 to 65535", strings.TrimPrefix(port, ":"))
		}
	}
	if host[:min(1, len(host))] != "[" {
		if err := checkHost(host); err != nil {
			return "", err
		}
	}
	return strings.ToLower(host) + port, nil
}

// checkHost takes a host name or an IPv4 address.
func checkHost(host string) error {
	if host == "" {
		return errors.New("the host is missing")
	}
	numeric := strings.Trim(host, "0123456789.") == ""
	if _, err := netip.ParseAddr(host); numeric && err != nil {
		return fmt.Errorf("%q is not an IPv4 address", host)
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(host, "."), ".") {
		ok := label != "" && len(label) <= 63 && label[0] != '-' && label[len(label)-1] != '-'
		for i := 0; ok && i < len(label); i++ {
			c := label[i]
			ok = c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '-' || c == '_'
		}
		if !ok {
			return fmt.Errorf("%q is not a host name", host)
		}
	}
	return nil
}
