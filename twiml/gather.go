package twiml

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// gatherTimeout is how long Gather waits where the document does not say (Twilio's Gather page).
const gatherTimeout = 5 * time.Second

// Gather collects keys while its nested verbs are heard.
type Gather struct {
	Pos
	Action              string        // "" is the current document
	Method              string        // GET or POST; "" is POST
	Input               string        // "dtmf", "speech", "dtmf speech"; "" is dtmf; Parse sets dtmf
	Timeout             time.Duration // whole seconds, Write rounds up; 0 is Twilio's 5 s, which Parse and NewGather set
	FinishOnKey         string        // one key; "" is none; Parse and NewGather set # where it is absent
	NumDigits           int           // 0 is without limit
	ActionOnEmptyResult bool
	Nested              []Verb            // *Say, *Play, *Pause
	Speech              map[string]string // the attributes of speech recognition, as written: accepted, not run
}

// NewGather makes a Gather that takes numDigits keys (0: as many as come until # or 5 s without one)
// and asks action what to do with them.
func NewGather(action string, numDigits int, nested ...Verb) *Gather {
	return &Gather{Action: action, Input: "dtmf", Timeout: gatherTimeout, FinishOnKey: "#", NumDigits: numDigits, Nested: nested}
}

// Name is the verb's name in a document.
func (*Gather) Name() string { return "Gather" }

func (c *checker) gather(n *node, v values) Verb {
	g := &Gather{
		Pos:                 n.Pos,
		Action:              v["action"],
		Method:              v["method"],
		Input:               v.text("input", "dtmf"),
		Timeout:             gatherTimeout,
		FinishOnKey:         v.text("finishOnKey", "#"),
		NumDigits:           v.number("numDigits", 0),
		ActionOnEmptyResult: v["actionOnEmptyResult"] == "true",
	}
	if v["timeout"] != "auto" { // auto is for speech; keys then have the default
		g.Timeout = time.Duration(v.number("timeout", int(gatherTimeout/time.Second))) * time.Second
	}
	for _, a := range n.attrs {
		if value, ok := v[a.name]; ok && slices.Contains(speechAttrs, a.name) {
			if g.Speech == nil {
				g.Speech = map[string]string{}
			}
			g.Speech[a.name] = value
		}
	}
	switch g.Input {
	case "speech":
		c.warn(n.Pos, 0, n.name, "kaden does not understand speech yet: the prompt is heard and the call goes on after the timeout", `input="dtmf" takes keys`)
	case "dtmf speech":
		c.warn(n.Pos, 0, n.name, "kaden does not understand speech yet: only keys are taken", "")
	}
	c.stray(n)
	g.Nested = c.verbs(n)
	return g
}

func (g *Gather) write(w *writer) error {
	method, err := method(g.Method)
	if err != nil {
		return fmt.Errorf("gather: %w", err)
	}
	input, ok := inputs(g.Input)
	if g.Input != "" && !ok {
		return fmt.Errorf("gather: input %q; %s", g.Input, wantInput)
	}
	if _, ok := oneKey(g.FinishOnKey); !ok {
		return fmt.Errorf("gather: finishOnKey %q; %s", g.FinishOnKey, wantOneKey)
	}
	if g.Timeout < 0 || g.Timeout > maxSeconds*time.Second || g.NumDigits < 0 || g.NumDigits > maxCount {
		return fmt.Errorf("gather: timeout %v, numDigits %d; neither may be negative or absurd", g.Timeout, g.NumDigits)
	}
	timeout := g.Timeout
	if timeout == 0 {
		timeout = gatherTimeout
	}
	as := []Attr{
		attr("action", g.Action), attr("method", method),
		unless("input", input, "dtmf"), unless("timeout", seconds(timeout), 5), unless("finishOnKey", g.FinishOnKey, "#"),
		unless("numDigits", g.NumDigits, 0), unless("actionOnEmptyResult", g.ActionOnEmptyResult, false),
	}
	for _, name := range slices.Sorted(maps.Keys(g.Speech)) {
		if !slices.Contains(speechAttrs, name) {
			return fmt.Errorf("gather: %q is no attribute of speech; known are %s", name, strings.Join(speechAttrs, ", "))
		}
		as = append(as, Attr{name, g.Speech[name]})
	}
	w.open("Gather", as...)
	for _, v := range g.Nested {
		switch v := v.(type) {
		case *Say, *Pause:
		case *Play:
			if v.Digits != "" {
				return errors.New("gather: <Play digits> cannot be nested")
			}
		default:
			return fmt.Errorf("gather: %T cannot be nested; Say, Play and Pause can", v)
		}
		if err := w.verb(v); err != nil {
			return err
		}
	}
	w.close()
	return nil
}
