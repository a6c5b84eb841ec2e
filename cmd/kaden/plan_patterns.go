package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kaden-project/kaden/callout"
)

//go:generate go run . plan patterns --root ../..

// planPatternsCmd writes docs/patterns.md and its pictures from docs/plans. Each file there begins with a
// comment: the name, what it is, and the command that shows it; that command is run, and draws the picture.
type planPatternsCmd struct {
	Root string `default:"." help:"The repository."`
}

const patternsHead = `# The patterns of calling out

<!-- Written by "kaden plan patterns" from docs/plans. Do not edit: change a plan and run make generate. -->

One trigger, several people. Two axes and a few words make every pattern: all at once, in turn or round robin; one person or
everyone; once or until. Which one is yours, ` + "`kaden plan new`" + ` asks (P7). Each picture is drawn by the command beside it, which calls
nobody; try your own plan and your own people with it. [rules.md](rules.md) says what the words mean at 3 a.m., and
[reach.md](reach.md) how long each pattern takes until somebody has confirmed.

`

// Run writes the page and the pictures.
func (c *planPatternsCmd) Run(out *output) error {
	if err := os.Chdir(c.Root); err != nil {
		return err
	}
	page, pictures, err := patterns()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(patternPictures, 0o755); err != nil {
		return err
	}
	for name, svg := range pictures {
		if err := os.WriteFile(name, svg, 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(patternPage, page, 0o644)
}

const (
	patternPlans    = "docs/plans"
	patternPage     = "docs/patterns.md"
	patternPictures = "docs/patterns"
)

// patterns makes the page and its pictures, by path, from the plans below the working directory.
func patterns() (page []byte, pictures map[string][]byte, err error) {
	files, err := filepath.Glob(patternPlans + "/*.*")
	if err != nil {
		return nil, nil, err
	}
	if len(files) == 0 {
		return nil, nil, fmt.Errorf("no plans in %s; run this in the repository, or give --root", patternPlans)
	}
	var b bytes.Buffer
	b.WriteString(patternsHead)
	pictures = map[string][]byte{}
	files = append(files, patternPlans+"/p7")
	slices.Sort(files)
	for _, file := range files {
		switch filepath.Ext(file) {
		case "":
			err = choosingSection(&b)
		case ".xml":
			err = binSection(&b, file)
		default:
			err = planSection(&b, filepath.ToSlash(file), pictures)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return b.Bytes(), pictures, nil
}

// planSection shows one plan at work.
func planSection(b *bytes.Buffer, file string, pictures map[string][]byte) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, body, found := strings.Cut(string(text), "\nplan: ")
	if !found {
		return errors.New("no plan in it")
	}
	title, words, command := headOf(strings.Split(strings.ReplaceAll(head, "\n#", "\n"), "\n"))
	plan, _, _ := strings.Cut("plan: "+body, "\n---")
	picture := patternPictures + "/" + strings.TrimSuffix(filepath.Base(file), ".yaml") + ".svg"
	svg, err := os.CreateTemp("", "*.svg")
	if err != nil {
		return err
	}
	svg.Close()
	defer os.Remove(svg.Name())
	var told, complaints strings.Builder
	if code := run(append(wordsOfShell(command), "--svg", svg.Name()), strings.NewReader(""), &told, &complaints); code != 0 || complaints.Len() > 0 {
		return fmt.Errorf("%s: exit %d: %s", command, code, complaints.String())
	}
	if pictures[picture], err = os.ReadFile(svg.Name()); err != nil {
		return err
	}
	_, sequence, _ := strings.Cut(told.String(), "\n\n") // after what is said
	fmt.Fprintf(b, "## %s\n\n%s\n\n```yaml\n%s\n```\n\n![%s](%s)\n\n```sh\nkaden %s --svg %s\n```\n\n```text\n%s```\n\n",
		title, words, strings.TrimRight(plan, "\n"), title, strings.TrimPrefix(picture, "docs/"), command, picture, sequence)
	return nil
}

// headOf divides a comment into its title, what it says, and the command of kaden that it shows.
func headOf(lines []string) (title, words, command string) {
	var said []string
	for i, line := range lines {
		line = strings.TrimSpace(strings.TrimPrefix(line, "#"))
		rest, isCommand := strings.CutPrefix(line, "kaden ")
		switch {
		case i == 0:
			title = line
		case isCommand && strings.HasPrefix(lines[i], "  "):
			command = rest
		default: // an empty line divides paragraphs
			said = append(said, line)
		}
	}
	return title, strings.TrimSpace(strings.Join(said, "\n")), command
}

// binSection shows what TwiML does alone.
func binSection(b *bytes.Buffer, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	_, rest, _ := strings.Cut(string(text), "<!-- ")
	head, body, found := strings.Cut(rest, "-->\n")
	if !found {
		return errors.New("no comment in it that says what it is")
	}
	title, words, command := headOf(strings.Split(head, "\n"))
	var told strings.Builder
	if code := run(wordsOfShell(command), strings.NewReader(""), &told, &told); code != 0 {
		return fmt.Errorf("%s: exit %d: %s", command, code, told.String())
	}
	fmt.Fprintf(b, "## %s\n\n%s\n\n```xml\n%s```\n\nIt rings like P6 above, as far as the phones go. Kept as a bin, it needs no server but kaden; checked by\n\n```sh\nkaden %s\n```\n\n",
		title, words, body, command)
	return nil
}

// choosingSection shows the questions, and a plan that they lead to.
func choosingSection(b *bytes.Buffer) error {
	b.WriteString("## P7 · Choosing a pattern · パターンの選択\n\nA few questions lead to the pattern. The same questions are data (`callout.Flow`) for the console.\n" +
		"いくつかの質問に答えると、架電計画ができる。\n\n| question | answer | leads to |\n|---|---|---|\n")
	for _, q := range callout.Flow() {
		ask := fmt.Sprintf("**%s** %s / %s", q.ID, q.Ask.EN, q.Ask.JA)
		if len(q.Options) == 0 {
			fmt.Fprintf(b, "| %s | *%s* | %s |\n", ask, q.Hint.EN, orPlan(q.Next))
		}
		for i, o := range q.Options {
			if i > 0 {
				ask = ""
			}
			next := o.Next
			if next == "" {
				next = q.Next
			}
			fmt.Fprintf(b, "| %s | `%s` %s / %s | %s |\n", ask, o.Word, o.Text.EN, o.Text.JA, orPlan(next))
		}
	}
	const answers = "one,in-turn,rotating,loop,sato suzuki,critical,key,2h,night"
	text, err := callout.Choose("en", strings.Split(answers, ",")...)
	fmt.Fprintf(b, "\n```sh\nkaden plan new --language en --answers \"%s\"\n```\n\n```yaml\n%s```\n\n", answers, text)
	return err
}

func orPlan(next string) string {
	if next == "" {
		return "the plan"
	}
	return next
}

// wordsOfShell divides a command line as a shell does, as far as these need it: by spaces, outside of
// double quotes.
func wordsOfShell(line string) []string {
	var out []string
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 1 {
			out = append(out, part)
			continue
		}
		out = append(out, strings.Fields(part)...)
	}
	return out
}
