package twiml

import "fmt"

// Refer asks whoever is on the phone, over SIP, to call somebody else in our place: the call leaves this house.
type Refer struct {
	Pos
	Action string // asked when it is known how that went; "" is the next verb
	Method string // GET or POST; "" is POST
	Sip    *Sip   // whom; headers in its address are for the new call. nil: nobody, and the next verb follows
}

// Name is the verb's name in a document.
func (*Refer) Name() string { return "Refer" }

func (c *checker) refer(n *node, v values) Verb {
	r := &Refer{Pos: n.Pos, Action: v["action"], Method: v["method"]}
	for k, v := range c.parts(n) {
		if r.Sip != nil {
			c.warn(k.Pos, codeSchema, n.name, "one <Sip> is enough: this one is skipped", "")
			continue
		}
		r.Sip, _ = c.sip(k, v).(*Sip)
	}
	if r.Sip == nil {
		c.warn(n.Pos, codeSchema, n.name, "nobody to call: the call goes on with the next verb", "<Sip>sip:user@host</Sip> says whom")
	}
	return r
}

func (r *Refer) write(w *writer) error {
	m, err := method(r.Method)
	if err != nil {
		return fmt.Errorf("refer: %w", err)
	}
	w.open("Refer", attr("action", r.Action), attr("method", m))
	if r.Sip != nil {
		if err := r.Sip.write(w); err != nil {
			return fmt.Errorf("refer: %w", err)
		}
	}
	w.close()
	return nil
}
