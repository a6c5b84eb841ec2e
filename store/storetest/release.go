package storetest

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver named pgx
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver named sqlite
)

// Row is one row as a release wrote it, with the columns it knew. Bytes are {"base64": …}.
type Row struct {
	Table  string         `json:"table"`
	Values map[string]any `json:"values"`
}

// kept are the tables of a night.
var kept = []string{"counter", "node", "incident", "callout", "attempt", "place", "event", "call"}

type binary struct {
	Base64 []byte `json:"base64"`
}

// WriteRows writes the rows of a SQLite database as JSON lines, without their order numbers.
func WriteRows(t testing.TB, database, file string) {
	t.Helper()
	db, err := sql.Open("sqlite", database)
	ok(t, err)
	defer db.Close()
	var out bytes.Buffer
	for _, table := range kept {
		rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+table+" ORDER BY rowid")
		ok(t, err)
		columns, err := rows.ColumnTypes()
		ok(t, err)
		for rows.Next() {
			values, to := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				to[i] = &values[i]
			}
			ok(t, rows.Scan(to...))
			row := Row{table, map[string]any{}}
			for i, c := range columns {
				switch v := values[i].(type) {
				case []byte:
					row.Values[c.Name()] = binary{v}
				case int64:
					if c.DatabaseTypeName() == "BOOLEAN" {
						row.Values[c.Name()] = v != 0
					} else if c.Name() != "nr" {
						row.Values[c.Name()] = v
					}
				default:
					row.Values[c.Name()] = v
				}
			}
			line, err := json.Marshal(row)
			ok(t, err)
			out.Write(append(line, '\n'))
		}
		ok(t, rows.Err())
		ok(t, rows.Close())
	}
	ok(t, os.MkdirAll(filepath.Dir(file), 0o755))
	ok(t, os.WriteFile(file, out.Bytes(), 0o644))
}

// Leave leaves in a new database what a release left, in the tables of that release.
func (d Database) Leave(t testing.TB, release string) {
	t.Helper()
	n, err := strconv.ParseInt(strings.TrimPrefix(filepath.Base(release), "release-"), 10, 64)
	ok(t, err)
	d.Migrate(t, n)
	d.Put(t, Rows(t, release)...)
}

// Releases are the folders of store/testdata, oldest first: release-3 is of tables made by the files up to 3.
func Releases(t testing.TB) (dirs []string) {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(room(), "testdata", "release-*"))
	ok(t, err)
	if len(dirs) == 0 {
		t.Fatal("store/testdata holds no release")
	}
	return dirs
}

// room is the folder of package store.
func room() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(file))
}

// Rows reads what a release wrote.
func Rows(t testing.TB, release string) (rows []Row) {
	t.Helper()
	f, err := os.Open(filepath.Join(release, "rows.jsonl"))
	ok(t, err)
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		d.UseNumber()
		var r Row
		ok(t, d.Decode(&r))
		for column, v := range r.Values {
			switch v := v.(type) {
			case json.Number:
				n, err := v.Int64()
				ok(t, err)
				r.Values[column] = n
			case map[string]any:
				var b binary
				text, _ := json.Marshal(v)
				ok(t, json.Unmarshal(text, &b))
				r.Values[column] = b.Base64
			}
		}
		rows = append(rows, r)
	}
	ok(t, lines.Err())
	return rows
}

// Database is one that a test looks into past its Store.
type Database struct {
	*sql.DB
	dialect goose.Dialect
	dir     string
	mark    func(n int) string
}

// Raw opens a database: url, or the SQLite file in dir.
func Raw(t testing.TB, url, dir string) Database {
	t.Helper()
	d := Database{dialect: goose.DialectPostgres, dir: "postgres", mark: func(n int) string { return fmt.Sprint("$", n) }}
	driver := "pgx"
	if url == "" {
		driver, url = "sqlite", filepath.Join(dir, "kaden.db")
		d.dialect, d.dir, d.mark = goose.DialectSQLite3, "sqlite", func(int) string { return "?" }
		ok(t, os.MkdirAll(dir, 0o700))
	}
	var err error
	d.DB, err = sql.Open(driver, url)
	ok(t, err)
	t.Cleanup(func() { d.Close() })
	return d
}

// Migrate makes the tables as they were in a release: all files up to that number.
func (d Database) Migrate(t testing.TB, version int64) {
	t.Helper()
	p, err := goose.NewProvider(d.dialect, d.DB, os.DirFS(filepath.Join(room(), "migrations", d.dir)), goose.WithDisableGlobalRegistry(true))
	ok(t, err)
	_, err = p.UpTo(t.Context(), version)
	ok(t, err)
}

// Put inserts rows as the release that wrote them would, naming the columns it knew; a row that is there is
// overwritten in these columns alone.
func (d Database) Put(t testing.TB, rows ...Row) {
	t.Helper()
	keys := map[string]string{"counter": "name", "node": "name", "place": "plan, step", "event": "seq", "call": "sid"}
	for _, r := range rows {
		var columns, marks, sets []string
		var args []any
		for c, v := range r.Values {
			columns, args = append(columns, c), append(args, v)
			marks, sets = append(marks, d.mark(len(args))), append(sets, c+" = excluded."+c)
		}
		key := keys[r.Table]
		if key == "" {
			key = "id"
		}
		d.Run(t, fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s) ON CONFLICT (%s) DO UPDATE SET %s", r.Table,
			strings.Join(columns, ", "), strings.Join(marks, ", "), key, strings.Join(sets, ", ")), args...)
	}
}

// Run does one statement.
func (d Database) Run(t testing.TB, statement string, args ...any) {
	t.Helper()
	if _, err := d.ExecContext(context.Background(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
