package smpp

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/number"
)

const (
	mostDeliveries = 100              // brought and not yet looked at; the SMSC is to bring more later
	mostReceipts   = 32               // written down at once
	keepTime       = 30 * time.Second // for writing one down
)

// delivery is a deliver_sm, and where it is to be answered.
type delivery struct {
	from *session
	pdu  pdu
}

// brought takes what the SMSC brings; it does not wait.
func (l *link) brought(s *session, p pdu) {
	select {
	case l.in <- delivery{s, p}:
	default:
		go s.answer(p, statusQueueFull, []byte{0})
	}
}

// take looks at what was brought until ctx ends; pieces of messages whose rest has not come by then are taken as they are.
func (l *link) take(ctx context.Context) {
	pieces := table{}
	tick := time.NewTicker(pieceTime / 10)
	defer tick.Stop()
	var keeping sync.WaitGroup
	defer keeping.Wait()
	places := make(chan struct{}, mostReceipts)
	for {
		select {
		case d := <-l.in:
			m, err := readShort(d.pdu.Body)
			kind := m.Class & classKind
			switch {
			case err != nil:
				l.log.Warn("the SMSC brings what cannot be read", "err", err)
				d.answer(statusMalformed)
			case kind == classReceipt, kind == 0 && len(m.More[tagReceiptedID]) > 0:
				places <- struct{}{}
				keeping.Go(func() {
					defer func() { <-places }()
					d.answer(l.receipt(m))
				})
			case kind != 0: // on the way, or a word of the telephone's own (5.2.12)
				d.answer(statusOK)
			default:
				d.answer(l.text(pieces, m))
			}
		case <-tick.C:
			l.giveUp(pieces, time.Now())
		case <-ctx.Done():
			l.giveUp(pieces, time.Time{})
			return
		}
	}
}

func (d delivery) answer(how status) { d.from.answer(d.pdu, how, []byte{0}) }

// receipt hands a receipt over, and says how that went.
func (l *link) receipt(m short) status {
	r, ok := readReceipt(m, l.spelt(m.From))
	if !ok {
		l.log.Warn("a receipt does not say for which message it is")
		return statusOK
	}
	l.mu.Lock()
	for _, name := range r.Names() {
		if id, ok := l.names[name]; ok {
			r.SID, r.Name, r.Word.There = id, name, name
			break
		}
	}
	l.mu.Unlock()
	ctx, stop := context.WithTimeout(context.Background(), keepTime)
	defer stop()
	if err := l.c.cfg.Receipt(ctx, l.doc.Name, r); err != nil {
		l.log.Error("a receipt is not kept; the SMSC is to bring it again", "err", err)
		return statusLater
	}
	return statusOK
}

// text takes a message, or a piece of one.
func (l *link) text(t table, m short) status {
	p := readPart(m)
	if _, ok := decode(m.Coding, nil); !ok {
		l.log.Warn("a message that came in is no text, and is not taken", "coding", m.Coding)
		return statusOK
	}
	key := thread{l.spelt(m.From), l.spelt(m.To), p.ref, p.total, m.Coding}
	b, whole := t.put(key, p, time.Now())
	if len(t) > mostThreads {
		l.giveUp(t, time.Now())
	}
	if !whole {
		return statusOK
	}
	body, _ := decode(m.Coding, b)
	if err := l.keep(key, body); err != nil {
		return statusLater // the piece comes again, and finds the others here
	}
	t.done(key)
	return statusOK
}

// giveUp takes messages as they are whose rest does not come.
func (l *link) giveUp(t table, now time.Time) {
	for _, key := range t.overdue(now) {
		m := t[key]
		if !m.taken {
			l.log.Warn("of a long message that came in not all pieces came", "missing", m.left, "of", key.total)
			if err := l.keep(key, m.text(key.coding)); err != nil && !now.IsZero() {
				continue
			}
		}
		delete(t, key)
	}
}

func (l *link) keep(key thread, body string) error {
	if r := []rune(body); len(r) > message.MaxBody {
		body = string(r[:message.MaxBody])
	}
	ctx, stop := context.WithTimeout(context.Background(), keepTime)
	defer stop()
	err := l.c.cfg.Inbound(ctx, In{Carrier: l.doc.Name, From: key.from, To: key.to, Body: body, Segments: key.total})
	if err != nil {
		l.log.Error("a message that came in is not kept; the SMSC is to bring it again", "err", err)
	}
	return err
}

// spelt is an address as this house spells it: +81… for a number, as it came for all else.
func (l *link) spelt(a address) string {
	s := clean(strings.ToValidUTF8(a.Text, "\ufffd"))
	switch {
	case a.TON == tonWord || s == "" || strings.Trim(strings.TrimPrefix(s, "+"), "0123456789") != "":
		return s
	case a.TON == tonInternational && !strings.HasPrefix(s, "+"):
		return "+" + s
	case strings.HasPrefix(s, "0") || a.TON == tonNational:
		if n, err := number.Parse(s, l.c.cfg.Region); err == nil {
			return string(n)
		}
	case len(s) > 9 && !strings.HasPrefix(s, "+"): // an SMSC that does not say what it is: with its country
		if n, err := number.Parse("+"+s, ""); err == nil {
			return string(n)
		}
	}
	return s
}
