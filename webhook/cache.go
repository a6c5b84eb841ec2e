package webhook

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
)

// Limits of what is kept.
const (
	cacheWeight  = 64 << 20       // bytes of all answers
	cacheLargest = 16 << 20       // of one
	cacheLongest = 72 * time.Hour // what our own Cache-Control asks for; after that a server is asked again
)

// cache keeps answers to GET as far as their servers allow it, for each account apart (RFC 9111, as a private cache;
// Twilio: "How Twilio caches"). Without a word from the server nothing is kept. Sound files live from it: documents
// carry a CallSid in their URL and are seldom asked for twice.
type cache struct {
	mu     sync.Mutex
	kept   map[string]*keptReply
	weight int
}

type keptReply struct {
	reply  call.Reply
	born   time.Time // when its server made it, as far as it says
	fresh  time.Time // until then nobody needs to be asked
	asked  time.Time // last
	weight int
}

func newCache() *cache { return &cache{kept: map[string]*keptReply{}} }

// key is what an answer is kept under; "" for a question whose answer may not come from the cache.
func (q question) key(owner sid.Account) string {
	if q.method != http.MethodGet || q.tells {
		return ""
	}
	return string(owner) + " " + q.url.String()
}

// get is what is kept. Where it is not fresh any more it is good for asking its server whether it has changed.
func (c *cache) get(key string, now time.Time) (r call.Reply, fresh, ok bool) {
	if key == "" {
		return call.Reply{}, false, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.kept[key]
	if k == nil {
		return call.Reply{}, false, false
	}
	k.asked = now
	r = k.reply
	r.Header = maps.Clone(k.reply.Header)
	http.Header(r.Header).Set("Age", strconv.Itoa(int(max(0, now.Sub(k.born)).Seconds()))) // RFC 9111 5.1
	return r, now.Before(k.fresh), true
}

// condition makes a request one for news only.
func condition(h http.Header, kept call.Reply) {
	had := http.Header(kept.Header)
	if tag := had.Get("ETag"); tag != "" {
		h.Set("If-None-Match", tag)
	}
	if since := had.Get("Last-Modified"); since != "" {
		h.Set("If-Modified-Since", since)
	}
}

// put keeps a whole answer, if its server allows it, and forgets what was there before.
func (c *cache) put(key string, r call.Reply, now time.Time) {
	if key == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(key)
	h := http.Header(r.Header)
	life, born, ok := lifetime(h, now)
	checkable := h.Get("ETag") != "" || h.Get("Last-Modified") != ""
	weight := len(key) + len(r.Body) + 1024
	for name, values := range h {
		weight += len(name) + len(strings.Join(values, ""))
	}
	if r.Status != http.StatusOK || !ok || life <= 0 && !checkable || weight > cacheLargest {
		return
	}
	for c.weight+weight > cacheWeight {
		c.makeRoom()
	}
	c.kept[key] = &keptReply{reply: r, born: born, fresh: born.Add(life), asked: now, weight: weight}
	c.weight += weight
}

// renew is what is kept after its server has said that it has not changed (RFC 9111 4.3.4).
func (c *cache) renew(key string, kept call.Reply, news http.Header, now time.Time) call.Reply {
	h := http.Header(kept.Header).Clone()
	h.Del("Age")
	for name, values := range news {
		switch name {
		case "Content-Length", "Content-Type", "Content-Encoding", "Transfer-Encoding", "Content-Range":
		default:
			h[name] = values
		}
	}
	kept.Header = h
	c.put(key, kept, now)
	return kept
}

// makeRoom forgets those that were not wanted for the longest time: an eighth of all at once, because many servers send an
// ETag with each document of each call, and to look for the oldest takes as long as there are answers.
func (c *cache) makeRoom() {
	all := slices.Collect(maps.Keys(c.kept))
	slices.SortFunc(all, func(a, b string) int { return c.kept[a].asked.Compare(c.kept[b].asked) })
	for _, key := range all[:(len(all)+7)/8] {
		c.drop(key)
	}
}

func (c *cache) drop(key string) {
	if k := c.kept[key]; k != nil {
		c.weight -= k.weight
		delete(c.kept, key)
	}
}

// lifetime is how long an answer may be used without asking again, and since when; not ok is one that may not be
// kept at all.
func lifetime(h http.Header, now time.Time) (life time.Duration, born time.Time, ok bool) {
	words := directives(h.Values("Cache-Control"))
	if _, no := words["no-store"]; no || len(h.Values("Set-Cookie")) > 0 || varies(h) {
		return 0, now, false
	}
	born = now
	if age, err := strconv.Atoi(h.Get("Age")); err == nil && age > 0 {
		born = now.Add(-min(time.Duration(age)*time.Second, cacheLongest))
	}
	if _, no := words["no-cache"]; no {
		return 0, born, true
	}
	if text, said := words["max-age"]; said {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			n = 0 // RFC 9111 4.2.1: what cannot be read is stale
		}
		return min(time.Duration(min(n, 1<<30))*time.Second, cacheLongest), born, true
	}
	if until, err := http.ParseTime(h.Get("Expires")); err == nil {
		date, err := http.ParseTime(h.Get("Date"))
		if err != nil {
			date = now
		}
		return min(until.Sub(date), cacheLongest), born, true
	}
	return 0, born, true
}

// varies tells whether the answer depends on what differs between our requests; the rest of them is always the same.
func varies(h http.Header) bool {
	for _, line := range h.Values("Vary") {
		for name := range strings.SplitSeq(line, ",") {
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "*", "cookie", "x-twilio-signature", "i-twilio-idempotency-token":
				return true
			}
		}
	}
	return false
}

// directives are the words of Cache-Control, in small letters, with their values.
func directives(lines []string) map[string]string {
	out := map[string]string{}
	for _, line := range lines {
		for word := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(word), "=")
			out[strings.ToLower(name)] = strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return out
}
