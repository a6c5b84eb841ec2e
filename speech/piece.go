package speech

import (
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/width"
)

// piece is what is synthesised, and cached, in one go: a sentence or a part of one, in one language and manner.
type piece struct {
	pause   time.Duration // silence before it
	gain    float64       // dB
	request Request
}

// The breaths of a speaker.
const (
	sentencePause = 300 * time.Millisecond
	voicePause    = 60 * time.Millisecond // where the voice changes within a sentence
	maxPause      = 60 * time.Second
	maxPieces     = 500
)

// pieces cuts an Utterance into what the engines are asked for. Sentences are pieces of their own, so
// that the fixed ones of a message are synthesised once for ever and only the new one for each alert.
func pieces(u Utterance, own *Dictionary) []piece {
	spoken, _ := Resolve(u.Voice, u.Language)
	var out []piece
	var pause time.Duration
	for _, s := range u.Spans {
		pause = min(pause+max(s.Pause, 0), maxPause)
		language := Base(spoken)
		if s.Language != "" {
			language = Base(s.Language)
		}
		for i, sentence := range sentences(s.Text, language) {
			if i > 0 {
				pause = max(pause, sentencePause)
			}
			for k, p := range read(sentence, s.As, language, own) {
				if k > 0 {
					pause = max(pause, voicePause)
				}
				out = append(out, piece{
					pause: pause, gain: gain(s.Volume),
					request: Request{Text: p.text, Language: p.language, Rate: rate(s.Rate), Pitch: pitch(s.Pitch)},
				})
				pause = 0
			}
		}
	}
	if pause > 0 {
		out = append(out, piece{pause: pause}) // silence at the end
	}
	return out
}

// read is a sentence as the engines should have it. What has nothing to say is left out.
func read(sentence, as, language string, own *Dictionary) []part {
	var parts []part
	if language == "ja" {
		sentence = width.Fold.String(sentence) // ＣＰＵ is CPU, ﾃﾞｰﾀ is データ
	}
	spoken, done := sayAs(sentence, as, language)
	switch {
	case done:
		parts = []part{{language, spoken}}
	case language == "ja":
		parts = japanese(spoken, own)
	case language == "en":
		parts = []part{{language, english(latinReadings(spoken, own))}}
	default:
		parts = []part{{language, spoken}}
	}
	out := parts[:0]
	for _, p := range parts {
		if p.text = strings.Join(strings.Fields(p.text), " "); sayable(p.text) {
			out = append(out, p)
		}
	}
	return out
}

// latinReadings puts those readings into an English text that are written in Latin letters.
func latinReadings(text string, own *Dictionary) string {
	var b strings.Builder
	for _, r := range own.apply(text) {
		if !r.fixed {
			b.WriteString(r.text)
			continue
		}
		if strings.ContainsFunc(r.text, func(c rune) bool { return c >= 0x3000 }) {
			return text // a reading in kana is of no use to an English voice; the text goes as it is
		}
		b.WriteString(r.text)
	}
	return b.String()
}

func sayable(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("%％&+＋@$¥￥€#＃*＊", r)
	})
}

// sentences cuts text after the marks that end a sentence and at line ends. A full stop ends one only when a space follows, so
// that 1.5 and example.com stay whole.
func sentences(text, language string) []string {
	var out []string
	var b strings.Builder
	flush := func() {
		if s := strings.TrimSpace(b.String()); s != "" && sayable(s) {
			out = append(out, s)
		}
		b.Reset()
	}
	runes := []rune(strings.ToValidUTF8(text, ""))
	for i, r := range runes {
		if r == '\n' || r == '\r' {
			flush()
			continue
		}
		if unicode.IsControl(r) {
			r = ' '
		}
		b.WriteRune(r)
		switch r {
		case '。', '！', '？', '．':
			flush()
		case '.', '!', '?':
			if i+1 == len(runes) || unicode.IsSpace(runes[i+1]) && !initial(runes[:i]) {
				flush()
			}
		}
		if language == "ja" && b.Len() > 600 && (r == '、' || r == '，') {
			flush()
		}
	}
	flush()
	return out
}

// initial tells whether a full stop after before belongs to a name or a title: J. Smith, Mr. Smith, No. 3.
func initial(before []rune) bool {
	from := len(before)
	for from > 0 && unicode.IsLetter(before[from-1]) {
		from--
	}
	switch word := string(before[from:]); strings.ToLower(word) {
	case "mr", "mrs", "ms", "dr", "st", "no", "vs":
		return true
	default:
		return len(word) == 1 && unicode.IsUpper(rune(word[0]))
	}
}
