package twiml

import (
	"fmt"
	"strings"
	"time"
)

// anyKey are the keys that end a recording where the document does not say (Twilio's Record page).
const anyKey = "1234567890*#"

const (
	recordTimeout = 5 * time.Second
	recordLength  = time.Hour
)

// Record takes down what the caller says, and takes it to its action.
type Record struct {
	Pos
	Action      string        // asked when something was said; "" is the current document
	Method      string        // GET or POST; "" is POST
	Timeout     time.Duration // silence that ends it; whole seconds; 0: none does; Parse and NewRecord set 5 s
	MaxLength   time.Duration // whole seconds; 0 is Twilio's hour
	FinishOnKey string        // keys that end it; "" is none; Parse and NewRecord set all of them
	PlayBeep    bool          // Parse and NewRecord set it
	Trim        string        // trim-silence, do-not-trim; "" is trim-silence

	StatusCallback       string   // recordingStatusCallback
	StatusCallbackMethod string   // "" is POST
	StatusCallbackEvent  []string // in-progress completed absent; nil is completed

	Transcribe         bool   // accepted, not run
	TranscribeCallback string // accepted, not run
}

// NewRecord makes a Record as Twilio takes it: after a beep, until a key or 5 s of silence, an hour at most.
func NewRecord(action string) *Record {
	return &Record{Action: action, Timeout: recordTimeout, FinishOnKey: anyKey, PlayBeep: true}
}

// Name is the verb's name in a document.
func (*Record) Name() string { return "Record" }

func (c *checker) record(n *node, v values) Verb {
	r := &Record{
		Pos: n.Pos, Action: v["action"], Method: v["method"],
		Timeout: time.Duration(v.number("timeout", int(recordTimeout/time.Second))) * time.Second, MaxLength: v.seconds("maxLength"),
		FinishOnKey: v.text("finishOnKey", anyKey), PlayBeep: v.text("playBeep", "true") == "true", Trim: v["trim"],
		StatusCallback: v["recordingStatusCallback"], StatusCallbackMethod: v["recordingStatusCallbackMethod"], StatusCallbackEvent: v.words("recordingStatusCallbackEvent"),
		Transcribe: v["transcribe"] == "true", TranscribeCallback: v["transcribeCallback"],
	}
	if r.MaxLength == recordLength {
		r.MaxLength = 0
	}
	if r.Trim == "trim-silence" {
		r.Trim = ""
	}
	if r.Transcribe || r.TranscribeCallback != "" {
		c.warn(n.Pos, 0, n.name, "kaden does not turn speech into text: no transcription comes", "")
	}
	if r.Action == "" {
		c.warn(n.Pos, 0, n.name, "without an action this document is asked again after the recording", "action= names the document that goes on")
	}
	return r
}

func (r *Record) write(w *writer) error {
	m, err := method(r.Method)
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	back, err := method(r.StatusCallbackMethod)
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	if r.Timeout < 0 || r.Timeout > maxSeconds*time.Second || r.MaxLength < 0 || r.MaxLength > maxSeconds*time.Second {
		return fmt.Errorf("record: timeout %v, maxLength %v; neither may be negative or absurd", r.Timeout, r.MaxLength)
	}
	rules := schema["Record"].attrs
	if _, ok := rules["finishOnKey"].read(r.FinishOnKey); !ok {
		return fmt.Errorf("record: finishOnKey %q; %s", r.FinishOnKey, rules["finishOnKey"].want)
	}
	trim := attr("trim", r.Trim)
	if use, ok := rules["trim"].written(trim); !ok || use != r.Trim {
		return fmt.Errorf("record: trim %q; %s", r.Trim, rules["trim"].want)
	}
	events := attr("recordingStatusCallbackEvent", strings.Join(r.StatusCallbackEvent, " "))
	if use, ok := rules["recordingStatusCallbackEvent"].written(events); !ok || use != events.Value {
		return fmt.Errorf("record: recordingStatusCallbackEvent %q; %s", r.StatusCallbackEvent, rules["recordingStatusCallbackEvent"].want)
	}
	w.leaf("Record", "",
		attr("action", r.Action), attr("method", m),
		unless("timeout", seconds(r.Timeout), seconds(recordTimeout)), unless("maxLength", seconds(r.MaxLength), 0),
		unless("finishOnKey", r.FinishOnKey, anyKey), unless("playBeep", r.PlayBeep, true), trim,
		attr("recordingStatusCallback", r.StatusCallback), attr("recordingStatusCallbackMethod", back), events,
		unless("transcribe", r.Transcribe, false), attr("transcribeCallback", r.TranscribeCallback),
	)
	return nil
}
