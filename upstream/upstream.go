// Package upstream hands whole calls, and short messages, to another Twilio-compatible platform (上流): Twilio itself, or another kaden.
//
// [Client.Place] orders a call there and follows it: by the platform's signed callbacks, which the Client takes
// as an http.Handler, and by asking where they stay away. What happens is told to the order's Heard as the desk
// of package call would tell it. A call is ordered once: when the answer to an order is lost, the platform is
// searched before anything is ordered again. What an earlier life of this process left there is taken up by
// [Client.Adopt], or ended by [Client.EndGhost]. Without an address at which the platform can reach us, calls can be placed whose script
// needs no answer; see inline.go. With one, a call there can also be a leg of a call here: a Client is a leg.Dialer; see
// leg.go. A Client may be used from any goroutine.
package upstream

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/trunk"
)

// Store keeps the records of calls: a part of call.Store.
type Store interface {
	Change(ctx context.Context, c call.Change) error
	Call(ctx context.Context, account sid.Account, id sid.Call) (call.Record, error)
}

// Gate lets calls onto upstreams at the pace of their documents, as many at once as they carry, and keeps them off
// one that fails; a call.Desk is one. See there.
type Gate interface {
	Book(t trunk.Trunk, id sid.Call, from string, urgent bool) *call.Ticket
	Resume(t trunk.Trunk, id sid.Call) *call.Seat
}

// Config is what a Client works with.
type Config struct {
	Upstreams func() []trunk.Upstream // as they are now
	Store     Store
	Scripts   call.Asker // answers in this process what is asked below Origin
	Origin    string     // what the addresses of people's scripts begin with: never seen outside
	PublicURL string     // how a platform reaches this kaden; "" is not at all
	Secret    []byte     // signs the addresses of callbacks
	Node      string

	Gate Gate // nil: calls go at once, and nobody keeps book of how an upstream fares

	// Letters takes what a platform says of a message that we have sent, and Inbound a message that it brings us:
	// an error lets the platform bring it again. nil: there are none.
	Letters func(id sid.Message, w message.Word)
	Inbound func(ctx context.Context, in In) error

	// Clock paces the sound of legs; nil: whole calls alone are carried.
	Clock *media.Clock

	Limits    Limits
	Transport http.RoundTripper // nil is the network
}

// Limits are the times of the protocol; zero fields are the usual ones.
type Limits struct {
	Request  time.Duration // for one request; 5 s
	Ordering time.Duration // until a call must be known to exist, or another route is taken; 15 s
	Patience time.Duration // that a callback may be late before the platform is asked; 4 s
	Look     time.Duration // between two looks at a call that rings; each is half as long again; 2 s
	Ending   time.Duration // until whoever ordered the call is told that it is over, sure or not; 10 s
	Reaping  time.Duration // that a call which may be left there is looked for and ended; 10 min
}

func (l Limits) complete() Limits {
	l.Request = cmp.Or(l.Request, 5*time.Second)
	l.Ordering = cmp.Or(l.Ordering, 15*time.Second)
	l.Patience = cmp.Or(l.Patience, 4*time.Second)
	l.Look = cmp.Or(l.Look, 2*time.Second)
	l.Ending = cmp.Or(l.Ending, 10*time.Second)
	l.Reaping = cmp.Or(l.Reaping, 10*time.Minute)
	return l
}

// Client places calls at upstreams.
type Client struct {
	log    *slog.Logger
	cfg    Config
	limits Limits
	http   *http.Client
	born   time.Time
	deaf   atomic.Bool  // callbacks do not come through
	spoke  atomic.Int64 // when the last one came, as nanoseconds of the clock

	ctx     context.Context // the life of all requests
	quit    context.CancelFunc
	seeking context.Context // the life of searches for what may not be there
	rest    context.CancelFunc
	working sync.WaitGroup

	mu     sync.Mutex
	live   map[string]*Call // by key
	known  map[string]fate  // by the platforms' SIDs: calls that are accounted for
	skew   map[string]time.Duration
	closed bool
}

// Errors that callers tell apart.
var (
	// ErrShutdown is the answer to orders during the end.
	ErrShutdown = errors.New("kaden is shutting down")
	// ErrNoPublicURL is wrapped when a script needs answers and the platform cannot reach us.
	ErrNoPublicURL = errors.New("this script asks for keys, and without a public URL no upstream can bring them")
)

