package clientsdk

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

// wire is a WebSocket. Read is called by one goroutine, Write by one at a time, Close by any.
type wire interface {
	Read() ([]byte, error)
	Write(ctx context.Context, text []byte) error
	// Close ends the connection, in good manners unless code is 0; Read returns then.
	Close(code int, reason string)
}

// The clocks of a socket. The SDK itself drops a socket on which it hears nothing for 15 s.
const (
	beat     = 5 * time.Second  // between two heartbeats
	silence  = 15 * time.Second // a page that echoes nothing for so long is gone
	shy      = 10 * time.Second // a page has said who it is by then
	patience = 5 * time.Second  // to write one frame
)

// mostQueued is how many frames may wait for a page that does not read.
const mostQueued = 256

// leaving is why we end a socket, with a close code (RFC 6455 7.4.1 and IANA's list). The SDK connects again after any
// of them, quietly after all but 1006 and 1015.
type leaving struct {
	code int // 0: there is nobody to be polite to
	text string
}

func (l *leaving) Error() string { return l.text }

var (
	errFull   = &leaving{1013, "too many pages have not said who they are"}
	errClosed = &leaving{1012, "kaden is starting again"}
	errSilent = &leaving{0, "nothing was heard for too long"}
	errSlow   = &leaving{0, "the page does not read"}
	errShy    = &leaving{1008, "the page did not say who it is"}
	errOrder  = &leaving{1008, "listen comes first"}
	errFlood  = &leaving{1008, "too many frames"}
)

// socket is one page's connection.
type socket struct {
	s      *Server
	w      wire
	source string // host of the page's address
	agent  string // its browser
	log    *slog.Logger
	budget budget   // of the reader
	token  string   // of the reader: the last one that was good
	hungUp []string // of the reader: TJS names that were hung up before they were invited

	// Guarded by Server.mu.
	claims Claims
	known  bool      // claims are those of a token that is good
	wants  bool      // the page wants to be on duty
	since  time.Time // when it came on duty
	dead   bool
	calls  map[string]*dialog // by CA… and TJS…

	mu      sync.Mutex
	queue   [][]byte
	writing bool
	marks   []func() // one for each heartbeat that is not echoed yet; nil: nothing waits for it
	heard   time.Time
	pulse   *time.Timer
	expiry  *time.Timer // of the token
	cause   *leaving    // why we have let go of it
}

func (c Claims) who() who { return who{c.Account, c.Identity} }

// serve reads one socket until it ends. source is the host that it comes from, agent its browser.
func (s *Server) serve(w wire, source, agent string) {
	now := time.Now()
	k := &socket{s: s, w: w, source: source, agent: agent, log: s.log.With("from", source), heard: now, calls: map[string]*dialog{}, budget: newBudget(now)}
	s.mu.Lock()
	if no := s.refuses(); no != nil {
		s.mu.Unlock()
		w.Close(no.code, no.text)
		return
	}
	s.sockets[k] = true
	s.unknown++
	s.work.Add(1)
	s.mu.Unlock()
	defer s.work.Done()
	k.mu.Lock()
	k.pulse = time.AfterFunc(beat, k.beat)
	k.expiry = time.AfterFunc(shy, func() { k.drop(errShy) })
	k.mu.Unlock()
	for {
		text, err := w.Read()
		if err != nil {
			k.lost(err)
			return
		}
		if !k.take(text) {
			return
		}
	}
}

// mostUnknown is how many sockets may be open that have not said who they are. Pages do it at once.
const mostUnknown = 1000

// refuses says why no further socket is taken, nil if one is. The caller holds mu.
func (s *Server) refuses() *leaving {
	switch {
	case s.closed:
		return errClosed
	case s.unknown >= mostUnknown:
		return errFull
	}
	return nil
}

// take treats one frame. It tells whether the socket goes on.
func (k *socket) take(text []byte) bool {
	now := time.Now()
	k.mu.Lock()
	k.heard = now
	gone := k.cause != nil
	var mark func()
	beats := isHeartbeat(text)
	if beats && len(k.marks) > 0 {
		mark, k.marks = k.marks[0], k.marks[1:]
	}
	k.mu.Unlock()
	if mark != nil {
		mark()
	}
	switch {
	case gone:
		return false
	case !k.budget.spend(now):
		k.drop(errFlood)
		return false
	case beats:
		return true
	}
	f, err := parse(text)
	if err != nil {
		k.log.Debug("frame not read", "err", err)
		k.error(&Error{codeMalformed, err.Error()}, "")
		return true
	}
	// On a goroutine of its own, whose stack is given back: JSON, signatures and the database need much more of it
	// than reading, and most pages only read, all night.
	done := make(chan struct{})
	go func() { defer close(done); k.hear(f) }()
	<-done
	return true
}

