package call

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/sid"
)

// Socket is a WebSocket to an owner's server. One goroutine may send while another receives.
type Socket interface {
	Send(ctx context.Context, text []byte) error
	// Receive gives the next message, of at most 1 MiB. An error is the end.
	Receive(ctx context.Context) ([]byte, error)
	Close(reason string)
}

// Sockets opens WebSockets; webhook implements it. An error is a *Problem.
type Sockets interface {
	Open(ctx context.Context, account sid.Account, call sid.Call, url string) (Socket, error)
}

// StreamOrder is sound of a call that is to be sent over a WebSocket (Twilio's page on Media Streams).
type StreamOrder struct {
	SID        sid.Stream // "" for a new one
	URL        string     // wss://…
	Name       string     // one of its kind on the call; "" is the SID
	Track      string     // inbound_track outbound_track both_tracks; "" is inbound_track
	Parameters map[string]string
	Both       bool // the server's sound is heard on the call: <Connect>
	Callback   StreamCallback
}

// StreamCallback is how an owner wants to hear of a stream: that it has started, has stopped, or has failed.
type StreamCallback struct {
	URL    string
	Method string // "" is POST
}

// Errors of streams.
var (
	ErrStreamName  = errors.New("the call has a stream of this name")
	ErrManyStreams = errors.New("the call has as many streams as it may have")
)

// mostStreams is how many a call may have at once (Twilio's page on Stream: four tracks).
const mostStreams = 4

// Stream is sound of a call on its way over a WebSocket. It ends by Stop, with its call, or when the server closes it.
// Its methods may be called from any goroutine and do not wait.
type Stream struct {
	call  *Call
	order StreamOrder
	out   outbox
	mouth *streamMouth // nil: one direction only
	life  context.Context
	stop  context.CancelCauseFunc
	done  chan struct{}

	mu    sync.Mutex
	err   error // why it failed; nil: it has not
	began time.Time
}

// streams are those of one call.
type streams struct {
	mu   sync.Mutex
	list []*Stream
	over bool
}

var errStopped = errors.New("the stream was stopped")

// Stream begins one, which connects by itself. A call that is not answered or is over is [ErrNotInProgress].
func (c *Call) Stream(o StreamOrder) (*Stream, error) {
	select {
	case <-c.picked:
	default:
		return nil, ErrNotInProgress
	}
	if o.SID == "" {
		o.SID = sid.New[sid.Stream]()
	}
	if o.Name == "" {
		o.Name = string(o.SID)
	}
	c.streams.mu.Lock()
	defer c.streams.mu.Unlock()
	under := slices.DeleteFunc(slices.Clone(c.streams.list), func(s *Stream) bool { return s.Over() })
	switch {
	case c.streams.over:
		return nil, ErrNotInProgress
	case len(under) >= mostStreams:
		return nil, ErrManyStreams
	case slices.ContainsFunc(under, func(s *Stream) bool { return s.order.Name == o.Name }):
		return nil, ErrStreamName
	}
	s := &Stream{call: c, order: o, done: make(chan struct{}), began: time.Now()}
	s.out.wake = make(chan struct{}, 1)
	s.life, s.stop = context.WithCancelCause(c.desk.posts)
	if o.Both {
		s.mouth = &streamMouth{marked: func(name string) { s.out.control(markMessage(name)) }}
	}
	c.streams.list = append(c.streams.list, s)
	c.desk.posting.Add(1)
	go s.run()
	return s, nil
}

// StreamNamed finds a stream of the call by its name or its SID, one that is over too; nil if there is none.
func (c *Call) StreamNamed(name string) *Stream {
	c.streams.mu.Lock()
	defer c.streams.mu.Unlock()
	for _, s := range slices.Backward(c.streams.list) {
		if s.order.Name == name || string(s.order.SID) == name {
			return s
		}
	}
	return nil
}

// stop ends all of a call's streams.
func (s *streams) stop() {
	s.mu.Lock()
	s.over = true
	list := s.list
	s.mu.Unlock()
	for _, one := range list {
		one.Stop()
	}
}

// SID is its identifier.
func (s *Stream) SID() sid.Stream { return s.order.SID }

// Name is what it was called.
func (s *Stream) Name() string { return s.order.Name }

// Stop ends it: the server is told, and the socket closed.
func (s *Stream) Stop() { s.stop(errStopped) }

// Done is closed when it is over.
func (s *Stream) Done() <-chan struct{} { return s.done }

// Over tells whether it is.
func (s *Stream) Over() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// Err is why it failed; nil if it was stopped, or the server closed it.
func (s *Stream) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Times a stream may take.
const (
	streamSend   = 5 * time.Second // for one message to leave
	streamParted = 2 * time.Second // for the last one
)

