package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/kaden-project/kaden/job"
)

const (
	// A job whose process died is tried again after this time; longer than any job may take.
	rescueAfter = time.Minute
	// Stopping waits this long for jobs that are running before it cancels them.
	softStop = 5 * time.Second
	// What River could not begin is begun again after this time.
	restAfterFault = 2 * time.Second
	// How many jobs run at once.
	atOnce = 20
)

// queue is River on one kind of database: it adds jobs in transactions of type Tx and runs them, on
// whichever node fetches them first, from about a tenth of a second later on.
type queue[Tx any] struct {
	log     *slog.Logger
	driver  riverdriver.Driver[Tx]
	workers *job.Workers
	adds    *river.Client[Tx]
}

func sqliteQueue(log *slog.Logger, db *sql.DB, w *job.Workers) (*queue[*sql.Tx], error) {
	return newQueue(log, riversqlite.New(db), w)
}

func postgresQueue(log *slog.Logger, pool *pgxpool.Pool, w *job.Workers) (*queue[pgx.Tx], error) {
	return newQueue(log, riverpgxv5.New(pool), w)
}

func migrateSQLiteQueue(ctx context.Context, log *slog.Logger, db *sql.DB) error {
	return migrateQueue(ctx, log, riversqlite.New(db))
}

func migratePostgresQueue(ctx context.Context, log *slog.Logger, pool *pgxpool.Pool) error {
	return migrateQueue(ctx, log, riverpgxv5.New(pool))
}

// migrateQueue makes or renews River's tables.
func migrateQueue[Tx any](ctx context.Context, log *slog.Logger, driver riverdriver.Driver[Tx]) error {
	m, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: quiet(log)})
	if err != nil {
		return fmt.Errorf("tables of the job queue: %w", err)
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("tables of the job queue: %w", err)
	}
	return nil
}

func newQueue[Tx any](log *slog.Logger, driver riverdriver.Driver[Tx], w *job.Workers) (*queue[Tx], error) {
	q := &queue[Tx]{log: quiet(log), driver: driver, workers: w}
	adds, err := river.NewClient(driver, &river.Config{Logger: q.log})
	if err != nil {
		return nil, fmt.Errorf("job queue: %w", err)
	}
	q.adds = adds
	return q, nil
}

// add inserts jobs in a transaction; they exist if it commits.
func (q *queue[Tx]) add(ctx context.Context, tx Tx, items []job.Item) error {
	list := make([]river.InsertManyParams, len(items))
	for i, it := range items {
		list[i] = river.InsertManyParams{
			Args:       args{kind: it.Kind, json: it.Args},
			InsertOpts: &river.InsertOpts{MaxAttempts: it.Tries, ScheduledAt: it.At},
		}
	}
	_, err := q.adds.InsertManyTx(ctx, tx, list)
	return err
}

// run does the jobs that the Workers know by now, until ctx ends; then it lets those that are running
// finish for a few seconds. A database that is down when it begins is waited for.
func (q *queue[Tx]) run(ctx context.Context) error {
	config, err := q.config()
	if err != nil {
		return err
	}
	if len(config.Queues) == 0 {
		<-ctx.Done()
		return nil
	}
	for {
		err := q.work(ctx, config)
		if ctx.Err() != nil {
			return err
		}
		q.log.Warn("jobs stand still", "err", err)
		select {
		case <-time.After(restAfterFault):
		case <-ctx.Done():
			return nil
		}
	}
}

// work does jobs until ctx ends or River gives up.
func (q *queue[Tx]) work(ctx context.Context, config *river.Config) error {
	runs, err := river.NewClient(q.driver, config)
	if err != nil {
		return fmt.Errorf("job queue: %w", err)
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	if err := runs.Start(life); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("job queue: %w", err)
	}
	select {
	case <-ctx.Done():
	case <-runs.Stopped():
		return errors.New("job queue: it has stopped by itself")
	}
	stop, cancel := context.WithTimeout(life, 2*softStop)
	defer cancel()
	if err := runs.Stop(stop); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("job queue does not stop: %w", err)
	}
	return nil
}

func (q *queue[Tx]) config() (*river.Config, error) {
	config := &river.Config{
		Logger:               q.log,
		JobTimeout:           job.DefaultTimeout,
		RescueStuckJobsAfter: rescueAfter,
		SoftStopTimeout:      softStop,
		// Finished jobs are of no interest for long: the timeline tells what happened.
		CompletedJobRetentionPeriod: time.Hour,
	}
	if _, is := any(q.driver).(*riversqlite.Driver); is {
		config.ReindexerIndexNames = []string{} // those it knows are PostgreSQL's; it would warn of them each midnight
	}
	for kind, terms := range q.workers.Kinds() {
		if terms.Timeout >= rescueAfter {
			return nil, fmt.Errorf("jobs of kind %q may take %s: it must be less than %s", kind, terms.Timeout, rescueAfter)
		}
		if config.Workers == nil {
			config.Workers = river.NewWorkers()
			config.Queues = map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: atOnce}}
		}
		river.AddWorkerArgs(config.Workers, args{kind: kind}, &riverWorker{workers: q.workers, timeout: terms.Timeout})
	}
	return config, nil
}

// args are a job's arguments as the bytes they are kept as.
type args struct {
	kind string
	json json.RawMessage
}

func (a args) Kind() string                 { return a.kind }
func (a args) MarshalJSON() ([]byte, error) { return a.json, nil }
func (a *args) UnmarshalJSON(b []byte) error {
	a.json = append(a.json[:0], b...)
	return nil
}

type riverWorker struct {
	river.WorkerDefaults[args]
	workers *job.Workers
	timeout time.Duration
}

func (w *riverWorker) Timeout(*river.Job[args]) time.Duration { return w.timeout }

func (w *riverWorker) Work(ctx context.Context, j *river.Job[args]) error {
	err := w.workers.Do(ctx, j.JobRow.Kind, j.Args.json)
	if d, ok := job.IsLater(err); ok {
		return river.JobSnooze(d)
	}
	if job.GivenUp(err) {
		return river.JobCancel(err)
	}
	return err
}

// quiet lets through only what somebody should look at: River tells of its own comings and goings at Info.
func quiet(log *slog.Logger) *slog.Logger { return slog.New(loud{log.Handler(), nil}) }

// quietWhile says nothing as long as the database is away: that has been said. River is often the first to notice, one of its
// connections before ours, so that its words are kept back for a moment and said if the database is there then as well.
func quietWhile(away func() bool, log *slog.Logger) *slog.Logger {
	return slog.New(loud{log.Handler(), away})
}

// keptBack is for how long.
const keptBack = 2 * time.Second

type loud struct {
	slog.Handler
	away func() bool // nil: it never is
}

func (l loud) Enabled(ctx context.Context, v slog.Level) bool {
	return v >= slog.LevelWarn && l.Handler.Enabled(ctx, v)
}

func (l loud) Handle(ctx context.Context, r slog.Record) error {
	if l.away == nil {
		return l.Handler.Handle(ctx, r)
	}
	if l.away() {
		return nil
	}
	ctx, r = context.WithoutCancel(ctx), r.Clone()
	time.AfterFunc(keptBack, func() {
		if !l.away() {
			_ = l.Handler.Handle(ctx, r) // nobody could be told
		}
	})
	return nil
}

func (l loud) WithAttrs(a []slog.Attr) slog.Handler { return loud{l.Handler.WithAttrs(a), l.away} }
func (l loud) WithGroup(n string) slog.Handler      { return loud{l.Handler.WithGroup(n), l.away} }
