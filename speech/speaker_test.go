package speech_test

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/media/mediatest"
	"github.com/kaden-project/kaden/speech"
	"github.com/kaden-project/kaden/speech/speechtest"
)

var quiet = slog.New(slog.DiscardHandler)

func say(language string, texts ...string) speech.Utterance {
	u := speech.Utterance{Language: language}
	for _, t := range texts {
		u.Spans = append(u.Spans, speech.Span{Text: t})
	}
	return u
}

func TestThirtyPeopleHearOneClipThatWasMadeOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := &speechtest.Provider{Delay: 2 * time.Second}
		s := speech.New(quiet, speech.Config{Providers: []speech.Provider{engine}, Parallel: 4})
		clips := make([]*media.Clip, 30)
		var wg sync.WaitGroup
		start := time.Now()
		for i := range clips {
			wg.Go(func() {
				c, err := s.Speak(t.Context(), say("ja-JP", "障害です。", "一を押してください。"))
				if err != nil {
					t.Error(err)
				}
				clips[i] = c
			})
		}
		wg.Wait()
		for _, c := range clips {
			if c != clips[0] {
				t.Fatal("not the same clip")
			}
		}
		if engine.Runs() != 2 || time.Since(start) != 2*time.Second {
			t.Errorf("%d runs in %v, want 2 side by side in 2s", engine.Runs(), time.Since(start))
		}
		if got := clips[0].Caption(); got != "障害です。 一を押してください。" {
			t.Errorf("caption %q", got)
		}
	})
}

func TestTheFixedSentencesOfAMessageAreKeptAcrossARestart(t *testing.T) {
	dir := t.TempDir()
	speak := func(text string) (*media.Clip, int) {
		engine := &speechtest.Provider{}
		s := speech.New(quiet, speech.Config{Dir: dir, Providers: []speech.Provider{engine}})
		c, err := s.Speak(t.Context(), say("ja-JP", text))
		if err != nil {
			t.Fatal(err)
		}
		return c, engine.Runs()
	}
	first, runs := speak("データベースが止まりました。一を押してください。")
	if runs != 2 {
		t.Fatalf("%d runs", runs)
	}
	if _, runs := speak("ウェブが止まりました。一を押してください。"); runs != 1 {
		t.Errorf("the fixed sentence was made again: %d runs", runs)
	}
	again, runs := speak("データベースが止まりました。一を押してください。")
	if runs != 0 || string(first.Encoded(media.PCMU)) != string(again.Encoded(media.PCMU)) {
		t.Errorf("%d runs for the same message, or another sound", runs)
	}

	var files []string
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, _ error) error {
		if !d.IsDir() {
			files = append(files, path)
		}
		return nil
	})
	if len(files) != 3 {
		t.Fatalf("files: %q", files)
	}
	for i, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if samples, err := media.ReadWAV(b); err != nil || len(samples) == 0 {
			t.Errorf("not a WAV file: %v", err)
		}
		if i == 0 {
			b = b[:len(b)/2] // cut short
		} else {
			b[100] ^= 1 // a bit has turned
		}
		if err := os.WriteFile(f, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if mended, runs := speak("データベースが止まりました。一を押してください。"); runs != 2 || string(mended.Encoded(media.PCMU)) != string(first.Encoded(media.PCMU)) {
		t.Errorf("damaged files: %d runs, want both made again", runs)
	}
}

func TestTheCacheStaysWithinItsSize(t *testing.T) {
	dir := t.TempDir()
	s := speech.New(quiet, speech.Config{Dir: dir, Providers: []speech.Provider{&speechtest.Provider{}}, MaxBytes: 100_000})
	for _, text := range []string{"最初の知らせです。", "二つめの知らせです。", "三つめの知らせです。", "四つめの知らせです。", "五つめの知らせです。", "六つめの知らせです。", "七つめの知らせです。", "八つめの知らせです。"} {
		if _, err := s.Speak(t.Context(), say("ja", text)); err != nil {
			t.Fatal(err)
		}
	}
	var size int64
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, _ error) error {
		if info, err := d.Info(); err == nil && !d.IsDir() {
			size += info.Size()
		}
		return nil
	})
	if size == 0 || size > 100_000 {
		t.Errorf("%d bytes are kept of at most 100000", size)
	}
}

func TestADirectoryThatCannotBeWrittenSpoilsNoCall(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	s := speech.New(slog.New(slog.NewTextHandler(&log, nil)), speech.Config{Dir: filepath.Join(file, "cache"), Providers: []speech.Provider{&speechtest.Provider{}}})
	for _, text := range []string{"Hello.", "Are you there?", "Good night."} {
		if _, err := s.Speak(t.Context(), say("en", text)); err != nil {
			t.Error(err)
		}
	}
	if strings.Count(log.String(), "speech not kept") != 1 {
		t.Errorf("a disk that takes nothing is to be said once: %s", log.String())
	}
}

