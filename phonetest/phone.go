package phonetest

import (
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/trunk"
)

// Phone is somebody with a phone. Each of its methods waits until what it says has happened, fails the test
// if it does not, and gives the Phone back, so that a night can be told in one line.
type Phone struct {
	house   *House
	uri     string
	name    string
	waiting chan struct{}   // one place: a call has come
	calls   []*simleg.Phone // not yet expected by the story; house.mu guards it

	now   *simleg.Phone // the call the story is about
	since time.Time     // when it rang
	from  int           // what was heard before this place is behind us
}

// How long a story waits: for a ring, and for anything within a call. In a bubble that is nothing.
const (
	forRing = 3 * time.Hour
	forRest = 10 * time.Minute
)

// called is a call that arrives. house.mu is held.
func (p *Phone) called(far *simleg.Phone) {
	p.calls = append(p.calls, far)
	select {
	case p.waiting <- struct{}{}:
	default:
	}
}

// leftovers are calls that nobody expected. house.mu is held.
func (p *Phone) leftovers() {
	for _, far := range p.calls {
		p.house.t.Errorf("%s's phone was called, and nothing in the story expects it (from %s)", p.name, far.Info().From)
	}
}

// IsCalled waits for the next call to this phone. It does not ring yet.
func (p *Phone) IsCalled() *Phone {
	p.house.t.Helper()
	limit := time.NewTimer(forRing)
	defer limit.Stop()
	for {
		p.house.mu.Lock()
		if len(p.calls) > 0 {
			p.now, p.calls = p.calls[0], p.calls[1:]
			p.house.mu.Unlock()
			p.since, p.from = time.Now(), 0
			return p
		}
		p.house.mu.Unlock()
		select {
		case <-p.waiting:
		case <-limit.C:
			p.house.t.Fatalf("%s's phone did not ring", p.name)
		}
	}
}

// Rings waits for the next call, and rings.
func (p *Phone) Rings() *Phone {
	p.house.t.Helper()
	p.IsCalled().now.Ring()
	return p
}

// DoesNotRing tells that no call has come, and that none comes within d.
func (p *Phone) DoesNotRing(d time.Duration) *Phone {
	p.house.t.Helper()
	time.Sleep(d)
	p.house.mu.Lock()
	defer p.house.mu.Unlock()
	if len(p.calls) > 0 {
		p.house.t.Fatalf("%s's phone rings", p.name)
	}
	return p
}

// Calls dials into the House.
func (p *Phone) Calls(to string) *Phone { return p.dials(simleg.Incoming{To: to}) }

// CallsOver dials into the House over a trunk, whose keys are tones in the sound where it says so.
func (p *Phone) CallsOver(t trunk.Trunk, to string) *Phone {
	return p.dials(simleg.Incoming{To: to, Line: t.Name, InBand: t.InBandDTMF})
}

func (p *Phone) dials(in simleg.Incoming) *Phone {
	in.From, in.Phone = p.uri, p.house.own(p.uri)
	l, far := simleg.Call(p.house.t.Context(), in)
	p.now, p.since, p.from = far, time.Now(), 0
	p.house.Desk.Accept(l)
	return p
}

// IsAnswered waits until the House has picked up this phone's own call.
func (p *Phone) IsAnswered() *Phone {
	p.house.t.Helper()
	p.until("to be answered", func(s simleg.State) bool { return !s.Answered.IsZero() })
	return p
}

// Answers picks up.
func (p *Phone) Answers() *Phone {
	p.house.t.Helper()
	p.far().Answer()
	p.until("to be connected", func(s simleg.State) bool { return !s.Answered.IsZero() })
	return p
}

// Declines refuses the call by thumb (603).
func (p *Phone) Declines() *Phone { p.far().Refuse(leg.Rejected); return p }

// IsBusy refuses the call (486).
func (p *Phone) IsBusy() *Phone { p.far().Refuse(leg.Busy); return p }

// Refuses refuses the call with any cause.
func (p *Phone) Refuses(c leg.Cause) *Phone { p.far().Refuse(c); return p }

// Presses presses keys.
func (p *Phone) Presses(keys string) *Phone { p.far().Press(keys); return p }

// Says says words, for a second. Whoever is joined hears them.
func (p *Phone) Says(words string) *Phone {
	p.far().Say(Words(words))
	return p
}

// Words are a second of silence with a caption.
func Words(words string) media.Source {
	return media.NewClip(make([]int16, media.Rate), words).Source()
}

