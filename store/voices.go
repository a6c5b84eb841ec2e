package store

import (
	"context"
	"errors"
	"time"

	"github.com/kaden-project/kaden/dispatch"
)

// sound is a row of what somebody said.
type sound struct {
	id, kind string
	wav      []byte
	stored   time.Time
}

var sounds = newTable("sound", "id kind wav stored", func(s *sound) []any {
	return []any{&s.id, &s.kind, &s.wav, moment{&s.stored}}
})

// PutSound inserts or replaces a piece of sound.
func (s *Store) PutSound(ctx context.Context, id, kind string, wav []byte) error {
	return s.change(ctx, func(t *tx) error {
		_, err := t.exec(sounds.upsert, sounds.fields(&sound{id, kind, wav, t.Now()})...)
		return err
	})
}

// Sound finds a piece of sound; dispatch.ErrNotFound if there is none.
func (s *Store) Sound(ctx context.Context, id string) (wav []byte, err error) {
	err = one(ctx, s.db.reader(), "SELECT wav FROM sound WHERE id = ?", []any{id}, &wav)
	if errors.Is(err, errNoRow) {
		err = dispatch.ErrNotFound
	}
	return wav, err
}

var verifications = newTable("verification", "person address at asked_by tap dnd", func(v *dispatch.Verification) []any {
	return []any{&v.Person, &v.Address, moment{&v.At}, &v.By, &v.Tap, &v.DND}
})

var putVerification = verifications.insert + ` ON CONFLICT (person, address) DO UPDATE SET
	at = excluded.at, asked_by = excluded.asked_by, tap = excluded.tap, dnd = excluded.dnd WHERE excluded.at >= verification.at`

// PutVerification keeps v, unless one of the same person and address is there that is later.
func (s *Store) PutVerification(ctx context.Context, v dispatch.Verification) error {
	return s.change(ctx, func(t *tx) error {
		_, err := t.exec(putVerification, verifications.fields(&v)...)
		return err
	})
}

var allVerifications = "SELECT " + verifications.all + " FROM verification ORDER BY person, address"

// Verifications lists the latest of each person and address.
func (s *Store) Verifications(ctx context.Context) ([]dispatch.Verification, error) {
	return list(ctx, s.db.reader(), verifications, allVerifications)
}
