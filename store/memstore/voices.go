package memstore

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/kaden-project/kaden/dispatch"
)

// Hold is the kill switch as it was put last, whether or not its time has passed.
func (s *Store) Hold(ctx context.Context) (dispatch.Hold, error) {
	if err := s.enter(ctx); err != nil {
		return dispatch.Hold{}, err
	}
	defer s.mu.Unlock()
	return (&tx{s: s}).Hold()
}

func (t *tx) Hold() (dispatch.Hold, error) {
	if t.over {
		return dispatch.Hold{}, errOver
	}
	return t.s.hold, nil
}

func (t *tx) PutHold(h dispatch.Hold) error {
	if t.over {
		return errOver
	}
	old := t.s.hold
	t.undo = append(t.undo, func() { t.s.hold = old })
	h.Since, h.Until = milli(h.Since), milli(h.Until)
	t.s.hold = h
	return nil
}

// PutSound inserts or replaces a piece of sound.
func (s *Store) PutSound(ctx context.Context, id, kind string, wav []byte) error {
	return s.change(ctx, func(t *tx) error {
		put(t, s.sounds, id, sound{kind, bytes.Clone(wav)})
		return nil
	})
}

// Sound finds a piece of sound; dispatch.ErrNotFound if there is none.
func (s *Store) Sound(ctx context.Context, id string) ([]byte, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	k, ok := s.sounds[id]
	if !ok {
		return nil, dispatch.ErrNotFound
	}
	return bytes.Clone(k.wav), nil
}

// PutVerification keeps v, unless one of the same person and address is there that is later.
func (s *Store) PutVerification(ctx context.Context, v dispatch.Verification) error {
	return s.change(ctx, func(t *tx) error {
		v.At = milli(v.At)
		k := verified{v.Person, v.Address}
		if old, ok := s.verifications[k]; ok && old.At.After(v.At) {
			return nil
		}
		put(t, s.verifications, k, v)
		return nil
	})
}

// Verifications lists the latest of each person and address.
func (s *Store) Verifications(ctx context.Context) ([]dispatch.Verification, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	return slices.SortedFunc(maps.Values(s.verifications), func(a, b dispatch.Verification) int {
		return cmp.Or(cmp.Compare(a.Person, b.Person), cmp.Compare(a.Address, b.Address))
	}), nil
}
