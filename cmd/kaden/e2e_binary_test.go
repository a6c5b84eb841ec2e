package main_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// The tests of this file's family look at kaden as its users do: the real binary, started as a process,
// with telephones and carriers that share no code with it, on loopback. Nothing waits for a time to pass;
// everything waits for something that can be seen, with a limit.

// patience is how long something that has to happen at once may take on a machine that does much else.
const patience = 30 * time.Second

// built is kaden, built once for all tests of this process.
var built struct {
	once sync.Once
	dir  string
	err  error
}

func TestMain(m *testing.M) {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} { // the tests read English, whoever runs them
		os.Unsetenv(name)
	}
	code := m.Run()
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

func kaden(t testing.TB) string {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "kaden-binary-"); built.err != nil {
			return
		}
		out, err := exec.Command("go", "build", "-o", filepath.Join(built.dir, "kaden"), ".").CombinedOutput()
		if err != nil {
			built.err = fmt.Errorf("go build: %w\n%s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return filepath.Join(built.dir, "kaden")
}

// said is what a command wrote, and how it ended.
type said struct {
	code        int
	out, err    string
	took        time.Duration
	interrupted bool
}

// oneLine is the only line of what was said to standard error, and a failure if there are more or none.
func (s said) oneLine(t testing.TB) string {
	t.Helper()
	text := strings.TrimRight(s.err, "\n")
	if text == "" || strings.Contains(text, "\n") {
		t.Errorf("standard error holds %q, want one line", s.err)
	}
	return text
}

// tell runs kaden with a command and waits for its end. env is the whole environment.
func tell(t testing.TB, env []string, stdin string, args ...string) said {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	cmd := exec.CommandContext(ctx, kaden(t), args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	cmd.Env, cmd.Dir = env, t.TempDir()
	cmd.WaitDelay = 5 * time.Second
	begun := time.Now()
	err := cmd.Run()
	s := said{out: out.String(), err: errs.String(), took: time.Since(begun), interrupted: ctx.Err() != nil}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		s.code = exit.ExitCode()
	case err != nil:
		t.Fatalf("kaden %s: %v", strings.Join(args, " "), err)
	}
	return s
}

// environment is that of a user who has set nothing: where programs are, and where to write.
func environment(more ...string) []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + os.TempDir(), "LANG=C.UTF-8", "TZ=Asia/Tokyo"}
	return append(env, more...)
}

// eventually waits until ok is true.
func eventually(t testing.TB, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	if !happens(t, limit, ok) {
		t.Fatalf("%v went by, and still not: %s", limit, what)
	}
}

// happens waits until ok is true, and tells whether it was within the limit.
func happens(t testing.TB, limit time.Duration, ok func() bool) bool {
	for end := time.Now().Add(limit); ; {
		if ok() {
			return true
		}
		if time.Now().After(end) || t.Context().Err() != nil {
			return false
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// needs skips the test where a program of others is missing.
func needs(t testing.TB, program, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("skipped: %s is not installed (make test installs it: Debian package %s)", program, pkg)
	}
	return path
}

// needsVoice skips the test where a language cannot be spoken.
func needsVoice(t testing.TB, lang string) {
	t.Helper()
	if lang == "ja" {
		needs(t, "open_jtalk", "open-jtalk")
		if found, _ := filepath.Glob("/usr/share/hts-voice/*/*.htsvoice"); len(found) == 0 {
			t.Skip("skipped: no Japanese voice is installed (make test installs it: Debian package hts-voice-nitech-jp-atr503-m001)")
		}
		return
	}
	needs(t, "flite", "flite")
}
