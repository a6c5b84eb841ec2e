package api

import (
	"context"
	"crypto/sha256"
	_ "embed" // the page and its style
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"

	tags "golang.org/x/text/language"

	"github.com/kaden-project/kaden/dispatch"
)

// The page of one alert, for whoever has its address: it goes out in a mail or a chat, and is opened on a phone at
// night, by somebody who is not signed in. The token in the address is the authority for this one alert, until it
// is resolved. Mail programs and chats fetch what they show, so GET never does anything.

const linkPath = "/a/"

// byLink is who decides on a signed page without saying who they are, in the words of the timeline.
const byLink = "link"

var (
	//go:embed link.html
	linkHTML string
	//go:embed link.css
	linkCSS string

	linkPage   = template.Must(template.New("link").Parse(linkHTML))
	linkPolicy = "default-src 'none'; style-src 'sha256-" + digest(linkCSS) + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func (a *API) linkRoutes() {
	a.mux.HandleFunc("GET /a/{alert}/{token}", func(w http.ResponseWriter, r *http.Request) { a.signed(w, r, a.showLink) })
	a.mux.HandleFunc("POST /a/{alert}/{token}", func(w http.ResponseWriter, r *http.Request) { a.signed(w, r, a.actOnLink) })
	a.mux.HandleFunc("/a/", func(w http.ResponseWriter, r *http.Request) {
		showPage(w, http.StatusNotFound, nothingThere(linkWordsOf(r)))
	})
}

// signed opens the page to those who have the token; others are not told whether there is such an alert.
func (a *API) signed(w http.ResponseWriter, r *http.Request, serve func(http.ResponseWriter, *http.Request, linkWords, dispatch.Incident)) {
	id, words := r.PathValue("alert"), linkWordsOf(r)
	if !same(r.PathValue("token"), a.cfg.Callouts.LinkToken(id)) {
		showPage(w, http.StatusNotFound, nothingThere(words))
		return
	}
	i, err := a.cfg.Records.IncidentByID(r.Context(), id)
	switch {
	case errors.Is(err, dispatch.ErrNotFound):
		showPage(w, http.StatusNotFound, nothingThere(words))
	case err != nil:
		a.log.Error("signed page not shown", "alert", id, "err", err)
		showPage(w, http.StatusServiceUnavailable, page{linkWords: words, Tone: "alarm", State: words.Words["down"], Hint: words.Words["downHint"]})
	case i.Status == dispatch.Resolved || i.Callout == "":
		showPage(w, http.StatusGone, page{linkWords: words, Tone: "over", State: words.Words["gone"], Hint: words.Words["goneHint"]})
	default:
		serve(w, r, words, i)
	}
}

func (a *API) showLink(w http.ResponseWriter, r *http.Request, words linkWords, i dispatch.Incident) {
	showPage(w, http.StatusOK, a.pageOf(r.Context(), words, i))
}

// actOnLink does what a button says, and leads back to the page, so that loading it anew does nothing again.
func (a *API) actOnLink(w http.ResponseWriter, r *http.Request, words linkWords, i dispatch.Incident) {
	r.Body = http.MaxBytesReader(w, r.Body, 4096)
	by := byLink
	if p, ok := a.cfg.House().People[r.PostFormValue("by")]; ok {
		by = p.ID
	}
	do := func(context.Context) error { return nil }
	switch r.PostFormValue("do") {
	case "take":
		if untaken(i) { // an old page must not take it from somebody
			do = func(ctx context.Context) error { return a.cfg.Callouts.Acknowledge(ctx, i.ID, by) }
		}
	case "over":
		do = func(ctx context.Context) error { return a.cfg.Callouts.Resolve(ctx, i.ID, by) }
	default:
		showPage(w, http.StatusBadRequest, a.pageOf(r.Context(), words, i))
		return
	}
	if err := a.recorded(r.Context(), "alert "+i.ID, do); err != nil {
		p := a.pageOf(r.Context(), words, i)
		p.Tone, p.State, p.Hint = "alarm", words.Words["failed"], words.Words["downHint"]
		showPage(w, http.StatusServiceUnavailable, p)
		return
	}
	http.Redirect(w, r, r.URL.Path, http.StatusSeeOther)
}

func untaken(i dispatch.Incident) bool {
	return i.Status == dispatch.Stored || i.Status == dispatch.Exhausted
}

// page is what the page shows.
type page struct {
	linkWords
	Style        template.CSS
	Tone         string
	State, Title string
	Facts, Hint  string
	Take, Over   bool
	People       []Person // names alone; who has the address need not know numbers
}

func (a *API) pageOf(ctx context.Context, words linkWords, i dispatch.Incident) page {
	p := page{linkWords: words, Title: i.Alert.Title, Over: true, Take: untaken(i)}
	people := a.cfg.House().People
	switch i.Status {
	case dispatch.Acknowledged:
		who := i.By
		if known, ok := people[who]; ok && known.Name != "" {
			who = known.Name
		}
		p.Tone, p.State = "taken", fmt.Sprintf(words.Words["taken"], who)
		if !slices.Contains(slices.Collect(maps.Keys(people)), i.By) {
			p.State = words.Words["takenBy"]
		}
		if stopped, err := a.stopped(ctx, i); err == nil && stopped {
			p.Tone, p.State = "over", words.Words["stopped"]
		}
	case dispatch.Exhausted:
		p.Tone, p.State = "alarm", words.Words["exhausted"]
	default:
		p.State = words.Words["open"]
	}
	facts := []string{words.Words[string(i.Alert.Severity)], i.Alert.Source, i.Opened.Local().Format("01-02 15:04 MST")}
	p.Facts = strings.Join(slices.DeleteFunc(facts, func(s string) bool { return s == "" }), " · ")
	if i.Drill {
		p.Facts = words.Words["drill"] + " · " + p.Facts
	}
	for _, id := range slices.Sorted(maps.Keys(people)) {
		name := people[id].Name
		if name == "" {
			name = id
		}
		p.People = append(p.People, Person{ID: id, Name: name})
	}
	return p
}

func nothingThere(w linkWords) page {
	return page{linkWords: w, Tone: "over", State: w.Words["nothing"], Hint: w.Words["nothingHint"]}
}

func showPage(w http.ResponseWriter, status int, p page) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", p.Lang)
	h.Set("Content-Security-Policy", linkPolicy)
	h.Set("X-Robots-Tag", "noindex, nofollow")
	p.Style = template.CSS(linkCSS)
	w.WriteHeader(status)
	linkPage.Execute(w, p) // whoever does not read to the end is gone
}

