package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/kaden-project/kaden/api"
	"github.com/kaden-project/kaden/callout"
)

// The console asks one question after another, and shows the plan when there are no more.
func TestQuestionsLeadToAPlan(t *testing.T) {
	story(t, func(h *house) {
		flow := get[[]callout.Choice](h, "/api/plans/questions")
		if len(flow) != len(callout.Flow()) || flow[0].ID != "need" || flow[0].Ask.JA == "" || len(flow[0].Options) != 2 {
			t.Fatalf("the questions are %+v", flow)
		}
		ask := func(answers string) api.Chosen {
			return read[api.Chosen](h, http.StatusOK, h.ask("POST", "/api/plans/choose", `{"language": "ja", "answers": [`+answers+`]}`))
		}
		if c := ask(``); c.Next == nil || c.Next.ID != "need" || c.At != 0 || c.Wrong != nil || c.Plan != "" {
			t.Errorf("first %+v", c)
		}
		if c := ask(`"all", "each", "+819012345678"`); c.Next == nil || c.Next.ID != "people" || c.At != 2 || c.Wrong == nil || c.Wrong.JA == "" {
			t.Errorf("a number for a name: %+v", c)
		}
		c := ask(`"all", "each", "佐藤 鈴木", "", "", "", ""`)
		if _, _, problems := callout.ParsePlan([]byte(c.Plan)); c.Next != nil || problems.Refused() || !strings.Contains(c.Plan, "call: [佐藤, 鈴木]") {
			t.Errorf("the plan: %+v, %v", c, problems)
		}
		h.refused(h.ask("POST", "/api/plans/choose", `{"answers": ["all", "each", "a", "", "", "", "", "more"]}`), 422, "nothing more is asked")
	})
}
