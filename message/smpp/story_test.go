package smpp

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/trunk"
)

// centre is an SMSC that the test holds in its hands, and a client that is bound to it.
type centre struct {
	t      *testing.T
	client *Client
	stop   func()

	mu       sync.Mutex
	away     bool   // nobody answers connections
	bind     status // the answer to a bind
	binds    int
	now      *session // the connection that is up
	sent     []short
	at       []time.Time // … when they came
	answers  func(n int, s *session, p pdu)
	dumb     bool // enquire_link is not answered
	unbound  bool
	stands   []State
	receipts []Receipt
	deaf     error // what Receipt and Inbound say
	in       []In
	got      []pdu // answers to what was brought
}

// story lets a client be bound to an SMSC that takes everything.
func story(t *testing.T, doc trunk.SMSC, f func(c *centre)) {
	synctest.Test(t, func(t *testing.T) {
		c := &centre{t: t}
		c.client = New(slog.New(slog.DiscardHandler), Config{
			Region: "JP", Dial: c.dial, Receipt: c.receipt, Inbound: c.inbound,
			Changed: func(s Standing) { c.set(func() { c.stands = append(c.stands, s.State) }) },
		})
		doc.Name, doc.Server, doc.User, doc.Password = "carrier", "smsc.example.jp:2775", "kaden", "secret"
		if doc.Window == 0 {
			doc.Window = 10
		}
		if doc.Pulse == 0 {
			doc.Pulse = 30 * time.Second
		}
		c.client.Set([]trunk.SMSC{doc})
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- c.client.Run(ctx) }()
		c.stop = sync.OnceFunc(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
			synctest.Wait()
		})
		defer c.stop()
		synctest.Wait()
		f(c)
	})
}

func (c *centre) set(f func()) { c.mu.Lock(); defer c.mu.Unlock(); f() }

func (c *centre) dial(context.Context, string, string) (net.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.away {
		return nil, errors.New("connection refused")
	}
	ours, theirs := net.Pipe()
	s := newSession(slog.New(slog.DiscardHandler), theirs, nil)
	c.now = s
	go c.serve(s)
	return ours, nil
}

// serve is the SMSC's side.
func (c *centre) serve(s *session) {
	for {
		p, err := readPDU(s.conn)
		if err != nil {
			return
		}
		c.mu.Lock()
		answers, dumb, bind := c.answers, c.dumb, c.bind
		c.mu.Unlock()
		switch p.Command {
		case bindTransceiver:
			c.set(func() { c.binds++ })
			if string(p.Body) != "kaden\x00secret\x00\x00\x34\x00\x00\x00" {
				c.t.Errorf("bound with %q", p.Body)
			}
			s.answer(p, bind, []byte("centre\x00"))
		case enquireLink:
			if !dumb {
				s.answer(p, statusOK, nil)
			}
		case unbind:
			c.set(func() { c.unbound = true })
			s.answer(p, statusOK, nil)
		case submitSM:
			m, err := readShort(p.Body)
			if err != nil {
				c.t.Error(err)
			}
			n := 0
			c.set(func() { c.sent, c.at = append(c.sent, m), append(c.at, time.Now()); n = len(c.sent) })
			if answers != nil {
				answers(n, s, p)
			} else {
				s.answer(p, statusOK, []byte("id-"+string(rune('0'+n))+"\x00"))
			}
		default:
			c.set(func() { c.got = append(c.got, p) })
		}
	}
}

func (c *centre) receipt(_ context.Context, _ string, r Receipt) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.receipts = append(c.receipts, r)
	return c.deaf
}

func (c *centre) inbound(_ context.Context, in In) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.deaf == nil {
		c.in = append(c.in, in)
	}
	return c.deaf
}

// send gives a message over, as the desk does.
func (c *centre) send(body string) (message.Word, error) {
	r := record(body)
	done, err := c.client.Turn(context.Background(), r)
	if err != nil {
		return message.Word{}, err
	}
	defer done()
	return c.client.Send(context.Background(), r)
}

func record(body string) message.Record {
	return message.Record{SID: sid.New[sid.Message](), From: "+815087654321", To: "+819012345678", Body: body, Carrier: "carrier", Created: time.Now()}
}

// brings lets the SMSC bring something, and gives the status that it was answered with.
func (c *centre) brings(m short) status {
	c.t.Helper()
	c.mu.Lock()
	s, before := c.now, len(c.got)
	c.mu.Unlock()
	if err := s.write(pdu{Command: deliverSM, Seq: 77, Body: m.bytes()}); err != nil {
		c.t.Fatal(err)
	}
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.got) != before+1 || c.got[before].Seq != 77 || c.got[before].Command != deliverSM|answers {
		c.t.Fatalf("a deliver_sm was answered with %+v", c.got[before:])
	}
	return c.got[before].Status
}

var (
	mobile = address{tonInternational, npiISDN, "819012345678"}
	ours   = address{tonInternational, npiISDN, "815087654321"}
)

