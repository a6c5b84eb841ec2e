package twiml

// Echo lets whoever is on the phone hear themselves until they hang up: the test of a line. It is in Twilio's builders,
// and on no page.
type Echo struct{ Pos }

// Name is the verb's name in a document.
func (*Echo) Name() string { return "Echo" }

func (c *checker) echo(n *node, _ values) Verb { return &Echo{n.Pos} }

func (*Echo) write(w *writer) error {
	w.leaf("Echo", "")
	return nil
}
