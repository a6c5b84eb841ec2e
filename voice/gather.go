package voice

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/twiml"
)

// gatherTimeout is Twilio's timeout for a Gather that names none.
const gatherTimeout = 5 * time.Second

// gather plays its prompts and collects keys, as Twilio's page on Gather says:
//
//  1. The prompts are heard in order; a key stops them and counts.
//  2. The timeout runs from the end of the prompts or the first key, and anew from each key.
//  3. The finishing key, the number of keys or the timeout submits what there is to the action.
//  4. With nothing entered there is no request, and the next verb follows, unless actionOnEmptyResult.
//
// When the caller hangs up, nothing is requested: ctx ends.
func (t *run) gather(ctx context.Context, v *twiml.Gather) (next, error) {
	prompts, err := t.prompts(ctx, v.Nested) // all files are fetched before the first is heard
	if err != nil {
		return over, err
	}
	if err := t.call.Answer(ctx); err != nil {
		return over, err
	}
	if t.stale {
		t.call.ForgetKeys()
	}
	g := gathering{keysCount: strings.Contains(v.Input, "dtmf") || v.Input == "", finish: v.FinishOnKey, most: v.NumDigits}
	// input="speech" is as if nothing were said; the checker has warned of it.
	timeout := v.Timeout
	if timeout <= 0 {
		timeout = gatherTimeout
	}
	t.silent = 0
	for _, p := range prompts {
		if err := t.prompt(ctx, &g, p); err != nil {
			return over, err
		}
		if g.started {
			break
		}
	}
	for !g.done {
		key, err := t.key(ctx, &g, timeout)
		if err != nil {
			return over, err
		}
		if key == "" {
			break
		}
		g.press(key)
	}
	if g.digits == "" && !v.ActionOnEmptyResult {
		// Keys that come while the next document is fetched are meant for it: in a loop of <Gather> and
		// <Redirect/> there is no moment in which a key is lost. A finishing key is an answer, though.
		t.stale = g.started || !g.keysCount
		return next{}, nil
	}
	t.stale = true
	where, err := t.resolve(v.Action)
	if err != nil { // nowhere to take the keys to: the fallback URL, or the sentence for errors
		return next{jump: &request{url: v.Action, bad: err}}, nil
	}
	return next{jump: &request{method: post(v.Method), url: where, extra: url.Values{"Digits": {g.digits}}}}, nil
}

// gathering is what has been pressed so far. It is pure.
type gathering struct {
	keysCount bool // false: only speech would
	finish    string
	most      int

	digits  string
	started bool // a key was pressed: the prompts are over
	done    bool
}

// press takes one key.
func (g *gathering) press(key string) {
	g.started = true
	if g.finish != "" && key == g.finish {
		g.done = true
		return
	}
	g.digits += key
	g.done = g.most > 0 && len(g.digits) >= g.most
}

// prompt is one nested verb, made ready.
type prompt struct {
	clip  *media.Clip // nil: silence
	loop  int
	pause time.Duration
}

func (t *run) prompts(ctx context.Context, verbs []twiml.Verb) (list []prompt, err error) {
	for _, v := range verbs {
		p := prompt{loop: 1}
		switch v := v.(type) {
		case *twiml.Say:
			p.clip, err = t.words(ctx, v)
			p.loop = v.Loop
		case *twiml.Play:
			if v.URL == "" { // keys, which are pressed on a call and nowhere else
				continue
			}
			p.clip, err = t.file(ctx, v)
			p.loop = v.Loop
		case *twiml.Pause:
			p.pause = v.Length
		}
		if err != nil {
			return nil, err
		}
		if p.clip != nil || p.pause > 0 {
			list = append(list, p)
		}
	}
	return list, nil
}

// prompt lets one be heard, until a key.
func (t *run) prompt(ctx context.Context, g *gathering, p prompt) error {
	if p.clip == nil {
		key, err := t.key(ctx, g, p.pause)
		if key != "" {
			g.press(key)
		}
		return err
	}
	for range times(p.loop) {
		if !g.keysCount {
			if err := t.call.Play(ctx, p.clip.Source()); err != nil {
				return err
			}
			continue
		}
		key, err := t.call.PlayOrKey(ctx, p.clip.Source())
		if err != nil {
			return err
		}
		if key != "" {
			g.press(key)
			return nil
		}
	}
	return nil
}

// key waits for a key; "" is none in time.
func (t *run) key(ctx context.Context, g *gathering, d time.Duration) (string, error) {
	if !g.keysCount {
		return "", t.call.Sleep(ctx, d)
	}
	return t.call.Key(ctx, d)
}
