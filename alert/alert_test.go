package alert

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   Alert
		want Alert
	}{
		{"nothing at all still says something", Alert{Source: "json"},
			Alert{Source: "json", Title: "json alert", Action: Trigger, Severity: Unknown}},
		{"the subject stands in for a title", Alert{Source: "json", Subject: "db01", Key: "k", Action: Resolve},
			Alert{Source: "json", Title: "db01", Subject: "db01", Key: "k", Action: Resolve, Severity: Unknown}},
		{"a title is one line without control characters", Alert{Title: " disk\r\n\tfull\x00\x1b[31m  now ", Key: "k", Severity: Warning, Action: Test},
			Alert{Title: "disk full [31m now", Key: "k", Severity: Warning, Action: Test}},
		{"text is not turned around", Alert{Title: "abc\u202Edcba\uFEFF", Key: "k"},
			Alert{Title: "abcdcba", Key: "k", Action: Trigger, Severity: Unknown}},
		{"a body keeps its lines", Alert{Title: "t", Key: "k", Body: "a\r\nb\tc\x07\n\n"},
			Alert{Title: "t", Key: "k", Body: "a\nb\tc", Action: Trigger, Severity: Unknown}},
		{"what is not UTF-8 is marked", Alert{Title: "disk \xff full", Key: "k"},
			Alert{Title: "disk \uFFFD full", Key: "k", Action: Trigger, Severity: Unknown}},
		{"an action nobody knows calls", Alert{Title: "t", Key: "k", Action: "explode", Severity: "very"},
			Alert{Title: "t", Key: "k", Action: Trigger, Severity: Unknown}},
		{"labels without a name or a value go", Alert{Title: "t", Key: "k", Labels: map[string]string{"": "x", "y": " ", "team": "ops\n"}},
			Alert{Title: "t", Key: "k", Action: Trigger, Severity: Unknown, Labels: map[string]string{"team": "ops"}}},
		{"links lead to web pages alone", Alert{Title: "t", Key: "k", Links: []Link{{Href: "javascript:alert(1)"}, {Href: " https://example.jp/a "}, {Href: "::"}}},
			Alert{Title: "t", Key: "k", Action: Trigger, Severity: Unknown, Links: []Link{{Href: "https://example.jp/a"}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Clean(tt.in)
			if tt.want.Key == "" {
				if !strings.HasPrefix(got.Key, "title:") {
					t.Errorf("key %q", got.Key)
				}
				tt.want.Key = got.Key
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestCleanCutsWhatIsTooLong(t *testing.T) {
	labels := map[string]string{}
	for i := range 200 {
		labels[fmt.Sprint("label", i)] = "x"
	}
	a := Clean(Alert{Title: strings.Repeat("長", 2000), Body: strings.Repeat("長", 9000), Key: strings.Repeat("k", 300), Labels: labels,
		Links: slicesOf(30, Link{Href: "https://example.jp/"})})
	if n := utf8.RuneCountInString(a.Title); n != 1024 {
		t.Errorf("the title has %d runes", n)
	}
	if len(a.Body) > LongestBody || !utf8.ValidString(a.Body) {
		t.Errorf("the body has %d bytes", len(a.Body))
	}
	if !strings.HasPrefix(a.Key, "long:") || len(a.Labels) != mostLabels || len(a.Links) != mostLinks {
		t.Errorf("key %q, %d labels, %d links", a.Key, len(a.Labels), len(a.Links))
	}
}

func slicesOf[T any](n int, v T) (s []T) {
	for range n {
		s = append(s, v)
	}
	return s
}

func TestAlertsWithoutAKeyMeetByTheirTitle(t *testing.T) {
	fires := Clean(Alert{Title: "disk full", Subject: "db01", Action: Trigger})
	ends := Clean(Alert{Title: "disk  full", Subject: "db01", Action: Resolve})
	other := Clean(Alert{Title: "disk full", Subject: "db02", Action: Trigger})
	if fires.Key != ends.Key || fires.Key == other.Key {
		t.Errorf("keys %q, %q, %q", fires.Key, ends.Key, other.Key)
	}
}

// However an alert looks: afterwards it keeps the rules, and cleaning again changes nothing.
func FuzzClean(f *testing.F) {
	f.Add("disk full", "body\nmore", "k", "db01", "label", "https://example.jp/?a=b")
	f.Add("\x00\xff\u202E", "\r\n", "", "", "", "javascript:x")
	f.Fuzz(func(t *testing.T, title, body, key, subject, label, link string) {
		a := Clean(Alert{Source: "json", Title: title, Body: body, Key: key, Subject: subject, Labels: map[string]string{label: label}, Links: []Link{{Href: link, Text: label}}})
		if a.Title == "" || a.Key == "" || len(a.Key) > longestKey || utf8.RuneCountInString(a.Title) > longestTitle || !utf8.ValidString(a.Title+a.Body+a.Key+a.Subject) {
			t.Fatalf("not clean: %+v", a)
		}
		if strings.IndexFunc(a.Title+a.Subject+a.Key, unicode.IsControl) >= 0 {
			t.Fatalf("control characters: %+v", a)
		}
		if again := Clean(a); !reflect.DeepEqual(again, a) {
			t.Fatalf("cleaned twice\n%+v\n%+v", a, again)
		}
	})
}

func TestTranslateAlwaysCallsSomebody(t *testing.T) {
	source := Source{Name: "mackerel", Kind: "mackerel"}
	for _, tt := range []struct {
		name string
		t    Translator
		raw  string
		says string // in Problem
	}{
		{"it fails", func([]byte) ([]Alert, error) { return nil, errors.New("no title") }, "{}", "no title"},
		{"it panics", func([]byte) ([]Alert, error) { count(nil, "x"); return nil, nil }, "{}", "the reader crashed: assignment to entry in nil map at alert_test.go:"},
		{"it finds nothing", func([]byte) ([]Alert, error) { return nil, nil }, "{}", "it says nothing"},
		{"there is no translator", nil, "{}", "nobody here reads"},
		{"the body is too large", func([]byte) ([]Alert, error) { return []Alert{{}}, nil }, strings.Repeat("x", LargestBody+1), "more than 1048576 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Translate(tt.t, source, []byte(tt.raw))
			if len(got) != 1 || got[0].Action != Trigger || !strings.HasPrefix(got[0].Title, "mackerel sent something that could not be read") || got[0].Source != "mackerel" ||
				!strings.Contains(got[0].Problem, tt.says) || got[0].Key != Unreadable {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestATranslationThatDoesNotEndIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		got := Translate(func([]byte) ([]Alert, error) {
			time.Sleep(time.Hour)
			return []Alert{{Title: "too late"}}, nil
		}, Source{Name: "json"}, []byte("{}"))
		if took := time.Since(start); took != TranslationTime || !strings.Contains(got[0].Problem, "not read within 50ms") {
			t.Errorf("after %v: %+v", took, got)
		}
		time.Sleep(2 * time.Hour) // the goroutine ends; synctest would complain
	})
}

func TestTranslateGivesCleanAlertsOfItsSource(t *testing.T) {
	got := Translate(func([]byte) ([]Alert, error) {
		return []Alert{{Source: "forged", Title: "a\nb", Key: "1"}, {Title: "c", Key: "2", Action: Resolve}}, nil
	}, Source{Name: "json"}, nil)
	if len(got) != 2 || got[0].Source != "json" || got[0].Title != "a b" || got[1].Action != Resolve {
		t.Errorf("got %+v", got)
	}
	many := Translate(func([]byte) ([]Alert, error) { return slicesOf(700, Alert{Title: "x"}), nil }, Source{Name: "json"}, nil)
	if last := many[len(many)-1]; len(many) != 501 || last.Problem != "700 alerts in one delivery; 200 are not looked at" {
		t.Errorf("of 700: %d, %+v", len(many), last)
	}
}

func TestFallbackShowsWhatCame(t *testing.T) {
	a := Fallback("json", "json", []byte("ディスクが\n一杯"), errors.New("x"))
	if a.Body != "ディスクが\n一杯" || a.Labels["kind"] != "json" || a.Severity != Unknown {
		t.Errorf("got %+v", a)
	}
	if b := Fallback("json", "json", []byte{0, 1, 2, 0xff, 0xfe}, nil); b.Body != "(5 bytes that are no text)" || b.Key != a.Key || b.Problem != "" || b.Labels[LabelWords] != "" {
		t.Errorf("whatever cannot be read is one problem of its source: %+v", b)
	}
}

func TestWhatCanBeMadeOutIsSaid(t *testing.T) {
	for _, tt := range []struct{ name, raw, words string }{
		{"a comma too many", `{"severity":"critical","title":"disk full",}`, "disk full"},
		{"a form that is no form", `severity=critical&title=disk+full&&&{`, "disk full"},
		{"half of it", `{"title":"ディスク\u4f7f\u7528\u7387 96`, "ディスク使用率 96"},
		{"another sender's JSON", `{"alerts":[{"labels":{"alertname":"DiskFull","instance":"db01"}}]}`, "DiskFull"},
		{"words", "disk full on db01\nmore", "disk full on db01"},
		{"nothing to be made out", `{"a":`, ""},
		{"HTML", "<html><body>502</body></html>", ""},
		{"digits", "12345", ""},
		{"bytes", "\x1f\x8b\x08\x00\xff", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := Fallback("json", "json", []byte(tt.raw), nil)
			title := "json sent something that could not be read"
			if tt.words != "" {
				title += ": " + tt.words
			}
			if a.Labels[LabelWords] != tt.words || a.Title != title {
				t.Errorf("%q, %q", a.Labels[LabelWords], a.Title)
			}
		})
	}
}

// What looks like a secret is not shown to everybody who may see the alert.
func TestSecretsOfABodyAreNotShown(t *testing.T) {
	for _, raw := range []string{
		`{"title":"x","api_key":"geheim","b":}`, `{"auth": {"password" : "geheim \" geheim"`, `title=x&token=geheim&b=c`, "Authorization: Bearer geheim\nx",
		`{"X-Signature":"geheim`, `client_secret=geheim`, `{"token": 4711geheim,}`,
	} {
		if a := Fallback("json", "json", []byte(raw), nil); strings.Contains(a.Body+a.Title, "geheim") || !strings.Contains(a.Body, "(taken out)") {
			t.Errorf("%s is shown as %s", raw, a.Body)
		}
	}
}

// A batch in which some cannot be read: those that can are alerts as ever, and one more says so.
func TestABatchIsReadAsFarAsItCanBe(t *testing.T) {
	got := Translate(func([]byte) ([]Alert, error) {
		return []Alert{{Title: "a", Key: "1"}, {Title: "b", Key: "kaden:unreadable", Action: Resolve}}, errors.New("alert 3 of 3: no title")
	}, Source{Name: "json", Kind: "json"}, []byte("[]"))
	if len(got) != 3 || got[0].Title != "a" || got[2].Key != Unreadable || got[2].Problem != "alert 3 of 3: no title" {
		t.Fatalf("got %+v", got)
	}
	if strings.HasPrefix(got[1].Key, "kaden:") {
		t.Errorf("a sender speaks for kaden: %q", got[1].Key)
	}
	if (Delivery{Alerts: got}).Read() || !(Delivery{Alerts: got[:2]}).Read() || (Delivery{Alerts: got[:2], Ours: true}).Read() || (Delivery{}).Read() {
		t.Error("which deliveries were read")
	}
}

func TestWordsOfSenders(t *testing.T) {
	for in, want := range map[string]Severity{
		"critical": Critical, " CRITICAL ": Critical, "P1": Critical, "緊急": Critical, "error": Major, "High": Major, "warn": Warning, "警告": Warning,
		"info": Notice, "OK": Notice, "": Unknown, "unknown": Unknown, "purple": Unknown,
	} {
		if got := ParseSeverity(in); got != want {
			t.Errorf("severity %q is %s, want %s", in, got, want)
		}
	}
	for in, want := range map[string]Action{
		"": Trigger, "firing": Trigger, "PROBLEM": Trigger, "発生": Trigger, "acknowledged": Ack, "resolved": Resolve, "Ok": Resolve, "復旧": Resolve, "info": Info, "test": Test,
	} {
		if got, ok := ParseAction(in); got != want || !ok {
			t.Errorf("action %q is %s, %v, want %s", in, got, ok, want)
		}
	}
	if got, ok := ParseAction("purple"); got != Trigger || ok {
		t.Errorf("a word nobody knows is %s, %v", got, ok)
	}
}

func TestAlertAsJSON(t *testing.T) {
	text, err := json.Marshal(Alert{Source: "json", Key: "k", Action: Trigger, Severity: Critical, Title: "t"})
	if want := `{"source":"json","account":"","key":"k","action":"trigger","severity":"critical","title":"t"}`; err != nil || string(text) != want {
		t.Errorf("got %s, %v", text, err)
	}
}

// count is what a careless translator does to a map that nobody made.
func count(m map[string]int, word string) { m[word]++ }
