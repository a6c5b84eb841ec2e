package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// told runs kaden as the shell does, with lines on standard input.
func told(stdin string, args ...string) (stdout, stderr string, code int) {
	var o, e strings.Builder
	code = run(args, strings.NewReader(stdin), &o, &e)
	return o.String(), e.String(), code
}

func TestPlanNewAsksUntilItCanWriteAPlan(t *testing.T) {
	stdout, stderr, code := told("one\nlater\nin-turn\n2\n\n+819012345678\nsato suzuki\n\n\nsoon\n1h\nweek\n", "plan", "new", "--language", "en")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	for _, want := range []string{
		"Who has to answer?\n  1  one          one person is enough\n  2  all          everybody\n> ",
		"  together or in-turn, or its number from 1 to 2\nHow do the phones ring?",
		`  "+819012345678" is not a name; people by name`,
		"  5m to 168h: 90m, 2h\nWhen does the plan end",
		"[night] > ",
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("%q was not asked:\n%s", want, stderr)
		}
	}
	for _, want := range []string{"# P5, round robin\n", "plan: week ", "  - call: [sato, suzuki]\n    order: round-robin ", "rounds: forever", "deadline: 1h ", "confirm: key "} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is missing:\n%s", want, stdout)
		}
	}
	if _, stderr, code = planRun(t, stdout, "check", "-"); code != 0 {
		t.Errorf("what was written is refused: %s", stderr)
	}
}

func TestPlanNewAsksInJapanese(t *testing.T) {
	t.Setenv("LANG", "ja_JP.UTF-8")
	stdout, stderr, code := told("2\n1\n佐藤 鈴木\n\n2\n30分\n避難\n", "plan", "new")
	if code != 0 || !strings.HasPrefix(stderr, "だれの応答が必要ですか\n") || !strings.HasPrefix(stdout, "# P3 一斉同報・全員着信・必須\n") ||
		!strings.Contains(stdout, "plan: 避難 ") || !strings.Contains(stdout, "deadline: 30m ") || !strings.Contains(stdout, "confirm: proof ") {
		t.Errorf("exit %d\n%s\n%s", code, stderr, stdout)
	}
}

func TestPlanNewWithoutATerminalSaysWhatIsMissing(t *testing.T) {
	for _, c := range []struct {
		name, stdin string
		args        []string
		want        string
	}{
		{"nobody there", "", nil, "kaden: no answer, so no plan: need (Who has to answer?) is missing: one or all; without a terminal, give --answers\n"},
		{"gone in the middle", "all\neach\n", nil, "people (Who is called? In this order.) is missing: people by name"},
		{"too few answers", "", []string{"--answers", "one,together"}, "kaden: --answers, number 3: until (And when nobody answers?) is missing: once or loop\n"},
		{"a wrong one", "", []string{"--answers", "some"}, `kaden: --answers, number 1: need (Who has to answer?): "some": one or all, or its number from 1 to 2`},
		{"too many", "", []string{"--answers", "all,each,sato,,,,,x"}, `kaden: "x": nothing more is asked after name`},
		{"in Japanese", "", []string{"--language", "ja", "--answers", "1,3"}, `order (どう鳴らしますか): "3": together か in-turn、または番号 1〜2`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("LANG", "C")
			stdout, stderr, code := told(c.stdin, append([]string{"plan", "new"}, c.args...)...)
			if code != 1 || stdout != "" || !strings.Contains(stderr, c.want) {
				t.Errorf("exit %d: %s%s", code, stdout, stderr)
			}
		})
	}
}

func TestPlanNewWritesAFileAndNeverOverOne(t *testing.T) {
	file := filepath.Join(t.TempDir(), "night.yaml")
	args := []string{"plan", "new", "--language", "en", "--answers", "all,join,sato suzuki,,,,", "-o", file}
	stdout, stderr, code := told("", args...)
	text, err := os.ReadFile(file)
	if err != nil || code != 0 || stdout != "" || !strings.Contains(string(text), "join: true") || !strings.Contains(stderr, "kaden plan explain "+file) {
		t.Fatalf("exit %d, %v: %s%s", code, err, stderr, text)
	}
	if _, stderr, code = told("", args...); code != 1 || !strings.Contains(stderr, "is there already") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}
