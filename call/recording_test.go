package call_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/media/mediatest"
)

// shelf keeps recordings.
type shelf struct {
	mu    sync.Mutex
	kept  []call.Recording
	noted []string // what was said of them without their sound
	err   error
}

func (s *shelf) Keep(_ context.Context, r call.Recording) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return "", s.err
	}
	if r.WAV == nil {
		s.noted = append(s.noted, r.Status)
		return "", nil
	}
	s.kept = append(s.kept, r)
	return "https://kaden.example/" + string(r.SID), nil
}

func (s *shelf) notes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.noted
}

func (s *shelf) all() []call.Recording {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept
}

func on(s *shelf) func(*call.Config) { return func(c *call.Config) { c.Recordings = s } }

var heardOf = call.RecordingCallback{URL: "https://owner.example/recorded", Events: []string{"in-progress", "completed", "absent"}}

// recordings are what an owner was told of them.
func (o *owner) recordings(names ...string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []string
	for i, v := range o.asks {
		if o.where[i] != "POST "+heardOf.URL {
			continue
		}
		var some []string
		for _, n := range names {
			some = append(some, v.Get(n))
		}
		all = append(all, strings.Join(some, " "))
	}
	return strings.Join(all, ", ")
}

// plays plays a tone for as long as the call lasts.
func plays(hz float64) func(*call.Config) {
	return script(func(ctx context.Context, c *call.Call) error { return c.Play(ctx, media.Tone(time.Hour, -15, hz)) })
}

func TestACallIsRecordedFromItsAnswerToItsEnd(t *testing.T) {
	var s shelf
	story(t, func(h *house) {
		c, _ := h.place(call.Order{Tape: &call.TapeOrder{Source: "OutboundAPI", Channels: 2, Callback: heardOf}})
		p := h.phone()
		p.Ring()
		time.Sleep(5 * time.Second)
		p.Answer()
		p.Say(media.Tone(time.Hour, -20, 400))
		time.Sleep(10 * time.Second)
		p.HangUp()
		c.Wait()
		time.Sleep(time.Second)
		if len(s.all()) != 1 {
			t.Fatalf("%d recordings", len(s.all()))
		}
		r := s.all()[0]
		sides := mediatest.Channels(r.WAV)
		if len(sides) != 2 || r.Duration < 9900*time.Millisecond || r.Duration > 10100*time.Millisecond {
			t.Fatalf("%d channels of %v", len(sides), r.Duration)
		}
		for i, want := range [][2]bool{{true, false}, {false, true}} {
			for k, hz := range []float64{400, 700} {
				if got := mediatest.Level(sides[i][media.Rate:], hz) > -40; got != want[k] {
					t.Errorf("channel %d has %.0f Hz: %v", i, hz, got)
				}
			}
		}
		h.want("callbacks", h.owner.recordings("RecordingStatus", "RecordingDuration", "RecordingChannels", "RecordingSource", "RecordingTrack"),
			"in-progress  2 OutboundAPI both, completed 10 2 OutboundAPI both")
		h.want("where", h.owner.last().Get("RecordingUrl"), "https://kaden.example/"+string(r.SID))
	}, on(&s), plays(700))
}

func TestARecordingIsPausedResumedAndStoppedBeforeItsCallEnds(t *testing.T) {
	var s shelf
	story(t, func(h *house) {
		c, _ := h.place(call.Order{})
		p := h.phone()
		if _, err := c.Tape(call.TapeOrder{}); !errors.Is(err, call.ErrNotInProgress) {
			t.Errorf("recorded before the answer: %v", err)
		}
		p.Answer()
		p.Say(media.Tone(time.Hour, -20, 400))
		time.Sleep(time.Second)
		one, err := c.Tape(call.TapeOrder{Source: "StartCallRecordingAPI"})
		if err != nil {
			t.Fatal(err)
		}
		two, err := c.Tape(call.TapeOrder{Source: "StartCallRecordingAPI", Track: "inbound", Channels: 2})
		if err != nil || len(c.Tapes()) != 2 {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		_, _ = one.Pause(true), two.Pause(false)
		synctest.Wait()
		h.want("noted", s.notes(), "[in-progress in-progress paused paused]")
		h.want("status", one.Recording().Status, "paused")
		time.Sleep(2 * time.Second)
		_, _ = one.Resume(), two.Resume()
		time.Sleep(2 * time.Second)
		one.Stop()
		one.Stop()
		<-one.Done()
		h.want("paused after the end", one.Pause(false), call.ErrNotInProgress)
		h.want("the first", one.Recording().Status+" "+one.Recording().Seconds(), "completed 4")
		time.Sleep(2 * time.Second)
		c.Complete()
		c.Wait()
		<-two.Done()
		h.want("the second", two.Recording().Status+" "+two.Recording().Seconds(), "completed 8")
		h.want("its channels", len(mediatest.Channels(s.all()[1].WAV)), 1)
		if _, err := c.Tape(call.TapeOrder{}); !errors.Is(err, call.ErrNotInProgress) {
			t.Errorf("recorded after the end: %v", err)
		}
	}, on(&s), plays(700))
}

// elsewhere keeps recordings where nobody looks.
type elsewhere struct{}

func (elsewhere) Keep(context.Context, call.Recording) (string, error) {
	return "https://kaden.example/RE", nil
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestARecordingThatIsKeptIsNotHeldInMemoryAsWell(t *testing.T) {
	story(t, func(h *house) {
		c, _ := h.place(call.Order{})
		p := h.phone()
		p.Answer()
		p.Say(media.Tone(time.Hour, -20, 400))
		time.Sleep(time.Second)
		before := heap()
		for range 3 {
			one, err := c.Tape(call.TapeOrder{})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Minute) // 9.6 MB
			one.Stop()
			<-one.Done()
			h.want("kept", one.Recording().Status+" "+one.Recording().Seconds(), "completed 600")
		}
		if grown := heap() - before; grown > 5<<20 {
			t.Errorf("%d MB are held after three recordings of ten minutes", grown>>20)
		}
		c.Complete()
		c.Wait()
	}, func(c *call.Config) { c.Recordings = elsewhere{} }, plays(700))
}

func TestWhatIsNotKeptIsSaid(t *testing.T) {
	for name, s := range map[string]*shelf{"broken": {err: errors.New("the disk is full")}, "silent": {}} {
		story(t, func(h *house) {
			c, _ := h.place(call.Order{Tape: &call.TapeOrder{Trim: true, Callback: heardOf}})
			p := h.phone()
			p.Answer()
			if name == "broken" {
				p.Say(media.Tone(time.Hour, -20, 400))
			}
			time.Sleep(2 * time.Second)
			p.HangUp()
			c.Wait()
			time.Sleep(time.Second)
			h.want("callbacks", h.owner.recordings("RecordingStatus", "RecordingUrl"), "in-progress , absent ")
		}, on(s), script(func(ctx context.Context, c *call.Call) error { <-ctx.Done(); return nil }))
	}
}
