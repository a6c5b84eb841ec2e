package smpp

import (
	"context"
	"fmt"
	"time"
)

// Finding is one thing that was looked at, in words.
type Finding struct {
	What   string
	Text   string
	Remedy string // what to do; "" unless Wrong
	Wrong  bool
}

// checkTime is how long a link that was just made has to be bound.
const checkTime = 5 * time.Second

// Check looks whether an SMSC would take a message now, without sending one. false: there is none of that name.
func (c *Client) Check(ctx context.Context, name string) ([]Finding, bool) {
	l := c.find(name)
	if l == nil {
		return nil, false
	}
	ctx, stop := context.WithTimeout(ctx, checkTime)
	defer stop()
	s, _, _ := l.bound(ctx, time.Time{})
	at := l.standing()
	if s == nil {
		if at.Why == "" {
			at.Why, at.Remedy = fmt.Sprintf("%s has not answered yet", at.Server), "ask again in a moment"
		}
		return []Finding{{What: "bind", Text: at.Why, Remedy: at.Remedy, Wrong: true}}, true
	}
	out := []Finding{{What: "bind", Text: fmt.Sprintf("bound to %s as %s since %s", at.Server, l.doc.User, at.Since.Format(time.RFC3339))}}
	began := time.Now()
	if _, err := s.ask(ctx, enquireLink, nil, checkTime, nil); err != nil {
		return append(out, Finding{What: "enquire_link", Text: err.Error(), Remedy: "the connection is tried again, and made anew if it is dead", Wrong: true}), true
	}
	return append(out, Finding{What: "enquire_link", Text: fmt.Sprintf("answered within %v", time.Since(began).Round(time.Millisecond))}), true
}
