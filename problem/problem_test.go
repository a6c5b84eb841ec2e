package problem

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
)

func TestOnOneLine(t *testing.T) {
	for _, tt := range []struct {
		name string
		p    Problem
		want string
	}{
		{"everything", Problem{File: "night.xml", Line: 4, Column: 5, Level: Warning, Code: 12200, Verb: "Gather", Text: "unknown attribute", Hint: "timeout"},
			"night.xml:4:5: warning 12200: <Gather>: unknown attribute (timeout)"},
		{"only a place", Problem{Line: 4, Column: 5, Level: Error, Text: "not YAML"}, "4:5: error: not YAML"},
		{"the whole file", Problem{File: "night.yaml", Level: Error, Text: "empty"}, "night.yaml: error: empty"},
		{"only words", Problem{Text: "empty"}, "empty"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.p.String(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			var back Problem
			if err := errors.Join(tt.p); !errors.As(err, &back) || back != tt.p {
				t.Errorf("as an error it is %v", err)
			}
		})
	}
}

func TestAsJSON(t *testing.T) {
	got, err := json.Marshal(Problem{Level: Error, Text: "empty"})
	if want := `{"line":0,"column":0,"level":"error","text":"empty"}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestList(t *testing.T) {
	var fine List
	warned := List{{Line: 2, Level: Warning, Text: "odd"}}
	wrong := List{{Line: 9, Level: Error, Text: "last"}, {Line: 2, Column: 7, Level: Warning, Text: "odd"}, {Line: 2, Column: 3, Level: Error, Text: "first"}}
	for _, l := range []List{fine, warned} {
		if l.Refused() || l.Err() != nil {
			t.Errorf("%v is refused", l)
		}
	}
	if err := wrong.Err(); !wrong.Refused() || err == nil || err.Error() != "9:0: error: last" {
		t.Errorf("refused %v, %v", wrong.Refused(), wrong.Err())
	}

	named := append(wrong.In("b.yaml"), warned.In("a.yaml")...)
	named.Sort()
	var order []string
	for _, p := range named {
		order = append(order, p.File+" "+p.Text)
	}
	if want := []string{"a.yaml odd", "b.yaml first", "b.yaml odd", "b.yaml last"}; !slices.Equal(order, want) {
		t.Errorf("in reading order %q, want %q", order, want)
	}
	if wrong[0].File != "" {
		t.Error("In changed the list it was called on")
	}
}
