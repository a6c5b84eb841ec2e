package web

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/api"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/store/memstore"
	"github.com/kaden-project/kaden/tariff"
	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/trunk"
	"github.com/kaden-project/kaden/twiml"
)

// TestPreview is no test: it shows the console with a night under way, to whoever wants to look at it.
//
//	npm --prefix web/ui run build
//	KADEN_PREVIEW=127.0.0.1:8099 go test ./web -run TestPreview -timeout 0
//
// The pictures in the README are made of it: node conformance/picture.mjs http://127.0.0.1:8099/ docs/console.png, and with
// KADEN_PREVIEW_LANG=ja node conformance/picture.mjs http://127.0.0.1:8099/ docs/console.ja.png ja-JP
//
// KADEN_PREVIEW_LANG=ja has Japanese people and alerts. KADEN_PREVIEW_WRONG=1 takes away the speech engine and the trunk. Nobody has to sign in, unless
// KADEN_PREVIEW_SIGNIN=1; the token is "preview" then.
func TestPreview(t *testing.T) {
	addr := os.Getenv("KADEN_PREVIEW")
	if addr == "" {
		t.Skip("only for looking at: KADEN_PREVIEW=127.0.0.1:8099 go test ./web -run TestPreview -timeout 0")
	}
	store := memstore.New()
	set := previewHouse()
	wrong := os.Getenv("KADEN_PREVIEW_WRONG") != ""
	if wrong {
		set.Trunks = nil
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	d := dispatch.New(log, dispatch.Config{Store: store, Caller: nightPhones{}, House: func() *manifest.Set { return set }, Secret: []byte("preview"), Node: "preview"})
	a := api.New(log, api.Config{
		Version: "preview", Node: "preview", Token: "preview", Account: sid.New[sid.Account](),
		Records: store, Callouts: d, CallRecords: store, Tickets: store, Manifest: noPapers{}, Calls: noCalls{}, Trace: ladders{},
		Accept: func(ctx context.Context, one alert.Delivery) ([]string, error) {
			r, err := d.Accept(ctx, one)
			return r.Alerts, err
		},
		House: func() *manifest.Set { return set }, Ledger: store, Budgets: d.Budgets,
		Engines: func(context.Context) []api.Engine {
			return []api.Engine{
				{Name: "open_jtalk", Languages: []string{"ja-JP"}, OK: !wrong, Hint: "apt-get install open-jtalk open-jtalk-mecab-naist-jdic hts-voice-nitech-jp-atr503-m001"},
				{Name: "flite", Languages: []string{"en-US"}, OK: !wrong, Hint: "apt-get install flite"},
			}
		},
	})
	earlierThisMonth(t, store)
	go d.Run(t.Context())
	<-d.Booted()
	earlierTonight(t, store)
	for _, one := range []alert.Alert{
		{Key: "db01/disk", Action: alert.Trigger, Severity: alert.Critical, Title: in("db01: disk usage 96.2% (> 95%)", "db01: ディスク使用率 96.2% (> 95%)"), Subject: "db01", Account: "kaden-demo",
			Body: in("Runbook: look at /var/log/mysql and remove old binary logs.\nfilesystem.sda1.used% was above 95% for 3 minutes.",
				"手順書: /var/log/mysql を確認し、古いバイナリログを消してください。\nfilesystem.sda1.used% が 3 分間 95% を超えました。"),
			Labels: map[string]string{"service": "shop", "role": "db", "monitor": "disk"}, Links: []alert.Link{{Href: "https://mackerel.io/orgs/kaden-demo/alerts/5Xy9", Text: in("The alert at Mackerel", "Mackerel のアラート")}}},
	} {
		if _, err := d.Accept(t.Context(), alert.Delivery{ID: one.Key, Source: "mackerel", Alerts: []alert.Alert{one}}); err != nil {
			t.Fatal(err)
		}
	}
	mux := http.NewServeMux()
	mux.Handle("/", Handler())
	mux.Handle("/login", a.Handler())
	mux.Handle("/logout", a.Handler())
	mux.Handle("/a/", a.Handler())
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		if os.Getenv("KADEN_PREVIEW_SIGNIN") == "" {
			r.Header.Set("Authorization", "Bearer preview")
		}
		a.Handler().ServeHTTP(w, r)
	})
	t.Logf("the console is at http://%s/", addr)
	t.Fatal(http.ListenAndServe(addr, mux))
}

// in is the text for the language of this preview.
func in(en, ja string) string {
	if os.Getenv("KADEN_PREVIEW_LANG") == "ja" {
		return ja
	}
	return en
}

