package storetest

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/registrar"
)

func phonesKept(t *testing.T, s Store, reopen func() Store) {
	contact := func(n int) registrar.Contact {
		return registrar.Contact{
			ID: fmt.Sprintf("%032x", n), User: "sato", Domain: "office.example.jp", URI: fmt.Sprintf("sip:sato@10.0.0.%d:5062", n),
			Instance: "urn:uuid:0/1", CallID: "a@b", CSeq: 4_000_000_000, Source: netip.MustParseAddrPort("192.0.2.7:31234"), Transport: "udp",
			Back: true, Agent: "電話/1", Q: 1000, Node: "kaden", Since: Base, Updated: Base, Expires: Base.Add(time.Hour),
		}
	}
	one, two, three := contact(1), contact(2), contact(3)
	ok(t, s.KeepContacts(t.Context(), []registrar.Contact{one, two, three}, nil))
	two.CSeq, two.Expires = 7, Base.Add(2*time.Hour)
	ok(t, s.KeepContacts(t.Context(), []registrar.Contact{two}, []string{one.ID, "nobody"}))
	s = reopen()
	got, err := s.Contacts(t.Context())
	ok(t, err)
	same(t, "the phones", got, []registrar.Contact{two, three})
}

func sipKept(t *testing.T, s Store, reopen func() Store) {
	domain := account.SIPResource{ID: "SD1", Account: owner, Kind: account.SIPDomain, Name: "office.example.jp", Body: json.RawMessage(`{"Title":"Büro"}`), Created: Base, Updated: Base}
	secret := account.SIPResource{ID: "CR1", Account: owner, Kind: account.SIPCredential, Parent: "CL1", Name: "sato", Body: json.RawMessage(`{"password":"himitsu"}`), Created: Base, Updated: Base}
	tie := account.SIPResource{ID: "calls SD1 CL1", Account: owner, Kind: account.CallsByPassword, Parent: "SD1", Name: "CL1", Body: json.RawMessage(`{}`), Created: Base, Updated: Base}
	for _, r := range []account.SIPResource{domain, secret, tie} {
		ok(t, s.PutSIPResource(t.Context(), r))
	}
	domain.Name, domain.Updated = "home.example.jp", Base.Add(time.Minute)
	ok(t, s.PutSIPResource(t.Context(), domain))
	s = reopen()
	got, err := s.SIPResources(t.Context())
	ok(t, err)
	same(t, "the resources", got, []account.SIPResource{domain, secret, tie})
	ok(t, s.DropSIPResources(t.Context(), []string{"SD1", "CR1", "nothing"}))
	got, err = s.SIPResources(t.Context())
	ok(t, err)
	same(t, "what is left", got, []account.SIPResource{tie})
}