// Sees is the caller ID that the phone shows.
func (p *Phone) Sees() string { return p.far().Info().From }

// HangsUp puts the phone down.
func (p *Phone) HangsUp() *Phone { p.far().HangUp(); return p }

// Waits lets time pass.
func (p *Phone) Waits(d time.Duration) *Phone { time.Sleep(d); return p }

// Hears waits until something begins to be heard that contains words. What came before is behind us then.
func (p *Phone) Hears(words string) *Phone {
	p.house.t.Helper()
	if !p.hears(words) {
		p.house.t.Fatalf("%s does not hear %q; heard:%s", p.name, words, p.story())
	}
	return p
}

// HearsAll is Hears, and waits until it has been said to the end.
func (p *Phone) HearsAll(words string) *Phone {
	p.house.t.Helper()
	p.Hears(words)
	i := p.from - 1
	p.until("to hear the end of "+words, func(simleg.State) bool { return !p.far().Heard()[i].To.IsZero() })
	if p.far().Heard()[i].Cut {
		p.house.t.Errorf("%s heard %q cut short", p.name, words)
	}
	return p
}

func (p *Phone) hears(words string) bool {
	limit := time.NewTimer(forRest)
	defer limit.Stop()
	for {
		changed := p.far().Changed()
		heard := p.far().Heard()
		i := slices.IndexFunc(heard[min(p.from, len(heard)):], func(h simleg.Heard) bool { return strings.Contains(h.Caption, words) })
		if i >= 0 {
			p.from += i + 1
			return true
		}
		if !p.now.State().Ended.IsZero() {
			return false
		}
		select {
		case <-changed:
		case <-limit.C:
			return false
		}
	}
}

// StopsRinging waits until the call is given up before it was answered.
func (p *Phone) StopsRinging() *Phone {
	p.house.t.Helper()
	p.until("to stop ringing", func(s simleg.State) bool { return !s.Ended.IsZero() })
	if s := p.now.State(); s.Cause != leg.Canceled {
		p.house.t.Errorf("%s's phone stopped for %q, want canceled", p.name, s.Cause)
	}
	return p
}

// IsHungUp waits until the House has ended the call.
func (p *Phone) IsHungUp() *Phone {
	p.house.t.Helper()
	p.until("to be hung up", func(s simleg.State) bool { return !s.Ended.IsZero() })
	if s := p.now.State(); s.Cause != leg.HungUp {
		p.house.t.Errorf("%s's call ended for %q, want hung-up; heard:%s", p.name, s.Cause, p.story())
	}
	return p
}

// IsRefused waits until the House has refused this phone's own call, for c.
func (p *Phone) IsRefused(c leg.Cause) *Phone {
	p.house.t.Helper()
	p.until("to be refused", func(s simleg.State) bool { return !s.Ended.IsZero() })
	if s := p.now.State(); s.Cause != c {
		p.house.t.Errorf("%s's call ended for %q, want %q", p.name, s.Cause, c)
	}
	return p
}

// Far is the simulated phone of the call the story is about, for everything that has no word here.
func (p *Phone) Far() *simleg.Phone { return p.far() }

// RangAt is when the call the story is about arrived.
func (p *Phone) RangAt() time.Time { return p.since }

func (p *Phone) far() *simleg.Phone {
	p.house.t.Helper()
	if p.now == nil {
		p.house.t.Fatalf("%s has no call: the story begins with Rings or Calls", p.name)
	}
	return p.now
}

func (p *Phone) until(what string, is func(simleg.State) bool) {
	p.house.t.Helper()
	limit := time.NewTimer(forRest)
	defer limit.Stop()
	for {
		changed := p.far().Changed()
		s := p.now.State()
		if is(s) {
			return
		}
		if !s.Ended.IsZero() {
			p.house.t.Fatalf("%s waited %s, but the call is over (%s); heard:%s", p.name, what, s.Cause, p.story())
		}
		select {
		case <-changed:
		case <-limit.C:
			p.house.t.Fatalf("%s waited %v %s; heard:%s", p.name, forRest, what, p.story())
		}
	}
}

// story is what was heard so far, for a failure.
func (p *Phone) story() string {
	var b strings.Builder
	for _, h := range p.now.Heard() {
		b.WriteString("\n\t" + h.Caption)
		if h.Cut {
			b.WriteString(" (cut short)")
		}
	}
	if b.Len() == 0 {
		return " nothing"
	}
	return b.String()
}
