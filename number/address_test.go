package number

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestParseAddress(t *testing.T) {
	for _, tt := range []struct {
		name, in, want string
		scheme         Scheme
	}{
		{"a Japanese number alone", "090-1234-5678", "tel:+819012345678", Tel},
		{"tel: with dashes", "tel:+81-90-1234-5678", "tel:+819012345678", Tel},
		{"TEL in capitals", "TEL:0312345678", "tel:+81312345678", Tel},
		{"the police stay visible as such", "tel:110", "tel:110", Tel},
		{"a SIP user", "sip:sato@192.0.2.7", "sip:sato@192.0.2.7", SIP},
		{"port and transport", "SIP:sato@Phone.Example.JP:5062;transport=tcp", "sip:sato@phone.example.jp:5062;transport=tcp", SIP},
		{"IPv6", "sip:sato@[2001:DB8::7]:5060", "sip:sato@[2001:db8::7]:5060", SIP},
		{"no user", "sip:192.0.2.7", "sip:192.0.2.7", SIP},
		{"TLS", "sips:sato@example.jp", "sips:sato@example.jp", SIPS},
		{"a number at a carrier", "sip:+819012345678@carrier.example;user=phone", "sip:+819012345678@carrier.example;user=phone", SIP},
		{"headers asked for", "sip:sato@example.jp?x-room=3&User-to-User=a%20b", "sip:sato@example.jp?x-room=3&User-to-User=a%20b", SIP},
		{"escaped user", "sip:sa%20to@example.jp", "sip:sa%20to@example.jp", SIP},
		{"a flag parameter", "sip:sato@example.jp;lr;ob", "sip:sato@example.jp;lr;ob", SIP},
		{"a browser", "client:sato", "client:sato", Client},
		{"a browser, in Japanese", "client:佐藤", "client:佐藤", Client},
		{"a browser named by mail", "client:sato@example.jp", "client:sato@example.jp", Client},
		{"a simulated phone", "sim:sato", "sim:sato", Sim},
		{"a simulated phone with a habit", "sim:key:1@8s", "sim:key:1@8s", Sim},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseAddress(tt.in)
			if err != nil || got.String() != tt.want || got.Scheme != tt.scheme {
				t.Fatalf("ParseAddress(%q) = %q (%s), %v, want %q", tt.in, got, got.Scheme, err, tt.want)
			}
		})
	}
}

func TestParseAddressRefuses(t *testing.T) {
	for _, tt := range []struct{ name, in, says string }{
		{"nothing", " ", "empty"},
		{"a word", "sato", "write tel:, sip:, client: or a number"},
		{"a forgotten scheme", "sato@192.0.2.7", "write sip:sato@192.0.2.7"},
		{"a web page", "https://example.jp", "scheme nobody can be called by"},
		{"an extension", "tel:+81312345678;ext=12", "cannot be dialled"},
		{"hidden", "anonymous", "hides the number"},
		{"hidden in SIP", "sip:anonymous@anonymous.invalid", "hides the number"},
		{"hidden in Japanese", "公衆電話", "hides the number"},
		{"a bad number", "tel:090-12", "too short"},
		{"no host", "sip:sato@", "host is missing"},
		{"no user", "sip:@example.jp", "needs a user"},
		{"a password", "sip:sato:secret@example.jp", "holds no password"},
		{"a space", "sip:sa to@example.jp", "must be written as %20"},
		{"a bracket in the user", "sip:<sato>@example.jp", "must be written as %3C"},
		{"half an escape", "sip:sa%2@example.jp", "must be written as %25"},
		{"no IPv4", "sip:sato@192.0.2.700", "not an IPv4 address"},
		{"IPv6 without brackets", "sip:sato@2001:db8::7", "stands in brackets"},
		{"IPv6 that is none", "sip:sato@[192.0.2.7]", "not an IPv6 address"},
		{"port 0", "sip:sato@example.jp:0", "is no port"},
		{"port too large", "sip:sato@example.jp:65536", "is no port"},
		{"rubbish after the bracket", "sip:sato@[2001:db8::7]x", "is no port"},
		{"a host with a dash at its end", "sip:sato@phone-.example.jp", "not a host name"},
		{"an empty parameter", "sip:sato@example.jp;", "an empty name"},
		{"a parameter with a quote", `sip:sato@example.jp;a="b"`, "must be written as %22"},
		{"headers with a space", "sip:sato@example.jp?x-a=b c", "without spaces"},
		{"no headers", "sip:sato@example.jp?", "without spaces"},
		{"far too long", "sip:" + strings.Repeat("a", 300) + "@example.jp", "at most 255"},
		{"far too long altogether", "sip:" + strings.Repeat("a", 3000), "3004 bytes"},
		{"not UTF-8", "client:\xff", "UTF-8"},
		{"no identity", "client:", "needs an identity"},
		{"an identity with a space", "client:sato taro", "not allowed"},
		{"an identity with a query", "client:sato?x=1", "not allowed"},
		{"a very long identity", "client:" + strings.Repeat("佐", 257), "at most 256"},
		{"no simulated phone", "sim:", "without spaces"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseAddress(tt.in)
			if err == nil || !strings.Contains(err.Error(), tt.says) || got != (Address{}) {
				t.Errorf("ParseAddress(%q) = %q, %v, want an error that says %q", tt.in, got, err, tt.says)
			}
		})
	}
}

func TestAddressAsText(t *testing.T) {
	in := struct{ A, B Address }{A: Address{Scheme: Tel, Number: "+819012345678"}}
	text, err := json.Marshal(in)
	if err != nil || string(text) != `{"A":"tel:+819012345678","B":""}` {
		t.Fatalf("%s, %v", text, err)
	}
	out := in
	if err := json.Unmarshal(text, &out); err != nil || out != in {
		t.Errorf("read back %v, %v", out, err)
	}
	if err := json.Unmarshal([]byte(`{"A":"090"}`), &out); err == nil {
		t.Error("a broken number was read")
	}
}

// Whatever is understood is written in one way, and that way is understood the same.
func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{
		"090-1234-5678", "tel:+81-90-1234-5678", "sip:sato@192.0.2.7:5062;transport=tcp", "sip:sato@[2001:db8::7]", "sips:a@b?x=y",
		"client:sato", "sim:key:1@8s", "anonymous", "sip:sa%20to@example.jp", "sip:a;b@c;d", "tel:110",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddress(s)
		if err != nil {
			return
		}
		again, err := ParseAddress(a.String())
		if err != nil || again != a {
			t.Fatalf("ParseAddress(%q) = %q, and that reads %q, %v", s, a, again, err)
		}
		if strings.ContainsAny(a.String(), "\r\n\x00") {
			t.Fatalf("%q would break a line of SIP", a.String())
		}
	})
}
