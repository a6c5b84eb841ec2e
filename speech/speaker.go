package speech

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/singleflight"

	"github.com/kaden-project/kaden/media"
)

// Limits of a Speaker.
const (
	MaxText   = 10_000           // characters of an Utterance
	runTime   = 10 * time.Second // one run of an engine
	queueTime = 30 * time.Second // waiting for a run to be free
)

// Config is what a Speaker is made of. Without Providers every text is an [ErrNoEngine].
type Config struct {
	Dir        string     // where sounds are kept; "" keeps them in memory alone
	Providers  []Provider // the first that speaks a language is asked first; the next when it fails
	Dictionary *Dictionary
	MaxBytes   int64 // of Dir; 0 is 512 MiB
	Parallel   int   // runs of engines at the same time; 0 is one for each processor
}

// Speaker turns text into clips. It keeps each sentence it has spoken; the same text is the same *media.Clip for
// everybody, and is synthesised once even if many ask at once. All methods may be called from any goroutine.
type Speaker struct {
	log       *slog.Logger
	providers []Provider
	own       *Dictionary
	files     *fileCache
	memory    *clipCache
	flights   singleflight.Group
	slots     chan struct{}
	lost      atomic.Int64 // sentences that the disk did not take, since it was last said
	said      atomic.Int64 // when that was, in Unix ns
}

// unkept says that a sentence lives in memory alone, once a minute: a full disk takes none of hundreds.
func (s *Speaker) unkept(err error) {
	s.lost.Add(1)
	now, last := time.Now().UnixNano(), s.said.Load()
	if last != 0 && now-last < int64(time.Minute) || !s.said.CompareAndSwap(last, now) {
		return
	}
	s.log.Warn("speech not kept; it is spoken all the same", "sentences", s.lost.Swap(0), "err", err)
}

// New makes a Speaker. It touches no disk and starts nothing.
func New(log *slog.Logger, c Config) *Speaker {
	if c.MaxBytes <= 0 {
		c.MaxBytes = 512 << 20
	}
	if c.Parallel <= 0 {
		c.Parallel = runtime.NumCPU()
	}
	s := &Speaker{
		log: log, providers: slices.Clone(c.Providers), own: c.Dictionary,
		memory: newClipCache(64 << 20), slots: make(chan struct{}, c.Parallel),
	}
	if c.Dir != "" {
		s.files = newFileCache(c.Dir, c.MaxBytes)
	}
	return s
}

// ErrNoEngine says that a language cannot be spoken here, and what to do about it.
type ErrNoEngine struct {
	Language string // ja, en …
	Err      error  // what is missing; nil when nobody speaks the language at all
}

func (e *ErrNoEngine) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "no speech engine for %s", languageName(e.Language))
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	if hint := e.Hint(); hint != "" {
		fmt.Fprintf(&b, "; %s", hint)
	}
	return b.String()
}

func (e *ErrNoEngine) Unwrap() error { return e.Err }

// Hint is the command that installs an engine on Debian, "" if there is none to be had.
func (e *ErrNoEngine) Hint() string {
	switch Base(e.Language) {
	case "ja":
		return "apt-get install open-jtalk open-jtalk-mecab-naist-jdic hts-voice-nitech-jp-atr503-m001 (the voice is in Debian's contrib)"
	case "en":
		return "apt-get install flite"
	}
	return "kaden speaks ja and en"
}

func languageName(language string) string {
	switch Base(language) {
	case "ja":
		return "Japanese (ja)"
	case "en":
		return "English (en)"
	}
	return strconv.Quote(language)
}

// Speak gives u as a clip whose caption is its text. A language without an engine is [*ErrNoEngine]; an
// engine that gives nothing is an error: there is never silence in place of words. An Utterance without
// words is a clip of its pauses. Ending ctx ends the waiting, not a synthesis that others wait for as well.
func (s *Speaker) Speak(ctx context.Context, u Utterance) (*media.Clip, error) {
	caption := captionOf(u)
	if n := utf8.RuneCountInString(caption); n > MaxText {
		return nil, fmt.Errorf("text to speak has %d characters: at most %d can be said in one go", n, MaxText)
	}
	list := pieces(u, s.own)
	if len(list) > maxPieces {
		return nil, fmt.Errorf("text to speak has %d sentences: at most %d can be said in one go", len(list), maxPieces)
	}
	key := utteranceKey(caption, list)
	if c := s.memory.get(key); c != nil {
		return c, nil
	}
	sounds, err := s.speakAll(ctx, list)
	if err != nil {
		return nil, err
	}
	return s.memory.put(key, media.NewClip(join(list, sounds), caption)), nil
}

// join is the pieces one after the other, with the pauses before them. One that stands alone is shared, not copied.
func join(list []piece, sounds [][]int16) []int16 {
	if len(list) == 1 && list[0].pause == 0 && list[0].gain == 0 {
		return sounds[0]
	}
	pause := func(p piece) int { return int(p.pause * media.Rate / time.Second) }
	length := 0
	for i, p := range list {
		length += pause(p) + len(sounds[i])
	}
	samples := make([]int16, 0, length)
	for i, p := range list {
		samples = samples[:len(samples)+pause(p)]
		samples = appendGain(samples, sounds[i], p.gain)
	}
	return samples
}

