package memstore

import (
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
)

// putSounded writes beside the attempt how its call has sounded.
func (t *tx) putSounded(r call.Record) {
	if a, ok := t.s.attempts[r.Attempt]; ok && r.Sound != (leg.Sound{}) {
		a.keep.Sound = r.Sound
		putRow(t, t.s.attempts, a.keep.ID, a.keep)
	}
}
