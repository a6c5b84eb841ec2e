package account

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/problem/yamldoc"
)

// ReadDomain reads the document of a SIP domain:
//
//	domain: office.example.jp     # phones register with it; sip:sato@office.example.jp rings them
//	title: Office
//	also: [192.0.2.10]            # other hosts that mean the same
//	url: https://example.jp/out   # TwiML for calls of its phones (or bin: or twiml:) …
//	outside: [mobile, fixed]      # … or, without one: what they may call besides one another
//	from: "+815012345678"         # the number that is shown outside
//	allow: [192.0.2.0/24]         # calls from there need no password
//	digest: both                  # md5 (the default), sha-256, both
//	srtp: offered                 # encrypted sound of its phones: off, offered (to those on TLS), required
//
// method, fallback-url, fallback-method and status-callback are those of a number. Its phones have documents of
// their own ([ReadPhone]).
func ReadDomain(text []byte) (Domain, problem.List) {
	doc := yamldoc.Parse(text)
	d := Domain{
		Name:  strings.ToLower(doc.Need("domain", "office.example.jp").Text()),
		Title: doc.Take("title").Text(),
		URL:   readURL(doc.Take("url")), Method: readMethod(doc.Take("method")),
		FallbackURL: readURL(doc.Take("fallback-url")), FallbackMethod: readMethod(doc.Take("fallback-method")),
		StatusCallback: readURL(doc.Take("status-callback")),
		TwiML:          strings.TrimSpace(doc.Take("twiml").Text()), Bin: doc.Take("bin").Text(),
		Register: true,
	}
	if d.Name != "" {
		d.Name = readHost(doc.Take("domain"), d.Name)
		d.SID = DomainSID(d.Name)
	}
	for _, v := range doc.Take("also").List() {
		if h := readHost(v, strings.ToLower(v.Text())); h != "" {
			d.Also = append(d.Also, h)
		}
	}
	for _, v := range doc.Take("allow").List() {
		if p, ok := readPrefix(v); ok {
			d.Allow = append(d.Allow, p)
		}
	}
	for _, v := range doc.Take("outside").List() {
		c, err := number.ParseClass(v.Text())
		if err != nil {
			v.Err(err)
			continue
		}
		d.Outside = append(d.Outside, c)
	}
	if v := doc.Take("digest"); v.Given() {
		d.Digest = Digest(v.OneOf(string(MD5), string(SHA256), string(Both)))
	}
	d.SRTP = readSRTP(doc.Take("srtp"))
	if v := doc.Take("from"); v.Given() {
		n, err := number.Parse(v.Text(), number.Home)
		if err != nil {
			v.Err(err)
		}
		d.From = string(n)
	}
	checkProgram(doc, d)
	return d, doc.Done()
}

// checkProgram: one program, or the rules that hold without one.
func checkProgram(doc *yamldoc.Map, d Domain) {
	n := 0
	for _, key := range []string{"url", "twiml", "bin"} {
		if v := doc.Take(key); v.Given() {
			if n++; n > 1 {
				v.Error("calls of a domain's phones are decided by url:, by twiml: or by bin:, not by two of them", "")
			}
		}
	}
	if twiml := doc.Take("twiml"); twiml.Given() && !strings.HasPrefix(d.TwiML, "<") {
		twiml.Error("is not TwiML", "it begins with <Response>")
	}
	if outside := doc.Take("outside"); n > 0 && outside.Given() {
		outside.Warn("is not looked at: the program decides what phones may call", "")
	}
	if from := doc.Take("from"); from.Given() && (n > 0 || len(d.Outside) == 0) {
		from.Warn("is never shown: nothing is called outside without a program and with no class in outside:", "")
	}
}

func readSRTP(v yamldoc.Value) SRTP {
	if !v.Given() {
		return ""
	}
	return SRTP(v.OneOf(string(SRTPOff), string(SRTPOffered), string(SRTPRequired)))
}

// readHost takes a host name or an address, as it stands behind the @ of a SIP address.
func readHost(v yamldoc.Value, s string) string {
	if _, err := number.ParseAddress("sip:a@" + s); err != nil || strings.ContainsAny(s, ":;?[]") || s == "" {
		v.Error(fmt.Sprintf("%q is no host name", s), "write office.example.jp, or an IPv4 address of this machine")
		return ""
	}
	return s
}

// readPrefix takes an address or a network.
func readPrefix(v yamldoc.Value) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(v.Text()); err == nil {
		return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), true
	}
	p, err := netip.ParsePrefix(v.Text())
	if err != nil {
		v.Error(fmt.Sprintf("%q is neither an address nor a network", v.Text()), "write 192.0.2.7 or 192.0.2.0/24")
		return p, false
	}
	if p.Bits() < 8 {
		v.Error("is nearly everybody", "name the network of the machines that call")
		return p, false
	}
	return p.Masked(), true
}

// shortest is how long a phone's password should be: it can be guessed from outside, and whoever has it calls on
// the owner's bill.
const shortest = 12

// ReadPhone reads the document of a phone:
//
//	phone: sato@office.example.jp  # user and domain
//	password: env:SATO_PHONE       # or file:PATH
//	title: Sato's desk
//	srtp: required                 # if not as the domain says
//
// It gives the domain's name beside the phone. secret finds what env:NAME and file:PATH stand for; nil leaves them
// as they are.
func ReadPhone(text []byte, secret func(reference string) (string, error)) (p Phone, domain string, list problem.List) {
	doc := yamldoc.Parse(text)
	name := doc.Need("phone", "sato@office.example.jp")
	p = Phone{Password: doc.Need("password", "env:SATO_PHONE").Secret(secret), Title: doc.Take("title").Text(), SRTP: readSRTP(doc.Take("srtp")), Calls: true, Register: true}
	user, domain, ok := strings.Cut(name.Text(), "@")
	if domain = strings.ToLower(domain); name.Text() != "" && (!ok || !plainUser(user)) {
		name.Error(fmt.Sprintf("%q is not a user and a domain", name.Text()), "write phone: sato@office.example.jp")
	}
	p.User = user
	switch pw := doc.Take("password"); {
	case p.Password == "":
	case strings.ContainsFunc(p.Password, func(r rune) bool { return r < ' ' || r == 0x7F }):
		pw.Error("a password has no control characters", "")
	case secret != nil && len(p.Password) < shortest:
		pw.Warn(fmt.Sprintf("has fewer than %d characters: whoever guesses it calls on your bill", shortest), "openssl rand -hex 12 makes one")
	}
	return p, domain, doc.Done()
}

// plainUser takes names that need no escape in a SIP address and mean nothing in a digest.
func plainUser(s string) bool {
	for _, r := range s {
		if !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_.+", r)) {
			return false
		}
	}
	return s != "" && len(s) <= 64
}
