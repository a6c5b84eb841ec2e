package registrar

import (
	"errors"
	"net/netip"
	"time"
)

// Request is what is looked at of a request that may be a phone's.
type Request struct {
	Method        string
	URI, From, To string   // addresses, without display names
	Authorization []string // as they came
	Source        netip.AddrPort
}

// Verdict is what becomes of a request.
type Verdict uint8

// The verdicts.
const (
	Foreign   Verdict = iota // no phone of ours: whoever else takes such requests may
	Admitted                 // it is who it says
	Challenge                // it is asked for a password
	Forbidden                // it has proved who it is and may not do this
	Silent                   // nobody answers
)

// Admission is the verdict on a request.
type Admission struct {
	Verdict      Verdict
	User, Domain string   // Admitted: who it is; User is "" where the address alone was enough
	Challenges   []string // Challenge: the WWW-Authenticate lines
	Why          string
}

// Phone is who was admitted: sato@office.example.jp, or @office.example.jp.
func (a Admission) Phone() string { return a.User + "@" + a.Domain }

// Concerns tells whether a request is a matter of our phones. Those from addresses that are known already (a trunk's)
// are only where their From is one of our users: a carrier may write our own host there.
func (r *Registrar) Concerns(q Request, known bool) bool {
	_, ok := r.owner(q, known)
	return ok
}

// owner is the domain whose phone has sent a request.
func (r *Registrar) owner(q Request, known bool) (*Domain, bool) {
	dir := r.Directory()
	if q.Method == "REGISTER" {
		d, _, ok := dir.Of(q.To)
		return d, ok
	}
	if d, name, ok := dir.Of(q.From); ok {
		if _, ours := d.Phone(name); ours || !known {
			return d, true
		}
	}
	if known {
		return nil, false
	}
	d, _, ok := dir.Of(q.URI)
	return d, ok
}

// Admit judges a request. known: it is from an address that needs no proof for calls to our numbers.
func (r *Registrar) Admit(q Request, known bool) Admission {
	d, ok := r.owner(q, known)
	if !ok {
		return Admission{}
	}
	now := time.Now()
	c := credentials(q.Authorization, d.Name)
	if c == nil {
		if q.Method != "REGISTER" && d.Allows(q.Source.Addr()) {
			return Admission{Verdict: Admitted, Domain: d.Name}
		}
		return r.challenge(d, q, false, now)
	}
	phone, exists := d.Phone(c.Username)
	p, err := r.nonces.check(c, d.Digest, phone.Password, q.Method, q.URI, now)
	if err == nil && !r.use(c.Username+"@"+d.Name, p) {
		err = errStale
	}
	switch {
	case errors.Is(err, errStale):
		return r.challenge(d, q, true, now)
	case err != nil || !exists:
		return r.wrong(d, q, now)
	}
	got := Admission{Verdict: Admitted, User: c.Username, Domain: d.Name}
	if why := r.forbidden(d, q, c.Username); why != "" {
		got.Verdict, got.Why = Forbidden, why
	}
	return got
}

// forbidden says why somebody who is known may not do what is asked; "" is nothing.
func (r *Registrar) forbidden(d *Domain, q Request, user string) string {
	phone, _ := d.Phone(user)
	if q.Method != "REGISTER" {
		if !phone.Calls {
			return "may not call"
		}
		return ""
	}
	switch {
	case !d.Register || !phone.Register:
		return "may not register"
	case userOf(q.To) != user:
		return "registers for somebody else"
	}
	return ""
}

// use takes a proof, once.
func (r *Registrar) use(aor string, p proof) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	u := r.users[aor]
	if u == nil {
		u = &user{}
		r.users[aor] = u
	}
	if !p.after(u.used) {
		return false
	}
	u.used = p
	return true
}

// challenge asks for a password, unless too many were guessed for that user, or from that address. A phone that is
// registered from there is asked all the same: it may only have lost its nonce.
func (r *Registrar) challenge(d *Domain, q Request, stale bool, now time.Time) Admission {
	a := q.Source.Addr().Unmap()
	if !stale && r.guard.closed(a, q.user(), now) && !r.registered(q, a) {
		return Admission{Verdict: Silent, Why: "too many wrong passwords"}
	}
	return Admission{Verdict: Challenge, Challenges: r.nonces.challenges(d.Name, d.Digest, stale, now), Why: errNone.Error()}
}

// wrong refuses a password that is wrong. It is no second challenge: there are phones that answer each one at once,
// for ever.
func (r *Registrar) wrong(d *Domain, q Request, now time.Time) Admission {
	a := q.Source.Addr().Unmap()
	if r.guard.closed(a, q.user(), now) {
		return Admission{Verdict: Silent, Why: "too many wrong passwords"}
	}
	r.guard.guessed(a, q.user(), now)
	if r.guard.tells(now) {
		name := q.user()
		r.log.Warn("wrong password", "phone", name[:min(len(name), 64)]+"@"+d.Name, "from", q.Source.String(), "method", q.Method)
	}
	return Admission{Verdict: Forbidden, Why: errWrong.Error()}
}

// user is whom a request is about.
func (q Request) user() string {
	if q.Method == "REGISTER" {
		return userOf(q.To)
	}
	return userOf(q.From)
}

// registered tells whether the user has a phone at the address.
func (r *Registrar) registered(q Request, a netip.Addr) bool {
	uri := q.From
	if q.Method == "REGISTER" {
		uri = q.To
	}
	d, name, ok := r.Directory().Of(uri)
	if !ok {
		return false
	}
	for _, c := range r.contacts(name + "@" + d.Name) {
		if c.Source.Addr().Unmap() == a {
			return true
		}
	}
	return false
}
