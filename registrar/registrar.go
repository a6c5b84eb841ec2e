// Package registrar knows which phones of ours are where, and who a caller has proved to be.
//
// A [Contact] is one place at which a phone can be called. [Decide] says what a REGISTER changes (RFC 3261 section
// 10, and of RFC 5626 what needs no promise of ours), [Directory] which domains and users there are, and [Dialer]
// rings every contact of a user as one leg. What decides is pure; the [Registrar] keeps contacts in memory and in
// its [Store], so that a restart forgets no phone.
package registrar

import (
	"cmp"
	"context"
	"hash/maphash"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kaden-project/kaden/account"
)

// Store keeps contacts.
type Store interface {
	// Contacts lists all that were put and not dropped.
	Contacts(ctx context.Context) ([]Contact, error)
	// KeepContacts inserts or replaces by ID, and drops others, all or nothing.
	KeepContacts(ctx context.Context, put []Contact, drop []string) error
}

// Config is what a Registrar works with. Store and Secret are required.
type Config struct {
	Store  Store
	Node   string // a phone is called by the machine that it has registered with
	Secret []byte // nonces are made of it; it should outlive the process, so that phones need not ask twice
	Limits Limits
}

// Registrar keeps the phones. It is safe for concurrent use.
type Registrar struct {
	log    *slog.Logger
	cfg    Config
	nonces nonces
	guard  guard
	dir    atomic.Pointer[Directory]

	turns [64]sync.Mutex // one change of a user's contacts at a time
	seed  maphash.Seed

	mu      sync.Mutex
	users   map[string]*user   // by user@domain
	sources map[netip.Addr]int // contacts that came from there
}

// user is what is remembered of one; most have one contact, and then it is all there is.
type user struct {
	contacts []Contact
	used     proof // the last that was taken
}

// storing is how long a phone may wait for the disk.
const storing = 3 * time.Second

// New makes a Registrar and reads what is kept.
func New(ctx context.Context, log *slog.Logger, cfg Config) (*Registrar, error) {
	r := &Registrar{
		log: log, cfg: cfg, nonces: nonces{cfg.Secret}, seed: maphash.MakeSeed(),
		users: map[string]*user{}, sources: map[netip.Addr]int{},
	}
	r.cfg.Limits = cfg.Limits.orDefault()
	r.dir.Store(NewDirectory(nil))
	all, err := cfg.Store.Contacts(ctx)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	var old []string
	for _, c := range all {
		switch {
		case c.Expires.Before(now.Add(-forgotten)): // of a machine that is no more
			old = append(old, c.ID)
		case c.Node == cfg.Node && c.Expires.After(now):
			r.change(c.AOR(), []Contact{c}, nil)
		}
	}
	if len(old) > 0 {
		err = cfg.Store.KeepContacts(ctx, nil, old)
	}
	return r, err
}

// forgotten is how long after its end a registration is kept for the machine that it was made with.
const forgotten = 24 * time.Hour

// Use makes these the domains. Contacts of users who are no longer in them are not called any more.
func (r *Registrar) Use(domains []account.Domain) { r.dir.Store(NewDirectory(domains)) }

// Directory is the domains as they are now.
func (r *Registrar) Directory() *Directory { return r.dir.Load() }

// sweepEvery is how often contacts that have expired are cleared away. Nobody is called at one after its time all
// the same.
const sweepEvery = time.Minute

// Run clears away what has expired until ctx ends.
func (r *Registrar) Run(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			r.sweep(ctx, now)
		}
	}
}

func (r *Registrar) sweep(ctx context.Context, now time.Time) {
	gone := map[string][]string{}
	r.mu.Lock()
	for aor, u := range r.users {
		for _, c := range u.contacts {
			if !c.Expires.After(now) {
				gone[aor] = append(gone[aor], c.ID)
			}
		}
	}
	r.mu.Unlock()
	for aor, ids := range gone {
		turn := r.turn(aor)
		turn.Lock()
		ids = slices.DeleteFunc(ids, func(id string) bool { // it may have come again meanwhile
			return slices.ContainsFunc(r.contacts(aor), func(c Contact) bool { return c.ID == id && c.Expires.After(now) })
		})
		r.change(aor, nil, ids)
		if err := r.cfg.Store.KeepContacts(ctx, nil, ids); err != nil && ctx.Err() == nil {
			r.log.Warn("expired registrations stay in the database for now", "err", err)
		}
		turn.Unlock()
	}
	r.guard.forget(now)
}

func (r *Registrar) turn(aor string) *sync.Mutex {
	return &r.turns[maphash.String(r.seed, aor)%uint64(len(r.turns))]
}

