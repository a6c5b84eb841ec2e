package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/api"
	"github.com/kaden-project/kaden/problem"
)

// What is refused, warned of and wrong is said in the language that the request asks for. Codes stay as they are, and
// what is shared is not changed.
func TestTheAPISpeaksJapaneseToWhoAsksForIt(t *testing.T) {
	story(t, func(h *house) {
		status := read[api.Status](h, http.StatusOK, h.ask("GET", "/api/status", "", japanese))
		if len(status.Warnings) != 1 || status.Warnings[0].Code != "no-source" || status.Warnings[0].Text != "送信元がないため、アラートを受け付けられません" || !strings.Contains(status.Warnings[0].Hint, "kaden apply で反映") {
			t.Errorf("warnings %+v", status.Warnings)
		}
		if got := get[api.Status](h, "/api/status").Warnings[0].Text; got != "there is no source: no alert can come in" {
			t.Errorf("whoever says nothing hears %q", got)
		}
		no := h.ask("GET", "/api/alerts/al-nothing", "", japanese)
		h.refused(no, http.StatusNotFound, "アラート al-nothing がありません", "削除されたのかもしれません")
		h.refused(h.ask("GET", "/api/nothing", "", japanese), http.StatusNotFound, "GET /api/nothing はありません")
		if no.Header().Get("Vary") != "Accept-Language" {
			t.Errorf("Vary is %q", no.Header().Get("Vary"))
		}
		stranger := func(r *http.Request) { r.Header.Del("Authorization") }
		h.refused(h.ask("GET", "/api/status", "", japanese, stranger), http.StatusUnauthorized, "サインインしてください")
		h.refused(h.ask("GET", "/api/status", "", stranger), http.StatusUnauthorized, "sign in first")

		h.papers.problems = problem.List{{Line: 1, Column: 2, Level: problem.Warning, Verb: "password", Text: "is missing"}}
		applied := read[api.Applied](h, http.StatusOK, h.ask("POST", "/api/manifest", "person: x", func(r *http.Request) { r.Header.Set("Content-Type", "application/yaml") }, japanese))
		if len(applied.Problems) != 1 || applied.Problems[0].Text != "これがありません" || applied.Problems[0].Verb != "password" || h.papers.problems[0].Text != "is missing" {
			t.Errorf("problems %+v", applied.Problems)
		}
	}, func(h *house) {
		h.set.Sources = map[string]alert.Source{}
		h.cfg.Japanese = problem.NewReader(api.Japanese, problem.Book{"is missing": "これがありません"})
	})
}
