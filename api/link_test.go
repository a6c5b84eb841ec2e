package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/api"
	"github.com/kaden-project/kaden/dispatch"
)

// visit opens an address as a phone does whose owner is not signed in; language is its Accept-Language.
func (h *house) visit(method, path, form string, more ...func(*http.Request)) *httptest.ResponseRecorder {
	h.Helper()
	auth, c := h.auth, h.cookie
	h.auth, h.cookie = "", nil
	defer func() { h.auth, h.cookie = auth, c }()
	return h.ask(method, path, form, append([]func(*http.Request){func(r *http.Request) {
		if form != "" {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Origin", "http://"+r.Host)
		}
	}}, more...)...)
}

func japanese(r *http.Request) { r.Header.Set("Accept-Language", "ja-JP,ja;q=0.9,en;q=0.8") }

func link(id string) string { return "/a/" + id + "/token-of-" + id }

func TestASignedPageShowsTheAlertAndDoesNothingByItself(t *testing.T) {
	story(t, func(h *house) {
		id := h.rung()
		if d := get[api.Detail](h, "/api/alerts/"+id); d.Link != link(id) {
			t.Errorf("the link is %q", d.Link)
		}
		for _, method := range []string{"GET", "HEAD", "GET"} {
			w := h.visit(method, link(id), "")
			if w.Code != 200 {
				t.Fatalf("%s answers %d: %s", method, w.Code, w.Body)
			}
		}
		if d := get[api.Detail](h, "/api/alerts/"+id); d.Status != "stored" || len(h.told.told) != 0 {
			t.Errorf("after looking it is %s, and was told %v", d.Status, h.told.told)
		}
		w := h.visit("GET", link(id), "")
		page := w.Body.String()
		for _, want := range []string{`lang="en"`, "Nobody has taken it yet", "Test alert from kaden", "critical", `value="take">I take it`, `value="over">It is over`, `<option value="sato">佐藤`} {
			if !strings.Contains(page, want) {
				t.Errorf("%q is not on the page: %s", want, page)
			}
		}
		if strings.Contains(page, "<script") || strings.Contains(page, "http") {
			t.Errorf("the page runs or loads something: %s", page)
		}
		ja := h.visit("GET", link(id), "", japanese).Body.String()
		for _, want := range []string{`lang="ja"`, "まだだれも引き受けていません", "引き受ける", "復旧した"} {
			if !strings.Contains(ja, want) {
				t.Errorf("%q is not on the Japanese page", want)
			}
		}
	})
}

func TestASignedPageLeaksNothing(t *testing.T) {
	story(t, func(h *house) {
		h.set.Trunks = nil
		id := h.rung()
		w := h.visit("GET", link(id), "")
		for header, want := range map[string]string{
			"Referrer-Policy": "same-origin", "Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow", "X-Content-Type-Options": "nosniff",
		} {
			if got := w.Header().Get(header); got != want {
				t.Errorf("%s is %q, want %q", header, got, want)
			}
		}
		csp := w.Header().Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "'sha256-"} {
			if !strings.Contains(csp, want) || strings.Contains(csp, "unsafe") {
				t.Errorf("the policy %q lacks %q", csp, want)
			}
		}
		if strings.Contains(w.Body.String(), "sim:sato") || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("an address or a session is given away: %s", w.Body)
		}
	})
}

func TestTakingAnAlertByItsPage(t *testing.T) {
	story(t, func(h *house) {
		id := h.rung()
		w := h.visit("POST", link(id), "do=take&by=sato")
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != link(id) {
			t.Fatalf("answered %d to %s", w.Code, w.Header().Get("Location"))
		}
		if d := get[api.Detail](h, "/api/alerts/"+id); d.Status != "acknowledged" || d.By != "sato" {
			t.Errorf("it is %s by %s", d.Status, d.By)
		}
		page := h.visit("GET", link(id), "").Body.String()
		if !strings.Contains(page, "佐藤 has taken it") || strings.Contains(page, `value="take"`) || !strings.Contains(page, `value="over"`) {
			t.Errorf("the page afterwards: %s", page)
		}
		// An old page of somebody else takes nothing from sato.
		h.visit("POST", link(id), "do=take")
		if d := get[api.Detail](h, "/api/alerts/"+id); d.By != "sato" {
			t.Errorf("it is taken from sato by %s", d.By)
		}
		if h.visit("POST", link(id), "do=over"); h.told.last() != "link resolves" {
			t.Errorf("told %q", h.told.last())
		}
	})
}