// Register does what a phone asks that has proved who it is (a.User, a.Domain). The answer says all of what it is
// to be told. Where the disk does not answer the phone is taken all the same, for a short time: it can be called.
func (r *Registrar) Register(ctx context.Context, a Ask) Answer {
	aor := a.User + "@" + a.Domain
	turn := r.turn(aor)
	turn.Lock()
	defer turn.Unlock()
	now := time.Now()
	got := Decide(r.contacts(aor), a, r.cfg.Limits, now)
	if got.Status != 200 || len(got.Put) == 0 && len(got.Drop) == 0 {
		return got
	}
	for i := range got.Put {
		got.Put[i].Node = r.cfg.Node
	}
	ctx, stop := context.WithTimeout(ctx, storing)
	defer stop()
	if err := r.cfg.Store.KeepContacts(ctx, got.Put, got.Drop); err != nil {
		r.log.Error("registration is not kept: a restart would forget this phone", "phone", aor, "err", err)
		got.shorten(now.Add(r.cfg.Limits.Least))
	}
	r.change(aor, got.Put, got.Drop)
	return got
}

// forget drops a contact of which it was found out that it leads nowhere, unless its phone has come again meanwhile.
func (r *Registrar) forget(c Contact, why error) {
	turn := r.turn(c.AOR())
	turn.Lock()
	defer turn.Unlock()
	if !slices.ContainsFunc(r.contacts(c.AOR()), func(now Contact) bool {
		return now.ID == c.ID && now.CallID == c.CallID && now.CSeq == c.CSeq && now.Source == c.Source
	}) {
		return
	}
	r.log.Warn("a phone is not registered any more", "phone", c.AOR(), "contact", c.URI, "source", c.Source.String(), "err", why)
	r.change(c.AOR(), nil, []string{c.ID})
	ctx, stop := context.WithTimeout(context.Background(), storing)
	defer stop()
	if err := r.cfg.Store.KeepContacts(ctx, nil, []string{c.ID}); err != nil {
		r.log.Warn("a phone that is gone stays in the database for now", "phone", c.AOR(), "err", err)
	}
}

// change is what a decision does to the memory.
func (r *Registrar) change(aor string, put []Contact, drop []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	u := r.users[aor]
	if u == nil {
		u = &user{}
		r.users[aor] = u
	}
	u.contacts = slices.DeleteFunc(slices.Clone(u.contacts), func(c Contact) bool {
		out := slices.Contains(drop, c.ID) || slices.ContainsFunc(put, func(p Contact) bool { return p.ID == c.ID })
		if out {
			r.count(c, -1)
		}
		return out
	})
	for _, c := range put {
		r.count(c, 1)
	}
	u.contacts = slices.Clip(append(u.contacts, put...))
	if len(u.contacts) == 0 && u.used == (proof{}) {
		delete(r.users, aor)
	}
}

func (r *Registrar) count(c Contact, n int) {
	a := c.Source.Addr()
	if r.sources[a] += n; r.sources[a] <= 0 {
		delete(r.sources, a)
	}
}

// contacts of an address, those that have expired too.
func (r *Registrar) contacts(aor string) []Contact {
	r.mu.Lock()
	defer r.mu.Unlock()
	if u := r.users[aor]; u != nil {
		return u.contacts
	}
	return nil
}

// Familiar tells whether a phone that is registered came from a.
func (r *Registrar) Familiar(a netip.Addr) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sources[a.Unmap()] > 0
}

// Find gives the contacts of a user, the one that wants to be called first in front; ours is false where host is no
// domain of ours.
func (r *Registrar) Find(name, host string) (domain string, list []Contact, ours bool) {
	d, ok := r.Directory().Domain(host)
	if !ok {
		return "", nil, false
	}
	if p, ok := d.Phone(name); !ok || !p.Register || !d.Register {
		return d.Name, nil, true
	}
	now := time.Now()
	for _, c := range r.contacts(name + "@" + d.Name) {
		if c.Expires.After(now) {
			list = append(list, c)
		}
	}
	slices.SortStableFunc(list, func(a, b Contact) int {
		return cmp.Or(cmp.Compare(b.Q, a.Q), b.Updated.Compare(a.Updated))
	})
	return d.Name, list, true
}

// Sound is whether the sound of a user's phones is encrypted; "" where nothing is said, or nobody has that name.
func (r *Registrar) Sound(user, host string) account.SRTP {
	d, ok := r.Directory().Domain(host)
	if !ok {
		return ""
	}
	p, _ := d.Phone(user)
	return d.Sound(p)
}

// All lists every contact that can be called now, by user and domain.
func (r *Registrar) All() (list []Contact) {
	now := time.Now()
	dir := r.Directory()
	r.mu.Lock()
	for _, u := range r.users {
		for _, c := range u.contacts {
			if d, ok := dir.Domain(c.Domain); ok && c.Expires.After(now) {
				if p, ok := d.Phone(c.User); ok && p.Register {
					list = append(list, c)
				}
			}
		}
	}
	r.mu.Unlock()
	slices.SortFunc(list, func(a, b Contact) int {
		return cmp.Or(strings.Compare(a.Domain, b.Domain), strings.Compare(a.User, b.User), a.Since.Compare(b.Since), strings.Compare(a.ID, b.ID))
	})
	return list
}
