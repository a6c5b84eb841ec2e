package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*/*.sql
var migrations embed.FS

// migrate brings the tables up to date. dir is the dialect's directory.
//
// Files add and never take away, so that a release can be put back: the one before goes on with the tables
// of the one after. Should a file ever do more, it says so in the counter "tables", and a program that does
// not know that file does not open the database.
func migrate(ctx context.Context, log *slog.Logger, db *sql.DB, dialect goose.Dialect, dir string) error {
	files, err := fs.Sub(migrations, "migrations/"+dir)
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(dialect, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("tables: %w", err)
	}
	sources := p.ListSources()
	known := sources[len(sources)-1].Version
	found, err := p.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("tables: %w", err)
	}
	if found > known {
		return newer(ctx, log, db, known, found)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("tables: %w", err)
	}
	return nil
}

// newer decides whether this program can work with tables that a later one has made.
func newer(ctx context.Context, log *slog.Logger, db *sql.DB, known, found int64) error {
	var needed int64
	err := db.QueryRowContext(ctx, "SELECT value FROM counter WHERE name = 'tables'").Scan(&needed)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("tables: %w", err)
	}
	if needed > known {
		return fmt.Errorf("a newer kaden has made its tables (%d) in a way that this one (%d) cannot work with: start the newer one again, or restore the backup from before the upgrade", found, known)
	}
	log.Warn("a newer kaden has been at work on this database; this one goes on, and leaves alone what it does not know", "tables", found, "known", known)
	return nil
}