func TestNeverSilenceInPlaceOfWords(t *testing.T) {
	for _, tt := range []struct {
		name      string
		providers []speech.Provider
		language  string
		want      string
		noEngine  bool
	}{
		{"no engine at all", nil, "ja-JP", "no speech engine for Japanese (ja); apt-get install open-jtalk", true},
		{"no engine for English", []speech.Provider{&speechtest.Provider{For: []string{"ja"}}}, "en-US", "no speech engine for English (en); apt-get install flite", true},
		{"another language", []speech.Provider{&speechtest.Provider{}}, "de-DE", `no speech engine for "de"; kaden speaks ja and en`, true},
		{"a missing program", []speech.Provider{&speechtest.Provider{Fail: func(speech.Request) error { return exec.ErrNotFound }}}, "ja", "apt-get install", true},
		{"an engine that breaks", []speech.Provider{&speechtest.Provider{Fail: func(speech.Request) error { return errors.New("segmentation fault") }}}, "ja", "segmentation fault", false},
		{"an engine that gives silence", []speech.Provider{&speechtest.Provider{Sound: func(speech.Request) []int16 { return make([]int16, 8000) }}}, "ja", "gave silence", false},
		{"two that break", []speech.Provider{
			&speechtest.Provider{Fail: func(speech.Request) error { return errors.New("one") }}, &speechtest.Provider{Fail: func(speech.Request) error { return errors.New("two") }},
		}, "ja", "two", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			words := map[string]string{"ja-JP": "はい、動いています。", "ja": "はい、動いています。"}[tt.language] // one language, one engine
			if words == "" {
				words = "Hello 1."
			}
			c, err := speech.New(quiet, speech.Config{Providers: tt.providers}).Speak(t.Context(), say(tt.language, words))
			var missing *speech.ErrNoEngine
			if c != nil || err == nil || !strings.Contains(err.Error(), tt.want) || errors.As(err, &missing) != tt.noEngine {
				t.Errorf("%v, want … %s …", err, tt.want)
			}
		})
	}
	t.Run("the second engine helps out", func(t *testing.T) {
		broken := &speechtest.Provider{Fail: func(speech.Request) error { return errors.New("broken") }}
		if _, err := speech.New(quiet, speech.Config{Providers: []speech.Provider{broken, &speechtest.Provider{}}}).Speak(t.Context(), say("ja", "障害")); err != nil {
			t.Error(err)
		}
	})
}

func TestAnEngineThatHangsIsStoppedAfterTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := speech.New(quiet, speech.Config{Providers: []speech.Provider{&speechtest.Provider{Delay: time.Hour}}})
		start := time.Now()
		_, err := s.Speak(t.Context(), say("en", "Hello."))
		if err == nil || !strings.Contains(err.Error(), "took more than 10s") || time.Since(start) != 10*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		start = time.Now()
		if _, err := s.Speak(ctx, say("en", "Good bye.")); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("%v after %v, want the caller's own limit", err, time.Since(start))
		}
		time.Sleep(time.Minute) // the run that nobody waits for ends as well
	})
}

func TestPausesAndLevelsOfAClip(t *testing.T) {
	s := speech.New(quiet, speech.Config{Providers: []speech.Provider{&speechtest.Provider{}}})
	u := speech.Utterance{Language: "ja", Spans: []speech.Span{{Text: "障害", Pause: time.Second}, {Text: "障害", Volume: "soft", Pause: 500 * time.Millisecond}, {Pause: 250 * time.Millisecond}}}
	c, err := s.Speak(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	word := 2 * speechtest.PerRune
	if got, want := c.Duration(), time.Second+word+500*time.Millisecond+word+250*time.Millisecond; got < want-60*time.Millisecond || got > want+60*time.Millisecond {
		t.Errorf("%v, want %v", got, want)
	}
	samples := c.Samples()
	if got := media.ActiveLevel(samples[:8000]); got > -90 {
		t.Errorf("the pause has %.0f dBFS", got)
	}
	loud, soft := media.ActiveLevel(samples[8000:9000]), media.ActiveLevel(samples[13000:])
	if loud < -19.5 || loud > -16.5 || loud-soft < 5 || loud-soft > 7 {
		t.Errorf("%.1f and %.1f dBFS, want -18 and -24", loud, soft)
	}
	empty, err := s.Speak(t.Context(), say("ja", "。", "…"))
	if err != nil || empty.Duration() != 0 {
		t.Errorf("nothing to say: %v %v", empty.Duration(), err)
	}
	if _, err := s.Speak(t.Context(), say("ja", strings.Repeat("あ", 10_001))); err == nil {
		t.Error("a book is read")
	}
	if _, err := s.Speak(t.Context(), say("ja", strings.Repeat("あ。", 600))); err == nil {
		t.Error("600 sentences are read")
	}
}

func TestCheckTriesEachEngine(t *testing.T) {
	works := &speechtest.Provider{For: []string{"en", "tlh"}}
	broken := &speechtest.Provider{For: []string{"en"}, Fail: func(speech.Request) error { return exec.ErrNotFound }}
	got := speech.New(quiet, speech.Config{Providers: []speech.Provider{works, broken}}).Check(t.Context())
	var lines []string
	for _, e := range got {
		lines = append(lines, e.String())
	}
	want := []string{
		"no speech engine for Japanese (ja); apt-get install open-jtalk open-jtalk-mecab-naist-jdic hts-voice-nitech-jp-atr503-m001 (the voice is in Debian's contrib)",
		"English (en): speechtest 1",
		"no speech engine for English (en): executable file not found in $PATH; apt-get install flite",
		`"tlh": speechtest 1`,
	}
	if strings.Join(lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

func TestTheFakeEngineCanBeToldByItsSound(t *testing.T) {
	s := speech.New(quiet, speech.Config{Providers: []speech.Provider{&speechtest.Provider{}}})
	clip := func(text string) []int16 {
		c, err := s.Speak(t.Context(), say("en", text))
		if err != nil {
			t.Fatal(err)
		}
		return c.Samples()
	}
	disk, web := clip("The disk of the database is full."), clip("The web server is down again today.")
	rec := append(make([]int16, 3000), disk...)
	if m := mediatest.Find(rec, disk); m.Score < 0.99 || m.Offset != 3000 {
		t.Errorf("the same words: %+v", m)
	}
	if m := mediatest.Find(rec, web); m.Score > 0.6 {
		t.Errorf("other words: %+v", m)
	}
}
