package storetest

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/timeline"
)

func accountsKept(t *testing.T, s Store, reopen func() Store) {
	a := account.Account{SID: owner, Name: "kaden", AuthToken: "0123456789abcdef0123456789abcdef", Created: Base, Updated: Base}
	b := account.Account{SID: stranger, Name: "other", AuthToken: "f", Created: Base, Updated: Base}
	ok(t, s.PutAccount(t.Context(), a))
	ok(t, s.PutAccount(t.Context(), b))
	a.AuthToken, a.Updated = "fedcba9876543210fedcba9876543210", Base.Add(time.Hour)
	ok(t, s.PutAccount(t.Context(), a))
	s = reopen()
	got, err := s.Account(t.Context(), owner)
	ok(t, err)
	same(t, "the account", got, a)
	all, err := s.Accounts(t.Context())
	ok(t, err)
	same(t, "all accounts", all, []account.Account{a, b})
	_, err = s.Account(t.Context(), "AC0")
	is(t, err, account.ErrNotFound)
}

func documentsKept(t *testing.T, s Store, reopen func() Store) {
	sato := manifest.Document{Kind: "person", Name: "sato", Text: "person: sato # 当番\nname: 佐藤\n", File: "people.yaml", Line: 3}
	ntt := manifest.Document{Kind: "trunk", Name: "ntt", Text: "trunk: ntt\npassword: hush\n"}
	plan := manifest.Document{Kind: "plan", Name: "sato", Text: "plan: sato\r\n"}
	ok(t, s.Apply(t.Context(), []manifest.Document{sato, ntt}))
	sato.Text += "language: ja-JP\n"
	ok(t, s.Apply(t.Context(), []manifest.Document{plan, sato}))
	sato.File, sato.Line = "", 0 // belong to the file it was read from
	s = reopen()
	docs, err := s.Documents(t.Context())
	ok(t, err)
	same(t, "documents", docs, []manifest.Document{sato, ntt, plan})
	ok(t, s.Remove(t.Context(), manifest.Ref{Kind: "trunk", Name: "ntt"}))
	is(t, s.Remove(t.Context(), manifest.Ref{Kind: "plan", Name: "sato"}, manifest.Ref{Kind: "trunk", Name: "ntt"}), dispatch.ErrNotFound) // and takes neither
	docs, err = s.Documents(t.Context())
	ok(t, err)
	same(t, "what is left", docs, []manifest.Document{sato, plan})
	ok(t, s.Apply(t.Context(), nil))
	ok(t, s.Remove(t.Context(), manifest.Ref{Kind: "plan", Name: "sato"}, manifest.Ref{Kind: "person", Name: "sato"}))
	docs, err = s.Documents(t.Context())
	ok(t, err)
	if len(docs) != 0 {
		t.Errorf("after all were deleted there are %+v", docs)
	}
}

func versionsKept(t *testing.T, s Store, reopen func() Store) {
	bin := func(text string) manifest.Document { return manifest.Document{Kind: "bin", Name: "night", Text: text} }
	texts := func(want ...string) {
		t.Helper()
		all, err := s.Versions(t.Context(), "bin", "night")
		ok(t, err)
		var got []string
		for i, v := range all {
			got = append(got, v.Text)
			if v.Applied.IsZero() || i > 0 && (v.Number >= all[i-1].Number || v.Applied.After(all[i-1].Applied)) {
				t.Errorf("version %d of %v after one that is newer", v.Number, v.Applied)
			}
		}
		same(t, "versions", got, want)
	}
	texts()
	ok(t, s.Apply(t.Context(), []manifest.Document{bin("one"), {Kind: "person", Name: "night", Text: "person: night"}}))
	ok(t, s.Apply(t.Context(), []manifest.Document{bin("two")}))
	ok(t, s.Apply(t.Context(), []manifest.Document{bin("two"), {Kind: "bin", Name: "day", Text: "x"}}))
	ok(t, s.Apply(t.Context(), []manifest.Document{bin("one")}))
	s = reopen()
	texts("one", "two", "one")
	ok(t, s.Remove(t.Context(), manifest.Ref{Kind: "bin", Name: "night"}))
	texts("one", "two", "one")
	if people, err := s.Versions(t.Context(), "person", "night"); err != nil || len(people) != 0 {
		t.Errorf("a person has %d versions, %v", len(people), err)
	}
	for i := range manifest.VersionsKept + 3 {
		ok(t, s.Apply(t.Context(), []manifest.Document{bin(strings.Repeat("x", i+1))}))
	}
	all, err := s.Versions(t.Context(), "bin", "night")
	ok(t, err)
	if len(all) != manifest.VersionsKept || len(all[0].Text) != manifest.VersionsKept+3 || len(all[len(all)-1].Text) != 4 {
		t.Errorf("%d versions are kept, from %q", len(all), all[0].Text)
	}
}

