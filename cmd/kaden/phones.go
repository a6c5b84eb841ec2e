package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/api"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/sipleg"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/registrar"
)

// openPhones reads which phones are registered.
func (r *rooms) openPhones(ctx context.Context) (err error) {
	secret := hmac.New(sha256.New, r.secret)
	secret.Write([]byte("phones"))
	r.registrar, err = registrar.New(ctx, r.log, registrar.Config{Store: r.store, Node: r.settings.Node, Secret: secret.Sum(nil)})
	if err != nil {
		return err
	}
	return r.useDomains(ctx, r.house.Load())
}

// useDomains takes the domains of the documents, and those of the API whose names are not taken by them.
func (r *rooms) useDomains(ctx context.Context, set *manifest.Set) error {
	if r.registrar == nil {
		return nil
	}
	made, err := r.store.SIPResources(ctx)
	if err != nil {
		return err
	}
	all := slices.Clone(set.Domains)
	for i := range all {
		all[i].Account = r.account.SID
	}
	r.registrar.Use(append(all, account.DomainsOf(made)...))
	return nil
}

// phoneCalls is what answers a call of one of our phones: its domain's program. Without one it is the number of our own
// that it calls, by its digits or its name (number: reception), and else what the domain's document allows.
func (r *rooms) phoneCalls(i leg.Info) (account.Number, bool) {
	dir := r.registrar.Directory()
	_, host := splitPhone(i.Phone)
	d, ok := dir.Domain(host)
	if !ok {
		return account.Number{}, false
	}
	if !d.Programmed() {
		if n, ok := r.numberCalled(calledBy(i.To)); ok {
			return n, true
		}
	}
	n, ok := d.Answer(i.To)
	if !ok {
		return account.Number{}, false
	}
	if n.Account == "" {
		n.Account = r.account.SID
	}
	if n.Bin != "" {
		n.URL = r.bins.url(n.Bin)
	}
	return n, true
}

// calledBy is what a phone has dialled: a telephone number however it was spelled, or a name.
func calledBy(uri string) string {
	name := registrar.User(uri)
	if n, err := number.Parse(name, number.Home); err == nil && strings.HasPrefix(string(n), "+") {
		return string(n)
	}
	return name
}

// switchboard lets the SIP server ask the registrar.
type switchboard struct {
	*registrar.Registrar
	r *rooms
}

var _ sipleg.Phones = switchboard{}

func request(a sipleg.Appeal) registrar.Request {
	return registrar.Request{Method: a.Method, URI: a.URI, From: a.From, To: a.To, Authorization: a.Authorization, Source: a.Source}
}

func (s switchboard) Concerns(a sipleg.Appeal, known bool) bool {
	return s.Registrar.Concerns(request(a), known)
}

func (s switchboard) Familiar(a netip.Addr) bool { return s.Registrar.Familiar(a) }

func (s switchboard) Admit(a sipleg.Appeal, known bool) sipleg.Admission {
	switch got := s.Registrar.Admit(request(a), known); got.Verdict {
	case registrar.Admitted:
		return sipleg.Admission{Status: 200, Phone: got.Phone(), Encrypt: leg.Encryption(s.Registrar.Sound(got.User, got.Domain))}
	case registrar.Challenge:
		return sipleg.Admission{Status: 401, Challenges: got.Challenges}
	case registrar.Forbidden:
		return sipleg.Admission{Status: 403}
	case registrar.Silent:
		return sipleg.Admission{}
	}
	return sipleg.Admission{Foreign: true}
}

func (s switchboard) Register(ctx context.Context, q sipleg.Registration) sipleg.Receipt {
	list, all, err := registrar.ParseContacts(q.Contacts)
	if err != nil {
		return sipleg.Receipt{Status: 400, Reason: err.Error()}
	}
	user, domain := splitPhone(q.Phone)
	got := s.Registrar.Register(ctx, registrar.Ask{
		User: user, Domain: domain, Contacts: list, All: all, Expires: registrar.Seconds(q.Expires),
		CallID: q.CallID, CSeq: q.CSeq, Source: q.Source, Transport: q.Transport, Agent: q.Agent,
	})
	return sipleg.Receipt{Status: got.Status, Reason: got.Why, Headers: got.Headers(time.Now())}
}

