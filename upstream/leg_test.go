package upstream_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/twiml"
	"github.com/kaden-project/kaden/upstream"
	"github.com/kaden-project/kaden/webhook"
)

// pacing is a house whose calls can be legs.
func pacing(h *house) {
	ctx, stop := context.WithCancel(context.Background())
	h.cfg.Clock = media.NewClock(1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		h.cfg.Clock.Run(ctx)
	}()
	h.Cleanup(func() {
		stop()
		<-ended
	})
}

// dial orders a leg to sato.
func (h *house) dial(change ...func(*leg.Target)) leg.Leg {
	h.Helper()
	to := leg.Target{URI: "tel:+819012345678", Line: "twilio", From: "+815011112222"}
	for _, f := range change {
		f(&to)
	}
	l, err := h.Dial(h.Context(), to, leg.Options{ID: "CA1-1", Keep: func(_ context.Context, r leg.Remains) error {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.kept = append(h.kept, string(r))
		return nil
	}})
	if err != nil {
		h.Fatalf("dial: %v", err)
	}
	return l
}

// next waits for an event.
func next(t *testing.T, l leg.Leg, want leg.EventKind) leg.Event {
	t.Helper()
	select {
	case e := <-l.Events():
		if e.Kind != want {
			t.Fatalf("came %+v, want event %d", e, want)
		}
		return e
	case <-time.After(10 * time.Second):
		t.Fatalf("event %d does not come", want)
	}
	panic("not reached")
}

// stream is the address of the sound that a call there was ordered with.
func (c *remote) stream() string {
	c.p.t.Helper()
	doc, problems := twiml.Parse([]byte(c.form.Get("Twiml")))
	if len(problems) > 0 || len(doc.Verbs) != 1 {
		c.p.t.Fatalf("ordered with %s: %v", c.form.Get("Twiml"), problems)
	}
	return doc.Verbs[0].(*twiml.Connect).Nouns[0].(*twiml.Stream).URL
}

// opens opens a WebSocket as the platform does, and says who it is.
func (c *remote) opens(where string) (*websocket.Conn, *http.Response, error) {
	conn, resp, err := websocket.Dial(c.p.t.Context(), where, &websocket.DialOptions{HTTPHeader: http.Header{"X-Twilio-Signature": {webhook.Sign(c.p.signs, where, nil)}}})
	if err == nil {
		c.p.t.Cleanup(func() { conn.CloseNow() })
	}
	return conn, resp, err
}

