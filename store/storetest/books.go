package storetest

import (
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
)

// pages reads a list by pages of two, and gives the names of what is on each.
func pages[T any](t *testing.T, name func(T) string, list func(p account.Page) ([]T, int64, error)) (all []string) {
	t.Helper()
	for p := (account.Page{Limit: 2}); ; {
		found, next, err := list(p)
		ok(t, err)
		all = append(all, names(found, name))
		if p.After = next; next == 0 {
			return all
		}
	}
}

func accountsListed(t *testing.T, s Store, reopen func() Store) {
	list := []account.Account{
		{SID: owner, Name: "main", AuthToken: "a"}, {SID: stranger, Name: "other", AuthToken: "b"},
		{SID: "AC03", Owner: owner, Name: "shop", AuthToken: "c"}, {SID: "AC04", Owner: owner, Name: "shop", AuthToken: "d", Status: account.Suspended},
		{SID: "AC05", Owner: stranger, Name: "shop", AuthToken: "e", Status: account.Active},
	}
	for i := range list {
		list[i].Created, list[i].Updated = Base, Base
		ok(t, s.PutAccount(t.Context(), list[i]))
	}
	s = reopen()
	for _, tt := range []struct {
		f    account.Filter
		want string
	}{
		{account.Filter{}, "[[AC05 AC04] [AC03 " + string(stranger) + "] [" + string(owner) + "]]"},
		{account.Filter{Of: owner}, "[[AC04 AC03] [" + string(owner) + "]]"},
		{account.Filter{Of: owner, Name: "shop"}, "[[AC04 AC03]]"},
		{account.Filter{Of: owner, Status: account.Active}, "[[AC03 " + string(owner) + "]]"},
		{account.Filter{Name: "shop", Status: account.Suspended}, "[[AC04]]"},
		{account.Filter{Name: "nobody"}, "[[]]"},
	} {
		got := pages(t, func(a account.Account) string { return string(a.SID) }, func(p account.Page) ([]account.Account, int64, error) {
			tt.f.Page = p
			return s.ListAccounts(t.Context(), tt.f)
		})
		if fmt.Sprint(got) != tt.want {
			t.Errorf("%+v: %v, want %s", tt.f, got, tt.want)
		}
	}
	got, err := s.Account(t.Context(), "AC04")
	ok(t, err)
	same(t, "a sub-account", got, list[3])
}

func keysKept(t *testing.T, s Store, reopen func() Store) {
	one := account.Key{SID: "SK01", Account: owner, Name: "ci", Secret: "geheim", Created: Base, Updated: Base}
	ok(t, s.PutKey(t.Context(), one))
	ok(t, s.PutKey(t.Context(), account.Key{SID: "SK02", Account: stranger, Secret: "other", Created: Base, Updated: Base}))
	for _, id := range []sid.Key{"SK03", "SK04"} {
		ok(t, s.PutKey(t.Context(), account.Key{SID: id, Account: owner, Secret: "x", Created: Base, Updated: Base}))
	}
	one.Name, one.Updated = "build", Base.Add(time.Minute)
	ok(t, s.RenameKey(t.Context(), owner, "SK01", "build", Base.Add(time.Minute)))
	is(t, s.RenameKey(t.Context(), stranger, "SK01", "mine", Base), account.ErrNotFound)
	s = reopen()
	got, err := s.Key(t.Context(), "SK01")
	ok(t, err)
	same(t, "the key", got, one)
	listed := func() string {
		return fmt.Sprint(pages(t, func(k account.Key) string { return string(k.SID) + k.Secret }, func(p account.Page) ([]account.Key, int64, error) {
			return s.Keys(t.Context(), owner, p)
		}))
	}
	if l := listed(); l != "[[SK04x SK03x] [SK01geheim]]" {
		t.Errorf("keys %s", l)
	}
	is(t, s.DeleteKey(t.Context(), stranger, "SK01"), account.ErrNotFound)
	ok(t, s.DeleteKey(t.Context(), owner, "SK03"))
	is(t, s.DeleteKey(t.Context(), owner, "SK03"), account.ErrNotFound)
	is(t, s.RenameKey(t.Context(), owner, "SK03", "again", Base), account.ErrNotFound) // what is worthless stays so
	_, err = s.Key(t.Context(), "SK03")
	is(t, err, account.ErrNotFound)
	if l := listed(); l != "[[SK04x SK01geheim]]" {
		t.Errorf("keys %s", l)
	}
}

