package registrar

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/media"
)

// exchange dials simulated phones by the addresses they registered with. It ends ghosts by writing them down.
type exchange struct {
	mu     sync.Mutex
	phones map[string]*simleg.Phone // by contact
	dead   map[string]bool          // connections that are gone
	ended  map[string]string        // IDs, with what was left of them
	kept   []string
}

func (x *exchange) Dial(ctx context.Context, to leg.Target, o leg.Options) (leg.Leg, error) {
	if x.dead[to.URI] {
		return nil, fmt.Errorf("sato: %w", leg.ErrGone)
	}
	uri := to.URI
	d := &simleg.Dialer{Take: func(p *simleg.Phone) bool {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.phones[uri] = p
		return true
	}}
	if o.Keep != nil {
		if err := o.Keep(ctx, leg.Remains(`"dialog of `+uri+`"`)); err != nil {
			return nil, err
		}
	}
	return d.Dial(ctx, leg.Target{URI: uri, From: to.From}, leg.Options{ID: o.ID})
}

func (x *exchange) End(_ context.Context, to leg.Target, o leg.Options, r leg.Remains) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.ended[o.ID] = to.URI + " " + to.Via + " " + string(r)
	return nil
}

func (x *exchange) phone(uri string) *simleg.Phone {
	synctest.Wait()
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.phones[uri]
}

const (
	deskPhone = "sip:sato@192.0.2.7:5062"
	mobile    = "sip:sato@10.0.0.5:4000;transport=tcp"
)

// ringing calls sato, who has registered with the contacts.
func ringing(t *testing.T, contacts ...string) (*exchange, *Dialer, leg.Leg) {
	t.Helper()
	r := open(t, &shelf{}, office())
	for i, uri := range contacts {
		list, _, err := ParseContacts([]string{"<" + uri + ">"})
		if err != nil {
			t.Fatal(err)
		}
		transport := "udp"
		if strings.Contains(uri, "tcp") {
			transport = "tcp"
		}
		r.Register(t.Context(), Ask{User: "sato", Domain: "office.example.jp", Contacts: list, Expires: Unsaid, CallID: uri, CSeq: uint32(i), Source: router, Transport: transport})
	}
	x := &exchange{phones: map[string]*simleg.Phone{}, dead: map[string]bool{}, ended: map[string]string{}}
	d := &Dialer{Registrar: r, SIP: x}
	l, err := d.Dial(t.Context(), leg.Target{URI: "sip:sato@office.example.jp", From: "+815012345678"}, leg.Options{ID: "at-1", Keep: func(_ context.Context, r leg.Remains) error {
		x.kept = append(x.kept, string(r))
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	return x, d, l
}

func next(t *testing.T, l leg.Leg, kind leg.EventKind) leg.Event {
	t.Helper()
	e, ok := <-l.Events()
	if !ok || e.Kind != kind {
		t.Fatalf("event %+v, want kind %d", e, kind)
	}
	return e
}

func ended(t *testing.T, l leg.Leg, c leg.Cause) leg.Event {
	t.Helper()
	e := next(t, l, leg.Ended)
	if e.Cause != c || e.Retry {
		t.Errorf("ended %+v, want %s", e, c)
	}
	if _, more := <-l.Events(); more {
		t.Error("something after the end")
	}
	return e
}

func TestWhoIsNotRegisteredCannotBeReached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, l := ringing(t)
		if e := ended(t, l, leg.Unreachable); e.Status != 480 {
			t.Errorf("%+v", e)
		}
	})
}

func TestTheFirstPhoneThatAnswersIsTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, _, l := ringing(t, deskPhone, mobile)
		l.Play(media.NewClip(make([]int16, 8000), "hello").Source())
		x.phone(deskPhone).Ring()
		next(t, l, leg.Ringing)
		x.phone(mobile).Early()
		next(t, l, leg.Ringing) // two phones, one sound: nobody hears it before the answer
		x.phone(mobile).Answer()
		next(t, l, leg.Answered)
		synctest.Wait()
		if s := x.phone(deskPhone).State(); s.Cause != leg.Canceled {
			t.Errorf("the desk phone: %+v", s)
		}
		x.phone(mobile).Press("1")
		if e := next(t, l, leg.Digit); e.Digit != "1" {
			t.Errorf("%+v", e)
		}
		if err := l.SendDigits(t.Context(), "5"); err != nil {
			t.Error(err)
		}
		x.phone(mobile).HangUp()
		ended(t, l, leg.HungUp)
	})
}