// run is the stream from its connection to its end.
func (s *Stream) run() {
	c := s.call
	defer c.desk.posting.Done()
	defer close(s.done)
	defer s.stop(errStopped)
	log := c.log.With("stream", s.order.SID)
	if c.desk.cfg.Sockets == nil {
		s.fail(&Problem{Code: 31920, Text: "nothing here opens WebSockets"})
		return
	}
	rec := c.Record()
	socket, err := c.desk.cfg.Sockets.Open(s.life, rec.Account, c.id, s.order.URL)
	if err != nil {
		if s.life.Err() == nil {
			s.fail(err)
		}
		return
	}
	log.Info("streaming", "track", s.track(), "both", s.order.Both)
	for _, text := range [][]byte{connectedMessage(), s.startMessage(rec)} {
		s.out.control(text)
	}
	s.tell("stream-started", nil)
	deaf := s.listen()
	received := make(chan struct{})
	go func() {
		defer close(received)
		s.receive(socket)
		s.stop(nil) // the server is done with it
	}()
	err = s.send(socket)
	deaf()
	parting, quit := context.WithTimeout(context.WithoutCancel(s.life), streamParted)
	if err == nil {
		_ = socket.Send(parting, s.out.number(s.stopMessage(rec), s.order.SID))
	}
	quit()
	socket.Close("the stream is over")
	<-received
	if err != nil && !errors.Is(context.Cause(s.life), errStopped) && context.Cause(s.life) != context.Canceled {
		s.fail(&Problem{Code: 31921, Text: "the server does not take the sound: " + err.Error(), Err: err})
		return
	}
	log.Info("stream over", "dropped", s.out.lost())
	s.tell("stream-stopped", nil)
}

func (s *Stream) track() string {
	if s.order.Track == "" {
		return "inbound_track"
	}
	return s.order.Track
}

// listen sends what is heard on the call.
func (s *Stream) listen() (deaf func()) {
	in, out := func() {}, func() {}
	if t := s.track(); t != "outbound_track" {
		in = s.call.Listen(&streamEar{s: s, track: "inbound"})
	}
	if t := s.track(); t != "inbound_track" {
		out = s.call.lips.overhear(&streamEar{s: s, track: "outbound"})
	}
	return func() { in(); out() }
}

// send sends what the outbox has until the end. An error is the server's.
func (s *Stream) send(socket Socket) error {
	for {
		for _, text := range s.out.take(s.order.SID) {
			// A message that is under way is not broken off: the socket would be closed with it.
			ctx, stop := context.WithTimeout(context.WithoutCancel(s.life), streamSend)
			err := socket.Send(ctx, text)
			stop()
			if err != nil {
				if s.life.Err() != nil {
					return nil
				}
				return err
			}
		}
		select {
		case <-s.out.wake:
		case <-s.life.Done():
			return nil
		}
	}
}

// receive takes what the server sends until it closes the socket.
func (s *Stream) receive(socket Socket) {
	for {
		text, err := socket.Receive(context.WithoutCancel(s.life)) // until Close
		if err != nil {
			return
		}
		if s.mouth == nil {
			continue // one direction: what the server says is not heard
		}
		if err := s.mouth.obey(text); err != nil {
			s.call.log.Warn("message of a stream passed over", "code", 31951, "stream", s.order.SID, "err", err)
		}
	}
}

// fail notes why there is no stream, and tells.
func (s *Stream) fail(err error) {
	s.mu.Lock()
	s.err = err
	s.mu.Unlock()
	code := 31920
	if p, ok := errors.AsType[*Problem](err); ok {
		code = p.Code
	}
	s.call.log.Warn("no stream", "stream", s.order.SID, "code", code, "err", err)
	s.tell("stream-error", err)
}

// tell is the stream's statusCallback.
func (s *Stream) tell(event string, err error) {
	b := s.order.Callback
	if b.URL == "" {
		return
	}
	rec := s.call.Record()
	v := url.Values{
		"AccountSid": {string(rec.Account)}, "CallSid": {string(rec.SID)}, "StreamSid": {string(s.order.SID)}, "StreamName": {s.order.Name},
		"StreamEvent": {event}, "Timestamp": {time.Now().UTC().Format(time.RFC3339Nano)},
	}
	if err != nil {
		v.Set("StreamError", err.Error())
	}
	method := b.Method
	if method == "" {
		method = "POST"
	}
	s.call.Send(Ask{Account: rec.Account, Call: rec.SID, Method: method, URL: b.URL, Params: v})
}

// Converse lets the server of a stream in both directions be heard on the call until the stream is over; keys are told
// to the server. ctx ends it, with its cause. For scripts.
func (c *Call) Converse(ctx context.Context, s *Stream) error {
	defer s.Stop()
	c.utter(s.mouth)
	defer c.utter(nil)
	for {
		select {
		case <-s.done:
			return s.Err()
		case <-ctx.Done():
			return context.Cause(ctx)
		case key := <-c.keys:
			s.out.control(dtmfMessage(key))
		}
	}
}

// streamEar sends what it hears. It is written on the goroutine that paces a leg.
type streamEar struct {
	s       *Stream
	track   string
	payload [media.Samples]byte
}

func (e *streamEar) Write(f *media.Frame) {
	media.PCMU.Encode(e.payload[:], f)
	e.s.out.media(e.track, &e.payload, time.Since(e.s.began))
}
