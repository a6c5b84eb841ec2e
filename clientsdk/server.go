package clientsdk

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
)

// Engine makes and takes the SDPs of browsers and carries their sound; leg/webleg is one. Both methods return when all
// candidates are in the SDP: the SDK knows no trickle. ctx is the life of the line.
type Engine interface {
	// Offer begins a leg to a browser, paced beside another as with [leg.Options]; nil is anywhere.
	Offer(ctx context.Context, i leg.Info, beside *media.Seat, s Signaller) (l Line, offer string, err error)
	// Answer begins a leg from a browser. Its answer goes to s with Ringing or Answer.
	Answer(ctx context.Context, i leg.Info, offer string, s Signaller) (Line, error)
}

// Line is a leg to a browser, told what the page says of it.
type Line interface {
	leg.Leg
	Accept(answer string) error                    // the page's answer to Offer; Answered follows
	Restart(offer string) (answer string, e error) // a new ICE, or another page that takes the call over
	Press(digits string)                           // the dtmf frame
	Left(c leg.Cause)                              // the page has ended it
}

// Signaller is what a Line wants said to its page. Nothing of it waits.
type Signaller interface {
	Ringing(sdp string) // sdp is "" without early sound
	Answer(sdp string)
	End(answered bool, c leg.Cause) // we have ended it
}

// Config is what a Server works with.
type Config struct {
	Engine  Engine
	Keys    Issuer
	Account sid.Account // whose identities are dialled when the dialling does not say
	// Receive takes a call that a page has made. It must not wait. An *[Error] is shown to the page.
	Receive func(ctx context.Context, v Visit) error
	// Message takes a message of a page (call.sendMessage); nil throws it away. It must not wait. An *[Error] is shown to
	// the page.
	Message func(m Message) error
	// Home goes into every connected frame; the SDK builds the host of its telemetry out of it. "" keeps it from sending
	// any: see home.
	Home string
}

// home makes the SDK's telemetry, which carries the access token, fail before it leaves: the SDK asks for
// https://eventgw.<home>.twilio.com/…, and fetch refuses an address with credentials in it. Were they honoured, the host
// would be this machine. SDKs older than 2.9 pay no heed; there the app has to say publishEvents: false.
const home = "x@127.0.0.1:9/?"

// Visit is a call that a page has made.
type Visit struct {
	Leg         leg.Leg
	Call        sid.Call // its name, which the page is told
	Account     sid.Account
	Identity    string
	Application sid.Application
	Params      url.Values // of the page and of the token, which wins
}

// Message is what a page sent on a call.
type Message struct {
	Account     sid.Account
	Call        sid.Call
	Identity    string
	Content     string // JSON
	ContentType string
	SID         string // KX…
}

// who is an identity of an account.
type who struct {
	account  sid.Account
	identity string
}

// Server holds the sockets of all browsers.
type Server struct {
	log  *slog.Logger
	cfg  Config
	born time.Time
	work sync.WaitGroup // readers of sockets, offers being made, legs that ring
	bad  strangers

	mu      sync.Mutex
	closed  bool
	sockets map[*socket]bool
	unknown int                // sockets that have not said who they are
	duty    map[who][]*socket  // on duty, in the order in which they came
	last    map[who]time.Time  // when the last socket of an identity was lost; only for a while
	ringing map[who][]*Leg     // not answered yet
	tokens  map[string]*dialog // by reconnect token
}

// New makes a Server. It starts nothing.
func New(log *slog.Logger, cfg Config) *Server {
	s := &Server{
		log: log, cfg: cfg, born: time.Now(),
		sockets: map[*socket]bool{}, duty: map[who][]*socket{}, last: map[who]time.Time{},
		ringing: map[who][]*Leg{}, tokens: map[string]*dialog{},
	}
	if s.cfg.Home == "" {
		s.cfg.Home = home
	}
	return s
}

// Close lets all sockets go, so that the pages connect again by themselves to whatever comes next, and waits until
// they have gone and no call of a Dial is left. It ends no call itself.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	all := slices.Collect(maps.Keys(s.sockets))
	s.mu.Unlock()
	for _, k := range all {
		k.drop(errClosed)
	}
	s.work.Wait()
}

// OnDuty is how many tabs calls to an identity would ring.
func (s *Server) OnDuty(a sid.Account, identity string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.duty[who{a, identity}])
}

// Sockets is how many pages are connected.
func (s *Server) Sockets() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sockets)
}

// grace is how long an identity may be away before a call to it fails: pages whose socket was cut are back
// within a second, and all of them come back within a few after the server's own start.
const grace = 5 * time.Second

