package twiml

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestAProgramWritesAPersonsScript(t *testing.T) {
	doc := New(
		NewGather("/took?a=1&b=2", 1,
			NewSay("ja-JP", "ディスクが一杯です。引き受ける方は1を押してください。"),
			&Pause{Length: time.Second},
			NewPlay("https://example.com/beep.wav"),
		),
		&Say{Loop: 2, Spans: []Span{{Text: "Nobody "}, {Text: "pressed", Emphasis: "strong"}, {Text: "a key.", Pause: 12500 * time.Millisecond}}},
		&Redirect{Method: "get"},
	)
	const want = `<?xml version="1.0" encoding="UTF-8"?>
<Response>
  <Gather action="/took?a=1&amp;b=2" numDigits="1">
    <Say language="ja-JP">ディスクが一杯です。引き受ける方は1を押してください。</Say>
    <Pause/>
    <Play>https://example.com/beep.wav</Play>
  </Gather>
  <Say loop="2">Nobody <emphasis level="strong">pressed</emphasis><break time="10s"/><break time="2500ms"/>a key.</Say>
  <Redirect method="GET"/>
</Response>
`
	got, err := Write(doc)
	if err != nil || string(got) != want {
		t.Fatalf("%v\n%s\nwant\n%s", err, got, want)
	}
	if doc.String() != want {
		t.Error("String says something else")
	}
	read, problems := Parse(got)
	if len(problems) != 0 {
		t.Fatal(problems)
	}
	doc.Verbs[2].(*Redirect).Method = "GET"
	if !reflect.DeepEqual(placeless(read), doc) {
		t.Errorf("read\n%swritten\n%s", dump(read), dump(doc))
	}
}

