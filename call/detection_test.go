package call_test

import (
	"context"
	"encoding/json"
	"math"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/timeline"
)

// talk is d of a voice without words: a buzz of 110 Hz that swells four times a second.
func talk(d time.Duration) media.Source { return media.NewClip(buzz(d, 9000), "").Source() }

func buzz(d time.Duration, peak float64) []int16 {
	s := make([]int16, int(d*media.Rate/time.Second))
	for i := range s {
		at := float64(i) / media.Rate
		_, saw := math.Modf(at * 110)
		s[i] = int16(peak * (saw - 0.5) * (0.6 - 0.4*math.Cos(2*math.Pi*4*at)))
	}
	return s
}

func TestAPersonIsTakenForOne(t *testing.T) {
	var began time.Duration
	story(t, func(h *house) {
		c, heard := h.place(call.Order{Detection: &call.Detection{}})
		p := h.phone()
		p.Ring()
		p.Answer()
		time.Sleep(500 * time.Millisecond)
		p.Say(talk(800 * time.Millisecond))
		time.Sleep(5 * time.Second)
		synctest.Wait()
		h.want("the script did not wait", began, time.Duration(0))
		h.want("record", c.Record().AnsweredBy, "human")
		h.want("asked with", c.Params().Get("AnsweredBy"), "human")
		if ms := c.Params().Get("MachineDetectionDuration"); ms < "2400" || ms > "2600" || len(ms) != 4 {
			t.Errorf("MachineDetectionDuration %s", ms)
		}
		p.HangUp()
		c.Wait()
		synctest.Wait()
		h.want("heard", heard, "initiated, ringing, in-progress, in-progress by human, completed hung-up")
		h.want("timeline", h.store.kinds(), "queued initiated ringing in-progress detected heard ended")
		h.want("callbacks", h.owner.statuses(), "0 initiated, 1 ringing, 2 in-progress, 3 completed")
		h.want("the last one says", h.owner.last().Get("AnsweredBy"), "human")
	}, script(func(ctx context.Context, c *call.Call) error {
		began = time.Since(c.Record().Answered)
		return c.Sleep(ctx, time.Hour)
	}))
}

// Twilio's way without AsyncAmd: the program is asked for when it is known who answers.
func TestTheProgramWaitsForTheWord(t *testing.T) {
	var began time.Duration
	var asked url.Values
	story(t, func(h *house) {
		c, _ := h.place(call.Order{Detection: &call.Detection{Wait: true}})
		p := h.phone()
		p.Ring()
		p.Answer()
		p.Say(talk(10 * time.Second))
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if began < 2300*time.Millisecond || began > 2600*time.Millisecond {
			t.Errorf("the program began %v after the answer", began)
		}
		h.want("asked with", asked.Get("AnsweredBy"), "machine_start")
		if asked.Get("MachineDetectionDuration") == "" {
			t.Error("asked without MachineDetectionDuration")
		}
		p.HangUp()
		c.Wait()
	}, script(func(ctx context.Context, c *call.Call) error {
		began, asked = time.Since(c.Record().Answered), c.Params()
		return c.Sleep(ctx, time.Hour)
	}))
}

