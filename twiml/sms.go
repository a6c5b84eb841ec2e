package twiml

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxSms is how many characters a text may have.
const maxSms = 1600

// Sms sends a text. It is also what a <Message> is, which belongs into the answer to a message that came in.
type Sms struct {
	Pos
	To             string // as written; "" is the other side
	From           string // as written; "" is our side
	Action         string // asked at once for the document that goes on; "" is the next verb
	Method         string // of Action; "" is POST
	StatusCallback string
	Body           string
	Message        bool // it was written as <Message>
}

// Name is the verb's name in a document.
func (s *Sms) Name() string {
	if s.Message {
		return "Message"
	}
	return "Sms"
}

func (c *checker) sms(n *node, v values) Verb {
	s := &Sms{
		Pos: n.Pos, To: v["to"], From: v["from"], Action: v["action"], Method: v["method"], StatusCallback: v["statusCallback"],
		Body: n.text(), Message: n.name == "Message",
	}
	if s.Message {
		c.warn(n.Pos, codeSchema, n.name, "a verb of messaging, not of voice: in a call it is taken for <Sms>", "in a call, <Sms> sends a text")
	}
	for _, k := range n.kids {
		switch {
		case k.node == nil:
		case k.node.name == "Body" && s.Message:
			s.Body = strings.TrimSpace(s.Body + " " + k.node.text())
		case k.node.name == "Media" && s.Message:
			c.warn(k.node.Pos, 0, "Media", "kaden sends text, and no pictures: skipped", "put the link into the text")
		}
	}
	switch length := utf8.RuneCountInString(s.Body); {
	case length == 0:
		c.warn(n.Pos, codeSmsText, n.name, "nothing to write: skipped", "put the text between <"+n.name+"> and </"+n.name+">")
		return nil
	case length > maxSms:
		c.warn(n.Pos, codeSmsText, n.name, fmt.Sprintf("%d characters, and %d are allowed: skipped", length, maxSms), "divide the text among several <"+n.name+">")
		return nil
	}
	return s
}

func (s *Sms) write(w *writer) error {
	m, err := method(s.Method)
	if err != nil {
		return fmt.Errorf("sms: %w", err)
	}
	if n := utf8.RuneCountInString(s.Body); n == 0 || n > maxSms {
		return fmt.Errorf("sms: a text of %d characters; 1 to %d are allowed", n, maxSms)
	}
	w.leaf(s.Name(), s.Body, attr("to", s.To), attr("from", s.From), attr("action", s.Action), attr("method", m), attr("statusCallback", s.StatusCallback))
	return nil
}
