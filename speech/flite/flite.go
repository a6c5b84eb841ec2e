// Package flite speaks English with the flite program.
//
// Each run is a process of its own; the text goes in on standard input and never becomes an argument.
package flite

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/kaden-project/kaden/speech"
	"github.com/kaden-project/kaden/speech/program"
)

// Defaults.
const (
	DefaultProgram = "flite"
	DefaultVoice   = "slt" // the clearest of flite's own on a telephone
)

// Config says how to speak; zero values are the defaults.
type Config struct {
	Program string
	Voice   string // as flite -lv lists them, or the path of a .flitevox file
}

// Provider is the engine.
type Provider struct {
	config  Config
	version func() string
}

var _ speech.Provider = (*Provider)(nil)

// New makes the Provider. Whether the program is there is found out when it speaks.
func New(c Config) *Provider {
	if c.Program == "" {
		c.Program = DefaultProgram
	}
	if c.Voice == "" {
		c.Voice = DefaultVoice
	}
	p := &Provider{config: c}
	p.version = sync.OnceValue(p.findVersion)
	return p
}

// Name is "flite".
func (p *Provider) Name() string { return "flite" }

// Languages is English.
func (p *Provider) Languages() []string { return []string{"en"} }

// Version names the program and the voice.
func (p *Provider) Version() string { return p.version() }

var versionLine = regexp.MustCompile(`version: (\S+)`)

func (p *Provider) findVersion() string {
	return program.Version(p.config.Program, []string{"--version"}, versionLine) + " " + p.config.Voice
}

// Synthesize speaks r. A missing program is exec.ErrNotFound.
func (p *Provider) Synthesize(ctx context.Context, r speech.Request) (speech.Sound, error) {
	text := strings.Join(strings.FieldsFunc(strings.ToValidUTF8(r.Text, ""), func(c rune) bool { return c <= ' ' || c == 0x7F }), " ")
	if text == "" {
		return speech.Sound{}, fmt.Errorf("%s: %w for an empty text", p.config.Program, program.ErrNoSound)
	}
	voice := p.config.Voice
	if r.Voice != "" {
		voice = r.Voice
	}
	// Given a pipe to write to, flite waits for ever with some inputs; a file works.
	dir, err := os.MkdirTemp("", "kaden-flite-")
	if err != nil {
		return speech.Sound{}, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "speech.wav")
	args := []string{"-voice", voice, "-o", file}
	if r.Rate > 0 && r.Rate != 1 {
		args = append(args, "--setf", "duration_stretch="+strconv.FormatFloat(1/r.Rate, 'f', 3, 64))
	}
	if _, err := program.Run(ctx, p.config.Program, args, text+"\n"); err != nil {
		return speech.Sound{}, err
	}
	wav, err := os.ReadFile(file)
	if err != nil {
		return speech.Sound{}, fmt.Errorf("%s: %w", p.config.Program, program.ErrNoSound)
	}
	rate, samples, err := program.Sound(p.config.Program, wav)
	return speech.Sound{Rate: rate, Samples: samples}, err
}
