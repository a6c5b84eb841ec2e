package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What an operator reads: the rooms that say it, by file, and by which names it is said there. "" stands for every
// string that is returned or made an error.
var speakers = []struct {
	files string
	by    []string
}{
	{"problem/yamldoc/*.go", []string{"Error", "Warn", "note", "refuse", "hint", "hintFor", "describe"}},
	{"callout/parse*.go", []string{"err", "warn", "add", "text", "hint"}},
	{"callout/words.go", []string{"err"}},
	{"callout/say.go", []string{"err", "refuse"}},
	{"manifest/*.go", []string{"Error", "Warn", "Text", "Hint", "at", "say", "meant", "kindHint", "why", "hint", "text", "nameHint"}},
	{"oncall/*.go", []string{"Error", "Warn", "note", "text"}},
	{"trunk/*.go", []string{"Error", "Warn", "say", "Rule", "prefixes", "Words", "hint"}},
	{"tariff/*.go", []string{"Error", "Warn", "readEach", "hint", "Errorf"}},
	{"notice/read.go", []string{"Error", "Warn"}},
	{"account/read*.go", []string{"Error", "Warn"}},
	{"account/bin.go", []string{"checkBinKey", "wrong"}},
	{"call/tries.go", []string{"broke"}},
	{"message/smpp/link.go", []string{"Why", "Remedy"}},
	{"message/smpp/status.go", []string{"remedy"}},
	{"number/*.go", []string{"New", "Errorf", "Dialable", "Words"}},
	{"alert/*.go", []string{"New", "Errorf"}},
	{"alert/*/*.go", []string{"New", "Errorf", "Problem"}},
	{"intake/body.go", []string{"text", "what"}},
	{"api/*.go", []string{"refuse", "Text", "Hint", "hint", "why", "unreachable"}},
	{"leg/sipleg/explain.go", []string{"explain", "explainStatus", "explainSilence", "orNobody"}},
	{"leg/sipleg/probe.go", []string{"right", "unsaid", "wrong", "remedy"}},
	{"twiml/*.go", []string{"warn", "wrong", "fail", "outside", "rootHint", "elementHint", "attrHint", "parents", "Text", "Hint", "hint", "then", "want", "wantURL", "wantInput", "languageTag", "ends"}},
	{"upstream/check.go", []string{"right", "unsaid", "wrong"}},
	{"upstream/status.go", []string{"remedies"}},
	{"speech/speaker.go", []string{"Hint"}},
	{"cmd/kaden/doctor*.go", []string{"good", "bad", "note"}},
	{"cmd/kaden/clock*.go", []string{"good", "note"}},
	{"call/causes.go", []string{"remedied"}},
	{"dispatch/why.go", []string{"reason", "tell", "were"}},
	{"dispatch/carriers.go", []string{"aboutLine"}},
	{"store/room.go", []string{"room"}},
	{"store/store.go", []string{"Ready"}},
	{"cmd/kaden/linecheck.go", []string{"findingOf"}},
	{"cmd/kaden/carriers.go", []string{"findingOf", "remedy"}},
	{"cmd/kaden/plan_lines.go", []string{"Text", "Hint"}},
}

