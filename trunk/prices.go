package trunk

import (
	"strings"

	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/problem/yamldoc"
	"github.com/kaden-project/kaden/tariff"
)

// samples are one number of each class, to ask which classes a trunk takes.
var samples = map[number.Class]number.Number{
	number.Mobile: "+819012345678", number.Fixed: "+81312345678", number.IPPhone: "+815012345678", number.TollFree: "+81120444444",
	number.Shared: "+81570012345", number.Premium: "+81990123456", number.Pager: "+812012345678", number.Abroad: "+14158675309",
	number.Unknown: "+81911234567",
}

// readPrices reads what the carrier asks. Numbers that the trunk takes and no row prices are named: such a call
// costs nobody knows what.
func readPrices(v yamldoc.Value, t Trunk) tariff.Table {
	table := tariff.Read(v)
	if !v.Given() {
		return table
	}
	gaps := table.Gaps(func(c number.Class) bool { return t.Refuses(samples[c]) == "" })
	if len(gaps) > 0 {
		v.Warn("no price for "+strings.Join(gaps, "; ")+`: what such a call costs is "unknown"`,
			"add a row, one with to: others, or name them under refuse:")
	}
	return table
}