func send(t *testing.T, conn *websocket.Conn, text string) {
	t.Helper()
	if err := conn.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

// A call there is a leg here: it rings, is answered when its sound comes, is heard, presses keys, and ends.
func TestACallThereIsALegHere(t *testing.T) {
	h := build(t, pacing)
	l := h.dial()
	c := h.platform.the(1)
	c.goes(call.Initiated)
	next(t, l, leg.Trying)
	c.goes(call.Ringing)
	next(t, l, leg.Ringing)
	c.goes(call.InProgress)
	conn, _, err := c.opens(c.stream())
	if err != nil {
		t.Fatal(err)
	}
	var heard atomic.Int64
	l.Listen(sink(func(f *media.Frame) {
		if f[0] > 1000 {
			heard.Add(1)
		}
	}))
	send(t, conn, `{"event":"connected","protocol":"Call","version":"1.0.0"}`)
	send(t, conn, `{"event":"start","streamSid":"MZ1","start":{"streamSid":"MZ1","callSid":"`+c.id+`"}}`)
	next(t, l, leg.Answered)
	second, _, err := c.opens(c.stream())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := second.Read(t.Context()); err == nil {
		t.Error("a second stream was taken")
	}
	loud := make([]byte, media.Samples)
	frame := media.Frame{}
	for i := range frame {
		frame[i] = 8000
	}
	media.PCMU.Encode(loud, &frame)
	eventually(t, "they are heard", func() bool {
		send(t, conn, `{"event":"media","streamSid":"MZ1","media":{"track":"inbound","payload":"`+base64.StdEncoding.EncodeToString(loud)+`"}}`)
		return heard.Load() > 2
	})
	send(t, conn, `{"event":"dtmf","streamSid":"MZ1","dtmf":{"track":"inbound_track","digit":"7"}}`)
	h.want("key", next(t, l, leg.Digit).Digit, "7")

	l.Play(media.Tone(time.Second, -12, 440))
	_, text, err := conn.Read(t.Context())
	var said struct{ Event, StreamSid string }
	if err != nil || json.Unmarshal(text, &said) != nil || said.Event != "media" || said.StreamSid != "MZ1" {
		t.Errorf("they are told %s, %v", text, err)
	}
	send(t, conn, `{"event":"stop","streamSid":"MZ1","stop":{"callSid":"`+c.id+`"}}`)
	h.want("end", next(t, l, leg.Ended).Cause, leg.HungUp)
	eventually(t, "the call there is over", func() bool { return h.platform.up() == 0 })
	h.want("order", []string{c.form.Get("To"), c.form.Get("From"), c.form.Get("Timeout"), c.form.Get("MachineDetection")}, []string{"+819012345678", "+815011112222", "600", ""})
	h.want("records of its own", len(h.records), 0)
	h.want("kept before the order leaves, and with its name", []bool{strings.Contains(h.kept[0], c.id), strings.Contains(h.kept[1], c.id)}, []bool{false, true})
}

type sink func(*media.Frame)

func (s sink) Write(f *media.Frame) { s(f) }

// How a call there ends before anybody has answered.
func TestLegsThatNobodyAnswers(t *testing.T) {
	for _, tt := range []struct {
		name  string
		rings bool
		end   call.Status
		more  []string
		cause leg.Cause
		retry bool
	}{
		{"busy", false, call.Busy, []string{"SipResponseCode", "486"}, leg.Busy, true},
		{"refused by a person", true, call.Busy, []string{"SipResponseCode", "603"}, leg.Rejected, false},
		{"nobody comes", true, call.NoAnswer, nil, leg.NoAnswer, false},
		{"the network is full", false, call.Failed, []string{"SipResponseCode", "503"}, leg.Congested, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := build(t, pacing)
			l := h.dial()
			c := h.platform.the(1)
			c.goes(call.Initiated)
			next(t, l, leg.Trying)
			if tt.rings {
				c.goes(call.Ringing)
				next(t, l, leg.Ringing)
			}
			c.goes(tt.end, tt.more...)
			e := next(t, l, leg.Ended)
			h.want("end", []any{e.Cause, e.Retry}, []any{tt.cause, tt.retry})
		})
	}
}

// A leg that is given up is ended there, in whatever state it is.
func TestALegThatIsGivenUp(t *testing.T) {
	for _, state := range []call.Status{call.Queued, call.Ringing, call.InProgress} {
		t.Run(string(state), func(t *testing.T) {
			h := build(t, pacing)
			l := h.dial()
			c := h.platform.the(1)
			if state != call.Queued {
				c.goes(state)
			}
			l.Hangup(t.Context(), leg.Canceled)
			for e := range l.Events() {
				if e.Kind == leg.Ended && e.Cause != leg.Canceled {
					t.Errorf("it ended as %+v", e)
				}
			}
			eventually(t, "the call there is over", func() bool { return h.platform.up() == 0 })
		})
	}
}

// A caller ID that is not the account's is refused there, and the upstream's own is shown.
func TestACallerIDThatIsNotTheAccounts(t *testing.T) {
	h := build(t, pacing)
	h.platform.set(func() {
		h.platform.onCreate = func(_ int, w http.ResponseWriter, r *remote) bool {
			if r.form.Get("From") == h.up.From {
				return false
			}
			refuse(w, 400, 21210, "The source phone number is not yet verified")
			return true
		}
	})
	l := h.dial(func(to *leg.Target) { to.From = "+819099999999" })
	c := h.platform.the(1)
	h.want("from", c.form.Get("From"), h.up.From)
	c.goes(call.Initiated)
	next(t, l, leg.Trying)
	c.goes(call.NoAnswer, "SipResponseCode", "480")
	h.want("end", next(t, l, leg.Ended).Cause, leg.Unreachable)

	// Who shows none at all shows the upstream's from the beginning.
	l = h.dial(func(to *leg.Target) { to.From = "client:sato" })
	h.want("from", h.platform.the(2).form.Get("From"), h.up.From)
	creates, _ := h.platform.count()
	h.want("orders", creates, 3)
	l.Hangup(t.Context(), leg.Canceled)
}

