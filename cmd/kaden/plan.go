package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/trunk"
)

type planCmd struct {
	New     planNewCmd     `cmd:"" help:"Ask a few questions, and write the plan that the answers lead to."`
	Check   planCheckCmd   `cmd:"" help:"Show what is wrong in call-out plans, and where."`
	Explain planExplainCmd `cmd:"" help:"Show who would ring when, on a virtual clock. Nothing dials."`

	Patterns planPatternsCmd `cmd:"" hidden:"" help:"Write docs/patterns.md and its pictures anew."`
}

type planCheckCmd struct {
	languageFlag
	Files []string `arg:"" name:"file" help:"Files with plans; - is standard input. Of other documents only people, trunks and upstreams are looked at: what a line can do for them."`
	JSON  bool     `name:"json" help:"One JSON object a line."`
}

// Help is shown below the flags.
func (*planCheckCmd) Help() string {
	return `Exit status: 0 when every plan can be used, with or without warnings; 1 when one cannot; 2 when a file cannot be read.

Example: kaden plan check night.yaml
  night.yaml:7:13: error: <rounds>: this plan has no end (deadline: 2h)`
}

// Run checks each file, even after one that is wrong or missing.
func (c *planCheckCmd) Run(out *output) error {
	out = out.in(c.Language)
	var plans, errs, warnings int
	unreadable := false
	for _, file := range c.Files {
		text, name, err := readPlanFile(file, out.Stdin)
		if err != nil {
			fmt.Fprintf(out.Stderr, "kaden: %s\n", err)
			unreadable = true
			continue
		}
		found := 0
		docs := documentsOf(text)
		lists := []problem.List{contactsOf(docs), emptyGroups(docs)}
		for _, d := range docs {
			if d.isPlan() {
				found++
				_, _, list := callout.ParsePlan(d.text)
				lists = append(lists, d.placed(list))
			}
		}
		// What the plans ask of the file's upstreams; the server's own are known to kaden apply.
		split, _ := manifest.Split("", text)
		lists = append(lists, manifest.Away(split, os.Getenv("KADEN_PUBLIC_URL") != ""))
		for _, list := range lists {
			if err := out.problems(list.In(name), c.JSON); err != nil {
				return err
			}
			for _, p := range list {
				if p.Level == problem.Error {
					errs++
				} else {
					warnings++
				}
			}
		}
		if found == 0 {
			fmt.Fprintf(out.Stderr, "kaden: %s\n", out.say("%s: no plan in it; a plan begins with plan: and its name", name))
			errs++
		}
		plans += found
		if !c.JSON {
			costsOf(out.Stdout, text)
		}
	}
	if !c.JSON {
		tally := fmt.Sprintf("%s, %s, %s", counted(plans, "plan"), counted(errs, "error"), counted(warnings, "warning"))
		if out.Japanese != nil {
			tally = fmt.Sprintf("架電計画 %d、エラー %d、警告 %d", plans, errs, warnings)
		}
		fmt.Fprintln(out.Stderr, tally)
	}
	switch {
	case unreadable:
		return exitCode(2)
	case errs > 0:
		return exitCode(1)
	}
	return nil
}

type planExplainCmd struct {
	File   string        `arg:"" name:"file" help:"File with the plan, and with its people and groups if you like; - is standard input."`
	Plan   string        `help:"Only the plan of this name."`
	Alert  string        `name:"alert" placeholder:"FILE" help:"The alert as JSON; without it, a critical one."`
	People string        `placeholder:"WHO=DOES,…" help:"What people do: sato=no-answer,suzuki=voicemail,tanaka=key:1@8s. Who is not named does not answer; * is everybody else."`
	Place  int           `placeholder:"N" help:"Whose turn it is in a round robin, counted from 0."`
	For    time.Duration `default:"24h" help:"Look no further than this."`

	Channels int           `placeholder:"N" help:"Calls that go at a time over each line, whatever the file's trunks say: with 1, who would ring together rings one after another."`
	Interval time.Duration `placeholder:"1s" help:"Least time between new calls, whatever the file's trunks say."`

	SVG      string `name:"svg" placeholder:"FILE" help:"Draw it as well: a lane for each person, time from left to right."`
	Language string `default:"en" help:"Of the picture's labels: en or ja."`
	Markdown bool   `xor:"form" help:"As a table in Markdown, with the picture of --svg above it."`
	JSON     bool   `name:"json" xor:"form" help:"One timeline event a line, as JSON; the clock begins with 1970."`
}

