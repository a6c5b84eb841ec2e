package twiml

// Hangup ends the call.
type Hangup struct {
	Pos
	Parameters []Parameter // told to whoever has dialled this application, each as ReturnParam_name
}

// Name is the verb's name in a document.
func (*Hangup) Name() string { return "Hangup" }

func (c *checker) hangup(n *node, _ values) Verb { return &Hangup{n.Pos, c.parameters(n)} }

func (h *Hangup) write(w *writer) error {
	w.open("Hangup")
	w.parameters(h.Parameters)
	w.close()
	return nil
}

// parameters reads the <Parameter>s of n.
func (c *checker) parameters(n *node) (list []Parameter) {
	for _, v := range c.parts(n) {
		list = append(list, Parameter{v["name"], v["value"]})
	}
	return list
}
