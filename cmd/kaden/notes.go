package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/sipleg"
	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/message/pager"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/registrar"
	"github.com/kaden-project/kaden/sid"
)

// openPager makes the way out for short messages over SIP.
func (r *rooms) openPager() {
	r.pager = pager.New(r.log, pager.Config{SIP: r.sip, Phones: handsets{r}})
}

// handsets are the phones that are registered here, for those who write to them.
type handsets struct{ r *rooms }

var _ pager.Phones = handsets{}

func (h handsets) Deliver(ctx context.Context, from leg.Target, to, kind string, body []byte) (status int, ours bool) {
	return h.r.registrar.Deliver(ctx, h.r.sip, from, to, kind, body)
}

// noted takes a MESSAGE that a trunk has brought: words to a number of ours, or what has become of ours. It is answered when
// that is kept.
func (r *rooms) noted(ctx context.Context, n sipleg.Note) (status int) {
	body, about, status := pager.Read(n.Kind, n.Body)
	switch {
	case status != 0:
		return status
	case about != nil:
		return r.reported(ctx, n, about)
	}
	to := r.spelt(n.To)
	if !r.ownNumber(to) {
		return 404
	}
	return r.keepNote(ctx, message.Record{From: r.spelt(n.From), To: to, Body: body, Carrier: n.Line, There: n.Name})
}

// keepNote keeps a message that came in over SIP.
func (r *rooms) keepNote(ctx context.Context, in message.Record) (status int) {
	if err := r.letters.take(ctx, in, 0); err != nil {
		r.log.Error("a message that came in is not kept; whoever brings it is to bring it again", "carrier", in.Carrier, "err", err)
		return 503
	}
	return 200
}

// reported keeps what has become of a message. One that nobody knows is not asked for again.
func (r *rooms) reported(ctx context.Context, n sipleg.Note, about *pager.Report) (status int) {
	id, err := sid.Parse[sid.Message](about.Name)
	if err == nil {
		err = r.letters.desk.Told(ctx, n.Line, id, r.spelt(n.From), about.Word)
	} else {
		err = message.ErrNotFound
	}
	switch {
	case errors.Is(err, message.ErrNotFound):
		r.log.Warn("a report about a message that is not known here", "trunk", n.Line, "there", about.Name, "status", about.Word.Status)
	case err != nil:
		r.log.Error("a report is not kept; the trunk is to bring it again", "trunk", n.Line, "err", err)
		return 503
	}
	return 200
}

// spelt is who stands in an address, as this house spells it: +81… for a number, the name alone for all else.
func (r *rooms) spelt(uri string) string {
	name := registrar.User(uri)
	if tel, is := strings.CutPrefix(uri, "tel:"); is {
		name, _, _ = strings.Cut(tel, ";")
	}
	if n, err := number.Parse(name, r.settings.Region); err == nil && strings.HasPrefix(string(n), "+") {
		return string(n)
	}
	return name
}

// ownNumber tells whether somebody here has a number.
func (r *rooms) ownNumber(called string) bool {
	return slices.ContainsFunc(*r.catalog.numbers.Load(), func(n account.Number) bool { return n.Number == called && n.Account != "" })
}

// Text takes a short message of a phone of ours: to another phone of its domain; to a number of ours, whose program is asked
// about it; and to telephone numbers outside of the classes that the domain's phones may call.
func (s switchboard) Text(ctx context.Context, n sipleg.Note) (status int) {
	user, host := splitPhone(n.Phone)
	d, ok := s.Directory().Domain(host)
	if !ok {
		return 404
	}
	to, err := number.Parse(registrar.User(n.To), s.r.settings.Region)
	if other, name, known := s.Directory().Of(n.To); known && other.Name == d.Name {
		if _, phone := other.Phone(name); phone {
			err = errInside
		}
	}
	if err != nil {
		return s.Registrar.Text(ctx, s.r.sip, n.Phone, n.To, n.Kind, n.Body)
	}
	body, about, status := pager.Read(n.Kind, n.Body)
	switch {
	case status != 0:
		return status
	case about != nil: // nobody outside has asked
		return 200
	}
	if user == "" { // let in for its address
		user = registrar.User(n.From)
	}
	if s.r.ownNumber(string(to)) {
		return s.r.keepNote(ctx, message.Record{From: pager.Direct + user + "@" + d.Name, To: string(to), Body: body, Carrier: pager.Direct, There: n.Name})
	}
	return s.outside(ctx, d, to, body, n.Name)
}

// errInside is a number that is a phone's name.
var errInside = errors.New("a phone of the domain has that name")

// outside sends a phone's message to a telephone number: kept, and so accepted (202).
func (s switchboard) outside(ctx context.Context, d *registrar.Domain, to number.Number, body, name string) (status int) {
	from := d.From
	if from == "" {
		from = s.r.sender(to)
	}
	class := to.Class()
	if d.Programmed() || class == number.Emergency || !slices.Contains(d.Outside, class) || from == "" || body == "" {
		return 403
	}
	sum := sha256.Sum256([]byte("kaden note " + name)) // the same when the phone says it again
	_, err := s.r.letters.Send(ctx, message.Order{
		SID: sid.Message("SM" + hex.EncodeToString(sum[:16])), Account: d.Account, From: from, To: string(to), Body: body,
	})
	var no *message.Refusal
	switch {
	case err == nil:
		return 202
	case errors.As(err, &no):
		s.r.log.Warn("a phone's message was refused", "domain", d.Name, "to", to, "err", no.Text)
		return 403
	case errors.Is(err, message.ErrNoCarrier):
		return 480
	}
	s.r.log.Error("a phone's message is not kept", "domain", d.Name, "err", err)
	return 503
}

// mayWrite says why an account may not write from or to a SIP address: that is in another account's domain. Whoever has
// written may be answered.
func (r *rooms) mayWrite(o message.Order) error {
	foreign := func(address string) (known, theirs bool) {
		if !strings.HasPrefix(address, pager.Direct) {
			return false, false
		}
		d, _, known := r.registrar.Directory().Of(address)
		return known, known && d.Account != o.Account
	}
	if _, theirs := foreign(o.To); theirs && o.Direction != message.OutboundReply {
		return &message.Refusal{Code: 21211, Text: "that domain is another account's"}
	}
	if known, theirs := foreign(o.From); strings.HasPrefix(o.From, pager.Direct) && (!known || theirs) {
		return &message.Refusal{Code: 21606, Text: "From is in no SIP domain of this account"}
	}
	return nil
}
