package call

import (
	"context"
	"slices"
	"sync"

	"github.com/kaden-project/kaden/sid"
)

// QueueBook keeps queues in memory: that of a Desk that was given no other. The zero QueueBook is empty.
type QueueBook struct {
	mu   sync.Mutex
	list []QueueRecord // in the order of their making
}

var _ Queues = (*QueueBook)(nil)

// PutQueue inserts or replaces.
func (b *QueueBook) PutQueue(_ context.Context, q QueueRecord) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if slices.ContainsFunc(b.list, func(o QueueRecord) bool { return o.Account == q.Account && o.Name == q.Name && o.SID != q.SID }) {
		return ErrQueueExists
	}
	if i := slices.IndexFunc(b.list, func(o QueueRecord) bool { return o.SID == q.SID }); i >= 0 {
		b.list[i] = q
		return nil
	}
	b.list = append(b.list, q)
	return nil
}

func (b *QueueBook) find(is func(QueueRecord) bool) (QueueRecord, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.IndexFunc(b.list, is); i >= 0 {
		return b.list[i], nil
	}
	return QueueRecord{}, ErrNoQueue
}

// Queue finds one by its identifier.
func (b *QueueBook) Queue(_ context.Context, account sid.Account, id sid.Queue) (QueueRecord, error) {
	return b.find(func(q QueueRecord) bool { return q.Account == account && q.SID == id })
}

// QueueNamed finds one by its name.
func (b *QueueBook) QueueNamed(_ context.Context, account sid.Account, name string) (QueueRecord, error) {
	return b.find(func(q QueueRecord) bool { return q.Account == account && q.Name == name })
}

// DeleteQueue forgets one.
func (b *QueueBook) DeleteQueue(_ context.Context, account sid.Account, id sid.Queue) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(b.list)
	b.list = slices.DeleteFunc(b.list, func(q QueueRecord) bool { return q.Account == account && q.SID == id })
	if len(b.list) == n {
		return ErrNoQueue
	}
	return nil
}
