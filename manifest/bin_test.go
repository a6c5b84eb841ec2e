package manifest

import (
	"os"
	"strings"
	"testing"
)

const night = `bin: night
# rings until somebody answers
twiml: |
  <Response>
    <Dial sequential="true" timeout="15">
      <Number>+819011112222</Number>
      <Number>+815012345678</Number>
    </Dial>
  </Response>
---
number: "+815012345678"
bin: night
`

func TestANumberAnswersWithABin(t *testing.T) {
	set, problems := compile(t, night)
	if problems != "" {
		t.Fatal(problems)
	}
	if n := set.Numbers[0]; n.Bin != "night" || n.TwiML != "" {
		t.Errorf("%+v", n)
	}
	if b := set.Bins["night"]; !strings.Contains(b.Render(nil), "<Dial") || b.SID == "" {
		t.Errorf("%+v", b)
	}
	docs, _ := Split("", []byte(night))
	again, _ := Split("", Format(docs))
	for i := range docs {
		if docs[i].Text != again[i].Text {
			t.Errorf("export changes\n%s\nto\n%s", docs[i].Text, again[i].Text)
		}
	}
}

func TestWhatIsWrongInABinsTwiML(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"an error, at its place in the file", strings.Replace(night, "</Dial>", "</Dail>", 1),
			"house.yaml:8:5: error 12100: </Dail> where <Dial> of line 2 is open"},
		{"a warning, at its place in the file", strings.Replace(night, "timeout", "timout", 1),
			"house.yaml:5:29: warning 12200: <Dial>: unknown attribute timout"},
		{"on one line", "bin: a\ntwiml: <Respons/>\n", "house.yaml:2:8: error 12102"},
		{"a section left open", strings.Replace(night, "<Dial", "{{#From}}<Dial", 1), "{{#From}} is never closed"},
		{"another's sid", "bin: a\nsid: EH0123456789abcdef0123456789abcdef\ntwiml: <Response/>\n---\nbin: b\nsid: EH0123456789abcdef0123456789abcdef\ntwiml: <Response/>\n",
			"house.yaml:6:6: error: <sid>: the bin a has the same (each bin has its own)"},
		{"another's key", "bin: a\nkey: mJ3x9QdTq2VbW7ZkHs4c\ntwiml: <Response/>\n---\nbin: b\nkey: mJ3x9QdTq2VbW7ZkHs4c\ntwiml: <Response/>\n", "<key>: the bin a has the same"},
		{"no TwiML", "bin: a\n", "twiml"},
		{"no such bin", strings.Replace(night, "bin: night\n#", "bin: day\n#", 1), `house.yaml:12:6: error: <bin>: there is no bin "night" (there are day)`},
		{"two ways to answer", night + "url: https://example.jp/voice\n", "a number answers with url: or with bin:, not with both"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, problems := compile(t, c.text); !strings.Contains(problems, c.want) {
				t.Errorf("got\n%swant\n%s", problems, c.want)
			}
		})
	}
	if set, _ := compile(t, strings.Replace(night, "</Dial>", "</Dail>", 1)); len(set.Bins) != 0 {
		t.Error("a bin that cannot be run is in the house")
	}
}

func TestTheExampleBins(t *testing.T) {
	text, err := os.ReadFile("../docs/examples/bins.yaml")
	if err != nil {
		t.Fatal(err)
	}
	set, problems := compile(t, string(text))
	if problems != "" {
		t.Fatalf("problems:\n%s", problems)
	}
	if len(set.Bins) != 5 || set.Numbers[0].Bin != "loop" {
		t.Errorf("%v", set.Bins)
	}
}

func TestTheExampleApplications(t *testing.T) {
	text, err := os.ReadFile("../docs/examples/applications.yaml")
	if err != nil {
		t.Fatal(err)
	}
	set, problems := compile(t, string(text))
	if !strings.Contains(problems, "so calls to it are refused until somebody claims it") || strings.Contains(problems, "error") {
		t.Errorf("problems:\n%s", problems)
	}
	if a := set.Apps["shop"]; a.Voice.URL != "https://shop.example.jp/voice" || a.SID == "" || a.Document == "" {
		t.Errorf("%+v", a)
	}
	if n := set.Numbers; len(n) != 2 || n[1].Application != "shop" || n[0].Answers() {
		t.Errorf("%+v", n)
	}
}

func TestWhatIsWrongInAnApplication(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"no such bin", "application: a\nbin: nigth\n", `house.yaml:2:6: error: <bin>: there is no bin "nigth"`},
		{"two ways to answer", "application: a\nurl: https://example.jp/v\ntwiml: <Response/>\n", "house.yaml:3:8: error: <twiml>: an application answers with url: or with twiml:, not with both"},
		{"nothing answers", "application: a\n", "warning: <application>: nothing says what answers"},
		{"no TwiML", "application: a\ntwiml: hello\n", "is not TwiML"},
		{"a number names one that is not there", "number: \"+815012345678\"\napplication: shpo\n---\napplication: shop\nurl: https://example.jp/v\n",
			`house.yaml:2:14: error: <application>: there is no application "shpo" (did you mean shop?)`},
		{"a number names one of a program", "number: \"+815012345678\"\napplication: AP00000000000000000000000000000001\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, problems := compile(t, c.text); !strings.Contains(problems, c.want) || c.want == "" && problems != "" {
				t.Errorf("got\n%swant\n%s", problems, c.want)
			}
		})
	}
}
