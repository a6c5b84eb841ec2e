package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/job"
)

const (
	oldestPostgres  = 150000 // server_version_num
	connectTime     = 5 * time.Second
	askTime         = time.Second
	leastConns      = 11 // writing, the job queue's three, claims, listening, reading
	commitPatience  = 10 * time.Second
	claimEvery      = 50 * time.Millisecond
	migrationLock   = 0x6b6164656e     // "kaden": one node at a time changes tables
	eventsChannel   = "kaden_events"   // NOTIFY's word for where it is said up to which number there are events
	freedChannel    = "kaden_channels" // … and which trunk has a free channel
	longestNotice   = 7000             // bytes of what is said there
	listenAgain     = time.Second
	serialization   = "40001"
	deadlock        = "40P01"
	lockTimeout     = "55P03"
	uniqueViolation = "23505"
)

// postgres is a server that several nodes may share.
type postgres struct {
	log   *slog.Logger
	here  *presence
	pool  *pgxpool.Pool
	queue *queue[pgx.Tx]

	mu     sync.Mutex
	claims map[string]*pgxpool.Conn // by node name: the connection whose life stands for ours
}

func openPostgres(ctx context.Context, log *slog.Logger, address string, w *job.Workers) (*postgres, error) {
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("database URL: %w", err) // pgx takes the password out
	}
	config.MaxConns = max(config.MaxConns, leastConns)
	config.ConnConfig.ConnectTimeout = connectTime
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "kaden"
	}
	where := config.ConnConfig.Host + "/" + config.ConnConfig.Database
	here := &presence{log: log, where: where, away: isAway, words: serverAway}
	config.ConnConfig.Tracer = atTheDoor{here}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", where, err)
	}
	e := &postgres{log: log, here: here, pool: pool, claims: map[string]*pgxpool.Conn{}}
	if err := e.prepare(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("database %s: %w", where, here.heard(err))
	}
	if e.queue, err = postgresQueue(quietWhile(e.away, log), pool, w); err != nil {
		pool.Close()
		return nil, err
	}
	here.watched.Store(true)
	return e, nil
}

// Reach asks a PostgreSQL whether it lets us in, and changes nothing. where is its host and name.
func Reach(ctx context.Context, url string) (where string, err error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return "", errors.New("KADEN_DATABASE_URL is not a PostgreSQL URL (postgres://user:password@host/name)")
	}
	where = config.Host + "/" + config.Database
	ctx, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return where, fmt.Errorf("%s: not reachable: %w (check KADEN_DATABASE_URL)", where, onOneLine(err))
	}
	defer conn.Close(ctx)
	if err := conn.Ping(ctx); err != nil {
		return where, fmt.Errorf("%s: does not answer: %w", where, onOneLine(err))
	}
	return where, nil
}

// prepare checks what durability rests on and brings the tables up to date, one node at a time.
func (e *postgres) prepare(ctx context.Context) error {
	conn, err := e.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("not reachable: %w (check KADEN_DATABASE_URL)", onOneLine(err))
	}
	defer conn.Release()
	var version int
	var sync, encoding string
	err = conn.QueryRow(ctx, "SELECT current_setting('server_version_num')::int, current_setting('synchronous_commit'), current_setting('server_encoding')").
		Scan(&version, &sync, &encoding)
	switch {
	case err != nil:
		return err
	case version < oldestPostgres:
		return fmt.Errorf("PostgreSQL %d is too old: 15 or newer is needed", version/10000)
	case sync == "off":
		return errors.New("synchronous_commit is off, so an accepted alert could be lost: ALTER DATABASE … SET synchronous_commit = on")
	case encoding != "UTF8":
		return fmt.Errorf("its encoding is %s: make one with ENCODING 'UTF8'", encoding)
	}
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(migrationLock)); err != nil {
		return err
	}
	defer conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(migrationLock))
	db := stdlib.OpenDBFromPool(e.pool)
	defer db.Close()
	if err := migrate(ctx, e.log, db, goose.DialectPostgres, "postgres"); err != nil {
		return err
	}
	return migratePostgresQueue(ctx, e.log, e.pool)
}

