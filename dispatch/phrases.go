package dispatch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/callout"
)

// phrases are the house's own words in one language. Japanese is in kana where a reading could be
// mistaken: the engine reads 方 as ホー and 1 before a comma in more than one way.
type phrases struct {
	lang, tag  string
	plain      string // an alert whose own words cannot be spoken
	bundle     string // %d alerts
	hangUp     string
	accepted   string
	acceptedN  string // %d alerts
	passed     string
	taken      string // %s took it
	takenBy    string // nobody is named
	resolved   string // %d hours, %d minutes
	notYet     string // the key is not recorded yet
	goodbye    string
	severities map[alert.Severity]string
	keys       map[callout.Action]string // %s is the key
	join       string
}

var house = map[string]phrases{
	"ja": {
		lang: "ja", tag: "ja-JP",
		plain:     "監視システムからの通報です。内容は画面で確認してください。",
		bundle:    "通報が%d件あります。最初の通報です。",
		hangUp:    "引き受けるときは、このまま電話を切ってください。",
		accepted:  "引き受けを記録しました。よろしくお願いします。",
		acceptedN: "%d件の引き受けを記録しました。よろしくお願いします。",
		passed:    "わかりました。次の人に連絡します。",
		taken:     "この通報は、%sさんが引き受けました。ありがとうございました。",
		takenBy:   "この通報は、ほかの人が引き受けました。ありがとうございました。",
		resolved:  "この通報は、%d時%d分に復旧しました。失礼します。",
		notYet:    "まだ記録できていません。そのままお待ちください。",
		goodbye:   "この通報の連絡は終わりました。失礼します。",
		severities: map[alert.Severity]string{
			alert.Critical: "重大", alert.Major: "エラー", alert.Warning: "警告", alert.Notice: "情報", alert.Unknown: "重大度不明",
		},
		keys: map[callout.Action]string{
			callout.Accept:       "引き受けるときは、%sを押してください",
			callout.Pass:         "引き受けられないときは、%s",
			callout.Again:        "もう一度聞くときは、%s",
			callout.CallEveryone: "全員を呼び出すときは、%s",
		},
		join: "。",
	},
	"en": {
		lang: "en", tag: "en-US",
		plain:     "This is an alert from your monitoring system. Please look at the screen for what it says.",
		bundle:    "There are %d alerts. The first one.",
		hangUp:    "To take it, hang up now.",
		accepted:  "Recorded: you have taken it. Thank you.",
		acceptedN: "Recorded: you have taken %d alerts. Thank you.",
		passed:    "All right. The next person is called.",
		taken:     "%s has taken this alert. Thank you.",
		takenBy:   "Somebody else has taken this alert. Thank you.",
		resolved:  "This alert was resolved at %d %02d. Goodbye.",
		notYet:    "Not recorded yet. Please hold.",
		goodbye:   "This alert needs nobody any more. Goodbye.",
		severities: map[alert.Severity]string{
			alert.Critical: "Critical", alert.Major: "Error", alert.Warning: "Warning", alert.Notice: "Information", alert.Unknown: "Unrated",
		},
		keys: map[callout.Action]string{
			callout.Accept:       "Press %s to take it",
			callout.Pass:         "%s if you cannot",
			callout.Again:        "%s to hear it again",
			callout.CallEveryone: "%s to call everyone",
		},
		join: ". ",
	},
}

// phrasesOf is the house's words in a language; English where it has none.
func phrasesOf(lang string) phrases {
	if p, ok := house[lang]; ok {
		return p
	}
	return house["en"]
}

// Languages are those in which kaden can speak its own words.
func Languages() []string { return slices.Sorted(maps.Keys(house)) }

func (p phrases) severity(s alert.Severity) string {
	if w, ok := p.severities[s]; ok {
		return w
	}
	return p.severities[alert.Unknown]
}

// menu says what the keys do, the one that takes it first.
func (p phrases) menu(keys map[string]callout.Action) string {
	var said []string
	for _, action := range []callout.Action{callout.Accept, callout.Pass, callout.Again} {
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			if keys[key] == action {
				said = append(said, fmt.Sprintf(p.keys[action], key))
				break
			}
		}
	}
	return strings.TrimSpace(strings.Join(said, p.join) + strings.TrimRight(p.join, " "))
}

func (p phrases) resolvedAt(at time.Time) string {
	at = at.Local()
	return fmt.Sprintf(p.resolved, at.Hour(), at.Minute())
}

// fixed are the phrases that are spoken into the cache at the start, so that they are there whatever happens later.
func (p phrases) fixed() []string {
	return []string{p.plain, p.hangUp, p.accepted, p.passed, p.takenBy, p.notYet, p.goodbye,
		p.menu(callout.Plan{}.WithDefaults().Keys)}
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
