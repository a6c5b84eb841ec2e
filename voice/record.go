package voice

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/twiml"
)

// Recording is what somebody said, in a <Record> or beside all else.
type Recording = call.Recording

// Recordings keeps what was recorded.
type Recordings = call.Recordings

const (
	longestRecord = time.Hour       // it is held in memory, a megabyte a minute
	keepTime      = 4 * time.Second // less than a call waits for its script after its end
)

// Why a recording ended by itself.
var (
	errHush = errors.New("nobody speaks any more")
	errFull = errors.New("the recording is as long as it may be")
)

// record takes down what the caller says, as Twilio's page on Record says:
//
//  1. After a beep it records until a key, a silence, the greatest length, or the end of the call.
//  2. With nothing said there is no recording and no request: the next verb follows.
//  3. Else the action is asked, with the recording's URL and length and the key. After the end of the call
//     it is asked all the same, with Digits=hangup, and its answer does not matter.
//
// What was said is kept in every case, also when other TwiML takes over; then nobody is asked.
func (t *run) record(ctx context.Context, v *twiml.Record) (next, error) {
	if err := t.call.Answer(ctx); err != nil {
		return over, err
	}
	action, bad := t.resolve(v.Action)
	if t.stale {
		t.call.ForgetKeys()
	}
	t.silent, t.stale = 0, true
	if v.PlayBeep {
		if err := t.call.Play(ctx, media.Beep()); err != nil {
			return over, err
		}
	}
	rec := t.call.Record()
	r := &Recording{
		SID: sid.New[sid.Recording](), Account: rec.Account, Call: rec.SID,
		Source: "RecordVerb", Track: "inbound", Channels: 1, Began: time.Now(),
	}
	t.tellRecording(v, r, "in-progress", "")
	samples, key, err := t.take(ctx, v)
	if len(samples) == 0 {
		t.tellRecording(v, r, "absent", "")
		if err != nil {
			return over, err
		}
		return next{}, nil
	}
	r.Duration = time.Duration(len(samples)) * time.Second / media.Rate
	r.WAV = media.AppendWAV(make([]byte, 0, 2*len(samples)+64), samples)
	r.Status = "completed"
	extra := url.Values{"RecordingSid": {string(r.SID)}, "RecordingDuration": {r.Seconds()}}
	if where := t.keep(ctx, v, *r); where != "" {
		extra.Set("RecordingUrl", where)
		t.tellRecording(v, r, "completed", where)
	} else {
		extra.Del("RecordingSid") // there is none
		t.tellRecording(v, r, "absent", "")
	}
	if key != "" {
		extra.Set("Digits", key)
	}
	if err == nil {
		err = context.Cause(ctx) // it ended while the recording was put away
	}
	switch {
	case err == nil && bad != nil:
		return next{jump: &request{url: v.Action, bad: bad}}, nil
	case err == nil:
		return next{jump: &request{method: post(v.Method), url: action, extra: extra}}, nil
	case bad == nil && action != "" && !errors.Is(err, call.ErrRedirected):
		extra.Set("Digits", "hangup")
		params := t.call.Params()
		params.Set("CallStatus", string(call.Completed))
		maps.Copy(params, extra)
		t.call.Send(call.Ask{Account: rec.Account, Call: rec.SID, Method: post(v.Method), URL: action, Params: params})
	}
	return over, err
}

// take records. key is the one that ended it; an error is the end of the call, and what was said until then
// is there. No samples: nobody spoke.
func (t *run) take(ctx context.Context, v *twiml.Record) (samples []int16, key string, err error) {
	length := v.MaxLength
	if length <= 0 {
		length = longestRecord
	}
	if length > longestRecord {
		t.trouble(v, problem.Warning, 13612, "kaden records an hour at most", "")
		length = longestRecord
	}
	until, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	d := &dictation{recorder: media.NewRecorder(length), hush: int(v.Timeout / media.Period), stop: stop}
	deaf := t.call.Listen(d)
	for {
		key, err = t.call.Key(until, length) // the length is there for lines on which nothing comes
		if key == "" || strings.Contains(v.FinishOnKey, key) {
			break
		}
	}
	deaf()
	if ctx.Err() == nil {
		err = nil // a silence, or the length
	}
	samples = d.recorder.Samples()
	if v.Trim == "do-not-trim" {
		return samples, key, err
	}
	if !d.spoken.Load() {
		return nil, key, err
	}
	if trimmed := media.Trim(samples); len(trimmed) > 0 {
		samples = trimmed
	}
	return samples, key, err
}

// dictation is a Sink that records, and ends the recording when nobody speaks any more or it is full. All but
// spoken and the recorder belongs to the goroutine that paces the leg.
type dictation struct {
	recorder *media.Recorder
	gate     media.SpeechGate
	hush     int // frames of silence that end it; 0: none do
	stop     context.CancelCauseFunc
	spoken   atomic.Bool
	words    string // the last ones of a simulated phone

	quiet int
	over  bool
}

var _ media.CaptionSink = (*dictation)(nil)

// Write takes a frame down.
func (d *dictation) Write(f *media.Frame) { d.WriteCaptioned(f, "") }

// WriteCaptioned is Write; words are speech, whatever they sound like.
func (d *dictation) WriteCaptioned(f *media.Frame, words string) {
	if d.over {
		return
	}
	d.recorder.Write(f)
	if d.gate.Speech(f) || words != "" {
		d.quiet = 0
		d.spoken.Store(true)
		if words != "" {
			d.words = words
		}
	} else {
		d.quiet++
	}
	switch {
	case d.hush > 0 && d.quiet >= d.hush:
		d.end(errHush)
	case d.recorder.Full():
		d.end(errFull)
	}
}

func (d *dictation) end(why error) {
	d.over = true
	d.stop(why)
}

// keep puts the recording away, whatever happens to the call meanwhile. "" is that it could not be.
func (t *run) keep(ctx context.Context, v *twiml.Record, r Recording) (where string) {
	if t.cfg.Recordings == nil {
		t.trouble(v, problem.Error, 0, "there is no place for recordings: what was said is lost", "the action gets no RecordingUrl")
		return ""
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), keepTime)
	defer stop()
	where, err := t.cfg.Recordings.Keep(ctx, r)
	if err != nil {
		t.log.Error("recording not kept", "recording", r.SID, "length", r.Duration, "err", err)
		t.trouble(v, problem.Error, 0, "the recording could not be kept: "+err.Error(), "the action gets no RecordingUrl")
		return ""
	}
	return where
}

// tellRecording is the recordingStatusCallback (contract 3.2).
func (t *run) tellRecording(v *twiml.Record, r *Recording, status, where string) {
	r.Status = status
	b, ok := t.recordingCallback(v, v.StatusCallback, v.StatusCallbackMethod, v.StatusCallbackEvent)
	if !ok {
		return
	}
	if a, wanted := b.Tell(*r, where); wanted {
		t.call.Send(a)
	}
}

// recordingCallback is who is told of a recording; false: nobody can be.
func (t *run) recordingCallback(v twiml.Verb, where, method string, events []string) (call.RecordingCallback, bool) {
	if where == "" {
		return call.RecordingCallback{}, false
	}
	u, err := t.resolve(where)
	if err != nil {
		t.trouble(v, problem.Error, 13256, err.Error(), "write the whole URL")
		return call.RecordingCallback{}, false
	}
	return call.RecordingCallback{URL: u, Method: post(method), Events: events}, true
}
