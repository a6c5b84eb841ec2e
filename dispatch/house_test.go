package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/store/memstore"
	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/twiml"
)

// house is a dispatcher with people, a store in memory and telephones that the test holds in its hands.
type house struct {
	t     *testing.T
	store *memstore.Store
	set   *manifest.Set
	d     *dispatch.Dispatcher
	phones
	stop    func()
	keyed   int
	machine func(callout.State, callout.Event) (callout.State, []callout.Command) // instead of callout.Decide
	dead    bool                                                                  // crashed: what Run says is heard by nobody
}

// phones is dispatch.Caller: every call that is placed waits for the test to say what happens to it.
type phones struct {
	mu     sync.Mutex
	calls  []*phone
	mute   error  // what Prepare answers
	cannot string // words that Prepare cannot have spoken
	refuse error  // what Call answers
	asker  call.Asker
	spoken []string      // all that was prepared
	slow   time.Duration // Prepare takes this long
	away   bool          // calls are on another platform
	fixed  bool          // … and what they say went with the order
	over   func(o call.Order, e call.Event)
	rests  []*phone // calls on another platform that have outlived the process
}

// phone is one call as its person sees it.
type phone struct {
	t       *testing.T
	all     *phones
	order   call.Order
	to      string
	taken   bool // the test has it in hand
	over    bool
	rang    bool
	lingers bool      // the last words take long
	ended   leg.Cause // how kaden ended it, "" if it did not
	where   string    // URL of the document that is heard
	heard   []string
	pressTo string // where a key goes
	next    string // what is fetched when nobody presses
}

// speaksFor makes Prepare take so long.
func (p *phones) speaksFor(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slow = d
}