func applicationsKept(t *testing.T, s Store, reopen func() Store) {
	a := account.Application{
		SID: "AP01", Account: owner, Name: "受付", CallerLookup: true, Public: true, Document: "hash", Created: Base, Updated: Base.Add(time.Second),
		Voice: account.Voice{URL: "https://example.jp/v", Method: "GET", FallbackURL: "f", FallbackMethod: "POST", TwiML: "<Response/>", Bin: "night", StatusCallback: "s", StatusCallbackMethod: "GET"},
		Texts: account.Texts{URL: "t", Method: "GET", FallbackURL: "u", FallbackMethod: "POST", StatusCallback: "w"},
	}
	ok(t, s.PutApplication(t.Context(), account.Application{SID: "AP01", Account: owner, Name: "first", Created: Base, Updated: Base}))
	ok(t, s.PutApplication(t.Context(), account.Application{SID: "AP02", Account: stranger, Name: "受付", Created: Base, Updated: Base}))
	ok(t, s.PutApplication(t.Context(), account.Application{SID: "AP03", Account: owner, Name: "shop", Created: Base, Updated: Base}))
	ok(t, s.PutApplication(t.Context(), a))
	s = reopen()
	got, err := s.Application(t.Context(), owner, "AP01")
	ok(t, err)
	same(t, "the application", got, a)
	for _, n := range []struct{ name, want string }{{"", "[[AP03 AP01]]"}, {"受付", "[[AP01]]"}, {"nobody", "[[]]"}} {
		if l := fmt.Sprint(pages(t, func(a account.Application) string { return string(a.SID) }, func(p account.Page) ([]account.Application, int64, error) {
			return s.Applications(t.Context(), owner, n.name, p)
		})); l != n.want {
			t.Errorf("named %q: %s, want %s", n.name, l, n.want)
		}
	}
	_, err = s.Application(t.Context(), stranger, "AP01")
	is(t, err, account.ErrNotFound)
	is(t, s.DeleteApplication(t.Context(), stranger, "AP01"), account.ErrNotFound)
	ok(t, s.DeleteApplication(t.Context(), owner, "AP01"))
	_, err = s.Application(t.Context(), owner, "AP01")
	is(t, err, account.ErrNotFound)
}

func claimsKept(t *testing.T, s Store, reopen func() Store) {
	desk := account.Claim{Number: "reception", Created: Base, Updated: Base}
	line := account.Claim{Number: "+815012345678", Account: owner, Name: "hotline", Voice: account.Voice{URL: "v"}, Texts: account.Texts{URL: "t"},
		Application: "AP01", Document: "hash", Created: Base, Updated: Base}
	ok(t, s.PutClaim(t.Context(), account.Claim{Number: line.Number, Account: stranger, Created: Base, Updated: Base}))
	ok(t, s.PutClaim(t.Context(), desk))
	is(t, s.PutClaim(t.Context(), line), account.ErrChanged) // something was said about it by now
	line.Version = 1
	ok(t, s.PutClaim(t.Context(), line))
	is(t, s.PutClaim(t.Context(), line), account.ErrChanged)
	s = reopen()
	got, err := s.Claims(t.Context())
	ok(t, err)
	line.Version, desk.Version = 2, 1
	same(t, "claims", got, []account.Claim{line, desk})
}

