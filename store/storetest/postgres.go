package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Postgres gives the URL of a new, empty database in a PostgreSQL server that is started for this test
// process alone and ends with it, however it ends. Without PostgreSQL's programs the test is skipped.
func Postgres(t testing.TB) (address string) {
	t.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.server == nil {
		shared.server = newServer(t)
		shared.server.Start(t)
	}
	shared.databases++
	name := fmt.Sprintf("night%d", shared.databases)
	conn, err := pgx.Connect(t.Context(), shared.server.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return shared.server.URL(name)
}

var shared struct {
	mu        sync.Mutex
	server    *Server
	databases int
}

// Server is a PostgreSQL of one's own, for tests that stop it.
type Server struct {
	bin, dir string
	port     int
	account  *syscall.Credential // PostgreSQL does not run as root
	running  *exec.Cmd
	leash    io.WriteCloser // the server ends when it is closed, so also when this process dies
}

// NewServer makes a server of its own for one test. It is not running yet.
func NewServer(t testing.TB) *Server {
	t.Helper()
	s := newServer(t)
	t.Cleanup(func() {
		if s.running != nil {
			s.Stop(t)
		}
		os.RemoveAll(s.dir)
	})
	return s
}

func newServer(t testing.TB) *Server {
	t.Helper()
	bin, err := findPostgres()
	if err != nil {
		t.Skipf("skipped: no PostgreSQL: %v (make test installs it: Debian package postgresql-15)", err)
	}
	// Not t.TempDir: the shared one lives longer than a test, and the path of the socket must be short.
	dir, err := os.MkdirTemp("", "kaden-pg-")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{bin: bin, dir: dir}
	if os.Getuid() == 0 {
		if s.account, err = unprivileged(); err != nil {
			t.Skipf("skipped: PostgreSQL does not run as root: %v", err)
		}
		if err := os.Chown(dir, int(s.account.Uid), int(s.account.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	init := s.command("initdb", "--pgdata", filepath.Join(dir, "data"), "--username=kaden", "--auth=trust", "--encoding=UTF8",
		"--no-locale", "--no-sync")
	if out, err := init.CombinedOutput(); err != nil {
		os.RemoveAll(dir)
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	return s
}

// URL of a database of this server.
func (s *Server) URL(database string) string {
	return fmt.Sprintf("postgres://kaden@127.0.0.1:%d/%s?sslmode=disable", s.port, database)
}

// The shell waits for its input to end, which happens when the tests do, and takes the server along.
const leashed = `"$0" "$@" & pid=$!
read x
kill -QUIT $pid
wait $pid
[ "$x" = keep ] || rm -rf "$KADEN_PG_DIR"`

// Start starts the server, at the same port as before, and waits until it answers.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	if s.port == 0 {
		s.port = freePort(t)
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	s.running = s.command("sh", "-c", leashed, filepath.Join(s.bin, "postgres"), "-D", filepath.Join(s.dir, "data"),
		"-k", s.dir, "-h", "127.0.0.1", "-p", strconv.Itoa(s.port), "-c", "fsync=off", "-c", "max_connections=200")
	s.running.Stdout, s.running.Stderr = log, log
	if s.leash, err = s.running.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := s.running.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.URL("postgres"))
		if err == nil {
			conn.Close(ctx)
			return
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			text, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			t.Fatalf("PostgreSQL does not start: %v\n%s", err, text)
		}
	}
}

// Stop ends the server as a crash would: nobody is asked, nothing is written any more.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	io.WriteString(s.leash, "keep\n")
	s.leash.Close()
	s.running.Wait()
	s.running = nil
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	if name != "sh" {
		name = filepath.Join(s.bin, name)
	}
	c := exec.Command(name, args...)
	c.Dir = s.dir
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "KADEN_PG_DIR=" + s.dir}
	if s.account != nil {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: s.account}
	}
	return c
}

// findPostgres finds the newest server programs, where Debian keeps them or on the path.
func findPostgres() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	slices.SortFunc(found, func(a, b string) int { return version(b) - version(a) })
	if len(found) > 0 {
		return filepath.Dir(found[0]), nil
	}
	path, err := exec.LookPath("initdb")
	return filepath.Dir(path), err
}

func version(path string) int {
	n, _ := strconv.Atoi(strings.Split(path, "/")[4])
	return n
}

func unprivileged() (*syscall.Credential, error) {
	var errs []error
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		uid, _ := strconv.ParseUint(u.Uid, 10, 32)
		gid, _ := strconv.ParseUint(u.Gid, 10, 32)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.Join(errs...)
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
