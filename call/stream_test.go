package call_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/media/mediatest"
	"github.com/kaden-project/kaden/sid"
)

// server is somebody at the other end of streams.
type server struct {
	mu     sync.Mutex
	got    []map[string]any
	says   chan []byte
	closed chan struct{}
	once   sync.Once
	refuse error
	slow   time.Duration
	reason string
}

func newServer() *server { return &server{} }

func (s *server) Open(ctx context.Context, _ sid.Account, _ sid.Call, _ string) (call.Socket, error) {
	return s, s.refuse
}

func (s *server) Send(ctx context.Context, text []byte) error {
	select {
	case <-s.closed:
		return io.EOF
	case <-time.After(s.slow):
	}
	var v map[string]any
	if err := json.Unmarshal(text, &v); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, v)
	return nil
}

func (s *server) Receive(ctx context.Context) ([]byte, error) {
	select {
	case text := <-s.says:
		return text, nil
	case <-s.closed:
		return nil, io.EOF
	}
}

func (s *server) Close(reason string) {
	s.once.Do(func() {
		s.reason = reason
		close(s.closed)
	})
}

func (s *server) all() []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got
}

func (s *server) say(format string, args ...any) { s.says <- fmt.Appendf(nil, format, args...) }

// events are what it was sent, with sound counted.
func (s *server) events() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, v := range s.got {
		e := v["event"].(string)
		switch e {
		case "mark", "dtmf":
			for _, x := range v[e].(map[string]any) {
				if x != "inbound_track" {
					e += " " + x.(string)
				}
			}
		case "media":
			e += " " + v["media"].(map[string]any)["track"].(string)
		}
		if n := len(all); n == 0 || all[n-1] != e {
			all = append(all, e)
		}
	}
	return strings.Join(all, ", ")
}

// heard is the sound of a track.
func (s *server) heard(track string) (samples []int16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.got {
		if m, ok := v["media"].(map[string]any); ok && m["track"] == track {
			payload, _ := base64.StdEncoding.DecodeString(m["payload"].(string))
			var f media.Frame
			media.PCMU.Decode(&f, payload)
			samples = append(samples, f[:]...)
		}
	}
	return samples
}

// over streams to s, whose channels belong to the bubble of the story.
func over(s *server) func(*call.Config) {
	return func(c *call.Config) {
		s.says, s.closed = make(chan []byte, 100), make(chan struct{})
		c.Sockets = s
	}
}

