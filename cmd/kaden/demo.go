package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/speech"
	"github.com/kaden-project/kaden/store/memstore"
	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/voice"
)

// demoCmd plays a whole night: the engine of the server, with people who are not there.
type demoCmd struct {
	JSON     bool   `name:"json" help:"Write the timeline as JSON lines."`
	Language string `help:"Of the people: en or ja." enum:"en,ja," default:""`
}

// demoNight is who is called in the demo, shorter than a real night so that it can be watched.
const demoNight = `person: sato
name: Sato
reading: さとう
language: %[1]s
contacts: [sim:sato]
---
person: suzuki
name: Suzuki
reading: すずき
language: %[1]s
contacts: [sim:suzuki]
---
person: tanaka
name: Tanaka
reading: たなか
language: %[1]s
contacts: [sim:tanaka]
---
plan: default
confirm: key
steps:
  - call: [sato, suzuki, tanaka]
    order: in-turn
    ring: 3s
    listen: 7s
---
source: json
kind: json
key: 0000000000000000000000000000000000000000
`

// What the three of them do.
var demoPeople = map[string]callout.Behaviour{
	"sato":   must(callout.ParseBehaviour("no-answer")),
	"suzuki": must(callout.ParseBehaviour("voicemail@1s")),
	"tanaka": must(callout.ParseBehaviour("answer@1s+key:1@5s+hangup@8500ms")),
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var demoAlert = map[string]alert.Alert{
	"en": {Key: "db01/disk", Action: alert.Trigger, Severity: alert.Critical, Title: "disk full on db01", Subject: "db01"},
	"ja": {Key: "db01/disk", Action: alert.Trigger, Severity: alert.Critical, Title: "ディー・ビーいちのディスクの空きがありません", Subject: "db01"},
}

// longestDemo is when the demo is given up.
const longestDemo = 30 * time.Second

// Run plays the night and exits with 0 if somebody took the alert.
func (c *demoCmd) Run(out *output) error {
	lang := c.Language
	if lang == "" {
		lang = strings.ToLower(language(os.Getenv("LANG")))[:2]
	}
	ctx, stop := context.WithTimeout(context.Background(), longestDemo)
	defer stop()
	show := &show{out: out.Stdout, json: c.JSON, begun: time.Now()}
	taken, err := demo(ctx, lang, show)
	switch {
	case err != nil:
		return err
	case !taken:
		return errors.New("nobody took the alert")
	}
	return nil
}

// demo is the house without doors: no ports, no disk, no settings.
func demo(ctx context.Context, lang string, show *show) (taken bool, err error) {
	log := slog.New(slog.DiscardHandler)
	docs, problems := manifest.Split("demo", fmt.Appendf(nil, demoNight, map[string]string{"en": "en-US", "ja": "ja-JP"}[lang]))
	set, more := manifest.Compile(docs, func(v string) (string, error) { return v, nil })
	if problems = append(problems, more...); problems.Refused() {
		return false, problems.Err()
	}
	dir, err := os.MkdirTemp("", "kaden-demo")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	keep := memstore.New()
	over := make(chan bool, 1)
	silent := keep.Announce(func(events []timeline.Event) {
		for _, e := range events {
			show.event(e)
			switch e.Kind {
			case timeline.AlertAcknowledged:
				over <- true
			case timeline.AlertExhausted:
				over <- false
			}
		}
	})
	defer silent()

	ask := &asker{outside: nowhere{}}
	sounds := recordings{books: keep, base: func() string { return dispatch.Origin }, rest: ask}
	runner := voice.New(log, voice.Config{Speaker: demoVoice(ctx, log, lang, dir, show), Asker: sounds, Recordings: sounds})
	people := &simulatedPhones{behave: demoPeople}
	desk := call.New(log, call.Config{
		Store: keep, Asker: ask, Script: runner.Script,
		Dialers: map[number.Scheme]leg.Dialer{number.Sim: show.listening(&simleg.Dialer{Phones: people.phone})},
	})
	house := dispatch.New(log, dispatch.Config{
		Store: keep, Caller: caller{log: log, voice: runner, desk: desk, house: func() *manifest.Set { return set }}, House: func() *manifest.Set { return set },
		Secret: []byte("nobody outside can ask for a script of the demo"), Account: sid.New[sid.Account](),
	})
	ask.scripts = house

	life, end := context.WithCancel(ctx)
	var ran sync.WaitGroup
	ran.Go(func() { err = errors.Join(err, house.Run(life)) })
	defer func() {
		end()
		ran.Wait()
		now, cancel := context.WithCancel(context.Background())
		cancel()
		desk.Shutdown(now)
	}()

	one := demoAlert[lang]
	show.say("an alert comes in: %s", one.Title)
	if _, err := house.Accept(ctx, alert.Delivery{ID: "demo", Source: "json", Kind: "json", ReceivedAt: time.Now(), Alerts: []alert.Alert{one}}); err != nil {
		return false, err
	}
	select {
	case taken = <-over:
	case <-ctx.Done():
		return false, fmt.Errorf("the demo did not end within %s", longestDemo)
	}
	for desk.Calls() > 0 { // the last words are heard out
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return taken, nil
		}
	}
	return taken, nil
}

