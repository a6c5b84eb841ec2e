package trunk

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/number"
)

func TestReadSMSC(t *testing.T) {
	got, problems := ReadSMSC([]byte(`smsc: carrier
server: smsc.example.jp
system-id: kaden
password: env:SMSC_PASSWORD
from: 050-8765-4321
reach: mobile
prices: { currency: JPY, messages: [{ to: mobile, price: 8 }] }
`), func(string) (string, error) { return "secret", nil })
	want := SMSC{
		Trunk:  Trunk{Name: "carrier", Server: "smsc.example.jp:2775", User: "kaden", Password: "secret", From: "+815087654321", Reach: []number.Class{number.Mobile}, Prices: got.Prices},
		Window: 10, Pulse: 30 * time.Second,
	}
	if problems != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v\n%v", got, want, problems)
	}
	if p := got.Prices.Message("+819012345678", 2); p.String() != "16 JPY" {
		t.Errorf("two segments cost %v", p)
	}
	all, problems := ReadSMSC([]byte("smsc: c\nserver: \"[2001:db8::1]:3550\"\ntls: true\nsystem-id: k\nsystem-type: VMA\nfrom: Kaden 24\nrate: 20\nwindow: 3\nenquire-link: 1m\nsource: { ton: 0, npi: 1 }\n"), nil)
	want = SMSC{
		Trunk: Trunk{Name: "c", Server: "[2001:db8::1]:3550", User: "k", From: "Kaden 24"}, TLS: true, System: "VMA", Rate: 20, Window: 3, Pulse: time.Minute,
		Source: &NumberType{0, 1},
	}
	if problems != nil || !reflect.DeepEqual(all, want) {
		t.Errorf("got %+v\nwant %+v\n%v", all, want, problems)
	}
}

func TestReadSMSCRefuses(t *testing.T) {
	const good = "smsc: c\nserver: smsc.example.jp\nsystem-id: kaden\n"
	for _, tt := range []struct{ name, text, want string }{
		{"no server", "smsc: c\nsystem-id: kaden\n", "<server>: is missing"},
		{"no system-id", "smsc: c\nserver: smsc.example.jp\n", "<system-id>: is missing"},
		{"a URL", strings.Replace(good, "smsc.example.jp", "smpp://smsc.example.jp", 1), "is not host:port"},
		{"a port that is none", strings.Replace(good, ".jp", ".jp:70000", 1), "is not host:port"},
		{"a password that is too long", good + "password: ninechars\n", "4:11: error: <password>: it is longer than the 8 characters"},
		{"a name that is too long", good + "from: Kaden the Night\n", "more than 11 characters"},
		{"a number that is none", good + "from: 050-12\n", "too short"},
		{"a rate of nothing", good + "rate: 0\n", "0 is out of range"},
		{"a type that is none", good + "source: { ton: 7 }\n", "7 is out of range"},
		{"a key of the type that is none", good + "source: { type: 1 }\n", "is not a key that means anything here"},
		{"prices of calls", good + "prices: { currency: JPY, calls: [{ to: mobile, price: 16, unit: 60s }] }\n", "<messages>: is missing"},
		{"a key of trunks", good + "channels: 2\n", "is not a key that means anything here"},
		{"a secret that is not there", good + "password: env:P\n", "P is not set"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := ReadSMSC([]byte(tt.text), func(string) (string, error) { return "", errors.New("P is not set") })
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
