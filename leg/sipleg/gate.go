package sipleg

import (
	"net/netip"
	"sync"
	"time"

	"github.com/kaden-project/kaden/leg"
)

// Request is what is known of a request that belongs to no call, when it is asked whether it is from
// somebody we know. The words are the sender's and may be anything.
type Request struct {
	Method    string
	URI       string
	From, To  string
	UserAgent string
}

// How much is read of one address that is not known, of all of them together, and how many addresses are remembered.
const (
	strangerBurst = 20
	strangerRate  = 5 // messages a second
	crowdBurst    = 4000
	crowdRate     = 1000 // messages a second: about a tenth of a processor
	maxStrangers  = 4096
	friendFor     = 3 * time.Minute
)

// gate keeps scanners from costing anything: from an address that is not known only so many messages a
// second are read, and none is answered. Nor are more of all such addresses together, which may be forged: whoever is known
// would wait behind them.
type gate struct {
	allow    []netip.Prefix
	familiar func(netip.Addr) bool // may be nil
	carrier  func(netip.Addr) bool // a trunk's address: asked where a stranger would not be read. May be nil

	mu        sync.Mutex
	friends   map[netip.Addr]time.Time // till when: they were let in, or we wrote to them
	strangers map[netip.Addr]bucket    // by household
	crowd     bucket                   // all of them
}

type bucket struct {
	left float64
	at   time.Time
}

func newGate(allow []netip.Prefix) *gate {
	return &gate{allow: allow, friends: map[netip.Addr]time.Time{}, strangers: map[netip.Addr]bucket{}}
}

func (g *gate) allowed(a netip.Addr) bool {
	for _, p := range g.allow {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// admit tells whether a message from a is read at all.
func (g *gate) admit(a netip.Addr) bool {
	if g.allowed(a) || g.familiar != nil && g.familiar(a) || g.reads(a) {
		return true
	}
	return g.carrier != nil && g.carrier(a)
}

// reads tells whether a friend or a stranger is read.
func (g *gate) reads(a netip.Addr) bool {
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	if until, ok := g.friends[a]; ok {
		if now.Before(until) {
			return true
		}
		delete(g.friends, a)
	}
	a = leg.Household(a)
	b, ok := g.strangers[a]
	if !ok {
		if len(g.strangers) >= maxStrangers {
			g.forget(now)
		}
		b = bucket{left: strangerBurst, at: now}
	}
	ok = b.take(now, strangerBurst, strangerRate)
	g.strangers[a] = b
	return ok && g.crowd.take(now, crowdBurst, crowdRate)
}

// take takes one out, if there is one; false: it is empty.
func (b *bucket) take(now time.Time, burst, rate float64) bool {
	b.left = min(burst, b.left+now.Sub(b.at).Seconds()*rate)
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

// forget makes room: those whose bucket is full again are as good as new; if there are none, any half.
func (g *gate) forget(now time.Time) {
	for a, b := range g.strangers {
		if b.left+now.Sub(b.at).Seconds()*strangerRate >= strangerBurst {
			delete(g.strangers, a)
		}
	}
	for a := range g.strangers {
		if len(g.strangers) < maxStrangers/2 {
			return
		}
		delete(g.strangers, a)
	}
}

// befriend lets an address in for a while: somebody we call, or who was found to be known.
func (g *gate) befriend(a netip.Addr) {
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := g.friends[a]; until.Sub(now) > friendFor/2 {
		return
	}
	if _, known := g.friends[a]; !known && len(g.friends) >= maxStrangers {
		for f := range g.friends { // any: most are not friends any more, and whoever is comes in again
			delete(g.friends, f)
			break
		}
	}
	g.friends[a] = now.Add(friendFor)
	delete(g.strangers, leg.Household(a))
}
