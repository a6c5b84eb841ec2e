package rest

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/sid"
)

// recordingRoutes are an account's recordings, and those of one call or conference. Recording is begun and paused
// elsewhere, on the call.
var recordingRoutes = routes{
	"Recordings":               {http.MethodGet: (*server).listRecordings},
	"Recordings/*":             {http.MethodGet: (*server).fetchRecording, http.MethodDelete: (*server).deleteRecording},
	"Calls/*/Recordings":       {http.MethodGet: (*server).listRecordings},
	"Calls/*/Recordings/*":     {http.MethodGet: (*server).fetchRecording, http.MethodDelete: (*server).deleteRecording},
	"Conferences/*/Recordings": {http.MethodGet: (*server).listRecordings},
	"Conferences/*/Recordings/*": {
		http.MethodGet: (*server).fetchRecording, http.MethodDelete: (*server).deleteRecording,
	},
}

// recordingBody is Twilio's Recording resource, as far as all of its places have it.
type recordingBody struct {
	AccountSID        sid.Account   `json:"account_sid"`
	APIVersion        string        `json:"api_version"`
	CallSID           *string       `json:"call_sid"`
	Channels          int           `json:"channels"`
	ConferenceSID     *string       `json:"conference_sid"`
	DateCreated       *string       `json:"date_created"`
	DateUpdated       *string       `json:"date_updated"`
	Duration          *string       `json:"duration"`
	EncryptionDetails *string       `json:"encryption_details"`
	ErrorCode         *int          `json:"error_code"`
	Price             *string       `json:"price"`
	PriceUnit         string        `json:"price_unit"`
	SID               sid.Recording `json:"sid"`
	Source            string        `json:"source"`
	StartTime         *string       `json:"start_time"`
	Status            string        `json:"status"`
	URI               string        `json:"uri"`
}

// accountRecordingBody is what a recording has below its account only.
type accountRecordingBody struct {
	recordingBody
	MediaURL        string            `json:"media_url"`
	SubresourceURIs map[string]string `json:"subresource_uris"`
}

// callRecordingBody is what a recording has below its call only.
type callRecordingBody struct {
	recordingBody
	Track *string `json:"track"`
}

var recordingParts = map[string]string{"add_on_results": "AddOnResults", "transcriptions": "Transcriptions"}

// recordingJSON is a recording as it is shown below the account, a call or a conference.
func (s *server) recordingJSON(r *request) func(account.Recording) any {
	return func(rec account.Recording) any {
		base := accountPath(rec.Account)
		b := recordingBody{
			AccountSID: rec.Account, APIVersion: apiVersion, CallSID: orNull(string(rec.Call)), Channels: rec.Channels,
			ConferenceSID: orNull(string(rec.Conference)), DateCreated: date(rec.Created), DateUpdated: date(rec.Updated),
			PriceUnit: "USD", SID: rec.SID, Source: rec.Source, StartTime: date(rec.Started), Status: rec.Status,
		}
		if rec.Duration > 0 {
			b.Duration = orNull(strconv.Itoa(max(1, int(rec.Duration.Round(time.Second)/time.Second))))
		}
		if rec.ErrorCode != 0 {
			b.ErrorCode = &rec.ErrorCode
		}
		place := base + "/Recordings/" + string(rec.SID)
		switch {
		case r.rest[0] == "Calls":
			b.URI = base + "/Calls/" + string(rec.Call) + "/Recordings/" + string(rec.SID) + ".json"
			return callRecordingBody{b, orNull(rec.Track)}
		case r.rest[0] == "Conferences":
			b.URI = base + "/Conferences/" + string(rec.Conference) + "/Recordings/" + string(rec.SID) + ".json"
			return b
		}
		b.URI = place + ".json"
		return accountRecordingBody{b, s.origin(r) + place, subresources(place, recordingParts)}
	}
}

