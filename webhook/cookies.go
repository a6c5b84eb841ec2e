package webhook

import (
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/kaden-project/kaden/sid"
)

// A call's cookies are dropped when no question was asked for it for so long, or when there are too many calls.
const (
	cookieLife  = 4 * time.Hour // the longest call by default
	cookieCalls = 10_000
)

// cookies keeps a jar for each call whose server sets cookies: Twilio's sessions live as long as the call.
// Jars are not shared between calls, so the public suffix list has nothing to protect here.
type cookies struct {
	mu    sync.Mutex
	calls map[sid.Call]*session
	swept time.Time
}

type session struct {
	jar  *cookiejar.Jar
	used time.Time
}

func newCookies() *cookies { return &cookies{calls: map[sid.Call]*session{}} }

// of is the jar of one call; questions outside a call keep no cookies.
func (c *cookies) of(id sid.Call) http.CookieJar {
	if id == "" {
		return nil
	}
	return callJar{c, id}
}

// callJar makes the jar on the first cookie: most servers set none.
type callJar struct {
	all *cookies
	id  sid.Call
}

func (j callJar) Cookies(u *url.URL) []*http.Cookie {
	j.all.mu.Lock()
	defer j.all.mu.Unlock()
	s := j.all.calls[j.id]
	if s == nil {
		return nil
	}
	s.used = time.Now()
	return s.jar.Cookies(u)
}

func (j callJar) SetCookies(u *url.URL, list []*http.Cookie) {
	now := time.Now()
	j.all.mu.Lock()
	defer j.all.mu.Unlock()
	s := j.all.calls[j.id]
	if s == nil {
		j.all.sweep(now)
		jar, _ := cookiejar.New(nil) // never fails without options
		s = &session{jar: jar}
		j.all.calls[j.id] = s
	}
	s.used = now
	s.jar.SetCookies(u, list)
}

// sweep forgets calls that are over. c.mu is held.
func (c *cookies) sweep(now time.Time) {
	full := len(c.calls) >= cookieCalls
	if !full && now.Sub(c.swept) < time.Minute {
		return
	}
	c.swept = now
	maps.DeleteFunc(c.calls, func(_ sid.Call, s *session) bool { return now.Sub(s.used) > cookieLife })
	if len(c.calls) < cookieCalls {
		return
	}
	all := slices.Collect(maps.Keys(c.calls))
	slices.SortFunc(all, func(a, b sid.Call) int { return c.calls[a].used.Compare(c.calls[b].used) })
	for _, id := range all[:len(all)/8] { // at once, so that not every call that begins has to look for the oldest
		delete(c.calls, id)
	}
}
