package speech

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
)

// Dictionary is an installation's own list of readings: of people, hosts and products. The longest
// word that fits is taken first; Latin letters fit in either case and not in the middle of a word. The zero
// value and nil have no words. It does not change and may be used from any goroutine.
type Dictionary struct {
	words map[rune][]reading // by first letter, longest first
}

type reading struct {
	word string // folded
	read string
}

// NewDictionary makes a Dictionary of words and their readings.
func NewDictionary(readings map[string]string) *Dictionary {
	d := &Dictionary{words: make(map[rune][]reading)}
	for word, read := range readings {
		word = fold(strings.TrimSpace(word))
		if word == "" {
			continue
		}
		first, _ := utf8.DecodeRuneInString(word)
		d.words[first] = append(d.words[first], reading{word, strings.TrimSpace(read)})
	}
	for _, list := range d.words {
		slices.SortFunc(list, func(a, b reading) int {
			if n := len(b.word) - len(a.word); n != 0 {
				return n
			}
			return strings.Compare(a.word, b.word)
		})
	}
	return d
}

// ParseDictionary reads a file of readings: either lines of a word, a tab and its reading, where # begins
// a comment, or a YAML mapping of words to readings.
func ParseDictionary(b []byte) (*Dictionary, error) {
	readings := map[string]string{}
	if !bytes.ContainsRune(b, '\t') {
		if err := yaml.UnmarshalWithOptions(b, &readings, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("reading dictionary: %w (a word, a tab and its reading a line, or a YAML mapping)", err)
		}
		return NewDictionary(readings), nil
	}
	n := 0
	for line := range strings.Lines(string(b)) {
		n++
		line = strings.TrimSpace(strings.TrimPrefix(line, "\uFEFF"))
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		word, read, ok := strings.Cut(line, "\t")
		if word, read = strings.TrimSpace(word), strings.TrimSpace(read); !ok || word == "" || read == "" {
			return nil, fmt.Errorf("reading dictionary: line %d is %q: want a word, a tab and its reading", n, line)
		}
		if old, twice := readings[word]; twice && old != read {
			return nil, fmt.Errorf("reading dictionary: line %d reads %q as %q, but a line before as %q", n, word, read, old)
		}
		readings[word] = read
	}
	return NewDictionary(readings), nil
}

// run is a stretch of text; fixed is one that a dictionary has dealt with.
type run struct {
	text  string
	fixed bool
}

// apply cuts text into runs and replaces the words that have a reading.
func (d *Dictionary) apply(text string) []run {
	if d == nil || len(d.words) == 0 {
		return []run{{text: text}}
	}
	var out []run
	folded := fold(text) // the same length, byte by byte
	plain, before := 0, rune(0)
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRuneInString(folded[at:])
		if w, ok := d.match(folded[at:], r, before); ok {
			if plain < at {
				out = append(out, run{text: text[plain:at]})
			}
			out = append(out, run{text: w.read, fixed: true})
			at += len(w.word)
			plain = at
			before, _ = utf8.DecodeLastRuneInString(w.word)
			continue
		}
		at += size
		before = r
	}
	if plain < len(text) {
		out = append(out, run{text: text[plain:]})
	}
	return out
}

func (d *Dictionary) match(text string, first, before rune) (reading, bool) {
	for _, w := range d.words[first] {
		if !strings.HasPrefix(text, w.word) || joins(before, first) {
			continue
		}
		last, _ := utf8.DecodeLastRuneInString(w.word)
		next, _ := utf8.DecodeRuneInString(text[len(w.word):])
		if len(text) > len(w.word) && joins(last, next) {
			continue
		}
		return w, true
	}
	return reading{}, false
}

// joins tells whether b goes on with the word that a ends: two Latin letters, or two figures.
func joins(a, b rune) bool {
	return isLatin(a) && isLatin(b) || isFigure(a) && isFigure(b)
}

func isLatin(r rune) bool  { return unicode.Is(unicode.Latin, r) && unicode.IsLetter(r) && r < 0x2000 }
func isFigure(r rune) bool { return '0' <= r && r <= '9' }

// fold makes ASCII capitals small and leaves all else, so that places in the text stay the same.
func fold(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// house are readings of words that alerts are full of, and which the Japanese engine would give to the
// English voice or misread. They yield to an installation's own.
var house = NewDictionary(map[string]string{
	"alert": "アラート", "apache": "アパッチ", "api": "エーピーアイ", "app": "アプリ", "backup": "バックアップ", "batch": "バッチ", "cache": "キャッシュ",
	"check": "チェック", "cluster": "クラスター", "connection": "コネクション", "container": "コンテナ", "cpu": "シーピーユー", "critical": "クリティカル",
	"database": "データベース", "db": "ディービー", "dev": "開発", "disk": "ディスク", "dns": "ディーエヌエス", "docker": "ドッカー", "down": "ダウン", "error": "エラー",
	"gb": "ギガバイト", "gib": "ギビバイト", "health": "ヘルス", "host": "ホスト", "http": "エイチティーティーピー", "https": "エイチティーティーピーエス", "inode": "アイノード",
	"kaden": "カデン", "kb": "キロバイト", "kubernetes": "クバネティス", "lambda": "ラムダ", "linux": "リナックス", "load": "ロード", "loadavg": "ロードアベレージ",
	"log": "ログ", "mackerel": "マカレル", "mb": "メガバイト", "memory": "メモリ", "mib": "メビバイト", "mongodb": "モンゴディービー", "ms": "ミリ秒", "mysql": "マイエスキューエル",
	"network": "ネットワーク", "nginx": "エンジンエックス", "ok": "オーケー", "ping": "ピング", "pod": "ポッド", "postgres": "ポストグレス", "postgresql": "ポストグレスキューエル",
	"prod": "本番", "production": "プロダクション", "prometheus": "プロメテウス", "proxy": "プロキシ", "redis": "レディス", "server": "サーバー", "service": "サービス",
	"sql": "エスキューエル", "ssh": "エスエスエイチ", "ssl": "エスエスエル", "staging": "ステージング", "swap": "スワップ", "tb": "テラバイト", "timeout": "タイムアウト",
	"tls": "ティーエルエス", "unknown": "アンノウン", "url": "ユーアールエル", "usage": "使用率", "vm": "ブイエム", "vpn": "ブイピーエヌ", "warning": "ウォーニング", "web": "ウェブ",
})