func TestAMessageGoesOut(t *testing.T) {
	story(t, trunk.SMSC{}, func(c *centre) {
		w, err := c.send("disk full on db01")
		if err != nil || w.There != "id-1" || w.Status != message.Sent {
			t.Fatalf("it said %+v %v", w, err)
		}
		m := c.sent[0]
		if m.From != ours || m.To != mobile || m.Coding != codingGSM || string(m.Text) != "disk full on db01" || m.Registered != wantReceipt {
			t.Errorf("sent: %+v", m)
		}
		if _, err := c.send("ディスクが一杯です"); err != nil {
			t.Fatal(err)
		}
		if m := c.sent[1]; m.Coding != codingUCS2 || len(m.Text) != 18 {
			t.Errorf("sent: %+v", m)
		}
		long := strings.Repeat("あ", 71)
		if _, err := c.send(long); err != nil {
			t.Fatal(err)
		}
		if m := c.sent[2]; len(m.Text) != 0 || len(m.More[tagPayload]) != 142 {
			t.Errorf("a long one: %+v", m)
		}
		c.stop()
		if !c.unbound {
			t.Error("the client left without a word")
		}
	})
}

func TestHowSendersAreMarked(t *testing.T) {
	for _, tt := range []struct {
		from   string
		source *trunk.NumberType
		want   address
	}{
		{"+815087654321", nil, address{1, 1, "815087654321"}}, {"12345", nil, address{3, 0, "12345"}}, {"Kaden", nil, address{5, 0, "Kaden"}},
		{"12345", &trunk.NumberType{TON: 6, NPI: 9}, address{6, 9, "12345"}}, {"Kaden", &trunk.NumberType{TON: 1, NPI: 1}, address{5, 0, "Kaden"}},
	} {
		l := &link{doc: trunk.SMSC{Source: tt.source}}
		if got := l.sender(tt.from); got != tt.want {
			t.Errorf("%s is marked %+v, want %+v", tt.from, got, tt.want)
		}
	}
}

