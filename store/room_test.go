package store

import (
	"errors"
	"strings"
	"testing"

	"github.com/kaden-project/kaden/alert"
)

// A disk with little room takes no new alerts, loudly; what is under way is carried on, and all is well again
// when there is room.
func TestOnADiskThatIsNearlyFull(t *testing.T) {
	s := unserved(t)
	left := uint64(reserve)
	s.db.(*sqlite).free = func(string) (uint64, error) { return left, nil }
	taken := func(id string) func(t *tx) error {
		return func(t *tx) error {
			_, err := t.SeenDelivery(alert.Delivery{ID: id, Source: "json"})
			return errors.Join(err, put(id)(t))
		}
	}
	if err := errors.Join(together(s, taken("al-1"))...); err != nil {
		t.Fatal(err)
	}
	left = 12 << 20
	errs := together(s, put("al-2"), taken("al-3"), put("al-4"))
	if errs[0] != nil || errs[2] != nil {
		t.Errorf("what is under way is not carried on: %v", errs)
	}
	for _, want := range []string{"12 MB are left", "no new alerts", s.db.(*sqlite).dir} {
		if errs[1] == nil || !strings.Contains(errs[1].Error(), want) {
			t.Errorf("a new alert: %v, want %q", errs[1], want)
		}
	}
	if got, want := stored(t, s, "al-1", "al-2", "al-3", "al-4"), "al-1 al-2 al-4 | 1al-1 2al-2 3al-4"; got != want {
		t.Errorf("stored\n got %s\nwant %s", got, want)
	}
	left = 1 << 40
	if err := errors.Join(together(s, taken("al-3"))...); err != nil {
		t.Errorf("there is room again: %v", err)
	}
}

// A database cannot be opened because its disk is full: nobody is sent for a backup.
func TestADiskThatIsFullAtTheStartIsSaidToBe(t *testing.T) {
	full := errors.New("disk I/O error (4874)")
	for _, c := range []struct {
		left      uint64
		says, not string
	}{{8 << 10, "the disk is full, 8 kB are left: make room there and start again", "backup"}, {1 << 40, "disk I/O error", "make room"}} {
		err := tight(func(string) (uint64, error) { return c.left, nil }, "data", full)
		if !errors.Is(err, full) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), c.not) {
			t.Errorf("with %d bytes left: %v", c.left, err)
		}
	}
}
