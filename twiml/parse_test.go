package twiml

import (
	"bytes"
	"encoding/xml"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kaden-project/kaden/problem"
)

// samples are the documents of Twilio's own pages.
func samples(t testing.TB) []string {
	dir := os.Getenv("KADEN_TEST_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "data")
	}
	files, err := filepath.Glob(filepath.Join(dir, "twiml", "*.xml"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestTwiliosOwnDocumentsGiveNoErrors(t *testing.T) {
	files := samples(t)
	if len(files) == 0 {
		t.Skip("skipped: no data")
	}
	for _, file := range files {
		doc, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r, problems := Parse(doc)
		if problems.Refused() {
			t.Errorf("%s: %v", filepath.Base(file), problems)
			continue
		}
		for _, p := range problems {
			// The samples are right by Twilio's schema, except where one sends a message in a call.
			if p.Code == codeSchema && p.Verb != "Message" {
				t.Errorf("%s: %v", filepath.Base(file), p)
			}
		}
		wellRead(t, doc, r, problems)
	}
	t.Logf("%d documents", len(files))
}

// wellRead checks what holds for each document that Parse does not refuse, and for each list of problems.
func wellRead(t *testing.T, doc []byte, r *Response, problems problem.List) {
	t.Helper()
	lines := strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(string(doc), "\uFEFF")), "\n")
	inside := func(line, column int) bool {
		return line >= 1 && line <= len(lines) && column >= 1 && column <= utf8.RuneCountInString(lines[line-1])+1
	}
	for i, p := range problems {
		if (p.Line != 0 || p.Column != 0) && !inside(p.Line, p.Column) {
			t.Fatalf("%v is outside the document", p)
		}
		if i > 0 && (p.Line < problems[i-1].Line || p.Line == problems[i-1].Line && p.Column < problems[i-1].Column) {
			t.Fatalf("%v comes after %v", p, problems[i-1])
		}
		if p.Text == "" || strings.ContainsRune(p.String(), '\n') {
			t.Fatalf("%q is not one line", p.String())
		}
	}
	if len(problems) > maxWarnings+1 {
		t.Fatalf("%d problems", len(problems))
	}
	if problems.Refused() != (r == nil) {
		t.Fatalf("response %v with %v", r, problems)
	}
	if r == nil {
		return
	}
	for _, v := range r.Verbs {
		at := v.Position()
		if !inside(at.Line, at.Column) || []rune(lines[at.Line-1])[at.Column-1] != '<' {
			t.Fatalf("%s at %v, where no tag begins", v.Name(), at)
		}
	}
	text, err := Write(r)
	if err != nil {
		if strings.Contains(err.Error(), "divide it") {
			return // indented, it no longer fits
		}
		t.Fatalf("cannot write what was read: %v", err)
	}
	again, more := Parse(text)
	if again == nil {
		t.Fatalf("what was written is refused: %v\n%s", more, text)
	}
	if got, want := placeless(again), placeless(r); !reflect.DeepEqual(got, want) {
		t.Fatalf("read, written and read again:\n%swant\n%sfrom\n%s", dump(got), dump(want), text)
	}
	if twice, err := Write(again); err != nil || !bytes.Equal(twice, text) {
		t.Fatalf("written twice: %v\n%s\n%s", err, text, twice)
	}
}

// placeless is r with all places forgotten.
func placeless(r *Response) *Response {
	forget(reflect.ValueOf(r))
	return r
}

func forget(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			forget(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			forget(v.Index(i))
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[Pos]() {
			v.SetZero()
			return
		}
		for i := range v.NumField() {
			forget(v.Field(i))
		}
	}
}

// standard reads doc with encoding/xml, which knows nothing of TwiML.
func standard(doc []byte) error {
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(doc, []byte("\uFEFF"))))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	for {
		if _, err := d.Token(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, file := range samples(f) {
		if doc, err := os.ReadFile(file); err == nil {
			f.Add(doc)
		}
	}
	golden, _ := filepath.Glob("testdata/*.txt")
	for _, file := range golden {
		if raw, err := os.ReadFile(file); err == nil {
			_, sections := unpack(string(raw))
			f.Add([]byte(sections["doc"]))
		}
	}
	f.Add([]byte("\uFEFF<?xml version='1.0' encoding='utf-8'?>\r\n<Response>\r<Say>\r\n&#xD;&#9;</Say></Response>"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		r, problems := Parse(doc)
		wellRead(t, doc, r, problems)
		if r != nil && len(r.Verbs) > 0 && !hasRareNames(doc) {
			if err := standard(doc); err != nil {
				t.Fatalf("accepted, but encoding/xml says: %v", err)
			}
		}
	})
}

// A document that nobody fills in is checked as it is read.
func TestCheckIsParseWhereNothingIsFilledIn(t *testing.T) {
	golden, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(golden) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range golden {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, sections := unpack(string(raw))
		doc := []byte(sections["doc"])
		if _, want := Parse(doc); !hasField(string(doc)) && !slices.Equal(Check(doc, false), want) {
			t.Errorf("%s: checked %v, read %v", file, Check(doc, false), want)
		}
		if r, _ := Parse(doc); (r == nil) != Check(doc, true).Refused() {
			t.Errorf("%s: checked %v", file, Check(doc, true))
		}
	}
}

// hasRareNames tells whether doc may have names that encoding/xml, which follows the fourth edition of
// XML, does not know: those outside of ASCII.
func hasRareNames(doc []byte) bool {
	return bytes.ContainsFunc(doc, func(r rune) bool { return r >= utf8.RuneSelf })
}

func TestWhatTheReaderRefuses(t *testing.T) {
	say := func(s string) string { return "<Response><Say>" + s + "</Say></Response>" }
	for _, c := range []struct {
		name, doc    string
		line, column int
		text         string
	}{
		{"a control character", say("a\x08"), 1, 17, "character U+0008 is not allowed in XML"},
		{"a control character by number", say("&#8;"), 1, 16, "&#8; is not known"},
		{"half of a surrogate pair", say("&#xD800;"), 1, 16, "&#xD800; is not known"},
		{"a number beyond Unicode", say("&#99999999999;"), 1, 16, "&#99999999999; is not known"},
		{"a hexadecimal figure in a decimal number", say("&#1F;"), 1, 16, "&#1F; is not known"},
		{"a number without figures", say("&#;"), 1, 16, "&#; is not known"},
		{"Latin-1 bytes", say("caf\xe9"), 1, 19, "byte 0xE9 is not UTF-8"},
		{"UTF-16", "\xff\xfe<\x00R\x00", 1, 1, "the document is in UTF-16"},
		{"an external entity", "<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>" + say("&x;"), 1, 1, "a document type is not read"},
		{"an entity declaration inside", say("<!ENTITY x 'y'>"), 1, 16, "a document type is not read"},
		{"any other declaration", say("<!ELEMENT x>"), 1, 16, "a <! that begins nothing"},
		{"a comment without end", say("<!-- x"), 1, 16, "a comment is never closed"},
		{"a comment in a comment", say("<!-- a -- b -->"), 1, 23, "-- inside a comment"},
		{"CDATA without end", say("<![CDATA[ x"), 1, 16, "<![CDATA[ is never closed"},
		{"the end of CDATA in text", say("a]]>b"), 1, 17, "]]> in text"},
		{"a nameless instruction", say("<? x ?>"), 1, 16, "<? without a name"},
		{"an instruction without end", say("<?x"), 1, 16, "a processing instruction is malformed"},
		{"a tag without end", "<Response><Say", 1, 11, "<Say is never closed"},
		{"a closing tag without end", "<Response></Response", 1, 11, "a closing tag is malformed"},
		{"a closing tag alone", "</Response>", 1, 1, "</Response> closes nothing"},
		{"a closing tag too many", "<Response></Response></Response>", 1, 22, "</Response> closes nothing"},
		{"attributes without space", `<Response><Say voice="man"loop="2"/></Response>`, 1, 27, "no space before an attribute in <Say>"},
		{"an attribute without value", `<Response><Say voice/></Response>`, 1, 16, "attribute voice has no value"},
		{"an attribute without name", `<Response><Say ="x"/></Response>`, 1, 16, "<Say> is malformed here"},
		{"a value without end", `<Response><Say voice="man></Say></Response>`, 1, 16, "the value of voice is never closed"},
		{"a tag in a value", `<Response><Say voice="man>a</Say><Say voice="x"/></Response>`, 1, 28, "a < in the value of voice"},
		{"a value to the end of the text", `<Response><Say voice="man`, 1, 16, "the value of voice is never closed"},
		{"a bare & at the end of a value", `<Response><Play a="b&"/></Response>`, 1, 21, "a & that begins no reference"},
		{"a name with two colons", `<Response><a:b:c/></Response>`, 1, 15, "no space before an attribute in <a:b>"},
		{"a name that ends in a colon", `<Response><a: /></Response>`, 1, 11, "a < that begins no tag"},
		{"text after the end", "<Response/>\n x", 2, 2, "text after the end of the document"},
		{"text before the beginning", "oops <Response/>", 1, 1, "text where <Response> should begin"},
		{"too deep", "<Response>" + strings.Repeat("<Dial>", maxDepth), 1, 11 + 6*(maxDepth-1), "more than 32 elements inside one another"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, problems := Parse([]byte(c.doc))
			if r != nil || len(problems) != 1 {
				t.Fatalf("got %v, %v; want one error", r, problems)
			}
			p := problems[0]
			if p.Level != problem.Error || p.Code != codeParse || p.Line != c.line || p.Column != c.column || !strings.HasPrefix(p.Text, c.text) || p.Hint == "" {
				t.Errorf("got %v\nwant %d:%d: error 12100: %s (with a hint)", p, c.line, c.column, c.text)
			}
		})
	}
}

