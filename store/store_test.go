package store_test

import (
	"log/slog"
	"testing"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/store"
	"github.com/kaden-project/kaden/store/storetest"
)

var discard = slog.New(slog.DiscardHandler)

func seal(t testing.TB) *account.Seal {
	t.Helper()
	s, err := account.NewSeal(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// open opens a store that is closed at the end of the test, unless that has happened before.
func open(t testing.TB, c store.Config) *store.Store {
	t.Helper()
	if c.Seal == nil {
		c.Seal = seal(t)
	}
	s, err := store.Open(t.Context(), discard, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, s) })
	return s
}

func shut(t testing.TB, s *store.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func stories(t *testing.T, config func(t *testing.T) store.Config) {
	storetest.Run(t, func(t *testing.T) (storetest.Store, func() storetest.Store) {
		c := config(t)
		s := open(t, c)
		return s, func() storetest.Store {
			shut(t, s)
			s = open(t, c)
			return s
		}
	})
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	stories(t, func(t *testing.T) store.Config { return store.Config{DataDir: t.TempDir()} })
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	stories(t, func(t *testing.T) store.Config { return store.Config{URL: storetest.Postgres(t)} })
}