func TestZeroValuesMeanWhatTheirCommentsSay(t *testing.T) {
	got := New(&Gather{}, &Pause{}, &Say{Spans: []Span{{Text: "a"}}}, &Play{URL: "a.wav"}, &Reject{}, &Redirect{}, &Hangup{}).String()
	for _, want := range []string{`<Gather finishOnKey=""/>`, `<Pause length="0"/>`, `<Say loop="0">a</Say>`, `<Play loop="0">a.wav</Play>`, "<Reject/>", "<Redirect/>", "<Hangup/>"} {
		if !strings.Contains(got, "  "+want+"\n") {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	r, _ := Parse([]byte(got))
	if g := r.Verbs[0].(*Gather); g.Timeout != 5*time.Second || g.Input != "dtmf" || g.FinishOnKey != "" {
		t.Errorf("a Gather of zeros is read as %+v", g)
	}
}

func TestWhatXMLCannotCarryIsLeftOut(t *testing.T) {
	s := NewSay("", "a\x00b\x1bc\xffd\uFFFEe <&>\"'\u2028")
	s.Voice = "\"<&>'\n\t\r\x07"
	got := New(s).String()
	const want = `<Say voice="&quot;&lt;&amp;&gt;'&#10;&#9;&#13;">abcde &lt;&amp;&gt;"'` + "\u2028</Say>"
	if !strings.Contains(got, want) {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if _, problems := Parse([]byte(got)); problems.Refused() {
		t.Error(problems)
	}
}

func TestAnElementIsKeptAsItStands(t *testing.T) {
	pay := &Other{Element: Element{
		Tag: "Pay", Attrs: []Attr{{"action", "/over"}},
		Children: []Element{
			{Tag: "Room", Text: "DailyStandup"},
			{Tag: "VirtualAgent", Text: "alice", Children: []Element{{Tag: "Parameter", Attrs: []Attr{{"name", "a"}, {"value", "line\rone\ntwo"}}}}},
		},
	}}
	const want = `
  <Pay action="/over">
    <Room>DailyStandup</Room>
    <VirtualAgent>alice<Parameter name="a" value="line&#13;one&#10;two"/></VirtualAgent>
  </Pay>
`
	got := New(pay).String()
	if !strings.Contains(got, want) {
		t.Fatalf("got %s", got)
	}
	r, _ := Parse([]byte(got))
	if !reflect.DeepEqual(placeless(r).Verbs, []Verb{pay}) {
		t.Errorf("read %s", dump(r))
	}
}

type shout struct{ Pos }

func (shout) Name() string { return "Shout" }

func TestWriteRefusesWhatCouldNotBeRead(t *testing.T) {
	deep := Element{Tag: "Number"}
	for range maxDepth {
		deep = Element{Tag: "Pay", Children: []Element{deep}}
	}
	for _, c := range []struct {
		name string
		verb Verb
		want string
	}{
		{"a verb of somebody else", shout{}, "no verb of TwiML"},
		{"no verb", nil, "no verb of TwiML"},
		{"a negative loop of Say", &Say{Loop: -1}, "loop -1"},
		{"a negative pause in Say", &Say{Spans: []Span{{Pause: -1}}}, "pause -1ns"},
		{"two ways to say a span", &Say{Spans: []Span{{Text: "1", As: "digits", Alias: "one"}}}, "more than one of"},
		{"a negative loop of Play", &Play{URL: "a", Loop: -1}, "loop -1"},
		{"a Play of nothing", &Play{Loop: 1}, "neither a URL nor digits"},
		{"digits that no telephone has", &Play{Digits: "12x"}, `digits "12x"`},
		{"a negative Pause", &Pause{Length: -time.Second}, "length -1s"},
		{"a method of Gather", &Gather{Method: "PUT"}, `method "PUT"`},
		{"a method of Redirect", &Redirect{Method: "PUT"}, `method "PUT"`},
		{"an input of Gather", &Gather{Input: "video"}, `input "video"`},
		{"two keys that finish", &Gather{FinishOnKey: "12"}, `finishOnKey "12"`},
		{"a negative timeout", &Gather{Timeout: -1}, "timeout -1ns"},
		{"an attribute that is not of speech", &Gather{Speech: map[string]string{"x y": "z"}}, `"x y"`},
		{"a Gather in a Gather", &Gather{Nested: []Verb{&Gather{}}}, "cannot be nested"},
		{"keys pressed in a Gather", &Gather{Nested: []Verb{&Play{Digits: "1"}}}, "cannot be nested"},
		{"a bad Say in a Gather", &Gather{Nested: []Verb{&Say{Loop: -1}}}, "loop -1"},
		{"a reason of Reject", &Reject{Reason: "tired"}, `reason "tired"`},
		{"a method of Record", &Record{Method: "PUT"}, `method "PUT"`},
		{"a callback's method of Record", &Record{StatusCallbackMethod: "PUT"}, `method "PUT"`},
		{"a negative silence", &Record{Timeout: -1}, "timeout -1ns"},
		{"a recording of a year", &Record{MaxLength: 8760 * time.Hour}, "maxLength 8760h"},
		{"a key of Record", &Record{FinishOnKey: "x"}, `finishOnKey "x"`},
		{"a way to trim", &Record{Trim: "short"}, `trim "short"`},
		{"an event of a recording", &Record{StatusCallbackEvent: []string{"lost"}}, `["lost"]`},
		{"a method of Dial", &Dial{Method: "PUT"}, `method "PUT"`},
		{"a negative ring time", &Dial{Timeout: -1}, "timeout -1ns"},
		{"a tone nobody knows", &Dial{RingTone: "xx"}, `ringTone "xx"`},
		{"a way to record nobody knows", &Dial{Record: "loud"}, `record "loud"`},
		{"an attribute Dial does not have", &Dial{Unrun: map[string]string{"x y": "z"}}, `"x y"`},
		{"a verb in a Dial", NewDial(&Say{Loop: 1}), "no noun of <Dial>"},
		{"an element that is no noun", NewDial(&Other{Element: Element{Tag: "Say"}}), "no noun of <Dial>"},
		{"a number without figures", NewDial(&Number{}), "no number"},
		{"keys that no telephone has, for a Number", NewDial(&Number{Text: "1", SendDigits: "x"}), `sendDigits "x"`},
		{"a whisper's method", NewDial(&Number{Text: "1", Party: Party{Method: "PUT"}}), `method "PUT"`},
		{"an attribute Number does not have", NewDial(&Number{Text: "1", Party: Party{Unrun: map[string]string{"url": "z"}}}), `"url"`},
		{"an event nobody knows", NewDial(&Client{Identity: "a", Party: Party{StatusCallbackEvent: []string{"sleeping"}}}), `["sleeping"]`},
		{"a machine's mode", NewDial(&Number{Text: "1", Party: Party{Detection: &Detection{Mode: "on"}}}), `machineDetection "on"`},
		{"a detection that is too short", NewDial(&Sip{URI: "a@b", Party: Party{Detection: &Detection{SpeechEnd: 1e6}}}), `machineDetectionSpeechEndThreshold "1"`},
		{"how to tell of a machine", NewDial(&Number{Text: "1", Party: Party{Detection: &Detection{StatusCallbackMethod: "PUT"}}}), `method "PUT"`},
		{"a machine in a browser", NewDial(&Client{Identity: "a", Party: Party{Detection: &Detection{Mode: "Enable"}}}), `machineDetection "Enable"`},
		{"a browser without a name", NewDial(&Client{}), "no identity"},
		{"keys for a Sip", NewDial(&Sip{URI: "sip:a@b", SendDigits: "x"}), `sendDigits "x"`},
		{"a callback's method", NewDial(&Sip{URI: "sip:a@b", Party: Party{StatusCallbackMethod: "PUT"}}), `method "PUT"`},
		{"a Sip without an address", NewDial(&Sip{}), "no address"},
		{"a room without a name", NewDial(&Conference{}), "no name"},
		{"a beep nobody knows", NewDial(&Conference{Room: "a", Beep: "loud"}), `beep "loud"`},
		{"a crowd", NewDial(&Conference{Room: "a", MaxParticipants: 251}), "maxParticipants 251"},
		{"how to ask for music", NewDial(&Conference{Room: "a", WaitMethod: "PUT"}), `method "PUT"`},
		{"an event of a room", NewDial(&Conference{Room: "a", StatusCallbackEvent: []string{"x"}}), `["x"]`},
		{"an attribute rooms do not have", NewDial(&Conference{Room: "a", Unrun: map[string]string{"x": "z"}}), `"x"`},
		{"an unknown element", &Other{Element: Element{Tag: "Shout"}}, "<Shout> is no verb"},
		{"a Say in disguise", &Other{Element: Element{Tag: "Say"}}, "<Say> is no verb"},
		{"a noun", &Other{Element: Element{Tag: "Number"}}, "<Number> is no verb"},
		{"an element that is two", &Other{Element: Element{Tag: "Pay", Children: []Element{{Tag: "a><b"}}}}, "cannot be the name of an element"},
		{"an attribute that is two", &Other{Element: Element{Tag: "Pay", Attrs: []Attr{{`a="b" c`, ""}}}}, "cannot be the name of an attribute"},
		{"an attribute that stands twice", &Other{Element: Element{Tag: "Pay", Attrs: []Attr{{"a", ""}, {"a", ""}}}}, "stands twice"},
		{"elements too deep", &Other{Element: deep}, "more than 32 elements"},
		{"too much text", NewSay("", strings.Repeat("a", MaxSize)), "divide it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := New(c.verb)
			got, err := Write(r)
			if err == nil || got != nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
			if s := r.String(); !strings.HasPrefix(s, "<!-- ") || strings.Contains(s, "<Response>") && c.want != "divide it" {
				t.Errorf("String is %q", s)
			}
		})
	}
	if _, err := Write(nil); err == nil {
		t.Error("nothing was written")
	}
}

func TestTheWordsOfASay(t *testing.T) {
	r, problems := Parse([]byte(`<Response><Say>Web <sub alias="kilobytes">kB</sub><break/>lost</Say></Response>`))
	if len(problems) != 0 {
		t.Fatal(problems)
	}
	if got, want := r.Verbs[0].(*Say).Text(), "Web kilobytes lost"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if empty := NewSay("", " \n"); empty.Spans != nil {
		t.Errorf("%+v", empty)
	}
}

// FuzzWrite says texts and addresses of strangers, as a call-out does with an alert's title: whatever
// they are, the document is well formed and has the verbs that were meant, no others.
func FuzzWrite(f *testing.F) {
	f.Add("disk </Say><Hangup/>", "/took?a=1&b=2", "ja-JP")
	f.Add("]]>\x00\xff", "\"/><Hangup/>", "'")
	f.Fuzz(func(t *testing.T, text, url, language string) {
		doc := New(NewGather(url, 1, NewSay(language, "x"+text)), &Redirect{URL: url})
		got, err := Write(doc)
		if err != nil {
			t.Skip(err) // too long
		}
		if err := standard(got); err != nil {
			t.Fatalf("%v in %s", err, got)
		}
		r, problems := Parse(got)
		if r == nil || len(r.Verbs) != 2 {
			t.Fatalf("%v from %s", problems, got)
		}
		g, ok := r.Verbs[0].(*Gather)
		if !ok || len(g.Nested) != 1 {
			t.Fatalf("read %s from %s", dump(r), got)
		}
		if _, ok := r.Verbs[1].(*Redirect); !ok {
			t.Fatalf("read %s from %s", dump(r), got)
		}
		wellRead(t, got, r, problems)
	})
}