// origin is this server as whoever asks knows it.
func (s *server) origin(r *request) string {
	if s.cfg.PublicURL != "" {
		return s.cfg.PublicURL
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// below is the call or the conference in the path, none below the account.
func below(r *request, f *account.RecordingFilter) error {
	var err error
	switch r.rest[0] {
	case "Calls":
		f.Call, err = sid.Parse[sid.Call](r.ids[0])
	case "Conferences":
		f.Conference, err = sid.Parse[sid.Conference](r.ids[0])
	}
	if err != nil {
		return notFound(r.URL.Path)
	}
	return nil
}

// listRecordings lists recordings, newest first: GET /Recordings, and those of a call or a conference.
func (s *server) listRecordings(r *request) (answer, error) {
	if s.cfg.Recordings == nil {
		return answer{}, notFound(r.URL.Path)
	}
	f := s.fields(r.query)
	filter := account.RecordingFilter{Account: r.account.SID}
	if id := f.text("CallSid"); id != "" {
		filter.Call = f.sid("CallSid", id)
	}
	if id := f.text("ConferenceSid"); id != "" {
		var err error
		if filter.Conference, err = sid.Parse[sid.Conference](id); err != nil {
			f.refuse(20001, "ConferenceSid is not valid: %v", err)
		}
	}
	filter.Created.From, filter.Created.Before = f.span("DateCreated")
	l, err := f.readList()
	if err != nil {
		return answer{}, err
	}
	if err := below(r, &filter); err != nil {
		return answer{}, err
	}
	filter.Page = l.asked()
	list, next, err := s.cfg.Recordings.Recordings(r.Context(), filter)
	if err != nil {
		return answer{}, err
	}
	keep := []string{"DateCreated", "DateCreated<", "DateCreated>", "CallSid", "ConferenceSid", "IncludeSoftDeleted"}
	path := accountPath(r.account.SID) + "/" + strings.Join(r.rest, "/") + ".json"
	return listed(l, r, path, "recordings", keep, next, list, s.recordingJSON(r)), nil
}

// recording finds the recording that is named in the path, whatever its ending.
func (s *server) recording(r *request) (rec account.Recording, ending string, err error) {
	name, ending, _ := strings.Cut(r.id, ".")
	id, err := sid.Parse[sid.Recording](name)
	if err != nil || s.cfg.Recordings == nil {
		return rec, "", notFound(r.URL.Path)
	}
	var of account.RecordingFilter
	if err := below(r, &of); err != nil {
		return rec, "", err
	}
	rec, err = s.cfg.Recordings.Recording(r.Context(), r.account.SID, id)
	if err == nil && (of.Call != "" && rec.Call != of.Call || of.Conference != "" && rec.Conference != of.Conference) {
		err = account.ErrNotFound
	}
	return rec, ending, err
}

// fetchRecording shows what is known of a recording, GET /Recordings/RE….json, or is the recording itself: RE…,
// RE….wav.
func (s *server) fetchRecording(r *request) (answer, error) {
	rec, ending, err := s.recording(r)
	switch {
	case err != nil:
		return answer{}, err
	case r.json && ending == "":
		return answer{status: http.StatusOK, body: s.recordingJSON(r)(rec)}, nil
	case ending == "mp3":
		return answer{}, refused(http.StatusNotFound, 20404, "Recordings are kept as WAV here, and not made into MP3: %s.wav is there", rec.SID)
	case r.json || ending != "" && ending != "wav":
		return answer{}, notFound(r.URL.Path)
	}
	wav, err := s.cfg.Recordings.RecordingSound(r.Context(), r.account.SID, rec.SID)
	if err != nil {
		return answer{}, err // there is none while it is being made
	}
	if wav, err = inChannels(wav, rec, r.query.Get("RequestedChannels")); err != nil {
		return answer{}, err
	}
	return answer{serve: func(w http.ResponseWriter, q *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "audio/x-wav")
		h.Set("Cache-Control", "private, no-cache")
		http.ServeContent(w, q, "", rec.Updated, bytes.NewReader(wav))
	}}, nil
}

// inChannels is the sound of a recording in as many channels as somebody wishes for: "" as it was kept, 1 or 2. Of one
// channel no two are made (Twilio: error 16113).
func inChannels(wav []byte, rec account.Recording, wish string) ([]byte, error) {
	switch {
	case wish == "" || wish == strconv.Itoa(rec.Channels):
		return wav, nil
	case wish == "2":
		return nil, invalid(16113, "Cannot download a dual-channel presentation of a mono recording: RecordingChannels=dual makes one with two channels")
	case wish != "1":
		return nil, invalid(20001, "RequestedChannels is not valid: %q is neither 1 nor 2", clip(wish))
	}
	mixed, err := media.MonoWAV(wav)
	if err != nil {
		return nil, fmt.Errorf("recording %s: %w", rec.SID, err)
	}
	return mixed, nil
}

// deleteRecording forgets a recording that is over, and its sound: DELETE /Recordings/RE….
func (s *server) deleteRecording(r *request) (answer, error) {
	rec, ending, err := s.recording(r)
	if err == nil && ending != "" {
		err = notFound(r.URL.Path)
	}
	if err != nil {
		return answer{}, err
	}
	switch rec.Status {
	case "in-progress", "paused", "processing": // else it would be there again at its end
		return answer{}, refused(http.StatusConflict, 20009, "Recording %s is %s; only one that is over can be deleted", rec.SID, rec.Status)
	}
	if err := s.cfg.Recordings.DeleteRecording(r.Context(), r.account.SID, rec.SID); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusNoContent}, nil
}

// public tells whether a request is for the sound of a recording, which may be heard by whoever knows its address:
// its identifier has 128 random bits.
func (s *server) public(r *http.Request, p place) bool {
	n := len(p.rest)
	return s.cfg.OpenRecordings && s.cfg.Recordings != nil && r.Header.Get("Authorization") == "" && !p.json &&
		(r.Method == http.MethodGet || r.Method == http.MethodHead) && n >= 2 && p.rest[n-2] == "Recordings"
}

// listener is the account whose recording somebody hears who has no credentials.
func (s *server) listener(r *http.Request, p place) (caller, error) {
	a, known, err := s.lookUp(r, p.account)
	if err == nil && (!known || !a.Active()) {
		err = notFound(r.URL.Path)
	}
	return caller{account: a}, err
}
