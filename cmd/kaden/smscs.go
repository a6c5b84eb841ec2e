package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"

	"github.com/kaden-project/kaden/leg/sipleg"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/message/smpp"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/trunk"
	"github.com/kaden-project/kaden/upstream"
)

// carriers are all that carry short messages: SMSCs, and other platforms.
type carriers struct {
	upstream.Messages
	smscs *smpp.Client
	house func() *manifest.Set
}

var (
	_ message.Carrier = carriers{}
	_ message.Pacer   = carriers{}
)

// writers are they as lines, in the order in which they are taken.
func writers(set *manifest.Set) (lines []trunk.Trunk) {
	for _, s := range set.SMSCs {
		lines = append(lines, s.Trunk)
	}
	for _, u := range set.Upstreams {
		lines = append(lines, u.Trunk)
	}
	return lines
}

func (c carriers) isSMSC(name string) bool {
	return slices.ContainsFunc(c.house().SMSCs, func(s trunk.SMSC) bool { return s.Name == name })
}

// Route chooses the one whose own number the sender is, else the first that may reach the number: an SMSC before an
// upstream, as trunks are taken before upstreams.
func (c carriers) Route(from, to string) (string, error) {
	set := c.house()
	owns := slices.ContainsFunc(writers(set), func(t trunk.Trunk) bool { return t.From == from && t.Refuses(number.Number(to)) == "" })
	var why string
	for _, s := range set.SMSCs {
		if why = s.Refuses(number.Number(to)); why == "" && (s.From == from || !owns) {
			return s.Name, nil
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

// Turn waits until an SMSC may be given a message; an upstream takes it at once.
func (c carriers) Turn(ctx context.Context, r message.Record) (done func(), err error) {
	if c.isSMSC(r.Carrier) {
		return c.smscs.Turn(ctx, r)
	}
	return func() {}, nil
}

func (c carriers) Send(ctx context.Context, r message.Record) (message.Word, error) {
	if c.isSMSC(r.Carrier) {
		return c.smscs.Send(ctx, r)
	}
	return c.Messages.Send(ctx, r)
}

func (c carriers) Find(ctx context.Context, r message.Record) ([]message.Word, error) {
	if c.isSMSC(r.Carrier) {
		return c.smscs.Find(ctx, r)
	}
	return c.Messages.Find(ctx, r)
}

func (c carriers) Look(ctx context.Context, r message.Record) (message.Word, error) {
	if c.isSMSC(r.Carrier) {
		return c.smscs.Look(ctx, r)
	}
	return c.Messages.Look(ctx, r)
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
