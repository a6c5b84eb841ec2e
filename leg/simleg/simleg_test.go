package simleg_test

import (
	"testing"
	"testing/synctest"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/legtest"
	"github.com/kaden-project/kaden/leg/simleg"
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

// house is simleg as legtest sees it.
type house struct {
	t    *testing.T
	free map[string]*phone
}

func open(t *testing.T) legtest.House { return &house{t: t, free: map[string]*phone{}} }

func (h *house) Dialer() leg.Dialer {
	return &simleg.Dialer{Take: func(p *simleg.Phone) bool {
		q := h.free[p.Info().To]
		q.connect(p)
		return true
	}}
}

func (h *house) Phone() legtest.Phone {
	uri := "sim:phone-" + string(rune('a'+len(h.free)))
	p := &phone{uri: uri, called: make(chan struct{}), over: make(chan leg.Cause, 1)}
	h.free[uri] = p
	return p
}

func (h *house) Call(p legtest.Phone) leg.Leg {
	l, far := simleg.Call(h.t.Context(), simleg.Incoming{From: "sim:caller", To: "sim:us"})
	p.(*phone).connect(far)
	return l
}

func (h *house) Open() int { return 0 } // nothing but goroutines

type phone struct {
	uri    string
	called chan struct{}
	over   chan leg.Cause
	*simleg.Phone
}

func (p *phone) connect(far *simleg.Phone) {
	p.Phone = far
	close(p.called)
	go func() {
		<-far.Over()
		p.over <- far.State().Cause
		close(p.over)
	}()
}

func (p *phone) Target() leg.Target      { return leg.Target{URI: p.uri} }
func (p *phone) Called() <-chan struct{} { return p.called }
func (p *phone) Deaf()                   {} // it says nothing unless told to
func (p *phone) Play(src media.Source)   { p.Say(src) }
func (p *phone) Over() <-chan leg.Cause  { return p.over }

func (p *phone) Refer(target string, headers map[string]string) {
	p.Phone.Refer(simleg.Referral{Target: target, Headers: headers})
}
func (p *phone) Asked() string { return p.Phone.Asked().Target }
