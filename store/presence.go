package store

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/kaden-project/kaden/dispatch"
)

const (
	// sayAgain is how often it is said that a server is still away.
	sayAgain = time.Minute
	// backFor is how long everything has to succeed before it is said that the server is back: one that starts up, or a connection
	// that died with it, is not believed at its first word.
	backFor = 2 * time.Second
)

// presence says how it stands with a database: once when it takes nothing any more, once a minute while that lasts, with how much failed of it,
// and once when it is over. Whoever fails because of it fails with [dispatch.ErrAway], and need not say so as well: many ask
// each second. Its methods may be called from any goroutine.
type presence struct {
	log   *slog.Logger
	where string
	away  func(error) bool // tells what is nobody's fault but the database's
	words absence

	watched atomic.Bool // from the time the server has been there once
	gone    atomic.Bool

	mu     sync.Mutex
	since  time.Time // it is away
	said   time.Time
	works  time.Time // the first success after the last failure
	failed int       // since it was last said
}

// absence is how the database is said to be away, still away, and back.
type absence struct{ gone, still, back string }

const meanwhile = ": new alerts are refused, so that their senders try again; calls under way go on, and are recorded when it is over"

var (
	serverAway = absence{"the database is away" + meanwhile, "the database is still away", "the database is back"}
	diskFull   = absence{"the disk takes nothing" + meanwhile, "the disk still takes nothing", "the disk takes what is to be kept again"}
)

// lost takes note of a failure.
func (p *presence) lost(err error) {
	if !p.watched.Load() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.works = time.Time{}
	p.failed++
	switch {
	case p.since.IsZero():
		p.log.Error(p.words.gone, "database", p.where, "err", onOneLine(err))
		p.since, p.said, p.failed = now, now, 0
		p.gone.Store(true)
	case now.Sub(p.said) >= sayAgain:
		p.log.Error(p.words.still, "database", p.where, "for", now.Sub(p.since).Round(time.Second), "failed", p.failed, "err", onOneLine(err))
		p.said, p.failed = now, 0
	}
}

// found takes note of a success.
func (p *presence) found() {
	if !p.gone.Load() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	switch {
	case p.since.IsZero():
	case p.works.IsZero():
		p.works = now
	case now.Sub(p.works) >= backFor:
		p.log.Warn(p.words.back, "database", p.where, "after", p.works.Sub(p.since).Round(time.Second/10), "failed", p.failed)
		p.since, p.failed = time.Time{}, 0
		p.gone.Store(false)
	}
}

// heard takes note of what an attempt came to, and marks it if the database is to blame.
func (p *presence) heard(err error) error {
	switch {
	case err == nil:
		p.found()
	case p.away(err), p.gone.Load() && errors.Is(err, pgconn.ErrConnClosed): // it has closed that connection, too
		p.lost(err)
		return away{err}
	}
	return err
}

// away is an error of a database that is to blame. Its text is its own.
type away struct{ error }

func (e away) Unwrap() error        { return e.error }
func (e away) Is(target error) bool { return target == dispatch.ErrAway }

// isAway tells that the server is not reached, or has ended the connection, or takes none at present. One that lets us not in is
// there.
func isAway(err error) bool {
	if errors.Is(err, context.Canceled) {
		return false
	}
	switch code(err) {
	case "":
	case adminShutdown, crashShutdown, cannotConnectNow, tooManyConnections:
		return true
	default:
		return false
	}
	var unconnected *pgconn.ConnectError
	var broken net.Error
	return errors.As(err, &unconnected) || errors.As(err, &broken) && !errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// Codes with which a server takes its leave, or is not ready yet.
const (
	adminShutdown      = "57P01"
	crashShutdown      = "57P02"
	cannotConnectNow   = "57P03"
	tooManyConnections = "53300"
)

// atTheDoor hears of every connection that is made, also by the job queue.
type atTheDoor struct{ *presence }

func (atTheDoor) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}
func (atTheDoor) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
func (atTheDoor) TraceConnectStart(ctx context.Context, _ pgx.TraceConnectStartData) context.Context {
	return ctx
}
func (d atTheDoor) TraceConnectEnd(_ context.Context, data pgx.TraceConnectEndData) {
	if data.Err != nil {
		d.heard(data.Err)
	}
}

// pgRows are rows whose end may be that of the server.
type pgRows struct {
	pgx.Rows
	p *presence
}

func (r pgRows) Err() error { return r.p.heard(r.Rows.Err()) }

// rows hears how a question fares from its beginning to its end.
func (p *presence) rows(r pgx.Rows, err error) (rows, error) {
	if err != nil {
		return nil, p.heard(err)
	}
	return pgRows{r, p}, nil
}
