package clientsdk

import (
	"sync"
	"time"
)

// budget is how many frames a page may send: a page in heavy use sends some ten a second for a moment.
type budget struct {
	left float64
	at   time.Time
}

const (
	framesAtOnce  = 100
	framesASecond = 20
)

func newBudget(now time.Time) budget { return budget{framesAtOnce, now} }

func (b *budget) spend(now time.Time) bool {
	b.left = min(framesAtOnce, b.left+now.Sub(b.at).Seconds()*framesASecond)
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

// strangers counts bad tokens by the host that they come from, so that a flood of them is told apart from an app with an old one.
type strangers struct {
	mu  sync.Mutex
	all map[string]*stranger
}

type stranger struct {
	tries int
	since time.Time
}

// A host may show so many bad tokens within a minute. After that its pages are told so. Good tokens are always taken: many
// people may sit behind one address.
const (
	badTokens      = 20
	badTokensIn    = time.Minute
	mostRemembered = 4096 // hosts; a flood from more of them is not ours to stop
)

// erred notes a bad token, and tells whether there have been too many.
func (s *strangers) erred(host string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[string]*stranger{}
	}
	if len(s.all) >= mostRemembered {
		for h, one := range s.all {
			if now.Sub(one.since) > badTokensIn {
				delete(s.all, h)
			}
		}
	}
	one := s.all[host]
	if one == nil || now.Sub(one.since) > badTokensIn {
		one = &stranger{since: now}
		if len(s.all) < mostRemembered {
			s.all[host] = one
		}
	}
	one.tries++
	return one.tries > badTokens
}
