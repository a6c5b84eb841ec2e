package loopleg_test

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/legtest"
	"github.com/kaden-project/kaden/leg/loopleg"
	"github.com/kaden-project/kaden/media"
)

func TestStories(t *testing.T) {
	for _, c := range legtest.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { legtest.Tell(t, c, open) })
		})
	}
}

func TestStoriesInRealTime(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: takes seconds")
	}
	legtest.Run(t, open)
}

// house is loopleg as legtest sees it: each phone is the other end of a pair.
type house struct {
	t    *testing.T
	mu   sync.Mutex
	free map[string]*phone
}

func open(t *testing.T) legtest.House { return &house{t: t, free: map[string]*phone{}} }

func (h *house) Dialer() leg.Dialer {
	return &loopleg.Dialer{Accept: func(l leg.Leg) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.free[l.Info().To].connect(l)
	}}
}

func (h *house) Phone() legtest.Phone {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := &phone{t: h.t, uri: "tel:+8150000000" + string(rune('0'+len(h.free))), called: make(chan struct{}), over: make(chan leg.Cause, 1)}
	h.free[p.uri] = p
	return p
}

// Call makes a phone dial, and gives the end that is called.
func (h *house) Call(p legtest.Phone) leg.Leg {
	var in leg.Leg
	d := &loopleg.Dialer{Accept: func(l leg.Leg) { in = l }}
	out, err := d.Dial(h.t.Context(), leg.Target{URI: "tel:+815012345678", From: "+819011112222"}, leg.Options{})
	if err != nil {
		h.t.Fatal(err)
	}
	p.(*phone).connect(out)
	return in
}

func (h *house) Open() int { return 0 } // nothing but goroutines

// phone is the far end as a person moves it.
type phone struct {
	t      *testing.T
	uri    string
	called chan struct{}
	over   chan leg.Cause
	leg    leg.Leg

	mu     sync.Mutex
	digits string
}

func (p *phone) connect(l leg.Leg) {
	p.leg = l
	close(p.called)
	go func() {
		for e := range l.Events() {
			switch e.Kind {
			case leg.Digit:
				p.mu.Lock()
				p.digits += e.Digit
				p.mu.Unlock()
			case leg.Ended:
				if e.Cause == leg.CallerLeft { // the words of legtest: it got a CANCEL
					e.Cause = leg.Canceled
				}
				if e.Cause == leg.Canceled && !l.Info().Inbound { // and: it hung up
					e.Cause = leg.Completed
				}
				p.over <- e.Cause
			}
		}
		close(p.over)
	}()
}

func (p *phone) Target() leg.Target      { return leg.Target{URI: p.uri, From: "+819011112222"} }
func (p *phone) Called() <-chan struct{} { return p.called }
func (p *phone) Deaf()                   {} // it says nothing unless told to
func (p *phone) Ring()                   { _ = p.leg.Ring(p.t.Context(), false) }
func (p *phone) Early()                  { _ = p.leg.Ring(p.t.Context(), true) }
func (p *phone) Answer()                 { _ = p.leg.Answer(p.t.Context()) }
func (p *phone) Refuse(c leg.Cause)      { _ = p.leg.Hangup(p.t.Context(), c) }
func (p *phone) HangUp()                 { _ = p.leg.Hangup(p.t.Context(), leg.Completed) }
func (p *phone) Press(keys string)       { _ = p.leg.SendDigits(p.t.Context(), keys) }
func (p *phone) Play(src media.Source)   { p.leg.Play(src) }
func (p *phone) Listen(sink media.Sink)  { p.leg.Listen(sink) }
func (p *phone) Over() <-chan leg.Cause  { return p.over }
func (p *phone) Digits() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.digits
}

func TestBothEndsSeeTheSameCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var in leg.Leg
		d := &loopleg.Dialer{Accept: func(l leg.Leg) { in = l }}
		to := leg.Target{URI: "tel:+815012345678", From: "+819011112222", Headers: map[string]string{"X-A": "1"}}
		out, err := d.Dial(t.Context(), to, leg.Options{ID: "CA1"})
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range []leg.Info{in.Info(), out.Info()} {
			if i.From != to.From || i.To != to.URI || i.CallID != "CA1" || i.Headers["X-A"] != "1" {
				t.Errorf("%+v", i)
			}
		}
		if err := out.Ring(t.Context(), false); err == nil {
			t.Error("the end that dialled rang")
		}
		if err := out.Answer(t.Context()); err == nil {
			t.Error("the end that dialled answered")
		}
		if err := out.SendDigits(t.Context(), "1"); err == nil || !strings.Contains(err.Error(), "not answered") {
			t.Errorf("keys before the answer: %v", err)
		}
		_ = in.Hangup(t.Context(), "")
		if e := <-out.Events(); e.Cause != leg.Rejected || e.Status != 603 {
			t.Errorf("%+v", e)
		}
	})
}

// heard notes the words of what arrives, and how much of it.
type heard struct {
	words  []string
	frames int
}

func (h *heard) Write(*media.Frame) { h.frames++ }
func (h *heard) WriteCaptioned(_ *media.Frame, caption string) {
	h.frames++
	if caption != "" && (len(h.words) == 0 || h.words[len(h.words)-1] != caption) {
		h.words = append(h.words, caption)
	}
}

func TestWhatIsFedIsHeardInTheSameMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var in leg.Leg
		d := &loopleg.Dialer{Accept: func(l leg.Leg) { in = l }}
		out, err := d.Dial(t.Context(), leg.Target{URI: "tel:+815012345678"}, leg.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var h heard
		in.Listen(&h)
		feed := out.(leg.Through).Feed()
		feed.Write(new(media.Frame)) // before the answer it is not carried
		_ = in.Answer(t.Context())
		synctest.Wait()
		if h.frames != 0 {
			t.Fatalf("%d frames before the answer", h.frames)
		}
		feed.(media.CaptionSink).WriteCaptioned(new(media.Frame), "hello")
		if h.frames != 1 || strings.Join(h.words, " ") != "hello" {
			t.Errorf("%+v", h)
		}
		out.Play(media.NewClip(make([]int16, 3*media.Samples), "a clip").Source())
		synctest.Wait()
		_ = out.SendDigits(t.Context(), "w")
		in.Listen(nil)
		synctest.Wait()
		if h.frames < 4 || strings.Join(h.words, " ") != "hello a clip" {
			t.Errorf("%+v", h)
		}
		_ = out.Hangup(t.Context(), leg.Completed)
		synctest.Wait()
		feed.Write(new(media.Frame))
	})
}

func TestAReaderWhoNeverReadsLosesTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var in leg.Leg
		d := &loopleg.Dialer{Accept: func(l leg.Leg) { in = l }}
		out, _ := d.Dial(t.Context(), leg.Target{URI: "tel:+815012345678"}, leg.Options{})
		_ = in.Answer(t.Context())
		for range 80 {
			_ = in.SendDigits(t.Context(), "1")
		}
		var last leg.Event
		for e := range out.Events() {
			last = e
		}
		if last.Kind != leg.Ended || last.Cause != leg.Fault {
			t.Errorf("%+v", last)
		}
	})
}
