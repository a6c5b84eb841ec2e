package registrar

import (
	"net/netip"
	"strings"

	"github.com/kaden-project/kaden/account"
)

// Directory finds domains and users. It does not change.
type Directory struct {
	all   []account.Domain
	hosts map[string]*entry
}

type entry struct {
	account.Domain
	users map[string]account.Phone
}

// NewDirectory makes a directory of domains. Of two with the same host the first has it.
func NewDirectory(domains []account.Domain) *Directory {
	d := &Directory{all: domains, hosts: map[string]*entry{}}
	for _, one := range domains {
		e := &entry{Domain: one, users: make(map[string]account.Phone, len(one.Phones))}
		for _, p := range one.Phones {
			if _, twice := e.users[p.User]; !twice {
				e.users[p.User] = p
			}
		}
		for _, h := range append([]string{one.Name}, one.Also...) {
			if h = strings.ToLower(h); d.hosts[h] == nil {
				d.hosts[h] = e
			}
		}
	}
	return d
}

// Domains lists them all, as they were given.
func (d *Directory) Domains() []account.Domain { return d.all }

// Domain finds the domain that has a host.
func (d *Directory) Domain(host string) (*Domain, bool) {
	e, ok := d.hosts[strings.ToLower(host)]
	return (*Domain)(e), ok
}

// Of finds the domain and the user of a SIP address.
func (d *Directory) Of(uri string) (domain *Domain, user string, ok bool) {
	domain, ok = d.Domain(hostOf(uri))
	return domain, userOf(uri), ok
}

// Domain is one of ours, whose users are found at once.
type Domain entry

// Phone finds a user.
func (d *Domain) Phone(user string) (account.Phone, bool) {
	p, ok := d.users[user]
	return p, ok
}

// Allows tells whether calls from a need no password.
func (d *Domain) Allows(a netip.Addr) bool {
	for _, p := range d.Allow {
		if p.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}
