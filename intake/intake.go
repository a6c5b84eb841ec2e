// Package intake is the door for monitoring systems: HTTP in, stored first, then answered.
package intake

import (
	"context"
	"errors"

	"github.com/kaden-project/kaden/alert"
)

// ErrFull says that a source sent more than its limit; the count is kept. Answered as 429.
var ErrFull = errors.New("this source sends more than its limit")

// Acceptor takes deliveries over. When it returns without error the delivery is durable; any error is
// kaden's own trouble (503, the sender tries again).
type Acceptor interface {
	Accept(ctx context.Context, d alert.Delivery) (alert.Receipt, error)
}
