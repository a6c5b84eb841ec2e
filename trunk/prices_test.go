package trunk

import (
	"slices"
	"strings"
	"testing"

	"github.com/kaden-project/kaden/number"
)

func TestPricesWithAGapAreAWarningThatNamesIt(t *testing.T) {
	text := `trunk: ntt
server: sip.example.jp
from: "+815012345678"
refuse: [abroad, unknown]
prices:
  currency: JPY
  calls:
    - { to: [fixed, ip, pager], price: 8, unit: 3m }
    - { to: ["080", "090"], price: 16, unit: 60s }
`
	got, problems := Read([]byte(text), nil)
	if problems.Refused() || len(problems) != 1 || !strings.Contains(problems[0].String(), "no price for +8160, +8170: what such a call costs is \"unknown\"") {
		t.Fatalf("%v", problems) // 0120, 0570 and 0990 cannot be reached from 050, so they need no price
	}
	if got.Prices.Currency != "JPY" || len(got.Prices.Rows) != 2 {
		t.Errorf("%+v", got.Prices)
	}
	full, problems := Read([]byte(strings.Replace(text, `"080", "090"`, "mobile", 1)), nil)
	if problems != nil || len(full.Prices.Rows) != 2 {
		t.Errorf("%v", problems)
	}
	if _, problems = Read([]byte("trunk: ntt\nserver: a\n"), nil); problems != nil {
		t.Errorf("whoever wants no prices is told nothing: %v", problems)
	}
	if _, problems = Read([]byte("trunk: ntt\nserver: a\nprices: { currency: JPY, calls: [{ to: mobil, price: 1, unit: 1s }] }\n"), nil); !problems.Refused() {
		t.Errorf("%v", problems)
	}
}

func TestEachSampleIsOfItsClass(t *testing.T) {
	for c, n := range samples {
		if n.Class() != c {
			t.Errorf("%s is %s, not %s", n, n.Class(), c)
		}
	}
	for _, c := range number.Classes() {
		if samples[c] == "" || !slices.Contains(number.Classes(), samples[c].Class()) {
			t.Errorf("no sample of %s", c)
		}
	}
}
