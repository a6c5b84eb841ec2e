package store_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/kaden-project/kaden/store"
	"github.com/kaden-project/kaden/store/storetest"
)

// Each line is a column, table.column, or a unique key, table(columns). The tables of the tools that
// River and goose bring along are theirs.
const sqliteSchema = `
SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'
UNION ALL
SELECT m.name || '(' || (SELECT group_concat(name, ' ') FROM pragma_index_info(i.name)) || ')' || iif(i.partial, ' partly', '')
  FROM sqlite_master m, pragma_index_list(m.name) i WHERE m.type = 'table' AND i."unique"
UNION ALL
SELECT m.name || '(' || c.name || ')' FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.pk AND c.type = 'INTEGER'`

const postgresSchema = `
SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL
SELECT t.relname || '(' || (SELECT string_agg(a.attname, ' ' ORDER BY k.n) FROM unnest(i.indkey) WITH ORDINALITY k (attnum, n)
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum) || ')' || CASE WHEN i.indpred IS NULL THEN '' ELSE ' partly' END
  FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
  WHERE i.indisunique AND n.nspname = 'public'`

func schema(t *testing.T, driver, address, query string) (lines []string) {
	t.Helper()
	db, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(line, "river_") && !strings.HasPrefix(line, "goose_") && !strings.HasPrefix(line, "sqlite_") {
			lines = append(lines, line)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return lines
}

func TestBothDatabasesHaveTheSameTablesColumnsAndUniqueKeys(t *testing.T) {
	address, dir := storetest.Postgres(t), t.TempDir()
	shut(t, open(t, store.Config{URL: address}))
	shut(t, open(t, store.Config{DataDir: dir}))
	inSQLite := schema(t, "sqlite", filepath.Join(dir, "kaden.db"), sqliteSchema)
	inPostgres := schema(t, "pgx", address, postgresSchema)
	if len(inSQLite) < 100 {
		t.Fatalf("only %d columns and keys were found: %v", len(inSQLite), inSQLite)
	}
	for _, l := range inSQLite {
		if !slices.Contains(inPostgres, l) {
			t.Error("only in SQLite: " + l)
		}
	}
	for _, l := range inPostgres {
		if !slices.Contains(inSQLite, l) {
			t.Error("only in PostgreSQL: " + l)
		}
	}
	if fmt.Sprint(inSQLite) != fmt.Sprint(inPostgres) {
		t.Error("the same, but not as often")
	}
}
