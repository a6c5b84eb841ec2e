package twiml

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write what is found into the golden files")

// Each file of testdata is a document, the problems that are found in it, and what is read from it:
// one verb a line, with its place. Adding a case is adding a file with "-- doc --" and running
// go test -update, then reading what it wrote.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			note, sections := unpack(string(raw))
			doc := sections["doc"]
			r, problems := Parse([]byte(doc))
			var found strings.Builder
			for _, p := range problems {
				fmt.Fprintln(&found, p)
			}
			got := note + "-- doc --\n" + doc + "-- problems --\n" + found.String() + "-- tree --\n" + dump(r)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if got != string(raw) && !*update {
				t.Errorf("got\n%s\nwant\n%s", got, raw)
			}
		})
	}
}

// unpack reads the "-- name --" format: what stands before the first name, and each section.
func unpack(text string) (note string, sections map[string]string) {
	sections = map[string]string{}
	name := ""
	for line := range strings.Lines(text) {
		if inner, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "-- "); ok && strings.HasSuffix(inner, " --") {
			name = strings.TrimSuffix(inner, " --")
			continue
		}
		if name == "" {
			note += line
		} else {
			sections[name] += line
		}
	}
	return note, sections
}

// dump is a tree for reading: each verb with its place and its fields that are not zero.
func dump(r *Response) string {
	if r == nil {
		return "refused\n"
	}
	var b strings.Builder
	for _, v := range r.Verbs {
		dumpVerb(&b, "", v)
	}
	return b.String()
}

func dumpVerb(b *strings.Builder, indent string, v Verb) {
	if o, ok := v.(*Other); ok {
		dumpElement(b, indent+"other ", o.Element)
		return
	}
	fmt.Fprintf(b, "%s%s %d:%d", indent, v.Name(), v.Position().Line, v.Position().Column)
	fields(b, reflect.ValueOf(v).Elem())
	b.WriteByte('\n')
	switch v := v.(type) {
	case *Say:
		for _, s := range v.Spans {
			fmt.Fprintf(b, "%s  %q", indent, s.Text)
			s.Text = ""
			fields(b, reflect.ValueOf(s))
			b.WriteByte('\n')
		}
	case *Gather:
		for _, n := range v.Nested {
			dumpVerb(b, indent+"  ", n)
		}
	case *Connect:
		for _, n := range v.Nouns {
			dumpVerb(b, indent+"  ", n)
		}
	case *Stop:
		for _, n := range v.Nouns {
			dumpVerb(b, indent+"  ", n)
		}
	case *Start:
		for _, n := range v.Nouns {
			dumpVerb(b, indent+"  ", n)
		}
	case *Dial:
		for _, n := range v.Nouns {
			dumpVerb(b, indent+"  ", n)
		}
	case *Refer:
		if v.Sip != nil {
			dumpVerb(b, indent+"  ", v.Sip)
		}
	}
}

func dumpElement(b *strings.Builder, indent string, e Element) {
	fmt.Fprintf(b, "%s%s %d:%d", indent, e.Tag, e.Line, e.Column)
	for _, a := range e.Attrs {
		fmt.Fprintf(b, " %s=%q", a.Name, a.Value)
	}
	if e.Text != "" {
		fmt.Fprintf(b, " %q", e.Text)
	}
	b.WriteByte('\n')
	for _, c := range e.Children {
		dumpElement(b, indent+"  ", c)
	}
}

func fields(b *strings.Builder, v reflect.Value) {
	for i := range v.NumField() {
		f, name := v.Field(i), v.Type().Field(i).Name
		switch name {
		case "Pos", "Spans", "Nested", "Nouns", "Sip":
			continue
		}
		if name == "Party" || name == "Recorded" {
			fields(b, f)
			continue
		}
		if f.IsZero() && name != "Loop" && name != "FinishOnKey" && name != "Length" {
			continue
		}
		switch x := f.Interface().(type) {
		case string:
			fmt.Fprintf(b, " %s=%q", name, x)
		case time.Duration:
			fmt.Fprintf(b, " %s=%v", name, x)
		default:
			fmt.Fprintf(b, " %s=%v", name, x)
		}
	}
}
