package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
)

// The table in docs/reach.md is what its command prints today. After a wanted change:
// KADEN_UPDATE=1 go test -run Reach ./cmd/kaden, and read the diff.
func TestReachIsAsDocumented(t *testing.T) {
	const file = "../../docs/reach.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, command, _ := strings.Cut(string(text), "```\nkaden ")
	command, _, found := strings.Cut(command, "\n")
	before, rest, opened := strings.Cut(string(text), "```text\n")
	table, after, closed := strings.Cut(rest, "```")
	if !found || !opened || !closed || !strings.HasPrefix(command, "reach ") {
		t.Fatalf("%s has lost its command or its table", file)
	}
	began := time.Now()
	got, stderr, code := told("", strings.Fields(command)...)
	if code != 0 || stderr != "" {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	t.Logf("kaden %s: %s", command, time.Since(began))
	if got == table {
		return
	}
	if os.Getenv("KADEN_UPDATE") == "" {
		t.Fatalf("docs/reach.md shows\n%s\nand the command prints\n%s", table, got)
	}
	if err := os.WriteFile(file, []byte(before+"```text\n"+got+"```"+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestReachForMachines(t *testing.T) {
	got, stderr, code := told("", "reach", "--json", "--nights", "200", "--seed", "7")
	if again, _, _ := told("", "reach", "--json", "--nights", "200", "--seed", "7"); again != got {
		t.Error("the same seed gives different nights")
	}
	if other, _, _ := told("", "reach", "--json", "--nights", "200", "--seed", "8"); other == got {
		t.Error("another seed gives the same nights")
	}
	lines := strings.Split(strings.TrimSpace(got), "\n")
	if code != 0 || stderr != "" || len(lines) != 12 {
		t.Fatalf("exit %d: %s%s", code, stderr, got)
	}
	for _, line := range lines {
		var l reachLine
		if err := json.Unmarshal([]byte(line), &l); err != nil || l.Way == "" || l.Nights != 200 || l.Seed != 7 || l.Calls < 1 {
			t.Errorf("%v: %s", err, line)
		}
	}
	if _, stderr, code := told("", "reach", "--nights", "0"); code != 1 || !strings.Contains(stderr, "--nights 0: between 1 and 1000000") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}
