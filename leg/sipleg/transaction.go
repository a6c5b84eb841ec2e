package sipleg

import (
	"errors"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Why a client transaction ended without an answer.
var (
	errNoAnswer = errors.New("nothing answered")
	errClosed   = errors.New("the SIP server is closed")
	errCut      = errors.New("the connection was closed before anything was answered")
)

// layer keeps the transactions (RFC 3261 section 17, with RFC 6026). Messages are given to it in order; it
// calls back on the goroutine that brought the message, or on a timer's, and never with a lock held.
type layer struct {
	send func(flow, []byte) error
	t    timers

	mu     sync.Mutex
	closed bool
	client map[string]*clientTx
	server map[string]*serverTx
}

func newLayer(send func(flow, []byte) error, t timers) *layer {
	return &layer{send: send, t: t, client: map[string]*clientTx{}, server: map[string]*serverTx{}}
}

// close forgets everything and stops the clocks.
func (l *layer) close() {
	l.mu.Lock()
	l.closed = true
	clients, servers := l.client, l.server
	l.client, l.server = map[string]*clientTx{}, map[string]*serverTx{}
	l.mu.Unlock()
	for _, tx := range clients {
		tx.stop()
	}
	for _, tx := range servers {
		tx.stop()
	}
}

// lost ends the requests of ours that went over a connection that is closed, and to which nobody has said anything yet: they are
// not sent again over TCP, and half a minute is long for whoever waits.
func (l *layer) lost(s *stream) {
	l.mu.Lock()
	var cut []*clientTx
	for _, tx := range l.client {
		if tx.to.stream == s {
			cut = append(cut, tx)
		}
	}
	l.mu.Unlock()
	for _, tx := range cut {
		tx.mu.Lock()
		silent := tx.state == calling
		tx.mu.Unlock()
		if silent {
			tx.fail(errCut)
		}
	}
}

// response finds the transaction of a response, nil if there is none (any more).
func (l *layer) response(r *response) *clientTx {
	c := r.CSeq()
	if c == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.client[branch(r)+" "+string(c.MethodName)]
}

// request finds the transaction of a request that was seen before; as is its method, or INVITE for ACK and CANCEL.
func (l *layer) request(r *request, as sip.RequestMethod) *serverTx {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.server[serverKey(r, as)]
}

// serverKey is RFC 3261 section 17.2.3. Without the cookie, or with nothing after it, it is RFC 2543's.
func serverKey(r *request, as sip.RequestMethod) string {
	via := r.Via()
	b := via.Params.GetOr("branch", "")
	if len(b) > len(sip.RFC3261BranchMagicCookie) && b[:len(sip.RFC3261BranchMagicCookie)] == sip.RFC3261BranchMagicCookie {
		return b + " " + via.Host + ":" + itoa(via.Port) + " " + string(as)
	}
	return callID(r) + " " + fromTag(r) + " " + itoa(int(seq(r))) + " " + via.Value() + " " + string(as)
}

// state of a transaction.
type state uint8

const (
	calling    state = iota // client: sent, nothing heard. Server: taken, nothing said
	proceeding              // a provisional response
	accepted                // INVITE with 2xx (RFC 6026)
	completed               // another final response
	gone
)

// clock is the two timers of a transaction.
type clock struct {
	again    *time.Timer // retransmission
	interval time.Duration
	limit    *time.Timer
}

func (c *clock) stop() {
	if c.again != nil {
		c.again.Stop()
	}
	if c.limit != nil {
		c.limit.Stop()
	}
}

func (c *clock) repeat(first time.Duration, f func()) {
	if c.again != nil {
		c.again.Stop()
	}
	c.interval = first
	c.again = time.AfterFunc(first, f)
}

func (c *clock) within(d time.Duration, f func()) {
	if c.limit != nil {
		c.limit.Stop()
	}
	c.limit = time.AfterFunc(d, f)
}
