package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/pressly/goose/v3"
	driver "modernc.org/sqlite" // named sqlite
	results "modernc.org/sqlite/lib"

	"github.com/kaden-project/kaden/job"
)

const (
	// The check of the file at start gives up after this time and lets a big one pass.
	checkTime = 5 * time.Second
	// Statements kept prepared on the writing connection; there are about forty.
	mostPrepared = 200
	readers      = 4
)

// sqlite is a file that one process has for itself. One connection writes, for us and for the job
// queue; a few others read.
type sqlite struct {
	log      *slog.Logger
	here     *presence
	lock     *os.File
	write    *sql.DB
	tidy     *sql.DB // brings the log into the database, beside write
	read     *sql.DB
	queue    *queue[*sql.Tx]
	prepared map[string]*sql.Stmt // by their text; belongs to the goroutine that writes
	wanted   map[string]bool      // not prepared yet: that needs the connection, which a transaction has
	dir      string
	free     func(dir string) (bytes uint64, err error) // what is left on its disk
}

func openSQLite(ctx context.Context, log *slog.Logger, dir string, w *job.Workers) (*sqlite, error) {
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	e := &sqlite{log: log, lock: lock, prepared: map[string]*sql.Stmt{}, wanted: map[string]bool{}, dir: dir, free: freeBytes}
	file := filepath.Join(dir, "kaden.db")
	e.here = &presence{log: log, where: file, away: isFull, words: diskFull}
	if err := e.open(ctx, file, w); err != nil {
		e.close()
		return nil, fmt.Errorf("database %s: %w", file, tight(e.free, dir, err))
	}
	e.here.watched.Store(true)
	return e, nil
}

// isFull tells that the disk takes nothing: it is full, failing, or was made read-only.
func isFull(err error) bool {
	var e *driver.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff {
	case results.SQLITE_FULL, results.SQLITE_IOERR, results.SQLITE_READONLY, results.SQLITE_CANTOPEN:
		return true
	}
	return false
}

func (e *sqlite) open(ctx context.Context, file string, w *job.Workers) error {
	// SQLite would let others read it.
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	f.Close()
	if e.write, err = sql.Open("sqlite", sqliteURL(file, "_txlock=immediate", "journal_mode(WAL)", "synchronous(FULL)", lateCheckpoint)); err != nil {
		return err
	}
	e.write.SetMaxOpenConns(1)
	if e.tidy, err = sql.Open("sqlite", sqliteURL(file, "")); err != nil {
		return err
	}
	e.tidy.SetMaxOpenConns(1)
	if e.read, err = sql.Open("sqlite", sqliteURL(file, "", "query_only(1)")); err != nil {
		return err
	}
	e.read.SetMaxOpenConns(readers)
	e.read.SetMaxIdleConns(readers)
	if err := e.check(ctx); err != nil {
		return err
	}
	if err := migrate(ctx, e.log, e.write, goose.DialectSQLite3, "sqlite"); err != nil {
		return err
	}
	if err := migrateSQLiteQueue(ctx, e.log, e.write); err != nil {
		return err
	}
	// Whoever had a lease is dead: we have the lock.
	if _, err := e.write.ExecContext(ctx, "UPDATE node SET lease_until = 0"); err != nil {
		return err
	}
	e.queue, err = sqliteQueue(quietWhile(e.here.gone.Load, e.log), e.write, w)
	return err
}

func sqliteURL(file, option string, pragmas ...string) string {
	q := option
	for _, p := range append([]string{"busy_timeout(5000)"}, pragmas...) {
		q += "&_pragma=" + url.QueryEscape(p)
	}
	return "file:" + (&url.URL{Path: file}).EscapedPath() + "?" + q
}

// damaged says what to do about a database that cannot be used, unless it is only in bad company.
func damaged(what string, err error) error {
	var e *driver.Error
	if errors.As(err, &e) && e.Code()&0xff == results.SQLITE_IOERR {
		return fmt.Errorf("it cannot be %s: %w (the disk: is it full, read-only or failing?)", what, err)
	}
	return fmt.Errorf("it cannot be %s: %w (if it is damaged, restore a backup)", what, err)
}

// check asserts what durability rests on, and looks the file over.
func (e *sqlite) check(ctx context.Context) error {
	var mode string
	var synchronous int
	if err := e.write.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil {
		return damaged("opened", err)
	}
	if err := e.write.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&synchronous); err != nil {
		return err
	}
	if mode != "wal" || synchronous != 2 {
		return fmt.Errorf("its journal mode is %q and synchronous %d: they must be wal and 2 (a network file system cannot hold it)", mode, synchronous)
	}
	short, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	var verdict string
	err := e.write.QueryRowContext(short, "PRAGMA quick_check(1)").Scan(&verdict)
	switch {
	case short.Err() != nil && ctx.Err() == nil:
		e.log.Info("database is too big to be checked at start")
	case err != nil:
		return fmt.Errorf("it cannot be read: %w (restore a backup)", err)
	case verdict != "ok":
		return fmt.Errorf("it is damaged: %s (restore a backup)", verdict)
	}
	return nil
}

func (e *sqlite) close() error {
	var errs []error
	for _, s := range e.prepared {
		errs = append(errs, s.Close())
	}
	if e.read != nil {
		errs = append(errs, e.read.Close())
	}
	if e.tidy != nil {
		errs = append(errs, e.tidy.Close())
	}
	if e.write != nil {
		errs = append(errs, e.write.Close())
	}
	return errors.Join(append(errs, e.lock.Close())...)
}

