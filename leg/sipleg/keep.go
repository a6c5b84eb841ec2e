package sipleg

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/kaden-project/kaden/leg"
)

// remains is what a later life needs to end a call; its JSON is a [leg.Remains].
type remains struct {
	Answered bool     `json:"answered,omitempty"`
	TCP      bool     `json:"tcp,omitempty"`
	TLS      bool     `json:"tls,omitempty"`
	Name     string   `json:"name,omitempty"` // whose certificate the peer shows
	Peer     string   `json:"peer"`           // where requests of the dialog go
	URI      string   `json:"uri"`
	From     string   `json:"from"`
	To       string   `json:"to"` // with the far end's tag
	CallID   string   `json:"callId"`
	CSeq     uint32   `json:"cseq"` // of the last request of ours
	Invite   uint32   `json:"invite"`
	Target   string   `json:"target"`
	Routes   []string `json:"routes,omitempty"`
	Host     string   `json:"host,omitempty"`  // of our Via: a CANCEL has that of its INVITE (RFC 3261 section 9.1), though another process sends it
	Timer    bool     `json:"timer,omitempty"` // requests of ours may have refreshed the session since
}

// proto is the transport that the dialog had.
func (r remains) proto() string {
	switch {
	case r.TLS:
		return "tls"
	case r.TCP:
		return "tcp"
	}
	return "udp"
}

// keeper calls Options.Keep, one after the other and in order, never holding up the signalling.
type keeper struct {
	save  func(context.Context, leg.Remains) error
	tag   string        // what was kept last is of this dialog
	final bool          // … and answered
	last  chan struct{} // closed when the call before is done; nil before the first
}

// keep stores what is known after response r. then, which may be nil, runs when that is done, or when its
// time is over: no commit, no ACK, but a person who has answered is not kept waiting for a slow disk for
// ever. l.mu is held, and held again when then is called.
func (l *Leg) keep(i *invitation, r *response, answered bool, then func()) {
	k := &l.keeper
	if k.save == nil {
		if then != nil {
			then()
		}
		return
	}
	tag := toTag(r)
	if !answered && (k.final || k.tag == tag) {
		return // a ringing that says nothing new
	}
	k.tag, k.final = tag, answered
	d := i.dialogOf(r)
	raw, err := json.Marshal(remains{
		Answered: answered, TCP: !d.flow.udp, TLS: d.flow.proto() == "TLS", Name: i.at.name, Peer: d.flow.peer.String(), URI: i.uri, From: d.local, To: d.remote,
		CallID: d.callID, CSeq: max(d.seq, l.acks.seq), Invite: i.n, Target: d.target, Routes: d.routes, Host: d.ownHost,
		Timer: l.session.every > 0,
	})
	if err != nil {
		panic("sipleg: " + err.Error()) // strings and numbers
	}
	before, done := k.last, make(chan struct{})
	k.last = done
	limit := l.srv.t.Keep
	l.srv.spawn(func() {
		ctx, stop := context.WithTimeout(context.Background(), limit)
		defer stop()
		act := sync.OnceFunc(func() {
			if then != nil {
				l.mu.Lock()
				defer l.mu.Unlock()
				then()
			}
		})
		defer context.AfterFunc(ctx, act)() // a Keep that does not look at its context holds up nobody
		if before != nil {
			<-before
		}
		err := k.save(ctx, raw)
		close(done)
		if err != nil {
			l.log.Error("what is left of the leg was not kept; a crash now could leave a call behind", "err", err)
		}
		act()
	})
}
