package api_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/api"
	"github.com/kaden-project/kaden/dispatch"
)

func TestNobodyReadsWithoutProof(t *testing.T) {
	story(t, func(h *house) {
		basic := func(user, pass string) string {
			r, _ := http.NewRequest("GET", "/", nil)
			r.SetBasicAuth(user, pass)
			return r.Header.Get("Authorization")
		}
		for _, tt := range []struct {
			name, auth string
			status     int
		}{
			{"nothing", "", 401},
			{"the token", "Bearer " + token, 200},
			{"the token, scheme in lower case", "bearer " + token, 200},
			{"another token", "Bearer " + strings.Repeat("0", 32), 401},
			{"an empty token", "Bearer ", 401},
			{"SID and token", basic(string(acct), token), 200},
			{"another SID and the token", basic("AC1", token), 401},
			{"SID and another token", basic(string(acct), "x"), 401},
			{"an unknown scheme", "Digest " + token, 401},
		} {
			t.Run(tt.name, func(t *testing.T) {
				h.auth = tt.auth
				w := h.ask("GET", "/api/status", "")
				if w.Code != tt.status {
					t.Errorf("answered %d, want %d", w.Code, tt.status)
				}
				if tt.status == 401 {
					in := *h
					in.T = t
					in.refused(w, 401, "sign in first", "login link")
					if got := w.Header().Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer") {
						t.Errorf("WWW-Authenticate is %q; Basic would open the browser's own window", got)
					}
				}
			})
		}
	})
}

func TestAnEmptyTokenInTheSettingsOpensNothing(t *testing.T) {
	story(t, func(h *house) {
		h.auth = "Bearer "
		if w := h.ask("GET", "/api/status", ""); w.Code != 401 {
			t.Errorf("answered %d", w.Code)
		}
	}, func(h *house) { h.cfg.Token = "" })
}

func (h *house) link() string {
	h.Helper()
	link, err := h.api.LoginLink(h.Context(), "http://127.0.0.1:8080/")
	if err != nil {
		h.Fatal(err)
	}
	rest, ok := strings.CutPrefix(link, "http://127.0.0.1:8080")
	if !ok || !strings.HasPrefix(rest, "/login?token=") {
		h.Fatalf("the link is %s", link)
	}
	return rest
}

func TestALoginLinkWorksOnceAndLeavesNoSecret(t *testing.T) {
	story(t, func(h *house) {
		h.auth = ""
		link := h.link()
		w := h.ask("GET", link, "")
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/" || w.Header().Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("the link leads to %d %s", w.Code, w.Header().Get("Location"))
		}
		c := h.cookie
		if c == nil || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Secure || c.MaxAge != 12*3600 || c.Path != "/" {
			t.Fatalf("the cookie is %+v", c)
		}
		if strings.Contains(link, c.Value) {
			t.Error("the link's secret is the session's")
		}
		if get[api.Status](h, "/api/status").Version != "1.2.3" {
			t.Error("the session shows nothing")
		}
		h.cookie = nil
		if w := h.ask("GET", link, ""); w.Header().Get("Location") != "/?login=expired" || h.cookie != nil {
			t.Errorf("a second use leads to %s with %v", w.Header().Get("Location"), h.cookie)
		}
	})
}

func TestALoginLinkIsTooOldAfterAQuarterOfAnHour(t *testing.T) {
	story(t, func(h *house) {
		h.auth = ""
		early, late := h.link(), h.link()
		time.Sleep(15*time.Minute - time.Second)
		if h.ask("GET", early, ""); h.cookie == nil {
			t.Error("too old before its time")
		}
		time.Sleep(time.Second)
		if w := h.ask("GET", late, ""); w.Header().Get("Location") != "/?login=expired" {
			t.Errorf("it leads to %s", w.Header().Get("Location"))
		}
		if w := h.ask("GET", "/login", ""); w.Header().Get("Location") != "/" {
			t.Errorf("without a token it leads to %s", w.Header().Get("Location"))
		}
	})
}

func TestASessionLivesWhileItIsUsed(t *testing.T) {
	story(t, func(h *house) {
		h.auth = ""
		h.ask("GET", h.link(), "")
		for range 10 { // two days, with a look every five hours
			time.Sleep(5 * time.Hour)
			get[api.Status](h, "/api/status")
		}
		time.Sleep(12*time.Hour + time.Second)
		if w := h.ask("GET", "/api/status", ""); w.Code != 401 {
			t.Errorf("after half a day without a request: %d", w.Code)
		}
	})
}

