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
