package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/manifest"
)

// PostgreSQL is away for three and a half minutes, and seven things a second fail of it. The log says it when it begins, once a
// minute, and when it is over; a server that answers once while it starts up is not back yet.
func TestADatabaseThatIsAwayIsSaidOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said bytes.Buffer
		p := &presence{where: "db/kaden", away: isAway, words: serverAway, log: slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}}))}
		river := quietWhile(p.gone.Load, p.log)
		p.heard(io.EOF) // before the server was there once, whoever opens the store says it
		p.watched.Store(true)
		works := func(d time.Duration) {
			for range int(d / time.Second) {
				if err := p.heard(nil); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
			}
		}
		works(10 * time.Second)
		river.Error("notifier: unexpected EOF") // it is the first to notice
		for begun := time.Now(); time.Since(begun) < 210*time.Second; time.Sleep(time.Second) {
			for i := range 7 {
				err := error(&pgconn.PgError{Severity: "FATAL", Message: "the database system is shutting down", Code: "57P01"})
				if i == 5 { // a connection that went with it
					err = fmt.Errorf("begin: %w", pgconn.ErrConnClosed)
				}
				if got := p.heard(err); !errors.Is(got, dispatch.ErrAway) {
					t.Fatalf("%v is not known as that", err)
				}
			}
			river.Error("elector: error attempting to elect")
		}
		p.heard(nil)
		p.heard(&pgconn.PgError{Message: "the database system is starting up", Code: "57P03"})
		works(5 * time.Second)
		river.Error("something else")
		time.Sleep(keptBack)
		synctest.Wait()
		want := strings.Join([]string{
			`level=ERROR msg="the database is away: new alerts are refused, so that their senders try again; calls under way go on, and are recorded when it is over" database=db/kaden err="FATAL: the database system is shutting down (SQLSTATE 57P01)"`,
			`level=ERROR msg="the database is still away" database=db/kaden for=1m0s failed=420 err="FATAL: the database system is shutting down (SQLSTATE 57P01)"`,
			`level=ERROR msg="the database is still away" database=db/kaden for=2m0s failed=420 err="FATAL: the database system is shutting down (SQLSTATE 57P01)"`,
			`level=ERROR msg="the database is still away" database=db/kaden for=3m0s failed=420 err="FATAL: the database system is shutting down (SQLSTATE 57P01)"`,
			`level=WARN msg="the database is back" database=db/kaden after=3m30s failed=210`,
			`level=ERROR msg="something else"`,
		}, "\n") + "\n"
		if said.String() != want {
			t.Errorf("said\n%swant\n%s", said.String(), want)
		}
	})
}

// Who is let in by nobody, or asks nonsense, is not told to wait.
func TestWhatIsNoAbsence(t *testing.T) {
	for _, err := range []error{
		&pgconn.PgError{Code: "28P01", Message: "password authentication failed"}, &pgconn.PgError{Code: "3D000", Message: `database "kaden" does not exist`},
		&pgconn.PgError{Code: serialization}, errNoRow, pgconn.ErrConnClosed, fmt.Errorf("read: %w", context.Canceled),
	} {
		p := &presence{log: slog.New(slog.DiscardHandler), away: isAway}
		p.watched.Store(true)
		if got := p.heard(err); errors.Is(got, dispatch.ErrAway) || p.gone.Load() {
			t.Errorf("%v is taken for an absence", err)
		}
	}
}

// The disk fills up to the last byte, and later there is room again.
func TestADiskThatTakesNothingIsSaidOnce(t *testing.T) {
	var said bytes.Buffer
	s, err := Open(t.Context(), slog.New(slog.NewTextHandler(&said, nil)), Config{DataDir: t.TempDir(), Seal: noSeal{}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	write := s.db.(*sqlite).write
	pages := func(most int) {
		t.Helper()
		if _, err := write.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", most)); err != nil { // as much as there is, if it is less
			t.Fatal(err)
		}
	}
	keep := func() error {
		return s.Apply(t.Context(), []manifest.Document{{Kind: "bin", Name: "large", Text: strings.Repeat("x", 1<<20)}})
	}
	pages(1)
	for range 20 {
		if err := keep(); !errors.Is(err, dispatch.ErrAway) || !strings.Contains(err.Error(), "disk is full") {
			t.Fatalf("a full disk: %v", err)
		}
	}
	pages(1 << 30)
	deadline := time.Now().Add(10 * time.Second)
	for s.db.(*sqlite).here.gone.Load() {
		if err := keep(); err != nil || time.Now().After(deadline) {
			t.Fatalf("there is room again: %v", err)
		}
	}
	log := said.String()
	if strings.Count(log, "level=ERROR") != 1 || !strings.Contains(log, "the disk takes nothing: new alerts are refused") ||
		strings.Count(log, "level=WARN") != 1 || !strings.Contains(log, "the disk takes what is to be kept again") {
		t.Errorf("the log says\n%s", log)
	}
}

type noSeal struct{}

func (noSeal) Seal(b []byte) []byte          { return b }
func (noSeal) Open(b []byte) ([]byte, error) { return b, nil }
