package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/kaden-project/kaden/api"
	"github.com/kaden-project/kaden/callout"
)

func TestAnswersLeadToAPlan(t *testing.T) {
	story(t, func(h *house) {
		flow := get[[]callout.Choice](h, "/api/choose")
		if len(flow) < 5 || len(flow[0].Options) < 2 || flow[0].Ask.JA == "" {
			t.Fatalf("the flow is %+v", flow)
		}
		// Whoever answers the first option, a name or nothing each time arrives at a plan.
		var answers []string
		for {
			list := `["` + strings.Join(answers, `", "`) + `"]`
			if answers == nil {
				list = "[]"
			}
			got := post[api.Chosen](h, http.StatusOK, "/api/choose", `{"language": "ja", "answers": `+list+`}`)
			if got.Open == nil {
				if _, _, problems := callout.ParsePlan([]byte(got.Plan)); problems.Refused() || !strings.Contains(got.Plan, "sato") {
					t.Errorf("the plan is refused: %v\n%s", problems, got.Plan)
				}
				return
			}
			switch q := got.Open; {
			case q.At != len(answers) || len(answers) > len(flow):
				t.Fatalf("after %v it asks %+v", answers, q)
			case q.Kind == callout.ChooseOption:
				answers = append(answers, q.Options[0].Word)
			case q.Kind == callout.ChoosePeople:
				answers = append(answers, "sato")
			default:
				answers = append(answers, "")
			}
		}
	})
}

func TestAnAnswerThatDoesNotFitIsAskedAgain(t *testing.T) {
	story(t, func(h *house) {
		got := post[api.Chosen](h, http.StatusOK, "/api/choose", `{"answers": ["perhaps"]}`)
		if got.Plan != "" || got.Open == nil || got.Open.At != 0 || got.Open.Answer != "perhaps" || got.Open.Wrong == nil || got.Open.Wrong.EN == "" {
			t.Errorf("answered %+v", got.Open)
		}
		h.refused(h.ask("POST", "/api/choose", `{"answers": ["one","together","once","sato","critical","key","2h","night","more"]}`), 422, "more", "GET /api/choose")
	})
}
