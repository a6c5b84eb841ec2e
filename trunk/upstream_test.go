package trunk

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/kaden-project/kaden/number"
)

func TestReadUpstream(t *testing.T) {
	got, problems := ReadUpstream([]byte(`upstream: twilio
account: AC0123456789abcdef0123456789abcdef
token: env:TWILIO_AUTH_TOKEN
from: 050-8765-4321
reach: [mobile, fixed]
refuse: abroad
`), func(ref string) (string, error) { return "secret of " + ref, nil })
	want := Upstream{
		Trunk: Trunk{Name: "twilio", From: "+815087654321", Reach: []number.Class{number.Mobile, number.Fixed}, Refuse: []number.Class{number.Abroad}},
		URL:   Twilio, Account: "AC0123456789abcdef0123456789abcdef", Token: "secret of env:TWILIO_AUTH_TOKEN",
	}
	if problems != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v\n%v", got, want, problems)
	}
	if l := got.Trunk; l.Refuses("+819012345678") != "" || l.Refuses("+14155550100") == "" || l.Refuses("110") == "" {
		t.Errorf("as a line it reaches the wrong numbers: %+v", l)
	}
}

func TestReadUpstreamRefuses(t *testing.T) {
	const good = "upstream: u\naccount: AC0123456789abcdef0123456789abcdef\ntoken: t\nfrom: \"+815087654321\"\n"
	for _, tt := range []struct{ name, text, want string }{
		{"no account", "upstream: u\ntoken: t\nfrom: \"+815087654321\"\n", "<account>: is missing"},
		{"no token", "upstream: u\naccount: AC0123456789abcdef0123456789abcdef\nfrom: \"+815087654321\"\n", "<token>: is missing"},
		{"no number", "upstream: u\naccount: AC0123456789abcdef0123456789abcdef\ntoken: t\n", "<from>: is missing"},
		{"an API key", strings.Replace(good, "AC", "SK", 1), "2:10: error: <account>: this is an API key"},
		{"no account at all", strings.Replace(good, "AC0123456789abcdef0123456789abcdef", "me", 1), `"me" is no account`},
		{"a number that is none", strings.Replace(good, "+815087654321", "050-12", 1), "too short"},
		{"the police as caller", strings.Replace(good, "+815087654321", "110", 1), "110 cannot be a caller ID"},
		{"no URL", good + "url: twilio.com\n", "5:6: error: <url>: \"twilio.com\" is not a URL"},
		{"another scheme", good + "url: ftp://example.org\n", "is not a URL"},
		{"a secret in the URL", good + "url: https://me:secret@example.org\n", "the URL is scheme and host alone"},
		{"too much of a URL", good + "url: https://api.twilio.com/2010-04-01\n", "ends before /2010-04-01"},
		{"a secret that is not there", strings.Replace(good, "token: t", "token: env:T", 1), "T is not set"},
		{"a key of trunks", good + "server: sip.example.jp\n", "is not a key that means anything here"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := ReadUpstream([]byte(tt.text), func(string) (string, error) { return "", errors.New("T is not set") })
			var all strings.Builder
			for _, p := range problems {
				all.WriteString(p.String() + "\n")
			}
			if !strings.Contains(all.String(), tt.want) || !problems.Refused() {
				t.Errorf("got\n%swant %s", all.String(), tt.want)
			}
		})
	}
}
