package sipleg

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/kaden-project/kaden/leg"
)

// Transfers: REFER within a call, both ways (RFC 3515), with the NOTIFYs of its implicit subscription and Refer-Sub
// (RFC 4488). The subscription ends with the call: whoever asks and hangs up at once is not told how it went. REFER
// outside a call, and explicit subscriptions (RFC 7614), are refused.

var _ leg.Transferer = (*Leg)(nil)

// transfers is what a leg knows of REFER; the leg's mu guards it.
type transfers struct {
	in  *referIn  // the far end asks us; nil: it does not
	out *referOut // we ask the far end; nil: we do not
}

// referIn is a transfer that the far end wants.
type referIn struct {
	tx     *serverTx // of its REFER, until that is answered
	id     uint32    // its CSeq
	silent bool      // it wants no NOTIFY (Refer-Sub: false)
	words  []int     // statuses that it is still to be told, one NOTIFY after the other
	busy   bool      // a NOTIFY is under way
	last   bool      // nothing follows words
	limit  *time.Timer
}

// referOut is a transfer that we want.
type referOut struct {
	answer chan error // the answer to our REFER, once
	said   bool       // … is there
	limit  *time.Timer
}

var (
	errNobodyAsks = errors.New("the far end asks for no transfer, or has been told how it ended")
	errTransfer   = errors.New("a transfer is under way")
)

// referred takes a REFER; l.mu is held. replaces is the leg of ours that it names.
func (l *Leg) referred(r *request, tx *serverTx, to referral, code int, replaces string) {
	switch {
	case l.phase == leaving:
		tx.respond(481, "", nil, "")
		return
	case code != 0:
		tx.respond(code, "", nil, "")
		return
	case l.phase != up:
		tx.respond(603, "", nil, "") // nobody is connected yet who could be handed on
		return
	case l.refer.in != nil:
		tx.respond(491, "", nil, "")
		return
	}
	a := &referIn{tx: tx, id: seq(r)}
	if v := tokens(r, "Refer-Sub"); len(v) > 0 {
		word, _, _ := strings.Cut(v[0], ";")
		a.silent = strings.EqualFold(strings.TrimSpace(word), "false")
	}
	l.refer.in = a
	a.limit = time.AfterFunc(l.srv.t.Refer, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.refer.in == a && a.tx != nil {
			l.refer.in = nil
			a.tx.respond(603, "", nil, "")
		}
	})
	if replaces == "" && to.replaces.callID != "" && !l.srv.ours(to.replaces) {
		to.headers["Replaces"] = to.replaces.String() // of a call that is none of ours: the new call asks for it
	}
	l.bell.Ring(leg.Event{At: r.at, Kind: leg.Referred, Target: to.target, Headers: to.headers, Replaces: replaces})
}

// Progress tells the far end how its transfer goes.
func (l *Leg) Progress(_ context.Context, status int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.refer.in
	switch {
	case status < 100 || status > 699:
		return fmt.Errorf("%d is no status of SIP", status)
	case l.phase != up:
		return errEnded
	case a == nil || a.last:
		return errNobodyAsks
	}
	if tx := a.tx; tx != nil {
		a.tx = nil
		a.limit.Stop()
		if status >= 300 {
			l.refer.in = nil
			tx.respond(status, "", nil, "")
			return nil
		}
		extra := l.inDialogHeaders()
		if a.silent {
			extra = append(extra, header{"Refer-Sub", "false"})
		}
		tx.respond(202, "", extra, "")
	}
	a.last = status >= 200
	if a.silent {
		if a.last {
			l.refer.in = nil
		}
		return nil
	}
	a.words = append(a.words, status)
	l.notify()
	return nil
}

// notify sends the next NOTIFY, when the one before has arrived: the far end would take two that overtake each other
// for wrong. l.mu is held.
func (l *Leg) notify() {
	a := l.refer.in
	if a == nil || a.busy || len(a.words) == 0 {
		return
	}
	status := a.words[0]
	a.words, a.busy = a.words[1:], true
	last := a.last && len(a.words) == 0
	l.sendNotify(a, status, last, func(r *response, err error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if err == nil && r.CSeq() != nil {
			l.dialog.seq = max(l.dialog.seq, r.CSeq().SeqNo)
		}
		if l.refer.in != a {
			return
		}
		a.busy = false
		if last || err != nil || r.StatusCode >= 300 { // nobody listens any more
			l.refer.in = nil
			return
		}
		l.notify()
	})
}

// notifyLast tells the last word before a BYE, without waiting for those before it. l.mu is held.
func (l *Leg) notifyLast() {
	if a := l.refer.in; a != nil && a.tx == nil && len(a.words) > 0 {
		l.sendNotify(a, a.words[len(a.words)-1], a.last, func(*response, error) {})
		a.words = nil
	}
}

func (l *Leg) sendNotify(a *referIn, status int, last bool, done func(*response, error)) {
	state := "active;expires=180"
	if last {
		state = "terminated;reason=noresource"
	}
	l.dialog.seq++
	d := l.dialog
	l.srv.askWith(&d, sip.NOTIFY, d.seq, l.user.keys(), "message/sipfrag;version=2.0", "SIP/2.0 "+phrase(status, reasons[status])+"\r\n", done,
		header{"Contact", l.contact}, header{"Event", "refer;id=" + itoa(int(a.id))}, header{"Subscription-State", state})
}

