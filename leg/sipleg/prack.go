package sipleg

import (
	"strconv"

	"github.com/emiago/sipgo/sip"
)

// prack is what is acknowledged of reliable provisional responses (RFC 3262).
type prack struct {
	rseq map[string]uint32 // by the To tag of the early dialog
	seq  uint32            // CSeq of the last PRACK
}

// acknowledged acknowledges a provisional response that asks for it. It answers false for one that is to be
// ignored: repeated, or out of order (section 4).
func (l *Leg) acknowledged(i *invitation, r *response) bool {
	if !contains(tokens(r, "Require"), "100rel") {
		return true
	}
	lines := values(r, "RSeq")
	if len(lines) != 1 || toTag(r) == "" {
		return false
	}
	n, err := strconv.ParseUint(lines[0], 10, 32)
	if err != nil || n == 0 {
		return false
	}
	p, tag := &l.acks, toTag(r)
	if last, known := p.rseq[tag]; known && uint32(n) != last+1 {
		return false
	}
	if p.rseq == nil {
		p.rseq = map[string]uint32{}
	}
	p.rseq[tag] = uint32(n)
	l.prackSent(i, max(p.seq, i.n)+1)
	d := i.dialogOf(r)
	l.srv.askFor(d, sip.PRACK, p.seq, l.user.keys(), func(r *response, err error) {
		if err != nil {
			l.log.Warn("provisional answer not acknowledged", "err", err)
		}
		if r != nil && r.CSeq() != nil { // it may have been sent again with a password, and another number
			l.mu.Lock()
			defer l.mu.Unlock()
			l.prackSent(i, r.CSeq().SeqNo)
		}
	}, header{"RAck", strconv.FormatUint(n, 10) + " " + itoa(int(i.n)) + " INVITE"})
	return true
}

// prackSent notes the number of one; l.mu is held.
func (l *Leg) prackSent(i *invitation, n uint32) {
	l.acks.seq = max(l.acks.seq, n)
	i.used.Store(l.acks.seq)
	if l.inBye() {
		l.dialog.seq = max(l.dialog.seq, n)
	}
}
