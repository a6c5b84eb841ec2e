package call

import (
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/trunk"
)

// A carrier may say that who was called is somewhere else (302 and the like). That number is a stranger's word: it is
// called only if it might have been ordered, which means that it passes all that a number passes: what may never be
// called, what the trunks reach, and nothing that costs more than people expect, because nobody has been warned of it.
// A number of our own and any other address are not followed.

// mostMoves is how often a call may be sent on.
const mostMoves = 3

// moved follows a redirection; false: it is a refusal like any other.
func (c *Call) moved(t *try, e leg.Event) bool {
	if e.Status < 300 || e.Status > 399 || t.line.Name == "" || t.lost || c.rang || c.ending != nil || !c.rec.Answered.IsZero() {
		return false
	}
	to, wants, why := c.movesTo(t, e.Target)
	if why != "" {
		c.say(timeline.CallForwarded, "not-followed", "the carrier says that the number is elsewhere; not called there: "+why)
		return false
	}
	c.moves++
	c.order.To, c.elsewhere = to, to.String()
	c.tried, c.refused = nil, &e
	c.say(timeline.CallForwarded, "moved", "the carrier says that the number is elsewhere: "+number.Mask(string(to.Number))+" is called")
	c.await(c.book(wants))
	return true
}

// movesTo is the number that a carrier names, and the trunks that may carry the call to it; why is the reason against it.
func (c *Call) movesTo(t *try, target string) (to number.Address, wants []trunk.Trunk, why string) {
	if target == "" {
		return to, nil, "it does not say where"
	}
	n, err := number.Parse(numberIn(target), number.Home)
	switch {
	case err != nil:
		return to, nil, "that is no telephone number"
	case n == c.order.To.Number:
		return to, nil, "it is the same number"
	case c.moves >= mostMoves:
		return to, nil, "it has been sent on too often"
	}
	to = number.Address{Scheme: number.Tel, Number: n}
	if c.desk.within(to) {
		return to, nil, "it is a number of our own"
	}
	o := c.order
	o.To, o.Prefer = to, append([]string{t.line.Name}, o.Prefer...)
	if wants, err = c.desk.candidates(o, nil); err != nil {
		return to, nil, err.Error()
	}
	// What people would have been warned of, had they written the number down, is not called without them.
	warned := ""
	wants = slices.DeleteFunc(wants, func(t trunk.Trunk) bool {
		if w := t.Warns(n); w != "" {
			warned = w
			return true
		}
		return false
	})
	if len(wants) == 0 {
		return to, nil, warned
	}
	return to, wants, ""
}

// numberIn is the user of an address, without its parameters: sip:+819011112222;npdi@carrier.example.
func numberIn(target string) string {
	_, rest, _ := strings.Cut(target, ":")
	user, _, _ := strings.Cut(rest, "@")
	user, _, _ = strings.Cut(user, ";")
	return user
}

// forwarded notes that another telephone rings than the one that was called.
func (c *Call) forwarded(e leg.Event) {
	if e.Status != 181 && e.Target == "" || c.sentOn {
		return
	}
	c.sentOn = true
	text := "the call is forwarded: another telephone may ring"
	if user := numberIn(e.Target); user != "" {
		text = "the call is forwarded to " + number.Mask(user) + ": that telephone may ring"
	}
	c.say(timeline.CallForwarded, "forwarded", text)
}

// say puts something on the timeline of the call and of its alert.
func (c *Call) say(k timeline.Kind, cause, text string) {
	ev := c.loud(k, text)
	ev.At, ev.Cause = time.Now().UTC(), cause
	c.untold = append(c.untold, ev)
	c.writeSoon()
}
