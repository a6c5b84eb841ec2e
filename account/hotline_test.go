package account

import (
	"reflect"
	"strings"
	"testing"
)

func TestANumberThatLeadsToAPlan(t *testing.T) {
	n, problems := ReadNumber([]byte("number: \"+815012345678\"\nplan: night-shift\n"))
	if len(problems) > 0 || !reflect.DeepEqual(n.Hotline, &Hotline{Plan: "night-shift"}) || !n.Scripted() || !n.Answers() {
		t.Errorf("%+v, %v", n, problems)
	}
	n, problems = ReadNumber([]byte("number: hotline\nplan: night-shift\nseverity: error\nsay:\n  ja: 夜間窓口です。\n  en-US: This is the night line.\n"))
	want := &Hotline{Plan: "night-shift", Severity: "error", Say: []Greeting{{"ja", "夜間窓口です。"}, {"en-US", "This is the night line."}}}
	if len(problems) > 0 || !reflect.DeepEqual(n.Hotline, want) {
		t.Errorf("%+v, %v", n.Hotline, problems)
	}
	main := New("main", n.Created).SID
	if n = n.Owned(&Claim{Number: n.Number, Account: "AC1", Document: n.Document}, main); n.Account != main {
		t.Errorf("a program has taken it: %+v", n)
	}
}

func TestAHotlineRefuses(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"another way to answer", "plan: p\nurl: http://a/\n", "2:7: error: <plan>: kaden's own script answers such a number (remove url:, twiml:, bin: and application:)"},
		{"those who call back", "plan: p\ncall-back: true\n", "2:7: error: <plan>: people call a number back about alerts, or to have somebody called, not both (remove plan: or call-back:)"},
		{"a severity that is none", "plan: p\nseverity: bad\n", "3:11: error: <severity>: \"bad\" is not known"},
		{"words without a language", "plan: p\nsay: hello\n", "3:6: error: <say>: the language is missing"},
		{"a language that is none", "plan: p\nsay: { Japanese: hello }\n", "Japanese is not a language"},
		{"nothing to say", "plan: p\nsay: { en: \"\" }\n", "there is nothing to say"},
		{"more than anybody listens to", "plan: p\nsay: { ja: a, en: a, de: a, fr: a, it: a }\n", "more than four languages"},
		{"a key before the key", "plan: p\nunknown: screen\n", "3:10: warning: <unknown>: a hotline asks every caller for a key, once"},
		{"words of no plan", "twiml: <Response/>\nseverity: error\n", "3:11: warning: <severity>: means something only where the people of a plan are called"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := ReadNumber([]byte("number: a\n" + tt.text))
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