func TestWhoRedirectsDoesNotWaitForTheWord(t *testing.T) {
	var programs []string
	story(t, func(h *house) {
		c, heard := h.place(call.Order{Detection: &call.Detection{Wait: true}, Program: call.Program{TwiML: "first"}})
		p := h.phone()
		p.Ring()
		p.Answer()
		time.Sleep(time.Second)
		if err := c.Redirect(call.Program{TwiML: "second"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		h.want("programs", programs, []string{"second"})
		p.HangUp()
		c.Wait()
		h.want("heard", heard, "initiated, ringing, in-progress, in-progress by unknown, completed hung-up")
	}, script(func(ctx context.Context, c *call.Call) error {
		programs = append(programs, c.Record().Program.TwiML)
		return c.Sleep(ctx, time.Hour)
	}))
}

func TestTheEndOfAGreetingIsToldOfByARequest(t *testing.T) {
	for _, method := range []string{"", "GET"} {
		story(t, func(h *house) {
			c, heard := h.place(call.Order{
				Callback:  call.Callback{URL: "https://owner.example/status"},
				Detection: &call.Detection{Message: true, URL: "https://owner.example/amd", Method: method},
			})
			p := h.phone()
			p.Ring()
			p.Answer()
			p.Say(media.Sequence(talk(5*time.Second), media.Silence(700*time.Millisecond), media.Beep()))
			time.Sleep(10 * time.Second)
			synctest.Wait()
			h.want("heard", heard, "initiated, ringing, in-progress, in-progress by machine_start, in-progress by machine_end_beep")
			want := "POST"
			if method != "" {
				want = method
			}
			h.want("asked", h.owner.where, []string{want + " https://owner.example/amd"})
			got := h.owner.last()
			if ms := got.Get("MachineDetectionDuration"); ms < "6200" || ms > "6400" {
				t.Errorf("MachineDetectionDuration %s", ms)
			}
			got.Del("MachineDetectionDuration")
			h.want("told", got.Encode(), "AccountSid="+string(acct)+"&AnsweredBy=machine_end_beep&CallSid="+string(c.SID()))
			p.HangUp()
			h.want("record", c.Wait().AnsweredBy, "machine_end_beep")
		})
	}
}

func TestHangingUpEndsTheDetection(t *testing.T) {
	for _, test := range []struct {
		name, want, heard string
		how               call.Detection
		says              time.Duration
	}{
		{"before a word", "unknown", "initiated, ringing, in-progress, completed hung-up", call.Detection{}, 0},
		{"within a greeting", "machine_end_other", "initiated, ringing, in-progress, in-progress by machine_start, completed hung-up", call.Detection{Message: true}, time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			story(t, func(h *house) {
				test.how.URL = "https://owner.example/amd"
				c, heard := h.place(call.Order{Detection: &test.how, Callback: call.Callback{URL: "https://owner.example/status"}})
				p := h.phone()
				p.Ring()
				p.Answer()
				p.Say(talk(test.says))
				time.Sleep(4 * time.Second)
				p.HangUp()
				h.want("record", c.Wait().AnsweredBy, test.want)
				synctest.Wait()
				h.want("heard", heard, test.heard)
				h.want("told", h.owner.last().Get("AnsweredBy"), test.want)
				h.want("asked", len(h.owner.where), 2)
			})
		})
	}
}

func TestAnUnansweredCallWasAnsweredByNobody(t *testing.T) {
	story(t, func(h *house) {
		c, _ := h.place(call.Order{Detection: &call.Detection{URL: "https://owner.example/amd"}, Callback: call.Callback{URL: "https://owner.example/status"}})
		h.phone().Refuse(leg.Busy)
		h.want("record", c.Wait().AnsweredBy, "")
		synctest.Wait()
		h.want("asked", h.owner.where, []string{"POST https://owner.example/status"})
	})
}

func TestALegWithoutSoundIsUnknownInTheEnd(t *testing.T) {
	story(t, func(h *house) {
		c, heard := h.place(call.Order{Detection: &call.Detection{Timeout: 10 * time.Second}})
		time.Sleep(20 * time.Second)
		h.want("record", c.Record().AnsweredBy, "unknown")
		c.Complete()
		c.Wait()
		h.want("heard", heard, "initiated, ringing, in-progress, in-progress by unknown, completed completed by us")
	}, func(c *call.Config) { c.Dialers = map[number.Scheme]leg.Dialer{number.Sim: nothing{}} })
}

// echo is a phone that says what it hears, a little later and 20 dB lower.
type echo struct {
	mu     sync.Mutex
	frames []media.Frame
}

func (e *echo) Write(f *media.Frame) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.frames = append(e.frames, *f)
}

func (e *echo) Read(f *media.Frame) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	*f = media.Frame{}
	if at := len(e.frames) - 10; at >= 0 {
		for i, v := range e.frames[at] {
			f[i] = v / 10
		}
	}
	return true
}

func TestOurOwnPromptComingBackIsNobody(t *testing.T) {
	story(t, func(h *house) {
		c, _ := h.place(call.Order{Detection: &call.Detection{}})
		p := h.phone()
		e := new(echo)
		p.Listen(e)
		p.Ring()
		p.Answer()
		p.Say(e)
		time.Sleep(8 * time.Second)
		h.want("record", c.Record().AnsweredBy, "unknown")
		p.HangUp()
		c.Wait()
	}, script(func(ctx context.Context, c *call.Call) error {
		return c.Play(ctx, media.NewClip(buzz(10*time.Second, 20000), "").Source())
	}))
}

func TestAnOrderKeepsItsDetection(t *testing.T) {
	raw, err := json.Marshal(call.Order{Detection: &call.Detection{Message: true, SpeechEnd: 2 * time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	var o call.Order
	if err := json.Unmarshal(raw, &o); err != nil || o.Detection == nil || !o.Detection.Message || o.Detection.SpeechEnd != 2*time.Second {
		t.Errorf("%s became %+v (%v)", raw, o.Detection, err)
	}
	if timeline.CallDetected != "call.detected" {
		t.Error("the kind of the event is part of the API")
	}
}
