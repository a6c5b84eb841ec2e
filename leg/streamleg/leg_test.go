package streamleg

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// bare is a leg whose platform is the test itself; asked gets what it is told to end for.
func bare(started func(string) error) (l *Leg, asked chan leg.Cause) {
	asked = make(chan leg.Cause, 4)
	return New(Config{
		Log: slog.New(slog.DiscardHandler), Clock: media.NewTimerClock(1), Started: started, End: func(c leg.Cause) { asked <- c },
	}), asked
}

func anyCall(string) error { return nil }

// Somebody answers, and the platform cannot bring us their sound: that is nobody's fault but ours.
func TestAnAnswerWithoutSound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, asked := bare(anyCall)
		began := time.Now()
		l.Rings()
		l.Answers()
		if e := <-l.Events(); e.Kind != leg.Ringing {
			t.Errorf("first came %+v", e)
		}
		e := <-l.Events()
		if e.Kind != leg.Ended || e.Cause != leg.Fault || e.Retry || !strings.Contains(e.Reason, "public URL") {
			t.Errorf("it ended as %+v", e)
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("it was waited for %v", took)
		}
		if c := <-asked; c != leg.Completed {
			t.Errorf("the platform was told to end it for %s", c)
		}
		l.Ends(leg.Event{Cause: leg.HungUp})
		if _, more := <-l.Events(); more {
			t.Error("something came after the end")
		}
	})
}

// The platform tries, cannot, and the call there is over.
func TestAnAnswerWhoseSoundThePlatformCouldNotBring(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, asked := bare(anyCall)
		l.Answers()
		l.Ends(leg.Event{Cause: leg.HungUp})
		if e := <-l.Events(); e.Kind != leg.Ended || e.Cause != leg.Fault || e.Retry {
			t.Errorf("it ended as %+v", e)
		}
		if len(asked) != 0 {
			t.Error("the platform was told to end what is over")
		}
	})
}

// A leg that is given up is over after a while, though the platform says nothing.
func TestThePlatformDoesNotConfirmTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, asked := bare(anyCall)
		l.Tries()
		l.Hangup(t.Context(), leg.NoAnswer)
		l.Hangup(t.Context(), leg.Canceled)
		if e := <-l.Events(); e.Kind != leg.Trying {
			t.Errorf("first came %+v", e)
		}
		if e := <-l.Events(); e.Kind != leg.Ended || e.Cause != leg.Canceled || e.Retry {
			t.Errorf("it ended as %+v", e)
		}
		if len(asked) != 1 {
			t.Errorf("the platform was told %d times", len(asked))
		}
	})
}

// How the stream ends tells how the call did.
func TestHowStreamsEnd(t *testing.T) {
	for _, c := range []struct {
		name string
		does func(far *wire, l *Leg)
		want leg.Cause
	}{
		{"the platform says so", func(far *wire, _ *Leg) { far.says(map[string]any{"event": "stop"}) }, leg.HungUp},
		{"it breaks off", func(far *wire, _ *Leg) { far.Close("") }, leg.MediaLost},
		{"the platform says it of the call, and the stream goes on", func(_ *wire, l *Leg) { l.Ends(leg.Event{Cause: leg.HungUp}) }, leg.HungUp},
		{"we hang up, and nothing comes of it", func(_ *wire, l *Leg) { l.Hangup(context.Background(), leg.Completed) }, leg.Completed},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			p := h.Phone().(*phone)
			p.deaf = true
			x, err := h.Dialer().Dial(t.Context(), p.Target(), leg.Options{})
			if err != nil {
				t.Fatal(err)
			}
			l := x.(*Leg)
			near, far := newWire()
			carried := make(chan error, 1)
			go func() { carried <- l.Carry(near) }()
			far.says(map[string]any{"event": "start", "streamSid": "MZ1", "start": map[string]any{"callSid": "CA1"}})
			if e := <-l.Events(); e.Kind != leg.Answered {
				t.Fatalf("first came %+v", e)
			}
			if second, _ := newWire(); l.Carry(second) == nil {
				t.Error("a second stream was taken")
			}
			c.does(far, l)
			if e := <-l.Events(); e.Kind != leg.Ended || e.Cause != c.want {
				t.Errorf("it ended as %+v, want %s", e, c.want)
			}
			if err := <-carried; err != nil {
				t.Error(err)
			}
		})
	}
}

