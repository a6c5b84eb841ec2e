package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kaden-project/kaden/leg/sipleg"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/message/pager"
	"github.com/kaden-project/kaden/message/smpp"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/trunk"
	"github.com/kaden-project/kaden/upstream"
)

// carriers are all that carry short messages: SMSCs, trunks and SIP addresses, and other platforms.
type carriers struct {
	upstream.Messages
	smscs *smpp.Client
	pager *pager.Client
	house func() *manifest.Set
}

var (
	_ message.Carrier = carriers{}
	_ message.Pacer   = carriers{}
)

// writers are they as lines, in the order in which they are taken.
func writers(set *manifest.Set) (lines []trunk.Trunk) {
	lines = own(set)
	for _, u := range set.Upstreams {
		lines = append(lines, u.Trunk)
	}
	return lines
}

// own are those of our own: the SMSCs, then the trunks that carry messages.
func own(set *manifest.Set) (lines []trunk.Trunk) {
	for _, s := range set.SMSCs {
		lines = append(lines, s.Trunk)
	}
	for _, t := range set.Trunks {
		if t.Messages.As != "" {
			lines = append(lines, t)
		}
	}
	return lines
}

// Route chooses the one whose own number the sender is, else the first that may reach the number: an SMSC, then a trunk, then
// an upstream, as trunks are taken before upstreams. A SIP address needs none of them.
func (c carriers) Route(from, to string) (string, error) {
	if strings.HasPrefix(to, pager.Direct) {
		return pager.Direct, c.pager.Route(to)
	}
	set := c.house()
	owns := slices.ContainsFunc(writers(set), func(t trunk.Trunk) bool { return t.From == from && t.Refuses(number.Number(to)) == "" })
	var why string
	for _, t := range own(set) {
		if why = t.Refuses(number.Number(to)); why == "" && (t.From == from || !owns) {
			return t.Name, nil
		}
	}
	name, err := c.Messages.Route(from, to)
	if errors.Is(err, message.ErrNoCarrier) && why != "" {
		code := 21612
		if number.Number(to).Class() == number.Abroad {
			code = 21408
		}
		return "", &message.Refusal{Code: code, Text: why}
	}
	return name, err
}

// bearer is a message.Carrier of which it is known that it carries a message.
type bearer interface {
	Send(ctx context.Context, r message.Record) (message.Word, error)
	Find(ctx context.Context, r message.Record) ([]message.Word, error)
	Look(ctx context.Context, r message.Record) (message.Word, error)
}

// of is who carries what goes by a name; one that is gone says so itself.
func (c carriers) of(name string) bearer {
	switch set := c.house(); {
	case slices.ContainsFunc(set.SMSCs, func(s trunk.SMSC) bool { return s.Name == name }):
		return c.smscs
	case name == pager.Direct, slices.ContainsFunc(set.Trunks, func(t trunk.Trunk) bool { return t.Name == name }):
		return c.pager
	}
	return c.Messages
}

// Turn waits until one of our own may be given a message; an upstream takes it at once.
func (c carriers) Turn(ctx context.Context, r message.Record) (done func(), err error) {
	if p, ok := c.of(r.Carrier).(message.Pacer); ok {
		return p.Turn(ctx, r)
	}
	return func() {}, nil
}

func (c carriers) Send(ctx context.Context, r message.Record) (message.Word, error) {
	return c.of(r.Carrier).Send(ctx, r)
}

func (c carriers) Find(ctx context.Context, r message.Record) ([]message.Word, error) {
	return c.of(r.Carrier).Find(ctx, r)
}

func (c carriers) Look(ctx context.Context, r message.Record) (message.Word, error) {
	return c.of(r.Carrier).Look(ctx, r)
}

// openSMSCs makes the way to SMSCs. The letters are opened later; nothing comes before run.
func (r *rooms) openSMSCs(roots *x509.CertPool) {
	r.smscs = smpp.New(r.log, smpp.Config{
		Region: r.settings.Region, RootCAs: roots,
		Receipt: r.receipt,
		Inbound: func(ctx context.Context, in smpp.In) error {
			return r.letters.take(ctx, message.Record{From: in.From, To: in.To, Body: in.Body, Segments: in.Segments, Carrier: in.Carrier}, 0)
		},
		Changed: func(s smpp.Standing) {
			line := lineStanding(s)
			line.Line = smscLine(s.Name)
			r.watch.changed(line)
		},
	})
}

// receipt keeps what has become of a message. One that nobody knows is not asked for again.
func (r *rooms) receipt(ctx context.Context, carrier string, about smpp.Receipt) error {
	for _, name := range about.Names() {
		w := about.Word
		w.There = name
		if err := r.letters.desk.Told(ctx, carrier, about.SID, about.To, w); !errors.Is(err, message.ErrNotFound) {
			return err
		}
	}
	r.log.Warn("a receipt for a message that is not known here", "smsc", carrier, "there", about.Name, "status", about.Word.Status)
	return nil
}

// write sends messages until ctx ends, then hears the answers that are under way, and only then leaves the SMSCs.
func (r *rooms) write(ctx context.Context) error {
	life, leave := context.WithCancel(context.WithoutCancel(ctx))
	defer leave()
	left := make(chan error, 1)
	go func() { left <- r.smscs.Run(life) }()
	err := r.letters.desk.Run(ctx)
	leave()
	return joinErrors(err, <-left)
}

// smscMark tells an SMSC from a trunk of its name among the lines that are watched.
const smscMark = " (SMSC)"

func smscLine(name string) string { return name + smscMark }

// lineStanding is how an SMSC stands, in the words for lines.
func lineStanding(s smpp.Standing) sipleg.Standing {
	return sipleg.Standing{Line: s.Name, Condition: sipleg.Condition(s.State), Since: s.Since, Next: s.Next, Server: fmt.Sprintf("smpp %s", s.Server), Why: s.Why, Remedy: s.Remedy}
}

func (r *rooms) smscStandings() (list []sipleg.Standing) {
	for _, s := range r.smscs.Standings() {
		list = append(list, lineStanding(s))
	}
	return list
}