func TestWhatTheReaderTakes(t *testing.T) {
	for _, c := range []struct{ name, doc, want string }{
		{"a byte order mark", "\uFEFF<?xml version=\"1.0\"?><Response><Say>a</Say></Response>", "a"},
		{"line ends of all systems", "<Response>\r\n<Say>a\rb\r\nc\nd</Say>\r</Response>", "a b c d"},
		{"US-ASCII", "<?xml version='1.0' encoding='us-ascii' standalone='yes' ?><Response><Say>a</Say></Response>", "a"},
		{"UTF-8 without its hyphen", "<?xml version='1.0' encoding='utf8'?><Response><Say>語</Say></Response>", "語"},
		{"references", "<Response><Say>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;&#x3042;</Say></Response>", `<>&"'ABあ`},
		{"the replacement character itself", "<Response><Say>\uFFFD</Say></Response>", "\uFFFD"},
		{"single quotes, space around =, > in a value", "<Response><Say voice = 'Polly.A>B'\n>a</Say\n></Response >", "a"},
		{"an ideographic space", "<Response><Say>東京　本社</Say></Response>", "東京　本社"},
		{"the longest document", "<Response><Say>a</Say>" + strings.Repeat(" ", MaxSize-len("<Response><Say>a</Say></Response>")) + "</Response>", "a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, problems := Parse([]byte(c.doc))
			if len(problems) != 0 || len(r.Verbs) != 1 {
				t.Fatalf("%v, %v", r, problems)
			}
			if got := r.Verbs[0].(*Say).Text(); got != c.want {
				t.Errorf("said %q, want %q", got, c.want)
			}
			wellRead(t, []byte(c.doc), r, problems)
		})
	}
}