// What is no stream of this call is refused, and the leg goes on waiting.
func TestStreamsThatAreNotTaken(t *testing.T) {
	another := errors.New("of another call")
	for name, text := range map[string]string{
		"another call":       `{"event":"start","streamSid":"MZ1","start":{"callSid":"CA2"}}`,
		"sound that is none": `{"event":"start","streamSid":"MZ1","start":{"callSid":"CA1","mediaFormat":{"encoding":"audio/opus"}}}`,
		"no name":            `{"event":"start","start":{"callSid":"CA1"}}`,
		"no JSON":            `start`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, _ := bare(func(call string) error {
					if call != "CA1" {
						return another
					}
					return nil
				})
				near, far := newWire()
				far.Send(t.Context(), []byte(text))
				if err := l.Carry(near); err == nil {
					t.Error("it was taken")
				}
				if err := far.Send(t.Context(), []byte("{}")); err == nil {
					t.Error("its socket is open")
				}
				l.Ends(leg.Event{Cause: leg.NoAnswer})
				if e := <-l.Events(); e.Cause != leg.NoAnswer {
					t.Errorf("it ended as %+v", e)
				}
			})
		})
	}
}

// A far end that plays what we say too late is told to leave out what waits there.
func TestSoundThatIsHeldUp(t *testing.T) {
	o := &newSound(400 * time.Millisecond).out
	o.stream = quoted("MZ1")
	now := time.Now()
	loud := [media.Samples]byte{1: 7}
	var marks []string
	drain := func() (texts []string) {
		for text := o.next(nil, now); text != nil; text = o.next(nil, now) {
			m, err := readMessage(text)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			texts = append(texts, m.Event)
			if m.Event == "mark" {
				marks = append(marks, m.Mark.Name)
			}
		}
		return texts
	}
	for range 2 * markEvery {
		o.say(&loud)
		drain()
	}
	if len(marks) != 1 {
		t.Fatalf("marks %q, and none of them is back", marks)
	}
	o.marked("another", now.Add(time.Second))
	o.marked(marks[0], now.Add(300*time.Millisecond))
	if got := drain(); len(got) > 0 && got[0] == "clear" {
		t.Error("it is cleared though it is in time")
	}
	o.say(&loud)
	drain()
	if len(marks) != 2 {
		t.Fatalf("marks %q", marks)
	}
	o.marked(marks[1], now.Add(time.Second))
	if got := drain(); len(got) != 1 || got[0] != "clear" {
		t.Errorf("it says %q", got)
	}
}

// Silence is not sent for long, and what comes after it is led in.
func TestSilenceIsNotSent(t *testing.T) {
	o := &newSound(time.Second).out
	o.stream = quoted("MZ1")
	count := func() (n int) {
		for o.next(nil, time.Time{}) != nil {
			n++
		}
		return n
	}
	say := func(frame []byte, times int) (sent int) {
		for range times {
			o.say((*[media.Samples]byte)(frame))
			sent += count()
		}
		return sent
	}
	loud := bytes.Repeat([]byte{1}, media.Samples)
	for _, step := range []struct {
		what  string
		frame []byte
		times int
		want  int
	}{
		{"before anything was said", silence, 20, 0},
		{"the first words", loud, 5, lead + 5},
		{"a short pause", silence, quietAfter, quietAfter},
		{"on they go", loud, 5, 5},
		{"a long pause", silence, 100, quietAfter},
		{"and again", loud, 1, lead + 1},
	} {
		if got := say(step.frame, step.times); got != step.want {
			t.Errorf("%s: %d frames were sent, want %d", step.what, got, step.want)
		}
	}
}

// Whatever a platform sends is a message or is refused.
func FuzzMessages(f *testing.F) {
	for _, text := range []string{
		`{"event":"connected","protocol":"Call","version":"1.0.0"}`,
		`{"event":"start","sequenceNumber":"1","streamSid":"MZ1","start":{"streamSid":"MZ1","callSid":"CA1","tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1}}}`,
		`{"event":"media","streamSid":"MZ1","media":{"track":"inbound","chunk":"1","timestamp":"20","payload":"////"}}`,
		`{"event":"dtmf","streamSid":"MZ1","dtmf":{"track":"inbound_track","digit":"d"}}`,
		`{"event":"mark","mark":{"name":"1"}}`, `{"event":"stop"}`, `{"event":"media","media":{"payload":"!"}}`, `[]`, ``,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := readMessage(text)
		if err != nil {
			return
		}
		if m.Event == "dtmf" && !strings.Contains(media.Digits, m.DTMF.Digit) {
			t.Errorf("%q is a key", m.DTMF.Digit)
		}
		// What we answer with is JSON, whatever the stream is called.
		if m.Event == "start" {
			for _, said := range [][]byte{
				appendMedia(nil, quoted(m.Stream), silence), appendMark(nil, quoted(m.Stream), "1"), appendClear(nil, quoted(m.Stream)),
			} {
				if _, err := readMessage(said); err != nil {
					t.Errorf("%s: %v", said, err)
				}
			}
		}
		var b inbox
		b.put(m.sound)
		heard := 0
		b.take(func(p []byte) { heard += len(p) })
		if heard > len(m.sound) || len(m.sound) <= media.Samples && heard != len(m.sound) {
			t.Errorf("%d of %d bytes are heard", heard, len(m.sound))
		}
	})
}