// Of many accounts that take the same number at once one has it, whether or not anybody had it before.
func claimedAtOnce(t *testing.T, s Store, reopen func() Store) {
	for _, free := range []account.Claim{{Number: "+815012345678"}, {Number: "+815012345678", Version: 1}} {
		free.Created, free.Updated = Base, Base
		var mu sync.Mutex
		var winners []sid.Account
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				c := free
				c.Account = sid.Account(fmt.Sprintf("AC%02d", i))
				switch err := s.PutClaim(t.Context(), c); err {
				case nil:
					mu.Lock()
					defer mu.Unlock()
					winners = append(winners, c.Account)
				case account.ErrChanged:
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		s = reopen()
		got, err := s.Claims(t.Context())
		ok(t, err)
		if len(winners) != 1 || len(got) != 1 || got[0].Account != winners[0] || got[0].Version != free.Version+1 {
			t.Errorf("%v believe to have it; kept is %+v", winners, got)
		}
	}
}

func callerIDsKept(t *testing.T, s Store, reopen func() Store) {
	put := func(id sid.Number, a sid.Account, n, name string, at time.Time) {
		t.Helper()
		ok(t, s.PutCallerID(t.Context(), account.CallerID{SID: id, Account: a, Number: number.Number(n), Name: name, Created: at, Updated: at}))
	}
	put("PN01", owner, "+819011112222", "sato", Base)
	put("PN02", stranger, "+819011112222", "sato", Base)
	put("PN03", owner, "+819033334444", "suzuki", Base)
	put("PN04", owner, "+819011112222", "佐藤", Base.Add(time.Hour))
	s = reopen()
	got, err := s.CallerID(t.Context(), owner, "PN01")
	ok(t, err)
	same(t, "the number", got, account.CallerID{SID: "PN01", Account: owner, Number: "+819011112222", Name: "佐藤", Created: Base, Updated: Base.Add(time.Hour)})
	for _, tt := range []struct {
		f    account.CallerIDFilter
		want string
	}{
		{account.CallerIDFilter{Account: owner}, "[[PN03 PN01]]"}, {account.CallerIDFilter{Account: owner, Number: "+819033334444"}, "[[PN03]]"},
		{account.CallerIDFilter{Account: owner, Name: "佐藤"}, "[[PN01]]"}, {account.CallerIDFilter{Account: stranger}, "[[PN02]]"},
	} {
		if l := fmt.Sprint(pages(t, func(c account.CallerID) string { return string(c.SID) }, func(p account.Page) ([]account.CallerID, int64, error) {
			tt.f.Page = p
			return s.CallerIDs(t.Context(), tt.f)
		})); l != tt.want {
			t.Errorf("%+v: %s, want %s", tt.f, l, tt.want)
		}
	}
	ok(t, s.RenameCallerID(t.Context(), owner, "PN03", "鈴木", Base.Add(time.Hour)))
	got, err = s.CallerID(t.Context(), owner, "PN03")
	ok(t, err)
	same(t, "the other number", got, account.CallerID{SID: "PN03", Account: owner, Number: "+819033334444", Name: "鈴木", Created: Base, Updated: Base.Add(time.Hour)})
	is(t, s.DeleteCallerID(t.Context(), stranger, "PN01"), account.ErrNotFound)
	ok(t, s.DeleteCallerID(t.Context(), owner, "PN01"))
	is(t, s.RenameCallerID(t.Context(), owner, "PN01", "again", Base), account.ErrNotFound)
	_, err = s.CallerID(t.Context(), owner, "PN01")
	is(t, err, account.ErrNotFound)
}

func recordingsKept(t *testing.T, s Store, reopen func() Store) {
	r := account.Recording{SID: "RE01", Account: owner, Call: "CA01", Source: "RecordVerb", Track: "inbound", Channels: 1, Status: "in-progress",
		Started: Base, Created: Base, Updated: Base}
	ok(t, s.PutRecording(t.Context(), r, nil))
	_, err := s.RecordingSound(t.Context(), owner, "RE01")
	is(t, err, account.ErrNotFound)
	r.Status, r.Duration, r.Updated = "completed", 12_345*time.Millisecond, Base.Add(time.Minute)
	ok(t, s.PutRecording(t.Context(), r, []byte("RIFF\x00")))
	r.ErrorCode = 13617
	ok(t, s.PutRecording(t.Context(), r, nil))
	ok(t, s.PutRecording(t.Context(), account.Recording{SID: "RE02", Account: stranger, Call: "CA01", Created: Base, Updated: Base}, []byte("b")))
	ok(t, s.PutRecording(t.Context(), account.Recording{SID: "RE03", Account: owner, Conference: "CF01", Channels: 2, Created: Base.Add(24 * time.Hour), Updated: Base}, []byte("c")))
	ok(t, s.PutRecording(t.Context(), account.Recording{SID: "RE04", Account: owner, Call: "CA02", Created: Base.Add(48 * time.Hour), Updated: Base}, nil))
	s = reopen()
	got, err := s.Recording(t.Context(), owner, "RE01")
	ok(t, err)
	same(t, "the recording", got, r)
	wav, err := s.RecordingSound(t.Context(), owner, "RE01")
	ok(t, err)
	same(t, "its sound", wav, []byte("RIFF\x00"))
	_, err = s.RecordingSound(t.Context(), stranger, "RE01")
	is(t, err, account.ErrNotFound)
	for _, tt := range []struct {
		f    account.RecordingFilter
		want string
	}{
		{account.RecordingFilter{Account: owner}, "[[RE04 RE03] [RE01]]"},
		{account.RecordingFilter{Call: "CA01"}, "[[RE02 RE01]]"},
		{account.RecordingFilter{Account: owner, Call: "CA01"}, "[[RE01]]"},
		{account.RecordingFilter{Account: owner, Conference: "CF01"}, "[[RE03]]"},
		{account.RecordingFilter{Account: owner, Created: account.Span{From: Base.Add(time.Hour), Before: Base.Add(48 * time.Hour)}}, "[[RE03]]"},
	} {
		if l := fmt.Sprint(pages(t, func(r account.Recording) string { return string(r.SID) }, func(p account.Page) ([]account.Recording, int64, error) {
			tt.f.Page = p
			return s.Recordings(t.Context(), tt.f)
		})); l != tt.want {
			t.Errorf("%+v: %s, want %s", tt.f, l, tt.want)
		}
	}
	is(t, s.DeleteRecording(t.Context(), stranger, "RE01"), account.ErrNotFound)
	ok(t, s.DeleteRecording(t.Context(), owner, "RE01"))
	is(t, s.DeleteRecording(t.Context(), owner, "RE01"), account.ErrNotFound)
	if _, err := s.Sound(t.Context(), "RE01"); err == nil {
		t.Error("the sound of a recording that was deleted is still there")
	}
}

func recordingsForgotten(t *testing.T, s Store, reopen func() Store) {
	for i, id := range []sid.Recording{"RE04", "RE01", "RE03", "RE02"} {
		age := map[sid.Recording]time.Duration{"RE01": 1, "RE02": 2, "RE03": 3, "RE04": 4}[id] * time.Hour
		ok(t, s.PutRecording(t.Context(), account.Recording{SID: id, Account: owner, Created: Base.Add(age), Updated: Base}, []byte{byte(i)}))
	}
	for _, want := range []int{2, 1, 0} {
		n, err := s.ForgetRecordings(t.Context(), Base.Add(4*time.Hour), 2)
		ok(t, err)
		if n != want {
			t.Errorf("%d forgotten, want %d", n, want)
		}
		if _, err := s.RecordingSound(t.Context(), owner, "RE03"); (err == nil) != (want == 2) {
			t.Errorf("the third oldest, after %d were forgotten: %v", want, err)
		}
	}
	s = reopen()
	if _, err := s.RecordingSound(t.Context(), owner, "RE04"); err != nil {
		t.Error("the newest is gone: ", err)
	}
	if _, err := s.Sound(t.Context(), "RE01"); err == nil {
		t.Error("the sound of the oldest is still there")
	}
}

func debugKept(t *testing.T, s Store, reopen func() Store) {
	ask := func(call sid.Call, at time.Time) account.Exchange {
		return account.Exchange{Account: owner, Call: call, At: at, Method: "POST", URL: "https://example.jp/v", Params: url.Values{"Digits": {"1"}},
			Status: 500, Took: 1500 * time.Millisecond, Header: map[string][]string{"Content-Type": {"text/html"}}, Body: "<h1>申し訳ありません", Code: 11200}
	}
	note := account.Notification{SID: "NO01", Account: owner, Call: "CA01", Code: 11200, Text: "answered 500", Exchange: ask("CA01", Base), At: Base}
	later := account.Notification{SID: "NO02", Account: owner, Warning: true, Code: 12200, Text: "<Sai>", At: Base.Add(24 * time.Hour)}
	ok(t, s.KeepDebug(t.Context(), []account.Exchange{ask("CA01", Base), ask("CA02", Base), ask("CA01", Base.Add(time.Hour))}, []account.Notification{note}))
	ok(t, s.KeepDebug(t.Context(), nil, []account.Notification{later, {SID: "NO03", Account: stranger, At: Base}}))
	s = reopen()
	got, err := s.Notification(t.Context(), owner, "NO01")
	ok(t, err)
	same(t, "the entry", got, note)
	_, err = s.Notification(t.Context(), stranger, "NO01")
	is(t, err, account.ErrNotFound)
	for _, tt := range []struct {
		f    account.NotificationFilter
		want string
	}{
		{account.NotificationFilter{Account: owner}, "[[NO02 NO01]]"}, {account.NotificationFilter{Account: owner, Call: "CA01"}, "[[NO01]]"},
		{account.NotificationFilter{Account: owner, Level: "0"}, "[[NO01]]"}, {account.NotificationFilter{Account: owner, Level: "1"}, "[[NO02]]"},
		{account.NotificationFilter{Account: owner, At: account.Span{Before: Base.Add(time.Hour)}}, "[[NO01]]"},
	} {
		if l := fmt.Sprint(pages(t, func(n account.Notification) string { return string(n.SID) }, func(p account.Page) ([]account.Notification, int64, error) {
			tt.f.Page = p
			return s.Notifications(t.Context(), tt.f)
		})); l != tt.want {
			t.Errorf("%+v: %s, want %s", tt.f, l, tt.want)
		}
	}
	asked, next, err := s.Exchanges(t.Context(), owner, "CA01", account.Page{})
	ok(t, err)
	same(t, "what was asked for the call", asked, []account.Exchange{ask("CA01", Base.Add(time.Hour)), ask("CA01", Base)})
	if none, _, err := s.Exchanges(t.Context(), stranger, "CA01", account.Page{}); len(none) > 0 || next != 0 || err != nil {
		t.Errorf("a stranger sees %v, %v", none, err)
	}
	for _, want := range []int{2, 2, 0} { // one of each, then the other of each
		n, err := s.ForgetDebug(t.Context(), Base.Add(time.Minute), 1)
		ok(t, err)
		if n != want {
			t.Errorf("%d forgotten, want %d", n, want)
		}
	}
	if asked, _, _ = s.Exchanges(t.Context(), owner, "CA01", account.Page{}); len(asked) != 1 {
		t.Errorf("%d exchanges are left", len(asked))
	}
	if _, err := s.Notification(t.Context(), owner, "NO02"); err != nil {
		t.Error("what is new is gone: ", err)
	}
}
