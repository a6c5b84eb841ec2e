package twiml

import "fmt"

// Reject refuses an unanswered call.
type Reject struct {
	Pos
	Reason     string      // "rejected" or "busy"; "" is rejected; Parse sets rejected
	Parameters []Parameter // as of [Hangup]
}

// Name is the verb's name in a document.
func (*Reject) Name() string { return "Reject" }

func (c *checker) reject(n *node, v values) Verb {
	return &Reject{n.Pos, v.text("reason", "rejected"), c.parameters(n)}
}

func (r *Reject) write(w *writer) error {
	switch r.Reason {
	case "", "rejected", "busy":
	default:
		return fmt.Errorf("reject: reason %q; rejected or busy", r.Reason)
	}
	reason := r.Reason
	if reason == "" {
		reason = "rejected"
	}
	w.open("Reject", unless("reason", reason, "rejected"))
	w.parameters(r.Parameters)
	w.close()
	return nil
}
