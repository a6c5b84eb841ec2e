// Package store keeps every room's records, in a SQLite file or in PostgreSQL, with the same code.
//
// What a method has accepted without error is on the disk. Changes that wait at the same moment share a
// commit, so that a slow disk costs each of them one wait and not a queue of waits; a failing neighbour
// takes nobody along. Events get their numbers in the order of commits and are announced after them.
// Times are whole milliseconds, UTC. Secrets are sealed before they get here (Config.Seal).
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/job"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/registrar"
)

var (
	_ dispatch.Store = (*Store)(nil)
	_ call.Store     = (*Store)(nil)
	_ account.Books  = (*Store)(nil)
	_ manifest.Store = (*Store)(nil)

	_ registrar.Store  = (*Store)(nil)
	_ account.SIPStore = (*Store)(nil)
)

// ErrClosed is answered by a Store after Close.
var ErrClosed = errors.New("the store is closed")

// Seal makes secrets unreadable on the disk (account.Seal).
type Seal interface {
	Seal(plain []byte) []byte
	Open(sealed []byte) ([]byte, error)
}

// Config says where records are kept.
type Config struct {
	// DataDir holds kaden.db, unless URL is set. It is made if it is not there.
	DataDir string
	// URL of a PostgreSQL database, postgres://…; "" is SQLite in DataDir.
	URL string
	// Seal is needed: account tokens and documents hold secrets.
	Seal Seal
	// Jobs knows who does which job. Kinds may be added until Run. nil is for a Store that runs none.
	Jobs *job.Workers
}

// Store keeps records. All methods are safe for concurrent use.
type Store struct {
	log     *slog.Logger
	db      engine
	seal    Seal
	changes chan *change // without room: who is in it waits for a commit
	riders  chan *change // the same for those whose caller alone waits for it
	quit    chan struct{}
	end     sync.Once
	running sync.WaitGroup
	tell    announcer
	late    lateness
	members sync.Map // nodes that this process is, by their names
	hears   hearing
	swept   atomic.Int64 // when gates of long ago were deleted, in milliseconds
	stored  atomic.Int64 // changes
	commits atomic.Int64
}

// Stats says how much was written since Open. Changes over Commits is how many shared one on average.
type Stats struct{ Changes, Commits int64 }

// Stats is for the metrics page.
func (s *Store) Stats() Stats { return Stats{Changes: s.stored.Load(), Commits: s.commits.Load()} }

// Open opens the database, brings its tables up to date and begins to serve. Close ends it. An error that is dispatch.ErrAway says that
// the server is not there, and may be later.
func Open(ctx context.Context, log *slog.Logger, c Config) (*Store, error) {
	s, err := connect(ctx, log, c)
	if err != nil {
		return nil, err
	}
	if err := s.listensTo(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("events: %w", err), s.db.close())
	}
	s.running.Go(s.writer)
	s.running.Go(func() { s.tell.run(s.quit) })
	return s, nil
}

// connect makes a Store that nobody serves yet.
func connect(ctx context.Context, log *slog.Logger, c Config) (*Store, error) {
	if c.Seal == nil {
		return nil, errors.New("store: a Seal is needed")
	}
	if c.Jobs == nil {
		c.Jobs = new(job.Workers)
	}
	s := &Store{log: log, seal: c.Seal, changes: make(chan *change), riders: make(chan *change), quit: make(chan struct{}), tell: newAnnouncer()}
	var err error
	switch {
	case c.URL == "":
		s.db, err = openSQLite(ctx, log, c.DataDir, c.Jobs)
	case isPostgres(c.URL):
		s.db, err = openPostgres(ctx, log, c.URL, c.Jobs)
	default:
		err = errors.New("the database URL begins with postgres://, or is left out for SQLite in the data directory")
	}
	if err == nil { // else it may be opened again with the same workers
		job.Handle(c.Jobs, s.deliverLate)
	}
	return s, err
}

// Run does jobs and looks after late callbacks until ctx ends.
func (s *Store) Run(ctx context.Context) error {
	var sweeping sync.WaitGroup
	sweeping.Go(func() { s.sweepPosts(ctx) })
	sweeping.Go(func() { s.db.listen(ctx, s.hears.tell, s.tell.elsewhere) })
	defer sweeping.Wait()
	return s.db.run(ctx)
}

// Close waits for the commit that is being made and closes the database. Run must have ended.
func (s *Store) Close() (err error) {
	s.end.Do(func() {
		close(s.quit)
		s.running.Wait()
		if err = s.db.close(); err != nil {
			err = fmt.Errorf("close the database: %w", err)
		}
	})
	return err
}

// Ready tells whether a commit can be made within a second; for the health page.
func (s *Store) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- s.change(ctx, func(t *tx) error { t.Now(); return t.err }) }()
	select {
	case err := <-done:
		if full := s.db.room(); full != nil {
			return full
		}
		if errors.Is(err, dispatch.ErrAway) {
			return fmt.Errorf("the database is away: new alerts are refused, and calls under way go on (%w)", err)
		}
		return err
	case <-ctx.Done():
		return fmt.Errorf("the database does not answer: %w", ctx.Err())
	}
}
