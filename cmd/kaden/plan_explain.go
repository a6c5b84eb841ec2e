package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/alert/mackerel"
	"github.com/kaden-project/kaden/alert/plain"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/timeline"
)

// readAlert reads the first alert of a file, in kaden's own form or Mackerel's.
func readAlert(file string) (alert.Alert, error) {
	if file == "" {
		return alert.Alert{Source: "test", Title: "an alert", Severity: alert.Critical}, nil
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return alert.Alert{}, errors.New(unreadableFile(file, err))
	}
	kind, read := plain.Kind, plain.Translate
	if bytes.Contains(raw, []byte(`"orgName"`)) && bytes.Contains(raw, []byte(`"event"`)) {
		kind, read = "mackerel", mackerel.Translate
	}
	if _, err := read(raw); err != nil {
		return alert.Alert{}, fmt.Errorf("%s: %w", file, err)
	}
	return alert.Translate(read, alert.Source{Name: kind, Kind: kind}, raw)[0], nil
}

// planNight is one plan to be shown at work.
type planNight struct {
	plan    callout.Plan
	alert   alert.Alert
	place   int
	limit   time.Duration
	trunks  simulatedLines
	people  callout.Roster
	behave  map[string]callout.Behaviour
	remarks []string
	events  []timeline.Event
}

// play runs the plan and hands over what happens.
func (n planNight) play(tell func(timeline.Event)) {
	callout.Play(n.plan, n.people, n.behave, callout.Night{
		Start: time.Unix(0, 0).UTC(), ID: n.plan.Name, Alert: "example", Title: n.alert.Title,
		Severity: string(n.alert.Severity), Place: n.place, Limit: n.limit,
		Channels: n.trunks.channels, Interval: n.trunks.interval, Lines: n.trunks.taking(),
	}, tell)
}

// json prints the events for machines; remarks go to those who read.
func (n planNight) json(out *output) error {
	for _, r := range n.remarks {
		fmt.Fprintf(out.Stderr, "kaden: %s\n", r)
	}
	w := bufio.NewWriterSize(out.Stdout, 64<<10)
	lines := json.NewEncoder(w)
	lines.SetEscapeHTML(false)
	var failed error
	n.play(func(e timeline.Event) {
		if failed == nil {
			failed = lines.Encode(e)
		}
	})
	return errors.Join(failed, w.Flush())
}

