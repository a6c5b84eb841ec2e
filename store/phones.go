package store

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/registrar"
)

// contactRow is a phone that is registered. What is only ever read by the registrar is one JSON.
type contactRow struct {
	id      string
	node    string
	expires time.Time
	contact json.RawMessage
}

var contacts = newTable("contact", "id node expires body", func(c *contactRow) []any {
	return []any{&c.id, &c.node, moment{&c.expires}, text{&c.contact}}
})

var allContacts = "SELECT " + contacts.all + " FROM contact ORDER BY id"

// Contacts lists all that were put and not dropped. One that cannot be read is passed over: its phone comes again.
func (s *Store) Contacts(ctx context.Context) (all []registrar.Contact, err error) {
	rows, err := list(ctx, s.db.reader(), contacts, allContacts)
	for _, r := range rows {
		var c registrar.Contact
		if err := json.Unmarshal(r.contact, &c); err != nil {
			s.log.Warn("a registered phone cannot be read", "err", err)
			continue
		}
		all = append(all, c)
	}
	return all, err
}

// KeepContacts inserts or replaces by ID, and drops others, all or nothing.
func (s *Store) KeepContacts(ctx context.Context, put []registrar.Contact, drop []string) error {
	rows := make([]contactRow, len(put))
	for i, c := range put {
		c.Since, c.Updated, c.Expires = milli(c.Since), milli(c.Updated), milli(c.Expires)
		c.Source = netip.AddrPortFrom(c.Source.Addr().Unmap(), c.Source.Port())
		b, err := json.Marshal(c)
		if err != nil {
			return err
		}
		rows[i] = contactRow{c.ID, c.Node, c.Expires, b}
	}
	return s.change(ctx, func(t *tx) error {
		for _, id := range drop {
			if _, err := t.exec("DELETE FROM contact WHERE id = ?", id); err != nil {
				return err
			}
		}
		for i := range rows {
			if _, err := t.exec(contacts.upsert, contacts.fields(&rows[i])...); err != nil {
				return err
			}
		}
		return nil
	})
}

// sipRow is a SIP resource with its body sealed.
type sipRow struct {
	account.SIPResource
	sealed []byte
}

var sipResources = newTable("sip_resource", "id account kind parent name body created updated", func(r *sipRow) []any {
	return []any{&r.ID, &r.Account, &r.Kind, &r.Parent, &r.Name, &r.sealed, moment{&r.Created}, moment{&r.Updated}}
})

// SIPResources lists all SIP resources, oldest first.
func (s *Store) SIPResources(ctx context.Context) (all []account.SIPResource, err error) {
	rows, err := list(ctx, s.db.reader(), sipResources, "SELECT "+sipResources.all+" FROM sip_resource ORDER BY nr")
	for _, r := range rows {
		if r.Body, err = s.seal.Open(r.sealed); err != nil {
			return nil, fmt.Errorf("%s %s: %w (is this the key that belongs to this database?)", r.Kind, r.ID, err)
		}
		all = append(all, r.SIPResource)
	}
	return all, err
}

// PutSIPResource inserts or replaces by ID.
func (s *Store) PutSIPResource(ctx context.Context, r account.SIPResource) error {
	row := sipRow{r, s.seal.Seal(r.Body)}
	return s.change(ctx, func(t *tx) error {
		_, err := t.exec(sipResources.upsert, sipResources.fields(&row)...)
		return err
	})
}

// DropSIPResources removes those with the IDs, all or nothing.
func (s *Store) DropSIPResources(ctx context.Context, ids []string) error {
	return s.change(ctx, func(t *tx) error {
		for _, id := range ids {
			if _, err := t.exec("DELETE FROM sip_resource WHERE id = ?", id); err != nil {
				return err
			}
		}
		return nil
	})
}
