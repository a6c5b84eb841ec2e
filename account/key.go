package account

import (
	"context"
	"time"

	"github.com/kaden-project/kaden/sid"
)

// Key is an API key: a user and a password in the place of the account's own, and what access tokens are signed
// with. It may do what its account may, but sees neither keys nor the account's token.
type Key struct {
	SID     sid.Key
	Account sid.Account
	Name    string
	Secret  string // 32 letters and digits; shown once, when it is made
	Created time.Time
	Updated time.Time
}

// NewKey makes a key with an identifier and a secret of its own.
func NewKey(account sid.Account, name string, now time.Time) Key {
	now = now.UTC().Truncate(time.Millisecond)
	return Key{SID: sid.New[sid.Key](), Account: account, Name: name, Secret: NewSecret(), Created: now, Updated: now}
}

// Keys keeps API keys. It seals their secrets before they reach the disk. What it does not have is [ErrNotFound].
type Keys interface {
	// Key finds a key of any account: who uses it has yet to prove to know its secret.
	Key(ctx context.Context, id sid.Key) (Key, error)
	Keys(ctx context.Context, account sid.Account, p Page) (list []Key, next int64, err error)
	PutKey(ctx context.Context, k Key) error
	// RenameKey gives a key another name. One that is deleted meanwhile does not come back by it.
	RenameKey(ctx context.Context, account sid.Account, id sid.Key, name string, at time.Time) error
	DeleteKey(ctx context.Context, account sid.Account, id sid.Key) error
}
