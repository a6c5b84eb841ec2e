package twiml

import "fmt"

// Start begins something that goes on beside the call; the next verb follows at once.
type Start struct {
	Pos
	Action, Method string // read, and not asked: nothing of Start's answers with TwiML
	Nouns          []Noun // *Recording, *Stream, or *Other for what kaden does not start
}

// Name is the verb's name in a document.
func (*Start) Name() string { return "Start" }

// Recording, in a Start, records the call from there to its end.
type Recording struct {
	Pos
	Channels string // mono dual; "" is dual
	Recorded
}

// Name is the noun's name in a document.
func (*Recording) Name() string { return "Recording" }

func (c *checker) start(n *node, v values) Verb {
	return &Start{Pos: n.Pos, Action: v["action"], Method: v["method"], Nouns: c.beside(n)}
}

func (r *Recording) write(w *writer) error {
	as, err := r.Recorded.attrs("Recording", "track")
	if err != nil {
		return err
	}
	channels := attr("channels", r.Channels)
	if err := checked("Recording", []Attr{channels}); err != nil {
		return err
	}
	w.leaf("Recording", "", append([]Attr{channels}, as...)...)
	return nil
}

func (s *Start) write(w *writer) error {
	m, err := method(s.Method)
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	w.open("Start", attr("action", s.Action), attr("method", m))
	if err := w.besides("Start", s.Nouns); err != nil {
		return err
	}
	w.close()
	return nil
}
