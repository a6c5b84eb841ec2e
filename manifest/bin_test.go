package manifest

import (
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kaden-project/kaden/account"
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

func TestABinIsWrittenAsItIsRead(t *testing.T) {
	for _, b := range []account.Bin{
		{Name: "night", TwiML: "<Response/>"},
		{Name: "夜勤: #1", SID: "EH0123456789abcdef0123456789abcdef", Key: "mJ3x9QdTq2VbW7ZkHs4c", TwiML: "<Response>\n\t<Say>{{From}} # no comment</Say>\n\n  <Hangup/> \n</Response>"},
		{Name: "odd", TwiML: "<Response><Say>a\u0085b\u2028c\u0007</Say></Response>"},
	} {
		text := FormatBin(b)
		got, _, list := account.ReadBin([]byte(text))
		if list.Refused() || got.Name != b.Name || got.TwiML != b.TwiML || got.Key != b.Key || b.SID != "" && got.SID != b.SID {
			t.Errorf("%v\n%s", list, text)
		}
	}
}

func TestABinIsCheckedBeforeItIsWritten(t *testing.T) {
	for _, c := range []struct {
		bin  account.Bin
		want string
	}{
		{account.Bin{Name: "a", TwiML: "<Response/>"}, ""},
		{account.Bin{Name: "a", TwiML: "<Response>\n  {{#From}}<Dail/>{{/From}}\n</Response>"}, "2:12: warning 12200"},
		{account.Bin{Name: "a", TwiML: "\n<Respons/>"}, "1:1: error 12102"},
		{account.Bin{Name: "a", TwiML: "{{#From}}"}, "never closed"},
		{account.Bin{Name: "a", Key: "x", TwiML: "<Response/>"}, "can be guessed"},
		{account.Bin{Name: "a"}, "warning 11770"},
	} {
		got := ""
		for _, p := range CheckBin(c.bin) {
			got += p.String() + "\n"
		}
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%q:\n got %s\nwant %s", c.bin.TwiML, got, c.want)
		}
	}
}

func FuzzFormatBin(f *testing.F) {
	f.Add("night", "<Response/>", "")
	f.Add(": #", " |\n  a\r\n\tb", "k")
	f.Fuzz(func(t *testing.T, name, twiml, key string) {
		b := account.Bin{Name: name, TwiML: twiml, Key: key}
		want := strings.TrimSpace(strings.ReplaceAll(twiml, "\r\n", "\n"))
		got, _, list := account.ReadBin([]byte(FormatBin(b)))
		if !list.Refused() && got.TwiML != want && utf8.ValidString(twiml) {
			t.Errorf("%q became %q", want, got.TwiML)
		}
		CheckBin(b)
	})
}
