package voice_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/media/mediatest"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/phonetest"
	"github.com/kaden-project/kaden/sid"
)

// setting is what a story says of its house, beside its documents.
type setting struct {
	inbound, inline bool
	fallback        string
	slow            time.Duration
	from            string                                  // the person's phone; "" is sim:sato
	domain          string                                  // whose phones are our own
	texts           bool                                    // short messages can be sent
	roughly         bool                                    // times are told in tenths: two clocks of the house tick against each other
	applications    map[sid.Application]account.Application // part applications: AP… menu.xml GET
	transfers       map[string]string                       // part transfers: sip:bob@office.example bob.xml
	tones           []float64                               // part tones: 440 700
}

// read takes the parts that are of the house.
func (w *setting) read(t interface{ Fatalf(string, ...any) }, parts []part) {
	for _, p := range parts {
		switch p.name {
		case "call":
			w.words(t, strings.FieldsFunc(p.text, func(r rune) bool { return r == '\n' || r == ',' }))
		case "applications":
			w.applications = map[sid.Application]account.Application{}
			for l := range strings.Lines(p.text) {
				f := append(strings.Fields(l), "", "")
				id := sid.Application(f[0])
				w.applications[id] = account.Application{SID: id, Account: phonetest.Account, Voice: account.Voice{URL: site + f[1], Method: f[2]}}
			}
		case "transfers":
			w.transfers = map[string]string{}
			for l := range strings.Lines(p.text) {
				f := strings.Fields(l)
				w.transfers[f[0]] = site + f[1]
			}
		case "tones":
			for _, f := range strings.Fields(p.text) {
				hz, err := strconv.ParseFloat(f, 64)
				if err != nil {
					t.Fatalf("tone %s: %v", f, err)
				}
				w.tones = append(w.tones, hz)
			}
		}
	}
}

func (w *setting) words(t interface{ Fatalf(string, ...any) }, all []string) {
	for _, one := range all {
		f := append(strings.Fields(one), "")
		switch f[0] {
		case "inbound":
			w.inbound = true
		case "inline":
			w.inline = true
		case "fallback":
			w.fallback = site + f[1]
		case "slow":
			w.slow = span(t, f[1])
		case "from":
			w.from = f[1]
		case "domain":
			w.domain = f[1]
		case "texts":
			w.texts = true
		case "roughly":
			w.roughly = true
		case "":
		default:
			t.Fatalf("nobody knows what a call is that is %s", one)
		}
	}
}

func span(t interface{ Fatalf(string, ...any) }, text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return d
}

// Application is what the story says of one.
func (w *setting) Application(_ context.Context, owner sid.Account, id sid.Application) (account.Application, error) {
	a, ok := w.applications[id]
	if !ok || owner != phonetest.Account {
		return a, account.ErrNotFound
	}
	return a, nil
}

// gives is what goes on when a phone of our own gives a call to target.
func (w *setting) gives(_, target string) (account.Number, bool) {
	where, ok := w.transfers[target]
	return account.Number{Account: phonetest.Account, URL: where}, ok
}

// phones lets others play their parts by themselves. A line is a name and what it does, each moment counted from the call:
// suzuki answers 2s, hums 700 3s at 4s, talks 2s at 7s, presses 1 at 8s, asks for sip:bob@office.example at 9s, hangs up 20s.
func (s *teller) phones(text string) {
	for l := range strings.Lines(text) {
		who, rest, _ := strings.Cut(strings.TrimSpace(l), " ")
		b := simleg.Behaviour{AnswerAfter: simleg.Never}
		for clause := range strings.SplitSeq(rest, ",") {
			s.clause(&b, strings.Fields(clause))
		}
		s.house.Behaves(who, b)
	}
}

func (s *teller) clause(b *simleg.Behaviour, f []string) {
	last := len(f) - 1
	act := func(a simleg.Action) {
		a.At = span(s, f[last]) - b.AnswerAfter
		b.Actions = append(b.Actions, a)
	}
	switch {
	case f[0] == "is" && f[last] == "busy":
		b.AnswerAfter, b.Refuse = 0, leg.Busy
	case f[0] == "is" && f[last] == "unknown":
		b.AnswerAfter, b.Refuse = 0, leg.Invalid
	case f[0] == "rings":
	case f[0] == "answers":
		b.AnswerAfter = span(s, f[last])
	case f[0] == "hangs": // up 9s
		act(simleg.Action{HangUp: true})
	case f[0] == "hums": // 700 3s at 4s
		hz, _ := strconv.ParseFloat(f[1], 64)
		act(simleg.Action{Say: media.Tone(span(s, f[2]), -16, hz)})
	case f[0] == "talks": // 3s at 4s
		act(simleg.Action{Say: media.NewClip(voiceless(span(s, f[1])), "").Source()})
	case f[0] == "presses": // 1 at 4s
		act(simleg.Action{Digits: f[1]})
	case f[0] == "asks": // for sip:bob@office.example X-Case=1 at 4s
		act(simleg.Action{Refer: referral(f[2 : last-1])})
	case f[0] == "replies": // X-Desk=7
		name, value, _ := strings.Cut(f[1], "=")
		b.Replies = map[string]string{name: value}
	default:
		s.Fatalf("nobody knows how a phone %s", strings.Join(f, " "))
	}
}

