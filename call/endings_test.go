package call_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/trunk"
)

func TestCanceledWhileItRings(t *testing.T) {
	story(t, func(h *house) {
		c, heard := h.place(call.Order{})
		p := h.phone()
		p.Ring()
		synctest.Wait()
		c.Cancel()
		r := c.Wait()
		synctest.Wait()
		h.want("heard", heard, "initiated, ringing, canceled canceled 487 by us")
		h.want("callbacks", h.owner.statuses(), "0 initiated, 1 ringing, 2 canceled")
		h.want("status", r.Status, call.Canceled)
		h.want("the phone saw", p.State().Cause, leg.Canceled)
	})
}

func TestCompletedWhileItRingsIsCanceled(t *testing.T) {
	story(t, func(h *house) {
		c, _ := h.place(call.Order{})
		h.phone().Ring()
		synctest.Wait()
		c.Complete()
		h.want("status", c.Wait().Status, call.Canceled)
	})
}

func TestCancelLeavesAnAnsweredCallAlone(t *testing.T) {
	story(t, func(h *house) {
		c, _ := h.place(call.Order{})
		p := h.phone()
		p.Answer()
		synctest.Wait()
		c.Cancel()
		synctest.Wait()
		h.want("status", c.Record().Status, call.InProgress)
		c.Complete()
		r := c.Wait()
		h.want("status", r.Status, call.Completed)
		h.want("the phone saw", p.State().Cause, leg.HungUp)
	})
}

func TestCancelAndAnswerInOneMoment(t *testing.T) {
	for range 20 {
		story(t, func(h *house) {
			c, _ := h.place(call.Order{})
			p := h.phone()
			p.Ring()
			go p.Answer()
			go c.Complete()
			r := c.Wait()
			if r.Status != call.Canceled && r.Status != call.Completed {
				h.Errorf("status %s", r.Status)
			}
			if r.Status == call.Completed && r.Answered.IsZero() {
				h.Errorf("completed without an answer")
			}
			synctest.Wait()
			if len(h.owner.statuses()) == 0 {
				h.Errorf("nobody was told")
			}
			<-p.Over()
		})
	}
}

func TestARingTimeThatSomebodyElseDecides(t *testing.T) {
	story(t, func(h *house) {
		c, heard := h.place(call.Order{})
		h.phone().Ring()
		synctest.Wait()
		c.End(leg.NoAnswer)
		c.End(leg.Canceled) // the first reason stays
		h.want("status", c.Wait().Status, call.NoAnswer)
		h.want("heard", heard, "initiated, ringing, no-answer no-answer 487 by us")
	})
}

func TestCanceledInTheQueueTellsNobody(t *testing.T) {
	story(t, func(h *house) {
		first, _ := h.place(call.Order{To: tel("+819011112222")})
		p := h.phone()
		second, heard := h.place(call.Order{To: tel("+819033334444")})
		synctest.Wait()
		h.want("phones called", len(h.met), 0)
		second.Cancel()
		r := second.Wait()
		synctest.Wait()
		h.want("status", r.Status, call.Canceled)
		h.want("heard", heard, "queued, canceled canceled by us")
		h.want("callbacks, of the first alone", h.owner.statuses(), "0 initiated")
		p.Refuse(leg.Busy)
		first.Wait()
	}, trunks(trunk.Trunk{Name: "ntt", Server: "sip.ntt.example", Channels: 1}))
}

func TestRedirect(t *testing.T) {
	ran := make(chan string, 4)
	story(t, func(h *house) {
		c, _ := h.place(call.Order{Program: call.Program{TwiML: "one"}})
		if err := c.Redirect(call.Program{TwiML: "two"}); !errors.Is(err, call.ErrNotInProgress) {
			h.Errorf("redirect before the answer: %v", err)
		}
		h.phone().Answer()
		synctest.Wait()
		if err := c.Redirect(call.Program{TwiML: "two"}); err != nil {
			h.Errorf("redirect: %v", err)
		}
		synctest.Wait()
		h.want("program that is written", c.Record().Program.TwiML, "two")
		time.Sleep(time.Hour)
		h.want("ended after", c.Wait().Duration(), time.Minute)
		h.want("ran", []string{<-ran, <-ran}, []string{"one, stopped: other TwiML takes over", "two"})
		if err := c.Redirect(call.Program{}); !errors.Is(err, call.ErrNotInProgress) {
			h.Errorf("redirect after the end: %v", err)
		}
	}, script(func(ctx context.Context, c *call.Call) error {
		p := c.Record().Program.TwiML
		if err := c.Sleep(ctx, time.Minute); err != nil {
			ran <- p + ", stopped: " + err.Error()
			return err
		}
		ran <- p
		return nil
	}))
}

