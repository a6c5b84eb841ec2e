package rest

import (
	"net/http"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
)

// tapeRoutes begin, pause and end recordings of calls and conferences that are live.
var tapeRoutes = routes{
	"Calls/*/Recordings":         {http.MethodPost: (*server).startRecording},
	"Calls/*/Recordings/*":       {http.MethodPost: (*server).changeCallRecording},
	"Conferences/*/Recordings/*": {http.MethodPost: (*server).changeConferenceRecording},
}

// current stands for the recording that was begun last.
const current = "Twilio.CURRENT"

// notTalking is for a call that is not answered, or over.
var notTalking = invalid(21220, "Invalid call state: the call is not in progress, so it cannot be recorded")

// asKept is a recording under way as the books have it.
func asKept(r call.Recording) account.Recording {
	return account.Recording{
		SID: r.SID, Account: r.Account, Call: r.Call, Conference: r.Conference, Source: r.Source, Track: r.Track, Channels: r.Channels,
		Status: r.Status, Started: r.Began, Duration: r.Duration, Created: r.Began, Updated: r.Began,
	}
}

// startRecording begins to record a call: POST /Calls/CA…/Recordings.
func (s *server) startRecording(r *request) (answer, error) {
	c, err := s.liveCall(r)
	if err != nil {
		return answer{}, err
	}
	f := s.fields(r.form)
	o := f.tapeOrder("do-not-trim")
	o.Source = "StartCallRecordingAPI"
	if f.err != nil {
		return answer{}, f.err
	}
	t, err := c.Tape(o)
	if err != nil {
		return answer{}, notTalking
	}
	rec := t.Recording()
	rec.Duration = 0
	return answer{status: http.StatusCreated, body: s.recordingJSON(r)(asKept(rec))}, nil
}

// liveCall finds the call that is named first in the path, which has to be live.
func (s *server) liveCall(r *request) (*call.Call, error) {
	id, err := sid.Parse[sid.Call](r.ids[0])
	if err != nil || s.cfg.Live == nil {
		return nil, notFound(r.URL.Path)
	}
	if _, err := s.cfg.Calls.Call(r.Context(), r.account.SID, id); err != nil {
		return nil, err
	}
	c, ok := s.cfg.Live.Live(id)
	if !ok {
		return nil, notTalking
	}
	return c, nil
}

// changeCallRecording pauses, resumes or ends a recording: POST /Calls/CA…/Recordings/RE… or Twilio.CURRENT.
func (s *server) changeCallRecording(r *request) (answer, error) {
	c, err := s.liveCall(r)
	if err != nil {
		return answer{}, err
	}
	return s.changeTape(r, c.Tapes())
}

// changeConferenceRecording does the same to a conference's: POST /Conferences/CF…/Recordings/RE….
func (s *server) changeConferenceRecording(r *request) (answer, error) {
	_, live, err := s.conference(r)
	if err != nil {
		return answer{}, err
	}
	var all []*call.Taping
	if live != nil {
		if t := live.Tape(); t != nil {
			all = append(all, t)
		}
	}
	return s.changeTape(r, all)
}

func (s *server) changeTape(r *request, all []*call.Taping) (answer, error) {
	var t *call.Taping
	for _, one := range all {
		if r.id == string(one.Recording().SID) || r.id == current && one.Under() {
			t = one
		}
	}
	if t == nil {
		if id, err := sid.Parse[sid.Recording](r.id); err == nil && s.cfg.Recordings != nil {
			if _, err := s.cfg.Recordings.Recording(r.Context(), r.account.SID, id); err == nil {
				return answer{}, invalid(21220, "Invalid recording state: the recording is over")
			}
		}
		return answer{}, notFound(r.URL.Path)
	}
	f := s.fields(r.form)
	skip := f.word("PauseBehavior", "skip", "silence") == "skip"
	status := f.word("Status", "in-progress", "paused", "stopped")
	if status == "" {
		f.refuse(20001, "Status is required: in-progress, paused or stopped")
	}
	if f.err != nil {
		return answer{}, f.err
	}
	var err error
	switch status {
	case "paused":
		err = t.Pause(skip)
	case "in-progress":
		err = t.Resume()
	case "stopped":
		t.Stop()
	}
	if err != nil {
		return answer{}, invalid(21220, "Invalid recording state: the recording is over")
	}
	rec := asKept(t.Recording())
	if status == "stopped" && rec.Status != "absent" { // though it may be kept by now
		rec.Status = "stopped"
	}
	return answer{status: http.StatusOK, body: s.recordingJSON(r)(rec)}, nil
}

// recordingEvents are those of a recording that can be subscribed to, in the order in which they come.
var recordingEvents = []string{"in-progress", "completed", "absent"}

// tape reads whether, and how, a call is recorded from its answer to its end; nil is not at all. What is given is
// checked even then.
func (f *fields) tape() *call.TapeOrder {
	o := f.tapeOrder("trim-silence")
	o.Source = "OutboundAPI"
	if !isTrue(f.truth("Record"), false) {
		return nil
	}
	return &o
}

// tapeOrder reads how something is recorded.
func (f *fields) tapeOrder(trim string) call.TapeOrder {
	o := call.TapeOrder{Track: f.word("RecordingTrack", "inbound", "outbound", "both"), Channels: 1}
	if f.word("RecordingChannels", "mono", "dual") == "dual" {
		o.Channels = 2
	}
	if s := f.word("Trim", "trim-silence", "do-not-trim"); s != "" {
		trim = s
	}
	o.Trim = trim == "trim-silence"
	o.Callback = call.RecordingCallback{
		URL: f.link("RecordingStatusCallback", 21609), Method: f.method("RecordingStatusCallbackMethod"),
		Events: f.known("RecordingStatusCallbackEvent", recordingEvents),
	}
	return o
}
