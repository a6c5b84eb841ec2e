package sipleg

import (
	"strconv"
	"strings"
	"time"

	"github.com/kaden-project/kaden/leg"
)

// reliable is the caller's wish that what we say before the answer arrives (RFC 3262, as the one who is called): each
// 18x has a number and is repeated until a PRACK names it. There is one at a time; what comes meanwhile waits.
type reliable struct {
	required bool
	rseq     uint32 // of the last one
	open     bool   // … which is not acknowledged yet
	waiting  []provisional
	answer   bool // the 200 waits as well
	timer    *time.Timer
}

type provisional struct {
	code int
	body string
}

// waits tells whether a 200 has to wait.
func (p *reliable) waits() bool { return p.open }

func (p *reliable) stop() {
	if p.timer != nil {
		p.timer.Stop()
	}
	p.open, p.answer, p.waiting = false, false, nil
}

// ringReliably says an 18x, with a number where the caller wants one; false when there is nobody to say it to.
func (l *Leg) ringReliably(code int, body string) bool {
	p := &l.reliable
	if !p.required {
		return l.first.respond(code, l.localTag, l.inDialogHeaders(), body)
	}
	if p.open {
		p.waiting = append(p.waiting, provisional{code, body})
		return true
	}
	p.rseq++
	h := append(l.inDialogHeaders(), header{"Require", "100rel"}, header{"RSeq", strconv.FormatUint(uint64(p.rseq), 10)})
	if !l.first.respond(code, l.localTag, h, body) {
		return false
	}
	p.open = true
	l.repeat(l.srv.t.T1, time.Now().Add(l.srv.t.all()))
	return true
}

// repeat says it again, each time after twice the pause, until a PRACK comes or nobody can be there (section 3).
func (l *Leg) repeat(pause time.Duration, end time.Time) {
	var t *time.Timer
	t = time.AfterFunc(pause, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.reliable.timer != t || !l.reliable.open || l.phase != setup {
			return
		}
		if !time.Now().Before(end) {
			l.refuse(leg.Fault, "our ringing was never acknowledged")
			return
		}
		l.first.sayAgain()
		l.repeat(2*pause, end)
	})
	l.reliable.timer = t
}

// pracked takes a PRACK. It may bring a new offer, which is answered (section 5).
func (l *Leg) pracked(r *request, tx *serverTx) {
	p := &l.reliable
	if lines := values(r, "RAck"); !p.open || len(lines) != 1 || !l.names(lines[0]) {
		tx.respond(481, "", nil, "")
		return
	}
	answer := ""
	if body := sdpOf(r); body != nil {
		d, err := l.line.readOffer(body, r.from.peer.Addr())
		if err != nil || !d.fits(r.from.peer.Addr()) {
			tx.respond(488, "", nil, "")
			return
		}
		l.theirs = d
		l.ours.version++
		answer = l.ours.answer(d)
	}
	p.open = false
	p.timer.Stop()
	tx.respond(200, "", nil, answer)
	if answer != "" {
		l.applySound()
	}
	if len(p.waiting) > 0 {
		next := p.waiting[0]
		p.waiting = p.waiting[1:]
		l.ringReliably(next.code, next.body)
		return
	}
	if p.answer {
		p.answer = false
		l.pickUp()
	}
}

// names tells whether a RAck is of the 18x that waits for one: its number, and the CSeq of the INVITE.
func (l *Leg) names(rack string) bool {
	words := strings.Fields(rack)
	if len(words) != 3 || !strings.EqualFold(words[2], "INVITE") {
		return false
	}
	return words[0] == strconv.FormatUint(uint64(l.reliable.rseq), 10) && words[1] == strconv.FormatUint(uint64(l.first.seq), 10)
}
