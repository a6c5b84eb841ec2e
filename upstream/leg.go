package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/streamleg"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/trunk"
	"github.com/kaden-project/kaden/twiml"
	"github.com/kaden-project/kaden/webhook"
)

// A call at a platform may also be one leg of a call of ours: its only script there is a stream of its sound, and all
// that is said and done on it is done here. So REST calls, <Dial> and conferences go over an upstream as over a trunk.
// The platform has to reach us for that. See ADR 91.

var (
	_ leg.Dialer = (*Client)(nil)
	_ leg.Ender  = (*Client)(nil)
)

// partStreams is in the addresses of sound: Path + name/streams/attempt/token.
const partStreams = "streams"

// longestRing is how long a telephone rings at a platform that nobody tells to stop: whoever dials a leg does.
const longestRing = 10 * time.Minute

// CanDial tells whether the platforms can bring us the sound of calls.
func (c *Client) CanDial() bool { return c.cfg.PublicURL != "" && c.cfg.Clock != nil }

// Dial makes a call at the upstream to.Line one leg here: to.URI is tel: and a number. See [streamleg.Leg].
func (c *Client) Dial(ctx context.Context, to leg.Target, o leg.Options) (leg.Leg, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	u, err := c.find(to.Line)
	if err != nil {
		return nil, err
	}
	n, tel := strings.CutPrefix(to.URI, string(number.Tel)+":")
	switch {
	case !tel:
		return nil, fmt.Errorf("%s takes telephone numbers only, not %s", u.Name, to.URI)
	case !c.CanDial():
		return nil, fmt.Errorf("%s cannot bring us the sound of a call: set public-url (KADEN_PUBLIC_URL) to where it reaches this kaden", u.Name)
	}
	if why := u.Refuses(number.Number(n)); why != "" { // emergency numbers never leave, by any door
		return nil, errors.New(why)
	}
	order := call.Order{
		SID: sid.New[sid.Call](), To: number.Address{Scheme: number.Tel, Number: number.Number(n)},
		Attempt: o.ID, Ring: longestRing, TimeLimit: usualLimit, Keep: o.Keep,
	}
	if strings.HasPrefix(to.From, "+") { // nothing else is a caller ID there
		order.FromByTrunk = map[string]string{u.Name: to.From}
	}
	k := c.newCall(u, order)
	k.leg = streamleg.New(streamleg.Config{
		Log: c.log.With("upstream", u.Name), Clock: c.cfg.Clock, Beside: o.Beside,
		Info: leg.Info{From: k.rec.From, To: to.URI, CallID: k.name, Source: u.URL},
		End:  k.End,
		Started: func(id string) error {
			if there := k.there(); !known(id) || there != "" && there != id {
				return fmt.Errorf("the stream is of call %s", clip(id))
			}
			k.tell(news{sid: id, status: call.InProgress})
			return nil
		},
	})
	k.order.Heard = k.follow
	doc, err := twiml.Write(twiml.New(&twiml.Connect{Nouns: []twiml.Noun{&twiml.Stream{URL: k.soundAddress()}}}))
	if err != nil {
		return nil, err
	}
	k.script = script{twiml: string(doc)}
	if err := c.enter(k); err != nil {
		k.stop()
		return nil, err
	}
	k.leg.Bind(ctx)
	return k.leg, nil
}

// End ends what an earlier life left of a leg. Without Remains nothing had been ordered.
func (c *Client) End(ctx context.Context, _ leg.Target, _ leg.Options, r leg.Remains) error {
	if !Mine(r) {
		return nil
	}
	return c.EndGhost(ctx, r)
}

// follow tells a leg what becomes of its call.
func (k *Call) follow(e call.Event) {
	switch {
	case e.Status.Over():
		k.leg.Ends(leg.Event{Cause: e.Cause, Status: e.SIP, Reason: e.Text})
	case e.Status == call.Initiated:
		k.leg.Tries()
	case e.Status == call.Ringing:
		k.leg.Rings()
	case e.Status == call.InProgress && e.AnsweredBy == "":
		k.leg.Answers()
	}
}

// other tells whether the platform refused the caller ID of a leg, which is somebody else's then: a caller's who is put
// through. It is ordered again with the upstream's own.
func (k *Call) other(no *refusal) bool {
	if k.leg == nil || k.ending != nil || k.rec.From == k.up.From || !badFrom[no.code] {
		return false
	}
	k.log.Info("the upstream does not show this caller ID; its own is shown", "code", no.code)
	k.rec.From = k.up.From
	k.keep()
	k.ordering = true
	k.send()
	return true
}

// badFrom are the codes for a caller ID that is not the account's.
var badFrom = map[int]bool{21210: true, 21212: true, 21213: true, 13214: true}

// soundAddress is where the platform brings the sound. It is no query that tells them apart: Twilio takes none.
func (k *Call) soundAddress() string {
	return "ws" + strings.TrimPrefix(k.client.cfg.PublicURL, "http") + Path + url.PathEscape(k.up.Name) + "/" + partStreams + "/" +
		url.PathEscape(k.name) + "/" + k.client.token(k.up.Name, "stream "+k.name)
}

// onStream takes the sound of a call that is a leg here.
func (c *Client) onStream(w http.ResponseWriter, r *http.Request, u trunk.Upstream, attempt string) {
	if err := c.signedStream(u.Token, r); err != nil {
		c.log.Warn("a stream that the upstream did not sign; check its token", "upstream", u.Name, "of", attempt, "err", err)
		http.Error(w, "the signature does not match", http.StatusForbidden)
		return
	}
	c.hears()
	k := c.at(u.Name, attempt)
	if k == nil || k.leg == nil {
		http.Error(w, "nobody waits for this call", http.StatusNotFound)
		return
	}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true, CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		k.log.Warn("no stream", "err", err) // Accept has answered
		return
	}
	conn.SetReadLimit(maxStream)
	if err := k.leg.Carry(socket{conn}); err != nil {
		k.log.Warn("a stream that was not taken", "err", err)
	}
}

// maxStream bounds a message of a stream.
const maxStream = 64 << 10

// signedStream checks the signature of a WebSocket's request: of its own URL, as it was given or with a slash at its
// end, as Twilio is known to write it.
func (c *Client) signedStream(token string, r *http.Request) (err error) {
	for _, base := range []string{"ws" + strings.TrimPrefix(c.cfg.PublicURL, "http"), c.cfg.PublicURL} {
		for _, end := range []string{"", "/"} {
			if err = webhook.Validate(token, r, base+r.URL.RequestURI()+end); err == nil {
				return nil
			}
		}
	}
	return err
}

// socket is a platform's WebSocket.
type socket struct{ conn *websocket.Conn }

var _ streamleg.Socket = socket{}

func (s socket) Send(ctx context.Context, text []byte) error {
	return s.conn.Write(ctx, websocket.MessageText, text)
}

func (s socket) Receive(ctx context.Context) ([]byte, error) {
	kind, text, err := s.conn.Read(ctx)
	if err == nil && kind != websocket.MessageText {
		return nil, errors.New("a message that is not text")
	}
	return text, err
}

func (s socket) Close(reason string) { _ = s.conn.Close(websocket.StatusNormalClosure, reason) }