// linkWords are the page's words in one language.
type linkWords struct {
	Lang  string
	Words map[string]string
}

var (
	linkLanguages = tags.NewMatcher([]tags.Tag{tags.English, tags.Japanese})
	english       = linkWords{"en", map[string]string{
		"open": "Nobody has taken it yet", "taken": "%s has taken it", "takenBy": "Somebody has taken it", "stopped": "The calls were stopped. Nobody has taken it.",
		"exhausted": "The calling is over. Nobody took it.", "drill": "Drill",
		"take": "I take it", "over": "It is over", "iAm": "I am", "notSaid": "not said",
		"gone": "This alert is over", "goneHint": "Nobody is called for it any more, and this page does nothing more.",
		"nothing": "There is nothing here", "nothingHint": "The address may have been cut off when it was copied.",
		"failed": "This was not recorded", "down": "kaden cannot look this up at the moment", "downHint": "Try again in a moment. If somebody has to act now, use the phone.",
		"phone": "The settings of a telephone", "phoneHint": "They are shown once. Have the softphone at hand before you go on.", "phoneShow": "Show the settings",
		"phoneOnce": "Type this into the softphone. It will not be shown again.", "phoneGone": "These settings were shown already, or it has taken too long",
		"phoneAgain": "Ask whoever sent you the address for another one.", "phoneDown": "Try again in a moment.",
		"critical": "critical", "error": "error", "warning": "warning", "info": "information",
	}}
	japanese = linkWords{"ja", map[string]string{
		"open": "まだだれも引き受けていません", "taken": "%sさんが引き受けました", "takenBy": "引き受けた人がいます", "stopped": "呼び出しは手動で停止されました。だれも引き受けていません",
		"exhausted": "呼び出しを終えましたが、だれも引き受けていません", "drill": "訓練",
		"take": "引き受ける", "over": "復旧した", "iAm": "私は", "notSaid": "名乗らない",
		"gone": "このアラートは終わりました", "goneHint": "もうだれも呼びません。このページでできることはありません。",
		"nothing": "ここには何もありません", "nothingHint": "URL が途中で切れていないか確かめてください。",
		"failed": "記録できませんでした", "down": "いまは確認できません", "downHint": "少し待ってからもう一度お試しください。急ぐときは電話で連絡してください。",
		"phone": "電話機の設定", "phoneHint": "一度だけ表示します。ソフトフォンを用意してから進んでください。", "phoneShow": "設定を表示する",
		"phoneOnce": "ソフトフォンに入力してください。もう一度は表示できません。", "phoneGone": "設定は表示済みか、時間が過ぎています",
		"phoneAgain": "URL を送ってくれた人に、新しいものを頼んでください。", "phoneDown": "少し待ってからもう一度お試しください。",
		"critical": "重大", "error": "障害", "warning": "警告", "info": "情報",
	}}
)

func linkWordsOf(r *http.Request) linkWords {
	if wantsJapanese(r.Header.Get("Accept-Language")) {
		return japanese
	}
	return english
}
