package speech

import (
	"strings"
	"unicode"
)

// What single characters are called. Katakana, because kanji figures would be read as numbers.
var (
	japaneseNames = map[rune]string{
		'0': "ゼロ", '1': "イチ", '2': "ニー", '3': "サン", '4': "ヨン", '5': "ゴー", '6': "ロク", '7': "ナナ", '8': "ハチ", '9': "キュウ",
		'a': "エー", 'b': "ビー", 'c': "シー", 'd': "ディー", 'e': "イー", 'f': "エフ", 'g': "ジー", 'h': "エイチ", 'i': "アイ", 'j': "ジェー", 'k': "ケー", 'l': "エル", 'm': "エム",
		'n': "エヌ", 'o': "オー", 'p': "ピー", 'q': "キュー", 'r': "アール", 's': "エス", 't': "ティー", 'u': "ユー", 'v': "ブイ", 'w': "ダブリュー", 'x': "エックス", 'y': "ワイ", 'z': "ゼット",
		'.': "テン", '-': "ハイフン", '_': "アンダーバー", '/': "スラッシュ", ':': "コロン", '@': "アットマーク", '+': "プラス", '#': "シャープ", '*': "コメ",
	}
	englishNames = map[rune]string{
		'0': "zero", '1': "one", '2': "two", '3': "three", '4': "four", '5': "five", '6': "six", '7': "seven", '8': "eight", '9': "nine", 'a': "eigh",
		'.': "dot", '-': "dash", '_': "underscore", '/': "slash", ':': "colon", '@': "at", '+': "plus", '#': "pound", '*': "star",
	}
)

// spell names each character of s, with between between them.
func spell(s, language, between string) string {
	var names []string
	for _, r := range strings.ToLower(s) {
		switch {
		case language == "ja" && japaneseNames[r] != "":
			names = append(names, japaneseNames[r])
		case language != "ja" && englishNames[r] != "":
			names = append(names, englishNames[r])
		case language != "ja" && unicode.IsLetter(r):
			names = append(names, string(unicode.ToUpper(r)))
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			names = append(names, string(r))
		}
	}
	return strings.Join(names, between)
}

// sayAs is text as SSML's say-as wants it spoken. done is false for ways that the engines choose
// themselves (cardinal, ordinal, date, time …).
func sayAs(text, as, language string) (spoken string, done bool) {
	comma, between := ", ", " "
	if language == "ja" {
		comma, between = "、", ""
	}
	switch as {
	case "digits", "digit":
		return spell(keepFigures(text), language, between), true
	case "telephone":
		// The groups of a number as it is written, with a breath between them.
		var groups []string
		text = strings.TrimSpace(text)
		if strings.HasPrefix(text, "+") {
			groups = append(groups, spell("+", language, ""))
		}
		for _, g := range strings.FieldsFunc(text, func(r rune) bool { return !isFigure(r) && r != '*' && r != '#' }) {
			groups = append(groups, spell(g, language, between))
		}
		return strings.Join(groups, comma), true
	case "characters", "character", "spell-out", "verbatim":
		return spell(text, language, comma), true
	}
	return text, false
}

func keepFigures(s string) string {
	return strings.Map(func(r rune) rune {
		if isFigure(r) || r == '*' || r == '#' {
			return r
		}
		return -1
	}, s)
}
