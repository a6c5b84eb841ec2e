package voice

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"path"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/twiml"
)

// maxSound is how large a sound file may be: nine minutes of what a telephone can carry uncompressed.
const maxSound = 8 << 20

// play presses keys or plays a file. One that cannot be had is skipped: the rest of the document may
// still help the caller.
func (t *run) play(ctx context.Context, v *twiml.Play) error {
	if v.Digits != "" {
		if err := t.call.Answer(ctx); err != nil {
			return err
		}
		for range times(v.Loop) {
			if err := t.call.SendDigits(ctx, v.Digits); err != nil {
				return err
			}
		}
		t.silent, t.stale = 0, true
	}
	if v.URL == "" {
		return nil
	}
	clip, err := t.file(ctx, v)
	if clip == nil || err != nil {
		return err
	}
	return t.hear(ctx, clip, v.Loop)
}

// file is the sound of a Play; nil if there is none.
func (t *run) file(ctx context.Context, v *twiml.Play) (*media.Clip, error) {
	where, err := t.resolve(v.URL)
	if err != nil {
		t.trouble(v, problem.Error, 11100, err.Error(), "write the whole URL")
		return nil, nil
	}
	if t.page.sound != nil && where == t.page.url {
		return t.page.sound, nil
	}
	rec := t.call.Record()
	clip, err := t.load(ctx, call.Ask{Account: rec.Account, Call: rec.SID, Method: "GET", URL: where}) // no parameters: Twilio's page on Play
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		code, text := 13420, err.Error()
		if w, ok := err.(*wrong); ok {
			code, text = w.code, w.text
		}
		t.trouble(v, problem.Error, code, text, "wav, mp3 and µ-law files can be played")
		return nil, nil
	}
	return clip, nil
}

// load fetches a sound file, each time anew: whether its server needs to be asked is the Asker's business.
func (t *run) load(ctx context.Context, a call.Ask) (*media.Clip, error) {
	var r call.Reply
	var err error
	limit := maxDocument
	if l, ok := t.cfg.Asker.(Loader); ok {
		limit = maxSound
		r, err = l.Load(ctx, a, limit)
	} else {
		r, err = t.cfg.Asker.Ask(ctx, a)
	}
	if p, ok := errors.AsType[*call.Problem](err); ok {
		return nil, &wrong{code: p.Code, text: p.Text}
	}
	switch {
	case err != nil:
		return nil, &wrong{code: 11200, text: err.Error()}
	case r.Status < 200 || r.Status > 299:
		return nil, &wrong{code: 11200, text: fmt.Sprintf("the server answered with HTTP %d", r.Status)}
	case len(r.Body) > limit:
		return nil, &wrong{code: 11750, text: fmt.Sprintf("the file is longer than %d KiB", limit>>10)}
	}
	return t.decode(r, a.URL)
}

// decode makes a clip of a file, or finds the one that was made of the same bytes before.
func (t *run) decode(r call.Reply, where string) (*media.Clip, error) {
	name := fileName(where)
	key := soundKey(r, name)
	if clip := t.sounds.get(key); clip != nil {
		return clip, nil
	}
	clip, err := media.LoadCaptioned(r.Body, r.ContentType, name)
	if err == nil {
		t.sounds.put(key, clip)
	}
	return clip, err
}

// soundKey is the same for the same file under the same name.
func soundKey(r call.Reply, name string) sound {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q ", r.ContentType, name)
	h.Write(r.Body)
	return sound(h.Sum(nil))
}

// fileName is a file's caption.
func fileName(where string) string {
	u, err := url.Parse(where)
	if err != nil {
		return where
	}
	return path.Base(u.Path)
}
