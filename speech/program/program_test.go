//go:build unix

package program

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/kaden-project/kaden/media"
)

// script is a shell script as an engine.
func script(t *testing.T, text string) string {
	t.Helper()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("skipped: no shell")
	}
	path := filepath.Join(t.TempDir(), "engine")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRunGivesInputAndTakesOutput(t *testing.T) {
	out, err := Run(t.Context(), script(t, `echo "$1"; cat`), []string{"-x"}, "text")
	if err != nil || string(out) != "-x\ntext" {
		t.Errorf("%q %v", out, err)
	}
}

func TestWhatAProgramComplainsOfIsInTheError(t *testing.T) {
	_, err := Run(t.Context(), script(t, `echo "no such  voice" >&2; exit 3`), nil, "")
	if err == nil || !strings.Contains(err.Error(), "exit status 3: no such voice") {
		t.Errorf("%v", err)
	}
	if _, err := Run(t.Context(), "kaden-no-such-engine", nil, ""); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("%v", err)
	}
}

func TestAProgramIsStoppedWithItsChildren(t *testing.T) {
	// Whoever lives holds the pipe open, so its end proves that all are gone.
	pipe := filepath.Join(t.TempDir(), "alive")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skipf("skipped: no named pipes: %v", err)
	}
	engine := script(t, `exec 3>"$1"; sleep 300 & echo started >&3; wait`)
	ctx, stop := context.WithCancelCause(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := Run(ctx, engine, []string{pipe}, "")
		done <- err
	}()
	f, err := os.Open(pipe)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, len("started"))
	if _, err := io.ReadFull(f, b); err != nil {
		t.Fatal(err)
	}
	stop(errors.New("too slow"))
	if err := <-done; err == nil || !strings.Contains(err.Error(), "too slow") {
		t.Errorf("%v", err)
	}
	if rest, err := io.ReadAll(f); err != nil || string(rest) != "\n" {
		t.Errorf("%q %v", rest, err)
	}
}

func TestVersionIsFoundWhereverItIsSaid(t *testing.T) {
	pattern := regexp.MustCompile(`version (\S+)`)
	if v := Version(script(t, `echo "engine version 2.2" >&2; exit 1`), nil, pattern); v != "2.2" {
		t.Errorf("%q", v)
	}
	if v := Version(script(t, `echo hello`), nil, pattern); v != "unknown" {
		t.Errorf("%q", v)
	}
}

func TestSoundMustBeSound(t *testing.T) {
	for _, tt := range []struct {
		name string
		wav  []byte
		want string
	}{
		{"nothing", nil, "no sound"},
		{"silence", media.AppendWAV(nil, make([]int16, 800)), "no sound"},
		{"text", []byte("Usage: engine [options] and so on"), "not a WAV file"},
	} {
		if _, _, err := Sound("engine", tt.wav); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if rate, s, err := Sound("engine", media.AppendWAV(nil, []int16{0, 500, -500})); err != nil || rate != media.Rate || len(s) != 3 {
		t.Errorf("%d %v %v", rate, s, err)
	}
}

func TestOutputWithoutEndIsCut(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: writes 64 MiB")
	}
	if _, err := Run(t.Context(), script(t, `head -c 70000000 /dev/zero`), nil, ""); err == nil || !strings.Contains(err.Error(), "more than 64 MiB") {
		t.Errorf("%v", err)
	}
}