// beat is the socket's pulse.
func (k *socket) beat() {
	k.mu.Lock()
	if k.cause != nil {
		k.mu.Unlock()
		return
	}
	left := silence - time.Since(k.heard)
	k.pulse.Reset(max(0, min(beat, left)))
	k.mu.Unlock()
	if left <= 0 {
		k.drop(errSilent)
		return
	}
	k.sendMarked(nil, nil)
}

// send queues a frame. It does not wait.
func (k *socket) send(frame []byte) { k.queued(false, nil, frame) }

// sendMarked queues a frame (nil: none) and a heartbeat behind it; seen is called when the page's script has seen both.
func (k *socket) sendMarked(frame []byte, seen func()) {
	if frame == nil {
		k.queued(true, seen, heartbeat)
		return
	}
	k.queued(true, seen, frame, heartbeat)
}

func (k *socket) queued(marked bool, seen func(), frames ...[]byte) {
	k.mu.Lock()
	if k.cause != nil {
		k.mu.Unlock()
		return
	}
	if len(k.queue) > mostQueued {
		k.mu.Unlock()
		go k.drop(errSlow) // it tells the lines, and one of them may be what is speaking here
		return
	}
	k.queue = append(k.queue, frames...)
	if marked {
		k.marks = append(k.marks, seen)
	}
	start := !k.writing
	k.writing = true
	k.mu.Unlock()
	if start { // an idle socket keeps no goroutine for writing
		go k.write()
	}
}

// write brings out what is queued and ends.
func (k *socket) write() {
	for {
		k.mu.Lock()
		if len(k.queue) == 0 || k.cause != nil {
			k.queue, k.writing = nil, false
			k.mu.Unlock()
			return
		}
		frame := k.queue[0]
		k.queue = k.queue[1:]
		k.mu.Unlock()
		ctx, stop := context.WithTimeout(context.Background(), patience)
		err := k.w.Write(ctx, frame)
		stop()
		if err != nil {
			k.drop(errSlow)
		}
	}
}

// error tells the page what went wrong. call is what it was about, "" for nothing in particular.
func (k *socket) error(e *Error, call string) {
	k.send(payload{Error: e, CallSID: call}.frame("error"))
}

// drop ends the socket. It does not wait, and what has to be known of it at once is known when it returns.
func (k *socket) drop(why *leaving) {
	if k.over(why) {
		go k.w.Close(why.code, why.text)
	}
}

// lost is the end of a socket that the other side has ended.
func (k *socket) lost(err error) {
	if k.over(&leaving{text: err.Error()}) {
		k.w.Close(0, "")
	}
}

// over takes the socket out of everything, once.
func (k *socket) over(why *leaving) bool {
	k.mu.Lock()
	if k.cause != nil {
		k.mu.Unlock()
		return false
	}
	k.cause = why
	k.pulse.Stop()
	k.expiry.Stop()
	k.queue, k.marks = nil, nil
	k.mu.Unlock()

	s := k.s
	s.mu.Lock()
	k.dead = true
	if k.claims.Identity == "" {
		s.unknown--
	}
	s.mu.Unlock()
	s.leave(k, true)
	s.mu.Lock()
	delete(s.sockets, k)
	calls := slices.Collect(maps.Values(k.calls))
	k.calls = map[string]*dialog{}
	s.mu.Unlock()
	for _, d := range calls {
		d.cut(k)
	}
	k.log.Debug("socket ended", "why", why.text)
	return true
}

// expires tells the page when its token is no longer good. Calls go on; being on duty does not.
func (k *socket) expires(at time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.expiry.Stop()
	if k.cause == nil {
		k.expiry = time.AfterFunc(time.Until(at), k.expired)
	}
}

func (k *socket) expired() {
	k.s.mu.Lock()
	late := time.Until(k.claims.Expires) > 0 // another token came in this very moment
	if !late {
		k.known = false
	}
	k.s.mu.Unlock()
	if late {
		return
	}
	k.s.leave(k, false)
	k.error(&Error{codeExpired, "the token has expired"}, "")
}