func TestPlanCheckSpeaksTheLanguageOfTheTerminal(t *testing.T) {
	const plan = "plan: night\nsteps:\n  - call: [sato]\n    rounds: forever\n    ring: 3s\n---\nperson: sato\ncontacts: [0120-444-444]\n---\ntrunk: ip\nserver: sip.example.jp\nfrom: 050-1234-5678\n"
	const want = "stdin:8:12: エラー: <contacts>: tel:+81120444444 を呼び出せません：0120・0800 の番号へは 050 の回線からはつながりません（回線「ip」） (この連絡先を外すか、発信できる回線を加えてください)"
	for name, set := range map[string]func(t *testing.T) []string{
		"LANG":     func(t *testing.T) []string { t.Setenv("LANG", "ja_JP.UTF-8"); return nil },
		"LC_ALL":   func(t *testing.T) []string { t.Setenv("LC_ALL", "ja_JP.UTF-8"); return nil },
		"the flag": func(*testing.T) []string { return []string{"--language", "ja"} },
	} {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, code := told(plan, append([]string{"plan", "check", "-"}, set(t)...)...)
			if !strings.Contains(stdout, want) || !strings.Contains(stdout, "この架電計画には終わりがありません (deadline: 2h)") || code != 1 || !strings.Contains(stderr, "架電計画 1、エラー 2、警告 1") {
				t.Errorf("exit %d\n%s%s", code, stdout, stderr)
			}
			asJSON, _, _ := told(plan, append([]string{"plan", "check", "--json", "-"}, set(t)...)...)
			if japaneseLetters.MatchString(asJSON) || !strings.Contains(asJSON, "this plan has no end") {
				t.Errorf("for machines: %s", asJSON)
			}
		})
	}
	t.Setenv("LANG", "ja_JP.UTF-8")
	if stdout, _, _ := told(plan, "plan", "check", "--language", "en", "-"); japaneseLetters.MatchString(stdout) || !strings.Contains(stdout, "cannot be reached from 050 lines") {
		t.Errorf("in English: %s", stdout)
	}
	if stdout, _, _ := told("<Response><Say/></Response>", "twiml", "check", "-"); !strings.Contains(stdout, "読み上げる文がありません。読み飛ばします") {
		t.Errorf("of a document: %s", stdout)
	}
	if _, stderr, _ := told("", "apply", "-f", "-", "--server", "http://127.0.0.1:1", "--token", "x"); !strings.Contains(stderr, "stdin が空です") {
		t.Errorf("of nothing: %s", stderr)
	}
}

func TestLabelsAreAsWideAsTheOthers(t *testing.T) {
	ja, en := &output{Japanese: reading("ja")}, &output{}
	for what, want := range map[string]string{"speech ja": "音声 ja       ", "disk": "ディスク      ", "trunk ntt": "回線 ntt      ", "way": "経路          "} {
		if got := ja.label(what); got != want {
			t.Errorf("%q is %q, want %q", what, got, want)
		}
	}
	if got := en.label("disk"); got != "disk          " {
		t.Errorf("%q", got)
	}
}

// Everything that an operator reads about what is wrong is said in Japanese as well.
func TestWhatIsWrongIsSaidInJapanese(t *testing.T) {
	r := reading("ja")
	found := 0
	for _, s := range speakers {
		files, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(s.files)))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", s.files, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, "japanese.go") {
				continue
			}
			for text, at := range said(t, file, s.by) {
				found++
				if got := r.Say(text); !japaneseLetters.MatchString(got) {
					t.Errorf("%s: %q is not said in Japanese", at, text)
				} else if strings.Contains(got, "%!") {
					t.Errorf("%s: %q is said as %q", at, text, got)
				}
			}
		}
	}
	if found < 350 {
		t.Errorf("only %d sentences were found: the test looks past them", found)
	}
}

var (
	japaneseLetters = regexp.MustCompile(`[\p{Hiragana}\p{Katakana}\p{Han}]`)
	twoWords        = regexp.MustCompile(`(?:^|[\s(])[a-zA-Z']{2,} [a-zA-Z']{2,}`) // a sentence, and no example of YAML
)

