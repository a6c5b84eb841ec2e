package simleg_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/media"
)

// night dials one phone with a behaviour and tells what happened, each with its second.
func night(t *testing.T, b simleg.Behaviour, during func(l leg.Leg, e leg.Event)) (story string) {
	t.Helper()
	began := time.Now()
	d := &simleg.Dialer{Phones: func(string) simleg.Behaviour { return b }}
	l, err := d.Dial(t.Context(), leg.Target{URI: "sim:sato"}, leg.Options{})
	if err != nil {
		return err.Error()
	}
	names := map[leg.EventKind]string{leg.Ringing: "ringing", leg.EarlyMedia: "early", leg.Answered: "answered", leg.Digit: "key", leg.Ended: "ended"}
	var out []string
	for e := range l.Events() {
		s := fmt.Sprintf("%v %s", e.At.Sub(began), names[e.Kind])
		switch e.Kind {
		case leg.Digit:
			s += " " + e.Digit
		case leg.Ended:
			s += fmt.Sprintf(" %s %d", e.Cause, e.Status)
		}
		out = append(out, s)
		if during != nil {
			during(l, e)
		}
	}
	return strings.Join(out, ", ")
}

func TestBehaviours(t *testing.T) {
	second := time.Second
	for _, tc := range []struct {
		name string
		b    simleg.Behaviour
		want string
	}{
		{"presses keys and hangs up", simleg.Behaviour{RingAfter: second, AnswerAfter: 3 * second, Actions: []simleg.Action{{At: 8 * second, Digits: "12", HangUp: true}}},
			"1s ringing, 4s answered, 12s key 1, 12.2s key 2, 12.2s ended hung-up 0"},
		{"declines", simleg.Behaviour{RingAfter: second, AnswerAfter: second, Refuse: leg.Rejected}, "1s ringing, 2s ended rejected 603"},
		{"is switched off", simleg.Behaviour{RingAfter: simleg.Never, AnswerAfter: second, Refuse: leg.NoAnswer}, "1s ended unreachable 480"},
		{"answers without ringing", simleg.Behaviour{RingAfter: simleg.Never, AnswerAfter: second, Actions: []simleg.Action{{HangUp: true}}}, "1s answered, 1s ended hung-up 0"},
		{"is announced to be outside the area", simleg.Behaviour{RingAfter: second, AnswerAfter: 9 * second, Refuse: leg.Unreachable, EarlyMedia: media.Silence(second)},
			"1s ringing, 1s early, 10s ended unreachable 480"},
		{"has a mailbox", simleg.Voicemail(20*second, media.Silence(4*second), 60*second), "0s ringing, 20s answered, 1m20s ended hung-up 0"},
		{"cannot be dialled at all", simleg.Behaviour{Error: errors.New("no route")}, "dial sim:sato: no route"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if got := night(t, tc.b, nil); got != tc.want {
					t.Errorf("got  %s\nwant %s", got, tc.want)
				}
			})
		})
	}
}

func TestNobodyIsThereUnlessSomebodySaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), time.Hour)
		defer stop()
		l, err := (&simleg.Dialer{}).Dial(ctx, leg.Target{URI: "sim:sato"}, leg.Options{ID: "c1-1"})
		if err != nil {
			t.Fatal(err)
		}
		if l.Info().CallID != "c1-1" {
			t.Errorf("call ID %q", l.Info().CallID)
		}
		var kinds []leg.EventKind
		for e := range l.Events() {
			kinds = append(kinds, e.Kind)
		}
		if len(kinds) != 2 || kinds[0] != leg.Ringing {
			t.Errorf("events %v, want ringing and the end", kinds)
		}
	})
}

func TestWhatIsHeardIsWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		clip := func(words string, d time.Duration) *media.Clip {
			return media.NewClip(make([]int16, int(d.Seconds()*media.Rate)), words)
		}
		var far *simleg.Phone
		d := &simleg.Dialer{Take: func(p *simleg.Phone) bool { far = p; return true }}
		l, err := d.Dial(t.Context(), leg.Target{URI: "sim:sato"}, leg.Options{})
		if err != nil {
			t.Fatal(err)
		}
		l.Play(clip("before the answer", time.Second).Source()) // waits: there is no path yet
		time.Sleep(5 * time.Second)
		far.Answer()
		time.Sleep(2 * time.Second)
		l.Play(media.Sequence(clip("one", time.Second).Source(), media.Silence(500*time.Millisecond), clip("two", time.Second).Source()))
		time.Sleep(3 * time.Second)
		p := media.NewPlayer(clip("three", time.Second).Source())
		l.Play(p)
		time.Sleep(310 * time.Millisecond) // the frame under way is finished
		p.Stop()
		time.Sleep(990 * time.Millisecond)
		l.Play(clip("four", time.Minute).Source())
		time.Sleep(time.Second)
		if err := l.Hangup(t.Context(), leg.Completed); err != nil {
			t.Fatal(err)
		}
		<-far.Over()
		var got []string
		for _, h := range far.Heard() {
			s := fmt.Sprintf("%s %v-%v", h.Caption, h.From.Sub(began), h.To.Sub(began))
			if h.Cut {
				s += " cut"
			}
			got = append(got, s)
		}
		want := "before the answer 5s-6s, one 7s-8s, two 8.5s-9.5s, three 10s-10.32s cut, four 11.3s-12.3s cut"
		if s := strings.Join(got, ", "); s != want {
			t.Errorf("heard %s\nwant  %s", s, want)
		}
	})
}

func TestTheAnswerWaitsUntilTheRemainsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var kept leg.Remains
		d := &simleg.Dialer{Phones: func(string) simleg.Behaviour {
			return simleg.Behaviour{Actions: []simleg.Action{{At: time.Second, HangUp: true}}}
		}}
		l, err := d.Dial(t.Context(), leg.Target{URI: "sim:sato"}, leg.Options{Keep: func(_ context.Context, r leg.Remains) error {
			time.Sleep(100 * time.Millisecond)
			kept = r
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		for e := range l.Events() {
			if e.Kind == leg.Answered && (kept == nil || time.Since(began) != 100*time.Millisecond) {
				t.Errorf("answered after %v, kept %s", time.Since(began), kept)
			}
		}
	})
}

func TestAReaderWhoNeverComesLosesTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &simleg.Dialer{Phones: func(string) simleg.Behaviour {
			return simleg.Behaviour{Actions: []simleg.Action{{At: time.Second, Digits: strings.Repeat("1", 100)}}}
		}}
		l, err := d.Dial(t.Context(), leg.Target{URI: "sim:sato"}, leg.Options{})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		var last leg.Event
		n := 0
		for e := range l.Events() {
			last, n = e, n+1
		}
		if n != 65 || last.Kind != leg.Ended || last.Cause != leg.Fault {
			t.Errorf("%d events, the last %+v", n, last)
		}
	})
}

func TestACallerGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, far := simleg.Call(t.Context(), simleg.Incoming{From: "sim:sato", To: "sim:us", GivesUp: 5 * time.Second})
		if err := l.Ring(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		for e := range l.Events() {
			if e.Kind != leg.Ended || e.Cause != leg.CallerLeft {
				t.Errorf("event %+v", e)
			}
		}
		s := far.State()
		if s.Ended.Sub(s.Called) != 5*time.Second || s.Cause != leg.Completed || s.Rang.IsZero() {
			t.Errorf("state %+v", s)
		}
		if err := l.SendDigits(t.Context(), "1"); err == nil {
			t.Errorf("keys were pressed after the end")
		}
	})
}
