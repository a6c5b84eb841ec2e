package rest

import (
	"github.com/kaden-project/kaden/call"
)

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
