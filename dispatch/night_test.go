package dispatch_test

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/phonetest"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/store/memstore"
	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/trunk"
	"github.com/kaden-project/kaden/twiml"
	"github.com/kaden-project/kaden/voice"
)

// night is a whole installation without a network: a dispatcher, a desk, a voice that says captions, a store in
// memory, and people with simulated phones. Its clock is that of the bubble.
type night struct {
	*phonetest.House
	t     *testing.T
	store *memstore.Store
	set   *manifest.Set
	later atomic.Pointer[manifest.Set] // in the place of set, once somebody has changed the house in the middle of the story
	d     *dispatch.Dispatcher
	ask   *switchboard
	stop  func()
	sent  int
}

// switchboard brings a question to the dispatcher or to the web of the story.
type switchboard struct {
	mu      sync.Mutex
	scripts call.Asker
	web     func() call.Asker
}

func (s *switchboard) Ask(ctx context.Context, q call.Ask) (call.Reply, error) {
	s.mu.Lock()
	scripts := s.scripts
	s.mu.Unlock()
	if strings.HasPrefix(q.URL, dispatch.Origin+"/") {
		return scripts.Ask(ctx, q)
	}
	return s.web().Ask(ctx, q)
}

// shelf keeps what was recorded, as the whole house does.
type shelf struct{ *memstore.Store }

func (s shelf) Keep(ctx context.Context, r voice.Recording) (string, error) {
	return dispatch.Origin + "/sounds/" + string(r.SID), s.PutSound(ctx, string(r.SID), dispatch.SoundRecording, r.WAV)
}

// desk is dispatch.Caller over a real desk and a real voice.
type desk struct{ *phonetest.House }

func (d desk) Prepare(ctx context.Context, doc *twiml.Response) error {
	return d.Voice.Prepare(ctx, doc)
}

func (d desk) Call(ctx context.Context, o call.Order) (dispatch.Line, error) {
	c, err := d.Desk.Place(ctx, o)
	if err != nil {
		return nil, err
	}
	forget := context.AfterFunc(ctx, func() { c.End(leg.Canceled) })
	go func() {
		<-c.Done()
		forget()
	}()
	return c, nil
}

// ownNumber is what people call back.
const ownNumber = "sim:kaden"

// tell tells a story of one night. The plan calls sato, suzuki and tanaka in turn where none is given.
func tell(t *testing.T, plan string, f func(n *night)) {
	t.Helper()
	tellOver(t, plan, nil, f)
}

// tellOver is tell with lines to the telephone network.
func tellOver(t *testing.T, plan string, lines []trunk.Trunk, f func(n *night)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := &night{t: t, store: memstore.New(), ask: &switchboard{}, set: &manifest.Set{
			Plans: map[string]callout.Plan{}, People: map[string]oncall.Person{}, Groups: map[string]oncall.Group{},
			Sources: map[string]alert.Source{"json": {Name: "json", Kind: "json"}},
			Numbers: []account.Number{
				{Account: phonetest.Account, Number: "kaden", CallBack: true},
				{Account: phonetest.Account, Number: "hotline", Hotline: &account.Hotline{Plan: "default"}},
			},
		}}
		if plan == "" {
			plan = plans
		}
		n.plan(plan)
		n.people("sato", "suzuki", "tanaka")
		n.House = phonetest.New(t, func(s *phonetest.Setup) {
			s.Store, s.Asker, s.Recordings = n.store, n.ask, shelf{n.store}
			s.Trunks = lines
			for _, own := range n.set.Numbers {
				s.Numbers = append(s.Numbers, dispatch.Scripted(own))
			}
		})
		n.ask.web = func() call.Asker { return n.Web }
		n.wakeUp()
		f(n)
		n.stop()
	})
}

// house is the installation as it is now.
func (n *night) house() *manifest.Set { return cmp.Or(n.later.Load(), n.set) }

// plan adds or replaces one.
func (n *night) plan(text string) {
	n.t.Helper()
	p, _, problems := callout.ParsePlan([]byte(strings.TrimSpace(text) + "\n"))
	if problems.Refused() {
		n.t.Fatalf("the plan of this story: %v", problems)
	}
	n.set.Plans[p.Name] = p
}

// readings are how names are spoken in Japanese.
var readings = map[string]string{"sato": "さとう", "suzuki": "すずき", "tanaka": "たなか"}

// people adds some who speak English and have a simulated phone.
func (n *night) people(names ...string) {
	for _, name := range names {
		n.set.People[name] = oncall.Person{
			ID: name, Name: strings.ToUpper(name[:1]) + name[1:], Reading: readings[name], Language: "en-US",
			Contacts: []oncall.Method{{Address: number.Address{Scheme: number.Sim, Text: name}}},
		}
	}
}

