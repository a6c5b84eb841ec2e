package registrar

import (
	"context"
	"strings"
	"sync"

	"github.com/kaden-project/kaden/leg"
)

// Texter hands a short message to one phone and gives the status of its answer; an error is no answer.
type Texter interface {
	Text(ctx context.Context, to leg.Target, kind string, body []byte) (status int, err error)
}

// Text hands a short message of a phone (from: user@domain) to every phone of the user of its own domain it is for, and
// gives what its sender is told: as Deliver does, and 404 for somebody of another domain.
func (r *Registrar) Text(ctx context.Context, t Texter, from, to, kind string, body []byte) (status int) {
	user, host, _ := strings.Cut(from, "@")
	if d, ok := r.Directory().Domain(hostOf(to)); !ok || d.Name != host {
		return 404
	}
	status, _ = r.Deliver(ctx, t, leg.Target{From: user, FromHost: host}, to, kind, body)
	return status
}

// Deliver hands a short message to every phone of the user it is for, and gives the best of their answers: 200 or 202 when
// one has it, 404 where there is nobody of that name, 480 where no phone is registered or none answers. Of from the caller's
// name and number are shown. ours is false where to is in no domain of ours.
func (r *Registrar) Deliver(ctx context.Context, t Texter, from leg.Target, to, kind string, body []byte) (status int, ours bool) {
	domain, list, ours := r.Find(userOf(to), hostOf(to))
	if !ours {
		return 0, false
	}
	if d, ok := r.Directory().Domain(domain); !ok || !d.knows(userOf(to)) {
		return 404, true
	}
	var all sync.WaitGroup
	answers := make(chan int, len(list))
	for _, c := range list {
		all.Go(func() {
			status, err := t.Text(ctx, r.target(from, c), kind, body)
			if err != nil || status < 200 || status >= 300 && status < 400 || status == 401 || status == 407 {
				status = 480 // what only we could answer is nothing to tell the sender
			}
			answers <- status
		})
	}
	all.Wait()
	close(answers)
	status = 480
	for a := range answers {
		switch {
		case a < 300 && status < 300:
			status = min(status, a) // 200 says more than 202
		case a < 300:
			status = a
		case status >= 300:
			status = max(status, a)
		}
	}
	return status, true
}

func (d *Domain) knows(user string) bool {
	_, ok := d.Phone(user)
	return ok
}
