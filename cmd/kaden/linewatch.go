package main

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/kaden-project/kaden/leg/sipleg"
)

// downFor is how long a line has to be down before people are told: carriers restart, too.
const downFor = time.Minute

// lineTeller says loudly which lines are down, once, and once more when they are back.
type lineTeller interface {
	LineDown(ctx context.Context, line, why, remedy string) error
	LineBack(ctx context.Context, line string) error
}

// inWords is a line as people are told of it.
func inWords(line string) string {
	if name, is := strings.CutSuffix(line, smscMark); is {
		return "SMSC " + name
	}
	return "trunk " + line
}

// lineWatch tells people of lines that have been down for a while. Its methods may be called from any goroutine.
type lineWatch struct {
	log *slog.Logger

	mu   sync.Mutex
	tell lineTeller // nil while there is nobody yet
	down map[string]*downLine
}

// downLine is a line that is down.
type downLine struct {
	now   sipleg.Standing
	timer *time.Timer
	told  bool
}

// to says whom to tell.
func (w *lineWatch) to(t lineTeller) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tell = t
}

// changed takes how a line stands now. It does not wait.
func (w *lineWatch) changed(s sipleg.Standing) {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := w.down[s.Line]
	switch {
	case s.Down() && d != nil:
		d.now = s
	case s.Down():
		if w.down == nil {
			w.down = map[string]*downLine{}
		}
		d = &downLine{now: s}
		d.timer = time.AfterFunc(downFor, func() { w.say(s.Line, d) })
		w.down[s.Line] = d
	case d != nil && (s.Condition == sipleg.Registered || s.Condition == sipleg.Answering): // here, or at another node that has tried after us
		d.timer.Stop()
		delete(w.down, s.Line)
		if d.told {
			go w.do(func(ctx context.Context, t lineTeller) error { return t.LineBack(ctx, inWords(s.Line)) })
		}
	}
}

// say tells of a line that is still down.
func (w *lineWatch) say(line string, d *downLine) {
	w.mu.Lock()
	still := w.down[line] == d
	d.told = still
	now := d.now
	w.mu.Unlock()
	if still {
		w.do(func(ctx context.Context, t lineTeller) error {
			return t.LineDown(ctx, inWords(line), now.Why, now.Remedy)
		})
	}
}

func (w *lineWatch) do(f func(context.Context, lineTeller) error) {
	w.mu.Lock()
	t := w.tell
	w.mu.Unlock()
	if t == nil {
		return
	}
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	if err := f(ctx, t); err != nil {
		w.log.Error("people were not told how a line is", "err", err)
	}
}

// forget stops watching lines that are gone, and all of them with keep nil.
func (w *lineWatch) forget(keep func(line string) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, d := range w.down {
		if keep == nil || !keep(name) {
			d.timer.Stop()
			delete(w.down, name)
		}
	}
}