func previewHouse() *manifest.Set {
	tel := func(n number.Number) []oncall.Method {
		return []oncall.Method{{Address: number.Address{Scheme: number.Tel, Number: n}}}
	}
	return &manifest.Set{
		People: map[string]oncall.Person{
			"sato":   {ID: "sato", Name: in("Sato", "佐藤"), Language: "ja-JP", Contacts: tel("+819011112222")},
			"suzuki": {ID: "suzuki", Name: in("Suzuki", "鈴木"), Language: "ja-JP", Contacts: tel("+818033334444")},
			"tanaka": {ID: "tanaka", Name: in("Tanaka", "田中"), Language: "ja-JP", Contacts: append(tel("+817055556666"), oncall.Method{Address: number.Address{Scheme: number.SIP, Text: "tanaka@192.0.2.10"}})},
		},
		Groups: map[string]oncall.Group{"db-team": {ID: "db-team", Members: []string{"sato", "suzuki"}}},
		Plans: map[string]callout.Plan{
			"default": {Name: "default", Steps: []callout.Step{
				{Call: []string{"sato"}, Order: callout.InTurn, Ring: 9 * time.Second},
				{Call: []string{"suzuki", "tanaka"}, Order: callout.Together, Ring: 60 * time.Second, Rounds: 3}}},
			"managers": {Name: "managers", Steps: []callout.Step{{Call: []string{"@db-team"}, Order: callout.RoundRobin}, {Wait: 2 * time.Minute}, {Call: []string{"tanaka"}, Need: callout.Everyone, Rounds: callout.Forever}}},
		},
		Trunks:  []trunk.Trunk{{Name: "ntt", From: "+815012345678", Channels: 4}},
		Budgets: []tariff.Budget{{Name: "calls", Limit: tariff.Money{Amount: 300_000_000, Currency: "JPY"}, Warn: []int{100}, Stop: true}},
		Sources: map[string]alert.Source{
			"mackerel": {Name: "mackerel", Kind: "mackerel", Key: "q7fK2mXv9TzR4pLw"},
			"json":     {Name: "json", Kind: "json", Key: "n3BdYc8sHj5Ge1Ua"},
		},
	}
}

// earlierThisMonth writes what calls have cost.
func earlierThisMonth(t *testing.T, store *memstore.Store) {
	t.Helper()
	for i := range 20 {
		c := call.Charge{
			Call: sid.New[sid.Call](), Trunk: "ntt", At: time.Now().Add(-time.Duration(i) * 7 * time.Hour), Talked: time.Duration(20+i) * time.Second,
			Cost: tariff.Money{Amount: 17_600_000, Currency: "JPY"},
		}
		if i%7 == 3 {
			c.Cost = tariff.Money{}
		}
		if err := store.Change(t.Context(), call.Change{Record: call.Record{SID: c.Call}, Charges: []call.Charge{c}}); err != nil {
			t.Fatal(err)
		}
	}
}