func TestShutdownLetsPeopleFinish(t *testing.T) {
	story(t, func(h *house) {
		h.phones[sato] = simleg.Behaviour{Actions: []simleg.Action{{At: 20 * time.Second, HangUp: true}}}
		c, _ := h.place(call.Order{})
		synctest.Wait()
		ctx, stop := context.WithTimeout(h.Context(), time.Minute)
		defer stop()
		if err := h.desk.Shutdown(ctx); err != nil {
			h.Errorf("shutdown: %v", err)
		}
		h.want("gone after", h.after(), 20*time.Second)
		h.want("status", c.Record().Status, call.Completed)
		h.want("cause", c.Record().Cause, leg.HungUp)
		if _, err := h.desk.Place(h.Context(), call.Order{To: number.Address{Scheme: number.Sim, Text: "x"}}); !errors.Is(err, call.ErrShutdown) {
			h.Errorf("placed during the end: %v", err)
		}
	})
}

func TestShutdownHangsUpInTheEnd(t *testing.T) {
	story(t, func(h *house) {
		h.phones["sim:talks"], h.phones["sim:rings"] = simleg.Behaviour{}, simleg.Behaviour{AnswerAfter: simleg.Never}
		talks, _ := h.place(call.Order{To: number.Address{Scheme: number.Sim, Text: "talks"}})
		rings, heard := h.place(call.Order{To: number.Address{Scheme: number.Sim, Text: "rings"}})
		synctest.Wait()
		ctx, stop := context.WithTimeout(h.Context(), 10*time.Second)
		defer stop()
		if err := h.desk.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			h.Errorf("shutdown: %v", err)
		}
		h.want("gone after", h.after(), 10*time.Second)
		h.want("who talked", talks.Record().Status, call.Completed)
		h.want("who rang", rings.Record().Status, call.Canceled)
		h.want("heard", heard, "initiated, ringing, canceled canceled 487 by us")
		for _, last := range []string{"3 completed", "2 canceled"} {
			if !strings.Contains(h.owner.statuses(), last) {
				h.Errorf("callbacks %s lack %q", h.owner.statuses(), last)
			}
		}
	})
}

// stuck is a leg that breaks its contract: it never ends.
type stuck struct{ hungUp chan leg.Cause }

func (stuck) Dial(context.Context, leg.Target, leg.Options) (leg.Leg, error) {
	return stuck{make(chan leg.Cause, 8)}, nil
}
func (stuck) Info() leg.Info                                { return leg.Info{} }
func (stuck) Events() <-chan leg.Event                      { return make(chan leg.Event) }
func (stuck) Ring(context.Context, bool) error              { return nil }
func (stuck) Answer(context.Context) error                  { return nil }
func (s stuck) Hangup(_ context.Context, c leg.Cause) error { s.hungUp <- c; return nil }
func (stuck) Play(media.Source)                             {}
func (stuck) Listen(media.Sink)                             {}
func (stuck) SendDigits(context.Context, string) error      { return nil }

func TestALegThatNeverEndsDoesNotKeepItsCall(t *testing.T) {
	story(t, func(h *house) {
		c, _ := h.place(call.Order{})
		synctest.Wait()
		c.Complete()
		r := c.Wait()
		h.want("given up after", h.after(), 6*time.Second)
		h.want("cause", r.Cause, leg.Fault)
	}, func(c *call.Config) { c.Dialers = map[number.Scheme]leg.Dialer{number.Sim: stuck{}} })
}

func TestOneLineSaysAllAboutACall(t *testing.T) {
	story(t, func(h *house) {
		h.phones["sip:819011112222@sip.ntt.example"] = simleg.Behaviour{RingAfter: time.Second, AnswerAfter: 3 * time.Second, Actions: []simleg.Action{{At: 9 * time.Second, HangUp: true}}}
		c, _ := h.place(call.Order{To: tel("+819011112222")})
		c.Wait()
		log := h.log.String()
		for _, want := range []string{`"msg":"call ended"`, `"status":"completed"`, `"cause":"hung-up"`, `"trunk":"ntt"`, `"rang":3,"talked":9`, `"to":"+8190****2222"`} {
			if !strings.Contains(log, want) {
				h.Errorf("the log lacks %s:\n%s", want, log)
			}
		}
		if strings.Contains(log, "+819011112222") {
			h.Errorf("the log shows a number:\n%s", log)
		}
	}, trunks(trunk.Trunk{Name: "ntt", Server: "sip.ntt.example", Spelling: number.Digits}))
}
