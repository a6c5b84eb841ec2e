package sipleg

import (
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// clientTx is a request of ours under way.
type clientTx struct {
	l      *layer
	key    string
	invite bool
	ends   bool // a call: BYE, CANCEL
	to     flow

	mu    sync.Mutex
	log   *trace // of the leg; may be nil
	state state
	clock clock
	raw   []byte                 // sent again; the INVITE, or the ACK of its refusal
	ackOf func(to string) []byte // makes the ACK of a refusal from its To header
	acks  map[string][]byte      // ACKs of 2xx by To tag, sent again for each repeated one
	ackTo map[string]flow

	heard  func(*response) // every response that is news, in order
	failed func(error)     // no response at all, once
}

// outgoing is what a clientTx needs to know.
type outgoing struct {
	method sip.RequestMethod
	branch string
	raw    []byte
	to     flow
	log    *trace
	ackOf  func(to string) []byte // INVITE only
	heard  func(*response)
	failed func(error)
}

// start sends a request. An error means that it did not leave the house.
func (l *layer) start(o outgoing) (*clientTx, error) {
	tx, err := l.prepared(o)
	if err != nil {
		return nil, err
	}
	if err := tx.begin(); err != nil {
		return nil, err
	}
	return tx, nil
}

// begin sends the request for the first time.
func (tx *clientTx) begin() error {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if err := tx.transmit(); err != nil && !tx.stubborn() {
		tx.drop()
		return err
	}
	if tx.to.udp {
		tx.clock.repeat(tx.l.t.T1, tx.resend)
	}
	tx.clock.within(tx.l.t.all(), tx.giveUp)
	return nil
}

// prepared makes a transaction without sending anything yet. One that is never begun takes the answers to a
// request of an earlier life.
func (l *layer) prepared(o outgoing) (*clientTx, error) {
	tx := &clientTx{
		l: l, key: o.branch + " " + string(o.method), invite: o.method == sip.INVITE,
		ends: o.method == sip.BYE || o.method == sip.CANCEL, to: o.to, log: o.log, raw: o.raw, ackOf: o.ackOf, heard: o.heard, failed: o.failed,
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, errClosed
	}
	l.client[tx.key] = tx
	return tx, nil
}

// listen gives the transaction another owner.
func (tx *clientTx) listen(heard func(*response), failed func(error)) {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.heard, tx.failed = heard, failed
}

// release forgets the trace of a request that has its final response; false while it has none.
func (tx *clientTx) release() bool {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.state < accepted {
		return false
	}
	tx.log = nil
	return true
}

// received notes a response in the trace.
func (tx *clientTx) received(r *response) {
	tx.mu.Lock()
	log := tx.log
	tx.mu.Unlock()
	log.received(r.at, r.from.peer, r.raw)
}

// redeliver hands a response to the owner of the moment, from one who is none any more.
func (tx *clientTx) redeliver(r *response) {
	tx.mu.Lock()
	heard := tx.heard
	tx.mu.Unlock()
	if heard != nil {
		go heard(r) // the caller holds locks
	}
}

// hush stops repeating a request that nobody wants any more. It may have arrived all the same.
func (tx *clientTx) hush() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.clock.again != nil {
		tx.clock.again.Stop()
	}
}

// ack remembers the ACK of one 2xx and sends it.
func (tx *clientTx) ack(toTag string, raw []byte, to flow) error {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.acks == nil {
		tx.acks, tx.ackTo = map[string][]byte{}, map[string]flow{}
	}
	tx.acks[toTag], tx.ackTo[toTag] = raw, to
	tx.log.sent(to.peer, raw)
	return tx.l.send(to, raw)
}

// stubborn tells whether a request is sent again though the network does not take it at the moment. Of all others it is better to
// know at once; what ends a call has to arrive, or somebody hears silence and somebody pays for it.
func (tx *clientTx) stubborn() bool { return tx.ends && tx.to.udp }

