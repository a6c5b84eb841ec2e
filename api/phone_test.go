package api_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/kaden-project/kaden/api"
	"github.com/kaden-project/kaden/number"
)

func TestABrowserGetsATokenForAPerson(t *testing.T) {
	story(t, func(h *house) {
		h.cfg.Phone = func(person string) (api.PhoneToken, error) {
			if person != "sato" {
				return api.PhoneToken{}, errors.New("there is no person " + person)
			}
			return api.PhoneToken{Token: "a.b.c", Identity: "sato", Expires: time.Unix(0, 0).UTC(), Listed: true}, nil
		}
		h.remake()
		if got := post[api.PhoneToken](h, http.StatusOK, "/api/phone", `{"person": "sato"}`); got.Token != "a.b.c" || got.Identity != "sato" || !got.Listed {
			t.Errorf("a token %+v", got)
		}
		h.refused(h.ask("POST", "/api/phone", `{"person": "mallory"}`), 422, "no person mallory", "/api/people")
		h.refused(h.ask("POST", "/api/phone", `{}`), 422, "person")
		if w := h.ask("POST", "/api/phone", `{"person": "sato"}`, func(r *http.Request) { r.Header.Del("Authorization") }); w.Code != http.StatusUnauthorized {
			t.Errorf("whoever has not signed in gets %d %s", w.Code, w.Body)
		}
		h.cfg.Phone = nil
		h.remake()
		h.refused(h.ask("POST", "/api/phone", `{"person": "sato"}`), 404, "no browser phones")
	})
}

func TestWhomTheConsolesPhoneMayCall(t *testing.T) {
	may := func(_ context.Context, to number.Address) (string, error) {
		switch to.Number.Class() {
		case number.Emergency:
			return "", errors.New("emergency numbers are never called")
		case number.Premium:
			return "it is dear", nil
		}
		return "", nil
	}
	story(t, func(h *house) {
		h.refused(h.ask("GET", "/api/phone/callee?to=117", ""), 404, "calls nobody")
		h.cfg.MayPhone, h.cfg.Schemes = may, []number.Scheme{number.Tel, number.SIP, number.Client}
		h.cfg.Browsers = func() []api.Tab { return []api.Tab{{Identity: "suzuki"}} }
		h.remake()
		for to, want := range map[string]string{"090-1234-5678": "tel:+819012345678", "client:suzuki": "client:suzuki", "sip:a@elsewhere.example": "sip:a@elsewhere.example"} {
			if got := get[api.Callee](h, "/api/phone/callee?to="+to); got.To != want || got.Warning != "" {
				t.Errorf("%s: %+v", to, got)
			}
		}
		if got := get[api.Callee](h, "/api/phone/callee?to=0990-123456"); got.Warning != "it is dear" {
			t.Errorf("%+v", got)
		}
		h.refused(h.ask("GET", "/api/phone/callee?to=119", ""), 422, "never called")
		h.refused(h.ask("GET", "/api/phone/callee?to=client:sato", ""), 422, "no browser is on duty as sato")
		h.refused(h.ask("GET", "/api/phone/callee?to=nobody", ""), 422, "nobody", "client:name")
		h.refused(h.ask("GET", "/api/phone/callee", ""), 422, "to")
	})
}
