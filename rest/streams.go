package rest

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
)

// streamRoutes begin and end streams of a live call. There is no list of them.
var streamRoutes = routes{
	"Calls/*/Streams":   {http.MethodPost: (*server).startStream},
	"Calls/*/Streams/*": {http.MethodPost: (*server).stopStream},
}

// streamBody is Twilio's Stream resource.
type streamBody struct {
	AccountSID  sid.Account `json:"account_sid"`
	CallSID     sid.Call    `json:"call_sid"`
	DateUpdated *string     `json:"date_updated"`
	Name        *string     `json:"name"`
	SID         sid.Stream  `json:"sid"`
	Status      string      `json:"status"`
	URI         string      `json:"uri"`
}

func streamJSON(r call.Record, s *call.Stream, status string) streamBody {
	b := streamBody{
		AccountSID: r.Account, CallSID: r.SID, DateUpdated: date(time.Now()), SID: s.SID(), Status: status,
		URI: accountPath(r.Account) + "/Calls/" + string(r.SID) + "/Streams/" + string(s.SID()) + ".json",
	}
	if s.Name() != string(s.SID()) {
		b.Name = orNull(s.Name())
	}
	return b
}

// mostParameters is how many a stream may be told (Twilio's Stream resource).
const mostParameters = 99

// readStream makes a stream of the parameters of a create.
func (f *fields) readStream() (call.StreamOrder, error) {
	o := call.StreamOrder{
		URL: f.text("Url"), Name: f.text("Name"), Track: f.word("Track", "inbound_track", "outbound_track", "both_tracks"),
		Callback: call.StreamCallback{URL: f.link("StatusCallback", 21609), Method: f.method("StatusCallbackMethod")},
	}
	if lower := strings.ToLower(o.URL); !strings.HasPrefix(lower, "wss://") && !strings.HasPrefix(lower, "ws://") || len(o.URL) > longestURL {
		f.refuse(21205, "Url is not valid: %q is no WebSocket; it begins with wss://", clip(o.URL))
	}
	if len(o.Name) > 256 {
		f.refuse(20001, "Name is not valid: it is longer than 256 bytes")
	}
	for n := 1; n <= mostParameters; n++ {
		if name := f.Get("Parameter" + strconv.Itoa(n) + ".Name"); name != "" {
			if o.Parameters == nil {
				o.Parameters = map[string]string{}
			}
			o.Parameters[name] = f.Get("Parameter" + strconv.Itoa(n) + ".Value")
		}
	}
	return o, f.err
}

// startStream sends the sound of a call over a WebSocket: POST /Calls/CA…/Streams.
func (s *server) startStream(r *request) (answer, error) {
	c, err := s.liveCall(r)
	if err != nil {
		return answer{}, err
	}
	o, err := s.fields(r.form).readStream()
	if err != nil {
		return answer{}, err
	}
	stream, err := c.Stream(o)
	switch {
	case errors.Is(err, call.ErrNotInProgress):
		return answer{}, notTalking
	case err != nil:
		return answer{}, invalid(20001, "The stream cannot be started: %v", err)
	}
	return answer{status: http.StatusOK, body: streamJSON(c.Record(), stream, "in-progress")}, nil
}

// stopStream ends a stream, by its SID or its name: POST /Calls/CA…/Streams/MZ….
func (s *server) stopStream(r *request) (answer, error) {
	c, err := s.liveCall(r)
	if err != nil {
		return answer{}, err
	}
	f := s.fields(r.form)
	if f.word("Status", "stopped") == "" {
		f.refuse(20001, "Status is required, and can be stopped only")
	}
	if f.err != nil {
		return answer{}, f.err
	}
	stream := c.StreamNamed(r.id)
	if stream == nil {
		return answer{}, notFound(r.URL.Path)
	}
	stream.Stop()
	return answer{status: http.StatusOK, body: streamJSON(c.Record(), stream, "stopped")}, nil
}
