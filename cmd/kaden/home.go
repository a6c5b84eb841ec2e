package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/upstream"
)

// What is recorded at an upstream is brought home before anybody is told of it: it is kept here like every other
// recording, under a name of ours.

const (
	// homeTime is how long whoever has spoken waits for their word to be here.
	homeTime = 4 * time.Second
	// homeTrying is how long a recording is asked for after that.
	homeTrying = 10 * time.Minute
)

// homeName is our name for a platform's recording: always the same, so that one that is told of twice is one.
func homeName(upstream, there string) sid.Recording {
	sum := sha256.Sum256([]byte("kaden recording " + upstream + " " + there))
	return sid.Recording("RE" + hex.EncodeToString(sum[:16]))
}

// bringHome puts our own recording in the place of the platform's in a request for a script. One that is not to be
// had yet is marked as pending, and told late.
func (r *rooms) bringHome(k *upstream.Call, q *http.Request) {
	there := q.Form.Get("RecordingSid")
	if there == "" {
		return
	}
	q.Form.Del("RecordingSid")
	q.Form.Del("RecordingUrl")
	if s := q.Form.Get("RecordingStatus"); s != "" && s != "completed" {
		r.log.Warn("the upstream did not record what was spoken", "call", k.SID(), "upstream", k.Upstream(), "status", s)
		return
	}
	ctx, stop := context.WithTimeout(q.Context(), homeTime)
	defer stop()
	err := r.recordingHome(ctx, k, there)
	for wait := 250 * time.Millisecond; errors.Is(err, upstream.ErrNotReady) && pauses(ctx, wait); wait *= 2 {
		err = r.recordingHome(ctx, k, there)
	}
	if err == nil {
		q.Form.Set("RecordingSid", string(homeName(k.Upstream(), there)))
		return
	}
	r.log.Warn("what was recorded at the upstream is not here yet; trying again", "call", k.SID(), "upstream", k.Upstream(), "err", err)
	dispatch.PendingWord(q.Form)
	go r.fetchLate(k, there, q.URL.RequestURI(), q.Form.Get("RecordingDuration"))
}

// fetchLate brings a recording home in its own time, and then tells the script.
func (r *rooms) fetchLate(k *upstream.Call, there, uri, lasted string) {
	ctx, stop := context.WithTimeout(context.Background(), homeTrying)
	defer stop()
	var err error
	for wait := time.Second; pauses(ctx, wait); wait = min(2*wait, time.Minute) {
		if err = r.recordingHome(ctx, k, there); err == nil {
			break
		}
	}
	if err != nil {
		r.log.Error("what was recorded at the upstream stays there", "call", k.SID(), "upstream", k.Upstream(), "recording", there, "err", err)
		return
	}
	params := url.Values{"RecordingSid": {string(homeName(k.Upstream(), there))}, "RecordingDuration": {lasted}}
	if _, err := r.dispatch.Ask(ctx, call.Ask{Account: k.Account(), Call: k.SID(), Method: http.MethodPost, URL: dispatch.LateWord(dispatch.Origin + uri), Params: params}); err != nil {
		r.log.Error("what was recorded is here, and its alert was not told", "call", k.SID(), "err", err)
	}
}

// recordingHome brings one recording home and, if the upstream's document says so, deletes it there.
func (r *rooms) recordingHome(ctx context.Context, k *upstream.Call, there string) error {
	id := homeName(k.Upstream(), there)
	switch _, err := r.store.Recording(ctx, k.Account(), id); {
	case err == nil:
		return nil // it is here
	case !errors.Is(err, account.ErrNotFound):
		return err
	}
	wav, err := r.upstreams.Recording(ctx, k.Upstream(), there)
	if err != nil {
		return err
	}
	samples, err := media.ReadWAV(wav)
	if err != nil {
		return fmt.Errorf("what the upstream calls a recording is none: %w", err)
	}
	now := time.Now()
	length := time.Duration(len(samples)) * time.Second / media.Rate
	rec := account.Recording{
		SID: id, Account: k.Account(), Call: k.SID(), Source: "RecordVerb", Track: "inbound", Channels: 1, Status: "completed",
		Started: now.Add(-length), Duration: length, Created: now, Updated: now,
	}
	if err := r.store.PutRecording(ctx, rec, media.AppendWAV(make([]byte, 0, 2*len(samples)+64), samples)); err != nil {
		return err
	}
	r.log.Info("a recording was brought home", "call", k.SID(), "upstream", k.Upstream(), "recording", id, "length", length)
	if err := r.upstreams.ForgetRecording(ctx, k.Upstream(), there); err != nil {
		r.log.Warn("a recording that is here stays at the upstream as well", "upstream", k.Upstream(), "recording", there, "err", err)
	}
	return nil
}

// pauses waits; false means that ctx is over.
func pauses(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