func TestAttributeValuesAreOneLine(t *testing.T) {
	r, problems := Parse([]byte("<Response><Dial callerId='a\n\tb&#10;c'/></Response>"))
	if problems.Refused() {
		t.Fatal(problems)
	}
	if got, want := r.Verbs[0].(*Dial).CallerID, "a  b\nc"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTooLong(t *testing.T) {
	doc := "<Response>" + strings.Repeat(" ", MaxSize-len("<Response></Response>")+1) + "</Response>"
	r, problems := Parse([]byte(doc))
	if r != nil || len(problems) != 1 || problems[0].Code != codeTooLarge || !problems.Refused() {
		t.Errorf("got %v, %v; want 11750", r, problems)
	}
}

func TestALongSayIsSaid(t *testing.T) {
	r, problems := Parse([]byte("<Response><Say>" + strings.Repeat("語", maxSay+1) + "</Say></Response>"))
	if len(r.Verbs) != 1 || len(problems) != 1 || problems[0].Code != codeSayLong || problems.Refused() {
		t.Errorf("got %v", problems)
	}
}

func TestNonsenseIsToldInAHundredLines(t *testing.T) {
	for _, c := range []struct{ name, one string }{
		{"unknown elements", "<Recieve/>"},
		{"unknown attributes", `<Say tiemout="1" lop="2">a</Say>`},
		{"misplaced elements", "<Number/>"},
		{"unknown tags in speech", "<Say><b>a</b></Say>"},
		{"many bad values", `<Pause length="-"/>`},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc := "<Response>" + strings.Repeat(c.one, (MaxSize-30)/len(c.one)) + "</Response>"
			r, problems := Parse([]byte(doc))
			if r == nil || len(problems) != maxWarnings+1 || !strings.Contains(problems[maxWarnings].Text, "more warnings") {
				t.Errorf("%d problems, the last %v", len(problems), problems[len(problems)-1])
			}
		})
	}
}

