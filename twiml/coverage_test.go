package twiml

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Everything in the schema is in one of the stories that package voice tells on simulated phones: each element, each of
// its attributes, and, speech aside, each element in each place where it may stand.
func TestEveryVerbAndAttributeHasAStory(t *testing.T) {
	files, err := filepath.Glob("../voice/testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	told := map[string]bool{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, parts := unpack(string(raw))
		for _, text := range parts {
			if root, err := readTree([]byte(text)); err == nil { // stories of what is no document have their own reason
				tellOf(root, told)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(schema)) {
		e := schema[name]
		if !told[name] {
			t.Errorf("no story has <%s>", name)
		}
		for _, attr := range slices.Sorted(maps.Keys(e.attrs)) {
			if !told[name+" "+attr] {
				t.Errorf("no story has <%s %s>", name, attr)
			}
		}
		for child := range strings.FieldsSeq(e.children) {
			if !told[name+"/"+child] && !schema["Say"].has(name) {
				t.Errorf("no story has <%s> in <%s>", child, name)
			}
		}
	}
}

func tellOf(n *node, told map[string]bool) {
	told[n.name] = true
	for _, a := range n.attrs {
		told[n.name+" "+a.name] = true
	}
	for _, k := range n.kids {
		if k.node != nil {
			told[n.name+"/"+k.node.name] = true
			tellOf(k.node, told)
		}
	}
}
