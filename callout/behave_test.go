package callout

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

func isEnd(e timeline.Event) bool {
	return e.Kind == timeline.AlertAcknowledged || e.Kind == timeline.AlertExhausted || e.Kind == timeline.AlertResolved
}

func TestParseBehaviour(t *testing.T) {
	second := time.Second
	for text, want := range map[string]Reaction{
		"no-answer":                      {},
		"busy":                           {Refusal: Busy},
		"busy@2s":                        {Refusal: Busy, Rings: 2 * second},
		"reject":                         {Refusal: Rejected, Rings: 3 * second},
		"reject@0s":                      {Refusal: Rejected},
		"unreachable":                    {Refusal: Unreachable},
		"invalid":                        {Refusal: Invalid},
		"fault":                          {Refusal: Fault},
		"answer":                         {Answers: true, Rings: 3 * second},
		"answer@8s":                      {Answers: true, Rings: 8 * second},
		"voicemail":                      {Answers: true, Machine: true, Rings: 15 * second},
		"key:1":                          {Answers: true, Rings: 3 * second, Keys: []Key{{5 * second, "1"}}},
		"key:1@8s":                       {Answers: true, Rings: 3 * second, Keys: []Key{{8 * second, "1"}}},
		"hangup@5s":                      {Answers: true, Rings: 3 * second, HangUp: 5 * second},
		"hangup":                         {Answers: true, Rings: 3 * second, HangUp: 5 * second},
		"key:*@500ms":                    {Answers: true, Rings: 3 * second, Keys: []Key{{second / 2, "*"}}},
		"voicemail@9s":                   {Answers: true, Machine: true, Rings: 9 * second},
		"proof@8s":                       {Answers: true, Rings: 3 * second, Keys: []Key{{8 * second, SpokenDigit}}},
		"callback":                       {Answers: true, Back: 120 * second},
		"callback@1m+key:1@2s+hangup@9s": {Answers: true, Back: 60 * second, Keys: []Key{{2 * second, "1"}}, HangUp: 9 * second},
		"answer@4s+key:1@12s+key:9@5s+hangup@20s": {Answers: true, Rings: 4 * second,
			Keys: []Key{{5 * second, "9"}, {12 * second, "1"}}, HangUp: 20 * second},
	} {
		got, err := ParseBehaviour(text)
		if err != nil || len(got.Calls) != 1 || !reflect.DeepEqual(got.Calls[0], want) {
			t.Errorf("%s: got %+v, %v, want %+v", text, got, err, want)
		}
	}
	b, err := ParseBehaviour("busy, key:1@5s")
	if err != nil {
		t.Fatal(err)
	}
	if b.On(0).Refusal != Busy || !b.On(1).Answers || !b.On(7).Answers || b.On(-1).Refusal != Busy {
		t.Errorf("calls one after another: %+v", b)
	}
	b, err = ParseBehaviour("key:1, asleep, check:key:1@3s")
	if err != nil || len(b.Calls) != 1 || len(b.Checks) != 2 || b.Checks[0].Answers || b.Checks[1].Keys[0].Digit != "1" {
		t.Errorf("asleep and woken: %+v, %v", b, err)
	}
	if r := (Behaviour{}).On(3); r.Answers || r.Refusal != "" {
		t.Errorf("the zero value does %+v", r)
	}
}

func TestBehaviourThatIsNone(t *testing.T) {
	for text, want := range map[string]string{
		"":                  `"" is nothing a person can do`,
		"buzy":              `"buzy" is nothing a person can do (did you mean busy?)`,
		"key:12@3s":         `"key:12@3s" is nothing a person can do`,
		"key:1@soon":        `"key:1@soon": "soon" is not a time (8s, 1m)`,
		"key:1@-1s":         `"-1s" is not a time`,
		"busy+key:1":        `"busy+key:1": nothing goes with busy (write the next call after a comma)`,
		"key:1+no-answer":   "nothing goes with no-answer",
		"no-answer@3s":      "is nothing a person can do",
		"key:1+answer":      `"answer" is nothing a person can do`,
		"hangup+hangup":     "is nothing a person can do",
		"answer@2h":         "is not a time",
		"busy,,key:1":       "is nothing a person can do",
		"voicemail+busy@1s": "nothing goes with busy",
		"key:1,check:nap":   `"nap" is nothing a person can do`,
		"key:1+callback":    `"callback" is nothing a person can do`,
		"asleep@3s":         `"asleep@3s" is nothing a person can do`,
	} {
		if b, err := ParseBehaviour(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, %v, want %s", text, b, err, want)
		}
	}
}

