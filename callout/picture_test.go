package callout

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

func drawn(t *testing.T, plan, people string, d Drawing) string {
	t.Helper()
	p, _, list := ParsePlan([]byte(plan))
	if list.Refused() {
		t.Fatal(list)
	}
	behave, err := ParsePeople(people)
	if err != nil {
		t.Fatal(err)
	}
	return string(Picture(Simulate(p, nil, behave, Night{}), d))
}

// textsOf reads a picture as XML, which fails unless it is well-formed, and gives its elements and texts.
func textsOf(t *testing.T, svg string) (elements, texts []string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	d.Strict = true
	inStyle := false
	for {
		tok, err := d.Token()
		if err == io.EOF {
			return elements, texts
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, svg)
		}
		switch v := tok.(type) {
		case xml.StartElement:
			elements = append(elements, v.Name.Local)
			inStyle = v.Name.Local == "style"
			for _, a := range v.Attr {
				if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" {
					t.Errorf("%s has %s", v.Name.Local, a.Name.Local)
				}
			}
		case xml.CharData:
			if s := strings.TrimSpace(string(v)); s != "" && !inStyle {
				texts = append(texts, s)
			}
		}
	}
}

func TestAPictureShowsWhoWasCalledAndHowItEnded(t *testing.T) {
	const plan = "plan: night\nsteps:\n- call: [sato, suzuki, tanaka]\n  order: in-turn\n"
	svg := drawn(t, plan, "sato=no-answer,suzuki=voicemail,tanaka=key:1@8s", Drawing{})
	_, texts := textsOf(t, svg)
	all := "\n" + strings.Join(texts, "\n") + "\n"
	for _, want := range []string{"night", "tanaka takes it at 0:58", "sato", "suzuki", "tanaka", "step 1", "no answer", "called off", "1", "confirmed", "a machine has answered", "0:20"} {
		if !strings.Contains(all, "\n"+want+"\n") {
			t.Errorf("%q is not in the picture:\n%s", want, all)
		}
	}
	for class, n := range map[string]int{"rings": 3, "listens": 1, "machine": 1} {
		if got := strings.Count(svg, `<rect class="`+class+`"`) - 1; got != n { // one is the legend's
			t.Errorf("%d bars of %s, want %d", got, class, n)
		}
	}
	if again := drawn(t, plan, "sato=no-answer,suzuki=voicemail,tanaka=key:1@8s", Drawing{}); again != svg {
		t.Error("the same events are drawn in two ways")
	}
	if !strings.Contains(svg, "prefers-color-scheme:dark") {
		t.Error("there is no dark scheme")
	}
	ja := drawn(t, plan, "sato=no-answer,suzuki=voicemail,tanaka=key:1@8s", Drawing{Language: "ja-JP", Title: "順次着信"})
	for _, want := range []string{"順次着信", "tanaka が 0:58 に引き受け", "第1段", "不応答", "確認", "機械が応答"} {
		if !strings.Contains(ja, ">"+want+"<") {
			t.Errorf("%q is not in the picture:\n%s", want, ja)
		}
	}
}

