package call

import (
	"fmt"
	"maps"
	"strconv"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/trunk"
)

// MostNested is how many calls to our own numbers may stand inside one another. A loop without a server (a
// <Dial> whose last number is our own, whose TwiML dials again) opens one more each round; a round of nine
// people at 10 s is 90 s, so that such a loop goes on for the four hours that the outermost call may last.
const MostNested = 160

// nestedHeader tells the inbound end of a call to ourselves how deep it is.
const nestedHeader = "X-Kaden-Nested"

// within tells whether the call is to a number of our own and stays in the house.
func (c *Call) within() (bool, error) {
	if c.order.Visit == nil && !c.desk.within(c.order.To) {
		return false, nil
	}
	if c.desk.cfg.Own == nil {
		return true, &cannot{leg.Fault, "nothing here joins calls to applications"}
	}
	if c.nested >= MostNested {
		return true, &cannot{leg.Fault, fmt.Sprintf("our own number is called inside %d calls to our own numbers: the loop ends here", c.nested)}
	}
	return true, nil
}

func (d *Desk) within(to number.Address) bool {
	if to.Scheme != number.Tel || d.cfg.Own == nil || d.cfg.Numbers == nil {
		return false
	}
	_, ours := d.cfg.Numbers(string(to.Number))
	return ours
}

func (c *Call) dialer(t trunk.Trunk) (leg.Dialer, error) {
	if c.own {
		return c.desk.cfg.Own, nil
	}
	return c.desk.dialer(c.order.To.Scheme, t)
}

// target is whom the call dials, over t for telephone numbers that are not our own.
func (c *Call) target(t trunk.Trunk) leg.Target {
	if !c.own {
		return c.order.target(t)
	}
	headers := maps.Clone(c.order.Headers)
	if headers == nil {
		headers = map[string]string{}
	}
	headers[nestedHeader] = strconv.Itoa(c.nested + 1)
	if c.order.Visit != nil {
		headers[visitHeader] = string(c.id)
	}
	return leg.Target{URI: c.order.To.String(), From: c.order.From, Headers: headers}
}

// depth reads the header. A stranger who sets it gets nothing but a shorter loop of his own.
func depth(i leg.Info) int {
	n, err := strconv.Atoi(i.Headers[nestedHeader])
	if err != nil {
		return 0
	}
	return max(0, n)
}

// Owns tells whether called, as Twilio writes it, may be shown by the call: it is a number of its account, one that a
// trunk shows, or one that its account has verified.
func (c *Call) Owns(called string) bool {
	owner := c.Record().Account
	if f := c.desk.cfg.Numbers; f != nil {
		if n, ok := f(called); ok && n.Account == owner {
			return true
		}
	}
	if f := c.desk.cfg.Trunks; f != nil {
		for _, t := range f() {
			if n, err := number.Parse(t.From, number.Home); err == nil && string(n) == called {
				return true
			}
		}
	}
	return c.desk.cfg.Shows != nil && c.desk.cfg.Shows(owner, called)
}

// Reaches tells whether anything here dials addresses of scheme s.
func (c *Call) Reaches(s number.Scheme) bool {
	if s == number.App {
		return c.desk.cfg.Own != nil
	}
	_, err := c.desk.dialer(s, trunk.Trunk{})
	return err == nil
}
