package main

import (
	"os"
	"strings"
	"testing"

	"github.com/kaden-project/kaden/manifest"
)

func TestUsageIsATable(t *testing.T) {
	d := newDesk(t, map[string]string{"GET /api/usage": `{"from":"2026-11-01","to":"2026-11-30","by":"plan",
		"lines":[{"calls":3,"seconds":0},{"key":"night","currency":"JPY","calls":1,"seconds":61,"amount":"16.8"}],
		"total":[{"calls":3,"seconds":0},{"currency":"JPY","calls":1,"seconds":61,"amount":"16.8"}],
		"budgets":[{"name":"calls","month":"2026-11","amount":"16","currency":"JPY","spent":"16.8","left":"-0.8","usedUp":true}]}`})
	code, out, errs := d.say("usage", "--by", "plan", "--from", "2026-11-01", "--to", "2026-11-30")
	want := `2026-11-01 to 2026-11-30
  –       3 calls  0s    unknown
  night   1 call   1m1s  16.8 JPY
  in all  3 calls  0s    unknown
  in all  1 call   1m1s  16.8 JPY
budget calls, 2026-11: 16.8 of 16 JPY; it is used up
`
	if code != 0 || out != want {
		t.Errorf("%d\n%s%s\nwant\n%s", code, out, errs, want)
	}
	if d.asked[0] != "GET /api/usage?by=plan&from=2026-11-01&to=2026-11-30" {
		t.Errorf("asked %q", d.asked)
	}
	if code, out, _ := d.say("usage", "--json"); code != 0 || !strings.HasPrefix(out, `{"from"`) {
		t.Errorf("%d %s", code, out)
	}
	if code, _, errs := d.say("usage", "--by", "moon"); code != 2 || !strings.Contains(errs, "moon") {
		t.Errorf("%d %s", code, errs)
	}
}

const pricedPlan = `person: sato
contacts: ["tel:09011112222"]
---
trunk: ntt
server: sip.example.jp
prices:
  currency: JPY
  calls: [{ to: others, price: 16, unit: 60s }]
---
budget: calls
amount: 1000
currency: JPY
---
plan: night
steps: [{call: [sato]}]
`

func TestPlanCheckSaysWhatADearHourCosts(t *testing.T) {
	stdout, stderr, code := planRun(t, pricedPlan, "check", "-")
	if code != 0 || stdout != "plan night: at most 6 calls, at most 96 JPY, for one alert that nobody takes in one hour\n" || !strings.Contains(stderr, "1 plan, 0 errors, 0 warnings") {
		t.Errorf("%d\n%s%s", code, stdout, stderr)
	}
	if stdout, _, _ = planRun(t, pricedPlan, "check", "--json", "-"); stdout != "" {
		t.Errorf("for machines: %s", stdout)
	}
}

// What docs/money.md shows is what comes out.
func TestTheDocumentAboutMoneyIsTrue(t *testing.T) {
	text, err := os.ReadFile("../../docs/money.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```yaml\n")
	example, rest, _ := strings.Cut(rest, "```\n")
	docs, problems := manifest.Split("money.md", []byte(example))
	set, found := manifest.Compile(docs, nil)
	if problems = append(problems, found...); problems != nil || len(set.Budgets) != 1 || len(set.Trunks) != 1 {
		t.Errorf("the example: %v", problems)
	}
	stdout, _, code := planRun(t, "", "check", "../../docs/examples/house.yaml")
	if code != 0 || !strings.Contains(rest, "$ kaden plan check docs/examples/house.yaml\n"+stdout+"```") {
		t.Errorf("kaden plan check says\n%s", stdout)
	}
}