// Help is shown below the flags.
func (*planExplainCmd) Help() string {
	return `Exit status: 0 when the night is shown and nothing in the file is wrong, 1 when something is, 2 when it cannot be read.

What people can do, when they are called:
  no-answer  busy  reject  unreachable  invalid  fault (our own line is down)
  answer  voicemail@16s  key:1@8s (8 s after the answer)  proof@8s (the digit that is spoken)  hangup@5s
  callback@2m (does not answer, and calls us)

All of it in one call, or one call after another:
  sato=answer@4s+key:9@5s+key:1@20s
  sato=busy,key:1@5s

When they are asked later whether they are still on it, and everybody who is not named:
  sato=key:1,check:key:1@4s  suzuki=key:1,asleep
  *=key:1@5s

With trunks in the file (trunk: documents), it shows over which one each call goes, who waits for a line in which
place, and when it is their turn: by the trunk's channels (of two or more, one is kept for people who call back), its interval, and
how long the calls before take.

Example: kaden plan explain docs/plans/p4-in-turn.yaml --people "sato=no-answer,suzuki=voicemail,tanaka=key:1@8s"`
}

// Run plays each plan of the file with simulated people.
func (c *planExplainCmd) Run(out *output) error {
	text, name, err := readPlanFile(c.File, out.Stdin)
	if err != nil {
		fmt.Fprintf(out.Stderr, "kaden: %s\n", err)
		return exitCode(2)
	}
	behave, err := callout.ParsePeople(c.People)
	if err != nil {
		return fmt.Errorf("--people: %w", err)
	}
	alert, err := readAlert(c.Alert)
	if err != nil {
		return fmt.Errorf("--alert: %w", err)
	}
	docs := documentsOf(text)
	known, list := directoryOf(docs)
	refused := false
	explained := 0
	for _, d := range docs {
		if !d.isPlan() {
			continue
		}
		plan, refs, problems := callout.ParsePlan(d.text)
		if c.Plan != "" && c.Plan != plan.Name {
			continue
		}
		list = append(list, d.placed(problems)...)
		if problems.Refused() {
			refused = true
			continue
		}
		trunks := trunksOf(docs)
		people, remarks := rosterOf(known, trunks, refs)
		behave := everybodyElse(behave, people)
		remarks = append(remarks, strangers(behave, people)...)
		if c.SVG != "" && explained > 0 {
			return fmt.Errorf("%s holds several plans, and --svg is one picture: say which with --plan", name)
		}
		n := planNight{plan: plan, alert: alert, place: c.Place, limit: c.For, people: people, behave: behave, remarks: remarks,
			trunks: simulatedLines{trunks: trunks, plan: plan, strangers: undefined(known, people), channels: max(0, c.Channels), interval: max(0, c.Interval)}}
		if !c.JSON || c.SVG != "" {
			n.play(func(e timeline.Event) { n.events = append(n.events, e) })
		}
		if err := c.show(out, n, explained > 0); err != nil {
			return err
		}
		explained++
	}
	list = append(list, contactsOf(docs)...)
	list.Sort()
	for _, p := range list.In(name) {
		fmt.Fprintln(out.Stderr, out.line(p))
	}
	switch {
	case refused:
		return exitCode(1)
	case explained > 0 && list.Refused(): // the night was shown as far as it could be
		return exitCode(1)
	case explained == 0 && c.Plan != "":
		return fmt.Errorf("%s: no plan %q in it", name, c.Plan)
	case explained == 0:
		return fmt.Errorf("%s: no plan in it; a plan begins with plan: and its name", name)
	}
	return nil
}

// show prints the night in the form that was asked for.
func (c *planExplainCmd) show(out *output, n planNight, more bool) error {
	if c.SVG != "" {
		if err := os.WriteFile(c.SVG, callout.Picture(n.events, callout.Drawing{Language: c.Language}), 0o644); err != nil {
			return err
		}
	}
	switch {
	case c.JSON:
		return n.json(out)
	case c.Markdown:
		return n.markdown(out.Stdout, c.SVG)
	}
	return n.text(out.Stdout, more)
}

// maxPlanFile is more than any installation has.
const maxPlanFile = 64 << 20

func readPlanFile(file string, stdin io.Reader) (text []byte, name string, err error) {
	if file == "-" {
		text, err = io.ReadAll(io.LimitReader(stdin, maxPlanFile+1))
		name = "stdin"
	} else {
		text, err = os.ReadFile(file)
		name = file
	}
	switch {
	case err != nil:
		return nil, name, errors.New(strings.ReplaceAll(unreadableFile(file, err), "*.xml", "*.yaml"))
	case len(text) > maxPlanFile:
		return nil, name, fmt.Errorf("%s: longer than 64 MiB", name)
	}
	return text, name, nil
}

// yamlDocument is one document of a file and the line it begins in, counted from 0.
type yamlDocument struct {
	text []byte
	line int
	kind string // its first key
}

var (
	separator = regexp.MustCompile(`^---(\s|$)`)
	firstKey  = regexp.MustCompile(`^\s*\{?\s*["']?([A-Za-z][A-Za-z0-9_-]*)["']?\s*:`)
)

