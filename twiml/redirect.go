package twiml

import "fmt"

// Redirect goes on with another document.
type Redirect struct {
	Pos
	URL    string // "" is the current document again
	Method string // GET or POST; "" is POST
}

// Name is the verb's name in a document.
func (*Redirect) Name() string { return "Redirect" }

func (c *checker) redirect(n *node, v values) Verb {
	r := &Redirect{Pos: n.Pos, URL: n.text(), Method: v["method"]}
	c.url(n, r.URL)
	return r
}

func (r *Redirect) write(w *writer) error {
	method, err := method(r.Method)
	if err != nil {
		return fmt.Errorf("redirect: %w", err)
	}
	w.leaf("Redirect", r.URL, attr("method", method))
	return nil
}
