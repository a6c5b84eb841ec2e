package upstream

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/trunk"
	"github.com/kaden-project/kaden/webhook"
)

// Path is where the platforms' callbacks come in: Path + name/attempt/token of calls; see message.go and leg.go for others.
const Path = "/upstream/"

// maxCallback bounds a callback's body.
const maxCallback = 64 << 10

// ServeHTTP takes a callback. Its address proves that we gave it out, its signature that the platform sent it.
func (c *Client) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	part := strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), Path), "/")
	for i, p := range part {
		if s, err := url.PathUnescape(p); err == nil {
			part[i] = s
		}
	}
	letter := len(part) == 4 && part[1] == partMessages && part[3] == c.token(part[0], "message "+part[2])
	stream := len(part) == 4 && part[1] == partStreams && part[3] == c.token(part[0], "stream "+part[2])
	inbound := len(part) == 2 && part[1] == partInbound // which its signature alone proves
	if c.cfg.PublicURL == "" || !letter && !stream && !inbound && (len(part) != 3 || part[2] != c.token(part[0], part[1])) {
		http.NotFound(w, r)
		return
	}
	u, err := c.find(part[0])
	if err != nil {
		http.NotFound(w, r)
		return
	}
	if stream {
		c.onStream(w, r, u, part[2])
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxCallback)
	if err := c.Signed(u.Token, r); err != nil {
		c.log.Warn("a callback that the upstream did not sign; check its token", "upstream", u.Name, "of", part[1], "err", err)
		http.Error(w, "the signature does not match", http.StatusForbidden)
		return
	}
	c.hears()
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return
	}
	switch {
	case letter:
		c.onMessage(w, u, part[2], r.Form)
		return
	case inbound:
		c.onInbound(w, r, u, r.Form)
		return
	}
	n := readCallback(r.Form)
	if !known(n.sid) {
		http.Error(w, "CallSid is missing", http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
	if k := c.at(u.Name, part[1]); k != nil {
		k.tell(n)
		return
	}
	// An earlier life's, or it is over here. Another node's calls are not ours to judge.
	node := r.Form.Get("node")
	if node == c.cfg.Node && !c.isOver(n.sid) {
		c.stray(u, n, "nobody waits for it")
	}
}

// Signed checks the signature of a request that came to us from a platform with that token.
func (c *Client) Signed(token string, r *http.Request) error {
	return webhook.Validate(token, r, c.cfg.PublicURL+r.URL.RequestURI())
}

// Admit judges a request for a part of an attempt's script: where the attempt's call is at an upstream, that has
// to have signed it, and it shows how far the call is, which is known before Admit returns with that call. Others
// are let through, without one: their address is their pass. The request's form is read.
func (c *Client) Admit(attempt string, r *http.Request) (k *Call, err error) {
	for _, one := range c.named(attempt) {
		if err = c.Signed(one.up.Token, r); err == nil {
			k = one
			break
		}
	}
	switch {
	case err != nil:
		c.log.Warn("a request for a script that the upstream did not sign; check its token", "attempt", attempt, "err", err)
		return nil, err
	case k == nil:
		return nil, nil
	}
	c.hears()
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	n := readCallback(r.Form)
	if !known(n.sid) {
		return k, nil
	}
	seen := make(chan struct{})
	k.post(func() { k.observe(n); close(seen) })
	select {
	case <-seen:
	case <-k.done:
	case <-r.Context().Done():
	}
	return k, nil
}

// readCallback reads what a request of a platform says of its call (contract 4.3).
func readCallback(form url.Values) news {
	n := news{sid: form.Get("CallSid"), status: call.Status(form.Get("CallStatus")), answeredBy: form.Get("AnsweredBy"), text: masked(form.Get("ErrorMessage"))}
	n.sip, n.code = atoi(form.Get("SipResponseCode")), atoi(form.Get("ErrorCode"))
	if rank(n.status) == 0 {
		n.status = ""
	}
	if len(n.answeredBy) > 32 {
		n.answeredBy = ""
	}
	return n
}

// atoi is a small number, 0 for anything else.
func atoi(s string) (n int) {
	if len(s) > 6 {
		return 0
	}
	for _, r := range s {
		if r < '0' || r > '9' {
			return 0
		}
		n = 10*n + int(r-'0')
	}
	return n
}

// stray ends a call there that is nobody's: of an earlier life, or made by an order that was answered twice.
func (c *Client) stray(u trunk.Upstream, n news, why string) {
	if n.status.Over() || !known(n.sid) {
		return
	}
	c.mu.Lock()
	closed := c.closed
	if !closed {
		c.working.Add(1)
	}
	c.mu.Unlock()
	if closed {
		return
	}
	c.account(n.sid)
	go func() {
		defer c.working.Done()
		c.log.Warn("ending a call at the upstream", "upstream", u.Name, "there", n.sid, "why", why)
		c.finishOff(c.ctx, u, n.sid, c.limits.Reaping)
	}()
}

// hears notes that a signed request has come through.
func (c *Client) hears() {
	c.spoke.Store(time.Now().UnixNano())
	if c.deaf.Swap(false) {
		c.log.Info("the upstream's callbacks arrive again")
	}
}

// missed is called when a look was quicker than the callback that tells the same. If none comes after that, none
// come through, and that is said once.
func (c *Client) missed(u trunk.Upstream) {
	at := time.Now().UnixNano()
	time.AfterFunc(c.limits.Patience, func() {
		if c.ctx.Err() != nil || c.spoke.Load() >= at || c.deaf.Swap(true) {
			return
		}
		c.log.Error("callbacks of the upstream do not arrive; its calls are looked at every few seconds instead",
			"upstream", u.Name, "hint", "public-url ("+c.cfg.PublicURL+") must lead to this kaden from outside")
	})
}

// pace sets the time of the next look. Where callbacks come, it is the net for one that does not; else each look
// is half as long again after the last, beginning anew with each piece of news.
func (k *Call) pace() {
	l := k.client.limits
	trusted := k.callbacks() && !k.client.deaf.Load()
	wait, most := l.Look, 4*l.Look
	switch {
	case k.answered && trusted: // its end alone is waited for
		wait, most = 3*l.Patience, 10*l.Patience
	case k.answered:
		most = 8 * l.Look
	case trusted && k.looks == 0:
		wait = l.Patience
	}
	for range k.looks {
		wait = min(wait*3/2, most)
	}
	k.next.Reset(wait)
}

// look asks the platform how the call is.
func (k *Call) look() {
	switch {
	case k.over || k.looking:
		return
	case k.sid == "":
		if !k.ordering {
			return
		}
		k.next.Reset(k.client.limits.Look)
		return
	case k.ending != nil:
		k.hang()
		return
	}
	k.looking = true
	k.looks++
	id := k.sid
	away(k, func(ctx context.Context) (resource, error) { return k.client.fetch(ctx, k.up, id) }, func(r resource, err error) {
		k.looking = false
		var no *refusal
		switch {
		case k.over:
		case err == nil:
			k.blind = 0
			k.observe(r.told(byLook))
		case errors.As(err, &no) && no.code == 20404:
			k.ended(news{status: call.Failed, text: "the upstream does not know the call any more"})
		default:
			k.log.Warn("the upstream does not say how the call is", "there", k.sid, "err", words(err))
			if k.blind++; k.blind == blindness && !k.answered {
				k.lose()
				return
			}
			k.pace()
		}
	})
}

// blindness is after how many looks in vain a call that nobody has answered yet is given up.
const blindness = 3

// lose gives up a call of which nothing can be learnt any more, through no fault of the person's: somebody has to
// be called now. It is pursued there when the platform can be reached again.
func (k *Call) lose() {
	k.log.Error("the upstream cannot be asked any more; the call is given up", "there", k.sid)
	k.end(leg.Fault)
	k.overdue()
}

// redirect lets whoever listens hear another document. A call that cannot be told is ended: it would go on with
// what no longer holds.
func (k *Call) redirect(p call.Program) {
	if k.over || k.ending != nil || k.sid == "" {
		return
	}
	if k.heard != nil {
		k.heard.Stop()
		k.heard = nil
	}
	id := k.sid
	away(k, func(ctx context.Context) (struct{}, error) {
		s, err := k.client.script(ctx, p)
		if err != nil {
			return struct{}{}, err
		}
		v := url.Values{}
		s.into(v)
		_, err = k.client.update(ctx, k.up, id, v)
		return struct{}{}, err
	}, func(_ struct{}, err error) {
		switch {
		case k.over || k.ending != nil:
		case err != nil:
			k.log.Warn("whoever listens was not told; the call is ended", "err", words(err))
			k.end(leg.Completed)
		default:
			k.looks = 0
			k.next.Reset(k.client.limits.Patience)
		}
	})
}

// message tells the house that the message was heard to its end, where the platform cannot: by asking for what
// would come next.
func (k *Call) message() {
	k.heard = nil
	next := k.script.next
	if next == "" || k.over || k.ending != nil {
		return
	}
	away(k, func(ctx context.Context) (struct{}, error) {
		ctx, stop := context.WithTimeout(ctx, 5*time.Second)
		defer stop()
		_, err := k.client.cfg.Scripts.Ask(ctx, call.Ask{Account: k.order.Account, Call: k.order.SID, Method: "POST", URL: next})
		return struct{}{}, err
	}, func(_ struct{}, err error) {
		if err != nil {
			k.log.Warn("the house was not told that the message was heard", "err", err)
		}
	})
}
