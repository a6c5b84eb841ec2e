package memstore

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/registrar"
)

// Contacts lists all registered phones.
func (s *Store) Contacts(ctx context.Context) ([]registrar.Contact, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	all := sorted(s.contacts, func(registrar.Contact) bool { return true })
	slices.SortFunc(all, func(a, b registrar.Contact) int { return cmp.Compare(a.ID, b.ID) })
	return all, nil
}

// KeepContacts inserts or replaces by ID, and drops others, all or nothing.
func (s *Store) KeepContacts(ctx context.Context, put []registrar.Contact, drop []string) error {
	return s.change(ctx, func(t *tx) error {
		for _, id := range drop {
			remove(t, s.contacts, id)
		}
		for _, c := range put {
			c.Since, c.Updated, c.Expires = milli(c.Since), milli(c.Updated), milli(c.Expires)
			putRow(t, s.contacts, c.ID, c)
		}
		return nil
	})
}

// SIPResources lists all SIP resources, oldest first.
func (s *Store) SIPResources(ctx context.Context) ([]account.SIPResource, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	all := sorted(s.sip, func(account.SIPResource) bool { return true })
	for i := range all {
		all[i].Body = bytes.Clone(all[i].Body)
	}
	return all, nil
}

// PutSIPResource inserts or replaces by ID.
func (s *Store) PutSIPResource(ctx context.Context, r account.SIPResource) error {
	r.Body, r.Created, r.Updated = bytes.Clone(r.Body), milli(r.Created), milli(r.Updated)
	return s.change(ctx, func(t *tx) error {
		putRow(t, s.sip, r.ID, r)
		return nil
	})
}

// DropSIPResources removes those with the IDs, all or nothing.
func (s *Store) DropSIPResources(ctx context.Context, ids []string) error {
	return s.change(ctx, func(t *tx) error {
		for _, id := range ids {
			remove(t, s.sip, id)
		}
		return nil
	})
}