// speakAll speaks the pieces side by side, as far as slots are free.
func (s *Speaker) speakAll(ctx context.Context, list []piece) ([][]int16, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	type result struct {
		at     int
		sound  []int16
		failed error
	}
	results := make(chan result, len(list))
	for i, p := range list {
		if p.request.Text == "" {
			results <- result{at: i}
			continue
		}
		go func() {
			sound, err := s.say(ctx, p.request)
			results <- result{i, sound, err}
		}()
	}
	sounds := make([][]int16, len(list))
	var failed error
	for range list { // all of them, so that no goroutine outlives the call
		r := <-results
		if r.failed != nil && failed == nil {
			failed = r.failed
			stop(failed)
		}
		sounds[r.at] = r.sound
	}
	return sounds, failed
}

// say speaks one piece with the first engine that can.
func (s *Speaker) say(ctx context.Context, r Request) ([]int16, error) {
	var failures []error
	for _, p := range s.providers {
		if !slices.Contains(p.Languages(), r.Language) {
			continue
		}
		sound, err := s.sayWith(ctx, p, r)
		if err == nil {
			return sound, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		failures = append(failures, err)
	}
	switch len(failures) {
	case 0:
		return nil, &ErrNoEngine{Language: r.Language}
	case 1:
		return nil, failures[0]
	}
	return nil, errors.Join(failures...)
}

// unspoken says which language an engine has failed at: an [ErrNoEngine] where a program or a file is not there.
func unspoken(language string, err error) error {
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return &ErrNoEngine{Language: language, Err: err}
	}
	return fmt.Errorf("speak %s: %w", languageName(language), err)
}

// sayWith gives r from the disk, from the engine, or from memory: there it is kept only where the disk does not keep it, for the
// clips that are made of it are kept there already.
func (s *Speaker) sayWith(ctx context.Context, p Provider, r Request) ([]int16, error) {
	key := pieceKey(p, r)
	if c := s.memory.get(key); c != nil {
		return c.Samples(), nil
	}
	flight := s.flights.DoChan(key, func() (any, error) {
		if s.files != nil {
			if samples, ok := s.files.get(key); ok {
				return samples, nil
			}
		}
		// Others may wait for the same sentence, so it is not for one of them to stop it.
		samples, err := s.synthesize(context.WithoutCancel(ctx), p, r)
		if err != nil {
			return nil, err
		}
		if s.files != nil {
			if err = s.files.put(key, samples); err == nil {
				return samples, nil
			}
			s.unkept(err)
		}
		return s.memory.put(key, media.NewClip(samples, r.Text)).Samples(), nil
	})
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case done := <-flight:
		if done.Err != nil {
			return nil, done.Err
		}
		return done.Val.([]int16), nil
	}
}

// synthesize runs the engine, and makes its sound one for the telephone.
func (s *Speaker) synthesize(ctx context.Context, p Provider, r Request) ([]int16, error) {
	wait, stopWaiting := context.WithTimeoutCause(ctx, queueTime, fmt.Errorf("waited %v for a speech engine to be free", queueTime))
	defer stopWaiting()
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-wait.Done():
		return nil, context.Cause(wait)
	}
	run, stop := context.WithTimeoutCause(ctx, runTime, fmt.Errorf("%s took more than %v", p.Name(), runTime))
	defer stop()
	sound, err := p.Synthesize(run, r)
	if err != nil {
		return nil, unspoken(r.Language, err)
	}
	if sound.Rate < media.MinRate || sound.Rate > media.MaxRate {
		return nil, fmt.Errorf("%s gave sound at %d Hz", p.Name(), sound.Rate)
	}
	samples := media.Trim(media.Resample(sound.Samples, sound.Rate, media.Rate))
	if len(samples) == 0 {
		return nil, fmt.Errorf("%s gave silence for %q", p.Name(), r.Text)
	}
	return media.Even(samples), nil
}

// pieceKey names a sound on the disk: whatever changes it changes the name.
func pieceKey(p Provider, r Request) string {
	h := sha256.New()
	for _, field := range []string{"kaden speech 1", p.Name(), p.Version(), r.Voice, r.Language,
		strconv.FormatFloat(r.Rate, 'f', 3, 64), strconv.FormatFloat(r.Pitch, 'f', 3, 64), r.Text} {
		fmt.Fprintf(h, "%d:%s,", len(field), field)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func utteranceKey(caption string, list []piece) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q", caption)
	for _, p := range list {
		fmt.Fprintf(h, "|%d %g %q", p.pause, p.gain, fmt.Sprint(p.request))
	}
	return "u" + hex.EncodeToString(h.Sum(nil))
}

func captionOf(u Utterance) string {
	var texts []string
	for _, s := range u.Spans {
		if t := strings.Join(strings.Fields(s.Text), " "); t != "" {
			texts = append(texts, t)
		}
	}
	return strings.Join(texts, " ")
}

func appendGain(out, in []int16, db float64) []int16 {
	if db == 0 {
		return append(out, in...)
	}
	factor := math.Pow(10, db/20)
	for _, v := range in {
		out = append(out, int16(min(max(float64(v)*factor, math.MinInt16), math.MaxInt16)))
	}
	return out
}
