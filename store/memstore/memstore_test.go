package memstore_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/store/memstore"
	"github.com/kaden-project/kaden/store/storetest"
)

func TestStories(t *testing.T) {
	for _, redo := range []bool{false, true} {
		t.Run(map[bool]string{false: "once", true: "each function twice"}[redo], func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) (storetest.Store, func() storetest.Store) {
				s := memstore.New()
				s.Redo(redo)
				return s, func() storetest.Store { s = s.Reopen(); return s }
			})
		})
	}
}

func TestTheSameDeliveryAfterTenMinutesIsAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memstore.New()
		seen := func() (seen bool) {
			if err := s.Write(t.Context(), func(tx dispatch.Tx) (err error) {
				seen, err = tx.SeenDelivery(alert.Delivery{ID: "m-1", Source: "json"})
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return seen
		}
		first := seen()
		time.Sleep(9 * time.Minute)
		second := seen()
		time.Sleep(time.Minute)
		third := seen()
		if first || !second || third {
			t.Errorf("seen at 0, 9 and 10 minutes: %v %v %v, want false true false", first, second, third)
		}
	})
}

func TestALeasePassesByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memstore.New()
		a, err := s.Join(t.Context(), "a", "")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Beat(t.Context(), "a", a, 6*time.Second); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		if _, err := s.Join(t.Context(), "a", ""); err == nil {
			t.Error("the name was given away after 5 s")
		}
		time.Sleep(2 * time.Second)
		if _, err := s.Join(t.Context(), "a", ""); err != nil {
			t.Errorf("after 7 s: %v", err)
		}
	})
}

func TestABrokenStoreSaysSoUntilItIsMended(t *testing.T) {
	s := memstore.New()
	down := errors.New("database down")
	s.Break(down)
	if err := s.Write(t.Context(), func(dispatch.Tx) error { return nil }); !errors.Is(err, down) {
		t.Errorf("write: %v", err)
	}
	if _, err := s.Incidents(t.Context(), dispatch.Query{}); !errors.Is(err, down) {
		t.Errorf("read: %v", err)
	}
	s.Break(nil)
	if err := s.Write(t.Context(), func(tx dispatch.Tx) error { return tx.PutIncident(storetest.Incident("al-1", "disk")) }); err != nil {
		t.Errorf("mended: %v", err)
	}
}
