package twiml

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// MaxNouns is how many nouns one Dial may have (Twilio's Dial page), at once or one after another.
const MaxNouns = 10

// Dial joins the call to somebody else, and goes on when that is over.
type Dial struct {
	Pos
	Action         string            // asked when it is over; "" is the next verb
	Method         string            // GET or POST; "" is POST
	Timeout        time.Duration     // how long each noun rings; whole seconds, Write rounds up; 0 is Twilio's 30 s
	TimeLimit      time.Duration     // how long they may be joined; whole seconds; 0 is Twilio's 4 h
	CallerID       string            // whom the called see; "" is the caller
	HangupOnStar   bool              // the caller's * ends the called leg
	AnswerOnBridge bool              // the caller is answered when somebody is joined, not before
	Sequential     bool              // one noun after another instead of all at once
	RingTone       string            // the country whose tone the caller hears; "" is this house's
	Record         string            // record-from-answer and its kin; "" is do-not-record
	Recorded                         // how, with Record
	ReferURL       string            // asked when one of the two wants to be replaced by somebody else (REFER); "": a phone of ours alone may
	ReferMethod    string            // GET or POST; "" is POST
	Nouns          []Noun            // at most MaxNouns are dialled; none: nobody is called
	Unrun          map[string]string // passports and the like, as written: accepted, not run
}

// NewDial makes a Dial that calls all of nouns at once.
func NewDial(nouns ...Noun) *Dial { return &Dial{Nouns: nouns} }

// Name is the verb's name in a document.
func (*Dial) Name() string { return "Dial" }

// dialUnrun is read and kept without being run.
var dialUnrun = []string{
	"callReason", "events", "passports", "recordingConfigurationId",
}

func (c *checker) dial(n *node, v values) Verb {
	d := &Dial{
		Pos: n.Pos, Action: v["action"], Method: v["method"],
		Timeout: v.seconds("timeout"), TimeLimit: v.seconds("timeLimit"), CallerID: v["callerId"],
		HangupOnStar: v["hangupOnStar"] == "true", AnswerOnBridge: v["answerOnBridge"] == "true", Sequential: v["sequential"] == "true",
		RingTone: v["ringTone"], Record: v["record"], Recorded: v.recorded("recordingTrack"),
		ReferURL: v["referUrl"], ReferMethod: v["referMethod"], Unrun: v.some(dialUnrun),
	}
	switch d.Record {
	case "true":
		d.Record = "record-from-answer" // Twilio's Dial page
	case "false", "do-not-record":
		d.Record = ""
	}
	alone := ""
	for _, k := range n.kids {
		if k.node == nil || !c.fits(n, k.node) {
			continue
		}
		noun := c.noun(k.node)
		if noun == nil {
			continue
		}
		if len(d.Nouns) > 0 && (alone != "" || single(noun)) {
			code := codeDialNest
			if (alone == "Conference") != (noun.Name() == "Conference") {
				code = codeDialRoom
			}
			c.warn(k.Pos, code, n.name, fmt.Sprintf("<%s> stands alone in a <Dial>: <%s> is skipped", cmp.Or(alone, noun.Name()), noun.Name()), "give it a <Dial> of its own")
			continue
		}
		if single(noun) {
			alone = noun.Name()
		}
		d.Nouns = append(d.Nouns, noun)
	}
	c.dialled(n, d)
	return d
}

// single tells whether a noun cannot be dialled together with others.
func single(n Noun) bool {
	switch n.Name() {
	case "Conference", "Queue", "Application":
		return true
	}
	return false
}

// dialled takes the text of a Dial as its number, and warns of too few and too many.
func (c *checker) dialled(n *node, d *Dial) {
	text := n.text()
	switch {
	case len(d.Nouns) == 0 && text != "":
		d.Nouns = []Noun{&Number{Pos: n.Pos, Text: text}}
		c.number(n, text)
	case text != "":
		c.stray(n)
	case len(d.Nouns) == 0:
		c.warn(n.Pos, codeDialNumber, n.name, "nobody to call: DialCallStatus is failed", "put a number between <Dial> and </Dial>")
	}
	if len(d.Nouns) > MaxNouns {
		c.warn(n.Pos, codeTooMany, n.name, fmt.Sprintf("%d nouns, more than %d: nobody is called", len(d.Nouns), MaxNouns), "go on with another <Dial> after this one")
	}
}

// seconds is a time that count has read; 0 where it is absent.
func (v values) seconds(name string) time.Duration {
	return time.Duration(v.number(name, 0)) * time.Second
}

// words is a list that someOf has read; nil where it is absent.
func (v values) words(name string) []string {
	if v[name] == "" {
		return nil
	}
	return strings.Fields(v[name])
}

// some are the attributes of the given names, nil for none.
func (v values) some(names []string) map[string]string {
	var kept map[string]string
	for _, name := range names {
		if value, ok := v[name]; ok {
			if kept == nil {
				kept = map[string]string{}
			}
			kept[name] = value
		}
	}
	return kept
}

func (d *Dial) write(w *writer) error {
	m, err := method(d.Method)
	refer, err2 := method(d.ReferMethod)
	if err = errors.Join(err, err2); err != nil {
		return fmt.Errorf("dial: %w", err)
	}
	if d.Timeout < 0 || d.Timeout > maxSeconds*time.Second || d.TimeLimit < 0 || d.TimeLimit > maxSeconds*time.Second {
		return fmt.Errorf("dial: timeout %v, timeLimit %v; neither may be negative or absurd", d.Timeout, d.TimeLimit)
	}
	as := []Attr{
		attr("action", d.Action), attr("method", m),
		unless("timeout", seconds(d.Timeout), 0), unless("timeLimit", seconds(d.TimeLimit), 0), attr("callerId", d.CallerID),
		unless("hangupOnStar", d.HangupOnStar, false), unless("answerOnBridge", d.AnswerOnBridge, false), unless("sequential", d.Sequential, false),
	}
	referral := []Attr{attr("referUrl", d.ReferURL), attr("referMethod", refer)}
	words := []Attr{attr("ringTone", d.RingTone), attr("record", d.Record)}
	for _, a := range words {
		if use, ok := schema["Dial"].attrs[a.Name].written(a); !ok || use != a.Value {
			return fmt.Errorf("dial: %s %q; %s", a.Name, a.Value, schema["Dial"].attrs[a.Name].want)
		}
	}
	tape, err := d.Recorded.attrs("Dial", "recordingTrack")
	rest, err2 := kept("Dial", d.Unrun, dialUnrun)
	if err = errors.Join(err, err2); err != nil {
		return fmt.Errorf("dial: %w", err)
	}
	w.open("Dial", slices.Concat(as, words, tape, referral, rest)...)
	for _, n := range d.Nouns {
		if err := w.noun(n); err != nil {
			return fmt.Errorf("dial: %w", err)
		}
	}
	w.close()
	return nil
}

// written tells whether a's value is as the rule reads it; an attribute without a name is left out.
func (r rule) written(a Attr) (string, bool) {
	if a.Name == "" {
		return "", true
	}
	if r.read == nil {
		return "", false
	}
	return r.read(a.Value)
}

// kept are attributes that are written as they were read, in order of their names.
func kept(element string, from map[string]string, known []string) ([]Attr, error) {
	var as []Attr
	for _, name := range slices.Sorted(maps.Keys(from)) {
		if _, ok := schema[element].attrs[name]; !ok || !slices.Contains(known, name) {
			return nil, fmt.Errorf("%s: %q is none of the attributes that are kept as written", element, name)
		}
		as = append(as, Attr{name, from[name]})
	}
	return as, nil
}