// Transfer asks the far end to call target.
func (l *Leg) Transfer(ctx context.Context, target string, headers map[string]string) error {
	l.mu.Lock()
	to, err := referTo(target, headers, l.dialog.local)
	switch {
	case l.phase != up:
		err = errEnded
	case err == nil && l.refer.out != nil:
		err = errTransfer
	}
	if err != nil {
		l.mu.Unlock()
		return err
	}
	a := &referOut{answer: make(chan error, 1)}
	a.limit = time.AfterFunc(longestTransfer, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.progressed(a, leg.Event{Kind: leg.ReferProgress, Status: 408, Reason: "the far end says no more about it"})
	})
	l.refer.out = a
	l.dialog.seq++
	d := l.dialog
	extra := []header{{"Contact", l.contact}, {"Refer-To", to}}
	if own, _, ok := nameAddr(d.local); ok {
		extra = append(extra, header{"Referred-By", "<" + own + ">"})
	}
	l.srv.askFor(&d, sip.REFER, d.seq, l.user.keys(), func(r *response, err error) { l.transferAnswered(a, r, err) }, extra...)
	l.mu.Unlock()
	select {
	case err := <-a.answer:
		return err
	case <-l.gone:
		return errEnded
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// longestTransfer is how long we listen to how a transfer goes.
const longestTransfer = 10 * time.Minute

// transferAnswered takes the answer to our REFER.
func (l *Leg) transferAnswered(a *referOut, r *response, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil && r.CSeq() != nil {
		l.dialog.seq = max(l.dialog.seq, r.CSeq().SeqNo)
	}
	var silent bool
	switch {
	case r == nil:
		err = leg.TransferRefused{Status: 408, Reason: err.Error()}
	case r.StatusCode >= 300:
		why := r.Reason
		if err != nil { // a challenge that could not be answered
			why += ": " + err.Error()
		}
		err = leg.TransferRefused{Status: r.StatusCode, Reason: why}
	default:
		err = nil
		silent = contains(tokens(r, "Refer-Sub"), "false")
	}
	a.says(err)
	if l.refer.out == a && (err != nil || silent) {
		l.stopAsking()
	}
}

// says answers Transfer, once.
func (a *referOut) says(err error) {
	if !a.said {
		a.said = true
		a.answer <- err
	}
}

// notified takes a NOTIFY: how a transfer goes that we have asked for. l.mu is held.
func (l *Leg) notified(r *request, tx *serverTx) {
	event := ""
	if v := values(r, "Event", "o"); len(v) > 0 {
		event, _, _ = strings.Cut(v[0], ";")
	}
	a := l.refer.out
	switch {
	case !strings.EqualFold(strings.TrimSpace(event), "refer"):
		tx.respond(489, "", []header{{"Allow-Events", events}}, "")
		return
	case a == nil || l.phase != up:
		tx.respond(481, "", nil, "")
		return
	}
	state := ""
	if v := values(r, "Subscription-State"); len(v) > 0 {
		state, _, _ = strings.Cut(v[0], ";")
	}
	over := strings.EqualFold(strings.TrimSpace(state), "terminated")
	status, reason, ok := readFragment(r.Body())
	if !ok && !over {
		tx.respond(400, "", nil, "")
		return
	}
	tx.respond(200, "", nil, "")
	if status < 200 && over {
		status, reason = 408, "the far end does not say how its call went"
	}
	a.says(nil) // a NOTIFY may overtake the 202 (RFC 3515 section 2.4.4)
	l.progressed(a, leg.Event{At: r.at, Kind: leg.ReferProgress, Status: status, Reason: reason})
}

// progressed tells how our transfer goes; l.mu is held.
func (l *Leg) progressed(a *referOut, e leg.Event) {
	if l.refer.out != a || l.phase != up {
		return
	}
	if e.Status >= 200 {
		l.stopAsking()
	}
	l.bell.Ring(e)
}

func (l *Leg) stopAsking() {
	l.refer.out.limit.Stop()
	l.refer.out = nil
}

// stopTransfers is the end of all of it with the leg's; l.mu is held.
func (l *Leg) stopTransfers() {
	if l.refer.out != nil {
		l.stopAsking()
	}
	if a := l.refer.in; a != nil {
		a.limit.Stop()
		if a.tx != nil {
			a.tx.respond(603, "", nil, "")
			a.tx.release()
		}
		l.refer.in = nil
	}
}

// referTo writes whom the far end is to call. local is our address in the call: a number is one of its host's.
func referTo(target string, headers map[string]string, local string) (string, error) {
	if target != "" && strings.Trim(target, "+0123456789*#") == "" {
		own, _, named := nameAddr(local)
		if !named {
			own = local
		}
		_, host, _ := strings.Cut(own, "@")
		host, _, _ = strings.Cut(host, ";")
		target = "sip:" + url.PathEscape(target) + "@" + host + ";user=phone"
	}
	if _, code := readReferTo([]string{"<" + target + ">"}); code != 0 {
		return "", fmt.Errorf("%q is no address that somebody can be transferred to (a number, sip:user@host, tel:+81…)", target)
	}
	between := "?"
	if strings.Contains(target[strings.LastIndexByte(target, '@')+1:], "?") {
		between = "&"
	}
	for name, value := range headers {
		if !clean(name) || !clean(value) || name == "" || strings.ContainsAny(name, ": \t") {
			return "", fmt.Errorf("%q cannot be a header of the new call", name)
		}
		target += between + url.QueryEscape(name) + "=" + strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
		between = "&"
	}
	return "<" + target + ">", nil
}
