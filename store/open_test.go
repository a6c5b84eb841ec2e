package store_test

import (
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/store"
	"github.com/kaden-project/kaden/store/storetest"
)

func TestWhatKeepsAStoreFromOpeningIsSaidWithWhatToDo(t *testing.T) {
	used := t.TempDir()
	open(t, store.Config{DataDir: used})
	file := filepath.Join(t.TempDir(), "file")
	damaged := t.TempDir()
	for _, f := range []string{file, filepath.Join(damaged, "kaden.db")} {
		if err := os.WriteFile(f, []byte(strings.Repeat("this is no database ", 1000)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name string
		c    store.Config
		want []string
	}{
		{"in use", store.Config{DataDir: used}, []string{"already in use by pid " + fmt.Sprint(os.Getpid()), "--data"}},
		{"not a directory", store.Config{DataDir: file}, []string{"not a directory", "--data"}},
		{"below a file", store.Config{DataDir: filepath.Join(file, "x")}, []string{"not a directory", "--data"}},
		{"damaged", store.Config{DataDir: damaged}, []string{"not a database", "backup"}},
		{"another kind of database", store.Config{URL: "mysql://localhost/kaden"}, []string{"postgres://", "SQLite"}},
		{"no server there", store.Config{URL: "postgres://kaden:hush@127.0.0.1:1/kaden?sslmode=disable"}, []string{"127.0.0.1", "KADEN_DATABASE_URL"}},
		{"no server at any of its addresses", store.Config{URL: "postgres://kaden:hush@127.0.0.1:1,127.0.0.1:2/kaden"}, []string{"127.0.0.1:2", "KADEN_DATABASE_URL"}},
		{"a URL that is none", store.Config{URL: "postgres://kaden:hush@127.0.0.1:notaport/kaden"}, []string{"database URL"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.c.Seal = seal(t)
			s, err := store.Open(t.Context(), slog.New(slog.DiscardHandler), tt.c)
			if err == nil {
				s.Close()
				t.Fatal("it opened")
			}
			for _, w := range append(tt.want, "") {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q does not say %q", err, w)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q is more than one line", err)
			}
			if strings.Contains(err.Error(), "hush") {
				t.Errorf("%q tells the password", err)
			}
		})
	}
}

func TestADirectoryThatCannotBeWritten(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("skipped: root may write everywhere")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	_, err := store.Open(t.Context(), slog.New(slog.DiscardHandler), store.Config{DataDir: dir, Seal: seal(t)})
	if err == nil || !strings.Contains(err.Error(), "cannot be written") {
		t.Errorf("got %v", err)
	}
}

func TestADataDirectoryMayHaveAnyName(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "架電 100% #1? &mode=memory")
	c := store.Config{DataDir: dir}
	s := open(t, c)
	if err := s.Write(t.Context(), func(tx dispatch.Tx) error { return tx.PutIncident(storetest.Incident("al-1", "disk")) }); err != nil {
		t.Fatal(err)
	}
	shut(t, s)
	if _, err := os.Stat(filepath.Join(dir, "kaden.db")); err != nil {
		t.Error(err)
	}
	if _, err := open(t, c).IncidentByID(t.Context(), "al-1"); err != nil {
		t.Error(err)
	}
}

func TestSecretsAreSealedOnTheDisk(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{DataDir: dir})
	storetest.PutSecrets(t, s, "hush-hush")
	shut(t, s)
	db, err := sql.Open("sqlite", filepath.Join(dir, "kaden.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	bytes, err := os.ReadFile(filepath.Join(dir, "kaden.db"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(bytes), "people-and-lines") {
		t.Error("the test does not see what is in the file")
	}
	if strings.Contains(string(bytes), "hush-hush") {
		t.Error("a secret lies open in the file")
	}
	info, err := os.Stat(filepath.Join(dir, "kaden.db"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		t.Errorf("the database may be read by others: %s", info.Mode())
	}
}

func TestReadySaysWhetherACommitCanBeMade(t *testing.T) {
	t.Parallel()
	server := storetest.NewServer(t)
	server.Start(t)
	s := open(t, store.Config{URL: server.URL("postgres")})
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("all well: %v", err)
	}
	server.Stop(t)
	// The first to notice find their connections closed; whoever asks then is told what it means.
	for deadline := time.Now().Add(30 * time.Second); ; {
		err := s.Ready(t.Context())
		if err == nil {
			t.Fatal("ready without a database")
		}
		if strings.HasPrefix(err.Error(), "the database is away: new alerts are refused, and calls under way go on (") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("without a database: %v", err)
		}
	}
	// What is begun meanwhile goes on when the database is back, jobs too.
	stop := running(t, s)
	server.Start(t)
	for deadline := time.Now().Add(10 * time.Second); s.Ready(t.Context()) != nil; {
		if time.Now().After(deadline) {
			t.Fatal("not ready again within 10 s")
		}
	}
	stop()
	shut(t, s)
	if err := s.Ready(t.Context()); !errors.Is(err, store.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}
