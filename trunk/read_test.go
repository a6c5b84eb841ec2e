package trunk

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/number"
)

func TestReadEverything(t *testing.T) {
	got, problems := Read([]byte(`trunk: ntt            # ひかり電話
server: sip.example.jp:5061
user: 0501234
password: env:NTT_PASSWORD
from: 050-1234-5678
reach: [mobile, fixed, ip]
allow: [abroad]
warn: { shared: 20 yen a minute, premium: "" }
refuse: toll-free
spelling: national
prefix: "186"
channels: 2
interval: 1s
interval-per: number
dtmf: in-band
answer: unreliable
`), func(ref string) (string, error) { return "geheim for " + ref, nil })
	want := Trunk{
		Name: "ntt", Server: "sip.example.jp:5061", User: "0501234", Password: "geheim for env:NTT_PASSWORD", From: "+815012345678",
		Reach: []number.Class{number.Mobile, number.Fixed, number.IPPhone}, Refuse: []number.Class{number.TollFree},
		Allow: []number.Class{number.Abroad}, Warn: []number.Class{number.Shared, number.Premium}, Per: PerNumber,
		Why:      map[number.Class]string{number.Shared: "20 yen a minute", number.Premium: ""},
		Spelling: "national", Prefix: "186", Channels: 2, Interval: time.Second, InBandDTMF: true, Unreliable: true,
	}
	if problems != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v\n%v", got, want, problems)
	}
}

func TestReadLittle(t *testing.T) {
	for _, prefix := range []string{"184", "0", "9"} {
		got, problems := Read([]byte("trunk: pbx\nserver: sip:192.0.2.1;transport=tcp\nfrom: sato\nprefix: \""+prefix+"\"\n"), nil)
		want := Trunk{Name: "pbx", Server: "sip:192.0.2.1;transport=tcp", From: "sato", Prefix: prefix, Spelling: "national"}
		if problems != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v", got, problems)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	nothing := func(string) (string, error) { return "", errors.New("NTT is not set") }
	for _, tt := range []struct{ name, text, want string }{
		{"no server", "trunk: ntt\n", "1:1: error: <server>: is missing (write server: sip.example.jp)"},
		{"a server that is none", "trunk: ntt\nserver: sip example jp\n", "2:9: error: <server>:"},
		{"a user in the server", "trunk: ntt\nserver: sip:me@example.jp\n", "(the user goes to user:)"},
		{"a password that is not there", "trunk: ntt\nserver: a\nuser: b\npassword: env:NTT\n", "4:11: error: <password>: NTT is not set"},
		{"a password for nobody", "trunk: ntt\nserver: a\npassword: b\n", "3:11: warning: <password>: a password without a user"},
		{"a user with a quote", "trunk: ntt\nserver: a\nuser: 'a\"b'\n", "3:7: error: <user>: a user name has no quotes"},
		{"a broken number", "trunk: ntt\nserver: a\nfrom: 050-12\n", "3:7: error: <from>: 05012 is too short"},
		{"the police as caller", "trunk: ntt\nserver: a\nfrom: 110\n", "110 cannot be a caller ID"},
		{"a name as caller", "trunk: ntt\nserver: a\nfrom: 佐藤\n", "neither a telephone number nor a SIP user name"},
		{"a class that is none", "trunk: ntt\nserver: a\nreach: [mobil, landline]\n", "3:9: error: <reach>: \"mobil\" is not a class of numbers (did you mean mobile?)"},
		{"another that is none", "trunk: ntt\nserver: a\nreach: [mobil, landline]\n", "3:16: error: <reach>: \"landline\" is not a class of numbers (one of mobile, fixed, ip,"},
		{"emergency", "trunk: ntt\nserver: a\nreach: [emergency]\n", "emergency numbers (110, 118, 119 …) are never dialled"},
		{"twice", "trunk: ntt\nserver: a\nreach: [mobile, mobile]\n", "3:17: warning: <reach>: mobile is listed twice"},
		{"both", "trunk: ntt\nserver: a\nreach: [mobile]\nrefuse: [mobile]\n", "4:9: error: <refuse>: mobile is listed under reach as well"},
		{"allowed and warned of", "trunk: ntt\nserver: a\nallow: [abroad]\nwarn: [abroad]\n", "4:7: error: <warn>: abroad is listed under allow as well"},
		{"a reason for a class that is none", "trunk: ntt\nserver: a\nwarn: {mobil: costs}\n", "\"mobil\" is not a class of numbers (did you mean mobile?)"},
		{"the police, with a reason", "trunk: ntt\nserver: a\nrefuse: {emergency: of course}\n", "are never dialled"},
		{"an interval for something else", "trunk: ntt\nserver: a\ninterval: 1s\ninterval-per: country\n", "<interval-per>:"},
		{"an interval for nothing", "trunk: ntt\nserver: a\ninterval-per: account\n", "without an interval it means nothing (add interval: 1s)"},
		{"a spelling that is none", "trunk: ntt\nserver: a\nspelling: nationl\n", "did you mean national?"},
		{"a prefix before a plus", "trunk: ntt\nserver: a\nspelling: e164\nprefix: 184\n", "4:9: error: <prefix>: prefix 184 goes before a number that begins with 0 (write spelling: national)"},
		{"a prefix of letters", "trunk: ntt\nserver: a\nprefix: hide\n", "\"hide\" is no prefix"},
		{"a prefix that calls the police", "trunk: ntt\nserver: a\nprefix: 110\n", "must not begin like an emergency number"},
		{"a prefix that calls the police elsewhere", "trunk: ntt\nserver: a\nprefix: 9119\n", "must not begin like an emergency number"},
		{"a prefix that calls the police with what comes after it", "trunk: ntt\nserver: a\nprefix: \"00\"\n", "must not begin like an emergency number"},
		{"no channels", "trunk: ntt\nserver: a\nchannels: 0\n", "0 is out of range"},
		{"an interval without a unit", "trunk: ntt\nserver: a\ninterval: 1\n", "(write 1s for seconds)"},
		{"a key nobody knows", "trunk: ntt\nserver: a\npasword: x\n", "3:1: error: <pasword>: is not a key that means anything here (did you mean password?)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := Read([]byte(tt.text), nothing)
			var all strings.Builder
			for _, p := range problems {
				all.WriteString(p.String() + "\n")
			}
			if !strings.Contains(all.String(), tt.want) {
				t.Errorf("got\n%swant %s", all.String(), tt.want)
			}
		})
	}
}

