package voice

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/twiml"
)

// A transfer: one of two whom a <Dial> has joined wants somebody else in its place, and its phone sends a REFER.
//
//   - With a referUrl (Twilio's page on REFER), its document goes on with the one who stays. Who leaves is let go at once,
//     or with answerOnBridge once the one who stays talks to somebody else; comes nobody, the two talk on.
//   - A phone of our own domains, where no program decides about its calls, may give the call to whomever it could call
//     itself, as with answerOnBridge; and to another call of its own, which is then joined with this one (an attended
//     transfer).
//   - Every other wish is declined, with 13802.

// move is a transfer under way.
type move struct {
	by      *call.Call   // who leaves
	program call.Program // what goes on with who stays
	ask     request      // its first document
	patient bool         // who leaves waits until who stays talks to somebody

	// What became of it; under the group's mutex.
	over    chan struct{} // closed when it is decided
	verdict verdict
	left    bool // who leaves has hung up while it waited
	said    bool // the verdict is being told
}

type verdict uint8

const (
	undecided verdict = iota
	joined            // who stays talks to somebody else: who leaves may go
	back              // nobody came: the two talk on
	lost              // who stays is gone, or nobody came and who leaves is gone
)

var errMoved = errors.New("one of the two gives the call to somebody else")

// wishes lets the two of a <Dial> be transferred while they talk. part ends the conversation.
func (t *run) wishes(v *twiml.Dial, g *group, part func(error)) (undo func()) {
	won := g.winner()
	wish := func(by *call.Call) func(call.Referral) bool {
		return func(r call.Referral) bool {
			m := t.wish(v, by, r)
			if m == nil || !g.moves(m) {
				return false
			}
			if r.Program == nil {
				by.Referring(100)
			}
			part(errMoved)
			return true
		}
	}
	caller, callee := t.call.OnRefer(wish(t.call)), won.OnRefer(wish(won))
	return func() {
		callee()
		caller()
	}
}

// wish decides about one; nil: it is declined. It runs on the goroutine that owns by, while this one waits in Talk.
func (t *run) wish(v *twiml.Dial, by *call.Call, r call.Referral) *move {
	m := &move{by: by, program: t.program, over: make(chan struct{})}
	own := func(p call.Program, patient bool) *move {
		m.program, m.ask, m.patient = p, request{method: p.Method, url: p.URL}, patient
		return m
	}
	switch {
	case r.Program != nil:
		return own(*r.Program, false)
	case r.Replaces != "":
		other, ok := by.Beside(r.Replaces)
		if !ok {
			t.trouble(v, problem.Error, 0, "a phone wants to join two calls, and the second one is not its own, or not answered: declined", "")
			return nil
		}
		p := meeting(by)
		if !other.Refer(call.Referral{Program: &p}) {
			t.trouble(v, problem.Error, 0, "a phone wants to join two calls, and nobody talks to it on the second one: declined", "")
			return nil
		}
		return own(p, false)
	case v.ReferURL != "":
		where, err := t.resolve(v.ReferURL)
		if err != nil {
			t.trouble(v, problem.Error, 11100, err.Error(), "write the whole URL")
			return nil
		}
		m.ask = request{method: post(v.ReferMethod), url: where, extra: url.Values{"ReferTransferTarget": {transferTarget(r)}}}
		m.patient = v.AnswerOnBridge
		return m
	}
	if p, ok := by.MayTransfer(r.Target); ok {
		return own(p, true)
	}
	why := "there is no referUrl"
	if phone := by.Phone(); phone != "" {
		why += ", and " + phone + " may not call there itself"
	}
	t.trouble(v, problem.Error, 13802, "a phone wants to be replaced by "+number.Mask(r.Target)+": declined, "+why, "referUrl of <Dial> says what becomes of the call")
	return nil
}

// transferTarget is the address with its headers, as it stood in the REFER.
func transferTarget(r call.Referral) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		if strings.EqualFold(name, "Referred-By") {
			continue // it stands beside the address
		}
		b.WriteString(map[bool]string{true: "?", false: "&"}[b.Len() == 0])
		b.WriteString(strings.ReplaceAll(url.QueryEscape(name)+"="+url.QueryEscape(r.Headers[name]), "+", "%20"))
	}
	return r.Target + b.String()
}

// meeting is what goes on with the two whom a phone joins: a room of their own, of which each one leaving is the end.
func meeting(by *call.Call) call.Program {
	return call.Program{TwiML: `<Response><Dial><Conference beep="false" waitUrl="" endConferenceOnExit="true">transfer of ` + string(by.SID()) + `</Conference></Dial></Response>`}
}