func (tx *clientTx) transmit() error {
	tx.log.sent(tx.to.peer, tx.raw)
	return tx.l.send(tx.to, tx.raw)
}

func (tx *clientTx) resend() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.state != calling && (tx.invite || tx.state != proceeding) {
		return
	}
	if err := tx.transmit(); err != nil && !tx.stubborn() {
		go tx.fail(err)
		return
	}
	tx.clock.interval *= 2
	if !tx.invite && (tx.clock.interval > tx.l.t.T2 || tx.state == proceeding) {
		tx.clock.interval = tx.l.t.T2
	}
	tx.clock.again.Reset(tx.clock.interval)
}

func (tx *clientTx) giveUp() { tx.fail(errNoAnswer) }

func (tx *clientTx) fail(err error) {
	tx.mu.Lock()
	if tx.state == gone || tx.state >= accepted {
		tx.mu.Unlock()
		return
	}
	failed := tx.failed
	tx.drop()
	tx.mu.Unlock()
	if failed != nil {
		failed(err)
	}
}

// drop ends the transaction; tx.mu is held.
func (tx *clientTx) drop() {
	tx.state = gone
	tx.clock.stop()
	tx.raw, tx.acks = nil, nil
	tx.l.mu.Lock()
	if tx.l.client[tx.key] == tx {
		delete(tx.l.client, tx.key)
	}
	tx.l.mu.Unlock()
}

func (tx *clientTx) expire() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.drop()
}

func (tx *clientTx) stop() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.clock.stop()
	tx.state = gone
}

// receive takes a response that belongs here.
func (tx *clientTx) receive(r *response) {
	tx.mu.Lock()
	news := tx.step(r)
	heard := tx.heard
	if !tx.invite && tx.state == completed {
		tx.heard, tx.failed, tx.log, tx.raw = nil, nil, nil, nil
	}
	tx.mu.Unlock()
	if news && heard != nil {
		heard(r)
	}
}

func (tx *clientTx) step(r *response) (news bool) {
	code := r.StatusCode
	switch {
	case tx.state == gone:
		return false
	case code < 200:
		if tx.state > proceeding {
			return false
		}
		if tx.invite {
			tx.clock.stop()                              // timers A and B end here; how long it may ring is the leg's affair,
			tx.clock.within(2*tx.l.t.Ringing, tx.giveUp) // but it may have no leg any more
		}
		tx.state = proceeding
		return true
	case tx.invite && code < 300:
		return tx.step2xx(r)
	case tx.state >= accepted:
		if tx.invite && tx.state == completed {
			tx.transmit() // a refusal again: so is its ACK
		}
		return false
	}
	tx.state = completed
	tx.clock.stop()
	linger := tx.l.t.T4 // timer K
	if tx.invite {
		tx.raw = tx.ackOf(r.To().Value())
		tx.transmit()
		linger = tx.l.t.all() // timer D
	}
	if !tx.to.udp {
		linger = 0
	}
	tx.clock.within(linger, tx.expire)
	return true
}

// step2xx: RFC 6026 section 7.2, RFC 3261 section 13.2.2.4. Each 2xx gets its own ACK.
func (tx *clientTx) step2xx(r *response) (news bool) {
	if tx.state == completed {
		return false
	}
	if tx.state < accepted {
		tx.state = accepted
		tx.clock.stop()
		tx.raw = nil
		tx.clock.within(tx.l.t.all(), tx.expire) // timer M
	}
	tag := toTag(r)
	if raw, known := tx.acks[tag]; known {
		if raw != nil {
			tx.log.sent(tx.ackTo[tag].peer, raw)
			tx.l.send(tx.ackTo[tag], raw)
		}
		return false
	}
	if tx.acks == nil {
		tx.acks, tx.ackTo = map[string][]byte{}, map[string]flow{}
	}
	tx.acks[tag] = nil // its owner is thinking
	return true
}

// expireIn bounds a transaction that was never begun.
func (tx *clientTx) expireIn(d time.Duration) {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.clock.within(d, tx.expire)
}