func TestWhatSeveralEndingsComeTo(t *testing.T) {
	for _, c := range []struct {
		name  string
		moves func(desk, mobile *simleg.Phone)
		want  leg.Cause
	}{
		{"busy on one, the other does not answer", func(a, b *simleg.Phone) { a.Refuse(leg.Busy); b.Ring(); b.Refuse(leg.NoAnswer) }, leg.Busy},
		{"refused on one", func(a, b *simleg.Phone) { b.Ring(); a.Refuse(leg.Rejected) }, leg.Rejected},
		{"both out of order", func(a, b *simleg.Phone) { a.Refuse(leg.Congested); b.Refuse(leg.Invalid) }, leg.Congested},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x, _, l := ringing(t, deskPhone, mobile)
				c.moves(x.phone(deskPhone), x.phone(mobile))
				for e := range l.Events() {
					if e.Kind == leg.Ended && e.Cause != c.want {
						t.Errorf("%+v, want %s", e, c.want)
					}
				}
			})
		})
	}
}

func TestOnePhoneIsHeardEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, _, l := ringing(t, deskPhone)
		x.phone(deskPhone).Early()
		next(t, l, leg.EarlyMedia)
		l.Hangup(t.Context(), leg.Canceled)
		ended(t, l, leg.Canceled)
	})
}

func TestAConnectionThatIsGoneIsNoPhone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, d, l := ringing(t, deskPhone)
		l.Hangup(t.Context(), leg.Canceled)
		ended(t, l, leg.Canceled)
		d.SIP.(*exchange).dead[deskPhone] = true
		l, err := d.Dial(t.Context(), leg.Target{URI: "sip:sato@192.0.2.10:5060;transport=udp"}, leg.Options{})
		if err != nil {
			t.Fatal(err)
		}
		ended(t, l, leg.Unreachable)
	})
}

// A contact whose connection is closed is not called any more; the other phones are, and what has come again is.
func TestAPhoneThatIsGoneIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, d, l := ringing(t, deskPhone, mobile)
		l.Hangup(t.Context(), leg.Canceled)
		for range l.Events() {
		}
		x.dead[mobile] = true
		to := leg.Target{URI: "sip:sato@office.example.jp"}
		l, err := d.Dial(t.Context(), to, leg.Options{})
		if err != nil {
			t.Fatal(err)
		}
		x.phone(deskPhone).Ring()
		next(t, l, leg.Ringing)
		x.phone(deskPhone).Refuse(leg.Busy)
		ended(t, l, leg.Busy)
		synctest.Wait()
		_, left, _ := d.Registrar.Find("sato", "office.example.jp")
		kept, _ := d.Registrar.cfg.Store.Contacts(t.Context())
		if len(left) != 1 || left[0].URI != deskPhone || len(kept) != 1 {
			t.Errorf("registered is %+v, kept is %+v", left, kept)
		}
		// One that has come again by the time that this was found out stays.
		was := left[0]
		list, _, _ := ParseContacts([]string{"<" + deskPhone + ">"})
		d.Registrar.Register(t.Context(), Ask{User: "sato", Domain: "office.example.jp", Contacts: list, Expires: Unsaid, CallID: "new", CSeq: 1, Source: home, Transport: "udp"})
		d.Registrar.forget(was, leg.ErrGone)
		if _, left, _ := d.Registrar.Find("sato", "office.example.jp"); len(left) != 1 {
			t.Errorf("registered is %+v", left)
		}
	})
}

// What a crash leaves of a call is ended at every phone: those that were kept, and those that are registered now.
func TestGhostsAreEndedAtEveryPhone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, d, l := ringing(t, deskPhone, mobile)
		to := leg.Target{URI: "sip:sato@office.example.jp", From: "+815012345678"}
		last := x.kept[len(x.kept)-1]
		if !json.Valid([]byte(last)) || !strings.Contains(last, "dialog of "+deskPhone) || !strings.Contains(last, "dialog of "+mobile) {
			t.Errorf("kept: %s", last)
		}
		if err := d.End(t.Context(), to, leg.Options{ID: "at-1"}, leg.Remains(last)); err != nil {
			t.Fatal(err)
		}
		both := slices.Sorted(maps.Values(x.ended))
		want := []string{mobile + ` sip:203.0.113.9:31234;transport=tcp "dialog of ` + mobile + `"`, deskPhone + ` sip:203.0.113.9:31234;transport=udp "dialog of ` + deskPhone + `"`}
		if !slices.Equal(both, want) {
			t.Errorf("ended\n%q, want\n%q", both, want)
		}
		clear(x.ended)
		if err := d.End(t.Context(), to, leg.Options{ID: "at-1"}, nil); err != nil || len(x.ended) != 2 {
			t.Errorf("of which nothing was kept: %v %v", x.ended, err)
		}
		if err := d.End(t.Context(), leg.Target{URI: "sip:sato@192.0.2.99"}, leg.Options{ID: "at-2"}, leg.Remains("x")); err != nil || x.ended["at-2"] == "" {
			t.Errorf("somebody else's phone: %v %v", x.ended, err)
		}
		l.Hangup(t.Context(), leg.Canceled)
		for range l.Events() {
		}
	})
}
