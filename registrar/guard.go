package registrar

import (
	"net/netip"
	"sync"
	"time"
)

// guard counts wrong passwords, by the address they come from and by the user that they are for.
type guard struct {
	mu   sync.Mutex
	bad  map[guilt]bucket
	said bucket // of what is written down about them
}

// guilt is what is counted: guesses for one user from one address, and with user "" all from there.
type guilt struct {
	from netip.Addr
	user string
}

type bucket struct {
	left float64
	at   time.Time
}

// How often an address may guess: so many at once, and one more each so often. Nobody finds a password at that rate, a
// person who types a wrong one is not kept out, nor are the others behind the same router.
const (
	userBurst  = 10
	userEvery  = 10 * time.Second
	totalBurst = 100
	totalEvery = time.Second
	saidBurst  = 50
	saidEvery  = 2 * time.Second
	mostGuilty = 8192
	subscriber = 64 // bits of an IPv6 address that one guest of a network has
)

// counted are the two that a guess counts for.
func counted(a netip.Addr, user string) [2]guilt {
	if a.Is6() {
		p, _ := a.Prefix(subscriber)
		a = p.Addr()
	}
	if len(user) > 64 {
		user = user[:64]
	}
	return [2]guilt{{a, "user " + user}, {a, ""}}
}

func (g guilt) limits() (burst float64, every time.Duration) {
	if g.user == "" {
		return totalBurst, totalEvery
	}
	return userBurst, userEvery
}

// level is what is left in a bucket now.
func (g *guard) level(k guilt, now time.Time) float64 {
	burst, every := k.limits()
	b, ok := g.bad[k]
	if !ok {
		return burst
	}
	return min(burst, b.left+now.Sub(b.at).Seconds()/every.Seconds())
}

// tells tells whether a guess is worth a line in the log. Whoever forges senders could fill the disk with them.
func (g *guard) tells(now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	left := float64(saidBurst)
	if !g.said.at.IsZero() {
		left = min(left, g.said.left+now.Sub(g.said.at).Seconds()/saidEvery.Seconds())
	}
	if left < 1 {
		return false
	}
	g.said = bucket{left - 1, now}
	return true
}

func (g *guard) guessed(a netip.Addr, user string, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.bad == nil {
		g.bad = map[guilt]bucket{}
	}
	for _, k := range counted(a, user) {
		left := g.level(k, now)
		if _, known := g.bad[k]; !known && len(g.bad) >= mostGuilty {
			for other := range g.bad { // any will do: whoever goes on comes again
				delete(g.bad, other)
				break
			}
		}
		g.bad[k] = bucket{max(0, left-1), now}
	}
}

// closed tells whether nobody there is answered any more who has not the right password.
func (g *guard) closed(a netip.Addr, user string, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, k := range counted(a, user) {
		if g.level(k, now) < 1 {
			return true
		}
	}
	return false
}

// forget drops those who have been quiet for long enough.
func (g *guard) forget(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for k := range g.bad {
		if burst, _ := k.limits(); g.level(k, now) >= burst {
			delete(g.bad, k)
		}
	}
}