// New makes a Client. It starts nothing.
func New(log *slog.Logger, cfg Config) *Client {
	cfg.PublicURL = strings.TrimRight(cfg.PublicURL, "/")
	if cfg.Transport == nil {
		cfg.Transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 16, IdleConnTimeout: 30 * time.Second, ForceAttemptHTTP2: true,
			MaxResponseHeaderBytes: 64 << 10,
		}
	}
	c := &Client{
		log: log, cfg: cfg, limits: cfg.Limits.complete(), born: time.Now(),
		live: map[string]*Call{}, known: map[string]fate{}, skew: map[string]time.Duration{},
		http: &http.Client{
			Transport: cfg.Transport,
			// Whoever redirects a request that bears a secret is not whom we know.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	c.ctx, c.quit = context.WithCancel(context.Background())
	c.seeking, c.rest = context.WithCancel(c.ctx)
	return c
}

// find is an upstream by its name.
func (c *Client) find(name string) (trunk.Upstream, error) {
	for _, u := range c.cfg.Upstreams() {
		if u.Name == name {
			return u, nil
		}
	}
	return trunk.Upstream{}, fmt.Errorf("there is no upstream %q", name)
}

// What an order leaves open.
const (
	usualRing  = time.Minute
	usualLimit = 4 * time.Hour
)

// Place hands an order to an upstream. It returns when the order is made out and the call's record durably
// queued; the call goes on by itself. After an error nothing was ordered and Heard is not called.
func (c *Client) Place(ctx context.Context, name string, o call.Order) (*Call, error) {
	u, err := c.find(name)
	if err != nil {
		return nil, err
	}
	if o.To.Scheme != number.Tel {
		return nil, fmt.Errorf("%s takes telephone numbers only, not %s addresses", name, o.To.Scheme)
	}
	if why := u.Refuses(o.To.Number); why != "" { // emergency numbers never leave, by any door
		return nil, errors.New(why)
	}
	if o.SID == "" {
		o.SID = sid.New[sid.Call]()
	}
	o.Ring, o.TimeLimit = cmp.Or(o.Ring, usualRing), cmp.Or(o.TimeLimit, usualLimit)
	k := c.newCall(u, o)
	if err := k.prepare(ctx); err != nil {
		return nil, err
	}
	if !o.Stored {
		if err := c.cfg.Store.Change(ctx, call.Change{Record: k.rec}); err != nil {
			return nil, fmt.Errorf("call not stored: %w", err)
		}
	}
	if c.cfg.Gate != nil { // now, so that who comes first goes first
		k.ticket = c.cfg.Gate.Book(u.Line(), o.SID, k.rec.From, o.Urgent)
	}
	if err := c.enter(k); err != nil {
		if k.ticket != nil {
			k.ticket.Cancel()
		}
		return nil, err
	}
	return k, nil
}

// enter sets a call going, the only one of its attempt at its upstream.
func (c *Client) enter(k *Call) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return ErrShutdown
	case c.live[k.key()] != nil:
		return fmt.Errorf("attempt %s has a call at %s already", k.name, k.up.Name)
	}
	c.live[k.key()] = k
	c.working.Go(k.run)
	return nil
}

// key is a call among those under way: an attempt that one upstream did not serve may be with another, while the
// first one's call is still being ended.
func (k *Call) key() string { return k.up.Name + " " + k.name }

// at finds the call of an attempt that is under way at an upstream, nil if there is none.
func (c *Client) at(upstream, attempt string) *Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.live[upstream+" "+attempt]
}

// named finds the calls of an attempt that are under way anywhere.
func (c *Client) named(attempt string) (all []*Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.live {
		if k.name == attempt {
			all = append(all, k)
		}
	}
	return all
}

// Has tells whether a call, by our own SID, is under way at an upstream.
func (c *Client) Has(id sid.Call) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.live {
		if k.order.SID == id {
			return true
		}
	}
	return false
}

// Calls is the number of whole calls that are not over.
func (c *Client) Calls() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.live {
		if k.leg == nil {
			n++
		}
	}
	return n
}

// Shutdown takes no more orders, ends the calls under way and returns when the platforms have confirmed that,
// or ctx is over. What they have not confirmed is ended by the next life of this process.
func (c *Client) Shutdown(ctx context.Context) error {
	c.mu.Lock()
	c.closed = true
	c.rest()
	for _, k := range c.live {
		k.End(canceled)
	}
	c.mu.Unlock()
	done := make(chan struct{})
	go func() { c.working.Wait(); close(done) }()
	var err error
	select {
	case <-done:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	c.quit()
	<-done
	c.http.CloseIdleConnections()
	return err
}

// leave forgets a call that is over.
func (c *Client) leave(k *Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.live, k.key())
}

// fate is what is known of a call at a platform.
type fate struct {
	at   time.Time
	over bool
}

// knownFor is longer than any call to a person and any search for one.
const knownFor = 6 * time.Hour

// account says that a call at a platform belongs to an attempt, so that no search takes it for another's.
func (c *Client) account(id string) { c.note(id, false) }

// isOverNow says that a call at a platform is over: what comes of it from now on is late.
func (c *Client) isOverNow(id string) { c.note(id, true) }

func (c *Client) note(id string, over bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	for old, f := range c.known {
		if now.Sub(f.at) > knownFor {
			delete(c.known, old)
		}
	}
	c.known[id] = fate{now, over || c.known[id].over}
}

func (c *Client) accounted(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.known[id]
	return ok
}

func (c *Client) isOver(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known[id].over
}

// token proves that an address of callbacks was given out by this kaden.
func (c *Client) token(upstream, attempt string) string {
	h := hmac.New(sha256.New, c.cfg.Secret)
	h.Write([]byte("upstream " + upstream + " " + attempt))
	return hex.EncodeToString(h.Sum(nil)[:16])
}
