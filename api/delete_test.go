package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/kaden-project/kaden/api"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/problem"
)

func TestDocumentsAreDeleted(t *testing.T) {
	story(t, func(h *house) {
		h.papers.problems = problem.List{{File: "person sato", Line: 2, Level: problem.Warning, Text: "nothing reaches sato: there is no trunk"}}
		got := read[api.Deleted](h, http.StatusOK, h.ask("DELETE", "/api/manifest/trunks/ntt", ""))
		if !slices.Equal(got.Deleted, []string{"trunk ntt"}) || len(got.Problems) != 1 || h.papers.removed[0] != (manifest.Ref{Kind: "trunk", Name: "ntt"}) {
			t.Errorf("%+v, removed %v", got, h.papers.removed)
		}

		h.papers.problems = nil
		w := h.ask("DELETE", "/api/manifest?document=phone%2Fsato%40office.example.jp&document=person%2F%E4%BD%90%E8%97%A4", "")
		got = read[api.Deleted](h, http.StatusOK, w)
		if !slices.Equal(got.Deleted, []string{"phone sato@office.example.jp", "person 佐藤"}) || !strings.Contains(w.Body.String(), `"problems":[]`) {
			t.Errorf("several: %s", w.Body)
		}
		h.ask("DELETE", "/api/manifest/phone/sato@office.example.jp", "")
		if h.papers.removed[0] != (manifest.Ref{Kind: "phone", Name: "sato@office.example.jp"}) {
			t.Errorf("removed %v", h.papers.removed)
		}
	})
}

func TestWhatIsNeededIsNotDeleted(t *testing.T) {
	story(t, func(h *house) {
		h.papers.problems = problem.List{
			{File: "source json", Line: 3, Column: 7, Level: problem.Error, Verb: "plan", Text: `there is no plan "night"`},
			{File: "source mackerel", Line: 4, Column: 7, Level: problem.Error, Verb: "plan", Text: `there is no plan "night"`},
			{File: "person sato", Level: problem.Warning, Text: "of no account"},
		}
		w := h.ask("DELETE", "/api/manifest/plan/night", "")
		h.refused(w, http.StatusConflict, `plan night is still needed: source json, line 3: without it, there is no plan \"night\"; source mackerel, line 4: without it`, "in one command")
		if !strings.Contains(w.Body.String(), `"location":"source mackerel, line 4"`) || strings.Contains(w.Body.String(), "of no account") {
			t.Errorf("the places: %s", w.Body)
		}
		for range 9 {
			h.papers.problems = append(h.papers.problems, problem.Problem{File: "group g", Line: 2, Level: problem.Error, Text: "there is nobody"})
		}
		h.refused(h.ask("DELETE", "/api/manifest/plan/night", ""), http.StatusConflict, "; and in 6 more places")

		h.papers.err = &manifest.NotThere{Ref: manifest.Ref{Kind: "plan", Name: "nigth"}, Hint: "did you mean night?"}
		h.refused(h.ask("DELETE", "/api/manifest/plan/nigth", ""), http.StatusNotFound, "there is no plan nigth", "did you mean night?")
		h.refused(h.ask("DELETE", "/api/manifest/paln/night", ""), http.StatusUnprocessableEntity, `\"paln\" is no kind of document (did you mean plan?)`)
		h.refused(h.ask("DELETE", "/api/manifest", ""), http.StatusUnprocessableEntity, "document")
		h.papers.err = errDown
		h.refused(h.ask("DELETE", "/api/manifest/plan/night", ""), http.StatusInternalServerError, "disk gone")
		h.auth = ""
		h.refused(h.ask("DELETE", "/api/manifest/plan/night", ""), http.StatusUnauthorized, "sign in")
	})
}
