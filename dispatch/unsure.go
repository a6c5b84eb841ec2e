package dispatch

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/kaden-project/kaden/alert"
)

// A commit whose answer was lost is looked for: what is there is carried out as if it had been answered, so that
// nobody is called twice for it and nobody waits; what is not there is done again, or its sender is told.

const (
	doubtful  = 3 * time.Second        // so long a sender waits for certainty
	settling  = 500 * time.Millisecond // a commit that was asked for is there after this, or it is not coming
	aLifetime = 100 * 365 * 24 * time.Hour
)

// errLook ends a transaction that only looks.
var errLook = errors.New("only looking")

// inDoubt finds out whether a delivery was stored after all, and then carries it out. False: it was not, or it is
// not known yet; then that goes on in the background, and a sender that tries again is told of a duplicate.
func (d *Dispatcher) inDoubt(ctx context.Context, in alert.Delivery, a *accepted, claimed []string) bool {
	certain := make(chan bool, 1)
	d.spawn(func() {
		stored := d.stored(d.life, in)
		if stored {
			d.log.Warn("a delivery was stored, although the database could not say so", "from", in.Source, "alert", a.receipt.Alerts)
			d.carryOut(a)
		} else {
			d.lines.abandon(claimed)
		}
		certain <- stored
	})
	select {
	case stored := <-certain:
		return stored
	case <-time.After(doubtful):
	case <-ctx.Done():
	case <-d.life.Done():
	}
	return false
}

// stored looks for a delivery until the database has said twice that it is not there, or that it is.
func (d *Dispatcher) stored(ctx context.Context, in alert.Delivery) bool {
	for absent := 0; absent < 2; {
		seen := false
		err := d.store.Write(ctx, func(tx Tx) (err error) {
			if seen, err = tx.SeenDelivery(in); err != nil {
				return err
			}
			return errLook
		})
		switch {
		case errors.Is(err, errLook) && seen:
			return true
		case errors.Is(err, errLook):
			absent++
		}
		select {
		case <-time.After(settling):
		case <-ctx.Done():
			return false
		}
	}
	return false
}

// isThere tells, by nil, that a turn whose commit was in doubt is what the call-out's row says. Else it gives
// back what is to be believed: notMine if the row is another's, or an error of the database.
func (r *run) isThere(ctx context.Context, t *turn, notMine error) error {
	row, err := r.d.store.CalloutByID(ctx, t.row.ID)
	if err != nil {
		return err
	}
	if row.Owner == t.row.Owner && row.Fence == t.row.Fence && row.Version == t.row.Version && bytes.Equal(row.State, t.row.State) {
		r.log.Warn("a change was stored, although the database could not say so")
		return nil
	}
	return notMine
}