func ticketsKept(t *testing.T, s Store, _ func() Store) {
	soon := time.Now().Add(time.Hour)
	ok(t, s.PutTicket(t.Context(), "login", "hash", "me", soon))
	if _, found, err := s.Ticket(t.Context(), "session", "hash"); found || err != nil {
		t.Errorf("a login is no session: %v %v", found, err)
	}
	if data, found, err := s.Ticket(t.Context(), "login", "hash"); data != "me" || !found || err != nil {
		t.Errorf("the login: %q %v %v", data, found, err)
	}
	var taken atomic.Int64
	ok(t, errors.Join(atOnce(20, func(int) error {
		data, got, err := s.TakeTicket(t.Context(), "login", "hash")
		if got && data == "me" {
			taken.Add(1)
		}
		return err
	})...))
	if taken.Load() != 1 {
		t.Errorf("%d of 20 took the login, want 1", taken.Load())
	}
	ok(t, s.PutTicket(t.Context(), "login", "old", "me", time.Now().Add(-time.Second)))
	if _, found, err := s.Ticket(t.Context(), "login", "old"); found || err != nil {
		t.Errorf("an expired ticket: %v %v", found, err)
	}
	if _, found, err := s.TakeTicket(t.Context(), "login", "old"); found || err != nil {
		t.Errorf("an expired ticket was taken: %v %v", found, err)
	}
	ok(t, s.PutTicket(t.Context(), "session", "s", "a", soon))
	ok(t, s.PutTicket(t.Context(), "session", "s", "b", soon))
	if data, _, err := s.Ticket(t.Context(), "session", "s"); data != "b" || err != nil {
		t.Errorf("the session: %q %v", data, err)
	}
	ok(t, s.DropTicket(t.Context(), "session", "s"))
	ok(t, s.DropTicket(t.Context(), "session", "s"))
	if _, found, _ := s.Ticket(t.Context(), "session", "s"); found {
		t.Error("a dropped session is there")
	}
}

func oddBytes(t *testing.T, s Store, _ func() Store) {
	long := strings.Repeat("鍵", 20_000)
	for name, key := range map[string]string{"empty": "", "nul": "a\x00b", "broken": "a\xffb", "long": long, "quotes": `'";--?$1`} {
		write(t, s, func(tx dispatch.Tx) error {
			if _, err := tx.SeenDelivery(alert.Delivery{ID: key, Source: "json", Raw: []byte(key), Header: map[string]string{"X": key}}); err != nil {
				return err
			}
			i := Incident("al-"+name, key)
			i.Alert.Title = key
			if err := tx.PutIncident(i); err != nil {
				return err
			}
			return tx.Append(timeline.Event{Kind: timeline.AlertStored, Alert: "al-" + name, Text: key})
		})
		write(t, s, func(tx dispatch.Tx) error {
			i, found, err := tx.OpenIncident("json", key)
			if found {
				t.Errorf("%s: found in another source: %+v", name, i)
			}
			if err != nil {
				return err
			}
			if i, found, err = tx.OpenIncident("mackerel", key); !found || i.ID != "al-"+name {
				t.Errorf("%s: found %v %q by its key", name, found, i.ID)
			}
			return err
		})
	}
	events, err := s.Events(t.Context(), "", 0, 0)
	ok(t, err)
	if len(events) != 5 {
		t.Errorf("%d events, want 5", len(events))
	}
}

// PutSecrets keeps secret wherever a secret belongs: in an account, in an API key and in a document whose name is
// people-and-lines.
func PutSecrets(t *testing.T, s Store, secret string) {
	t.Helper()
	ok(t, s.PutAccount(t.Context(), account.Account{SID: owner, AuthToken: secret, Created: Base, Updated: Base}))
	ok(t, s.PutKey(t.Context(), account.Key{SID: "SK01", Account: owner, Secret: secret, Created: Base, Updated: Base}))
	ok(t, s.Apply(t.Context(), []manifest.Document{{Kind: "trunk", Name: "people-and-lines", Text: "password: " + secret}}))
}