// run does jobs and keeps the log short until ctx ends.
func (e *sqlite) run(ctx context.Context) error {
	var tidying sync.WaitGroup
	tidying.Go(func() { e.checkpoint(ctx) })
	defer tidying.Wait()
	return e.queue.run(ctx)
}

// A commit is written to the log; what is in the log has to be brought into the database now and then. Left
// to itself SQLite does that within a commit, every 1,000 pages, and whoever waits for that commit waits
// some 20 ms longer. So a connection of its own does it, beside the one that writes; the writer steps in
// only when that one falls far behind.
const (
	checkpointEvery = 250 * time.Millisecond
	lateCheckpoint  = "wal_autocheckpoint(16000)" // pages: 64 MB
)

func (e *sqlite) checkpoint(ctx context.Context) {
	tick := time.NewTicker(checkpointEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var busy, pages, done int
		if err := e.tidy.QueryRowContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &pages, &done); err != nil && ctx.Err() == nil {
			e.log.Warn("the database's log is not brought in; it grows", "err", err)
		}
	}
}

func (e *sqlite) now(context.Context, querier) (time.Time, error) {
	return time.UnixMilli(time.Now().UnixMilli()).UTC(), nil
}

// again is never: there is no other writer to be in one's way.
func (e *sqlite) again(error) bool                                           { return false }
func (e *sqlite) guard() string                                              { return "SAVEPOINT change" }
func (e *sqlite) unguard() string                                            { return "" }
func (e *sqlite) inTheWay(error) bool                                        { return false }
func (e *sqlite) claim(context.Context, string, time.Duration) (bool, error) { return false, nil }
func (e *sqlite) unclaim(context.Context, string)                            {}
func (e *sqlite) patience() time.Duration                                    { return 0 }
func (e *sqlite) skipLocked() string                                         { return "" }
func (e *sqlite) shared() bool                                               { return false }
func (e *sqlite) listen(context.Context, func(string), func(int64))          {}
func (e *sqlite) reader() querier                                            { return sqlReader{e.read} }

// begin waits until the job queue has let go of the connection.
func (e *sqlite) begin(ctx context.Context) (transaction, error) {
	for q := range e.wanted {
		delete(e.wanted, q)
		if s, err := e.write.PrepareContext(ctx, q); err == nil {
			e.prepared[q] = s
		}
	}
	tx, err := e.write.BeginTx(ctx, nil)
	if err != nil {
		return nil, e.here.heard(err)
	}
	return &sqliteTx{e, tx}, nil
}

type sqliteTx struct {
	e  *sqlite
	tx *sql.Tx
}

// prepared finds the prepared form of a statement, or remembers that there should be one.
func (t *sqliteTx) prepared(ctx context.Context, query string) *sql.Stmt {
	if s := t.e.prepared[query]; s != nil {
		return t.tx.StmtContext(ctx, s)
	}
	if len(t.e.prepared)+len(t.e.wanted) < mostPrepared {
		t.e.wanted[query] = true
	}
	return nil
}

func (t *sqliteTx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	values, err := plain(args)
	if err != nil {
		return 0, err
	}
	var res sql.Result
	if s := t.prepared(ctx, query); s != nil {
		res, err = s.ExecContext(ctx, values...)
	} else {
		res, err = t.tx.ExecContext(ctx, query, values...)
	}
	if err != nil {
		return 0, t.e.here.heard(err)
	}
	return res.RowsAffected()
}

func (t *sqliteTx) query(ctx context.Context, query string, args ...any) (rows, error) {
	values, err := plain(args)
	if err != nil {
		return nil, err
	}
	var r *sql.Rows
	if s := t.prepared(ctx, query); s != nil {
		r, err = s.QueryContext(ctx, values...)
	} else {
		r, err = t.tx.QueryContext(ctx, query, values...)
	}
	if err != nil {
		return nil, t.e.here.heard(err)
	}
	return sqlRows{r}, nil
}

func (t *sqliteTx) addJobs(ctx context.Context, items []job.Item) error {
	return t.e.queue.add(ctx, t.tx, items)
}

func (t *sqliteTx) tellNodes(context.Context, int64) error { return nil }

func (t *sqliteTx) tellFreed(context.Context, string) error { return nil }

func (t *sqliteTx) commit(ctx context.Context) error {
	err := t.tx.Commit()
	if err != nil {
		// database/sql thinks that this transaction is over; SQLite may think otherwise (disk full).
		t.e.write.ExecContext(ctx, "ROLLBACK")
	}
	return t.e.here.heard(err)
}

func (t *sqliteTx) rollback(context.Context) { t.tx.Rollback() }

// sqlReader reads outside transactions.
type sqlReader struct{ db *sql.DB }

func (r sqlReader) query(ctx context.Context, query string, args ...any) (rows, error) {
	values, err := plain(args)
	if err != nil {
		return nil, err
	}
	found, err := r.db.QueryContext(ctx, query, values...)
	if err != nil {
		return nil, err
	}
	return sqlRows{found}, nil
}

type sqlRows struct{ *sql.Rows }

func (r sqlRows) Close() { r.Rows.Close() }
