package webhook

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

// connection is how patient one question is; Twilio's page "Webhooks: Connection Overrides".
// Zero durations mean the Client's own.
type connection struct {
	connect time.Duration // ct: until a connection stands
	read    time.Duration // rt: until the first byte of the reply, and between its pieces
	total   time.Duration // tt: for all tries together
	retries int           // rc
	policy  string        // rp: words out of ct rt 4xx 5xx all, with commas
}

// defaults are Twilio's: two tries of 5 s to connect, and 15 s in all.
var defaults = connection{connect: 5 * time.Second, read: 15 * time.Second, total: 15 * time.Second, retries: 1, policy: "ct"}

// overrides reads the fragment of a URL: ct=2000&rc=2&rp=5xx,ct. Keys and values that are not understood
// (an anchor, e=frankfurt, sni) leave the defaults alone, and numbers are brought into Twilio's limits.
func overrides(fragment string) connection {
	c := connection{retries: defaults.retries, policy: defaults.policy}
	keys, err := url.ParseQuery(fragment)
	if err != nil {
		return c
	}
	ms := func(key string, most int) time.Duration {
		n, err := strconv.Atoi(keys.Get(key))
		if err != nil {
			return 0
		}
		return time.Duration(min(max(n, 100), most)) * time.Millisecond
	}
	c.connect, c.read, c.total = ms("ct", 10_000), ms("rt", 15_000), ms("tt", 15_000)
	if n, err := strconv.Atoi(keys.Get("rc")); err == nil {
		c.retries = min(max(n, 0), 5)
	}
	if p := keys.Get("rp"); p != "" {
		c.policy = p
	}
	return c
}

// again tells whether the policy names one of the words.
func (c connection) again(words ...string) bool {
	for p := range strings.SplitSeq(c.policy, ",") {
		p = strings.TrimSpace(p)
		for _, w := range words {
			if p == "all" || p == w {
				return true
			}
		}
	}
	return false
}