func TestTheNearestName(t *testing.T) {
	known := []string{"Gather", "Hangup", "Pause", "Play", "Redirect", "Reject", "Say"}
	for _, c := range []struct{ name, want string }{
		{"say", "Say"}, {"GATHER", "Gather"}, {"Gahter", "Gather"}, {"Redirct", "Redirect"}, {"Hang-up", "Hangup"},
		{"Paly", "Play"}, {"Speak", ""}, {"S", ""}, {"Transfer", ""}, {strings.Repeat("Say", 20), ""},
	} {
		if got := nearest(c.name, known); got != c.want {
			t.Errorf("nearest to %s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestTheSchemaHoldsTogether(t *testing.T) {
	for name, e := range schema {
		for child := range strings.FieldsSeq(e.children) {
			if _, ok := schema[child]; !ok {
				t.Errorf("<%s> may hold <%s>, which the schema does not know", name, child)
			}
		}
		if e.run != noun && !schema["Response"].has(name) {
			t.Errorf("<%s> is a verb but may not stand in <Response>", name)
		}
		if name != "Response" && parents(name) == "no other element" {
			t.Errorf("<%s> may stand nowhere", name)
		}
		for attr, r := range e.attrs {
			if r.read == nil {
				t.Errorf("<%s %s> has no rule", name, attr)
				continue
			}
			// What a rule gives must be what it takes, or a document would change each time it is written.
			for _, v := range []string{"", "1", "GET", " post ", "TRUE", "5", "999999", "auto", "10s", "-", "#", "dtmf speech", "ja-jp", "man", "x y", "http://a"} {
				use, ok := r.read(v)
				if !ok && use == "" {
					continue
				}
				if again, _ := r.read(use); again != use {
					t.Errorf("<%s %s>: %q is read as %q and that as %q", name, attr, v, use, again)
				}
			}
			if _, ok := r.read("\x01bad value"); !ok && (r.number == 0 || r.want == "" || r.then == "") {
				t.Errorf("<%s %s>: a bad value gets code %d, %q, %q", name, attr, r.number, r.want, r.then)
			}
		}
	}
	if got := schema["Gather"].attrs; len(got) != 7+len(speechAttrs) {
		t.Errorf("Gather has %d attributes; those of speech are listed in speechAttrs too", len(got))
	}
}

// Random documents out of true pieces go deeper into speech and nesting than random bytes do.
func TestWhateverIsPutTogetherIsReadWrittenAndReadTheSame(t *testing.T) {
	for seed := range uint64(3000) {
		random := rand.New(rand.NewPCG(seed, 2))
		pick := func(s ...string) string { return s[random.IntN(len(s))] }
		var speech func(depth int) string
		speech = func(depth int) string {
			var b strings.Builder
			for range random.IntN(5) {
				before, after, nests := strings.Cut(pick("a", " ", " b ", "語", "\n c", "a", "b", "",
					`<break/>`, `<break time="12s"/>`, `<break strength="none"/>`, `<break time="0.4ms"/>`, "<!-- -->", "<![CDATA[ ]]>",
					"<p>|</p>", "<s>|</s>", "<b>|</b>", "<Play>|</Play>", "<w>|</w>",
					`<lang xml:lang="`+pick("ja-JP", "", "?")+`">|</lang>`,
					"<emphasis"+pick("", ` level="strong"`, ` level="x"`)+">|</emphasis>",
					"<prosody"+pick("", ` rate="80%"`, ` pitch="+2st" volume="loud"`)+">|</prosody>",
					"<say-as"+pick("", ` interpret-as="date" format="ymd"`, ` format="x"`, ` interpret-as=" "`)+">|</say-as>",
					"<sub"+pick("", ` alias="so  so"`, ` alias=" "`)+">|</sub>",
					"<phoneme"+pick("", ` alphabet="ipa"`, ` alphabet="x-sampa" ph="a b"`)+">|</phoneme>"), "|")
				b.WriteString(before)
				if nests && depth > 0 {
					b.WriteString(speech(depth - 1))
				} else if nests {
					b.WriteString(pick("", "x", " x "))
				}
				b.WriteString(after)
			}
			return b.String()
		}
		doc := "<Response>"
		for range random.IntN(4) {
			say := "<Say" + pick("", ` loop="0"`, ` language="ja-jp" voice="x"`) + ">" + speech(4) + "</Say>"
			doc += pick(say, say, "<Gather"+pick("", ` timeout="0" input="speech dtmf" hints="a"`, ` finishOnKey="" method="get"`)+">"+say+pick("", "<Pause length='2'/>", "<Play digits='1'>a</Play>")+"</Gather>",
				"<Dial>a"+say+"b <Number> 1 </Number></Dial>",
				"<Dial"+pick("", ` action="/a" record="true" timeout="5"`, ` ringTone="JP" sequential="TRUE" referUrl="/r"`, ` timeLimit="0" callerId=" x "`)+">"+pick("", "a", "+1", " 1 ")+
					pick("", "<Conference>r</Conference>", "<Queue url='q'>q</Queue>", "<Sim>s</Sim>", `<Conference waitUrl="" beep="TRUE" muted="x" statusCallbackEvent="join  leave" maxParticipants="9"> a b </Conference>`)+
					pick("", "<Number/>", `<Number sendDigits="1w" url="?" statusCallback="/s" statusCallbackEvent="ringing">1&#13;2</Number>`, "<Number>x</Number>", "<Number>1<Uri>2</Uri></Number>")+
					pick("", "<Client>alice<Parameter name='a' value='b'/></Client>", "<Client><Identity> a </Identity><Parameter/>z</Client>", "<Client/>", "<Client><Identity/></Client>")+
					pick("", "<Sip>sip:a@b</Sip>", "<Sip username='u' password='p' sendDigits='z'><Uri>sip:a@b</Uri><Headers>x<Header name='X-A' value='1'/><Uri/></Headers></Sip>", "<Sip machineDetection='Enable'/>")+
					pick("", "<Application>AP1</Application>", "<Application customerId=' c ' copyParentTo='x' url='/u'><ApplicationSid> AP1 </ApplicationSid><Parameter name='a'/>z</Application>", "<Application><Parameter/></Application>")+"</Dial>",
				"<Refer"+pick("", " action='/r' method='get'")+">"+pick("", "x<Number>1</Number>", "<Sip>sip:a@b?X-A=1</Sip>", "<Sip><Uri>a</Uri><Headers><Header/></Headers></Sip><Sip>b</Sip>")+"</Refer>",
				"<Echo/>", "<Hangup>x<Parameter name='a' value=' b '/></Hangup>", "<Reject reason='busy'><Parameter/><Say>no</Say></Reject>", "<Record"+pick("", ` action="/a" timeout="0" finishOnKey=""`, ` maxLength="3600" trim="TRIM-silence" playBeep="FALSE" finishOnKey="x"`, ` transcribe="true" recordingStatusCallbackEvent="completed  absent" recordingStatusCallback="/s" maxLength="0"`)+"/>",
				"<Play digits='w1'/>", "<Hangup/>", "<Redirect>\n</Redirect>")
		}
		doc += "</Response>"
		r, problems := Parse([]byte(doc))
		if r == nil {
			t.Fatalf("seed %d: %v\n%s", seed, problems, doc)
		}
		wellRead(t, []byte(doc), r, problems)
		if t.Failed() {
			t.Fatalf("seed %d: %s", seed, doc)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	doc := []byte(`<?xml version="1.0" encoding="UTF-8"?>
<Response>
  <Gather action="/took?a=1&amp;b=2" numDigits="1" timeout="8">
    <Say language="ja-JP">ディスクが一杯です。<break time="500ms"/>引き受ける方は1を押してください。</Say>
  </Gather>
  <Redirect/>
</Response>`)
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		if r, problems := Parse(doc); r == nil || len(problems) > 0 {
			b.Fatal(problems)
		}
	}
}

// The worst that 64 KiB can ask of the checker: each element is unknown and looks for a neighbour.
func BenchmarkParseNonsense(b *testing.B) {
	doc := []byte("<Response>" + strings.Repeat("<Recieve/>", (MaxSize-30)/10) + "</Response>")
	for b.Loop() {
		Parse(doc)
	}
}
