package twiml

// Hangup ends the call.
type Hangup struct{ Pos }

// Name is the verb's name in a document.
func (*Hangup) Name() string { return "Hangup" }

func (c *checker) hangup(n *node, _ values) Verb {
	c.parameters(n)
	return &Hangup{n.Pos}
}

func (h *Hangup) write(w *writer) error {
	w.leaf("Hangup", "")
	return nil
}

// parameters warns of what <Hangup> and <Reject> would tell an <Application> that dialled them.
func (c *checker) parameters(n *node) {
	for _, k := range n.kids {
		if k.node != nil && k.node.name == "Parameter" {
			c.warn(k.node.Pos, 0, n.name, "<Parameter> is not passed on yet", "")
		}
	}
}