// splitPhone cuts user@domain.
func splitPhone(s string) (user, domain string) {
	i := strings.LastIndexByte(s, '@')
	return s[:max(i, 0)], s[i+1:]
}

// phoneList is what the console shows of them: every user of every domain, with where its phones are.
func (r *rooms) phoneList() []api.Phone {
	list := []api.Phone{}
	contacts := map[string][]api.PhoneContact{}
	for _, c := range r.registrar.All() {
		contacts[c.AOR()] = append(contacts[c.AOR()], api.PhoneContact{
			Address: c.URI, Source: c.Source.String(), Transport: c.Transport, Agent: c.Agent, Since: c.Since, Updated: c.Updated, Expires: c.Expires,
		})
	}
	for _, d := range r.registrar.Directory().Domains() {
		for _, p := range d.Phones {
			id := p.User + "@" + d.Name
			list = append(list, api.Phone{ID: id, Title: p.Title, SRTP: string(d.Sound(p)), Contacts: append([]api.PhoneContact{}, contacts[id]...)})
		}
	}
	return list
}

// sipServer is where phones send SIP, as people type it.
func (r *rooms) sipServer() string {
	host := r.settings.SIP.Advertise
	if host == "" {
		if host = r.sip.Addr().Addr().String(); r.sip.Addr().Addr().IsUnspecified() {
			host = ownAddress()
		}
	}
	if p := r.sip.Addr().Port(); p != 5060 {
		return net.JoinHostPort(host, strconv.Itoa(int(p)))
	}
	return host
}

// sipsServer is where phones send SIP over TLS; "" is nowhere.
func (r *rooms) sipsServer() string {
	at := r.sip.AddrTLS()
	if !at.IsValid() {
		return ""
	}
	host := r.sipServer()
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return net.JoinHostPort(host, strconv.Itoa(int(at.Port())))
}

// phonePassword is what a phone proves itself with.
func (r *rooms) phonePassword(id string) (string, bool) {
	user, domain := splitPhone(id)
	d, ok := r.registrar.Directory().Domain(domain)
	if !ok {
		return "", false
	}
	p, ok := d.Phone(user)
	return p.Password, ok
}

// ownAddress is this machine's on the network that leads outside. Nothing is sent to find out.
func ownAddress() string {
	c, err := net.Dial("udp", "192.0.2.1:9")
	if err != nil {
		return "127.0.0.1"
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).IP.String()
}

// sipBooks is what is made over the API. What changes there holds at once.
type sipBooks struct{ r *rooms }

var _ account.SIPStore = sipBooks{}

func (b sipBooks) SIPResources(ctx context.Context) ([]account.SIPResource, error) {
	return b.r.store.SIPResources(ctx)
}

func (b sipBooks) PutSIPResource(ctx context.Context, one account.SIPResource) error {
	if one.Kind == account.SIPDomain {
		if d, taken := b.r.registrar.Directory().Domain(one.Name); taken && string(d.SID) != one.ID {
			return account.ErrTaken
		}
	}
	if err := b.r.store.PutSIPResource(ctx, one); err != nil {
		return err
	}
	return b.r.useDomains(ctx, b.r.house.Load())
}

func (b sipBooks) DropSIPResources(ctx context.Context, ids []string) error {
	if err := b.r.store.DropSIPResources(ctx, ids); err != nil {
		return err
	}
	return b.r.useDomains(ctx, b.r.house.Load())
}

// knock keeps the way to a phone behind a router open.
func (r *rooms) knock(c registrar.Contact) {
	if err := r.sip.Knock(c.Source, c.URI); err != nil {
		r.log.Debug("phone not knocked at", "phone", c.AOR(), "err", err)
	}
}
