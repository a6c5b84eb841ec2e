package streamleg

import (
	"bytes"
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kaden-project/kaden/media"
)

// sound is the ear and the mouth of one leg. What stands below seat belongs to the clock's shard.
type sound struct {
	mouth media.Mouth
	ear   media.Ear
	in    inbox
	out   outbox

	seat *media.Seat // set once, before anything is said

	heard   uint32 // timestamps, counted by ourselves: nothing is lost or overtaken on the way
	said    uint32
	payload [media.Samples]byte
}

func newSound(lag time.Duration) *sound {
	s := &sound{}
	s.out.lag, s.out.wake, s.out.over = lag, make(chan struct{}, 1), make(chan struct{})
	return s
}

// begin joins the clock.
func (s *sound) begin(c *media.Clock, beside *media.Seat, stream string) {
	s.out.stream = quoted(stream)
	s.seat = c.JoinBeside(s, beside)
}

// finish leaves it. Nothing runs when it returns.
func (s *sound) finish() {
	if s.seat != nil {
		s.seat.Leave()
	}
	s.mouth.Play(nil)
	s.ear.Listen(nil)
}

// Tick is 20 ms of what is heard: what has arrived, one frame.
func (s *sound) Tick(time.Duration) {
	s.in.take(func(payload []byte) {
		s.ear.Sound(s.heard, payload, media.PCMU)
		s.heard += uint32(len(payload))
	})
	s.ear.Tick()
}

// Speak is 20 ms of what we say: one frame.
func (s *sound) Speak() {
	s.mouth.Next(s.said, media.PCMU, false, s.payload[:])
	s.said += media.Samples
	s.out.say(&s.payload)
}

// inbox holds what has arrived since the last tick. A stream that stalled and then comes all at once loses the oldest:
// the jitter buffer would not hold more either.
type inbox struct {
	mu     sync.Mutex
	ring   [16]chunk
	head   int
	length int
}

type chunk struct {
	n       int
	payload [media.Samples]byte
}

func (b *inbox) put(sound []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(sound) > 0 {
		if b.length == len(b.ring) {
			b.head = (b.head + 1) % len(b.ring)
			b.length--
		}
		c := &b.ring[(b.head+b.length)%len(b.ring)]
		c.n = copy(c.payload[:], sound)
		sound = sound[c.n:]
		b.length++
	}
}

func (b *inbox) take(hear func(payload []byte)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.length > 0 {
		c := &b.ring[b.head]
		b.head = (b.head + 1) % len(b.ring)
		b.length--
		hear(c.payload[:c.n])
	}
}

const (
	mostWaiting = 16 // frames that wait for the socket; more, and the oldest are left out
	quietAfter  = 10 // frames of silence, after which no more of it is sent: what waits at the far end can drain
	lead        = 3  // frames of silence before what is said after that: the far end plays what it has, and must not run dry
	markEvery   = 50 // frames between two marks
)

// outbox is what is said, on its way to the socket. The far end plays everything it is sent, one after the other, so that
// whatever was held up on the way stays late. Marks tell how far it is behind; if that is too much, it is cleared.
type outbox struct {
	lag     time.Duration
	stream  []byte // as JSON; set before anything is said
	wake    chan struct{}
	over    chan struct{}
	once    sync.Once
	cleared atomic.Int64

	mu     sync.Mutex
	ring   [mostWaiting][media.Samples]byte
	head   int
	length int
	silent int // frames of silence in a row, and none was sent yet: quietAfter of it
	begun  bool
	frames int       // sent since the last mark
	mark   int       // the last one
	sent   time.Time // when it was; zero: it is back
	clear  bool
}

var silence = bytes.Repeat([]byte{media.PCMU.Silence()}, media.Samples)

// say takes a frame. It is called on the clock's goroutine and must not wait.
func (o *outbox) say(payload *[media.Samples]byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if bytes.Equal(payload[:], silence) {
		if o.silent++; o.silent > quietAfter || !o.begun {
			return
		}
	} else {
		if o.silent > quietAfter || !o.begun {
			for range lead {
				o.push(silence)
			}
		}
		o.silent, o.begun = 0, true
	}
	o.push(payload[:])
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *outbox) push(payload []byte) {
	if o.length == mostWaiting {
		o.head = (o.head + 1) % mostWaiting
		o.length--
	}
	copy(o.ring[(o.head+o.length)%mostWaiting][:], payload)
	o.length++
}

// next is the next message, written into b; nil: there is none.
func (o *outbox) next(b []byte, now time.Time) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.clear:
		o.clear = false
		return appendClear(b, o.stream)
	case o.frames >= markEvery && o.sent.IsZero():
		o.mark++
		o.frames, o.sent = 0, now
		return appendMark(b, o.stream, strconv.Itoa(o.mark))
	case o.length == 0:
		return nil
	}
	b = appendMedia(b, o.stream, o.ring[o.head][:])
	o.head = (o.head + 1) % mostWaiting
	o.length--
	o.frames++
	return b
}

// marked says that everything before a mark was heard.
func (o *outbox) marked(name string, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if name != strconv.Itoa(o.mark) || o.sent.IsZero() {
		return
	}
	late := now.Sub(o.sent)
	o.sent = time.Time{}
	if late > o.lag {
		o.clear = true
		o.cleared.Add(1)
		select {
		case o.wake <- struct{}{}:
		default:
		}
	}
}

// send sends until the leg is gone or the socket's stream is over. An error is the far end's: it takes nothing.
func (o *outbox) send(s Socket, gone <-chan struct{}, most time.Duration) error {
	var b []byte
	for {
		for {
			text := o.next(b[:0], time.Now())
			if text == nil {
				break
			}
			b = text
			ctx, stop := context.WithTimeout(context.Background(), most)
			err := s.Send(ctx, text)
			stop()
			if err != nil {
				select {
				case <-gone:
					return nil
				case <-o.over:
					return nil
				default:
					return err
				}
			}
		}
		select {
		case <-o.wake:
		case <-gone:
			return nil
		case <-o.over:
			return nil
		}
	}
}

// stop ends sending.
func (o *outbox) stop() { o.once.Do(func() { close(o.over) }) }
