package twiml

import (
	"fmt"
	"strings"
)

// Recorded is how sound is recorded beside what else happens: the attributes that <Dial>, <Conference> and
// <Start><Recording> share.
type Recorded struct {
	RecordingTrack string // inbound outbound both; "" is both; a <Conference> has none
	Trim           string // trim-silence do-not-trim; "" is what Twilio's page on the element says

	RecordingCallback       string   // recordingStatusCallback
	RecordingCallbackMethod string   // "" is POST
	RecordingCallbackEvent  []string // in-progress completed absent; nil is completed
}

// recorded reads them; track is how the element spells RecordingTrack.
func (v values) recorded(track string) Recorded {
	return Recorded{
		RecordingTrack: v[track], Trim: v["trim"],
		RecordingCallback: v["recordingStatusCallback"], RecordingCallbackMethod: v["recordingStatusCallbackMethod"],
		RecordingCallbackEvent: v.words("recordingStatusCallbackEvent"),
	}
}

func (r Recorded) attrs(element, track string) ([]Attr, error) {
	back, err := method(r.RecordingCallbackMethod)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", element, err)
	}
	if track == "" && r.RecordingTrack != "" {
		return nil, fmt.Errorf("%s: it has no recordingTrack", element)
	}
	as := []Attr{
		attr(track, r.RecordingTrack), attr("trim", r.Trim),
		attr("recordingStatusCallbackEvent", strings.Join(r.RecordingCallbackEvent, " ")),
	}
	if err := checked(element, as); err != nil {
		return nil, err
	}
	return append(as, attr("recordingStatusCallback", r.RecordingCallback), attr("recordingStatusCallbackMethod", back)), nil
}

// checked tells whether attributes would be read as they are written.
func checked(element string, as []Attr) error {
	for _, a := range as {
		if use, ok := schema[element].attrs[a.Name].written(a); a.Name != "" && (!ok || use != a.Value) {
			return fmt.Errorf("%s: %s %q; %s", element, a.Name, a.Value, schema[element].attrs[a.Name].want)
		}
	}
	return nil
}
