package store

import (
	"context"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/sid"
)

// recordingRow is a recording with its length in milliseconds.
type recordingRow struct {
	account.Recording
	length int64
}

func (r recordingRow) record() account.Recording {
	r.Duration = time.Duration(r.length) * time.Millisecond
	return r.Recording
}

var recordings = newTable("recording", "sid account call conference source track channels status error_code started duration created updated",
	func(r *recordingRow) []any {
		return []any{&r.SID, &r.Account, &r.Call, &r.Conference, &r.Source, &r.Track, &r.Channels, &r.Status, &r.ErrorCode,
			moment{&r.Started}, &r.length, moment{&r.Created}, moment{&r.Updated}}
	})

// PutRecording inserts or replaces what is known of a recording, and its sound unless that is nil.
func (s *Store) PutRecording(ctx context.Context, r account.Recording, wav []byte) error {
	return s.change(ctx, func(t *tx) error {
		if _, err := t.exec(recordings.upsert, recordings.fields(&recordingRow{r, r.Duration.Milliseconds()})...); err != nil || wav == nil {
			return err
		}
		_, err := t.exec(sounds.upsert, sounds.fields(&sound{string(r.SID), dispatch.SoundRecording, wav, t.Now()})...)
		return err
	})
}

// Recording finds a recording of an account.
func (s *Store) Recording(ctx context.Context, owner sid.Account, id sid.Recording) (account.Recording, error) {
	r, err := owned(ctx, s.db.reader(), recordings, id, owner)
	return r.record(), err
}

const recordingSound = "SELECT s.wav FROM sound s JOIN recording r ON r.sid = s.id WHERE r.sid = ? AND r.account = ?"

// RecordingSound finds the WAV of a recording.
func (s *Store) RecordingSound(ctx context.Context, owner sid.Account, id sid.Recording) (wav []byte, err error) {
	err = one(ctx, s.db.reader(), recordingSound, []any{id, owner}, &wav)
	return wav, missing(err)
}

// Recordings lists newest first.
func (s *Store) Recordings(ctx context.Context, f account.RecordingFilter) (found []account.Recording, next int64, err error) {
	var c conditions
	c.is(f.Account != "", "account = ?", f.Account)
	c.is(f.Call != "", "call = ?", f.Call)
	c.is(f.Conference != "", "conference = ?", f.Conference)
	c.within("created", f.Created)
	rows, next, err := pageOf(ctx, s.db.reader(), recordings, c, f.Page)
	for _, r := range rows {
		found = append(found, r.record())
	}
	return found, next, err
}

// DeleteRecording forgets a recording and its sound.
func (s *Store) DeleteRecording(ctx context.Context, owner sid.Account, id sid.Recording) error {
	return s.change(ctx, func(t *tx) error {
		n, err := t.exec("DELETE FROM recording WHERE sid = ? AND account = ?", id, owner)
		if err == nil && n == 0 {
			return account.ErrNotFound
		}
		if err == nil {
			_, err = t.exec("DELETE FROM sound WHERE id = ? AND kind = ?", id, dispatch.SoundRecording)
		}
		return err
	})
}

// ForgetRecordings deletes the oldest that were made before, with their sound.
func (s *Store) ForgetRecordings(ctx context.Context, before time.Time, most int) (n int, err error) {
	err = s.change(ctx, func(t *tx) error {
		old, err := txList(t, recordings, "SELECT "+recordings.all+" FROM recording WHERE created < ? ORDER BY created LIMIT ?", millis(before), most)
		if n = len(old); err != nil || n == 0 {
			return err
		}
		ids := make([]any, n)
		for i, r := range old {
			ids[i] = r.SID
		}
		if _, err := t.exec("DELETE FROM sound WHERE id IN ("+marks(n)+")", ids...); err != nil {
			return err
		}
		_, err = t.exec("DELETE FROM recording WHERE sid IN ("+marks(n)+")", ids...)
		return err
	})
	return n, err
}
