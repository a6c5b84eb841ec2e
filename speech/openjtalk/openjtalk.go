// Package openjtalk speaks Japanese with the open_jtalk program, its MeCab dictionary and an HTS voice.
//
// Each run is a process of its own; the text goes in on standard input and never becomes an argument.
package openjtalk

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

// Where Debian puts things.
const (
	DefaultProgram    = "open_jtalk"
	DefaultDictionary = "/var/lib/mecab/dic/open-jtalk/naist-jdic"
	DefaultVoice      = "/usr/share/hts-voice/nitech-jp-atr503-m001/nitech_jp_atr503_m001.htsvoice"
)

// Config says where the engine lies; zero values are Debian's places.
type Config struct {
	Program    string
	Dictionary string // folder of the MeCab dictionary
	Voice      string // .htsvoice file
}

// Provider is the engine.
type Provider struct {
	config  Config
	version func() string
}

var _ speech.Provider = (*Provider)(nil)

// New makes the Provider. Whether the programs are there is found out when it speaks.
func New(c Config) *Provider {
	if c.Program == "" {
		c.Program = DefaultProgram
	}
	if c.Dictionary == "" {
		c.Dictionary = DefaultDictionary
	}
	if c.Voice == "" {
		c.Voice = DefaultVoice
	}
	p := &Provider{config: c}
	p.version = sync.OnceValue(p.findVersion)
	return p
}

// Name is "openjtalk".
func (p *Provider) Name() string { return "openjtalk" }

// Languages is Japanese.
func (p *Provider) Languages() []string { return []string{"ja"} }

// Version names the program and the voice.
func (p *Provider) Version() string { return p.version() }

var versionLine = regexp.MustCompile(`(?m)^Version (\S+)`)

func (p *Provider) findVersion() string {
	version := program.Version(p.config.Program, nil, versionLine) // without arguments it tells how to use it
	size := int64(0)
	if info, err := os.Stat(p.config.Voice); err == nil {
		size = info.Size()
	}
	return fmt.Sprintf("%s %s %d", version, strings.TrimSuffix(filepath.Base(p.config.Voice), ".htsvoice"), size)
}

// maxLine is what open_jtalk reads of one line: its buffer is 1024 bytes and it reads no second line.
const maxLine = 900

// Synthesize speaks r. A missing dictionary or voice is fs.ErrNotExist, a missing program exec.ErrNotFound.
func (p *Provider) Synthesize(ctx context.Context, r speech.Request) (speech.Sound, error) {
	for what, path := range map[string]string{"dictionary": p.config.Dictionary, "voice": p.config.Voice} {
		if _, err := os.Stat(path); err != nil {
			return speech.Sound{}, fmt.Errorf("open jtalk %s: %w", what, err)
		}
	}
	args := []string{"-x", p.config.Dictionary, "-m", p.config.Voice, "-ow", "/dev/stdout"}
	if r.Rate > 0 && r.Rate != 1 {
		args = append(args, "-r", strconv.FormatFloat(r.Rate, 'f', 3, 64))
	}
	if r.Pitch != 0 {
		args = append(args, "-fm", strconv.FormatFloat(r.Pitch, 'f', 3, 64))
	}
	var sound speech.Sound
	for _, line := range lines(r.Text, maxLine) {
		wav, err := program.Run(ctx, p.config.Program, args, line+"\n")
		if err != nil {
			return speech.Sound{}, err
		}
		rate, samples, err := program.Sound(p.config.Program, wav)
		if err != nil {
			return speech.Sound{}, err
		}
		sound.Rate, sound.Samples = rate, append(sound.Samples, samples...)
	}
	if len(sound.Samples) == 0 {
		return speech.Sound{}, fmt.Errorf("%s: %w for an empty text", p.config.Program, program.ErrNoSound)
	}
	return sound, nil
}

// lines makes one line of text, without control characters, and cuts it into pieces of at most limit
// bytes: after a 。 or 、 if there is one, else between two characters.
func lines(text string, limit int) []string {
	text = strings.ToValidUTF8(text, "")
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F {
			return ' '
		}
		return r
	}, text))
	var out []string
	for len(text) > limit {
		cut := 0
		for _, mark := range []string{"。", "、", " "} {
			if i := strings.LastIndex(text[:limit], mark); i >= 0 {
				cut = i + len(mark)
				break
			}
		}
		if cut == 0 || cut > limit {
			cut = limit
			for cut > 0 && text[cut]&0xC0 == 0x80 {
				cut--
			}
		}
		out = append(out, text[:cut])
		text = strings.TrimSpace(text[cut:])
	}
	if text != "" {
		out = append(out, text)
	}
	return out
}
