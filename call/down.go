package call

import (
	"slices"

	"github.com/kaden-project/kaden/trunk"
)

// downLast puts trunks that are known to be down behind the others (rule 27). They are not left out: a carrier that
// does not let us sign on may carry our calls all the same, and where it is the only one, trying costs nobody a turn.
func (d *Desk) downLast(wants []trunk.Trunk) []trunk.Trunk {
	if d.cfg.Down == nil {
		return wants
	}
	down := func(t trunk.Trunk) bool { return d.cfg.Down(t.Name) }
	up := slices.DeleteFunc(slices.Clone(wants), down)
	return append(up, slices.DeleteFunc(slices.Clone(wants), func(t trunk.Trunk) bool { return !down(t) })...)
}
