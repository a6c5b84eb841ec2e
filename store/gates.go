package store

import (
	"context"
	"fmt"
	"time"

	"github.com/kaden-project/kaden/call"
)

var _ call.Gates = (*Store)(nil)

// passGate is trunk.Last.Next in one statement, so that a row is all that processes have to agree on. Its parameters
// are: the gate, the earliest moment and now; the unused place; the latest moment at which the last place can have been asked for;
// now and an interval, twice; and the interval, twice.
const passGate = `INSERT INTO gate (name, at, asked) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET asked = excluded.asked, at = CASE
	WHEN gate.at = ? THEN excluded.at
	WHEN gate.asked > ? THEN CASE WHEN excluded.at > ? THEN excluded.at ELSE ? END
	WHEN excluded.at > gate.at + ? THEN excluded.at
	ELSE gate.at + ? END
	RETURNING at`

const (
	// putBack is trunk's: how far the clocks of one database may differ.
	putBack = time.Second
	// gateForgotten is how long a gate is kept; no interval is longer than an hour.
	gateForgotten = 2 * time.Hour
	// gatesSwept is how often those of long ago are deleted.
	gatesSwept = 10 * time.Minute
)

// Pass gives the next place at a gate away; see call.Gates.
func (s *Store) Pass(ctx context.Context, gate string, interval, after time.Duration, unused time.Time) (opens, place time.Time, err error) {
	if len(gate) > 500 { // an index takes no more, and strangers can make up caller IDs
		gate = hashOf("gate", gate)
	}
	step := (interval + time.Millisecond - 1).Milliseconds()
	err = s.change(ctx, func(t *tx) error {
		now := t.Now()
		first := max(millis(now.Add(max(0, after)+time.Millisecond-1)), millis(unused))
		late := millis(now) + step
		var at int64
		err := t.one(passGate, []any{gate, first, millis(now), millis(unused), millis(now.Add(putBack)), late, late, step, step}, &at)
		if err != nil {
			return err
		}
		place = time.UnixMilli(at).UTC()
		opens = t.b.ours(place)
		if swept := s.swept.Load(); now.Sub(time.UnixMilli(swept)).Abs() > gatesSwept && s.swept.CompareAndSwap(swept, millis(now)) {
			_, err = t.exec("DELETE FROM gate WHERE at < ?", millis(now.Add(-gateForgotten)))
		}
		return err
	})
	return opens, place, err
}

// ours is a moment of the database's clock by this process's own.
func (b *batch) ours(at time.Time) time.Time { return b.asked.Add(at.Sub(b.now)) }

var failedTrunks = newTable("failed_trunk", "name door health", func(f *failedTrunk) []any { return []any{&f.Name, &f.door, object{&f.Health}} })

// failedTrunk is a trunk's fate with its door sealed: there is a password in it.
type failedTrunk struct {
	call.TrunkFate
	door []byte
}

// KeepTrunk keeps how a trunk fares; see call.Gates.
func (s *Store) KeepTrunk(ctx context.Context, f call.TrunkFate) error {
	row := failedTrunk{f, s.seal.Seal([]byte(f.Door))}
	return s.change(ctx, func(t *tx) error {
		if f.Health.Failed == 0 {
			_, err := t.exec("DELETE FROM failed_trunk WHERE name = ?", f.Name)
			return err
		}
		_, err := t.exec(failedTrunks.upsert, failedTrunks.fields(&row)...)
		return err
	})
}

// FailedTrunks lists those that were kept, by name.
func (s *Store) FailedTrunks(ctx context.Context) (all []call.TrunkFate, err error) {
	rows, err := list(ctx, s.db.reader(), failedTrunks, "SELECT "+failedTrunks.all+" FROM failed_trunk ORDER BY name")
	for _, r := range rows {
		door, err := s.seal.Open(r.door)
		if err != nil {
			return nil, fmt.Errorf("trunk %q: %w (is this the key that belongs to this database?)", r.Name, err)
		}
		r.Door = string(door)
		all = append(all, r.TrunkFate)
	}
	return all, err
}
