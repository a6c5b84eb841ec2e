package twiml

import "fmt"

// Start begins something that goes on beside the call; the next verb follows at once.
type Start struct {
	Pos
	Action, Method string // read, and not asked: nothing of Start's answers with TwiML
	Nouns          []Noun // *Recording, or *Other for what kaden does not start yet
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
	s := &Start{Pos: n.Pos, Action: v["action"], Method: v["method"]}
	for k, v := range c.parts(n) {
		if k.name != "Recording" {
			c.warn(k.Pos, 0, k.name, "kaden does not start it yet: the call goes on without", "")
			s.Nouns = append(s.Nouns, &Other{k.Pos, c.element(k)})
			continue
		}
		for range c.parts(k) {
		}
		r := &Recording{Pos: k.Pos, Channels: v["channels"], Recorded: v.recorded("track")}
		if r.Channels == "dual" {
			r.Channels = ""
		}
		s.Nouns = append(s.Nouns, r)
	}
	return s
}

func (s *Start) write(w *writer) error {
	m, err := method(s.Method)
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	w.open("Start", attr("action", s.Action), attr("method", m))
	for _, n := range s.Nouns {
		switch n := n.(type) {
		case *Recording:
			as, err := n.Recorded.attrs("Recording", "track")
			if err != nil {
				return fmt.Errorf("start: %w", err)
			}
			channels := attr("channels", n.Channels)
			if err := checked("Recording", []Attr{channels}); err != nil {
				return fmt.Errorf("start: %w", err)
			}
			w.leaf("Recording", "", append([]Attr{channels}, as...)...)
		case *Other:
			if !schema["Start"].has(n.Element.Tag) {
				return fmt.Errorf("start: <%s> cannot stand in it", n.Element.Tag)
			}
			if err := w.element(n.Element); err != nil {
				return fmt.Errorf("start: %w", err)
			}
		default:
			return fmt.Errorf("start: %T cannot stand in it", n)
		}
	}
	w.close()
	return nil
}
