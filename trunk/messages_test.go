package trunk

import (
	"strings"
	"testing"

	"github.com/kaden-project/kaden/number"
)

const carries = "trunk: ntt\nserver: sip.example.jp\n"

func TestATrunkThatCarriesMessages(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       Messages
		said       string // of the problems, "" is none
		refused    bool
	}{
		{"calls alone", "", Messages{}, "", false},
		{"as MESSAGE", "messages: sip\n", Messages{As: AsText, Window: 10}, "", false},
		{"in an envelope, paced", "messages: cpim\nmessage-rate: 5\nmessage-window: 2\n", Messages{As: AsCPIM, Rate: 5, Window: 2}, "", false},
		{"as nobody knows", "messages: smpp\n", Messages{}, `"smpp" is not known`, true},
		{"a pace of nothing", "messages: sip\nmessage-rate: 0\n", Messages{As: AsText, Window: 10}, "0 is out of range", true},
		{"a pace without messages", "message-rate: 5\n", Messages{}, "without messages: it means nothing", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := Read([]byte(carries+tt.text), nil)
			var said strings.Builder
			for _, p := range problems {
				said.WriteString(p.String())
			}
			if got.Messages != tt.want || (said.Len() > 0) != (tt.said != "") || !strings.Contains(said.String(), tt.said) || problems.Refused() != tt.refused {
				t.Errorf("%+v\n%s", got.Messages, said.String())
			}
		})
	}
}

func TestTheAddressesOfATrunk(t *testing.T) {
	for server, want := range map[string][2]string{
		"sip.example.jp":                         {"sip:me@sip.example.jp", "sip.example.jp"},
		"sip.example.jp:5070":                    {"sip:me@sip.example.jp:5070", "sip.example.jp"},
		"sip:sip.example.jp;transport=tcp":       {"sip:me@sip.example.jp;transport=tcp", "sip.example.jp"},
		"sips:sip.example.jp:5061":               {"sip:me@sip.example.jp:5061;transport=tls", "sip.example.jp"},
		"sip:[2001:db8::1]:5070;transport=udp;a": {"sip:me@[2001:db8::1]:5070;transport=udp;a", "[2001:db8::1]"},
		"[2001:db8::1]":                          {"sip:me@[2001:db8::1]", "[2001:db8::1]"},
	} {
		if uri, host := (Trunk{Server: server}).Address("me"); uri != want[0] || host != want[1] {
			t.Errorf("%s: %s, %s", server, uri, host)
		}
	}
	line := Trunk{Spelling: number.National, Prefix: "184"}
	for to, want := range map[string]string{"+819012345678": "09012345678", "+14155550100": "01014155550100", "12345": "12345", "Kaden": "Kaden"} {
		if got := line.Writes(to); got != want {
			t.Errorf("%s is written %s, want %s", to, got, want)
		}
	}
}