func TestWhoIsNotSaidIsTheLink(t *testing.T) {
	story(t, func(h *house) {
		id := h.rung()
		h.visit("POST", link(id), "do=take&by=somebody-made-up")
		if d := get[api.Detail](h, "/api/alerts/"+id); d.By != "link" {
			t.Errorf("taken by %s", d.By)
		}
		if page := h.visit("GET", link(id), "", japanese).Body.String(); !strings.Contains(page, "引き受けた人がいます") {
			t.Errorf("the page: %s", page)
		}
	})
}

func TestAPageWithoutItsTokenIsNoPage(t *testing.T) {
	story(t, func(h *house) {
		id := h.rung()
		for name, path := range map[string]string{
			"another token":    "/a/" + id + "/token-of-al-1",
			"no token":         "/a/" + id + "/",
			"no alert":         "/a/al-1/token-of-al-1",
			"nothing":          "/a/",
			"something longer": link(id) + "/more",
		} {
			w := h.visit("GET", path, "")
			if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "There is nothing here") || strings.Contains(w.Body.String(), "Test alert") {
				t.Errorf("%s: %d %s", name, w.Code, w.Body)
			}
			if w := h.visit("POST", path, "do=take"); w.Code != http.StatusNotFound {
				t.Errorf("%s, posted: %d", name, w.Code)
			}
		}
		if d := get[api.Detail](h, "/api/alerts/"+id); d.Status != "stored" {
			t.Errorf("it is %s", d.Status)
		}
	})
}

func TestAnotherSiteCannotPressTheButtons(t *testing.T) {
	story(t, func(h *house) {
		id := h.rung()
		for _, foreign := range []func(*http.Request){
			func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") },
			func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		} {
			h.refused(h.visit("POST", link(id), "do=take", foreign), http.StatusForbidden, "another web site")
		}
		if d := get[api.Detail](h, "/api/alerts/"+id); d.Status != "stored" {
			t.Errorf("it is %s", d.Status)
		}
		if w := h.visit("POST", link(id), "do=something"); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "I take it") {
			t.Errorf("an unknown button: %d", w.Code)
		}
	})
}

func TestAPageEndsWithItsAlert(t *testing.T) {
	story(t, func(h *house) {
		h.keep(dispatch.Incident{ID: "al-2", Callout: "co-2", Status: dispatch.Resolved, Opened: time.Now(), Alert: alert.Alert{Title: "disk full"}})
		for _, method := range []string{"GET", "POST"} {
			w := h.visit(method, link("al-2"), map[string]string{"POST": "do=take"}[method])
			if w.Code != http.StatusGone || !strings.Contains(w.Body.String(), "This alert is over") || strings.Contains(w.Body.String(), "<button") || strings.Contains(w.Body.String(), "disk full") {
				t.Errorf("%s: %d %s", method, w.Code, w.Body)
			}
		}
		if len(h.told.told) != 0 {
			t.Errorf("told %v", h.told.told)
		}
	})
}

func TestTheStatesOfASignedPage(t *testing.T) {
	story(t, func(h *house) {
		h.keep(dispatch.Incident{ID: "al-2", Callout: "co-2", Status: dispatch.Exhausted, Drill: true, Opened: time.Now(), Alert: alert.Alert{Title: `<b>"disk"</b>`}})
		page := h.visit("GET", link("al-2"), "", japanese).Body.String()
		for _, want := range []string{"呼び出しを終えましたが", "訓練", "&lt;b&gt;", `value="take"`} {
			if !strings.Contains(page, want) {
				t.Errorf("%q is not in %s", want, page)
			}
		}
	})
}

func TestASignedPageSaysWhenNothingWasRecorded(t *testing.T) {
	story(t, func(h *house) {
		id := h.rung()
		h.told.err = errDown
		if w := h.visit("POST", link(id), "do=over"); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "This was not recorded") || strings.Contains(w.Body.String(), "disk gone") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		h.store.Break(errDown)
		if w := h.visit("GET", link(id), "", japanese); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "いまは確認できません") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		h.store.Break(nil)
	})
}
