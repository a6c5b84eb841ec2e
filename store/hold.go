package store

import (
	"context"
	"errors"

	"github.com/kaden-project/kaden/dispatch"
)

// holds has one row at most.
var holds = newTable("hold", "nr since held_until held_by why", func(h *hold) []any {
	return []any{&h.nr, moment{&h.Since}, moment{&h.Until}, &h.By, &h.Why}
})

type hold struct {
	dispatch.Hold
	nr int64
}

const theHold = 1

var selectHold = "SELECT " + holds.all + " FROM hold"

// Hold is the kill switch as it was put last, whether or not its time has passed.
func (s *Store) Hold(ctx context.Context) (dispatch.Hold, error) {
	var h hold
	err := one(ctx, s.db.reader(), selectHold, nil, holds.fields(&h)...)
	if errors.Is(err, errNoRow) {
		err = nil
	}
	return h.Hold, err
}

func (t *tx) Hold() (dispatch.Hold, error) {
	var h hold
	err := t.one(selectHold, nil, holds.fields(&h)...)
	if errors.Is(err, errNoRow) {
		err = nil
	}
	return h.Hold, err
}

func (t *tx) PutHold(h dispatch.Hold) error {
	if h == (dispatch.Hold{}) {
		_, err := t.exec("DELETE FROM hold")
		return err
	}
	_, err := t.exec(holds.upsert, holds.fields(&hold{h, theHold})...)
	return err
}
