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

// Text hands a short message of a phone (from: user@domain) to every phone of the user it is for, and gives what its
// sender is told: 200 when one has it, 404 where there is nobody of that name, 480 where no phone is registered.
func (r *Registrar) Text(ctx context.Context, t Texter, from, to, kind string, body []byte) (status int) {
	user, host, _ := strings.Cut(from, "@")
	domain, list, ours := r.Find(userOf(to), hostOf(to))
	if !ours || domain != host {
		return 404
	}
	if d, ok := r.Directory().Domain(domain); !ok || !d.knows(userOf(to)) {
		return 404
	}
	var all sync.WaitGroup
	answers := make(chan int, len(list))
	for _, c := range list {
		all.Go(func() {
			status, err := t.Text(ctx, r.target(leg.Target{From: user, FromHost: domain}, c), kind, body)
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
		if a < 300 {
			return 200
		}
		status = max(status, a)
	}
	return status
}

func (d *Domain) knows(user string) bool {
	_, ok := d.Phone(user)
	return ok
}
