package twiml

import (
	"errors"
	"fmt"
	"strings"
)

// Stream sends the sound of the call over a WebSocket: in a Start beside the call, in a Connect in its place and in
// both directions. In a Stop it names the one that ends.
type Stream struct {
	Pos
	URL                  string // wss://…
	Stream               string // its name, for Stop; "" for none
	Track                string // inbound_track outbound_track both_tracks; "" is inbound_track
	StatusCallback       string
	StatusCallbackMethod string            // "" is POST
	Parameters           []Parameter       // told when it begins
	Unrun                map[string]string // connectorName, as written: accepted, not run
}

// Name is the noun's name in a document.
func (*Stream) Name() string { return "Stream" }

var streamUnrun = []string{"connectorName"}

func (c *checker) stream(n *node, v values, in string) *Stream {
	s := &Stream{
		Pos: n.Pos, URL: trim(v["url"]), Stream: v["name"], Track: v["track"],
		StatusCallback: v["statusCallback"], StatusCallbackMethod: v["statusCallbackMethod"], Unrun: v.some(streamUnrun),
	}
	if s.Track == "inbound_track" {
		s.Track = ""
	}
	for _, v := range c.parts(n) {
		s.Parameters = append(s.Parameters, Parameter{v["name"], v["value"]})
	}
	lower := strings.ToLower(s.URL)
	switch {
	case in == "Stop":
	case !strings.HasPrefix(lower, "wss://") && !strings.HasPrefix(lower, "ws://") && !strings.Contains(s.URL, "{{"):
		c.warn(n.Pos, codeURL, n.name, fmt.Sprintf("url=%q is no WebSocket: the call goes on without it", short(s.URL)), "wss://…")
	case in == "Connect" && s.Track != "":
		c.warn(n.Pos, codeSchema, n.name, "in <Connect> it is always the inbound track", "<Start> has the others")
		s.Track = ""
	}
	return s
}

func (s *Stream) write(w *writer) error {
	back, err := method(s.StatusCallbackMethod)
	if err != nil {
		return fmt.Errorf("Stream: %w", err)
	}
	rest, err := kept("Stream", s.Unrun, streamUnrun)
	if err != nil {
		return err
	}
	track := attr("track", s.Track)
	if err := checked("Stream", []Attr{track}); err != nil {
		return err
	}
	w.open("Stream", append([]Attr{
		attr("url", s.URL), attr("name", s.Stream), track, attr("statusCallback", s.StatusCallback), attr("statusCallbackMethod", back),
	}, rest...)...)
	w.parameters(s.Parameters)
	w.close()
	return nil
}

// Connect hands the call's sound over to somebody else, until that one is done with it.
type Connect struct {
	Pos
	Action string // asked when it is over; "" is the next verb
	Method string // "" is POST
	Nouns  []Noun // *Stream, or *Other for what kaden does not connect to; the first *Stream counts
}

// Name is the verb's name in a document.
func (*Connect) Name() string { return "Connect" }

// Stop ends what a Start began.
type Stop struct {
	Pos
	Nouns []Noun // *Stream, or *Other
}

// Name is the verb's name in a document.
func (*Stop) Name() string { return "Stop" }

func (c *checker) connect(n *node, v values) Verb {
	s := &Connect{Pos: n.Pos, Action: v["action"], Method: v["method"], Nouns: c.beside(n)}
	for _, one := range s.Nouns {
		if _, ok := one.(*Stream); ok {
			return s
		}
	}
	c.warn(n.Pos, 0, n.name, "kaden connects to nothing but a <Stream>: the call goes on with the next verb", "")
	return s
}

func (c *checker) stop(n *node, _ values) Verb { return &Stop{n.Pos, c.beside(n)} }

// beside are the nouns of Start, Connect and Stop.
func (c *checker) beside(n *node) (list []Noun) {
	for k, v := range c.parts(n) {
		switch k.name {
		case "Stream":
			list = append(list, c.stream(k, v, n.name))
		case "Recording":
			for range c.parts(k) {
			}
			r := &Recording{Pos: k.Pos, Channels: v["channels"], Recorded: v.recorded("track")}
			if r.Channels == "dual" {
				r.Channels = ""
			}
			list = append(list, r)
		default:
			c.warn(k.Pos, 0, k.name, "kaden does not run it: the call goes on without", "")
			list = append(list, &Other{k.Pos, c.element(k)})
		}
	}
	return list
}

// besides writes them.
func (w *writer) besides(in string, list []Noun) error {
	for _, n := range list {
		if n == nil || !schema[in].has(n.Name()) {
			return fmt.Errorf("%s: %T cannot stand in it", in, n)
		}
		var err error
		switch n := n.(type) {
		case *Stream:
			err = n.write(w)
		case *Recording:
			err = n.write(w)
		case *Other:
			err = w.element(n.Element)
		default:
			err = errors.New("it is of another kind")
		}
		if err != nil {
			return fmt.Errorf("%s: %w", in, err)
		}
	}
	return nil
}

func (s *Connect) write(w *writer) error {
	m, err := method(s.Method)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	w.open("Connect", attr("action", s.Action), attr("method", m))
	if err := w.besides("Connect", s.Nouns); err != nil {
		return err
	}
	w.close()
	return nil
}

func (s *Stop) write(w *writer) error {
	w.open("Stop")
	if err := w.besides("Stop", s.Nouns); err != nil {
		return err
	}
	w.close()
	return nil
}
