package account

import (
	"context"
	"time"

	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
)

// CallerID is a number that is not ours, but that somebody who holds it has let us show: they took a call there and
// entered a code.
type CallerID struct {
	SID     sid.Number
	Account sid.Account
	Number  number.Number
	Name    string
	Created time.Time
	Updated time.Time
}

// CallerIDFilter selects; zero fields do not filter.
type CallerIDFilter struct {
	Account sid.Account
	Number  number.Number
	Name    string
	Page
}

// CallerIDs keeps verified numbers, one of each for an account. What it does not have is [ErrNotFound].
type CallerIDs interface {
	CallerID(ctx context.Context, account sid.Account, id sid.Number) (CallerID, error)
	CallerIDs(ctx context.Context, f CallerIDFilter) (list []CallerID, next int64, err error)
	// PutCallerID inserts or replaces the one of the same account and number; its SID stays what it was.
	PutCallerID(ctx context.Context, c CallerID) error
	// RenameCallerID gives a number another name. One that is deleted meanwhile does not come back by it.
	RenameCallerID(ctx context.Context, account sid.Account, id sid.Number, name string, at time.Time) error
	DeleteCallerID(ctx context.Context, account sid.Account, id sid.Number) error
}
