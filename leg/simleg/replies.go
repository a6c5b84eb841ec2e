package simleg

import (
	"maps"

	"github.com/kaden-project/kaden/leg"
)

// Replies gives the phone X-… headers for its answer, or its refusal. It comes before those.
func (p *Phone) Replies(headers map[string]string) {
	p.n.post(func() { p.n.replies = maps.Clone(headers) })
}

// reply is the phone's final answer, with the headers that it has for it.
func (n *line) reply(e leg.Event) leg.Event {
	if !n.info.Inbound {
		e.Headers = n.replies
	}
	return e
}
