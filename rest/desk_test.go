package rest_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/rest"
	"github.com/kaden-project/kaden/store/memstore"
)

// kaden's own desk, with simulated phones: the same words lead to the same states as at the desk for tests.
func TestTheRealDeskBehindTheAPI(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		if err := store.PutAccount(t.Context(), account.Account{SID: owner, AuthToken: token}); err != nil {
			t.Fatal(err)
		}
		log := slog.New(slog.DiscardHandler)
		phones := &simleg.Dialer{Phones: func(uri string) simleg.Behaviour {
			if strings.Contains(uri, "sato") {
				return simleg.Behaviour{AnswerAfter: 3 * time.Second}
			}
			return simleg.Behaviour{AnswerAfter: simleg.Never}
		}}
		ran := make(chan call.Program, 10)
		desk := call.New(log, call.Config{
			Store: store, Dialers: map[number.Scheme]leg.Dialer{number.Sim: phones},
			Script: func(ctx context.Context, c *call.Call) error {
				ran <- c.Record().Program
				<-ctx.Done()
				return nil
			},
		})
		api := rest.New(log, rest.Config{Accounts: store, Calls: store, Desk: rest.AtDesk(desk)})
		send := func(method, path string, form url.Values) reply {
			t.Helper()
			w := httptest.NewRecorder()
			api.ServeHTTP(w, request(method, path, form))
			out := reply{t: t, status: w.Code, raw: w.Body.String()}
			if err := json.Unmarshal(w.Body.Bytes(), &out.body); err != nil {
				t.Fatal(err)
			}
			return out
		}
		order := func(to string) string {
			t.Helper()
			created := send("POST", base+"/Calls.json", usual("To", to, "From", "desk", "Url", "", "Twiml", "<Response/>")).is(201)
			if created.text("status") != "queued" {
				t.Errorf("created %s", created.raw)
			}
			time.Sleep(time.Second)
			return created.text("uri")
		}

		rings := order("sim:suzuki")
		send("POST", rings, url.Values{"Url": {"https://example.com/"}}).refuses(400, 21220)
		if got := send("POST", rings, url.Values{"Status": {"canceled"}}).is(200).text("status"); got != "canceled" {
			t.Errorf("cancelled: %s", got)
		}
		send("POST", rings, url.Values{"Status": {"completed"}}).refuses(400, 21220)

		talks := order("sim:sato")
		time.Sleep(3 * time.Second)
		if p := <-ran; p.TwiML != "<Response/>" {
			t.Errorf("the answered call runs %+v", p)
		}
		if got := send("POST", talks, url.Values{"Status": {"canceled"}}).is(200).text("status"); got != "in-progress" {
			t.Errorf("cancelled after the answer: %s", got)
		}
		send("POST", talks, url.Values{"Url": {"https://example.com/next"}}).is(200)
		if p := <-ran; p.URL != "https://example.com/next" {
			t.Errorf("the redirected call runs %+v", p)
		}
		time.Sleep(10 * time.Second)
		ended := send("POST", talks, url.Values{"Status": {"completed"}}).is(200)
		if ended.text("status") != "completed" || ended.text("duration") != "11" {
			t.Errorf("completed: %s", ended.raw)
		}

		if err := desk.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		send("POST", base+"/Calls.json", usual("To", "sim:sato")).refuses(503, 20503, "shutting down")
		for _, wish := range []url.Values{{"Status": {"completed"}}, {"Status": {"canceled"}}, {"Url": {"https://example.com/"}}} {
			lost := call.Record{SID: callID(1), Account: owner, Status: call.Ringing, Direction: call.Inbound}
			if err := store.Change(t.Context(), call.Change{Record: lost}); err != nil {
				t.Fatal(err)
			}
			send("POST", base+"/Calls/"+string(lost.SID), wish).refuses(400, 21220)
		}
	})
}