// said are the sentences of a file that reach people by one of these names, with something in their holes.
func said(t *testing.T, file string, by []string) map[string]token.Position {
	t.Helper()
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]token.Position{}
	take := func(exprs ...ast.Expr) {
		for _, e := range exprs {
			if text, ok := sample(e); ok && twoWords.MatchString(text) {
				out[text] = set.Position(e.Pos())
			}
		}
	}
	known := func(e ast.Expr) bool {
		switch e := e.(type) {
		case *ast.Ident:
			return slices.Contains(by, e.Name)
		case *ast.SelectorExpr:
			if x, ok := e.X.(*ast.SelectorExpr); ok && x.Sel.Name == "log" {
				return false
			}
			return slices.Contains(by, e.Sel.Name)
		}
		return false
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if slices.Contains(by, n.Name.Name) {
				ast.Inspect(n, func(n ast.Node) bool {
					if r, ok := n.(*ast.ReturnStmt); ok {
						take(r.Results...)
					}
					return true
				})
			}
		case *ast.CallExpr:
			if known(n.Fun) {
				take(n.Args...)
			}
		case *ast.KeyValueExpr:
			if known(n.Key) {
				take(n.Value)
			}
		case *ast.CompositeLit:
			if n.Type != nil && known(n.Type) {
				take(n.Elts...)
			}
		case *ast.AssignStmt:
			for i, l := range n.Lhs {
				if known(l) && len(n.Rhs) == len(n.Lhs) && n.Tok != token.ADD_ASSIGN {
					take(n.Rhs[i])
				}
			}
		case *ast.ValueSpec:
			for i, name := range n.Names {
				if slices.Contains(by, name.Name) && i < len(n.Values) {
					take(n.Values[i])
					if c, ok := n.Values[i].(*ast.CompositeLit); ok {
						for _, e := range c.Elts {
							if kv, ok := e.(*ast.KeyValueExpr); ok {
								take(kv.Value)
							}
						}
					}
				}
			}
		}
		return true
	})
	return out
}

var verbs = regexp.MustCompile(`%(?:\[\d+\])?[+#0-9.]*[a-zA-Z]`)

// sample is what an expression says, with x7 where something is filled in. ok is false where nothing is written.
func sample(e ast.Expr) (text string, ok bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "x7", false
		}
		s, err := strconv.Unquote(e.Value)
		return filled(s), err == nil
	case *ast.ParenExpr:
		return sample(e.X)
	case *ast.BinaryExpr:
		a, one := sample(e.X)
		b, two := sample(e.Y)
		return a + b, e.Op == token.ADD && (one || two)
	case *ast.CallExpr:
		if f, is := e.Fun.(*ast.SelectorExpr); is && (f.Sel.Name == "Sprintf" || f.Sel.Name == "Errorf") && len(e.Args) > 0 {
			return sample(e.Args[0])
		}
	}
	return "x7", false
}

func filled(format string) string {
	text := verbs.ReplaceAllStringFunc(strings.ReplaceAll(format, "%%", "\x00"), func(v string) string {
		switch v[len(v)-1] {
		case 'd':
			return "7"
		case 'q':
			return `"x7"`
		}
		return "x7"
	})
	return strings.ReplaceAll(text, "\x00", "%")
}

// A room's Japanese is of something that is said, once, and has the same holes.
func TestNoJapaneseIsLeftOver(t *testing.T) {
	var source strings.Builder
	files, err := filepath.Glob("../../*/*.go")
	more, _ := filepath.Glob("../../*/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, more...) {
		if strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, "japanese.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				s, _ := strconv.Unquote(lit.Value)
				source.WriteString(s + "\x00")
			}
			return true
		})
	}
	all := source.String()
	before := map[string]string{}
	for _, book := range books {
		for english, ja := range book {
			if other, twice := before[english]; twice && other != ja {
				t.Errorf("%q is said in two ways: %q, %q", english, ja, other)
			}
			before[english] = ja
			for _, part := range verbs.Split(strings.ReplaceAll(english, "%%", "%"), -1) {
				if len(part) > 3 && !strings.Contains(all, strings.Trim(part, " ;:,")) {
					t.Errorf("nobody says %q (%q)", english, part)
				}
			}
			holes := make([]any, len(verbs.FindAllString(english, -1)))
			for i := range holes {
				holes[i] = fmt.Sprintf("<%d>", i)
			}
			got := fmt.Sprintf(ja, holes...)
			for i := range holes {
				if strings.Count(got, fmt.Sprintf("<%d>", i)) != 1 && english != "write %ss for seconds" {
					t.Errorf("%q: %q does not say what stands in hole %d once", english, ja, i+1)
				}
			}
			if strings.Contains(got, "%!") || english == ja {
				t.Errorf("%q is said as %q", english, got)
			}
		}
	}
}
