package twiml

import "fmt"

// Reject refuses an unanswered call.
type Reject struct {
	Pos
	Reason string // "rejected" or "busy"; "" is rejected; Parse sets rejected
}

// Name is the verb's name in a document.
func (*Reject) Name() string { return "Reject" }

func (c *checker) reject(n *node, v values) Verb {
	c.parameters(n)
	return &Reject{n.Pos, v.text("reason", "rejected")}
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
	w.leaf("Reject", "", unless("reason", reason, "rejected"))
	return nil
}