// moves notes a transfer, unless one is under way or the two do not talk any more.
func (g *group) moves(m *move) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.moved != nil && g.moved.verdict != back || g.shut {
		return false
	}
	g.moved = m
	return true
}

// moving is the last transfer, which may have come to nothing already; nil is none but seen.
func (g *group) moving(seen *move) *move {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.moved == seen {
		return nil
	}
	return g.moved
}

// moveOn sees to the transfer m that has ended a conversation, on the caller's side. nil is none, or that it came to nothing:
// again tells that the two talk on. Else it says how the caller goes on.
func (t *run) moveOn(ctx context.Context, g *group, m *move) (then *next, again bool) {
	switch {
	case m == nil:
		return nil, false
	case m.by == t.call && !m.patient:
		g.decide(m, joined)
		return &next{over: true}, false
	case m.by == t.call:
		switch g.holds(ctx, t.call, m) {
		case back:
			return nil, true
		case lost:
			return nil, false
		}
		return &next{over: true}, false // the other one's own script goes on
	case ctx.Err() != nil:
		return nil, false
	case !m.patient:
		g.decide(m, joined)
		t.program = m.program
		return &next{jump: &m.ask}, false
	}
	v, end, err := g.stays(ctx, t.Runner, t.call, m)
	if v == joined || err == nil && end == hungUp {
		return &next{over: true}, false
	}
	return nil, v == back
}

// goOn is the same on the side of the one who was called: where to talk on, or nil, and the error of the call's end.
func (g *group) goOn(ctx context.Context, r *Runner, c *call.Call, m *move) (*call.Side, error) {
	v, err := lost, error(nil)
	switch {
	case m == nil:
		return nil, nil
	case m.by == c:
		v = g.holds(ctx, c, m)
	default:
		v, _, err = g.stays(ctx, r, c, m)
	}
	if v != back {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	side := g.called
	return &side, nil
}

// stays runs the transfer's document on the call of who stays, to its end. One that hangs up means who stays.
func (g *group) stays(ctx context.Context, r *Runner, c *call.Call, m *move) (verdict, ending, error) {
	w := &run{Runner: r, call: c, log: r.log.With("call", c.SID()), program: m.program, mute: m.patient}
	if !m.patient { // it is decided already
		end, err := w.perform(ctx, &m.ask)
		return joined, end, err
	}
	w.talks = func() {
		w.mute = false
		g.decide(m, joined)
	}
	end, err := w.perform(ctx, &m.ask)
	if err != nil || end == hungUp {
		return g.decide(m, lost), end, err
	}
	return g.decide(m, back), end, nil
}

// settled tells whoever gave the call away that it talks to somebody, or waits for somebody.
func (t *run) settled() {
	if t.talks != nil {
		t.talks()
	}
}

// holds lets who leaves hear music until it is known whether somebody comes. undecided is that it has hung up before.
func (g *group) holds(ctx context.Context, c *call.Call, m *move) verdict {
	hold, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() {
		select {
		case <-m.over:
			stop(errJoined)
		case <-hold.Done():
		}
	}()
	if m.patient {
		_ = c.Play(hold, media.Waiting())
	} else {
		<-hold.Done()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if m.verdict == undecided {
		m.left = true
	}
	return m.verdict // who has hung up in the moment of back leaves the conversation at once
}

// decide says what became of a transfer, once; later calls are told what it was. Who leaves hears of it before it is
// woken: a phone that is hung up shows no end of a transfer.
func (g *group) decide(m *move, v verdict) verdict {
	g.mu.Lock()
	said := m.said
	m.said = true
	g.mu.Unlock()
	if said {
		<-m.over
		g.mu.Lock()
		defer g.mu.Unlock()
		return m.verdict
	}
	if v == joined {
		m.by.Referring(200)
	} else {
		m.by.Referring(480)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if m.verdict = v; v == back && m.left {
		m.verdict = lost
	}
	if m.verdict == back {
		g.bridge, g.caller, g.called = call.NewBridge()
	}
	close(m.over)
	return m.verdict
}

// alone declines the wishes of a phone that nobody is joined with. It runs on the goroutine that owns the call.
func (t *run) alone(r call.Referral) bool {
	rec := t.call.Record()
	p := problem.Problem{
		Level: problem.Error, Code: 13802, Text: fmt.Sprintf("the phone wants to be replaced by %s, and nobody is joined with it: declined", number.Mask(r.Target)),
		Hint: "a <Dial> of <Number>, <Sip> or <Client> can be transferred",
	}
	t.log.Warn("twiml", "code", p.Code, "err", p.String())
	if t.cfg.Notify != nil {
		t.cfg.Notify(Notice{Account: rec.Account, Call: rec.SID, Problem: p})
	}
	return false
}