// text prints the night for people.
func (n planNight) text(w io.Writer, more bool) error {
	var b strings.Builder
	if more {
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "plan %s, for %q (%s)\n", n.plan.Name, n.alert.Title, n.alert.Severity)
	for _, lang := range n.plan.Languages {
		if said := n.said(lang); said != "" {
			fmt.Fprintf(&b, "  says (%s): %s\n", lang, said)
		}
	}
	for _, line := range append(n.words(), n.trunks.words()...) {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	for _, r := range n.remarks {
		fmt.Fprintf(&b, "  note: %s\n", r)
	}
	b.WriteString("\n")
	for _, line := range shortened(n.lines()) {
		b.WriteString(line + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// words say what takes the alert, what the keys do, and what happens to machines and to whoever took it.
func (n planNight) words() []string {
	p, mild := n.plan, n.alert.Severity == alert.Warning || n.alert.Severity == alert.Notice
	var accept, others []string
	for _, key := range slices.Sorted(maps.Keys(p.Keys)) {
		switch a := p.Keys[key]; a {
		case callout.Accept:
			accept = append(accept, key)
		default:
			others = append(others, key+" "+keyWords[a])
		}
	}
	took := "is taken by pressing " + strings.Join(accept, " or ")
	switch {
	case p.Confirm == callout.ByProof:
		took = "is taken by pressing the digit that is spoken"
	case p.Confirm == callout.ByHangup && mild:
		took = "is taken by hanging up after the message"
	case p.Confirm == callout.ByHangup:
		took += "; hanging up is enough for warnings only"
	case p.Confirm == callout.ByAnswer:
		took = "is taken by whatever answers, a voicemail too"
	}
	lines := []string{took}
	if len(others) > 0 && p.Confirm != callout.ByAnswer {
		lines = append(lines, "keys: "+strings.Join(others, ", "))
	}
	if text := machineWords[p.Machine]; text != "" {
		lines = append(lines, "if a machine answers, "+text)
	}
	if p.StillOnIt > 0 && !mild && n.alert.Severity != alert.Major {
		lines = append(lines, "whoever took it is asked every "+shortTime(p.StillOnIt)+" whether they are still on it")
	}
	return lines
}

var keyWords = map[callout.Action]string{
	callout.Pass: "passes it on", callout.CallEveryone: "pressed twice calls everybody", callout.Again: "says it again",
	callout.Snooze: "takes it and snoozes", callout.LeaveWord: "leaves a word for whoever comes after", callout.Close: "says that it is over",
}

var machineWords = map[callout.Machinery]string{
	callout.MachineYields:  "the next phone rings at once",
	callout.MachineHangUp:  "the call is ended, and the next phone rings",
	callout.MachineMessage: "it is left the message after the beep, and the next phone rings",
}

// shortTime is 15m, not 15m0s.
func shortTime(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// said is the message in a language, "" if it cannot be said.
func (n planNight) said(lang string) string {
	said, err := callout.Speak(n.plan.Say[lang], callout.Facts{Source: n.alert.Source, Title: n.alert.Title, Severity: string(n.alert.Severity),
		Subject: n.alert.Subject, Body: n.alert.Body, Host: n.alert.Subject, Count: 1})
	if err != nil {
		return ""
	}
	return strings.Join(strings.Fields(said), " ")
}

// markdown prints the night as a table, below its picture if there is one.
func (n planNight) markdown(w io.Writer, picture string) error {
	var b strings.Builder
	if picture != "" {
		fmt.Fprintf(&b, "![%s](%s)\n\n", inMarkdown(n.plan.Name), (&url.URL{Path: filepath.ToSlash(picture)}).EscapedPath())
	}
	b.WriteString("| time | who | what |\n|---:|---|---|\n")
	for _, l := range n.table() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", l.when, inMarkdown(l.who), inMarkdown(l.what))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// inMarkdown keeps a stranger's text from becoming a table, a link or HTML.
func inMarkdown(s string) string {
	return markdownSigns.ReplaceAllString(strings.Join(strings.Fields(s), " "), `\$0`)
}

var markdownSigns = regexp.MustCompile("[\\\\`*_{}\\[\\]<>#|~!&]")

// moment is one line of a night.
type moment struct{ when, who, what string }

// table is the night for people: when, who, what and why.
func (n planNight) table() []moment {
	var lines []moment
	phone := map[string]string{} // by attempt, where several of a person ring at the same time
	for _, e := range n.events {
		if m := ringsTogether.FindStringSubmatch(e.Text); m != nil && e.Kind == timeline.AttemptDialing {
			phone[e.Attempt] = " (method " + m[1] + ")"
		}
		if what := planSentence(e); what != "" {
			if e.Kind != timeline.AttemptDialing {
				what += phone[e.Attempt]
			}
			lines = append(lines, moment{clockOffset(e.At.Sub(time.Unix(0, 0))), e.Person, what})
		}
	}
	last := n.events[len(n.events)-1] // there is one: the alert was stored
	switch {
	case last.Kind == timeline.CalloutWaiting && slices.ContainsFunc(n.events, endsNight):
		lines = append(lines, moment{"…", "", "and so on, until somebody takes it, it is resolved, or a person stops it"})
	case !slices.ContainsFunc(n.events, endsNight):
		lines = append(lines, moment{"…", "", fmt.Sprintf("and so on: not over after %s", n.limit)})
	}
	return lines
}

var ringsTogether = regexp.MustCompile(`, method (\d+) of \d+ together`)

// lines are the table in columns.
func (n planNight) lines() []string {
	width := 0
	for _, e := range n.events {
		width = max(width, utf8.RuneCountInString(e.Person))
	}
	var lines []string
	for _, l := range n.table() {
		who := l.who + strings.Repeat(" ", width-utf8.RuneCountInString(l.who)) + "  "
		if l.when == "…" {
			who = ""
		}
		lines = append(lines, strings.TrimRight(fmt.Sprintf("%9s  %s%s", l.when, who, l.what), " "))
	}
	return lines
}

// endsNight tells that nobody is rung after this.
func endsNight(e timeline.Event) bool {
	return e.Kind == timeline.AlertAcknowledged || e.Kind == timeline.AlertExhausted || e.Kind == timeline.AlertResolved
}

// clockOffset is +0:20, +1:02:03; parts of a second only where there are any.
func clockOffset(d time.Duration) string {
	h, m, s := d/time.Hour, d/time.Minute%60, d%time.Minute
	seconds := fmt.Sprintf("%02d", s/time.Second)
	if ms := s % time.Second / time.Millisecond; ms > 0 {
		seconds += strings.TrimRight(fmt.Sprintf(".%03d", ms), "0")
	}
	if h > 0 {
		return fmt.Sprintf("+%d:%02d:%s", h, m, seconds)
	}
	return fmt.Sprintf("+%d:%s", m, seconds)
}

// planSentence says an event in words, "" for those that only machines want.
func planSentence(e timeline.Event) string {
	with := func(s string) string {
		if e.Text != "" {
			s += ": " + e.Text
		}
		return s
	}
	switch e.Kind {
	case timeline.AlertStored, timeline.CalloutStarted, timeline.AttemptRinging:
		return ""
	case timeline.CalloutStep, timeline.CalloutWaiting:
		return "· " + e.Text
	case timeline.AttemptDialing:
		return "rings " + e.Text
	case timeline.CallQueued:
		return "waits " + e.Text
	case timeline.CallInitiated:
		return "rings now: " + e.Text
	case timeline.AttemptJoined:
		return "joins " + e.Text
	case timeline.AttemptLeft:
		return "leaves " + e.Text
	case timeline.AttemptDetected:
		if strings.HasPrefix(e.Cause, "machine") {
			return with("sounds like a machine")
		}
		return with("sounds like " + e.Cause)
	case timeline.AttemptMachine:
		return "has a machine answering"
	case timeline.AttemptCallBack:
		return "calls back"
	case timeline.CalloutChecking, timeline.CalloutLapsed, timeline.CalloutHandOver, timeline.CalloutSummoned, timeline.CalloutHalted, timeline.CalloutSnoozed:
		return e.Text
	case timeline.CalloutAlive:
		return with("gives a sign of life")
	case timeline.CalloutResumed:
		return "the plan goes on: " + e.Text
	case timeline.NoticeRaised:
		return "notice: " + e.Text
	case timeline.AttemptAnswered:
		return with("answers")
	case timeline.AttemptDigit:
		if e.Digit == callout.SpokenDigit {
			return "presses " + e.Text
		}
		return with("presses " + e.Digit)
	case timeline.AttemptConfirmed:
		return with("has confirmed")
	case timeline.AttemptPassed:
		return "has passed"
	case timeline.AttemptNoAnswer:
		return "does not answer"
	case timeline.AttemptRejected:
		return with("rejects the call")
	case timeline.AttemptUnreachable:
		return with("cannot be reached")
	case timeline.AttemptInvalid:
		return with("has a number that does not exist")
	case timeline.AttemptFault:
		return with("is not called, our own fault")
	case timeline.AttemptCanceled:
		return e.Text
	case timeline.AttemptNotConfirmed:
		return with("has not confirmed")
	case timeline.CalloutUnreached:
		return with("is never rung")
	case timeline.CalloutStalled:
		return with("waits for our own lines")
	case timeline.CalloutOtherwise:
		return "otherwise: " + e.Text
	case timeline.AlertAcknowledged:
		return with("takes it: acknowledged")
	case timeline.AlertExhausted:
		return with("exhausted")
	}
	return with("is " + strings.TrimPrefix(string(e.Kind), "attempt."))
}

// What is shown of a long night.
const (
	linesAtFirst = 120
	linesAtLast  = 12
)

func shortened(lines []string) []string {
	left := len(lines) - linesAtFirst - linesAtLast
	if left <= 1 {
		return lines
	}
	short := append([]string{}, lines[:linesAtFirst]...)
	short = append(short, fmt.Sprintf("%9s  %d lines left out; --json shows all", "…", left))
	return append(short, lines[len(lines)-linesAtLast:]...)
}
