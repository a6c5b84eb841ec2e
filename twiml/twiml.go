// Package twiml reads, checks and writes TwiML, Twilio's XML for telling a call what to do.
//
// [Parse] makes a [Response] of verbs with their places in the text, and a list of problems with
// Twilio's own codes: a document with errors cannot run, one with warnings runs without the part
// that is warned of. [Write] is the way back. One file per verb. Nothing here knows a telephone;
// package voice runs what is read here.
package twiml

import "time"

// Pos is where something stands in the text, counted from 1; the zero Pos is a verb made by a program.
type Pos struct {
	Line, Column int
}

// Position is the place of the verb itself.
func (p Pos) Position() Pos { return p }

// Verb is one thing to do. The types of this package that are Verbs: *Say *Play *Pause *Gather
// *Redirect *Hangup *Reject *Other.
type Verb interface {
	Name() string // as in the document: Gather
	Position() Pos
}

// Response is a document.
type Response struct {
	Verbs []Verb
}

// Say speaks text.
type Say struct {
	Pos
	Voice    string // as written; "" is the account's default
	Language string // as written; "" is the voice's
	Loop     int    // times; 0 is without end (Twilio caps it at 1000); Parse sets 1 where it is absent
	Spans    []Span
}

// Span is a piece of speech in one manner; SSML's nesting is flattened into spans.
type Span struct {
	Text     string
	Pause    time.Duration // <break/> before Text
	Language string        // <lang>
	Rate     string        // <prosody>
	Pitch    string
	Volume   string
	As       string // <say-as interpret-as>
	Alias    string // <sub alias>: what is said in place of Text
	Emphasis string // <emphasis level>
	Phoneme  string // <phoneme ph>
}

// Play plays a file, or presses keys.
type Play struct {
	Pos
	URL    string
	Loop   int // as Say
	Digits string
}

// Pause is silence.
type Pause struct {
	Pos
	Length time.Duration // Parse sets 1 s where it is absent
}

// Gather collects keys while its nested verbs are heard.
type Gather struct {
	Pos
	Action              string // "" is the current document
	Method              string // "" is POST
	Input               string // "dtmf", "speech", "dtmf speech"; Parse sets dtmf
	Timeout             time.Duration
	FinishOnKey         string // one key; "" is none; Parse sets # where it is absent
	NumDigits           int    // 0 is without limit
	ActionOnEmptyResult bool
	Nested              []Verb            // *Say, *Play, *Pause
	Speech              map[string]string // the attributes of speech recognition, as written: accepted, not run
}

// Redirect goes on with another document.
type Redirect struct {
	Pos
	URL    string // "" is the current document again
	Method string
}

// Hangup ends the call.
type Hangup struct{ Pos }

// Reject refuses an unanswered call.
type Reject struct {
	Pos
	Reason string // "rejected" or "busy"
}

// Other is a verb that Twilio knows and kaden does not run yet. It keeps everything that was written.
type Other struct {
	Pos
	Element Element
}

// Element is a piece of XML as it was written.
type Element struct {
	Pos
	Tag      string
	Attrs    []Attr
	Text     string // character data, trimmed, when there are no children
	Children []Element
}

// Attr is one attribute.
type Attr struct {
	Name, Value string
}

// Name is the verb's name in a document.
func (*Say) Name() string      { return "Say" }
func (*Play) Name() string     { return "Play" }
func (*Pause) Name() string    { return "Pause" }
func (*Gather) Name() string   { return "Gather" }
func (*Redirect) Name() string { return "Redirect" }
func (*Hangup) Name() string   { return "Hangup" }
func (*Reject) Name() string   { return "Reject" }
func (o *Other) Name() string  { return o.Element.Tag }
