package alert

import (
	"strings"
	"testing"
	"time"
)

func TestAnObjectIsReadTolerantly(t *testing.T) {
	o, err := ReadObject([]byte(`{"word":" x ","number":96.20,"truth":true,"nothing":null,"object":{"a":1},"list":[1,2],
		"yes":"TRUE","no":0,"maybe":"perhaps","text number":"12.5","far":1e400}`))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"word": "x", "number": "96.20", "truth": "true", "nothing": "", "object": "", "list": "", "gone": ""} {
		if got := o.Text(key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if got := o.Text("gone", "nothing", "word", "number"); got != "x" {
		t.Errorf("the first of several is %q", got)
	}
	if o.Object("object").Text("a") != "1" || o.Object("word") != nil || o.Object("gone").Text("a") != "" {
		t.Error("objects within are mixed up")
	}
	if len(o.List("list")) != 2 || len(o.List("word")) != 1 || o.List("nothing") != nil {
		t.Error("lists are mixed up")
	}
	for key, want := range map[string][2]bool{"truth": {true, true}, "yes": {true, true}, "no": {false, true}, "maybe": {false, false}, "gone": {false, false}} {
		if v, ok := o.Bool(key); v != want[0] || ok != want[1] {
			t.Errorf("%s is %v, %v", key, v, ok)
		}
	}
	if v, ok := o.Number("text number"); v != 12.5 || !ok {
		t.Errorf("a number as a string is %v, %v", v, ok)
	}
	if _, ok := o.Number("far"); ok {
		t.Error("infinity is a number")
	}
}

func TestMomentsOfSenders(t *testing.T) {
	seconds := time.Unix(1795300000, 0).UTC()
	for in, want := range map[string]time.Time{
		`1795300000`:                  seconds,
		`"1795300000"`:                seconds,
		`1795300000000`:               seconds,
		`1795300000.5`:                seconds.Add(500 * time.Millisecond),
		`"2026-11-22T07:00:00+09:00"`: time.Date(2026, 11, 21, 22, 0, 0, 0, time.UTC),
		`0`:                           {},
		`-5`:                          {},
		`null`:                        {},
		`"yesterday"`:                 {},
		`1e18`:                        {},
		`"9999-01-01T00:00:00Z"`:      {},
	} {
		o, err := ReadObject([]byte(`{"at":` + in + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := o.Time("gone", "at"); !got.Equal(want) {
			t.Errorf("%s is %v, want %v", in, got, want)
		}
	}
	if got := Clean(Alert{OccurredAt: time.Date(12345, 1, 1, 0, 0, 0, 0, time.UTC)}).OccurredAt; !got.IsZero() {
		t.Errorf("a year JSON cannot write is kept: %v", got)
	}
}

func TestWhatIsNoObject(t *testing.T) {
	for in, says := range map[string]string{``: "EOF", `[`: "EOF", `[]`: "not a JSON object", `null`: "not a JSON object", `{} x`: "more after", `{"a":1}{}`: "more after"} {
		if o, err := ReadObject([]byte(in)); err == nil || o != nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, %v, want %q", in, o, err, says)
		}
	}
}
