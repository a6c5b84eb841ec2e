package sipleg

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"

	"github.com/emiago/sipgo/sip"
)

func itoa(n int) string { return strconv.Itoa(n) }

// serverTx is a request of somebody else that we are answering.
type serverTx struct {
	l      *layer
	key    string
	invite bool
	to     flow
	via    place  // where the far end takes connections, if it has opened the one that this came over
	seq    uint32 // CSeq

	mu      sync.Mutex
	req     *request // till the final response
	log     *trace
	leg     *Leg // of an INVITE that began a call
	state   state
	clock   clock
	last    []byte
	done    bool   // acknowledged
	unacked func() // the 2xx was never acknowledged
}

// take makes the transaction of a request; false when it is there already.
func (l *layer) take(r *request) (*serverTx, bool) {
	tx := &serverTx{l: l, key: serverKey(r, r.Method), invite: r.Method == sip.INVITE, req: r, seq: seq(r), to: back(r), via: sentBy(r)}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.server[tx.key] != nil {
		return nil, false
	}
	l.server[tx.key] = tx
	return tx, true
}

// belongsTo says whose call the request is about.
func (tx *serverTx) belongsTo(l *Leg) {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.log = l.trace
	if tx.invite {
		tx.leg = l
	}
}

// owner is the leg of an INVITE, and the trace of any request; nil when there is none any more.
func (tx *serverTx) owner() (*Leg, *trace) {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	return tx.leg, tx.log
}

// release forgets the leg. The transaction stays for half a minute to take late repetitions, and there may
// be tens of thousands of them: what they hold has to be small.
func (tx *serverTx) release() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.leg, tx.log, tx.unacked = nil, nil, nil
}

// ifUnacked sets what happens when a 200 is never acknowledged.
func (tx *serverTx) ifUnacked(f func()) {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.unacked = f
}

// again answers a repeated request as before.
func (tx *serverTx) again() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.last != nil && tx.state != accepted { // repeated 200s have their own clock
		tx.transmit()
	}
}

// sayAgain repeats a provisional answer.
func (tx *serverTx) sayAgain() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.last != nil && tx.state == proceeding {
		tx.transmit()
	}
}

// transmit sends what was said last; over another connection where the far end's own is closed (RFC 3261 section 18.2.2): a
// telephone may ring for longer than a carrier keeps a silent one.
func (tx *serverTx) transmit() error {
	tx.log.sent(tx.to.peer, tx.last)
	err := tx.l.send(tx.to, tx.last)
	if errors.Is(err, net.ErrClosed) && tx.via != (place{}) {
		tx.to, tx.via = toOpen(tx.via), place{}
		err = tx.l.send(tx.to, tx.last)
	}
	return err
}

// sentBy is where the far end takes connections: the top Via says at which port. The address is the one that it came from.
func sentBy(r *request) place {
	if r.from.udp || r.from.stream.at != (place{}) {
		return place{}
	}
	via, proto := r.Via(), strings.ToLower(r.from.proto())
	return place{proto: proto, addr: netip.AddrPortFrom(r.from.peer.Addr(), portOr(via.Port, proto)), name: strings.Trim(via.Host, "[]")}
}

// respond sends a response. After the final one nothing is sent any more; false tells so.
func (tx *serverTx) respond(code int, tag string, extra []header, body string) bool {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.state >= accepted {
		return false
	}
	tx.last = reply(tx.req, code, reasons[code], tag, extra, body)
	tx.transmit()
	if code >= 200 {
		tx.req = nil
	}
	switch {
	case code < 200:
		tx.state = proceeding
	case !tx.invite:
		tx.state, tx.log = completed, nil
		linger := tx.l.t.all() // timer J
		if !tx.to.udp {
			linger = 0
		}
		tx.clock.within(linger, tx.expire)
	default:
		tx.state = completed
		if code < 300 {
			tx.state = accepted
		}
		// Timers G and H. A 2xx is repeated over TCP as well (RFC 3261 section 13.3.1.4).
		if code < 300 || tx.to.udp {
			tx.clock.repeat(tx.l.t.T1, tx.resend)
		}
		tx.clock.within(tx.l.t.all(), tx.giveUp)
	}
	return true
}

func (tx *serverTx) resend() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.state != accepted && tx.state != completed || tx.clock.again == nil {
		return
	}
	tx.transmit()
	tx.clock.interval = min(2*tx.clock.interval, tx.l.t.T2)
	tx.clock.again.Reset(tx.clock.interval)
}

// acked stops the repeating. The transaction stays a while to take late repetitions of the request.
func (tx *serverTx) acked() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if !tx.invite || tx.state < accepted || tx.state == gone || tx.clock.again == nil {
		return
	}
	tx.clock.again.Stop()
	tx.clock.again, tx.done = nil, true
	linger := tx.l.t.T4 // timer I
	if tx.state == accepted {
		linger = tx.l.t.all() // timer L
	} else if !tx.to.udp {
		linger = 0
	}
	tx.clock.within(linger, tx.expire)
}

func (tx *serverTx) giveUp() {
	tx.mu.Lock()
	unacked := tx.unacked
	if tx.state == gone || tx.done {
		unacked = nil
	}
	tx.drop()
	tx.mu.Unlock()
	if unacked != nil {
		unacked()
	}
}

func (tx *serverTx) expire() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.drop()
}

func (tx *serverTx) drop() {
	tx.state = gone
	tx.clock.stop()
	tx.l.mu.Lock()
	if tx.l.server[tx.key] == tx {
		delete(tx.l.server, tx.key)
	}
	tx.l.mu.Unlock()
}

func (tx *serverTx) stop() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.clock.stop()
	tx.state = gone
}

// wasRefused tells whether the request got another final answer than 2xx.
func (tx *serverTx) wasRefused() bool {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	return tx.state != accepted
}
