package main

import (
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/clientsdk"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/store"
)

// A token is worth what its key and its account are worth when a page shows it.
func TestATokenLivesAsLongAsItsKeyAndItsAccount(t *testing.T) {
	seal, err := account.LoadSeal(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), slog.New(slog.DiscardHandler), store.Config{DataDir: t.TempDir(), Seal: seal})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	now := time.Now()
	ours, shop := account.New("main", now), account.New("shop", now)
	shop.Owner = ours.SID
	ourKey, shopKey := account.NewKey(ours.SID, "ci", now), account.NewKey(shop.SID, "ci", now)
	for _, err := range []error{s.PutAccount(t.Context(), ours), s.PutAccount(t.Context(), shop), s.PutKey(t.Context(), ourKey), s.PutKey(t.Context(), shopKey)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	r := &rooms{store: s, secret: []byte("of the data directory"), account: ours}
	own, ownSecret := r.ownKey()

	shows := func(who string, key sid.Key, secret string, of sid.Account, refused string) {
		t.Helper()
		token, err := clientsdk.Mint(key, []byte(secret), clientsdk.Claims{Account: of, Identity: "sato", Incoming: true}, now)
		if err != nil {
			t.Fatal(err)
		}
		c, err := clientsdk.Verify(t.Context(), token, r.signedBy)
		switch {
		case refused == "" && (err != nil || c.Account != of):
			t.Errorf("%s: %+v, %v", who, c, err)
		case refused != "" && (!errors.As(err, new(*clientsdk.Error)) || !strings.Contains(err.Error(), refused)):
			t.Errorf("%s: %+v, %v, want %q", who, c, err, refused)
		}
	}
	becomes := func(status account.Status) {
		t.Helper()
		shop.Status = status
		if err := s.PutAccount(t.Context(), shop); err != nil {
			t.Fatal(err)
		}
	}
	shows("a key of the house", ourKey.SID, ourKey.Secret, ours.SID, "")
	shows("a key of the shop", shopKey.SID, shopKey.Secret, shop.SID, "")
	shows("the console", own, string(ownSecret), ours.SID, "")
	shows("a key of the house, for the shop", ourKey.SID, ourKey.Secret, shop.SID, "another account")
	shows("a key of the shop, for the house", shopKey.SID, shopKey.Secret, ours.SID, "another account")
	shows("the shop's key with the house's secret", shopKey.SID, ourKey.Secret, shop.SID, "signature")
	shows("a key that there never was", sid.New[sid.Key](), ourKey.Secret, ours.SID, "issuer")
	shows("the console's key with its name for a secret", own, string(own), ours.SID, "signature")

	becomes(account.Suspended)
	shows("the key of an account that is suspended", shopKey.SID, shopKey.Secret, shop.SID, "issuer")
	shows("the house meanwhile", ourKey.SID, ourKey.Secret, ours.SID, "")
	if _, _, err := r.signedBy(t.Context(), string(shop.SID)); !errors.Is(err, clientsdk.ErrUnknownIssuer) {
		t.Errorf("a capability token of an account that is suspended: %v", err)
	}
	becomes(account.Active)
	shows("the key of an account that is active again", shopKey.SID, shopKey.Secret, shop.SID, "")
	if owner, secret, err := r.signedBy(t.Context(), string(shop.SID)); err != nil || owner != shop.SID || string(secret) != shop.AuthToken {
		t.Errorf("a capability token of the shop: %s, %v", owner, err)
	}
	if err := s.DeleteKey(t.Context(), shop.SID, shopKey.SID); err != nil {
		t.Fatal(err)
	}
	shows("a key that was deleted", shopKey.SID, shopKey.Secret, shop.SID, "issuer")
	becomes(account.Closed)
	for _, who := range []string{string(shop.SID), string(sid.New[sid.Account]()), "sato", ""} {
		if _, _, err := r.signedBy(t.Context(), who); !errors.Is(err, clientsdk.ErrUnknownIssuer) {
			t.Errorf("a capability token of %q: %v", who, err)
		}
	}
}
