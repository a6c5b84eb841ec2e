package store

import (
	"log/slog"
	"testing"

	"github.com/kaden-project/kaden/job"
)

// At midnight River rebuilds indexes that only PostgreSQL has; on SQLite its warning told people to run migrations.
func TestNoIndexesOfPostgreSQLAreLookedForInSQLite(t *testing.T) {
	q, err := sqliteQueue(slog.New(slog.DiscardHandler), nil, new(job.Workers))
	if err != nil {
		t.Fatal(err)
	}
	c, err := q.config()
	if err != nil || c.ReindexerIndexNames == nil || len(c.ReindexerIndexNames) != 0 {
		t.Errorf("River is to rebuild %q, %v", c.WithDefaults().ReindexerIndexNames, err)
	}
}