func TestParsePeople(t *testing.T) {
	got, err := ParsePeople("sato=no-answer, suzuki=busy,key:1@5s,tanaka=key:1@8s")
	if err != nil {
		t.Fatal(err)
	}
	for who, does := range map[string]string{"sato": "no-answer", "suzuki": "busy,answer@3s+key:1@5s", "tanaka": "answer@3s+key:1@8s"} {
		if got[who].String() != does {
			t.Errorf("%s does %s, want %s", who, got[who], does)
		}
	}
	if none, err := ParsePeople("  "); err != nil || len(none) != 0 {
		t.Errorf("nobody: %v, %v", none, err)
	}
	for text, want := range map[string]string{
		"busy":                `"busy" is nobody's (sato=busy)`,
		"sato=nap":            `sato: "nap" is nothing a person can do`,
		"sato=busy,sato=busy": "sato is named twice",
		"=busy":               `"=busy" is nobody's`,
	} {
		if _, err := ParsePeople(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// What is read and written again means the same.
func FuzzParseBehaviour(f *testing.F) {
	for _, s := range []string{"no-answer", "busy,key:1@5s", "answer@4s+key:9@5s+key:1@12s+hangup@20s", "voicemail@18s", "reject@0s", "fault,fault,answer", "hangup@1ns", "proof@8s", "callback@2m+key:1@5s",
		"key:1,asleep", "asleep", "check:busy,check:key:1@4s,key:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b, err := ParseBehaviour(s)
		if err != nil {
			return
		}
		again, err := ParseBehaviour(b.String())
		if err != nil || !reflect.DeepEqual(b, again) {
			t.Errorf("%q is %q, which is %+v, %v, not %+v", s, b, again, err, b)
		}
		people, err := ParsePeople("sato=" + s)
		if err != nil || !reflect.DeepEqual(people["sato"], b) {
			t.Errorf("sato=%s: %+v, %v", s, people, err)
		}
	})
}

func told(events []timeline.Event, start time.Time) string {
	var b strings.Builder
	for _, e := range events {
		b.WriteString(short(e.At.Sub(start)) + " " + string(e.Kind) + " " + e.Person + e.Digit + "\n")
	}
	return b.String()
}

func TestSimulateTellsTheNight(t *testing.T) {
	start := time.Date(2026, 7, 1, 3, 0, 0, 0, time.UTC)
	people, err := ParsePeople("sato=no-answer,suzuki=voicemail,tanaka=reject,key:2@3s,mori=hangup@2s,kato=key:1@8s,unari=unreachable")
	if err != nil {
		t.Fatal(err)
	}
	plan := Plan{Name: "p", Steps: []Step{{Call: []string{"sato", "@team", "kato"}, Order: InTurn}}}
	roster := Roster{"@team": {{ID: "suzuki", Methods: []Method{{Address: "sim:suzuki"}}}, {ID: "unari", Methods: []Method{{Address: "sim:unari"}}},
		{ID: "tanaka", Methods: []Method{{Address: "sim:tanaka"}}}, {ID: "hana", Refused: "no number"}}}
	events := Simulate(plan, roster, people, Night{Start: start, Alert: "alert-1", Title: "disk full", Severity: "critical"})
	want := `0s alert.stored ` + `
0s callout.started ` + `
0s callout.step ` + `
0s callout.unreached hana
0s attempt.dialing sato
0s attempt.ringing sato
20s attempt.no-answer sato
20s attempt.dialing suzuki
20s attempt.ringing suzuki
35s attempt.answered suzuki
47s attempt.dialing unari
47s attempt.unreachable unari
47s attempt.dialing tanaka
47s attempt.ringing tanaka
50s attempt.rejected tanaka
50s attempt.dialing kato
50s attempt.ringing kato
53s attempt.answered kato
1m1s attempt.digit kato1
1m1s attempt.confirmed kato
1m1s alert.acknowledged kato
1m1s attempt.canceled suzuki
`
	if got := told(events, start); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	for i, e := range events {
		if e.Seq != int64(i+1) || e.Alert != "alert-1" || e.At.Before(start) {
			t.Errorf("event %d: %+v", i, e)
		}
	}
}

func TestSimulateWhatHappensBesides(t *testing.T) {
	start := time.Date(2026, 7, 1, 3, 0, 0, 0, time.UTC)
	plan := Plan{Steps: []Step{{Call: []string{"sato"}, Rounds: Forever}}}
	events := Simulate(plan, nil, nil, Night{Start: start, Events: []Event{{At: start.Add(5 * time.Second), Kind: Resolved}}})
	if got := events[len(events)-1]; got.Kind != timeline.AttemptCanceled || got.Cause != WhyResolved || got.Callout != "callout" {
		t.Errorf("the end is %+v", got)
	}
	events = Simulate(plan, nil, nil, Night{Start: start, Limit: time.Hour})
	if slicesContainEnd(events) || events[len(events)-1].At.Sub(start) > time.Hour {
		t.Errorf("a night without end: %d events", len(events))
	}
	hangUp, _ := ParsePeople("sato=hangup@12s")
	events = Simulate(Plan{Confirm: ByHangup, Steps: plan.Steps}, nil, hangUp, Night{Start: start, Severity: "warning"})
	if got := events[len(events)-1]; got.Kind != timeline.AlertAcknowledged || got.At.Sub(start) != 75*time.Second {
		t.Errorf("hanging up after the message: %+v", got)
	}
}

// What somebody looks for in a simulated night: the moments of some kinds of events.
func moments(events []timeline.Event, start time.Time, kinds ...timeline.Kind) string {
	var b strings.Builder
	for _, e := range events {
		if slices.Contains(kinds, e.Kind) {
			fmt.Fprintf(&b, "%s %s %s\n", short(e.At.Sub(start)), e.Kind, e.Person)
		}
	}
	return b.String()
}

func TestSimulateTheWholeEngine(t *testing.T) {
	start := time.Date(2026, 7, 1, 3, 0, 0, 0, time.UTC)
	inTurn := []Step{{Call: []string{"sato", "suzuki"}, Order: InTurn}}
	for _, c := range []struct {
		name, people string
		plan         Plan
		night        Night
		kinds        []timeline.Kind
		want         string
	}{
		{"the spoken digit", "sato=key:1@2s+proof@6s", Plan{Confirm: ByProof, Steps: inTurn}, Night{},
			[]timeline.Kind{timeline.AttemptDigit, timeline.AlertAcknowledged}, "5s attempt.digit sato\n9s attempt.digit sato\n9s alert.acknowledged sato\n"},
		{"a machine that is hung up on", "sato=voicemail,suzuki=key:1@2s", Plan{Machine: MachineHangUp, Steps: inTurn}, Night{},
			[]timeline.Kind{timeline.AttemptMachine, timeline.AttemptDialing}, "0s attempt.dialing sato\n18s attempt.machine sato\n18s attempt.dialing suzuki\n"},
		{"a machine that gets the message", "sato=voicemail,suzuki=no-answer", Plan{Machine: MachineMessage, Steps: []Step{{Call: []string{"sato"}, Rounds: 2}}}, Night{Severity: "warning"},
			[]timeline.Kind{timeline.AttemptDetected, timeline.AttemptDialing},
			"1m attempt.dialing sato\n1m18s attempt.detected sato\n1m48s attempt.dialing sato\n2m6s attempt.detected sato\n"},
		{"a call back", "sato=callback@30s+key:1@4s", Plan{Steps: inTurn}, Night{},
			[]timeline.Kind{timeline.AttemptCallBack, timeline.AlertAcknowledged, timeline.AttemptCanceled},
			"30s attempt.called-back sato\n34s alert.acknowledged sato\n34s attempt.canceled suzuki\n"},
		{"asleep", "sato=key:1,asleep,suzuki=key:1@2s,check:key:1@3s", Plan{Steps: inTurn}, Night{},
			[]timeline.Kind{timeline.AlertAcknowledged, timeline.CalloutChecking, timeline.CalloutLapsed},
			"8s alert.acknowledged sato\n15m8s callout.checking sato\n16m18s callout.lapsed sato\n16m23s alert.acknowledged suzuki\n31m23s callout.checking suzuki\n"},
		{"nobody asks unless somebody says what then", "sato=key:1", Plan{Steps: inTurn}, Night{},
			[]timeline.Kind{timeline.AlertAcknowledged, timeline.CalloutChecking}, "8s alert.acknowledged sato\n"},
		{"two rounds of the last resort", "", Plan{Steps: inTurn}, Night{},
			[]timeline.Kind{timeline.AlertExhausted, timeline.CalloutStep},
			"0s callout.step \n40s alert.exhausted \n10m40s callout.step \n21m callout.step \n"},
		{"a drill has none", "", Plan{Steps: inTurn}, Night{Drill: true},
			[]timeline.Kind{timeline.AlertExhausted, timeline.CalloutStep}, "0s callout.step \n40s alert.exhausted \n"},
		{"the kill switch", "", Plan{Steps: inTurn}, Night{Drill: true, Events: []Event{
			{At: start.Add(10 * time.Second), Kind: Halted, By: "hana", Until: start.Add(5 * time.Minute)}, {At: start.Add(time.Minute), Kind: Unhalted}}},
			[]timeline.Kind{timeline.AttemptDialing, timeline.CalloutHalted}, "0s attempt.dialing sato\n10s callout.halted hana\n1m attempt.dialing sato\n1m20s attempt.dialing suzuki\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			people, err := ParsePeople(c.people)
			if err != nil {
				t.Fatal(err)
			}
			c.night.Start = start
			if got := moments(Simulate(c.plan, nil, people, c.night), start, c.kinds...); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
	roster := Roster{DefaultContacts: {{ID: "boss", Methods: []Method{{Address: "sim:boss"}}}}}
	events := Simulate(Plan{Steps: inTurn}, roster, nil, Night{Start: start})
	if got := moments(events, start, timeline.AttemptDialing); !strings.HasSuffix(got, "10m40s attempt.dialing boss\n21m attempt.dialing boss\n") {
		t.Errorf("who is behind the default contacts:\n%s", got)
	}
}

func slicesContainEnd(events []timeline.Event) bool {
	for _, e := range events {
		if isEnd(e) {
			return true
		}
	}
	return false
}
