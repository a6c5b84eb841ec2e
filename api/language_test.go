package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/api"
	"github.com/kaden-project/kaden/dispatch"
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

// Whoever asks at night why nobody came reads it in their language; who it was and how it ended stay as they are.
func TestWhyIsSaidInJapanese(t *testing.T) {
	story(t, func(h *house) {
		h.told.why = dispatch.Explanation{
			Summary: "1 person was called so far.", Notices: []string{"the call-out was stopped", "EOF"},
			People: []dispatch.PersonStory{{Person: "sato", Outcome: "fault", Why: "was not called: our own fault"}},
		}
		path := "/api/alerts/" + h.rung() + "/why"
		said := read[api.Why](h, http.StatusOK, h.ask("GET", path, "", japanese))
		if said.Summary != "これまでに 1 人を呼びました。" || said.Notices[0] != "呼び出しを止めました" || said.Notices[1] != "EOF" {
			t.Errorf("%+v", said)
		}
		if p := said.People[0]; p.Person != "sato" || p.Outcome != "fault" || p.Why != "こちら側の障害で呼べていません" {
			t.Errorf("of sato: %+v", p)
		}
		if english := get[api.Why](h, path); english.Summary != h.told.why.Summary || english.People[0].Why != h.told.why.People[0].Why {
			t.Errorf("whoever says nothing hears %+v", english)
		}
	}, func(h *house) { h.cfg.Japanese = problem.NewReader(api.Japanese, dispatch.Japanese) })
}