// nowhere is the outside of a house without doors.
type nowhere struct{}

func (nowhere) Ask(_ context.Context, q call.Ask) (call.Reply, error) {
	return call.Reply{}, &call.Problem{Code: 11200, Text: "the demo asks nobody outside: " + q.URL}
}

// demoVoice speaks where there is an engine; else the words are shown and last as long as they would.
func demoVoice(ctx context.Context, log *slog.Logger, lang, dir string, show *show) voice.Speaker {
	s := speech.New(log, speech.Config{Dir: dir, Providers: engines(defaults())})
	for _, e := range s.Check(ctx) {
		if e.Language == lang && e.Err != nil {
			show.say("there is no voice here (%v); the words are shown only", e.Err)
			return silentVoice{}
		}
	}
	return s
}

type silentVoice struct{}

func (silentVoice) Speak(_ context.Context, u speech.Utterance) (*media.Clip, error) {
	var text strings.Builder
	for _, s := range u.Spans {
		text.WriteString(s.Text)
	}
	length := time.Duration(len([]rune(text.String()))) * 60 * time.Millisecond
	return media.NewClip(make([]int16, int(length.Seconds()*media.Rate)), text.String()), nil
}

// show tells the night as it happens.
type show struct {
	out   io.Writer
	json  bool
	begun time.Time
	mu    sync.Mutex
}

func (s *show) say(format string, args ...any) {
	if s.json {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := time.Since(s.begun).Seconds()
	fmt.Fprintf(s.out, "%6.1fs  %s\n", at, fmt.Sprintf(format, args...))
}

// event is one of the timeline.
func (s *show) event(e timeline.Event) {
	if s.json {
		s.mu.Lock()
		defer s.mu.Unlock()
		json.NewEncoder(s.out).Encode(e)
		return
	}
	if strings.HasPrefix(string(e.Kind), "call.") {
		return // what a call does is told as what its person does
	}
	line := sentence(e)
	if e.Person != "" {
		line = fmt.Sprintf("%-8s %s", e.Person, line)
	}
	s.say("%s", line)
}

// sentence is an event for people who watch a terminal.
func sentence(e timeline.Event) string {
	_, what, _ := strings.Cut(string(e.Kind), ".")
	what = strings.ReplaceAll(what, "-", " ")
	if strings.HasPrefix(string(e.Kind), "alert.") || strings.HasPrefix(string(e.Kind), "callout.") {
		what = strings.ReplaceAll(strings.ReplaceAll(string(e.Kind), ".", " "), "-", " ")
	}
	if e.Digit != "" {
		what += " " + e.Digit
	}
	if e.Text != "" {
		what += ": " + e.Text
	}
	return what
}

// listening tells what is heard on each phone.
func (s *show) listening(d *simleg.Dialer) leg.Dialer {
	d.Take = func(p *simleg.Phone) bool {
		go func() {
			who := strings.TrimPrefix(p.Info().To, "sim:")
			told := 0
			for {
				changed := p.Changed()
				heard := p.Heard()
				for ; told < len(heard); told++ {
					if heard[told].Caption != "" {
						s.say("%-8s hears: %s", who, heard[told].Caption)
					}
				}
				select {
				case <-changed:
				case <-p.Over():
					return
				}
			}
		}()
		return false
	}
	return d
}
