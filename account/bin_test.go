package account

import (
	"encoding/xml"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

func bin(t testing.TB, twiml string) (Bin, string) {
	t.Helper()
	text := "bin: night\ntwiml: |\n"
	for line := range strings.Lines(twiml) {
		text += "  " + line
	}
	b, _, list := ReadBin([]byte(text + "\n"))
	said := ""
	for _, p := range list {
		said += p.String() + "\n"
	}
	return b, said
}

func TestABinIsFilledInByTheRequest(t *testing.T) {
	params := url.Values{"From": {"+81 <&>\"'"}, "Name": {"Jane", "Joe"}, "Empty": {""}, "Message[0]": {"one"}, "件名": {"<障害>"}, "a.b": {"."}, "two words": {"2"},
		"Quote": {"\" x='"}, "End": {"]]>"}, "Odd": {"a\x00b\xffc\uFFFE\td\ne😀"}}
	for _, c := range []struct{ twiml, want string }{
		{"<Response/>", "<Response/>"},
		{"<Say>{{From}}</Say>", "<Say>+81 &lt;&amp;&gt;&quot;&#39;</Say>"},
		{"{{{From}}} {{& From }}", "+81 <&>\"' +81 <&>\"'"},
		{"a{{ Name }}b{{Missing}}c", "aJanebc"},
		{"{{#Name}}hello {{Name}}{{/Name}}{{^Name}}who?{{/Name}}", "hello Jane"},
		{"{{#Empty}}x{{/Empty}}{{^Empty}}{{^Missing}}none{{/Missing}}{{/Empty}}", "none"},
		{"a{{! a remark }}b", "ab"},
		{"a } b }} c", "a } b }} c"},
		{"{{ #Name }}hello{{ ^Empty }} {{ Name }}{{ / Empty }}{{ /Name }}{{ ! nothing }}", "hello Jane"},
		{"{{Message[0]}}{{件名}}{{a.b}}{{ two words }}", "one&lt;障害&gt;.2"},
		{`<Say voice="{{Quote}}"><![CDATA[{{Quote}}]]></Say>`, `<Say voice="&quot; x=&#39;"><![CDATA[&quot; x=&#39;]]></Say>`},
		{"{{End}}", "]]&gt;"},
		{"{{Odd}}", "a\uFFFDb\uFFFDc\uFFFD\td\ne😀"},
		{"{{{Odd}}}", "a\x00b\xffc\uFFFE\td\ne😀"},
	} {
		b, said := bin(t, c.twiml)
		if said != "" {
			t.Errorf("%s: %s", c.twiml, said)
		}
		if got := b.Render(params); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.twiml, got, c.want)
		}
	}
	if got := (Bin{TwiML: "{{x}}"}); got.Render(params) != "{{x}}" || got.Bare() != "{{x}}" {
		t.Error("a bin that was not read is not as it stands")
	}
}

// A megabyte of somebody's parameter, wherever the bin has a place for it, does not fill the memory: the reader is told
// that it is too long by the one byte too many.
func TestABinDoesNotGrowWithoutEnd(t *testing.T) {
	long := strings.Repeat("<", 1<<20)
	for _, field := range []string{"{{x}}", "{{{x}}}", "{{#x}}{{x}}{{/x}}"} {
		b, _ := bin(t, "<Response>"+strings.Repeat(field, 1000)+"</Response>")
		if got := b.Render(url.Values{"x": {long}}); len(got) != Longest+1 {
			t.Errorf("%s: %d bytes", field, len(got))
		}
		if got := b.Render(url.Values{"x": {"1"}}); len(got) != 1000+len("<Response></Response>") {
			t.Errorf("%s: %d bytes of short values", field, len(got))
		}
	}
}

func TestABinsPlacesStayWhereTheyWere(t *testing.T) {
	b, _ := bin(t, "<Response>{{#Name}}\n{{! 注\n 意 }}<Say>{{From}}</Say>\n{{/Name}}</Response>")
	want := "<Response>         \n     \n     <Say>{{From}}</Say>\n         </Response>"
	if got := b.Bare(); got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	b, _ = bin(t, `<Say>{{&From}}{{ a<b }}</Say>`)
	if got := b.Bare(); got != `<Say>{{ From}}{{ a b }}</Say>` {
		t.Errorf("what XML would trip over: %q", got)
	}
}

func TestABinWhosePartsTheRequestDecides(t *testing.T) {
	for text, want := range map[string]bool{"<Response>{{From}}{{! # }}</Response>": false, "<Response>{{#a}}{{/a}}</Response>": true, "<Response>{{^a}}x{{/a}}</Response>": true} {
		if b, _ := bin(t, text); b.Conditional() != want {
			t.Errorf("%s: %v", text, !want)
		}
	}
	if (Bin{TwiML: "{{#x}}{{/x}}"}).Conditional() {
		t.Error("a bin that was not read has parts")
	}
}