func TestBothSidesOfACallAreStreamed(t *testing.T) {
	s := newServer()
	story(t, func(h *house) {
		c, _ := h.place(call.Order{})
		p := h.phone()
		if _, err := c.Stream(call.StreamOrder{}); !errors.Is(err, call.ErrNotInProgress) {
			t.Errorf("streamed before the answer: %v", err)
		}
		p.Answer()
		p.Say(media.Tone(time.Hour, -20, 400))
		time.Sleep(time.Second)
		one, err := c.Stream(call.StreamOrder{URL: "wss://owner.example/", Name: "one", Track: "both_tracks", Parameters: map[string]string{"a": "b"}, Callback: call.StreamCallback{URL: "https://owner.example/stream"}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Stream(call.StreamOrder{Name: "one"}); !errors.Is(err, call.ErrStreamName) {
			t.Errorf("the same name twice: %v", err)
		}
		time.Sleep(2 * time.Second)
		h.want("found", c.StreamNamed("one") == one && c.StreamNamed(string(one.SID())) == one, true)
		c.StreamNamed("one").Stop()
		<-one.Done()
		time.Sleep(time.Second)
		got := s.all()
		first, start, media1, last := got[0], got[1], got[2], got[len(got)-1]
		h.want("connected", fmt.Sprint(first), "map[event:connected protocol:Call version:1.0.0]")
		h.want("start", fmt.Sprint(start["start"]), fmt.Sprintf("map[accountSid:%s callSid:%s customParameters:map[a:b] mediaFormat:map[channels:1 encoding:audio/x-mulaw sampleRate:8000] streamSid:%s tracks:[inbound outbound]]", acct, c.SID(), one.SID()))
		h.want("numbers", fmt.Sprint(start["sequenceNumber"], media1["sequenceNumber"], media1["streamSid"] == string(one.SID())), "12true")
		h.want("last", fmt.Sprint(last["event"], last["stop"]), fmt.Sprintf("stopmap[accountSid:%s callSid:%s]", acct, c.SID()))
		for track, hz := range map[string]float64{"inbound": 400, "outbound": 700} {
			sound := s.heard(track)
			if n := len(sound); n < 19*media.Rate/10 || n > 21*media.Rate/10 || mediatest.Level(sound, hz) < -25 || mediatest.Level(sound, 1100-hz) > -50 {
				t.Errorf("%s: %d samples, %.0f Hz at %.1f dBFS", track, n, hz, mediatest.Level(sound, hz))
			}
		}
		var told []string
		h.owner.mu.Lock()
		for i, v := range h.owner.asks {
			if strings.HasSuffix(h.owner.where[i], "/stream") {
				told = append(told, v.Get("StreamEvent")+" "+v.Get("StreamName"))
			}
		}
		h.owner.mu.Unlock()
		h.want("told", strings.Join(told, ", "), "stream-started one, stream-stopped one")
		p.HangUp()
		c.Wait()
		if _, err := c.Stream(call.StreamOrder{}); !errors.Is(err, call.ErrNotInProgress) {
			t.Errorf("streamed after the end: %v", err)
		}
	}, over(s), plays(700))
}

// talks hands the call over to the server.
func talks(ctx context.Context, c *call.Call) error {
	s, err := c.Stream(call.StreamOrder{URL: "wss://owner.example/", Both: true})
	if err != nil {
		return err
	}
	if err := c.Converse(ctx, s); err != nil {
		return err
	}
	return c.Play(ctx, media.NewClip(make([]int16, media.Rate), "afterwards").Source())
}

func TestAServerTalksWithTheCaller(t *testing.T) {
	s := newServer()
	story(t, func(h *house) {
		h.place(call.Order{})
		p := h.phone()
		p.Answer()
		ear := media.NewRecorder(time.Minute)
		p.Listen(ear)
		time.Sleep(time.Second)
		tone := make([]byte, 0, 3*media.Rate)
		src := media.Tone(3*time.Second, -15, 700)
		for more, f := true, (media.Frame{}); more; {
			more = src.Read(&f)
			var payload [media.Samples]byte
			media.PCMU.Encode(payload[:], &f)
			tone = append(tone, payload[:]...)
		}
		s.say(`{"event":"mark","mark":{"name":"nothing yet"}}`)
		s.say(`{"event":"media","media":{"payload":"%s"}}`, base64.StdEncoding.EncodeToString(tone[:2*media.Rate]))
		s.say(`{"event":"mark","mark":{"name":"two seconds"}}`)
		time.Sleep(1500 * time.Millisecond)
		h.want("marks so far", s.events(), "connected, start, media inbound, mark nothing yet, media inbound")
		p.Press("5")
		time.Sleep(time.Second)
		s.say(`{"event":"media","media":{"payload":"%s"}}`, base64.StdEncoding.EncodeToString(tone))
		s.say(`{"event":"mark","mark":{"name":"cleared"}}`)
		s.say(`not json`)
		s.say(`{"event":"dance"}`)
		s.say(`{"event":"media","media":{"payload":"***"}}`)
		time.Sleep(time.Second)
		s.say(`{"event":"clear"}`)
		time.Sleep(time.Second)
		h.want("marks", s.events(), "connected, start, media inbound, mark nothing yet, media inbound, dtmf 5, media inbound, mark two seconds, media inbound, mark cleared, media inbound")
		s.Close("done")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		var heard []string
		for _, one := range p.Heard() {
			heard = append(heard, one.Caption)
		}
		h.want("heard", strings.Join(heard, ", "), "(stream), (stream), afterwards")
		sound := ear.Samples()
		loud := 0
		for at := 0; at+media.Rate/10 <= len(sound); at += media.Rate / 10 {
			if mediatest.Level(sound[at:at+media.Rate/10], 700) > -20 {
				loud++
			}
		}
		if loud < 29 || loud > 32 {
			t.Errorf("the server was heard for %d tenths of a second, want 30", loud)
		}
		p.HangUp()
	}, over(s), script(talks))
}

func TestAStreamEndsWithItsCall(t *testing.T) {
	s := newServer()
	story(t, func(h *house) {
		c, _ := h.place(call.Order{})
		p := h.phone()
		p.Answer()
		time.Sleep(2 * time.Second)
		p.HangUp()
		c.Wait()
		time.Sleep(time.Second)
		h.want("events", s.events(), "connected, start, media inbound, stop")
		<-s.closed
		h.want("closed", s.reason, "the stream is over")
	}, over(s), script(talks))
}

func TestAStreamThatCannotBeOpened(t *testing.T) {
	s := newServer()
	s.refuse = &call.Problem{Code: 31920, Text: "the server answered with HTTP 404"}
	story(t, func(h *house) {
		c, _ := h.place(call.Order{})
		p := h.phone()
		p.Answer()
		one, err := c.Stream(call.StreamOrder{Callback: call.StreamCallback{URL: "https://owner.example/stream"}})
		if err != nil {
			time.Sleep(time.Second)
			one, err = c.Stream(call.StreamOrder{Callback: call.StreamCallback{URL: "https://owner.example/stream"}})
		}
		if err != nil {
			t.Fatal(err)
		}
		<-one.Done()
		h.want("why", one.Err(), "the server answered with HTTP 404")
		time.Sleep(time.Second)
		h.want("told", h.owner.last().Get("StreamEvent")+" "+h.owner.last().Get("StreamError"), "stream-error the server answered with HTTP 404")
		for range 5 { // those that are over do not count
			if _, err := c.Stream(call.StreamOrder{}); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Millisecond)
		}
		p.HangUp()
	}, over(s), plays(700))
}

func TestASlowServerLosesTheOldestSound(t *testing.T) {
	s := newServer()
	s.slow = 50 * time.Millisecond
	story(t, func(h *house) {
		c, _ := h.place(call.Order{})
		p := h.phone()
		p.Answer()
		time.Sleep(10 * time.Second)
		p.HangUp()
		c.Wait()
		time.Sleep(6 * time.Second)
		if n := len(s.heard("inbound")) / media.Samples; n < 150 || n > 320 {
			t.Errorf("%d frames of ten seconds", n)
		}
	}, over(s), script(talks))
}

func TestACallHasFourStreamsAtMost(t *testing.T) {
	s := newServer()
	story(t, func(h *house) {
		c, _ := h.place(call.Order{})
		p := h.phone()
		p.Answer()
		time.Sleep(time.Second)
		for i := range 5 {
			if _, err := c.Stream(call.StreamOrder{}); errors.Is(err, call.ErrManyStreams) != (i == 4) {
				t.Errorf("stream %d: %v", i, err)
			}
		}
		p.HangUp()
	}, over(s), plays(700))
}