// Streams that nobody waits for, that nobody signed, and of other calls are not taken.
func TestStreamsOfStrangers(t *testing.T) {
	h := build(t, pacing)
	l := h.dial()
	c := h.platform.the(1)
	c.goes(call.InProgress)
	next(t, l, leg.Trying)
	refused := func(what, where string, status int) {
		t.Helper()
		_, resp, err := c.opens(where)
		if err == nil || resp == nil || resp.StatusCode != status {
			t.Errorf("%s: %v %v, want %d", what, resp, err, status)
		}
	}
	refused("a token that is guessed", c.stream()[:len(c.stream())-4]+"0000", 404)
	refused("another call's address", strings.Replace(c.stream(), "CA1-1", "CA1-2", 1), 404)
	h.platform.signs = "ffffffffffffffffffffffffffffffff"
	refused("signed by another", c.stream(), 403)
	h.platform.signs = token
	conn, _, err := c.opens(c.stream())
	if err != nil {
		t.Fatal(err)
	}
	send(t, conn, `{"event":"start","streamSid":"MZ1","start":{"streamSid":"MZ1","callSid":"CAffffffffffffffffffffffffffffffff"}}`)
	if _, _, err := conn.Read(t.Context()); err == nil {
		t.Error("the stream of another call was taken")
	}
	l.Hangup(t.Context(), leg.Canceled)
	next(t, l, leg.Ended)
	eventually(t, "nobody waits for it any more", func() bool {
		_, resp, _ := c.opens(c.stream())
		return resp != nil && resp.StatusCode == 404
	})
}

// What an upstream is not dialled for.
func TestLegsThatAreNotDialled(t *testing.T) {
	h := build(t, pacing)
	for name, to := range map[string]leg.Target{
		"an address":    {URI: "sip:sato@192.0.2.7", Line: "twilio"},
		"the police":    {URI: "tel:110", Line: "twilio"},
		"another line":  {URI: "tel:+819012345678", Line: "ntt"},
		"number abroad": {URI: "tel:+14155550100", Line: "twilio"},
	} {
		if _, err := h.Dial(t.Context(), to, leg.Options{}); err == nil {
			t.Errorf("%s was dialled", name)
		}
	}
	silent := build(t, pacing, deaf)
	if _, err := silent.Dial(t.Context(), leg.Target{URI: "tel:+819012345678", Line: "twilio"}, leg.Options{}); err == nil || !strings.Contains(err.Error(), "public-url") {
		t.Errorf("without a public URL: %v", err)
	}
	creates, _ := h.platform.count()
	h.want("orders", creates, 0)
}

// What a life that is over has left is ended by what was kept of it; a leg of which nothing was kept had not been ordered.
func TestTheGhostOfALeg(t *testing.T) {
	h := build(t, pacing)
	h.dial()
	c := h.platform.the(1)
	c.goes(call.Ringing)
	eventually(t, "its name is kept", func() bool { h.mu.Lock(); defer h.mu.Unlock(); return len(h.kept) == 2 })
	h.dies()
	h.want("up", h.platform.up(), 1)
	h.lives()
	var ender leg.Ender = h.Client
	if err := ender.End(t.Context(), leg.Target{}, leg.Options{}, nil); err != nil || h.platform.up() != 1 {
		t.Errorf("%v, up %d", err, h.platform.up())
	}
	if err := ender.End(t.Context(), leg.Target{}, leg.Options{}, leg.Remains(h.kept[1])); err != nil {
		t.Error(err)
	}
	h.want("up", h.platform.up(), 0)
}

var _ leg.Dialer = (*upstream.Client)(nil)
