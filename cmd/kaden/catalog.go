package main

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
)

// catalog is the applications and the numbers of this house: those that documents describe, with what programs have
// said about them over the REST API since, and the applications that only programs know.
type catalog struct {
	account.Books
	house func() *manifest.Set
	bins  *bins
	main  account.Account

	looking sync.Mutex // one look at a time: what was read last is what is known last
	numbers atomic.Pointer[[]account.Number]
}

// refused is the program of a number that is nobody's, or of somebody who may do nothing at present.
const refused = "<Response><Reject/></Response>"

// refresh looks at the documents and the claims anew.
func (c *catalog) refresh(ctx context.Context) error {
	c.looking.Lock()
	defer c.looking.Unlock()
	claims, err := c.Claims(ctx)
	if err != nil {
		return err
	}
	said := map[string]*account.Claim{}
	for i := range claims {
		said[claims[i].Number] = &claims[i]
	}
	list := slices.Clone(c.house().Numbers)
	for i, n := range list {
		n.Created, n.Updated = c.main.Created, c.main.Created
		if list[i] = n.Owned(said[n.Number], c.main.SID); list[i].Application != "" {
			list[i].Application = c.applicationID(list[i].Application)
		}
	}
	c.numbers.Store(&list)
	return nil
}

// applicationID is the identifier of an application that a document may name.
func (c *catalog) applicationID(name string) string {
	if _, err := sid.Parse[sid.Application](name); err == nil {
		return name
	}
	return string(account.ApplicationSID(name))
}

// Numbers lists all numbers in their order, each with where its bin is.
func (c *catalog) Numbers() []account.Number {
	list := slices.Clone(*c.numbers.Load())
	for i, n := range list {
		list[i] = n.Answering(c.located(n.Voice()))
	}
	return list
}

// located is a Voice with the address of its bin.
func (c *catalog) located(v account.Voice) account.Voice {
	if v.Bin != "" {
		v.URL = c.bins.url(v.Bin)
	}
	return v
}

// unlocated takes the address of its bin out of a Voice again.
func (c *catalog) unlocated(v account.Voice) account.Voice {
	if v.Bin != "" {
		v.URL = ""
	}
	return v
}

// Claim keeps what is said about a number. Where something else was said meanwhile (account.ErrChanged), at another node
// perhaps, that is known here from then on.
func (c *catalog) Claim(ctx context.Context, said account.Claim) error {
	said.Voice = c.unlocated(said.Voice)
	err := c.PutClaim(ctx, said)
	if err != nil && !errors.Is(err, account.ErrChanged) {
		return err
	}
	return cmp.Or(c.refresh(ctx), err)
}

// called is what answers when a number is called; not ok is a number of others.
func (c *catalog) called(called string) (n account.Number, ok bool) {
	list := *c.numbers.Load()
	i := slices.IndexFunc(list, func(n account.Number) bool { return n.Number == called })
	if i < 0 {
		return n, false
	}
	n = list[i]
	if n.Account == "" { // somebody has to stand in the books, and the installation's is the main account
		n.Account = c.main.SID
		return n.Answering(account.Voice{TwiML: refused}), true
	}
	if !c.active(n.Account) {
		return n.Answering(account.Voice{TwiML: refused}), true
	}
	if n.Application != "" {
		a, err := c.Application(context.Background(), n.Account, sid.Application(n.Application))
		if err != nil || a.Voice.URL == "" && a.Voice.TwiML == "" {
			return n.Answering(account.Voice{TwiML: refused}), true
		}
		return n.Answering(a.Voice), true
	}
	return dispatch.Scripted(n.Answering(c.located(n.Voice()))), true
}

// active tells whether an account may do anything.
func (c *catalog) active(id sid.Account) bool {
	if id == c.main.SID {
		return true
	}
	a, err := c.Account(context.Background(), id)
	return err == nil && a.Active()
}

// shows tells whether an account has verified a number of others, so that it may show it.
func (c *catalog) shows(owner sid.Account, n string) bool {
	list, _, err := c.CallerIDs(context.Background(), account.CallerIDFilter{Account: owner, Number: number.Number(n), Page: account.Page{Limit: 1}})
	return err == nil && len(list) == 1
}

// described is the application of a document.
func (c *catalog) described(owner sid.Account, id sid.Application) (account.Application, bool) {
	if owner != c.main.SID {
		return account.Application{}, false
	}
	for _, a := range c.house().Apps {
		if a.SID == id {
			a.Account, a.Created, a.Updated = owner, c.main.Created, c.main.Created
			a.Voice = c.located(a.Voice)
			return a, true
		}
	}
	return account.Application{}, false
}

// Application finds an application of an account, with the address of its bin.
func (c *catalog) Application(ctx context.Context, owner sid.Account, id sid.Application) (account.Application, error) {
	doc, isDoc := c.described(owner, id)
	row, err := c.Books.Application(ctx, owner, id)
	switch {
	case isDoc && (errors.Is(err, account.ErrNotFound) || err == nil && row.Document != doc.Document):
		return doc, nil
	case err == nil && row.Document != "" && !isDoc:
		return row, account.ErrNotFound // its document was removed
	}
	row.Voice = c.located(row.Voice)
	return row, err
}

// afterAll is the place in a list at which the applications of documents begin: after all others.
const afterAll = int64(1) << 62

// Applications lists those of an account: the programs' own, newest first, then those of documents, by name.
func (c *catalog) Applications(ctx context.Context, owner sid.Account, name string, p account.Page) (list []account.Application, next int64, err error) {
	if p.Limit <= 0 {
		p.Limit = 50
	}
	if p.After < afterAll {
		rows, next, err := c.Books.Applications(ctx, owner, name, p)
		if err != nil {
			return nil, 0, err
		}
		for _, a := range rows {
			if a.Document == "" {
				a.Voice = c.located(a.Voice)
				list = append(list, a)
			}
		}
		if next > 0 {
			return list, next, nil
		}
		p.After = afterAll
	}
	var described []account.Application
	for _, a := range slices.SortedFunc(maps.Values(c.house().Apps), func(a, b account.Application) int { return strings.Compare(a.Name, b.Name) }) {
		if owner != c.main.SID {
			break
		}
		if a, err = c.Application(ctx, owner, a.SID); err != nil {
			return nil, 0, err
		}
		if name == "" || a.Name == name {
			described = append(described, a)
		}
	}
	from := min(p.After-afterAll, int64(len(described)))
	described = described[from:]
	if room := p.Limit - len(list); len(described) > room {
		described, next = described[:room], afterAll+from+int64(room)
	}
	return append(list, described...), next, nil
}

// PutApplication keeps an application. One that a document describes keeps what it was told until the document
// changes.
func (c *catalog) PutApplication(ctx context.Context, a account.Application) error {
	a.Document = ""
	if doc, ok := c.described(a.Account, a.SID); ok {
		a.Document = doc.Document
	}
	a.Voice = c.unlocated(a.Voice)
	return c.Books.PutApplication(ctx, a)
}

// DeleteApplication forgets an application, unless a document describes it.
func (c *catalog) DeleteApplication(ctx context.Context, owner sid.Account, id sid.Application) error {
	if _, ok := c.described(owner, id); ok {
		return account.ErrDescribed
	}
	return c.Books.DeleteApplication(ctx, owner, id)
}
