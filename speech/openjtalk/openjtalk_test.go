package openjtalk

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/kaden-project/kaden/media/mediatest"
	"github.com/kaden-project/kaden/speech"
)

func engine(t *testing.T) *Provider {
	t.Helper()
	if _, err := exec.LookPath(DefaultProgram); err != nil {
		t.Skip("skipped: no open_jtalk; apt-get install open-jtalk, or make test, installs it")
	}
	for _, path := range []string{DefaultDictionary, DefaultVoice} {
		if _, err := os.Stat(path); err != nil {
			t.Skipf("skipped: no %s; apt-get install open-jtalk-mecab-naist-jdic hts-voice-nitech-jp-atr503-m001, or make test, installs it", path)
		}
	}
	return New(Config{})
}

func TestOpenJTalkSpeaksJapanese(t *testing.T) {
	p := engine(t)
	s, err := p.Synthesize(t.Context(), speech.Request{Text: "データベース一号機のディスクが九十五パーセントです。", Language: "ja", Rate: 1})
	if err != nil {
		t.Fatal(err)
	}
	length := time.Duration(len(s.Samples)) * time.Second / time.Duration(s.Rate)
	if length < 3*time.Second || length > 8*time.Second {
		t.Errorf("%v of sound", length)
	}
	fast, err := p.Synthesize(t.Context(), speech.Request{Text: "データベース一号機のディスクが九十五パーセントです。", Language: "ja", Rate: 1.5, Pitch: 2})
	if err != nil {
		t.Fatal(err)
	}
	if r := float64(len(s.Samples)) / float64(len(fast.Samples)); r < 1.3 || r > 1.7 {
		t.Errorf("one and a half times as fast is %.2f times", r)
	}
	if v := p.Version(); !strings.Contains(v, "nitech") || strings.HasPrefix(v, "unknown") {
		t.Errorf("version %q", v)
	}
}

func TestALongTextIsSpokenToItsEnd(t *testing.T) {
	p := engine(t)
	once, err := p.Synthesize(t.Context(), speech.Request{Text: strings.Repeat("あいうえお、", 20), Language: "ja"})
	if err != nil {
		t.Fatal(err)
	}
	thrice, err := p.Synthesize(t.Context(), speech.Request{Text: strings.Repeat("あいうえお、", 60), Language: "ja"})
	if err != nil {
		t.Fatal(err)
	}
	if r := float64(len(thrice.Samples)) / float64(len(once.Samples)); r < 2.8 || r > 3.2 {
		t.Errorf("three times the text is %.2f times as long", r)
	}
}

func TestTheSpeakerBringsOpenJTalkToTheTelephone(t *testing.T) {
	s := speech.New(slog.New(slog.DiscardHandler), speech.Config{Dir: t.TempDir(), Providers: []speech.Provider{engine(t)}})
	say := func(text string) []int16 {
		c, err := s.Speak(t.Context(), speech.Utterance{Language: "ja-JP", Spans: []speech.Span{{Text: text}}})
		if err != nil {
			t.Fatal(err)
		}
		return c.Samples()
	}
	disk, web := say("ディスクの使用率が九十五パーセントを超えました。"), say("ウェブサーバーが応答していません。")
	if m := mediatest.Find(disk, web); m.Score > 0.6 {
		t.Errorf("two messages cannot be told apart: %+v", m)
	}
	for _, e := range s.Check(t.Context()) {
		if e.Language == "ja" && e.Err != nil {
			t.Error(e.Err)
		}
	}
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	p := New(Config{Voice: "/nowhere/voice.htsvoice", Dictionary: t.TempDir(), Program: "kaden-no-such-engine"})
	if _, err := p.Synthesize(t.Context(), speech.Request{Text: "はい"}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "voice") {
		t.Errorf("%v", err)
	}
	p = New(Config{Voice: t.TempDir(), Dictionary: t.TempDir(), Program: "kaden-no-such-engine"})
	if _, err := p.Synthesize(t.Context(), speech.Request{Text: "はい"}); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("%v", err)
	}
	if _, err := p.Synthesize(t.Context(), speech.Request{Text: " \n"}); err == nil {
		t.Error("nothing is spoken")
	}
	if !strings.HasPrefix(p.Version(), "unknown") {
		t.Errorf("version %q", p.Version())
	}
}

func TestLinesAreShortAndWhole(t *testing.T) {
	for _, tt := range []struct{ name, text string }{
		{"sentences", strings.Repeat("これは文です。", 30)},
		{"commas", strings.Repeat("あいう、", 50)},
		{"no mark at all", strings.Repeat("漢", 200)},
		{"ASCII", strings.Repeat("a", 500)},
	} {
		got := lines(tt.text, 100)
		for _, l := range got {
			if len(l) > 100 || !utf8.ValidString(l) || l == "" {
				t.Errorf("%s: line of %d bytes: %q", tt.name, len(l), l)
			}
		}
		if strings.Join(got, "") != tt.text {
			t.Errorf("%s: text was lost", tt.name)
		}
	}
	if got := lines("a\x00b\nc\xff", 100); len(got) != 1 || got[0] != "a b c" {
		t.Errorf("%q", got)
	}
}
