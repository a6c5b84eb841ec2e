package account

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/sid"
)

// SIPKind is a kind of SIP resource that the API makes: a domain, a list, something in a list, or the tie between a
// domain and a list.
type SIPKind string

// The kinds. A mapping ties the list Name to the domain Parent.
const (
	SIPDomain         SIPKind = "domain"
	SIPCredentialList SIPKind = "credential-list"
	SIPCredential     SIPKind = "credential"
	SIPAccessList     SIPKind = "access-list"
	SIPAccessAddress  SIPKind = "access-address"
	CallsByPassword   SIPKind = "calls-credential-list"
	CallsByAddress    SIPKind = "calls-access-list"
	Registrations     SIPKind = "registrations-credential-list"
)

// SIPResource is one of them, as it is kept. Body is the rest of it: a Domain, a password, a network.
type SIPResource struct {
	ID      string // its SID; of a mapping kind, domain and list together
	Account sid.Account
	Kind    SIPKind
	Parent  string          // SID of the list a credential or an address is in, or of the domain of a mapping
	Name    string          // DomainName, Username, FriendlyName; of a mapping the list's SID
	Body    json.RawMessage // sealed at rest: it may hold a password
	Created time.Time
	Updated time.Time
}

// ErrTaken is answered for a domain whose name another one has.
var ErrTaken = errors.New("the name is another's")

// SIPStore keeps SIP resources.
type SIPStore interface {
	// SIPResources lists all of them, oldest first.
	SIPResources(ctx context.Context) ([]SIPResource, error)
	// PutSIPResource inserts or replaces by ID.
	PutSIPResource(ctx context.Context, r SIPResource) error
	// DropSIPResources removes those with the IDs, all or nothing. One that is not there is none.
	DropSIPResources(ctx context.Context, ids []string) error
}

// Read fills v with the body.
func (r SIPResource) Read(v any) error { return json.Unmarshal(r.Body, v) }

// Secret is the body of a credential.
type Secret struct {
	Password string `json:"password"`
}

// Network is the body of an address in an access list.
type Network struct {
	Address netip.Addr `json:"address"`
	Bits    int        `json:"bits"`
}

// DomainsOf puts the resources of the API together: each domain with the phones and networks that are tied to it.
// What cannot be read is left out.
func DomainsOf(all []SIPResource) (list []Domain) {
	for _, r := range all {
		var d Domain
		if r.Kind != SIPDomain || r.Read(&d) != nil {
			continue
		}
		d.SID, d.Account, d.Name, d.Created, d.Updated = sid.Domain(r.ID), r.Account, strings.ToLower(r.Name), r.Created, r.Updated
		d.Phones, d.Allow = nil, nil
		for _, tie := range all {
			if tie.Parent == r.ID {
				d.tie(tie, all)
			}
		}
		list = append(list, d)
	}
	return list
}

// tie adds what a mapping leads to.
func (d *Domain) tie(m SIPResource, all []SIPResource) {
	for _, r := range all {
		if r.Parent != m.Name {
			continue
		}
		switch {
		case r.Kind == SIPCredential && (m.Kind == CallsByPassword || m.Kind == Registrations):
			var s Secret
			if r.Read(&s) != nil {
				continue
			}
			i := slices.IndexFunc(d.Phones, func(p Phone) bool { return p.User == r.Name })
			if i < 0 {
				i = len(d.Phones)
				d.Phones = append(d.Phones, Phone{User: r.Name, Password: s.Password})
			}
			if d.Phones[i].Password == s.Password { // of two lists with the same name the first has it
				d.Phones[i].Calls = d.Phones[i].Calls || m.Kind == CallsByPassword
				d.Phones[i].Register = d.Phones[i].Register || m.Kind == Registrations
			}
		case r.Kind == SIPAccessAddress && m.Kind == CallsByAddress:
			var n Network
			if r.Read(&n) == nil {
				if p, err := n.Address.Prefix(n.Bits); err == nil {
					d.Allow = append(d.Allow, p)
				}
			}
		}
	}
}
