package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/voice"
)

// recordings keeps what calls and conferences take down. Its address is the API's, as Twilio has it: the owner's
// server can fetch it there, and calls of this process are given it without a request. It stands before the asker
// that all else goes to.
type recordings struct {
	books account.Recordings
	base  func() string // of the API, as others see it
	open  bool          // whoever knows the address may hear it; else the owner alone
	rest  call.Asker
}

var (
	_ voice.Recordings = recordings{}
	_ voice.Loader     = recordings{}
)

// Keep puts away what is known of a recording, and its sound once there is one.
func (r recordings) Keep(ctx context.Context, v call.Recording) (string, error) {
	err := r.books.PutRecording(ctx, account.Recording{
		SID: v.SID, Account: v.Account, Call: v.Call, Conference: v.Conference, Source: v.Source, Track: v.Track, Channels: max(1, v.Channels),
		Status: v.Status, Started: v.Began, Duration: v.Duration, Created: v.Began, Updated: time.Now(),
	}, v.WAV)
	if err != nil {
		return "", err
	}
	return r.base() + "/2010-04-01/Accounts/" + string(v.Account) + "/Recordings/" + string(v.SID), nil
}

// Ask serves recordings and passes on all else.
func (r recordings) Ask(ctx context.Context, q call.Ask) (call.Reply, error) {
	if owner, id, ours := r.at(q.URL); ours {
		return r.serve(ctx, q, owner, id)
	}
	return r.rest.Ask(ctx, q)
}

// Load is Ask for sound files.
func (r recordings) Load(ctx context.Context, q call.Ask, limit int) (call.Reply, error) {
	if owner, id, ours := r.at(q.URL); ours {
		return r.serve(ctx, q, owner, id)
	}
	if l, ok := r.rest.(voice.Loader); ok {
		return l.Load(ctx, q, limit)
	}
	return r.rest.Ask(ctx, q)
}

// at tells which recording a URL means. Twilio's endings may be there; whichever it is, a call is given the WAV.
func (r recordings) at(url string) (owner sid.Account, id sid.Recording, ours bool) {
	rest, ours := strings.CutPrefix(url, r.base()+"/2010-04-01/Accounts/")
	if !ours {
		return "", "", false
	}
	who, name, ours := strings.Cut(rest, "/Recordings/")
	name, _, _ = strings.Cut(name, "?")
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".wav"), ".mp3")
	owner, err := sid.Parse[sid.Account](who)
	id, err2 := sid.Parse[sid.Recording](name)
	return owner, id, ours && err == nil && err2 == nil
}

func (r recordings) serve(ctx context.Context, q call.Ask, owner sid.Account, id sid.Recording) (call.Reply, error) {
	reply := call.Reply{URL: q.URL, Status: http.StatusNotFound, ContentType: "text/plain", Body: []byte("no such recording")}
	if !r.open && q.Account != owner {
		return reply, nil
	}
	switch wav, err := r.books.RecordingSound(ctx, owner, id); {
	case err == nil:
		reply.Status, reply.ContentType, reply.Body = http.StatusOK, "audio/x-wav", wav
	case !errors.Is(err, account.ErrNotFound):
		return call.Reply{}, &call.Problem{Code: 11200, Text: "the recording cannot be read", Err: err}
	}
	return reply, nil
}
