package manifest

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kaden-project/kaden/account"
)

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
		{account.Bin{Name: "a", TwiML: "<Response><Say>" + strings.Repeat("あ", 22_000) + "</Say></Response>"}, "error 11750"},
		{account.Bin{Name: "a", TwiML: "<Response><Say voice='Mizuki' language=\"{{Language}}\">{{&Words}}</Say></Response>"}, "1:16: warning 13511"},
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

// What only a request can decide is nobody's mistake.
func TestABinIsNotBlamedForWhatTheRequestSays(t *testing.T) {
	for _, text := range []string{
		`<Response><Gather numDigits="{{Digits}}" timeout="{{T}}" action="/next?Body={{Body}}" method="{{M}}"><Say loop="{{Loop}}" language="{{L}}">{{&Words}}</Say></Gather></Response>`,
		`<Response><Dial timeout="{{Timeout}}" record="{{R}}" {{#CallerId}}callerId="{{CallerId}}"{{/CallerId}}>{{To}}</Dial></Response>`,
		`<Response>{{#Busy}}<Reject/>{{/Busy}}{{^Busy}}<Dial><Number>{{To}}</Number></Dial>{{/Busy}}</Response>`,
		`<Response>{{#Next}}<Redirect>{{Next}}</Redirect>{{/Next}}<Say>nobody</Say></Response>`,
		`<Response>{{{Verbs}}}</Response>`,
		`<Response><Message><Body>{{Body}}</Body></Message></Response>`,
	} {
		for _, p := range CheckBin(account.Bin{Name: "a", TwiML: text}) {
			if p.Code != 12200 || p.Verb != "Message" { // which is for messages, and stands here for both
				t.Errorf("%s: %v", text, p)
			}
		}
		if _, said := compile(t, FormatBin(account.Bin{Name: "a", TwiML: text})); strings.Contains(said, "error") || strings.Contains(said, "warning") && !strings.Contains(said, "<Message>") {
			t.Errorf("as a document: %s", said)
		}
	}
	for text, want := range map[string]string{
		`<Response><Redirect>/a</Redirect><Say>{{x}}</Say></Response>`:         "never reached",
		`<Response>{{#x}}<Say loop="many">a</Say>{{/x}}</Response>`:            "13510",
		`<Response>{{#x}}<Say>{{/x}}{{^x}}</Say>{{/x}}<Dial{{x}}/></Response>`: "error 12100",
	} {
		got := ""
		for _, p := range CheckBin(account.Bin{Name: "a", TwiML: text}) {
			got += p.String() + "\n"
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
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
