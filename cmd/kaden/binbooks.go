package main

import (
	"context"
	"slices"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/problem"
)

// BinURLs are where a bin is asked from outside.
func (d documents) BinURLs(b account.Bin) (signed, open string) {
	base := d.r.origin() + binPath
	if b.Key != "" {
		open = base + b.Key
	}
	return base + string(b.SID), open
}

// RemoveBin deletes a bin, unless other documents would be wrong without it.
func (d documents) RemoveBin(ctx context.Context, name string) (problem.List, error) {
	d.r.change.Lock()
	defer d.r.change.Unlock()
	old, err := d.r.store.Documents(ctx)
	if err != nil {
		return nil, err
	}
	_, before := manifest.Compile(old, d.r.resolveSecret)
	_, after := manifest.Compile(slices.DeleteFunc(slices.Clone(old), func(doc manifest.Document) bool {
		return doc.Kind == "bin" && doc.Name == name
	}), d.r.resolveSecret)
	if found := slices.DeleteFunc(after, func(p problem.Problem) bool { return slices.Contains(before, p) }); found.Refused() {
		return found, nil
	}
	if err := d.r.store.Remove(ctx, "bin", name); err != nil {
		return nil, err
	}
	return nil, d.r.reload(ctx)
}

// Versions is what a document has said.
func (d documents) Versions(ctx context.Context, kind, name string) ([]manifest.Version, error) {
	return d.r.store.Versions(ctx, kind, name)
}
