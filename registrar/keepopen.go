package registrar

import (
	"context"
	"time"
)

// knockEvery keeps the way to a phone behind a NAT open: the shortest memory of UDP that routers have is 30 s.
const knockEvery = 25 * time.Second

// KeepOpen calls knock for each phone behind a NAT, so often that the router in between does not forget it, until ctx
// ends. The knocks are spread over the time. A phone that holds a connection keeps that open by itself.
func (r *Registrar) KeepOpen(ctx context.Context, knock func(Contact)) error {
	const slots = 100
	tick := time.NewTicker(knockEvery / slots)
	defer tick.Stop()
	for n := 0; ; n = (n + 1) % slots {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		for _, c := range r.behindNAT(n, slots) {
			knock(c)
		}
	}
}

// behindNAT are the phones whose turn it is in slot n of so many.
func (r *Registrar) behindNAT(n, slots int) (list []Contact) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, u := range r.users {
		for _, c := range u.contacts {
			if c.Back && c.Transport == "udp" && int(c.Source.Port())%slots == n && c.Expires.After(now) {
				list = append(list, c)
			}
		}
	}
	return list
}
