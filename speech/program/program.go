// Package program runs speech engines that are programs of their own.
//
// A run gets its text on standard input, has a time limit, and is ended with everything it started. What
// it says on standard error becomes part of the error; what it gives is checked to be sound.
package program

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"github.com/kaden-project/kaden/media"
)

// maxOutput is more than any engine gives for one sentence: 10 minutes at 48 kHz.
const maxOutput = 64 << 20

// ErrNoSound is what an engine is told off with that ends well but gives nothing, or only silence.
var ErrNoSound = errors.New("engine gave no sound")

// Run starts name with args, gives it input and answers with what it wrote to standard output. When ctx
// ends the program and its children are killed. A program that is not there is exec.ErrNotFound.
func Run(ctx context.Context, name string, args []string, input string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	var stdout, stderr capped
	stdout.room, stderr.room = maxOutput, 2048
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &stdout, &stderr
	cmd.WaitDelay = time.Second
	ownGroup(cmd)
	err := cmd.Start()
	if err == nil {
		standBack(cmd)
		err = cmd.Wait()
	}
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%s was stopped: %w", name, context.Cause(ctx))
	case stdout.over:
		return nil, fmt.Errorf("%s gave more than %d MiB", name, maxOutput>>20)
	case err != nil:
		if e := new(exec.Error); errors.As(err, &e) {
			err = e.Err // it would name the program once more
		}
		if said := strings.TrimSpace(string(stderr.kept)); said != "" {
			return nil, fmt.Errorf("%s: %w: %s", name, err, strings.Join(strings.Fields(said), " "))
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return stdout.kept, nil
}

// Sound reads the WAV file that an engine gave.
func Sound(name string, wav []byte) (rate int, samples []int16, err error) {
	if len(wav) == 0 {
		return 0, nil, fmt.Errorf("%s: %w", name, ErrNoSound)
	}
	rate, samples, err = media.DecodeWAV(wav)
	if err != nil {
		return 0, nil, fmt.Errorf("%s: %w", name, err)
	}
	for _, v := range samples {
		if v > 100 || v < -100 {
			return rate, samples, nil
		}
	}
	return 0, nil, fmt.Errorf("%s: %w", name, ErrNoSound)
}

// Version asks name what it is and gives the part of its answer that pattern captures; "unknown" if there is
// none. Some programs answer on standard error, some call it a failure.
func Version(name string, args []string, pattern *regexp.Regexp) string {
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	answer := &capped{room: 1 << 16}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = answer, answer, time.Second
	ownGroup(cmd)
	_ = cmd.Run()
	if m := pattern.FindSubmatch(answer.kept); len(m) > 1 {
		return string(m[1])
	}
	return "unknown"
}

// capped keeps the beginning of what is written to it.
type capped struct {
	kept []byte
	room int
	over bool
}

func (c *capped) Write(b []byte) (int, error) {
	keep := min(len(b), c.room-len(c.kept))
	c.over = c.over || keep < len(b)
	c.kept = append(c.kept, b[:keep]...)
	return len(b), nil
}