func TestWhereABinsFieldIsWrong(t *testing.T) {
	for text, want := range map[string][2]int{
		"<Response>\n  <Say>電話 {{From</Say>\n</Response>": {2, 11},
		"{{#a}}\n{{#b}}\n{{/a}}":                          {3, 1},
		"a\n {{#b}}\n\n":                                  {2, 2},
		"a {{/b}}":                                        {1, 3},
		" \n {{}}":                                        {1, 1}, // a bin is kept without the space around it
	} {
		if e := CheckTemplate(text); e == nil || [2]int{e.Line, e.Column} != want {
			t.Errorf("%q: %+v, want %v", text, e, want)
		}
	}
	if e := CheckTemplate("<Response>{{#a}}{{a}}{{/a}}</Response>"); e != nil {
		t.Errorf("%+v", e)
	}
}

func TestABinNamesItsFields(t *testing.T) {
	b, _ := bin(t, "<Say>{{ From }}{{#Name}}{{{Name}}} {{From}}{{^Team}}{{&Who}}{{/Team}}{{/Name}}{{! No }}</Say>")
	if got := strings.Join(b.Fields(), " "); got != "From Name Team Who" {
		t.Errorf("fields %s", got)
	}
	if b, _ := bin(t, "<Response/>"); b.Fields() != nil || (Bin{TwiML: "{{x}}"}).Fields() != nil {
		t.Error("fields of a bin that has none")
	}
}

func TestWhatIsWrongInABin(t *testing.T) {
	for twiml, want := range map[string]string{
		"{{From":                                 "{{ is never closed",
		"{{{From}}":                              "}}} closes it",
		"{{#Name}}x":                             "{{#Name}} is never closed",
		"x{{/Name}}":                             "{{/Name}} closes nothing",
		"{{#A}}{{#B}}{{/A}}{{/B}}":               "{{/A}} closes nothing",
		"{{ }}":                                  "names no parameter",
		"{{#a}}{{.}}{{/a}}":                      "{{.}} names no parameter",
		"{{> header }}":                          "cannot be filled into another",
		"{{=<% %>=}}":                            "in no other way",
		strings.Repeat("{{#A}}", mostSections+1): "more sections",
		"{{#" + strings.Repeat("long", 20) + "}}": "…",
		"{{#" + strings.Repeat("長", 50) + "}}":    "…",
	} {
		if _, said := bin(t, twiml); !strings.Contains(said, want) || !utf8.ValidString(said) {
			t.Errorf("%s: %q, want %q", twiml, said, want)
		}
	}
	for words, want := range map[string]string{
		"sid: EH12": "EH", "sid: CA0123456789abcdef0123456789abcdef": "EH",
		"key: short": "5 characters can be guessed", "key: a/b": "part of a web address",
	} {
		_, _, list := ReadBin([]byte("bin: night\n" + words + "\ntwiml: <Response/>\n"))
		if !list.Refused() || !strings.Contains(list[0].String(), want) {
			t.Errorf("%s: %v, want %q", words, list, want)
		}
	}
	if _, _, list := ReadBin([]byte("bin: night\n")); !list.Refused() {
		t.Error("a bin without TwiML is taken")
	}
}

func TestABinsIdentifierIsAlwaysTheSame(t *testing.T) {
	b, _ := bin(t, "<Response/>")
	if b.SID != BinSID("night") || b.SID == BinSID("day") || !strings.HasPrefix(string(b.SID), "EH") || len(b.SID) != 34 {
		t.Errorf("%s", b.SID)
	}
}

// FuzzBin renders strangers' values into templates of any kind: what is escaped never opens a tag.
func FuzzBin(f *testing.F) {
	f.Add("<Say>{{From}}</Say>{{#Name}}{{{x}}}{{/Name}}", "</Say><Hangup/>")
	f.Add("{{^a}}{{", "&")
	f.Fuzz(func(t *testing.T, text, value string) {
		p, err := parseTemplate(text)
		if err != nil {
			return
		}
		if utf8.ValidString(text) && utf8.RuneCountInString(p.bare) != utf8.RuneCountInString(text) {
			t.Fatalf("%q became %q", text, p.bare)
		}
		q, err := parseTemplate("<Say>{{v}}</Say>")
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		q.render(&out, url.Values{"v": {value}})
		inner := strings.TrimSuffix(out.String()[5:], "</Say>")
		if strings.ContainsAny(inner, "<>\"'") || !utf8.ValidString(inner) && len(inner) < Longest/2 {
			t.Fatalf("%q", out.String())
		}
		if err := xml.Unmarshal([]byte("<Say to=\""+inner+"\">"+inner+"<![CDATA["+inner+"]]></Say>"), new(struct{})); err != nil && out.Len() <= Longest {
			t.Fatalf("%q is no XML any more: %v", value, err)
		}
		var all strings.Builder
		if p.render(&all, url.Values{"v": {value}}); all.Len() > Longest+1 {
			t.Fatalf("%d bytes", all.Len())
		}
	})
}
