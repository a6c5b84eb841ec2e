package memstore

import (
	"context"
	"slices"

	"github.com/kaden-project/kaden/manifest"
)

// keepVersion writes down what a document says now, unless it has said so before, and forgets the oldest.
func (s *Store) keepVersion(t *tx, d manifest.Document) {
	if !manifest.Versioned(d.Kind) {
		return
	}
	k := documentKey{d.Kind, d.Name}
	all := s.versions[k]
	if len(all) > 0 && all[len(all)-1].Text == d.Text {
		return
	}
	s.nr++
	all = append(slices.Clone(all), manifest.Version{Number: s.nr, Applied: milli(t.now), Text: d.Text})
	put(t, s.versions, k, all[max(0, len(all)-manifest.VersionsKept):])
}

// Versions lists what a document has said, newest first. They outlast the document.
func (s *Store) Versions(ctx context.Context, kind, name string) ([]manifest.Version, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	all := slices.Clone(s.versions[documentKey{kind, name}])
	slices.Reverse(all)
	return all, nil
}