// Two a second, and no more than three without an answer.
func TestRateAndWindow(t *testing.T) {
	story(t, trunk.SMSC{Rate: 2, Window: 3}, func(c *centre) {
		began := time.Now()
		var held []pdu
		c.answers = func(_ int, _ *session, p pdu) { c.set(func() { held = append(held, p) }) }
		for range 5 {
			go c.send("x")
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		var at []time.Duration
		c.set(func() {
			for _, when := range c.at {
				at = append(at, when.Sub(began))
			}
			c.answers = nil
			for _, p := range held {
				go c.now.answer(p, statusOK, []byte("n\x00"))
			}
		})
		if !slices.Equal(at, []time.Duration{0, 500 * time.Millisecond, time.Second}) {
			t.Errorf("they came after %v", at)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if len(c.sent) != 5 {
			t.Errorf("%d came in the end", len(c.sent))
		}
	})
}

// The SMSC is full, or says that it is too fast: nothing leaves for a second, and the message has not left.
func TestTooFast(t *testing.T) {
	for _, how := range []status{statusThrottled, statusQueueFull} {
		story(t, trunk.SMSC{}, func(c *centre) {
			c.answers = func(n int, s *session, p pdu) {
				if n == 1 {
					s.answer(p, how, nil)
					return
				}
				s.answer(p, statusOK, []byte("later\x00"))
			}
			_, err := c.send("x")
			if no := new(message.Refusal); !errors.As(err, &no) || !no.Busy || no.After != time.Second {
				t.Fatalf("%v: it said %v", how, err)
			}
			began := time.Now()
			if w, err := c.send("x"); err != nil || w.There != "later" || time.Since(began) != time.Second {
				t.Errorf("%v: after %v: %+v %v", how, time.Since(began), w, err)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	for how, code := range map[status]int{statusDest: 21211, statusSource: 21212, 0x45: 30008, 0x400: 30008} {
		story(t, trunk.SMSC{}, func(c *centre) {
			c.answers = func(_ int, s *session, p pdu) { s.answer(p, how, nil) }
			_, err := c.send("x")
			if no := new(message.Refusal); !errors.As(err, &no) || no.Busy || no.Code != code {
				t.Errorf("%v: it said %v", how, err)
			}
		})
	}
}

// The connection breaks before the answer: whether the message has left is not known, and that is what is said. What waits
// goes over the next connection.
func TestTheConnectionBreaksBeforeTheAnswer(t *testing.T) {
	story(t, trunk.SMSC{Window: 1}, func(c *centre) {
		c.answers = func(n int, s *session, p pdu) {
			if n == 1 {
				go s.conn.Close()
				return
			}
			s.answer(p, statusOK, []byte("second\x00"))
		}
		first := make(chan error, 1)
		go func() { _, err := c.send("first"); first <- err }()
		synctest.Wait()
		w, err := c.send("second")
		if err != nil || w.There != "second" {
			t.Errorf("the second: %+v %v", w, err)
		}
		if err := <-first; err == nil || errors.As(err, new(*message.Refusal)) {
			t.Errorf("the first: %v", err)
		}
		if c.binds != 2 || len(c.sent) != 2 {
			t.Errorf("%d binds, %d messages", c.binds, len(c.sent))
		}
		if _, err := c.client.Find(context.Background(), record("first")); !errors.As(err, new(*message.Refusal)) {
			t.Errorf("it is looked for: %v", err)
		}
	})
}

// While the SMSC is away it is tried again and again, more and more seldom; a message waits ten minutes.
func TestAnSMSCThatIsAway(t *testing.T) {
	story(t, trunk.SMSC{}, func(c *centre) {
		c.set(func() { c.away = true; c.now.conn.Close() })
		synctest.Wait()
		began := time.Now()
		_, err := c.send("x")
		if no := new(message.Refusal); !errors.As(err, &no) || !no.Busy || !strings.Contains(no.Text, "not bound") || time.Since(began) != 10*time.Minute {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		at := c.client.Standings()[0]
		if at.State != Silent || at.Why != "connection refused" || at.Remedy == "" || time.Until(at.Next) > time.Minute {
			t.Errorf("it stands %+v", at)
		}
		old, again := record("kept since yesterday"), time.Now()
		old.Created = began.Add(-24 * time.Hour)
		if _, err := c.client.Turn(context.Background(), old); err == nil || time.Since(again) != 30*time.Second {
			t.Errorf("an old message had %v: %v", time.Since(again), err)
		}
		c.set(func() { c.away = false })
		time.Sleep(time.Minute)
		if _, err := c.send("x"); err != nil {
			t.Error(err)
		}
		c.set(func() {
			if want := []State{Bound, Silent}; !slices.Equal(c.stands[:2], want) || c.stands[len(c.stands)-1] != Bound {
				t.Errorf("it stood %v", c.stands)
			}
		})
	})
}

// A bind that is refused says what to do.
func TestAPasswordThatIsWrong(t *testing.T) {
	story(t, trunk.SMSC{}, func(c *centre) {
		c.set(func() { c.bind = statusPassword; c.now.conn.Close() })
		time.Sleep(time.Minute)
		at := c.client.Standings()[0]
		if at.State != Refused || !strings.Contains(at.Why, "ESME_RINVPASWD") || !strings.Contains(at.Remedy, "password:") {
			t.Errorf("it stands %+v", at)
		}
		if found, ok := c.client.Check(context.Background(), "carrier"); !ok || len(found) != 1 || !found[0].Wrong {
			t.Errorf("the check finds %+v", found)
		}
		c.set(func() {
			if c.binds < 5 || c.binds > 8 {
				t.Errorf("bound %d times within a minute", c.binds)
			}
			c.bind = statusOK
		})
		time.Sleep(time.Minute)
		if found, _ := c.client.Check(context.Background(), "carrier"); len(found) != 2 || found[0].Wrong || found[1].Wrong {
			t.Errorf("the check finds %+v", found)
		}
	})
}

// An SMSC that has gone silent is found out by enquire_link.
func TestASilentSMSC(t *testing.T) {
	story(t, trunk.SMSC{Pulse: 20 * time.Second}, func(c *centre) {
		time.Sleep(10 * time.Minute)
		c.set(func() {
			if c.binds != 1 {
				t.Errorf("bound %d times", c.binds)
			}
			c.dumb = true
		})
		time.Sleep(20*time.Second + answerTime + 2*time.Second)
		c.set(func() {
			if c.binds != 2 {
				t.Errorf("bound %d times", c.binds)
			}
		})
	})
}

// At the end an answer that is under way is waited for, and the session is unbound after it.
func TestTheEndWaitsForAnswers(t *testing.T) {
	story(t, trunk.SMSC{}, func(c *centre) {
		c.answers = func(_ int, s *session, p pdu) {
			go func() { time.Sleep(2 * time.Second); s.answer(p, statusOK, []byte("late\x00")) }()
		}
		ctx, cancel := context.WithCancel(context.Background())
		r := record("x")
		done, err := c.client.Turn(ctx, r)
		if err != nil {
			t.Fatal(err)
		}
		got := make(chan message.Word, 1)
		go func() {
			defer done()
			w, _ := c.client.Send(ctx, r)
			got <- w
		}()
		synctest.Wait()
		cancel()
		c.stop()
		if w := <-got; w.There != "late" || !c.unbound {
			t.Errorf("the answer was %+v, unbound %v", w, c.unbound)
		}
	})
}

// A document that changes makes a new link; the message that waits for its turn takes that.
func TestADocumentThatChanges(t *testing.T) {
	story(t, trunk.SMSC{}, func(c *centre) {
		c.set(func() { c.bind = statusBind; c.now.conn.Close() })
		time.Sleep(10 * time.Second)
		got := make(chan error, 1)
		go func() { _, err := c.send("x"); got <- err }()
		synctest.Wait()
		doc := c.client.find("carrier").doc
		doc.Rate = 5
		c.set(func() { c.bind = statusOK })
		c.client.Set([]trunk.SMSC{doc})
		if err := <-got; err != nil {
			t.Error(err)
		}
		c.client.Set(nil)
		if _, err := c.send("x"); !errors.As(err, new(*message.Refusal)) {
			t.Errorf("without a document: %v", err)
		}
	})
}
