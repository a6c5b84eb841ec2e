package main

import (
	"context"
	"errors"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/dispatch"
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
	problems, err := d.Remove(ctx, manifest.Ref{Kind: "bin", Name: name})
	if errors.As(err, new(*manifest.NotThere)) {
		err = dispatch.ErrNotFound
	}
	return problems, err
}

// Versions is what a document has said.
func (d documents) Versions(ctx context.Context, kind, name string) ([]manifest.Version, error) {
	return d.r.store.Versions(ctx, kind, name)
}
