package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
)

func verifyServicesKept(t *testing.T, s Store, reopen func() Store) {
	shop := account.VerifyService{SID: "VA01", Account: owner, Name: "店", Created: Base, Updated: Base.Add(time.Second),
		VerifySettings: account.VerifySettings{CodeLength: 4, KeyFirst: true, OwnCodes: true, Warning: true, SkipLandlines: true, Lookup: true, TTSName: "x"}}
	ok(t, s.PutVerifyService(t.Context(), account.VerifyService{SID: "VA01", Account: owner, Name: "shop", Created: Base, Updated: Base}))
	ok(t, s.PutVerifyService(t.Context(), account.VerifyService{SID: "VA02", Account: stranger, Name: "shop", Created: Base, Updated: Base}))
	for _, id := range []sid.Service{"VA03", "VA04"} {
		ok(t, s.PutVerifyService(t.Context(), account.VerifyService{SID: id, Account: owner, Created: Base, Updated: Base}))
	}
	ok(t, s.PutVerifyService(t.Context(), shop))
	s = reopen()
	got, err := s.VerifyService(t.Context(), owner, "VA01")
	ok(t, err)
	same(t, "the service", got, shop)
	list := func() string {
		return fmt.Sprint(pages(t, func(v account.VerifyService) string { return string(v.SID) }, func(p account.Page) ([]account.VerifyService, int64, error) {
			return s.VerifyServices(t.Context(), owner, p)
		}))
	}
	if l := list(); l != "[[VA04 VA03] [VA01]]" {
		t.Errorf("services %s", l)
	}
	c := account.Code{SID: "VE01", Service: "VA01", Account: owner, To: "+819011112222", Code: "1234", Status: account.CodePending, Created: Base, Updated: Base}
	ok(t, s.PutCode(t.Context(), c))
	is(t, s.DeleteVerifyService(t.Context(), stranger, "VA01"), account.ErrNotFound)
	ok(t, s.DeleteVerifyService(t.Context(), owner, "VA01"))
	_, err = s.VerifyService(t.Context(), owner, "VA01")
	is(t, err, account.ErrNotFound)
	told, err := s.CodesTo(t.Context(), owner, c.To, Base) // whom its codes were told is known
	ok(t, err)
	same(t, "codes that were told", len(told), 1)
	if l := list(); l != "[[VA04 VA03]]" {
		t.Errorf("services %s", l)
	}
}

func codesKept(t *testing.T, s Store, reopen func() Store) {
	const sato, suzuki = number.Number("+819011112222"), number.Number("+819033334444")
	made := account.Code{
		SID: "VE01", Service: "VA01", Account: owner, To: sato, Code: "012345", Status: account.CodePending, Checks: 1,
		Tellings: []account.Telling{{SID: "VL01", Channel: "call", At: Base, Call: "CA01"}}, Created: Base, Updated: Base,
	}
	put := func(c account.Code) error { t.Helper(); return s.PutCode(t.Context(), c) }
	ok(t, put(made))
	twin := made
	twin.SID = "VE02"
	is(t, put(twin), account.ErrChanged) // one is open for this service and number
	is(t, put(made), account.ErrChanged) // and it is there already
	twin.Service = "VA02"
	ok(t, put(twin))
	twin.SID, twin.Service, twin.To = "VE03", "VA01", suzuki
	ok(t, put(twin))

	s = reopen()
	made.Version = 1
	got, err := s.Code(t.Context(), "VA01", "VE01")
	ok(t, err)
	same(t, "the code", got, made)
	got, err = s.OpenCode(t.Context(), "VA01", sato)
	ok(t, err)
	same(t, "the open code", got, made)
	_, err = s.Code(t.Context(), "VA02", "VE01")
	is(t, err, account.ErrNotFound)
	_, err = s.OpenCode(t.Context(), "VA02", suzuki)
	is(t, err, account.ErrNotFound)

	made.Checks, made.Status, made.Code, made.Updated = 5, account.CodeUsedUp, "999999", Base.Add(time.Minute)
	made.Tellings = append(made.Tellings, account.Telling{SID: "VL02", Channel: "sms", At: Base.Add(time.Minute)})
	ok(t, put(made))
	is(t, put(made), account.ErrChanged) // its version is no more
	made.Version = 2
	got, err = s.OpenCode(t.Context(), "VA01", sato) // one that is used up keeps the place
	ok(t, err)
	same(t, "the code that is used up", got, made)
	since := func(at time.Time) string {
		list, err := s.CodesTo(t.Context(), owner, sato, at)
		ok(t, err)
		return names(list, func(c account.Code) string { return string(c.SID) + c.Code })
	}
	if l := since(Base) + since(Base.Add(time.Minute)) + since(Base.Add(time.Hour)); l != "[VE02012345 VE01999999][VE01999999][]" {
		t.Errorf("codes to sato: %s", l)
	}
	made.Status = account.CodeExpired
	ok(t, put(made))
	_, err = s.OpenCode(t.Context(), "VA01", sato)
	is(t, err, account.ErrNotFound)
	made.SID, made.Version, made.Status = "VE04", 0, account.CodePending // its place can be taken
	ok(t, put(made))

	n, err := s.ForgetCodes(t.Context(), Base.Add(time.Minute), 1)
	ok(t, err)
	same(t, "forgotten at once", n, 1)
	n, err = s.ForgetCodes(t.Context(), Base.Add(time.Minute), 10)
	ok(t, err)
	same(t, "forgotten then", n, 1)
	if l := since(Base); l != "[VE04999999 VE01999999]" {
		t.Errorf("left of the codes to sato: %s", l)
	}
}

// Whoever guesses with many hands at once has no more tries than with one.
func codeChangedAtOnce(t *testing.T, s Store, reopen func() Store) {
	made := account.Code{SID: "VE01", Service: "VA01", Account: owner, To: "+819011112222", Status: account.CodePending, Created: Base, Updated: Base}
	ok(t, s.PutCode(t.Context(), made))
	made.Version = 1
	var first atomic.Int32
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			c := made
			c.Checks++
			switch err := s.PutCode(t.Context(), c); {
			case err == nil:
				first.Add(1)
			case err != account.ErrChanged:
				t.Error(err)
			}
		})
	}
	all.Wait()
	got, err := reopen().Code(t.Context(), "VA01", "VE01")
	ok(t, err)
	if first.Load() != 1 || got.Checks != 1 || got.Version != 2 {
		t.Errorf("%d were first; %d checks, version %d", first.Load(), got.Checks, got.Version)
	}
}
