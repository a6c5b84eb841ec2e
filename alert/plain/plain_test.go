package plain

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/alert"
)

func TestTranslate(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		want       alert.Alert
	}{
		{"a title is enough", `{"title":"ディスク使用率 96%"}`,
			alert.Alert{Title: "ディスク使用率 96%", Action: alert.Trigger, Severity: alert.Unknown}},
		{"everything", `{"action":"trigger","key":"db01/disk","title":"disk 96%","severity":"critical","body":"long","subject":"db01","account":"shop",
			"labels":{"team":"ops","floor":3,"empty":""},"links":[{"href":"https://example.jp/g","text":"graph"},"https://example.jp/h",7,{}],"at":"2026-11-22T07:00:00+09:00"}`,
			alert.Alert{Account: "shop", Key: "db01/disk", Title: "disk 96%", Action: alert.Trigger, Severity: alert.Critical, Body: "long", Subject: "db01",
				Labels: map[string]string{"team": "ops", "floor": "3"}, OccurredAt: time.Date(2026, 11, 21, 22, 0, 0, 0, time.UTC),
				Links: []alert.Link{{Href: "https://example.jp/g", Text: "graph"}, {Href: "https://example.jp/h"}}}},
		{"resolved by its key alone", `{"key":"db01/disk","status":"resolved"}`,
			alert.Alert{Key: "db01/disk", Title: "db01/disk", Action: alert.Resolve, Severity: alert.Unknown}},
		{"resolved by its title", `{"title":"disk","status":"OK"}`,
			alert.Alert{Title: "disk", Action: alert.Resolve, Severity: alert.Unknown}},
		{"others' words", `{"summary":"disk","dedup_key":7,"state":"firing","level":"warn","host":"db01","description":"d","tags":["ops","db"],"url":"https://example.jp/","timestamp":1795300000}`,
			alert.Alert{Key: "7", Title: "disk", Action: alert.Trigger, Severity: alert.Warning, Subject: "db01", Body: "d",
				Labels: map[string]string{"ops": "true", "db": "true"}, Links: []alert.Link{{Href: "https://example.jp/"}}, OccurredAt: time.Unix(1795300000, 0).UTC()}},
		{"a status that is a severity", `{"title":"disk","status":"critical"}`,
			alert.Alert{Title: "disk", Action: alert.Trigger, Severity: alert.Critical}},
		{"a word nobody knows calls", `{"title":"disk","status":"purple"}`,
			alert.Alert{Title: "disk", Action: alert.Trigger, Severity: alert.Unknown, Problem: `status "purple" is not known; it is taken as firing`}},
		{"a severity nobody knows calls as the worst, and says so", `{"title":"disk","severity":"purple"}`,
			alert.Alert{Title: "disk", Action: alert.Trigger, Severity: alert.Unknown, Problem: `severity "purple" is not known; it is taken as critical`}},
		{"a severity that says that it is not known", `{"title":"disk","severity":"Unknown"}`,
			alert.Alert{Title: "disk", Action: alert.Trigger, Severity: alert.Unknown}},
		{"a severity that is in the status", `{"title":"disk","severity":"?","status":"warning"}`,
			alert.Alert{Title: "disk", Action: alert.Trigger, Severity: alert.Warning}},
		{"a title that is a number", `{"title":42}`,
			alert.Alert{Title: "42", Action: alert.Trigger, Severity: alert.Unknown}},
		{"a byte order mark", "\xef\xbb\xbf{\"title\":\"x\"}",
			alert.Alert{Title: "x", Action: alert.Trigger, Severity: alert.Unknown}},
		{"milliseconds as a string", `{"title":"x","at":"1795300000123"}`,
			alert.Alert{Title: "x", Action: alert.Trigger, Severity: alert.Unknown, OccurredAt: time.UnixMilli(1795300000123).UTC()}},
		{"a time that is none", `{"title":"x","at":1e300}`,
			alert.Alert{Title: "x", Action: alert.Trigger, Severity: alert.Unknown}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Translate([]byte(tt.body))
			if err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], tt.want) {
				t.Errorf("got  %+v, %v\nwant %+v", got, err, tt.want)
			}
		})
	}
}

func TestAListIsSeveralAlerts(t *testing.T) {
	got, err := Translate([]byte(`[{"title":"a"},{"title":"b","status":"resolved"}]`))
	if err != nil || len(got) != 2 || got[0].Title != "a" || got[1].Action != alert.Resolve {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestWhatCannotBeReadCallsAnyway(t *testing.T) {
	for _, tt := range []struct{ name, body, says string }{
		{"no title", `{"severity":"critical"}`, "the title is missing"},
		{"an empty title", `{"title":" "}`, "the title is missing"},
		{"a trigger with a key alone", `{"key":"db01"}`, "the title is missing"},
		{"a word", `"disk full"`, "an alert is a JSON object"},
		{"an empty list", `[]`, "an empty list"},
		{"not JSON", `disk full`, "invalid character"},
		{"half of it", `{"title":"disk`, "unexpected EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := alert.Translate(Translate, alert.Source{Name: "json", Kind: Kind}, []byte(tt.body))
			if len(got) != 1 || got[0].Action != alert.Trigger || !strings.Contains(got[0].Problem, tt.says) {
				t.Errorf("got %+v, want a call and %q", got, tt.says)
			}
		})
	}
}

func TestOneThatCannotBeReadDoesNotTakeTheOthersWithIt(t *testing.T) {
	got := alert.Translate(Translate, alert.Source{Name: "json", Kind: Kind}, []byte(`[{"title":"a"},{},{"title":"b","status":"ok"},7]`))
	if len(got) != 3 || got[0].Title != "a" || got[1].Action != alert.Resolve || got[2].Key != alert.Unreadable ||
		!strings.HasPrefix(got[2].Problem, "alert 2 of 4: the title is missing") || !strings.HasSuffix(got[2].Problem, "; and 1 more") {
		t.Errorf("got %+v", got)
	}
}

// Whatever is posted: an error, or alerts that each have a title and an action.
func FuzzTranslate(f *testing.F) {
	for _, s := range []string{`{"title":"x"}`, `[{"title":"a"},{"title":"b","status":"ok"}]`, `{"title":1,"labels":{"a":{}},"tags":["x",null],"links":[{"href":1}],"at":"x"}`, `null`, `{"key":"k","action":"ack"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := Translate(body)
		if err == nil && len(got) == 0 {
			t.Fatalf("%d alerts, %v", len(got), err)
		}
		for _, a := range got {
			if a.Title == "" || a.Action == "" || a.Severity == "" {
				t.Fatalf("got %+v", a)
			}
			if c := alert.Clean(a); a.Key != "" && c.Key == "" {
				t.Fatalf("the key %q is lost", a.Key)
			}
		}
	})
}
