package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// docs/patterns.md and its pictures are what their commands print and draw today. After a wanted change:
// make generate, and read the diff; it is who rings when.
func TestThePatternsAreAsGenerated(t *testing.T) {
	t.Chdir("../..")
	page, pictures, err := patterns()
	if err != nil {
		t.Fatal(err)
	}
	if there, err := os.ReadFile(patternPage); err != nil || !bytes.Equal(there, page) {
		t.Errorf("%s is stale (%v); run make generate. It would be\n%s", patternPage, err, page)
	}
	for name, svg := range pictures {
		if there, err := os.ReadFile(name); err != nil || !bytes.Equal(there, svg) {
			t.Errorf("%s is stale (%v); run make generate", name, err)
		}
	}
	drawn, err := filepath.Glob(patternPictures + "/*")
	if err != nil || !slices.Equal(drawn, slices.Sorted(maps.Keys(pictures))) {
		t.Errorf("%v; there are %v", err, drawn)
	}
	for _, id := range []string{"P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "T1", "T2"} {
		if !bytes.Contains(page, []byte("\n## "+id+" · ")) {
			t.Errorf("%s is missing", id)
		}
	}
}

func TestTheSamplePlansAreWithoutFault(t *testing.T) {
	files, err := filepath.Glob("../../docs/plans/*.yaml")
	if err != nil || len(files) != 9 {
		t.Fatalf("%v, %v", files, err)
	}
	if stdout, stderr, code := planRun(t, "", append([]string{"check"}, files...)...); code != 0 || stdout != "" || stderr != "9 plans, 0 errors, 0 warnings\n" {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
	var out strings.Builder
	if code := run([]string{"twiml", "check", "../../docs/plans/p8-without-a-server.xml"}, strings.NewReader(""), &out, &out); code != 0 {
		t.Errorf("exit %d: %s", code, out.String())
	}
}