func TestSigningInWithTheTokenAndOutAgain(t *testing.T) {
	story(t, func(h *house) {
		h.auth = ""
		form := func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }
		h.refused(h.ask("POST", "/login", "token=wrong", form), 401, "not known", "data directory")
		h.refused(h.ask("POST", "/login", "", form), 401)
		if w := h.ask("POST", "/login", "token=+"+token+"+", form); w.Code != http.StatusNoContent {
			t.Fatalf("answered %d %s", w.Code, w.Body)
		}
		get[api.Status](h, "/api/status")
		old := h.cookie
		if w := h.ask("POST", "/logout", ""); w.Code != http.StatusNoContent || h.cookie.MaxAge >= 0 {
			t.Errorf("signing out: %d %+v", w.Code, h.cookie)
		}
		h.cookie = old
		if w := h.ask("GET", "/api/status", ""); w.Code != 401 {
			t.Errorf("the old cookie still opens: %d", w.Code)
		}
		h.cookie = nil
		pasted := url.Values{"token": {"http://127.0.0.1:8080" + h.link()}}.Encode()
		if w := h.ask("POST", "/login", pasted, form); w.Code != http.StatusNoContent {
			t.Errorf("a pasted link: %d %s", w.Code, w.Body)
		}
	})
}

func TestAnotherSiteCannotUseABrowsersSession(t *testing.T) {
	story(t, func(h *house) {
		made := post[api.TestAlert](h, http.StatusAccepted, "/api/alerts/test", "")
		h.auth = ""
		h.ask("GET", h.link(), "")
		take := "/api/alerts/" + made.Alert + "/acknowledge"
		from := func(key, value string) func(*http.Request) {
			return func(r *http.Request) { r.Header.Set(key, value) }
		}
		h.refused(h.ask("POST", take, "", from("Sec-Fetch-Site", "cross-site")), 403, "another web site")
		h.refused(h.ask("POST", take, "", from("Sec-Fetch-Site", "same-site")), 403)
		h.refused(h.ask("POST", take, "", from("Origin", "https://evil.example")), 403)
		h.refused(h.ask("POST", "/login", "token="+token, from("Origin", "https://evil.example")), 403)
		if d := get[api.Detail](h, "/api/alerts/"+made.Alert); d.Status != string(dispatch.Stored) {
			t.Fatalf("it is %s", d.Status)
		}
		if w := h.ask("POST", take, "", from("Sec-Fetch-Site", "same-origin")); w.Code != 200 {
			t.Errorf("kaden's own page: %d %s", w.Code, w.Body)
		}
		if d := get[api.Detail](h, "/api/alerts/"+made.Alert); d.By != "console" {
			t.Errorf("taken by %q", d.By)
		}
	})
}

func TestBehindTLSTheCookieIsSentOverTLSOnly(t *testing.T) {
	story(t, func(h *house) {
		h.auth = ""
		h.ask("GET", h.link(), "", func(r *http.Request) { r.TLS = &tls.ConnectionState{} })
		if !h.cookie.Secure {
			t.Error("over TLS: not Secure")
		}
		h.ask("GET", h.link(), "", func(r *http.Request) { r.Header.Set("X-Forwarded-Proto", "https") })
		if !h.cookie.Secure {
			t.Error("behind a proxy: not Secure")
		}
	})
}

func TestADatabaseThatIsDownSignsNobodyIn(t *testing.T) {
	story(t, func(h *house) {
		h.auth = ""
		link := h.link()
		h.ask("GET", h.link(), "")
		h.store.Break(errDown)
		defer h.store.Break(nil)
		h.refused(h.ask("GET", "/api/status", ""), 503, "cannot be looked up")
		h.refused(h.ask("POST", "/logout", ""), 503)
		form := func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }
		h.refused(h.ask("POST", "/login", "token="+token, form), 503)
		if w := h.ask("GET", link, ""); w.Header().Get("Location") != "/?login=unavailable" {
			t.Errorf("the link leads to %s", w.Header().Get("Location"))
		}
		if _, err := h.api.LoginLink(h.Context(), "http://x"); err == nil {
			t.Error("a link that cannot work was given out")
		}
	})
}

// remake makes the API anew after its config was changed.
func (h *house) remake() {
	h.api.Close()
	h.api = api.New(discard, h.cfg)
}

// stuck never gets a decision recorded.
type stuck struct{ *callouts }

func (stuck) Acknowledge(ctx context.Context, _, _ string) error {
	<-ctx.Done()
	return context.Cause(ctx)
}
