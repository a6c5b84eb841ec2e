package rest_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/rest"
	"github.com/kaden-project/kaden/sid"
)

// Whatever an account has, neither another account nor one below it sees, changes or deletes, with its token or with a
// key; under its own path there is nothing of that name, and under the other's it is not let in.
func TestOneAccountNeverSeesWhatAnotherHas(t *testing.T) {
	h, books := furnished(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	h.store.Put(call.Record{SID: callID(1), Account: owner, To: sato, Status: call.Completed, Created: at, Updated: at})
	rec := account.Recording{SID: sid.New[sid.Recording](), Account: owner, Call: callID(1), Status: "completed", Channels: 1, Created: at, Updated: at}
	asked := account.Exchange{Account: owner, Call: callID(1), At: at, URL: "https://example.com/secret"}
	note := account.Notification{SID: sid.New[sid.Notification](), Account: owner, Call: callID(1), Code: 11200, Text: "secret", Exchange: asked, At: at}
	verified := account.CallerID{SID: sid.New[sid.Number](), Account: owner, Number: "+819011112222", Created: at, Updated: at}
	for _, err := range []error{
		books.PutRecording(t.Context(), rec, []byte("RIFF")), books.PutCallerID(t.Context(), verified),
		books.KeepDebug(t.Context(), []account.Exchange{asked}, []account.Notification{note}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	cfg := rest.Config{
		Accounts: books, NotFound: account.ErrNotFound, Calls: h.store, Desk: h.desk, Keys: books, Applications: books, Numbers: newShelf(),
		Recordings: books, Debug: books, CallerIDs: books,
	}
	h.Handler = rest.New(slog.New(slog.DiscardHandler), cfg)
	key := base + "/Keys/" + h.post(base+"/Keys.json", form()).is(201).text("sid") + ".json"
	app := h.post(base+"/Applications.json", form()).is(201).text("uri")
	sub := h.post("/2010-04-01/Accounts.json", form("FriendlyName", "shop")).is(201)
	strangers := "/2010-04-01/Accounts/" + string(other)
	theirs := h.as(string(other), strings.Repeat("f", 32), "POST", strangers+"/Keys.json", form()).is(201)

	inCall := base + "/Calls/" + string(callID(1))
	instances := []string{
		inCall + ".json", key, strings.Replace(key, "Keys", "SigningKeys", 1), app, base + "/IncomingPhoneNumbers/" + string(account.NumberSID(us)) + ".json",
		base + "/OutgoingCallerIds/" + string(verified.SID) + ".json", base + "/Recordings/" + string(rec.SID) + ".json", base + "/Recordings/" + string(rec.SID) + ".wav",
		inCall + "/Recordings/" + string(rec.SID) + ".json", base + "/Notifications/" + string(note.SID) + ".json", inCall + "/Notifications/" + string(note.SID) + ".json",
	}
	lists := map[string]string{
		base + "/Calls.json": "calls", base + "/Applications.json": "applications", base + "/IncomingPhoneNumbers.json": "incoming_phone_numbers",
		base + "/OutgoingCallerIds.json": "outgoing_caller_ids", base + "/Recordings.json": "recordings", inCall + "/Recordings.json": "recordings",
		base + "/Notifications.json": "notifications", inCall + "/Notifications.json": "notifications", inCall + "/Events.json": "events",
	}
	for uri, list := range lists {
		if got := len(h.get(uri).is(200).body[list].([]any)); got == 0 {
			t.Errorf("%s: the owner sees nothing: this test would prove nothing", uri)
		}
	}
	for _, who := range []struct{ name, user, password, own string }{
		{"another account", string(other), strings.Repeat("f", 32), strangers},
		{"a key of another account", theirs.text("sid"), theirs.text("secret"), strangers},
		{"an account below", sub.text("sid"), sub.text("auth_token"), "/2010-04-01/Accounts/" + sub.text("sid")},
	} {
		t.Run(who.name, func(t *testing.T) {
			h.t = t
			for _, uri := range instances {
				for _, method := range []string{"GET", "POST", "DELETE"} {
					h.as(who.user, who.password, method, uri, form("FriendlyName", "taken")).refuses(401, 20003)
					r := h.as(who.user, who.password, method, strings.Replace(uri, base, who.own, 1), form("FriendlyName", "taken"))
					if r.status != 404 && r.status != 405 && !(r.status == 401 && strings.Contains(r.raw, "not with a key")) {
						t.Errorf("%s %s below its own path: %d %s", method, uri, r.status, r.raw)
					}
				}
			}
			for uri, list := range lists {
				h.as(who.user, who.password, "GET", uri, nil).refuses(401, 20003)
				r := h.as(who.user, who.password, "GET", strings.Replace(uri, base, who.own, 1), nil).is(200)
				if got := r.body[list].([]any); len(got) != 0 {
					t.Errorf("%s below its own path: %s", uri, r.raw)
				}
			}
			h.as(who.user, who.password, "GET", base+".json", nil).refuses(401, 20003)
			h.as(who.user, who.password, "POST", base+".json", form("FriendlyName", "taken")).refuses(401, 20003)
		})
	}
	h.t = t
	for _, uri := range instances {
		if w := h.sound(request("GET", uri, nil)); w.Code != 200 || strings.Contains(w.Body.String(), "taken") {
			t.Errorf("%s after all that: %d %s", uri, w.Code, w.Body)
		}
	}
}
