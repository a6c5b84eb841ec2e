package manifest

import (
	"os"
	"testing"
)

func TestTheExampleTrunks(t *testing.T) {
	text, err := os.ReadFile("../docs/examples/trunks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	docs, list := Split("", text)
	set, problems := Compile(docs, nil)
	if len(list)+len(problems) > 0 || len(set.Trunks) != 4 {
		t.Fatalf("problems: %v %v; %d trunks", list, problems, len(set.Trunks))
	}
}
