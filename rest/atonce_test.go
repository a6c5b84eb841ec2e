package rest_test

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/rest"
	"github.com/kaden-project/kaden/sid"
)

// Two requests about one number at once: whoever is kept first is first, and the other sees what has become of it.
func TestOfTwoWhoWantANumberAtOnceOneGetsIt(t *testing.T) {
	h, books := furnished(t)
	numbers := newShelf()
	h.Handler = rest.New(slog.New(slog.DiscardHandler), rest.Config{Accounts: books, NotFound: account.ErrNotFound, Calls: h.store, Desk: h.desk, Numbers: numbers})
	theirs := "/2010-04-01/Accounts/" + string(other)
	meanwhile := func(method, path string, form url.Values, status int) func() {
		return func() { h.as(string(other), strings.Repeat("f", 32), method, theirs+path, form).is(status) }
	}
	const free = "+81312345678"
	numbers.before = meanwhile("POST", "/IncomingPhoneNumbers.json", form("PhoneNumber", free), 201)
	h.post(base+"/IncomingPhoneNumbers.json", form("PhoneNumber", free)).refuses(400, 21422, "not available")
	numbers.before = meanwhile("POST", "/IncomingPhoneNumbers.json", form("AreaCode", "3"), 201)
	h.post(base+"/IncomingPhoneNumbers.json", form("AreaCode", "3")).refuses(400, 21452)
	if n := len(h.get(base + "/IncomingPhoneNumbers.json?PhoneNumber=" + free[1:]).is(200).body["incoming_phone_numbers"].([]any)); n != 0 {
		t.Error("both have the number")
	}

	// Of two settings that are changed at once none is lost; of a number that is given back meanwhile nothing is left.
	one := "/IncomingPhoneNumbers/" + string(account.NumberSID(free)) + ".json"
	theirToken := strings.Repeat("f", 32)
	numbers.before = meanwhile("POST", one, form("FriendlyName", "night"), 200)
	changed := h.as(string(other), theirToken, "POST", theirs+one, form("VoiceUrl", "https://example.com/night")).is(200)
	if changed.text("friendly_name") != "night" || changed.text("voice_url") != "https://example.com/night" {
		t.Errorf("after two changes at once: %s", changed.raw)
	}
	numbers.before = meanwhile("DELETE", one, nil, 204)
	h.as(string(other), theirToken, "POST", theirs+one, form("FriendlyName", "again")).refuses(404, 20404)
	h.post(base+"/IncomingPhoneNumbers.json", form("PhoneNumber", free)).is(201)
}

// once does something after the first time that an account is read.
type once struct {
	rest.Accounts
	then func()
}

func (o *once) Account(ctx context.Context, id sid.Account) (account.Account, error) {
	a, err := o.Accounts.Account(ctx, id)
	if f := o.then; f != nil {
		o.then = nil
		f()
	}
	return a, err
}

// A sub-account that is suspended while it gives itself another name stays suspended.
func TestANewNameDoesNotUndoASuspension(t *testing.T) {
	h, books := furnished(t)
	sub := h.post("/2010-04-01/Accounts.json", form("FriendlyName", "shop")).is(201)
	path := "/2010-04-01/Accounts/" + sub.text("sid") + ".json"
	accounts := &once{Accounts: books}
	h.Handler = rest.New(slog.New(slog.DiscardHandler), rest.Config{Accounts: accounts, NotFound: account.ErrNotFound, Calls: h.store, Desk: h.desk})
	accounts.then = func() { h.post(path, form("Status", "suspended")).is(200) }
	h.as(sub.text("sid"), sub.text("auth_token"), "POST", path, form("FriendlyName", "store")).is(200)
	if got := h.get(path).is(200); got.text("status") != "suspended" || got.text("friendly_name") != "store" {
		t.Errorf("afterwards it is %s", got.raw)
	}
}