// earlierTonight writes what happened before: taken, given up, resolved, ignored.
func earlierTonight(t *testing.T, store *memstore.Store) {
	t.Helper()
	now := time.Now().Add(-time.Hour)
	write := func(i dispatch.Incident, s callout.Status, attempts []dispatch.Attempt, events ...timeline.Event) {
		err := store.Write(t.Context(), func(tx dispatch.Tx) error {
			if i.Callout != "" {
				state := fmt.Appendf(nil, `{"id":%q,"status":%q,"plan":{"name":"default"}}`, i.Callout, s)
				if s == callout.Acknowledged { // everybody was asked; the check comes
					state = fmt.Appendf(nil, `{"id":%q,"status":%q,"by":%q,"plan":{"name":"default","steps":[{"call":["sato","suzuki","tanaka"],"need":"everyone","join":true}]},"ask":%q,`+
						`"said":[{"person":"sato","vote":1},{"person":"suzuki","vote":1}],"absent":["tanaka"]}`, i.Callout, s, i.By, time.Now().Add(9*time.Minute).Format(time.RFC3339))
				}
				if err := tx.AddCallout(dispatch.Callout{ID: i.Callout, Alert: i.ID, Plan: "default", State: state, Version: 1, Created: i.Opened}); err != nil {
					return err
				}
			}
			for j := range events {
				events[j].Alert, events[j].Callout = i.ID, i.Callout
			}
			return errors.Join(tx.PutIncident(i), tx.PutAttempts(attempts...), tx.Append(events...))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	at := func(s int) time.Time { return now.Add(time.Duration(s) * time.Second) }
	write(dispatch.Incident{ID: "al-1", Status: dispatch.Ignored, Opened: at(-7000), Alert: alert.Alert{Source: "mackerel", Title: in("web03: host registered", "web03: ホストが登録されました"), Severity: alert.Notice}}, "", nil,
		timeline.Event{At: at(-7000), Kind: timeline.AlertIgnored, Text: "information; nobody is rung for it"})
	write(dispatch.Incident{ID: "al-2", Callout: "co-2", Status: dispatch.Resolved, By: "suzuki", Opened: at(-4000), Resolved: at(-3200), Alert: alert.Alert{Source: "mackerel", Title: in("api: response time p99 2.4 s (> 2 s)", "api: 応答時間 p99 2.4 s (> 2 s)"), Severity: alert.Warning}}, callout.ResolvedNow, nil,
		timeline.Event{At: at(-4000), Kind: timeline.AlertStored}, timeline.Event{At: at(-3200), Kind: timeline.AlertResolved})
	write(dispatch.Incident{ID: "al-3", Callout: "co-3", Status: dispatch.Exhausted, Opened: at(-600), Repeats: 2, Alert: alert.Alert{Source: "json", Title: in("backup: nightly backup of shop-db failed", "backup: shop-db の夜間バックアップに失敗しました"), Severity: alert.Major, Labels: map[string]string{}}}, callout.Exhausted,
		[]dispatch.Attempt{
			{ID: "co-3-1", Callout: "co-3", Person: "sato", Address: "tel:+819011112222", Trunk: "ntt", Status: "no-answer", Dialed: at(-600), Rang: at(-597), Ended: at(-577), Cause: "no-answer"},
			{ID: "co-3-2", Callout: "co-3", Person: "suzuki", Address: "tel:+818033334444", Trunk: "ntt", Status: "busy", Dialed: at(-577), Ended: at(-575), Cause: "busy"},
			{ID: "co-3-3", Callout: "co-3", Person: "tanaka", Address: "tel:+817055556666", Trunk: "ntt", Status: "not-confirmed", Call: "CA0123456789abcdef0123456789abcdef", Dialed: at(-575), Rang: at(-571), Answered: at(-556), Ended: at(-516), Cause: "hung-up"},
		},
		timeline.Event{At: at(-600), Kind: timeline.AlertStored},
		timeline.Event{At: at(-600), Kind: timeline.CalloutStarted, Text: "default"},
		timeline.Event{At: at(-600), Kind: timeline.AttemptDialing, Person: "sato"}, timeline.Event{At: at(-597), Kind: timeline.AttemptRinging, Person: "sato"},
		timeline.Event{At: at(-577), Kind: timeline.AttemptNoAnswer, Person: "sato", Text: "rang for 20 s"},
		timeline.Event{At: at(-577), Kind: timeline.AttemptDialing, Person: "suzuki"}, timeline.Event{At: at(-575), Kind: timeline.AttemptBusy, Person: "suzuki", Text: "Busy Here (SIP 486)"},
		timeline.Event{At: at(-575), Kind: timeline.AttemptDialing, Person: "tanaka"}, timeline.Event{At: at(-571), Kind: timeline.AttemptRinging, Person: "tanaka"},
		timeline.Event{At: at(-556), Kind: timeline.AttemptAnswered, Person: "tanaka"}, timeline.Event{At: at(-516), Kind: timeline.AttemptNotConfirmed, Person: "tanaka", Text: "listened for 40 s"},
		timeline.Event{At: at(-516), Kind: timeline.AlertExhausted}, timeline.Event{At: at(-516), Kind: timeline.NoticeRaised, Text: `nobody took the alert "backup"; told: [notify:ops-mail]`})
	write(dispatch.Incident{ID: "al-4", Callout: "co-4", Status: dispatch.Acknowledged, By: "sato", Word: "so-4", WordBy: "sato", Opened: at(-60), Alert: alert.Alert{Source: "mackerel", Title: in("web02: connection refused", "web02: 接続できません"), Severity: alert.Critical}}, callout.Acknowledged,
		[]dispatch.Attempt{
			{ID: "co-4-1", Callout: "co-4", Person: "sato", Address: "tel:+819011112222", Trunk: "ntt", Status: "confirmed", Cause: "key", Digit: "1", Dialed: at(-60), Rang: at(-57), Answered: at(-45), Ended: at(-5)},
			{ID: "co-4-2", Callout: "co-4", Person: "suzuki", Address: "tel:+818033334444", Trunk: "ntt", Status: "confirmed", Cause: "key", Digit: "1", Inbound: true, Dialed: at(-40), Answered: at(-40), Ended: at(-5)},
			{ID: "co-4-3", Callout: "co-4", Person: "tanaka", Address: "tel:+817055556666", Trunk: "ntt", Status: "machine", Cause: "machine", AnsweredBy: "machine_start", Dialed: at(-60), Rang: at(-56), Answered: at(-38), Ended: at(-25)},
		},
		timeline.Event{At: at(-60), Kind: timeline.AlertStored}, timeline.Event{At: at(-31), Kind: timeline.AttemptDigit, Person: "sato", Digit: "1"},
		timeline.Event{At: at(-31), Kind: timeline.AttemptConfirmed, Person: "sato"}, timeline.Event{At: at(-31), Kind: timeline.AlertAcknowledged, Person: "sato"},
		timeline.Event{At: at(-30), Kind: timeline.AttemptJoined, Person: "sato", Attempt: "co-4-1"}, timeline.Event{At: at(-25), Kind: timeline.AttemptDetected, Person: "tanaka", Cause: "machine_start", Attempt: "co-4-3"},
		timeline.Event{At: at(-20), Kind: timeline.AttemptJoined, Person: "suzuki", Attempt: "co-4-2"}, timeline.Event{At: at(-10), Kind: timeline.CalloutSpoke, Person: "sato"})
	if err := store.PutSound(t.Context(), "so-4", dispatch.SoundWord, silence(3*time.Second)); err != nil {
		t.Fatal(err)
	}
	for _, v := range []dispatch.Verification{
		{Person: "sato", Address: "tel:+819011112222", At: at(-90000), By: "sato", Tap: 2, DND: true}, {Person: "suzuki", Address: "tel:+818033334444", At: at(-80000), By: "sato", Tap: 1},
	} {
		if err := store.PutVerification(t.Context(), v); err != nil {
			t.Fatal(err)
		}
	}
}

// silence is a WAV that says nothing.
func silence(length time.Duration) []byte {
	data := make([]byte, int(length.Seconds()*8000)*2)
	head := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\x00\x00\x00\x00")
	binary.LittleEndian.PutUint32(head[4:], uint32(36+len(data)))
	binary.LittleEndian.PutUint32(head[40:], uint32(len(data)))
	return append(head, data...)
}

// nightPhones ring; sato does not answer, suzuki's voicemail does.
type nightPhones struct{}

func (nightPhones) Prepare(context.Context, *twiml.Response) error { return nil }

func (nightPhones) Call(_ context.Context, o call.Order) (dispatch.Line, error) {
	p := &nightPhone{o: o}
	p.then(1200*time.Millisecond, call.Event{Status: call.Ringing, Trunk: "ntt"})
	if strings.Contains(o.To.String(), "3333") {
		p.then(6*time.Second, call.Event{Status: call.InProgress, Trunk: "ntt"})
	} else {
		p.then(o.Ring, call.Event{Status: call.NoAnswer, Cause: leg.NoAnswer, Trunk: "ntt", ByUs: true})
	}
	return p, nil
}

type nightPhone struct{ o call.Order }

func (p *nightPhone) then(after time.Duration, e call.Event) {
	time.AfterFunc(after, func() {
		e.At = time.Now()
		p.o.Heard(e)
	})
}

func (p *nightPhone) Redirect(call.Program) error { return nil }
func (p *nightPhone) End(c leg.Cause) {
	status := call.NoAnswer
	if c == leg.Canceled {
		status = call.Canceled
	}
	p.then(0, call.Event{Status: status, Cause: c, ByUs: true})
}

type noPapers struct{}

func (noPapers) Export(context.Context) ([]byte, error)                        { return nil, nil }
func (noPapers) Remove(context.Context, ...manifest.Ref) (problem.List, error) { return nil, nil }

func (noPapers) Apply(context.Context, []byte) ([]string, problem.List, error) {
	return nil, nil, errors.New("this is a preview")
}

type noCalls struct{}

func (noCalls) Place(context.Context, call.Order) (*call.Call, error) {
	return nil, errors.New("this is a preview")
}
func (noCalls) Live(sid.Call) (*call.Call, bool) { return nil, false }
func (noCalls) Trunks() []call.TrunkState        { return nil }
func (noCalls) Calls() int                       { return 2 }

type ladders struct{}

func (ladders) Trace(id sid.Call) (string, []byte, bool) {
	return "kaden                carrier\n  | INVITE ------------> |\n", nil, id == "CA0123456789abcdef0123456789abcdef"
}
