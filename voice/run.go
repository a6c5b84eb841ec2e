package voice

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/twiml"
)

// mostFetches is how many documents may follow one another without anything being heard or waited for.
// Twilio documents no limit; a loop of redirects would otherwise spin for hours.
const mostFetches = 50

// run is one program on one call, on the script's goroutine.
type run struct {
	*Runner
	call *call.Call
	log  *slog.Logger

	program call.Program
	page    page
	silent  int  // documents since anything was heard
	stale   bool // keys that wait were pressed for something else
	whisper bool // it runs on a call that <Dial> made, before that is joined
	tape    *dialTape

	// Of a document that is heard beside the program, or before it goes on.
	only   []string          // the verbs that may stand in it; nil: all
	mute   bool              // one that cannot be had is silence
	params func() url.Values // told with each of its requests; nil: nothing
	left   bool              // it had a <Leave>

	talks func() // told when the call talks to somebody, of a document that a transfer waits for; nil: nobody
}

// page is the document that is being executed.
type page struct {
	url string // it came from here, after redirects; "" for TwiML given with the call
	doc *twiml.Response

	sound *media.Clip // the page is this sound, and doc plays it; nil: it is none, or too long to have come along
}

// next says what follows a verb. The zero value is the next verb.
type next struct {
	over bool
	jump *request
}

// request is a document that takes over. An empty url is the TwiML that was given with the call, again.
type request struct {
	method, url string
	extra       url.Values // Digits and the like
	bad         error      // url cannot be asked, and this is why
}

var over = next{over: true}

// Script runs the call's program. It returns when the program is over or the call is, and the caller
// hangs up.
func (r *Runner) Script(ctx context.Context, c *call.Call) error {
	t := &run{Runner: r, call: c, log: r.log.With("call", c.SID()), program: c.Record().Program}
	defer c.OnRefer(t.alone)()
	end, err := t.perform(ctx, &request{method: t.program.Method, url: t.program.URL, extra: c.Told()})
	if end == hungUp || err != nil {
		return err
	}
	// The end of a document answers, if nothing has, and hangs up (contract 1.1).
	return c.Answer(ctx)
}

// ending is how a program came to its end.
type ending int

const (
	finished ending = iota // after its last verb
	hungUp                 // by a verb, or because it went in circles
	broken                 // it could not be had
)

// perform runs documents from to on, until there is none to go on with. An error is the end of the call.
func (t *run) perform(ctx context.Context, to *request) (ending, error) {
	for to != nil {
		if t.silent++; t.silent > mostFetches {
			t.notify(problem.Problem{Level: problem.Error, Code: 12400, Text: fmt.Sprintf("%d documents in a row in which nothing is heard", mostFetches), Hint: "a loop of <Redirect>"})
			return hungUp, nil
		}
		page, err := t.fetch(ctx, *to)
		if err != nil {
			return hungUp, err // the call is over
		}
		if page == nil {
			return broken, nil // all has been said about it
		}
		t.page = *page
		n, err := t.execute(ctx)
		if err != nil || n.over {
			return hungUp, err
		}
		to = n.jump
	}
	return finished, nil
}

// execute runs the verbs of the page.
func (t *run) execute(ctx context.Context) (next, error) {
	for _, v := range t.page.doc.Verbs {
		if ctx.Err() != nil {
			return over, context.Cause(ctx)
		}
		t.log.Debug("verb", "verb", v.Name())
		n, err := t.verb(ctx, v)
		if err != nil || n.over || n.jump != nil {
			return n, err
		}
	}
	return next{}, nil
}

// verb runs one. An error is the end of the call; everything else a verb can suffer is a notice.
func (t *run) verb(ctx context.Context, v twiml.Verb) (next, error) {
	if t.only != nil && !slices.Contains(t.only, v.Name()) {
		t.trouble(v, problem.Warning, 13238, "<"+v.Name()+"> cannot stand in a document that is heard by somebody who waits: skipped", strings.Join(t.only, ", "))
		return next{}, nil
	}
	switch v := v.(type) {
	case *twiml.Say:
		return next{}, t.say(ctx, v)
	case *twiml.Play:
		return next{}, t.play(ctx, v)
	case *twiml.Pause:
		return next{}, t.pause(ctx, v)
	case *twiml.Gather:
		return t.gather(ctx, v)
	case *twiml.Dial:
		return t.dial(ctx, v)
	case *twiml.Refer:
		return t.refer(ctx, v)
	case *twiml.Record:
		return t.record(ctx, v)
	case *twiml.Start:
		return next{}, t.start(ctx, v)
	case *twiml.Stop:
		t.stop(v)
		return next{}, nil
	case *twiml.Connect:
		return t.connect(ctx, v)
	case *twiml.Enqueue:
		return t.enqueue(ctx, v)
	case *twiml.Leave:
		t.left = t.only != nil
		return next{over: t.left}, nil // elsewhere it means nothing
	case *twiml.Redirect:
		return t.redirect(v)
	case *twiml.Hangup:
		t.back(v.Parameters)
		return over, t.call.Answer(ctx) // as the first verb it still answers (contract 1.3)
	case *twiml.Echo:
		return over, t.echo(ctx)
	case *twiml.Reject:
		return over, t.reject(ctx, v)
	case *twiml.Sms:
		return t.sms(ctx, v)
	}
	return next{}, t.other(v)
}

// notify tells the owner's debug log.
func (t *run) notify(p problem.Problem) {
	level := slog.LevelDebug
	if p.Level == problem.Error {
		level = slog.LevelWarn
	}
	t.log.Log(context.Background(), level, "twiml", "code", p.Code, "verb", p.Verb, "err", p.String())
	if t.cfg.Notify == nil {
		return
	}
	rec := t.call.Record()
	t.cfg.Notify(Notice{Account: rec.Account, Call: rec.SID, URL: t.page.url, Problem: p})
}

// trouble is a notice about a verb of the page.
func (t *run) trouble(v twiml.Verb, level problem.Level, code int, text, hint string) {
	at := v.Position()
	t.notify(problem.Problem{Line: at.Line, Column: at.Column, Level: level, Code: code, Verb: v.Name(), Text: text, Hint: hint})
}