// documentsOf divides a file at its --- lines; what holds nothing but comments is left out.
func documentsOf(text []byte) []yamlDocument {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	var docs []yamlDocument
	now := yamlDocument{}
	content := false
	end := func() {
		if content {
			docs = append(docs, now)
		}
	}
	for i, line := range bytes.SplitAfter(text, []byte("\n")) {
		if separator.Match(line) {
			end()
			now, content = yamlDocument{line: i}, false
			line = append([]byte("   "), line[3:]...) // the columns stay
		}
		now.text = append(now.text, line...)
		bare := bytes.TrimSpace(line)
		if content || len(bare) == 0 || bare[0] == '#' {
			continue
		}
		content = true
		if m := firstKey.FindSubmatch(line); m != nil {
			now.kind = string(m[1])
		}
	}
	end()
	return docs
}

// otherKinds are documents that a file may hold beside plans. Whatever else there is was meant to be a plan.
var otherKinds = []string{"person", "group", "trunk", "upstream", "smsc", "source", "number", "schedule", "route", "bin", "domain", "phone", "application", "account", "notice", "budget"}

func (d yamlDocument) isPlan() bool { return !slices.Contains(otherKinds, d.kind) }

// placed counts the lines of problems from the beginning of the file.
func (d yamlDocument) placed(list problem.List) problem.List {
	out := slices.Clone(list)
	for i := range out {
		if out[i].Line > 0 {
			out[i].Line += d.line
		}
	}
	return out
}

// directoryOf reads the people and groups of a file.
func directoryOf(docs []yamlDocument) (oncall.Directory, problem.List) {
	known := oncall.Directory{People: map[string]oncall.Person{}, Groups: map[string]oncall.Group{}}
	var list problem.List
	for _, d := range docs {
		switch d.kind {
		case "person":
			p, problems := oncall.ReadPerson(d.text)
			known.People[p.ID] = p
			list = append(list, d.placed(problems)...)
		case "group":
			g, _, problems := oncall.ReadGroup(d.text)
			known.Groups[g.ID] = g
			list = append(list, d.placed(problems)...)
		}
	}
	return known, list
}

// rosterOf says whom the names of a plan mean. A name that the file does not define stands for one
// person, with a remark.
func rosterOf(known oncall.Directory, trunks []trunk.Trunk, refs []callout.Reference) (callout.Roster, []string) {
	roster := callout.Roster{}
	var remarks, unknown []string
	for _, ref := range refs {
		if _, done := roster[ref.Text]; done {
			continue
		}
		roster[ref.Text] = nil
		one := func(id string) {
			roster[ref.Text] = append(roster[ref.Text], callout.Person{ID: id, Methods: []callout.Method{{Address: "sim:" + id}}})
		}
		group, isGroup := known.Groups[strings.TrimPrefix(ref.Text, "@")]
		_, isPerson := known.People[ref.Text]
		if !isPerson && (!strings.HasPrefix(ref.Text, "@") || !isGroup) {
			unknown = append(unknown, ref.Text)
			one(ref.Text)
			continue
		}
		people, problems := known.Resolve([]string{ref.Text}, time.Time{})
		for _, p := range people {
			roster[ref.Text] = append(roster[ref.Text], reachable(p, trunks))
		}
		for _, p := range problems {
			if p.Verb == "@"+group.ID || p.Level != problem.Error {
				remarks = append(remarks, p.Text)
				continue
			}
			remarks = append(remarks, p.Text+": shown as one person")
			one(p.Verb)
		}
	}
	switch n := len(unknown); {
	case n == 1:
		remarks = append(remarks, unknown[0]+" is not in this file: shown as one person")
	case n > 1:
		names := strings.Join(unknown[:min(n, 3)], ", ")
		if n > 3 {
			names += fmt.Sprintf(" and %d more", n-3)
		}
		remarks = append(remarks, names+" are not in this file: each is shown as one person")
	}
	return roster, remarks
}

// everybodyElse gives those who are not named in --people the behaviour of "*".
func everybodyElse(behave map[string]callout.Behaviour, roster callout.Roster) map[string]callout.Behaviour {
	usual, given := behave["*"]
	if !given {
		return behave
	}
	all := map[string]callout.Behaviour{}
	for _, people := range roster {
		for _, p := range people {
			all[p.ID] = usual
		}
	}
	maps.Copy(all, behave)
	delete(all, "*")
	return all
}

// strangers are those of --people whom the plan never calls: most often a typo.
func strangers(behave map[string]callout.Behaviour, roster callout.Roster) []string {
	called := map[string]bool{}
	for _, people := range roster {
		for _, p := range people {
			called[p.ID] = true
		}
	}
	var remarks []string
	for id := range behave {
		if !called[id] {
			remarks = append(remarks, id+" is in --people, but not in this plan")
		}
	}
	slices.Sort(remarks)
	return remarks
}
