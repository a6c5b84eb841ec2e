package main

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/voice"
)

// recordings keeps what <Record> takes down in the store, and gives it back to calls of this process. It stands
// before the asker that all else goes to. A recording's address never leaves the process: whoever knows its
// identifier, which nobody can guess, was told it by the action.
type recordings struct {
	store interface {
		PutSound(ctx context.Context, id, kind string, wav []byte) error
		Sound(ctx context.Context, id string) (wav []byte, err error)
	}
	rest call.Asker
}

var (
	_ voice.Recordings = recordings{}
	_ voice.Loader     = recordings{}
)

// soundsAt is where recordings are found.
const soundsAt = dispatch.Origin + "/sounds/"

// Keep puts a recording away.
func (r recordings) Keep(ctx context.Context, v voice.Recording) (string, error) {
	if err := r.store.PutSound(ctx, string(v.SID), dispatch.SoundRecording, v.WAV); err != nil {
		return "", err
	}
	return soundsAt + string(v.SID), nil
}

// Ask serves recordings and passes on all else.
func (r recordings) Ask(ctx context.Context, q call.Ask) (call.Reply, error) {
	if id, ours := recordingAt(q.URL); ours {
		return r.serve(ctx, id, q.URL)
	}
	return r.rest.Ask(ctx, q)
}

// Load is Ask for sound files.
func (r recordings) Load(ctx context.Context, q call.Ask, limit int) (call.Reply, error) {
	if id, ours := recordingAt(q.URL); ours {
		return r.serve(ctx, id, q.URL)
	}
	if l, ok := r.rest.(voice.Loader); ok {
		return l.Load(ctx, q, limit)
	}
	return r.rest.Ask(ctx, q)
}

// recordingAt tells which recording a URL means; Twilio's ending .wav may be there.
func recordingAt(url string) (id sid.Recording, ours bool) {
	name, ours := strings.CutPrefix(url, soundsAt)
	if !ours {
		return "", false
	}
	id, err := sid.Parse[sid.Recording](strings.TrimSuffix(name, ".wav"))
	return id, err == nil
}

func (r recordings) serve(ctx context.Context, id sid.Recording, url string) (call.Reply, error) {
	wav, err := r.store.Sound(ctx, string(id))
	switch {
	case errors.Is(err, dispatch.ErrNotFound):
		return call.Reply{URL: url, Status: http.StatusNotFound, ContentType: "text/plain", Body: []byte("no such recording")}, nil
	case err != nil:
		return call.Reply{}, &call.Problem{Code: 11200, Text: "the recording cannot be read", Err: err}
	}
	return call.Reply{URL: url, Status: http.StatusOK, ContentType: "audio/x-wav", Body: wav}, nil
}
