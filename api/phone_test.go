package api_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/kaden-project/kaden/api"
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