// away asks the server whether it is there, unless that is known.
func (e *postgres) away() bool {
	if !e.here.gone.Load() {
		ctx, stop := context.WithTimeout(context.Background(), askTime)
		defer stop()
		e.here.heard(e.pool.Ping(ctx))
	}
	return e.here.gone.Load()
}

func (e *postgres) close() error {
	e.mu.Lock()
	for _, c := range e.claims {
		drop(c)
	}
	clear(e.claims)
	e.mu.Unlock()
	e.pool.Close()
	return nil
}

func (e *postgres) run(ctx context.Context) error { return e.queue.run(ctx) }
func (e *postgres) shared() bool                  { return true }

// listen holds a session of its own. Without one (a pooler that gives sessions away) who waits for a channel asks once a
// second, and events of other processes are told with the next one of this process.
func (e *postgres) listen(ctx context.Context, freed func(trunk string), events func(seq int64)) {
	for ctx.Err() == nil {
		err := e.listenOnce(ctx, freed, events)
		if ctx.Err() == nil {
			e.log.Debug("not told what other processes do; listening again", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(listenAgain):
		}
	}
}

func (e *postgres) listenOnce(ctx context.Context, freed func(trunk string), events func(seq int64)) error {
	c, err := e.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer drop(c) // a session that listens is of no use to others
	if _, err := c.Exec(ctx, "LISTEN "+freedChannel+"; LISTEN "+eventsChannel); err != nil {
		return err
	}
	seq, err := lastEvent(ctx, e.reader()) // nobody told us before
	if err != nil {
		return err
	}
	events(seq)
	for {
		n, err := c.Conn().WaitForNotification(ctx)
		if err != nil {
			return err
		}
		if n.Channel == freedChannel {
			freed(n.Payload)
		} else if seq, err := strconv.ParseInt(n.Payload, 10, 64); err == nil {
			events(seq)
		}
	}
}

func (e *postgres) now(ctx context.Context, q querier) (time.Time, error) {
	var ms int64
	err := one(ctx, q, "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint", nil, &ms)
	return time.UnixMilli(ms).UTC(), err
}

// again: another node was in the way, or stored the same thing first; seen anew, all may be well.
func (e *postgres) again(err error) bool { return e.inTheWay(err) || code(err) == uniqueViolation }

func (e *postgres) inTheWay(err error) bool {
	c := code(err)
	return c == serialization || c == deadlock || c == lockTimeout
}

// Two nodes that store the same things in another order would wait for each other until the server sees
// it, after a second. So a commit that holds rows already waits only a little for others: then it lets go
// of all, and its changes are done one by one, which hold nothing while they wait.
func (e *postgres) guard() string   { return "SET LOCAL lock_timeout = '50ms'; SAVEPOINT change" }
func (e *postgres) unguard() string { return "SET LOCAL lock_timeout = 0" }

func code(err error) string {
	if p := new(pgconn.PgError); errors.As(err, &p) {
		return p.Code
	}
	return ""
}

func (e *postgres) patience() time.Duration { return commitPatience }
func (e *postgres) room() error             { return nil } // the server's own business
func (e *postgres) skipLocked() string      { return " FOR UPDATE SKIP LOCKED" }
func (e *postgres) reader() querier         { return pgReader{e.pool, e.here} }

// claim holds a lock in a session of its own. The server takes it away when the session ends, which it
// does soon when this process is killed; so a restart need not wait for the lease of its earlier life.
func (e *postgres) claim(ctx context.Context, name string, wait time.Duration) (dead bool, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c := e.claims[name]; c != nil {
		if err := c.Ping(ctx); err == nil {
			return false, nil
		}
		drop(c)
		delete(e.claims, name)
	}
	c, err := e.pool.Acquire(ctx)
	if err != nil {
		return false, err
	}
	for until := time.Now().Add(wait); ; {
		var got bool
		err := c.QueryRow(ctx, "SELECT pg_try_advisory_lock(hashtextextended($1, 0))", "kaden node "+name).Scan(&got)
		if got {
			e.claims[name] = c
			return true, nil
		}
		if err != nil || !time.Now().Before(until) {
			c.Release()
			return false, err
		}
		select {
		case <-time.After(claimEvery):
		case <-ctx.Done():
		}
	}
}

func (e *postgres) unclaim(_ context.Context, name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c := e.claims[name]; c != nil {
		drop(c)
		delete(e.claims, name)
	}
}

// drop ends a session, and with it its locks.
func drop(c *pgxpool.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	c.Hijack().Close(ctx)
}

func (e *postgres) begin(ctx context.Context) (transaction, error) {
	tx, err := e.pool.Begin(ctx)
	if errors.Is(err, context.DeadlineExceeded) { // a commit's own patience: it is there, and says nothing
		e.here.lost(err)
		return nil, away{err}
	}
	if err = e.here.heard(err); err != nil {
		return nil, err
	}
	return &pgTx{e, tx}, nil
}

type pgTx struct {
	e  *postgres
	tx pgx.Tx
}

func (t *pgTx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	values, err := plain(args)
	if err != nil {
		return 0, err
	}
	tag, err := t.tx.Exec(ctx, dollars(query), values...)
	return tag.RowsAffected(), t.e.here.heard(err)
}

func (t *pgTx) query(ctx context.Context, query string, args ...any) (rows, error) {
	values, err := plain(args)
	if err != nil {
		return nil, err
	}
	return t.e.here.rows(t.tx.Query(ctx, dollars(query), values...))
}

func (t *pgTx) addJobs(ctx context.Context, items []job.Item) error {
	return t.e.here.heard(t.e.queue.add(ctx, t.tx, items))
}

func (t *pgTx) tellNodes(ctx context.Context, seq int64) error {
	_, err := t.tx.Exec(ctx, "SELECT pg_notify($1, $2)", eventsChannel, strconv.FormatInt(seq, 10))
	return t.e.here.heard(err)
}

func (t *pgTx) tellFreed(ctx context.Context, trunk string) error {
	if len(trunk) > longestNotice {
		return nil
	}
	_, err := t.tx.Exec(ctx, "SELECT pg_notify($1, $2)", freedChannel, trunk)
	return t.e.here.heard(err)
}

// commit: if the server did not answer, it may have committed all the same.
func (t *pgTx) commit(ctx context.Context) error {
	err := t.tx.Commit(ctx)
	if err != nil && code(err) == "" && !errors.Is(err, pgx.ErrTxCommitRollback) {
		err = fmt.Errorf("%w: %w", dispatch.ErrUnsure, t.e.here.heard(err))
	}
	return err
}

func (t *pgTx) rollback(ctx context.Context) { t.tx.Rollback(ctx) }

// pgReader reads outside transactions.
type pgReader struct {
	pool *pgxpool.Pool
	here *presence
}

func (r pgReader) query(ctx context.Context, query string, args ...any) (rows, error) {
	values, err := plain(args)
	if err != nil {
		return nil, err
	}
	return r.here.rows(r.pool.Query(ctx, dollars(query), values...))
}

var rewritten sync.Map // statement → the same with $1, $2 …

// dollars writes ? as $1, $2 … There are no question marks in our statements but these.
func dollars(query string) string {
	if q, ok := rewritten.Load(query); ok {
		return q.(string)
	}
	var b strings.Builder
	n := 0
	for _, r := range query {
		if r != '?' {
			b.WriteRune(r)
			continue
		}
		n++
		b.WriteString("$" + strconv.Itoa(n))
	}
	rewritten.Store(query, b.String())
	return b.String()
}

// isPostgres tells a URL that this package opens with PostgreSQL.
func isPostgres(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql")
}