// mayReturn is how long to wait for an identity with no tab on duty. The caller holds mu.
func (s *Server) mayReturn(w who, now time.Time) time.Duration {
	return max(0, s.born.Add(grace).Sub(now), s.last[w].Add(grace).Sub(now))
}

// mostTabs is how many tabs one identity may have on duty, as at Twilio. One more sends the oldest away.
const mostTabs = 10

// enter puts a socket on duty, and lets it ring what rings for its identity.
func (s *Server) enter(k *socket) {
	s.mu.Lock()
	w := k.claims.who()
	if k.dead || slices.Contains(s.duty[w], k) {
		s.mu.Unlock()
		return
	}
	s.duty[w] = append(s.duty[w], k)
	k.since = time.Now()
	var tooMany *socket
	if len(s.duty[w]) > mostTabs {
		tooMany = s.duty[w][0]
		s.duty[w] = s.duty[w][1:]
	}
	delete(s.last, w)
	calls := slices.Clone(s.ringing[w])
	n := len(s.duty[w])
	s.mu.Unlock()
	k.log.Info("browser on duty", "identity", number.Mask(w.identity), "tabs", n)
	if tooMany != nil {
		tooMany.error(&Error{codeTooMuch, "more tabs are on duty than one identity may have: this one no longer rings"}, "")
		tooMany.send(payload{}.frame("offline"))
	}
	for _, l := range calls {
		l.offer(k)
	}
}

// leave takes a socket off duty, and tells whether it was on. lost: it did not say so.
func (s *Server) leave(k *socket, lost bool) bool {
	s.mu.Lock()
	w := k.claims.who()
	tabs := s.duty[w]
	i := slices.Index(tabs, k)
	if i < 0 {
		s.mu.Unlock()
		return false
	}
	if tabs = slices.Delete(slices.Clone(tabs), i, i+1); len(tabs) > 0 {
		s.duty[w] = tabs
	} else {
		delete(s.duty, w)
	}
	now := time.Now()
	if lost {
		for other, at := range s.last {
			if now.Sub(at) > grace {
				delete(s.last, other)
			}
		}
		s.last[w] = now
	}
	s.mu.Unlock()
	k.log.Info("browser off duty", "identity", number.Mask(w.identity), "tabs", len(tabs), "lost", lost)
	return true
}

// bind makes k the socket of d, under its name and the page's own. It fails when k is gone.
func (s *Server) bind(d *dialog, k *socket) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k.dead || d.over {
		return false
	}
	if d.sock != nil && d.sock != k {
		s.unbind(d)
	}
	d.sock = k
	k.calls[d.call] = d
	if d.temporary != "" {
		k.calls[d.temporary] = d
	}
	return true
}

// unbind is called with mu held.
func (s *Server) unbind(d *dialog) {
	if d.sock == nil {
		return
	}
	for _, name := range []string{d.call, d.temporary} {
		if d.sock.calls[name] == d {
			delete(d.sock.calls, name)
		}
	}
	d.sock = nil
}

// renew gives d a reconnect token in the place of the one that it had. It is called with mu held.
func (s *Server) renew(d *dialog) string {
	delete(s.tokens, d.token)
	var b [24]byte
	rand.Read(b[:]) // never fails (crypto/rand, Go 1.24)
	d.token = hex.EncodeToString(b[:])
	s.tokens[d.token] = d
	return d.token
}

// forget is the end of d.
func (s *Server) forget(d *dialog) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.over = true
	s.unbind(d)
	delete(s.tokens, d.token)
}

// ends takes a leg off the list of those that ring.
func (s *Server) ends(l *Leg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := slices.DeleteFunc(slices.Clone(s.ringing[l.who]), func(o *Leg) bool { return o == l })
	if len(left) == 0 {
		delete(s.ringing, l.who)
		return
	}
	s.ringing[l.who] = left
}

// Send sends a message to the page of a call (UserDefinedMessages). It fails if there is no such call, or its page is
// not connected at the moment.
func (s *Server) Send(call sid.Call, content, contentType, id string) error {
	if !json.Valid([]byte(content)) {
		return errors.New("the content of a message is JSON")
	}
	s.mu.Lock()
	var to *socket
	for k := range s.sockets {
		if d := k.calls[string(call)]; d != nil && d.answered {
			to = k
		}
	}
	s.mu.Unlock()
	if to == nil {
		return errors.New("no page is on this call at the moment")
	}
	to.send(payload{
		CallSID: string(call), Content: []byte(content), ContentType: contentType,
		MessageType: userMessage, VoiceEventSID: id,
	}.frame("message"))
	return nil
}

const userMessage = "user-defined-message"

// isTemporary tells the names that pages give their own calls until they know ours.
func isTemporary(call string) bool { return strings.HasPrefix(call, "TJS") }