// person changes somebody.
func (n *night) person(name string, f func(*oncall.Person)) {
	p := n.set.People[name]
	f(&p)
	n.set.People[name] = p
}

// wakeUp starts a dispatcher on what is in the store.
func (n *night) wakeUp() {
	n.d = dispatch.New(slog.New(slog.DiscardHandler), dispatch.Config{
		Store: n.store, Caller: desk{n.House}, House: n.house,
		Secret: []byte("a secret of the tests"), Account: phonetest.Account,
		Announce: func(_ context.Context, room string, say *twiml.Say) error {
			n.Desk.Conference(phonetest.Account, room).Play(phonetest.Words(say.Text()))
			return nil
		},
		Music:   media.AppendWAV(nil, make([]int16, 20*media.Rate)),
		Inbound: func(id sid.Call) (dispatch.Line, bool) { c, ok := n.Desk.Live(id); return c, ok },
	})
	n.ask.mu.Lock()
	n.ask.scripts = n.d
	n.ask.mu.Unlock()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	d := n.d
	go func() { done <- d.Run(ctx) }()
	n.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			n.t.Errorf("Run: %v", err)
		}
	})
	n.t.Cleanup(func() { n.stop() })
	<-n.d.Booted()
}

// restart is kaden ending in the middle of the night and starting again: who was on the telephone is cut off.
func (n *night) restart() {
	n.t.Helper()
	n.stop()
	synctest.Wait()
	n.wakeUp()
}

// alert is one that comes in; it gives the incident.
func (n *night) alert(key, title string, change ...func(*alert.Alert)) string {
	n.t.Helper()
	a := alert.Alert{Key: key, Action: alert.Trigger, Severity: alert.Critical, Title: title}
	for _, f := range change {
		f(&a)
	}
	n.sent++
	r, err := n.d.Accept(n.t.Context(), alert.Delivery{
		ID: fmt.Sprint(n.sent), Source: "json", Kind: "json", Raw: []byte(title), ReceivedAt: time.Now(), Alerts: []alert.Alert{a},
	})
	if err != nil {
		n.t.Fatalf("alert %q: %v", title, err)
	}
	return r.Alerts[0]
}

// is checks how an incident stands once everything has settled.
func (n *night) is(id string, want dispatch.Status, by string) {
	n.t.Helper()
	synctest.Wait()
	inc := n.incident(id)
	if inc.Status != want || inc.By != by {
		n.t.Fatalf("alert %s is %s by %q, want %s by %q\n%s", id, inc.Status, inc.By, want, by, n.timeline())
	}
}

func (n *night) incident(id string) dispatch.Incident {
	n.t.Helper()
	inc, err := n.store.IncidentByID(context.Background(), id)
	if err != nil {
		n.t.Fatal(err)
	}
	return inc
}

// events are the whole timeline.
func (n *night) events() (all []timeline.Event) {
	n.t.Helper()
	synctest.Wait()
	for after := int64(0); ; after = all[len(all)-1].Seq {
		page, err := n.store.Events(context.Background(), "", after, 1000)
		if err != nil {
			n.t.Fatal(err)
		}
		all = append(all, page...)
		if len(page) < 1000 {
			return all
		}
	}
}

func (n *night) timeline() string {
	var b strings.Builder
	for _, e := range n.events() {
		fmt.Fprintf(&b, "%s %-22s %-8s %s %s %s\n", e.At.Format("15:04:05.000"), e.Kind, e.Person, e.Cause, e.Digit, e.Text)
	}
	return b.String()
}

// happened checks that a kind of event is on the timeline, with these words in its text or cause.
func (n *night) happened(kind timeline.Kind, words string) {
	n.t.Helper()
	if n.count(kind, words) == 0 {
		n.t.Fatalf("nothing of kind %s that says %q:\n%s", kind, words, n.timeline())
	}
}

func (n *night) count(kind timeline.Kind, words string) (count int) {
	n.t.Helper()
	for _, e := range n.events() {
		if e.Kind == kind && strings.Contains(e.Person+" "+e.Cause+" "+e.Text, words) {
			count++
		}
	}
	return count
}

// quiet tells that nobody's phone rings within d.
func (n *night) quiet(d time.Duration, who ...string) {
	n.t.Helper()
	time.Sleep(d)
	synctest.Wait()
	if len(who) == 0 {
		who = []string{"sato", "suzuki", "tanaka"}
	}
	defer func() {
		if n.t.Failed() {
			n.t.Log("\n" + n.timeline())
		}
	}()
	for _, name := range who {
		n.Phone(name).DoesNotRing(0)
	}
}

// must fails the story on an error.
func (n *night) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}
