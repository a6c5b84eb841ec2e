package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kaden-project/kaden/manifest"
)

// versionRow is what a document said, with its text sealed.
type versionRow struct {
	nr         int64
	kind, name string
	text       []byte
	applied    time.Time
}

var versions = newTable("document_version", "nr kind name text applied", func(v *versionRow) []any {
	return []any{&v.nr, &v.kind, &v.name, &v.text, moment{&v.applied}}
})

var (
	newestVersion = "SELECT " + versions.all + " FROM document_version WHERE kind = ? AND name = ? ORDER BY nr DESC LIMIT 1"
	putVersion    = "INSERT INTO document_version (kind, name, text, applied) VALUES (?, ?, ?, ?)"
	dropVersions  = "DELETE FROM document_version WHERE kind = ? AND name = ? AND nr <= (" +
		"SELECT nr FROM document_version WHERE kind = ? AND name = ? ORDER BY nr DESC LIMIT 1 OFFSET ?)"
)

// keepVersion writes down what a document says now, unless it has said so before, and forgets the oldest.
func (s *Store) keepVersion(t *tx, d manifest.Document) error {
	if !manifest.Versioned(d.Kind) {
		return nil
	}
	var last versionRow
	switch err := t.one(newestVersion, []any{d.Kind, d.Name}, versions.fields(&last)...); {
	case errors.Is(err, errNoRow):
	case err != nil:
		return err
	default:
		if text, err := s.seal.Open(last.text); err == nil && string(text) == d.Text {
			return nil
		}
	}
	if _, err := t.exec(putVersion, d.Kind, d.Name, s.seal.Seal([]byte(d.Text)), millis(t.Now())); err != nil {
		return err
	}
	_, err := t.exec(dropVersions, d.Kind, d.Name, d.Kind, d.Name, manifest.VersionsKept)
	return err
}

// Versions lists what a document has said, newest first. They outlast the document.
func (s *Store) Versions(ctx context.Context, kind, name string) (all []manifest.Version, err error) {
	rows, err := list(ctx, s.db.reader(), versions, "SELECT "+versions.all+" FROM document_version WHERE kind = ? AND name = ? ORDER BY nr DESC", kind, name)
	for _, r := range rows {
		text, err := s.seal.Open(r.text)
		if err != nil {
			return nil, fmt.Errorf("version %d of %s %q: %w", r.nr, kind, name, err)
		}
		all = append(all, manifest.Version{Number: r.nr, Applied: r.applied, Text: string(text)})
	}
	return all, err
}
