// Package twiml reads, checks and writes TwiML, Twilio's XML for telling a call what to do.
//
// [Parse] makes a [Response] of verbs with their places in the text, and a list of problems with
// Twilio's own codes: a document with errors cannot run, one with warnings runs without the part
// that is warned of. [Write] is the way back: what Parse accepted, Write writes, and Parse reads the
// same again. One file per verb; the grammar is a table in schema.go. Nothing here knows a
// telephone; package voice runs what is read here.
package twiml

// Pos is where something stands in the text, counted from 1, columns in characters; the zero Pos is
// a verb made by a program.
type Pos struct {
	Line, Column int
}

// Position is the place of the verb itself: of the < that opens it.
func (p Pos) Position() Pos { return p }

// Verb is one thing to do. The types of this package that are Verbs: *Say *Play *Pause *Gather
// *Dial *Refer *Echo *Record *Enqueue *Leave *Start *Connect *Stop *Redirect *Hangup *Reject *Sms *Other.
type Verb interface {
	Name() string // as in the document: Gather
	Position() Pos
}

// Response is a document. The zero Response answers and hangs up.
//
// A program writes one with struct literals, where each zero field means what its comment says, or
// with [New], [NewSay], [NewPlay], [NewGather] and [NewRecord], which set what Twilio takes for absent attributes:
//
//	doc := twiml.New(
//		twiml.NewGather("/took", 1, twiml.NewSay("ja-JP", "ディスクが一杯です。引き受ける方は1を押してください。")),
//		&twiml.Redirect{}, // the same again
//	)
//	text, err := twiml.Write(doc)
type Response struct {
	Verbs []Verb
}

// New makes a document of verbs.
func New(verbs ...Verb) *Response { return &Response{Verbs: verbs} }

// String is the document as [Write] writes it, for logs and tests; one that cannot be written is an
// XML comment that says why.
func (r *Response) String() string {
	text, err := Write(r)
	if err != nil {
		return "<!-- " + comment(err.Error()) + " -->"
	}
	return string(text)
}