// A bar is as long as its call, wherever it lies, as long as no silence was cut out of it.
// Phones of one person that ring at the same time stand below one another in their lane; whoever comes next is below that.
func TestPhonesThatRingTogetherHaveARowEach(t *testing.T) {
	p, _, _ := ParsePlan([]byte("plan: night\nsteps:\n- call: [sato, suzuki]\n"))
	behave, err := ParsePeople("sato=no-answer,suzuki=key:1@8s")
	if err != nil {
		t.Fatal(err)
	}
	one := Roster{"sato": {{ID: "sato", Methods: []Method{{Address: "sim:mobile"}, {Address: "sim:desk"}}}}}
	two := Roster{"sato": {{ID: "sato", Methods: []Method{{Address: "sim:mobile", Together: 1}, {Address: "sim:desk", Together: 1}}}}}
	for _, tt := range []struct {
		name   string
		roster Roster
		sato   []string // where the calls to sato stand
		suzuki string
		lane   string
	}{
		{"one after another", one, []string{`y="86"`}, `y="116"`, `height="30"`},
		{"together", two, []string{`y="86"`, `y="116"`}, `y="146"`, `height="60"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			svg := string(Picture(Simulate(p, tt.roster, behave, Night{}), Drawing{}))
			textsOf(t, svg)
			if !strings.Contains(svg, `<rect class="lane" x="8" y="78"`) || !strings.Contains(strings.SplitAfter(svg, `<rect class="lane"`)[1], tt.lane) {
				t.Errorf("the lane is not %s high", tt.lane)
			}
			for _, bar := range strings.Split(svg, "<g><title>")[1:] {
				who, where := "sato", tt.sato
				if strings.Contains(bar, "suzuki") {
					who, where = "suzuki", []string{tt.suzuki}
				}
				if !slices.ContainsFunc(where, func(y string) bool { return strings.Contains(bar, y) }) {
					t.Errorf("a call to %s does not stand at %s: %s", who, where, bar)
				}
			}
			for _, y := range append(tt.sato, tt.suzuki) {
				if !strings.Contains(svg, `class="rings"`) || !strings.Contains(svg, y+" ") {
					t.Errorf("nothing stands at %s", y)
				}
			}
		})
	}
}

func TestBarsAreToScale(t *testing.T) {
	svg := drawn(t, "plan: x\nsteps:\n- call: [a, b, c]\n  order: in-turn\n  rounds: 2\n", "c=reject@10s", Drawing{})
	widths := map[int]int{}
	for _, part := range strings.Split(svg, `<rect class="rings" x="`)[1:] {
		var x, y, w int
		if _, err := fmt.Sscanf(part, `%d" y="%d" width="%d"`, &x, &y, &w); err != nil {
			t.Fatal(err)
		}
		widths[w]++
	}
	if len(widths) > 4 { // 20 s, 10 s, each a unit more or less by rounding, and the legend's
		t.Errorf("widths of bars: %v", widths)
	}
}

func TestSilenceIsCutShortAndSaidSo(t *testing.T) {
	svg := drawn(t, "plan: x\nsteps:\n- call: [a]\n- wait: 3h\n- call: [b]\n", "b=key:1", Drawing{})
	if !strings.Contains(svg, ">3h<") || !strings.Contains(svg, ">b takes it at 3:00:28<") {
		t.Error(svg)
	}
	var width int
	if _, err := fmt.Sscanf(svg[strings.Index(svg, "width="):], `width="%d"`, &width); err != nil || width > 1200 {
		t.Errorf("%d wide, %v", width, err)
	}
}

// A loop that nobody answers and a crowd do not make a picture that nobody can look at.
func TestAPictureStaysReadable(t *testing.T) {
	loop := drawn(t, "plan: x\nsteps:\n- call: [a, b]\n  order: in-turn\n  rounds: forever\ndeadline: 8h\n", "", Drawing{})
	if !strings.Contains(loop, "nobody took it (8:00:00) · the rest is left out") || strings.Count(loop, `class="rings"`) != 1+2*mostRounds {
		t.Error(loop[:min(len(loop), 3000)])
	}
	events := Simulate(Plan{Name: "town", Steps: []Step{{Call: []string{"@town"}, Need: Everyone, Rounds: 2}}}, Roster{"@town": crowd(2000)}, nil, Night{})
	if svg := Picture(events, Drawing{}); !bytes.Contains(svg, []byte("and 540 more · the rest is left out")) || len(svg) > 300_000 {
		t.Errorf("%d bytes: %s", len(svg), svg[:min(len(svg), 400)])
	}
	for _, none := range [][]timeline.Event{nil, {{Kind: timeline.AlertStored}}} {
		textsOf(t, string(Picture(none, Drawing{})))
	}
}

// Names, titles and digits are strangers' words: they are shown, and never become part of the picture.
func TestStrangersWordsAreEscaped(t *testing.T) {
	const evil = "</text><script>alert(1)</script>\"'&\x00\x1b\u202e"
	at := time.Unix(0, 0)
	events := []timeline.Event{
		{At: at, Kind: timeline.CalloutStarted, Text: evil},
		{At: at, Kind: timeline.CalloutStep, Text: evil},
		{At: at, Kind: timeline.AttemptDialing, Person: evil, Attempt: "1"},
		{At: at.Add(time.Second), Kind: timeline.AttemptAnswered, Person: evil, Attempt: "1", Text: evil},
		{At: at.Add(2 * time.Second), Kind: timeline.AttemptDigit, Person: evil, Attempt: "1", Digit: evil},
		{At: at.Add(3 * time.Second), Kind: timeline.AttemptConfirmed, Person: evil, Attempt: "1", Cause: evil},
		{At: at.Add(3 * time.Second), Kind: timeline.AlertAcknowledged, Person: evil, Text: evil},
	}
	for _, title := range []string{"", evil} {
		svg := string(Picture(events, Drawing{Title: title}))
		elements, texts := textsOf(t, svg)
		if strings.Contains(strings.Join(elements, " "), "script") || strings.ContainsRune(svg, '\u202e') || !strings.Contains(strings.Join(texts, " "), "<script>alert(1)") {
			t.Error(svg)
		}
	}
}

// Any order of any events, as a broken store might give them, is drawn as well-formed XML of a sane size.
func FuzzPicture(f *testing.F) {
	f.Add([]byte("abcdefgh"), "sato", "step 1, round 2: x")
	f.Add([]byte{0, 9, 3, 200, 3, 4, 5, 255, 17}, "<&>", "a machine")
	kinds := []timeline.Kind{timeline.CalloutStarted, timeline.CalloutStep, timeline.AttemptDialing, timeline.AttemptRinging, timeline.AttemptAnswered, timeline.AttemptDigit,
		timeline.AttemptConfirmed, timeline.AttemptPassed, timeline.AttemptBusy, timeline.AttemptDetected, timeline.AttemptJoined, timeline.AttemptLeft, timeline.AttemptCanceled,
		timeline.AlertAcknowledged, timeline.AlertExhausted, timeline.CalloutUnreached, timeline.CalloutSummoned, "else"}
	f.Fuzz(func(t *testing.T, script []byte, who, text string) {
		at := time.Unix(0, 0)
		var events []timeline.Event
		for i, b := range script {
			at = at.Add(time.Duration(int8(b)) * time.Duration(i) * time.Second / 3)
			events = append(events, timeline.Event{At: at, Kind: kinds[int(b)%len(kinds)], Person: fmt.Sprint(who, b%3), Attempt: fmt.Sprint(b % 5), Text: text, Cause: text, Digit: text})
		}
		svg := Picture(events, Drawing{Title: text})
		if !bytes.Equal(svg, Picture(events, Drawing{Title: text})) {
			t.Fatal("drawn in two ways")
		}
		if err := xml.Unmarshal(svg, new(struct{})); err != nil {
			t.Fatalf("%v\n%s", err, svg)
		}
	})
}
