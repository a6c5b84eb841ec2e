// Package manifest reads what an installation is made of: people, groups, plans, trunks, sources,
// applications, numbers, SIP domains and their phones, notices and budgets, as YAML documents that a person writes and
// kaden keeps as they were written.
//
// The first key of a document names its kind and itself (person: sato, plan: night-shift). [Split] cuts
// a file into documents, [Compile] reads each with the room that knows its kind and checks them against
// one another: a plan that names somebody who does not exist is refused here, with line and column, and
// not at 3 a.m. The text is kept byte for byte, comments too, so export then apply changes nothing.
package manifest

import (
	"context"
	"slices"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/notice"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/tariff"
	"github.com/kaden-project/kaden/trunk"
)

// Document is one YAML document as it was written.
type Document struct {
	Kind string // person, group, plan, trunk, upstream, source, bin, application, number, domain, phone, notice, budget
	Name string
	Text string // byte for byte, without the --- line
	File string // where it was read from, "" if it was not a file
	Line int    // of its first line in File, counted from 1
}

// Set is a checked installation. It does not change; a new one takes its place.
type Set struct {
	People    map[string]oncall.Person
	Groups    map[string]oncall.Group
	Plans     map[string]callout.Plan
	Trunks    []trunk.Trunk    // in order of name
	Upstreams []trunk.Upstream // in order of name
	Sources   map[string]alert.Source
	Bins      map[string]account.Bin
	Apps      map[string]account.Application
	Numbers   []account.Number
	Notices   map[string]notice.Notice
	Domains   []account.Domain // in order of name, with their phones
	Budgets   []tariff.Budget  // in order of name; one for each currency
}

// Lines are all that lead to the telephone network, to be chosen among by trunk.Choose: the trunks, then the
// upstreams.
func (s *Set) Lines() []trunk.Trunk {
	if len(s.Upstreams) == 0 {
		return s.Trunks
	}
	lines := slices.Clone(s.Trunks)
	for _, u := range s.Upstreams {
		lines = append(lines, u.Trunk)
	}
	return lines
}

// Store keeps the documents; their text is sealed at rest, because trunks and sources hold secrets.
type Store interface {
	Documents(ctx context.Context) ([]Document, error) // in the order they were first applied
	// Apply inserts or replaces each document by kind and name, all or nothing.
	Apply(ctx context.Context, docs []Document) error
	// Remove deletes the documents that are named, all or none; dispatch.ErrNotFound if one is not there.
	Remove(ctx context.Context, refs ...Ref) error
	// Versions lists what a document of a Versioned kind has said, newest first, also after it was removed.
	Versions(ctx context.Context, kind, name string) ([]Version, error)
}
