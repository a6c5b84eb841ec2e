package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/store/memstore"
)

const houseOfNumbers = `number: "+815012345678"
url: https://example.jp/voice
---
number: "+81312345678"
---
number: "+81312345679"
application: desk
---
number: "+819012345678"
call-back: true
---
application: desk
bin: night
status-callback: https://example.jp/status
---
bin: night
twiml: <Response/>
`

func TestAHotlineIsAnsweredByItsScript(t *testing.T) {
	c, _ := moved(t, "number: \"+815012345678\"\nplan: night\n---\nplan: night\nsteps: [{call: [sato]}]\n---\nperson: sato\ncontacts: [sim:sato]\n")
	n, ok := c.called("+815012345678")
	if !ok || n.URL != dispatch.Origin+"/hotline?number=%2B815012345678" || n.StatusCallback != dispatch.Origin+"/hotline/over" || n.Account != c.main.SID {
		t.Errorf("%+v", n)
	}
	if shown := c.Numbers(); len(shown) != 1 || shown[0].URL != "" {
		t.Errorf("the REST API shows %+v", shown)
	}
}

// moved is a catalog over documents, that can be told of others.
func moved(t *testing.T, text string) (c *catalog, apply func(text string)) {
	t.Helper()
	var set *manifest.Set
	c = &catalog{Books: memstore.New(), house: func() *manifest.Set { return set }, bins: &bins{all: func() map[string]account.Bin { return set.Bins }, public: "https://kaden.example"}, main: account.New("main", time.Now())}
	if err := c.PutAccount(t.Context(), c.main); err != nil {
		t.Fatal(err)
	}
	apply = func(text string) {
		t.Helper()
		docs, problems := manifest.Split("", []byte(text))
		if problems.Refused() {
			t.Fatal(problems)
		}
		set, problems = manifest.Compile(docs, nil)
		if problems.Refused() {
			t.Fatal(problems)
		}
		if err := c.refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	apply(text)
	return c, apply
}

// answers is what a call to a number is asked of, in short.
func (c *catalog) answers(called string) string {
	n, ok := c.called(called)
	switch {
	case !ok:
		return "not ours"
	case n.TwiML == refused:
		return "refused"
	}
	return strings.TrimSpace(n.URL + " " + n.TwiML)
}

func (c *catalog) claim(t *testing.T, called string, change func(n *account.Number)) {
	t.Helper()
	for _, n := range c.Numbers() {
		if n.Number == called {
			change(&n)
			if err := c.Claim(t.Context(), n.Claimed(time.Now())); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestWhoHasSpokenLastSaysHowANumberAnswers(t *testing.T) {
	c, apply := moved(t, houseOfNumbers)
	bin := "https://kaden.example/bins/" + string(account.BinSID("night"))
	is := func(called, want string) {
		t.Helper()
		if got := c.answers(called); got != want {
			t.Errorf("%s answers with %q, want %q", called, got, want)
		}
	}
	is("+815012345678", "https://example.jp/voice")
	is("+81312345678", "refused")
	is("+81312345679", bin)
	is("+819012345678", "http://kaden.internal/callback")
	is("+819099999999", "not ours")
	if n, _ := c.called("+81312345679"); n.StatusCallback != "https://example.jp/status" || n.Account != c.main.SID {
		t.Errorf("the application's settings: %+v", n)
	}

	c.claim(t, "+815012345678", func(n *account.Number) { n.URL, n.Name = "https://example.jp/other", "hotline" })
	c.claim(t, "+81312345678", func(n *account.Number) { n.URL, n.Account = "https://example.jp/new", c.main.SID })
	is("+815012345678", "https://example.jp/other")
	is("+81312345678", "https://example.jp/new")
	apply(houseOfNumbers) // the same once more changes nothing
	is("+815012345678", "https://example.jp/other")
	apply(strings.Replace(houseOfNumbers, "jp/voice", "jp/again", 1))
	is("+815012345678", "https://example.jp/again")
	apply(houseOfNumbers)

	c.claim(t, "+815012345678", func(n *account.Number) { *n, n.Account = n.Answering(account.Voice{}), "" })
	is("+815012345678", "refused")
	apply(strings.Replace(houseOfNumbers, "jp/voice", "jp/again", 1)) // somebody wrote what it is to do
	is("+815012345678", "https://example.jp/again")
	c.claim(t, "+819012345678", func(n *account.Number) { n.URL = "https://example.jp/stolen" })
	is("+819012345678", "http://kaden.internal/callback")

	sub := account.New("shop", time.Now())
	sub.Owner = c.main.SID
	if err := c.PutAccount(t.Context(), sub); err != nil {
		t.Fatal(err)
	}
	c.claim(t, "+81312345678", func(n *account.Number) { n.Account = sub.SID })
	if n, _ := c.called("+81312345678"); n.Account != sub.SID || n.URL != "https://example.jp/new" {
		t.Errorf("a number of the sub-account: %+v", n)
	}
	sub.Status = account.Suspended
	if err := c.PutAccount(t.Context(), sub); err != nil {
		t.Fatal(err)
	}
	is("+81312345678", "refused")
	if n, _ := c.called("+81312345678"); n.Account != sub.SID {
		t.Errorf("a number of a suspended sub-account is %q's, who could show it", n.Account)
	}
	c.claim(t, "+81312345679", func(n *account.Number) { n.Application = "AP" + strings.Repeat("0", 32) })
	is("+81312345679", "refused")
}

// Two accounts see a free number at the same moment, at two nodes perhaps: the first to take it has it, and the other
// knows whose it is from then on.
func TestAFreeNumberIsTakenOnce(t *testing.T) {
	here, _ := moved(t, houseOfNumbers)
	there := &catalog{Books: here.Books, house: here.house, bins: here.bins, main: here.main}
	if err := there.refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	sub := account.New("shop", time.Now())
	sub.Owner = here.main.SID
	if err := here.PutAccount(t.Context(), sub); err != nil {
		t.Fatal(err)
	}
	wanted := func(c *catalog, by sid.Account) error {
		n := numberOf(c, "+81312345678")
		n.Account = by
		return c.Claim(t.Context(), n.Claimed(time.Now()))
	}
	if err := wanted(here, sub.SID); err != nil {
		t.Fatal(err)
	}
	if err := wanted(there, there.main.SID); !errors.Is(err, account.ErrChanged) {
		t.Errorf("the other one takes it as well: %v", err)
	}
	for name, c := range map[string]*catalog{"here": here, "there": there} {
		if n := numberOf(c, "+81312345678"); n.Account != sub.SID {
			t.Errorf("%s it is %q's, want %q's", name, n.Account, sub.SID)
		}
	}
}

// numberOf is a number as the catalog lists it.
func numberOf(c *catalog, called string) account.Number {
	for _, n := range c.Numbers() {
		if n.Number == called {
			return n
		}
	}
	return account.Number{}
}

func TestApplicationsOfDocumentsAndOfPrograms(t *testing.T) {
	c, apply := moved(t, houseOfNumbers)
	ctx, main := t.Context(), c.main.SID
	desk := account.ApplicationSID("desk")
	bin := "https://kaden.example/bins/" + string(account.BinSID("night"))
	a, err := c.Application(ctx, main, desk)
	if err != nil || a.Voice.URL != bin || a.Name != "desk" || a.Account != main || a.Created.IsZero() {
		t.Fatalf("%+v, %v", a, err)
	}
	if _, err := c.Application(ctx, "AC1", desk); !errors.Is(err, account.ErrNotFound) {
		t.Errorf("another account finds it: %v", err)
	}
	// Renamed over the API, it still answers with the bin, and with where the bin is by then.
	a.Name = "front desk"
	if err := c.PutApplication(ctx, a); err != nil {
		t.Fatal(err)
	}
	c.bins.public = "https://new.example"
	if a, err = c.Application(ctx, main, desk); err != nil || a.Name != "front desk" || !strings.HasPrefix(a.Voice.URL, "https://new.example/bins/") {
		t.Errorf("%+v, %v", a, err)
	}
	if err := c.DeleteApplication(ctx, main, desk); !errors.Is(err, account.ErrDescribed) {
		t.Errorf("deleted: %v", err)
	}
	apply(strings.Replace(houseOfNumbers, "jp/status", "jp/anew", 1))
	if a, err = c.Application(ctx, main, desk); err != nil || a.Name != "desk" || a.Voice.StatusCallback != "https://example.jp/anew" {
		t.Errorf("described anew: %+v, %v", a, err)
	}

	for _, name := range []string{"one", "two", "three"} {
		if err := c.PutApplication(ctx, account.Application{SID: sid.New[sid.Application](), Account: main, Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	apply(houseOfNumbers + "---\napplication: back\ntwiml: <Response/>\n")
	for limit, want := range map[int]string{1: "three|two|one|back|desk", 2: "three two|one back|desk", 3: "three two one|back desk", 50: "three two one back desk"} {
		var pages []string
		for p := (account.Page{Limit: limit}); ; {
			list, next, err := c.Applications(ctx, main, "", p)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, a := range list {
				names = append(names, a.Name)
			}
			pages = append(pages, strings.Join(names, " "))
			if p.After = next; next == 0 {
				break
			}
		}
		if got := strings.ReplaceAll(strings.Join(pages, "|"), "front desk", "desk"); got != want {
			t.Errorf("by %d: %s, want %s", limit, got, want)
		}
	}
	apply("bin: night\ntwiml: <Response/>\n")
	if _, err := c.Application(ctx, main, desk); !errors.Is(err, account.ErrNotFound) {
		t.Errorf("after its document was removed: %v", err)
	}
	if list, _, err := c.Applications(ctx, main, "one", account.Page{}); err != nil || fmt.Sprint(len(list)) != "1" {
		t.Errorf("of that name %v, %v", list, err)
	}
}
