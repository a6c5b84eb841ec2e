package store

import (
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
)

// putSounded writes beside the attempt how its call has sounded.
func (t *tx) putSounded(r call.Record) error {
	if r.Attempt == "" || r.Sound == (leg.Sound{}) {
		return nil
	}
	_, err := t.exec("UPDATE attempt SET sound = ? WHERE id = ?", object{&r.Sound}, r.Attempt)
	return err
}