func (p *phones) Prepare(ctx context.Context, doc *twiml.Response) error {
	p.mu.Lock()
	slow, err := p.slow, p.mute
	text := strings.Join(words(doc.Verbs), " ")
	p.spoken = append(p.spoken, text)
	if p.cannot != "" && strings.Contains(text, p.cannot) {
		err = errors.New("no voice for " + p.cannot)
	}
	p.mu.Unlock()
	if slow > 0 {
		select {
		case <-time.After(slow):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return err
}

func (p *phones) Call(_ context.Context, o call.Order) (dispatch.Line, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuse != nil {
		return nil, p.refuse
	}
	c := &phone{all: p, order: o, to: o.To.String()}
	p.calls = append(p.calls, c)
	if p.away {
		if err := o.Keep(context.Background(), leg.Remains(`{"upstream":"far"}`)); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// rejoin takes up a call that goes on elsewhere.
func (p *phones) rejoin(_ context.Context, a dispatch.Attempt, o call.Order) (dispatch.Line, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.rests {
		if c.order.Attempt != a.ID || c.over {
			continue
		}
		c.order, c.taken, p.calls = o, false, append(p.calls, c)
		status := call.Initiated
		switch {
		case c.where != "":
			status = call.InProgress
		case c.rang:
			status = call.Ringing
		}
		go o.Heard(call.Event{At: time.Now(), Status: status, Trunk: "far"})
		return c, nil
	}
	return nil, errors.New("nothing is left of it")
}

// Away and Fixed tell where a call is, and whether anything else can be told in it.
func (c *phone) Away() bool  { return c.all.away }
func (c *phone) Fixed() bool { return c.all.fixed }

// Redirect lets the person hear another document.
func (c *phone) Redirect(to call.Program) error {
	c.fetch(to.URL, nil)
	return nil
}

// End is kaden hanging up.
func (c *phone) End(cause leg.Cause) {
	c.all.mu.Lock()
	was := c.over
	c.over, c.ended = true, cause
	c.all.mu.Unlock()
	if !was {
		status := call.Completed
		if c.where == "" {
			status = call.Canceled
		}
		go c.hear(call.Event{At: time.Now(), Status: status, Cause: cause, ByUs: true})
	}
}

// hear is the end of the call as the desk writes and tells it.
func (c *phone) hear(e call.Event) {
	c.all.over(c.order, e)
	c.order.Heard(e)
}

// words are what a document says; a sound is the last part of its address but one.
func words(verbs []twiml.Verb) (out []string) {
	for _, v := range verbs {
		switch v := v.(type) {
		case *twiml.Say:
			for _, s := range v.Spans {
				out = append(out, s.Text)
			}
		case *twiml.Gather:
			out = append(out, words(v.Nested)...)
		}
	}
	return out
}

const plans = `
plan: default
confirm: key
steps:
  - call: [sato, suzuki, tanaka]
    order: in-turn
    ring: 20s
`

// newHouse opens a house with sato, suzuki and tanaka and the plan (default: in turn).
func newHouse(t *testing.T, plan string) *house {
	t.Helper()
	if plan == "" {
		plan = plans
	}
	p, _, problems := callout.ParsePlan([]byte(strings.TrimSpace(plan) + "\n"))
	if problems.Refused() {
		t.Fatalf("the plan of this story: %v", problems)
	}
	h := &house{t: t, store: memstore.New(), set: &manifest.Set{
		Plans: map[string]callout.Plan{"default": p}, People: map[string]oncall.Person{},
		Sources: map[string]alert.Source{"json": {Name: "json", Kind: "json"}},
	}}
	for name, reading := range map[string]string{"sato": "さとう", "suzuki": "すずき", "tanaka": "たなか"} {
		h.set.People[name] = oncall.Person{
			ID: name, Name: strings.ToUpper(name[:1]) + name[1:], Reading: reading, Language: "en-US",
			Contacts: []oncall.Method{{Address: number.Address{Scheme: number.Sim, Text: name}}},
		}
	}
	h.start()
	return h
}

func (h *house) start() {
	h.t.Helper()
	h.d = dispatch.New(slog.New(slog.DiscardHandler), dispatch.Config{
		Store: h.store, Caller: &h.phones, House: func() *manifest.Set { return h.set },
		Secret: []byte("a secret of the tests"), Account: sid.Account("AC" + strings.Repeat("a", 32)),
		EndGhost: h.endGhost, Rejoin: h.rejoin, PublicURL: "https://kaden.example",
	})
	if h.machine != nil {
		h.d.DecideWith(h.machine)
	}
	h.phones.asker = h.d
	h.phones.over = func(o call.Order, e call.Event) { // what the desk writes at the end of a call
		r := o.Record(e.At, "kaden")
		r.Status, r.Cause, r.Ended = e.Status, e.Cause, e.At
		h.store.Change(context.Background(), call.Change{Record: r})
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	d := h.d
	go func() { done <- d.Run(ctx) }()
	h.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil && !h.dead {
			h.t.Errorf("Run: %v", err)
		}
	})
	h.t.Cleanup(func() { h.stop() })
	synctest.Wait()
}

func (h *house) endGhost(_ context.Context, a dispatch.Attempt) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.spoken = append(h.spoken, "ghost of "+a.Person+" ended")
	return nil
}

// alert sends one, and waits until everything it leads to has happened.
func (h *house) alert(key, title string, change ...func(*alert.Alert)) alert.Receipt {
	h.t.Helper()
	r, err := h.send(key, title, change...)
	if err != nil {
		h.t.Fatalf("alert %q: %v", title, err)
	}
	return r
}

func (h *house) send(key, title string, change ...func(*alert.Alert)) (alert.Receipt, error) {
	h.t.Helper()
	a := alert.Alert{Key: key, Action: alert.Trigger, Severity: alert.Critical, Title: title}
	for _, f := range change {
		f(&a)
	}
	h.keyed++
	r, err := h.d.Accept(context.Background(), alert.Delivery{
		ID: fmt.Sprint(h.keyed), Source: "json", Kind: "json", Raw: []byte(title), ReceivedAt: time.Now(), Alerts: []alert.Alert{a},
	})
	synctest.Wait()
	return r, err
}

func resolve(a *alert.Alert) { a.Action = alert.Resolve }

func severity(s alert.Severity) func(*alert.Alert) {
	return func(a *alert.Alert) { a.Severity = s }
}

// rings is the next call to somebody; the story fails if there is none.
func (h *house) rings(who string) *phone {
	h.t.Helper()
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.calls {
		if c.to == "sim:"+who && !c.taken {
			c.taken, c.t = true, h.t
			return c
		}
	}
	h.t.Fatalf("%s was not called; calls: %v", who, h.summary())
	return nil
}

// quiet fails the story if anybody is called who was not yet in hand.
func (h *house) quiet() {
	h.t.Helper()
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.calls {
		if !c.taken {
			h.t.Fatalf("%s was called and should not have been", c.to)
		}
	}
}

func (h *house) summary() (out []string) {
	for _, c := range h.calls {
		out = append(out, fmt.Sprintf("%s taken=%v ended=%q", c.to, c.taken, c.ended))
	}
	return out
}

func (h *house) after(d time.Duration) { time.Sleep(d); synctest.Wait() }

func (c *phone) says(e call.Event) {
	e.At = time.Now()
	if e.Status.Over() {
		c.all.over(c.order, e)
	}
	c.order.Heard(e)
	synctest.Wait()
}

// ring is the first 18x.
func (c *phone) ring() *phone {
	c.all.mu.Lock()
	c.rang = true
	c.all.mu.Unlock()
	c.says(call.Event{Status: call.Ringing, SIP: 180})
	return c
}

// answer picks up and listens to the script.
func (c *phone) answer() *phone {
	c.says(call.Event{Status: call.InProgress, SIP: 200})
	c.fetch(c.order.Program.URL, nil)
	synctest.Wait()
	return c
}

func (c *phone) fetch(url string, digits []string) {
	params := map[string][]string{"CallSid": {string(c.order.SID)}}
	if digits != nil {
		params["Digits"] = digits
	}
	reply, err := c.all.asker.Ask(context.Background(), call.Ask{Method: "POST", URL: url, Params: params})
	if err != nil || reply.Status != 200 {
		c.t.Errorf("script %s: %d %v", url, reply.Status, err)
		return
	}
	doc, problems := twiml.Parse(reply.Body)
	if len(problems) > 0 {
		c.t.Errorf("the script is not clean TwiML: %v\n%s", problems, reply.Body)
	}
	base := url[:strings.LastIndexByte(strings.SplitN(url, "?", 2)[0], '/')+1]
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	c.where, c.pressTo, c.next = url, "", ""
	c.heard = append(c.heard, strings.Join(words(doc.Verbs), " "))
	n := len(c.heard)
	for _, v := range doc.Verbs {
		switch v := v.(type) {
		case *twiml.Gather:
			c.pressTo = base + v.Action
		case *twiml.Redirect:
			c.next = base + v.URL
		case *twiml.Hangup:
			if c.pressTo != "" { // the line waits for a key a little
				time.AfterFunc(5*time.Second, func() {
					c.all.mu.Lock()
					defer c.all.mu.Unlock()
					if len(c.heard) == n && !c.over {
						c.over = true
						go c.hear(call.Event{At: time.Now(), Status: call.Completed, Cause: leg.Completed, ByUs: true})
					}
				})
				return
			}
			if !c.over && !c.lingers {
				c.over = true
				go c.hear(call.Event{At: time.Now(), Status: call.Completed, Cause: leg.Completed, ByUs: true})
			}
		}
	}
}

// press hits a key and listens on.
func (c *phone) press(key string) *phone {
	c.t.Helper()
	if c.pressTo == "" {
		c.t.Fatalf("%s cannot press %s now: hears %q", c.to, key, c.heard)
	}
	c.fetch(c.pressTo, []string{key})
	synctest.Wait()
	return c
}

// listens hears the whole message without a key.
func (c *phone) listens() *phone {
	c.t.Helper()
	c.fetch(c.next, nil)
	synctest.Wait()
	return c
}

// hears checks what was said last.
func (c *phone) hears(text string) *phone {
	c.t.Helper()
	synctest.Wait()
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	if len(c.heard) == 0 || !strings.Contains(c.heard[len(c.heard)-1], text) {
		c.t.Fatalf("%s does not hear %q; heard: %q", c.to, text, c.heard)
	}
	return c
}

// ends is the far end's or the network's doing.
func (c *phone) ends(status call.Status, cause leg.Cause, sip int) {
	c.all.mu.Lock()
	c.over = true
	c.all.mu.Unlock()
	c.says(call.Event{Status: status, Cause: cause, SIP: sip})
}

func (c *phone) busy()     { c.ends(call.Busy, leg.Busy, 486) }
func (c *phone) noAnswer() { c.ends(call.NoAnswer, leg.NoAnswer, 487) }
func (c *phone) fails()    { c.ends(call.Failed, leg.Congested, 503) }
func (c *phone) hangsUp()  { c.ends(call.Completed, leg.HungUp, 0) }

// stopped checks that kaden ended the call, and why.
func (c *phone) stopped(cause leg.Cause) {
	c.t.Helper()
	synctest.Wait()
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	if c.ended != cause {
		c.t.Fatalf("%s: ended %q by kaden, want %q", c.to, c.ended, cause)
	}
}

// is checks how an incident stands.
func (h *house) is(id string, want dispatch.Status, by string) {
	h.t.Helper()
	synctest.Wait()
	inc, err := h.store.IncidentByID(context.Background(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	if inc.Status != want || inc.By != by {
		h.t.Fatalf("alert %s is %s by %q, want %s by %q\n%s", id, inc.Status, inc.By, want, by, h.night())
	}
}

// incident is an alert as it is kept.
func (h *house) incident(id string) dispatch.Incident {
	h.t.Helper()
	inc, err := h.store.IncidentByID(context.Background(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return inc
}

// night is the timeline, for failures.
func (h *house) night() string {
	events, _ := h.store.Events(context.Background(), "", 0, 1000)
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "%s %-22s %-8s %s %s\n", e.At.Format("15:04:05.000"), e.Kind, e.Person, e.Cause, e.Text)
	}
	return b.String()
}

// happened checks that a kind of event is on the timeline.
func (h *house) happened(kind timeline.Kind, text string) {
	h.t.Helper()
	events, err := h.store.Events(context.Background(), "", 0, 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, e := range events {
		if e.Kind == kind && strings.Contains(e.Text, text) {
			return
		}
	}
	h.t.Fatalf("nothing of kind %s that says %q:\n%s", kind, text, h.night())
}

// mustNotHave checks that a kind of event is not on the timeline.
func (h *house) mustNotHave(kind timeline.Kind) {
	h.t.Helper()
	events, err := h.store.Events(context.Background(), "", 0, 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, e := range events {
		if e.Kind == kind {
			h.t.Fatalf("%s happened:\n%s", kind, h.night())
		}
	}
}

// maybe is the next call to somebody, or nil.
func (h *house) maybe(who string) *phone {
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.calls {
		if c.to == "sim:"+who && !c.taken {
			c.taken, c.t = true, h.t
			return c
		}
	}
	return nil
}

// crash ends the process without a word: nothing that happens after it reaches the store, and the old
// calls are gone, unless another platform carries them.
func (h *house) crash() {
	h.t.Helper()
	h.store = h.store.Reopen()
	h.mu.Lock()
	calls := h.calls
	for _, c := range calls {
		c.order.Heard = func(call.Event) {}
	}
	h.mu.Unlock()
	h.dead = true
	h.stop()
	h.dead = false
	h.mu.Lock()
	if h.calls, h.rests = nil, nil; h.away {
		h.rests = calls
	}
	h.mu.Unlock()
}

func callAsk(path string) call.Ask {
	return call.Ask{Method: "POST", URL: dispatch.Origin + strings.TrimPrefix(path, dispatch.Origin)}
}
