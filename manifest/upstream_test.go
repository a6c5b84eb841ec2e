package manifest

import (
	"os"
	"strings"
	"testing"
)

const away = `upstream: twilio
account: AC0123456789abcdef0123456789abcdef
token: secret
from: "+815087654321"
`

func TestAnUpstreamIsReadAndIsALine(t *testing.T) {
	docs, list := Split("", []byte(away+"---\nupstream: another\nurl: http://192.0.2.7:8080/\naccount: AC0123456789abcdef0123456789abcdef\ntoken: secret\nfrom: 050-1234-5678\n---\ntrunk: ntt\nserver: sip.example.jp\n"+
		"---\nperson: sato\ncontacts: [\"090-1234-5678\"]\n---\nplan: p\nfrom: { twilio: \"+815011112222\" }\nsteps:\n  - call: [sato]\n    rounds: 1\n"))
	set, problems := Compile(docs, nil)
	if len(list) > 0 || problems.Refused() {
		t.Fatalf("%v %v", list, problems)
	}
	if len(set.Upstreams) != 2 || set.Upstreams[0].URL != "http://192.0.2.7:8080" || set.Upstreams[1].URL != "https://api.twilio.com" {
		t.Errorf("%+v", set.Upstreams)
	}
	var names []string
	for _, l := range set.Lines() {
		names = append(names, l.Name)
	}
	if got := strings.Join(names, " "); got != "ntt another twilio" {
		t.Errorf("lines are %s", got)
	}
}

func TestATrunkAndAnUpstreamOfOneName(t *testing.T) {
	docs, _ := Split("", []byte(away+"---\ntrunk: twilio\nserver: sip.example.jp\n"))
	if _, problems := Compile(docs, nil); !problems.Refused() || !strings.Contains(problems[0].Text, `trunk "twilio" exists already`) {
		t.Errorf("%v", problems)
	}
}

func TestWhatAnUpstreamCannotDo(t *testing.T) {
	const trunk = "---\ntrunk: ntt\nserver: sip.example.jp\n"
	plan := func(words string) string {
		return "---\nplan: p\n" + words + "steps:\n  - call: [sato]\n    rounds: 1\n"
	}
	for _, tt := range []struct {
		name, text string
		public     bool
		want       string // "" is nothing
	}{
		{"a key, over a public URL", away + plan("from: { twilio: \"+815087654321\" }\n"), true, ""},
		{"a key, without one", away + plan("from: { twilio: \"+815087654321\" }\n"), false, "error: <from>: without a public URL twilio brings no keys, and this plan is confirmed by one: nobody could ever confirm"},
		{"a key, without one, and there is a trunk", away + trunk + plan("from: { ntt: \"+815012345678\", twilio: \"+815087654321\" }\n"), false, "warning: <from>: without a public URL twilio brings no keys, and this plan is confirmed by one: its calls never go that way"},
		{"a key, without one, and no word of it", away + plan(""), false, "warning: <plan>: without a public URL twilio brings no keys, and this plan is confirmed by one: telephone numbers are not called"},
		{"no word of it, and there is a trunk", away + trunk + plan(""), false, ""},
		{"hanging up is enough", away + plan("from: { twilio: \"+815087654321\" }\nconfirm: hangup\n"), false, ""},
		{"the answer is enough", away + plan("confirm: none\n"), false, ""},
		{"a conference", away + trunk + "---\nplan: p\nfrom: { ntt: \"+815012345678\", twilio: \"+815087654321\" }\nsteps:\n  - call: [sato, suzuki]\n    need: everyone\n    join: true\n    rounds: 1\n", false, "error: <from>: without a public URL twilio cannot bring us the sound of its calls"},
		{"a conference, over a public URL", away + plan("from: { twilio: \"+815087654321\" }\n") + "    join: true\n", true, ""},
		{"a conference on our own lines", away + trunk + "---\nplan: p\nfrom: { ntt: \"+815012345678\" }\nsteps:\n  - call: [sato, suzuki]\n    need: everyone\n    join: true\n    rounds: 1\n", true, ""},
		{"no upstream", strings.TrimPrefix(trunk, "---\n") + plan(""), false, ""},
		{"a plan that cannot be read", away + "---\nplan: p\n", false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			docs, list := Split("", []byte(tt.text))
			if len(list) > 0 {
				t.Fatal(list)
			}
			got := Away(docs, tt.public)
			if tt.want == "" {
				if len(got) > 0 {
					t.Errorf("it says %v", got)
				}
				return
			}
			if len(got) != 1 || !strings.Contains(got[0].String(), tt.want) {
				t.Errorf("got  %v\nwant %s", got, tt.want)
			}
		})
	}
}

func TestTheExampleUpstream(t *testing.T) {
	text, err := os.ReadFile("../docs/examples/upstream.yaml")
	if err != nil {
		t.Fatal(err)
	}
	docs, list := Split("", text)
	set, problems := Compile(docs, nil)
	if len(list)+len(problems) > 0 {
		t.Fatalf("problems: %v %v", list, problems)
	}
	if away := Away(docs, true); len(away) > 0 || len(set.Upstreams) != 1 || len(set.Lines()) != 2 {
		t.Errorf("%v %+v", away, set)
	}
}

func TestTheExampleOfAnSMSC(t *testing.T) {
	text, err := os.ReadFile("../docs/examples/smsc.yaml")
	if err != nil {
		t.Fatal(err)
	}
	docs, list := Split("smsc.yaml", text)
	set, problems := Compile(docs, func(string) (string, error) { return "secret", nil })
	if len(list)+len(problems) > 0 {
		t.Fatalf("%v %v", list, problems)
	}
	if len(set.SMSCs) != 1 || set.SMSCs[0].Rate != 10 || len(set.Lines()) != 0 {
		t.Errorf("%+v", set.SMSCs)
	}
	docs, _ = Split("", append(text, []byte("\n---\nupstream: carrier\naccount: AC0123456789abcdef0123456789abcdef\ntoken: t\nfrom: \"+815087654321\"\n")...))
	if _, problems := Compile(docs, nil); !problems.Refused() || !strings.Contains(problems[0].Text, `upstream "carrier" exists already`) {
		t.Errorf("%v", problems)
	}
}