// voiceless is a voice without words: a buzz of 110 Hz that swells four times a second.
func voiceless(d time.Duration) []int16 {
	samples := make([]int16, int(d*media.Rate/time.Second))
	for i := range samples {
		at := float64(i) / media.Rate
		_, saw := math.Modf(at * 110)
		samples[i] = int16(9000 * (saw - 0.5) * (0.6 - 0.4*math.Cos(2*math.Pi*4*at)))
	}
	return samples
}

// referral is TARGET X-Name=value …
func referral(f []string) *simleg.Referral {
	r := &simleg.Referral{Target: f[0]}
	for _, h := range f[1:] {
		if r.Headers == nil {
			r.Headers = map[string]string{}
		}
		name, value, _ := strings.Cut(h, "=")
		r.Headers[name] = value
	}
	return r
}

// brings calls somebody else and runs a page on that call.
func (s *teller) brings(who, page string) {
	a, err := number.ParseAddress("sim:" + who)
	if err != nil {
		s.Fatal(err)
	}
	s.house.Place(call.Order{To: a, Program: call.Program{URL: site + page}})
}

// asked waits until the person's phone is asked to call somebody else, and lets it tell how that goes.
func (s *teller) asked(statuses []string) {
	far := s.sato.Far()
	for {
		changed := far.Changed() // before the look, or a change between the two is missed
		if far.Asked().Target != "" {
			break
		}
		select {
		case <-changed:
		case <-far.Over():
			s.Fatalf("the phone was never asked to call anybody")
		}
	}
	if r := far.Asked(); !s.wasAsked {
		s.wasAsked = true
		s.note(does, "asked to call "+r.Target+headersOf(r.Headers))
	}
	for _, text := range statuses {
		status, err := strconv.Atoi(text)
		if err != nil {
			s.Fatal(err)
		}
		s.note(does, "tells of "+text)
		far.Tell(status)
	}
}

func headersOf(m map[string]string) (text string) {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		text += " " + name + "=" + m[name]
	}
	return text
}

// note is a line of this moment. It may be written from any goroutine.
func (s *teller) note(rank int, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, line{time.Now(), rank, text})
}

// meets attends to a phone that plays its part by itself.
func (s *teller) meets(far *simleg.Phone) {
	s.mu.Lock()
	s.robots = append(s.robots, far)
	s.mu.Unlock()
	if len(s.tones) > 0 {
		far.Listen(&toneEar{s: s, who: plain(far.Info().To) + " ", on: map[float64]bool{}})
	}
}

// plain is how a story names a phone.
func plain(uri string) string {
	_, name, _ := strings.Cut(uri, ":")
	name, _, _ = strings.Cut(name, "@")
	return name
}

// others are the last lines about those who play their parts by themselves: what they saw and were told, where the story looks
// for tones.
func (s *teller) others() {
	for _, far := range s.robots {
		who, st := plain(far.Info().To), far.State()
		if len(s.tones) > 0 {
			s.lines = append(s.lines, line{st.Called, tells, who + " sees " + cmp.Or(far.Info().From, "nobody")})
			if !st.Ended.IsZero() {
				s.lines = append(s.lines, line{st.Ended, ends, who + " is over: " + string(st.Cause)})
			}
			if d := far.Digits(); d != "" {
				s.lines = append(s.lines, line{time.Time{}, 0, "keys at " + who + ": " + d})
			}
			if c := s.house.Credentials(far.Info().To); c != "" {
				s.lines = append(s.lines, line{time.Time{}, 0, "credentials at " + who + ": " + c})
			}
			if h := far.Info().Headers; len(h) > 0 {
				s.lines = append(s.lines, line{time.Time{}, 0, "headers at " + who + ":" + headersOf(h)})
			}
		}
		if told := far.Told(); len(told) > 0 {
			s.lines = append(s.lines, line{time.Time{}, 0, fmt.Sprintf("%s is told of the transfer: %v", who, told)})
		}
	}
	if told := s.sato.Far().Told(); len(told) > 0 {
		s.lines = append(s.lines, line{time.Time{}, 0, fmt.Sprintf("told of the transfer: %v", told)})
	}
	if len(s.tones) == 0 {
		return
	}
	for _, r := range s.house.Shelf.Kept() {
		text := "recording of " + r.Source + ":"
		for i, channel := range mediatest.Channels(r.WAV) {
			if i > 0 {
				text += " |"
			}
			for _, hz := range s.tones {
				loudest := -200.0
				for at := 0; at+window <= len(channel); at += window {
					loudest = max(loudest, mediatest.Level(channel[at:at+window], hz))
				}
				if loudest > audible {
					text += fmt.Sprintf(" %.0f Hz", hz)
				}
			}
		}
		s.lines = append(s.lines, line{time.Time{}, 0, text})
	}
}

// toneEar notes when a tone begins to be heard: looked for in windows of a tenth of a second.
type toneEar struct {
	s    *teller
	who  string // and a space; "" is the person
	said []int16
	on   map[float64]bool
}

const (
	window  = media.Rate / 10
	audible = -35 // dBFS
)

func (e *toneEar) Write(f *media.Frame) {
	if e.said = append(e.said, f[:]...); len(e.said) < window {
		return
	}
	for _, hz := range e.s.tones {
		on := mediatest.Level(e.said, hz) > audible
		if on && !e.on[hz] {
			e.s.note(ears, fmt.Sprintf("%shears %.0f Hz", e.who, hz))
		}
		e.on[hz] = on
	}
	e.said = e.said[:0]
}
