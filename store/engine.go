package store

import (
	"context"
	"errors"
	"time"

	"github.com/kaden-project/kaden/job"
)

// engine is a kind of database. All else in this package is the same for both. Statements are written
// with ? and rewritten where the dialect wants another mark.
type engine interface {
	// begin starts the transaction of a commit, on the connection for writing.
	begin(ctx context.Context) (transaction, error)
	// reader answers questions outside transactions.
	reader() querier
	// now is the clock all nodes share: the process's own where there is one process (SQLite).
	now(ctx context.Context, q querier) (time.Time, error)
	// again tells that what failed with err may well succeed if it is done once more from the start.
	again(err error) bool
	// inTheWay tells that err comes from two transactions that wait for each other's rows: this one has
	// to let go of all it has, or the next statement waits likewise.
	inTheWay(err error) bool
	// claim makes name this process's own for as long as the process lives. dead tells that this
	// succeeded just now, so whoever had the name before is dead for certain. wait is how long it may
	// take until the database has noticed a death.
	claim(ctx context.Context, name string, wait time.Duration) (dead bool, err error)
	unclaim(ctx context.Context, name string)
	// guard and unguard are said before the second and every further change of a commit, and after the last.
	guard() string
	unguard() string
	// patience is how long one commit may take before it is given up, 0 for as long as it takes.
	patience() time.Duration
	// room tells whether there is so much left that new alerts can be taken; nil is yes.
	room() error
	// skipLocked is what a SELECT needs in order to leave rows alone that another node is changing.
	skipLocked() string
	// shared tells whether other processes can work on the same database.
	shared() bool
	// listen tells of trunks of which other processes have freed channels, and up to which number there are events,
	// until ctx ends.
	listen(ctx context.Context, freed func(trunk string), events func(seq int64))
	// run does jobs until ctx ends.
	run(ctx context.Context) error
	close() error
}

// querier answers questions.
type querier interface {
	query(ctx context.Context, query string, args ...any) (rows, error)
}

// rows is what *sql.Rows and pgx.Rows have in common.
type rows interface {
	Next() bool
	Scan(to ...any) error
	Err() error
	Close()
}

// transaction is several statements that happen together or not at all.
type transaction interface {
	querier
	exec(ctx context.Context, query string, args ...any) (affected int64, err error)
	addJobs(ctx context.Context, items []job.Item) error
	// tellNodes says to all nodes, if there can be several, that events up to seq are there.
	tellNodes(ctx context.Context, seq int64) error
	// tellFreed says to all nodes that a channel of a trunk may be free.
	tellFreed(ctx context.Context, trunk string) error
	commit(ctx context.Context) error
	rollback(ctx context.Context)
}

// errNoRow is answered by one when there is nothing.
var errNoRow = errors.New("no such row")

// one reads the first row of an answer into to; errNoRow if there is none.
func one(ctx context.Context, q querier, query string, args []any, to ...any) error {
	r, err := q.query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer r.Close()
	if !r.Next() {
		if err := r.Err(); err != nil {
			return err
		}
		return errNoRow
	}
	if err := r.Scan(to...); err != nil {
		return err
	}
	r.Close()
	return r.Err()
}

// list reads all rows of an answer; each row is scanned into the columns of a new T.
func list[T any](ctx context.Context, q querier, t table[T], query string, args ...any) ([]T, error) {
	r, err := q.query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var all []T
	for r.Next() {
		var v T
		if err := r.Scan(t.fields(&v)...); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, r.Err()
}