func TestReadHowACarrierIsSpokenTo(t *testing.T) {
	got, problems := Read([]byte(`trunk: ntt
server: ntt.example.jp
user: "0501234"
password: himitsu
register: true
expires: 30m
login: "0003"
proxy: sip:proxy.example.jp;lr
keep-alive: 30s
caller-id: preferred
caller-id-spelling: national
privacy: yes
prack: off
session-timer: off
codecs: [pcma, g722]
ptime: 40
dtmf-payload: 96
`), nil)
	want := SIP{
		Register: true, Expires: 30 * time.Minute, Login: "0003", Proxy: "sip:proxy.example.jp;lr", Ping: 30 * time.Second,
		CallerID: InPreferred, Shown: number.National, Private: true, NoPRACK: true, Session: -1, Codecs: []string{"pcma", "g722"}, Packet: 40, DTMF: 96,
	}
	if problems != nil || !reflect.DeepEqual(got.SIP, want) {
		t.Errorf("got %+v\nwant %+v\n%v", got.SIP, want, problems)
	}
	if shown := got.Shows("+815012345678"); shown != "05012345678" {
		t.Errorf("our number is shown as %s", shown)
	}
	if got.Shows("sato") != "sato" || got.Account() != "0003" {
		t.Errorf("a name is shown as %s, the account is %s", got.Shows("sato"), got.Account())
	}
	for _, tt := range []struct{ text, want string }{
		{"register: true\n", "nobody can be signed on without a name"},
		{"register: maybe\n", `"maybe" is neither on nor off`},
		{"expires: 1h\n", "without register: true it means nothing"},
		{"expires: 2s\nuser: a\nregister: on\n", "2s is out of range"},
		{"keep-alive: 1s\n", "1s is out of range"},
		{"caller-id: pai\n", `"pai" is not known`},
		{"caller-id-uri: tel\ncaller-id-spelling: national\n", "needs a phone-context"},
		{"prefix: 184\nprivacy: true\n", "hides the number already"},
		{"codecs: [g729]\n", `"g729" is not known`},
		{"ptime: 50\n", `"50" is not known`},
		{"dtmf-payload: 20\n", "20 is out of range"},
		{"media: srtp\n", "whoever reads the signalling hears the call"},
		{"session-timer: 30s\n", "30s is out of range"},
		{"proxy: a b\n", "write a host, host:port"},
	} {
		_, problems := Read([]byte("trunk: ntt\nserver: a\n"+tt.text), nil)
		if !strings.Contains(fmt.Sprint(problems), tt.want) {
			t.Errorf("%q: %v, want %q", tt.text, problems, tt.want)
		}
	}
}
