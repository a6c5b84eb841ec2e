package storetest

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/kaden-project/kaden/dispatch"
)

func holdKept(t *testing.T, s Store, reopen func() Store) {
	is := func(want dispatch.Hold) {
		t.Helper()
		got, err := s.Hold(t.Context())
		ok(t, err)
		same(t, "the kill switch", got, want)
		write(t, s, func(tx dispatch.Tx) error {
			got, err := tx.Hold()
			same(t, "the kill switch, inside a transaction", got, want)
			return err
		})
	}
	is(dispatch.Hold{})
	first := dispatch.Hold{Since: Base, Until: Base.Add(30 * time.Minute), By: "sato", Why: "回線の工事"}
	write(t, s, func(tx dispatch.Tx) error { return tx.PutHold(first) })
	is(first)
	second := dispatch.Hold{Since: Base.Add(time.Minute), Until: Base.Add(10 * time.Minute), By: "api"}
	write(t, s, func(tx dispatch.Tx) error { return tx.PutHold(second) })
	is(second)
	boom := errors.New("boom")
	for _, h := range []dispatch.Hold{first, {}} {
		if err := s.Write(t.Context(), func(tx dispatch.Tx) error { return errors.Join(tx.PutHold(h), boom) }); !errors.Is(err, boom) {
			t.Errorf("got %v", err)
		}
	}
	s = reopen()
	is(second)
	write(t, s, func(tx dispatch.Tx) error { return tx.PutHold(dispatch.Hold{}) })
	write(t, s, func(tx dispatch.Tx) error { return tx.PutHold(dispatch.Hold{}) })
	is(dispatch.Hold{})
}

func soundsKept(t *testing.T, s Store, reopen func() Store) {
	wav := append([]byte("RIFF\x00\xff"), bytes.Repeat([]byte{0, 128, 255}, 60_000)...)
	ok(t, s.PutSound(t.Context(), "al-1", dispatch.SoundWord, []byte("first try")))
	ok(t, s.PutSound(t.Context(), "RE1", dispatch.SoundRecording, []byte("another")))
	ok(t, s.PutSound(t.Context(), "al-1", dispatch.SoundWord, wav))
	s = reopen()
	got, err := s.Sound(t.Context(), "al-1")
	ok(t, err)
	same(t, "the sound", got, wav)
	got, err = s.Sound(t.Context(), "RE1")
	ok(t, err)
	same(t, "the other sound", string(got), "another")
	_, err = s.Sound(t.Context(), "nobody")
	is(t, err, dispatch.ErrNotFound)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	is(t, s.PutSound(gone, "al-2", dispatch.SoundWord, wav), context.Canceled)
}

func verificationsKept(t *testing.T, s Store, reopen func() Store) {
	mobile := dispatch.Verification{Person: "sato", Address: "tel:+819011112222", At: Base, By: "sato", Tap: 1}
	home := dispatch.Verification{Person: "sato", Address: "tel:+81311112222", At: Base, By: "api", Tap: 2, DND: true}
	other := dispatch.Verification{Person: "abe", Address: "tel:+819011112222", At: Base, By: "suzuki", Tap: 1}
	for _, v := range []dispatch.Verification{home, mobile, other} {
		ok(t, s.PutVerification(t.Context(), v))
	}
	mobile.At, mobile.Tap, mobile.DND = Base.Add(time.Hour), 2, true
	ok(t, s.PutVerification(t.Context(), mobile))
	late := mobile
	late.At, late.By = Base.Add(time.Minute), "nobody"
	ok(t, s.PutVerification(t.Context(), late))
	s = reopen()
	got, err := s.Verifications(t.Context())
	ok(t, err)
	same(t, "the latest of each", got, []dispatch.Verification{other, home, mobile})
}
