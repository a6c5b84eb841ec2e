package main

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/clientsdk"
	"github.com/kaden-project/kaden/rest"
	"github.com/kaden-project/kaden/sid"
)

// pageMessages are those between apps' servers and browsers on calls. Who is told of them is forgotten with the call.
type pageMessages struct {
	r *rooms

	mu   sync.Mutex
	subs map[sid.Call][]subscription
}

type subscription struct {
	id       sid.Subscription
	account  sid.Account
	callback string
	method   string
}

var _ rest.Pages = (*pageMessages)(nil)

// Send says something to the page of a call.
func (m *pageMessages) Send(id sid.Call, content string) (sid.UserMessage, error) {
	name := sid.New[sid.UserMessage]()
	if err := m.r.browsers.signal.Send(id, content, "application/json", string(name)); err != nil {
		return "", rest.ErrNoPage
	}
	return name, nil
}

// mostSubscribed is how many may be told of one call.
const mostSubscribed = 10

// Subscribe lets a server be told; one more than may be takes the place of the oldest.
func (m *pageMessages) Subscribe(owner sid.Account, id sid.Call, callback, method string) sid.Subscription {
	m.mu.Lock()
	defer m.mu.Unlock()
	for other := range m.subs {
		if _, live := m.r.desk.Live(other); !live {
			delete(m.subs, other)
		}
	}
	s := subscription{sid.New[sid.Subscription](), owner, callback, method}
	all := append(m.subs[id], s)
	m.subs[id] = all[max(0, len(all)-mostSubscribed):]
	return s.id
}

// Unsubscribe ends that.
func (m *pageMessages) Unsubscribe(owner sid.Account, id sid.Call, one sid.Subscription) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := len(m.subs[id])
	m.subs[id] = slices.DeleteFunc(m.subs[id], func(s subscription) bool { return s.id == one && s.account == owner })
	return len(m.subs[id]) < before
}

// tells takes a message of a page and tells those who want to know. It does not wait for them.
func (m *pageMessages) tells(p clientsdk.Message) error {
	m.mu.Lock()
	subs := slices.Clone(m.subs[p.Call])
	m.mu.Unlock()
	name := p.SID
	if !strings.HasPrefix(name, "KX") {
		name = string(sid.New[sid.UserMessage]())
	}
	for _, s := range subs {
		go func() {
			ctx, stop := context.WithTimeout(context.Background(), 15*time.Second)
			defer stop()
			method := s.method
			if method == "" {
				method = "POST"
			}
			_, err := m.r.journal.Ask(ctx, call.Ask{Account: p.Account, Call: p.Call, Method: method, URL: s.callback, Params: url.Values{
				"AccountSid": {string(p.Account)}, "CallSid": {string(p.Call)}, "Sid": {name},
				"ContentType": {p.ContentType}, "Content": {p.Content},
			}})
			if err != nil {
				m.r.log.Warn("nobody took the message of a page", "call", p.Call, "err", err)
			}
		}()
	}
	return nil
}
