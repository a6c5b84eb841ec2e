package sipleg

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// attendant looks after one line: it signs on and keeps the registration alive (RFC 3261 section 10.2), or asks with
// OPTIONS whether the carrier is there, and knows how the line stands.
type attendant struct {
	srv   *Server
	line  Line
	log   *slog.Logger
	token string // in our contact; the same in each life of the process, so that old contacts are known
	quit  context.CancelCauseFunc
	now   chan chan struct{} // asks before its time; what is sent is closed when the carrier was asked
	leave chan chan bool     // signs off before its time; what is sent is told whether the carrier has confirmed
	flips chan struct{}      // one place: the turn has changed
	moved chan struct{}      // one place: our addresses may have changed

	// Of the goroutine that asks.
	q       inquiry
	expires time.Duration // asked for, after 423
	failed  int           // in a row
	said    string        // host and port of our contact at the registrar
	asked   netip.Addr    // the server that was asked last
	home    netip.Addr    // … and our address towards it
	calls   string        // where the line's calls know us to be
	unrest  damper        // of how the carrier sees us
	mute    bool          // the carrier has left an OPTIONS unanswered since we signed on
	flow    flow          // over which it answered
	at      place
	cleared string // a contact of a dead process that was taken away

	mu       sync.Mutex
	standing Standing
	granted  time.Time           // the registration holds until then
	routes   []string            // Service-Route (RFC 3608)
	contact  string              // ours, for calls over this line
	turn     Turn                // where several processes have the line
	cut      context.CancelFunc  // of what is asked in this turn; nil: nothing is
	places   map[netip.Addr]bool // where the carrier may call from
}

// attend begins to look after a line.
func (s *Server) attend(l Line) *attendant {
	ctx, quit := context.WithCancelCause(context.Background())
	a := &attendant{
		srv: s, line: l, log: s.log.With("line", l.Name), token: s.id.mac(8, "line", l.Name), quit: quit,
		now: make(chan chan struct{}), leave: make(chan chan bool), flips: make(chan struct{}, 1), moved: make(chan struct{}, 1),
		standing: Standing{Line: l.Name}, expires: l.Expires, places: map[netip.Addr]bool{},
	}
	if a.expires == 0 {
		a.expires = time.Hour
	}
	if !a.passive() {
		a.standing.Condition, a.standing.Since = Waiting, time.Now()
	}
	s.spawn(func() { a.run(ctx) })
	return a
}

// passive tells whether the carrier is asked nothing outside of calls.
func (a *attendant) passive() bool { return !a.line.Register && a.line.Ping == 0 }

// locate finds out where a carrier that is asked nothing may call from, and keeps that fresh.
func (a *attendant) locate(ctx context.Context) (again time.Duration) {
	h, err := a.line.hop()
	var all []place
	if err == nil {
		all, err = a.srv.places(ctx, h)
	}
	if err != nil {
		if ctx.Err() == nil {
			a.log.Warn("the line's server is not found; its calls to us are not answered", "err", err)
		}
		return time.Minute
	}
	a.found(all)
	return 5 * time.Minute
}

func (a *attendant) stop(why error) { a.quit(why) }

// Standing is how the line stands.
func (a *attendant) Standing() Standing {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.standing
}

// isAt tells whether the carrier was found at an address.
func (a *attendant) isAt(ip netip.Addr) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.places[ip]
}

// run asks the carrier again and again until it is stopped; then it signs off.
func (a *attendant) run(ctx context.Context) {
	a.begin()
	watch := time.NewTicker(a.srv.t.Watch)
	defer watch.Stop()
	for {
		next := time.NewTimer(a.ask(ctx))
		for again := false; !again; {
			select {
			case <-ctx.Done():
				next.Stop()
				a.signOff()
				return
			case <-next.C:
				again = true
			case <-watch.C:
				again = a.keepOpen(ctx)
			case <-a.moved:
				again = a.lost()
			case <-a.flips:
				again = true
			case done := <-a.leave:
				off := a.signOff()
				a.resigned()
				done <- off
				again = true
			case done := <-a.now:
				next.Reset(a.ask(ctx))
				close(done)
			}
		}
		next.Stop()
	}
}

func (a *attendant) begin() {
	domain := a.line.domain()
	call := fresh(16)
	own := "sip:" + a.line.User + "@" + domain
	if a.line.User == "" {
		own = "sip:" + domain
	}
	a.q = inquiry{
		method: sip.OPTIONS, uri: "sip:" + domain, from: "<" + own + ">;tag=" + a.srv.id.tag(call), to: "<sip:" + domain + ">", callID: call,
	}
	if a.line.Register {
		a.q.method, a.q.to = sip.REGISTER, "<"+own+">"
	}
}

// lost tells, after something has changed with our addresses, whether the carrier has to be asked at once.
func (a *attendant) lost() bool {
	cut := a.registered() && !a.flow.udp && !a.flow.stream.open()
	return !a.passive() && (cut || !a.asked.IsValid() || a.elsewhere())
}

func (a *attendant) registered() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.standing.Condition == Registered && a.standing.Holder == ""
}

// elsewhere tells whether our address towards the carrier is another than when it was asked. Whether we stand behind a NAT
// or have a public address that is configured does not matter: the way back has changed.
func (a *attendant) elsewhere() bool {
	return !a.passive() && a.asked.IsValid() && a.srv.ownIP(a.asked) != a.home
}

// keepOpen keeps a NAT's door open and tells whether our address has changed, so that the carrier has to know. Where another
// process is signed on, calls of ours may still be up.
func (a *attendant) keepOpen(ctx context.Context) (moved bool) {
	if a.elsewhere() {
		return true
	}
	registered := a.registered()
	if !registered && (!a.shared() || a.srv.Open() == 0 || !a.flow.peer.IsValid()) {
		return false
	}
	a.srv.gate.befriend(a.flow.peer.Addr())
	if registered && a.behind(a.flow) && !a.mute {
		a.peek(ctx)
		return a.seenElsewhere()
	}
	// RFC 5626 section 4.4.1; over UDP it is a packet and no more.
	if err := a.srv.wire.send(a.flow, []byte("\r\n\r\n")); err != nil {
		return registered // the connection over which the carrier calls us is gone
	}
	return registered && a.seenElsewhere()
}

// seenElsewhere tells whether the carrier is to be told of another place at which it sees us. There are networks with several
// ways out, and carriers with several doors, whose answers never agree: then it is told less and less often.
func (a *attendant) seenElsewhere() bool {
	return a.contactHost(a.flow) != a.said && a.unrest.wait(time.Now(), a.srv.t.Again) == 0
}

// peek asks the carrier how it sees us: nobody else knows that the router in front of us has got another address. One that
// answers no OPTIONS is not asked again before we sign on again.
func (a *attendant) peek(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, a.srv.t.Ask)
	defer stop()
	q := a.q
	q.method, q.to, q.callID, q.seq = sip.OPTIONS, "<"+q.uri+">", fresh(16), 0
	if r, err := a.srv.inquireOnce(ctx, a.flow, &q, []header{{"Contact", a.contactFor(a.flow, a.said)}, {"Accept", "application/sdp"}}); err == nil {
		a.look(r)
	} else {
		a.mute = errors.Is(err, errNoAnswer)
	}
}

// ask asks the carrier once and gives the time until it is asked again.
func (a *attendant) ask(ctx context.Context) (again time.Duration) {
	ctx, turn, done := a.inTurn(ctx)
	defer done()
	switch {
	case a.passive():
		return a.locate(ctx)
	case a.shared() && !turn.Ours:
		return a.standBy(ctx, turn)
	}
	r, err := a.tryPlaces(ctx)
	if ctx.Err() != nil {
		return 0
	}
	switch {
	case errors.Is(err, errDisplaced):
		return a.displaced()
	case err == nil && a.line.Register:
		again, err = a.signedOn(ctx, r)
	case err == nil || r != nil && !a.line.Register && r.StatusCode < 500:
		// Any answer shows that the carrier is there: many refuse OPTIONS of those who have no number with 404 or 405.
		again, err = a.line.Ping, nil
		a.note(Standing{Condition: Answering, Status: r.StatusCode})
	}
	if err == nil {
		a.failed = 0
		a.plan(again)
		return again
	}
	a.failed++
	return a.refusedBy(r, err)
}

// plan writes down when the carrier is asked again.
func (a *attendant) plan(again time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.standing.Next = time.Now().Add(again)
}

// statusError is a final answer that is a refusal.
type statusError struct {
	code int
	text string
}

func (e *statusError) Error() string { return e.text }

// tryPlaces asks the carrier's servers, one after the other, until one says something of use. The error is a
// *statusError where one of them has refused; its answer comes with it.
func (a *attendant) tryPlaces(ctx context.Context) (r *response, err error) {
	h, err := a.line.hop()
	if err != nil {
		return nil, err
	}
	all, err := a.srv.places(ctx, h)
	if err != nil {
		return nil, err
	}
	a.found(all)
	a.q.routes = nil
	if h.route != "" {
		a.q.routes = []string{h.route}
	}
	for _, p := range all {
		if r, err = a.askAt(ctx, p); err == nil || ctx.Err() != nil {
			return r, err
		}
		var refused *statusError
		if errors.As(err, &refused) && refused.code < 500 || errors.Is(err, errPassword) || errors.Is(err, errNoPassword) || errors.Is(err, errDisplaced) {
			return r, err // a no of one of them is the carrier's
		}
	}
	return r, err
}

// found notes where the carrier is: it may call from there.
func (a *attendant) found(all []place) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range all {
		if len(a.places) < 256 {
			a.places[p.addr.Addr()] = true
		}
	}
}

func (a *attendant) askAt(ctx context.Context, p place) (r *response, err error) {
	f, err := a.srv.reach(ctx, p)
	if err != nil {
		return nil, err
	}
	a.goesTo(p.addr.Addr())
	for range 2 { // a registration that is too short is asked for again, once
		r, err = a.askOver(ctx, f)
		if err != nil {
			if r == nil {
				a.srv.atlas.suffered(p, 0)
			}
			return r, err
		}
		if least := seconds(values(r, "Min-Expires")); r.StatusCode == 423 && a.line.Register && least > a.expires {
			a.expires = min(least, 24*time.Hour)
			continue
		}
		break
	}
	if r.StatusCode == 503 {
		a.srv.atlas.suffered(p, retryAfter(values(r, "Retry-After")))
	} else {
		a.srv.atlas.served(p)
	}
	a.flow, a.at = f, p
	a.look(r)
	if r.StatusCode >= 300 {
		return r, &statusError{r.StatusCode, phrase(r.StatusCode, r.Reason)}
	}
	return r, nil
}

// goesTo notes which server is asked, and from where.
func (a *attendant) goesTo(ip netip.Addr) {
	if a.elsewhere() {
		a.srv.lines.saw(a.asked, netip.Addr{}) // that was of where we were
		a.srv.lines.saw(ip, netip.Addr{})
		a.unrest = damper{} // another network
	}
	a.asked, a.home = ip, a.srv.ownIP(ip)
}

// askOver sends the request over a flow and waits.
func (a *attendant) askOver(ctx context.Context, f flow) (*response, error) {
	ctx, stop := context.WithTimeout(ctx, a.srv.t.Ask)
	defer stop()
	a.q.keys = a.line.credentials().keys()
	if !a.line.Register {
		return a.srv.inquire(ctx, f, &a.q, header{"Contact", a.srv.contact(f, a.srv.ownHost(f), "")}, header{"Accept", "application/sdp"})
	}
	host := a.contactHost(f)
	if r, err := a.clear(ctx, f, host); r != nil || err != nil {
		return r, err
	}
	a.q.keys = a.line.credentials().keys() // what came before may have been asked for the password as well
	extra := []header{{"Contact", a.contactFor(f, host) + ";expires=" + inSeconds(a.expires)}}
	if a.said != "" && a.said != host {
		extra = append(extra, header{"Contact", a.contactFor(f, a.said) + ";expires=0"})
	}
	r, err := a.srv.inquire(ctx, f, &a.q, append(extra, header{"Expires", inSeconds(a.expires)}, header{"Supported", "path"}, header{"Allow", a.line.allows()})...)
	if err == nil && r.StatusCode < 300 {
		a.said = host
	}
	return r, err
}

// look takes from an answer how the carrier sees us.
func (a *attendant) look(r *response) {
	via := r.Via()
	text, _ := via.Params.Get("received")
	ip, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		if ip, err = netip.ParseAddr(strings.Trim(via.Host, "[]")); err != nil {
			return
		}
	}
	port := a.srv.port
	if text, _ := via.Params.Get("rport"); text != "" {
		if n, err := strconv.ParseUint(text, 10, 16); err == nil && n > 0 {
			port = uint16(n)
		}
	}
	seen := netip.AddrPortFrom(ip.Unmap(), port)
	peer := a.flow.peer.Addr()
	switch {
	case seen.Addr() == a.srv.ownIP(peer):
		a.srv.lines.saw(peer, netip.Addr{})
	case seen.Addr().Is4() == peer.Is4():
		a.srv.lines.saw(peer, seen.Addr())
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.standing.Seen, a.standing.Server = seen, a.at.String()
}

// signedOn takes the 200 to a REGISTER: what was granted, the way that calls are to take, and contacts of earlier
// lives, which would take calls that nobody answers.
func (a *attendant) signedOn(ctx context.Context, r *response) (again time.Duration, err error) {
	granted, old := a.contacts(r)
	host := a.contactHost(a.flow)
	a.mute = false
	a.mu.Lock()
	a.routes = nil
	for _, value := range values(r, "Service-Route") { // several in one header, or in several (RFC 3608 section 5)
		a.routes = append(a.routes, splitList(value)...)
	}
	a.contact = a.contactFor(a.flow, a.said)
	a.granted = time.Now().Add(granted)
	a.mu.Unlock()
	a.note(Standing{Condition: Registered, Status: r.StatusCode, Until: time.Now().Add(granted)})
	if len(old) > 0 && a.sure() {
		a.forget(ctx, old)
	}
	again = refresh(granted)
	if host != a.said { // it sees us elsewhere: once more with that address
		wait := a.unrest.wait(time.Now(), a.srv.t.Again)
		if wait == 0 {
			return 0, nil
		}
		again = min(again, wait)
	}
	a.follow(a.said)
	return again, nil
}

// follow tells the line's calls where we are, if that is not where they know us to be.
func (a *attendant) follow(host string) {
	here := host + " " + a.home.String()
	if a.calls != "" && a.calls != here {
		a.srv.followAll(a.line.Name, addresses())
	}
	a.calls = here
}

// refresh is how long to wait with a registration of that length: long enough before its end for a try that fails
// and one more.
func refresh(granted time.Duration) time.Duration {
	if granted > 2*time.Minute {
		return granted - time.Minute
	}
	return granted / 2
}

// forget takes contacts away.
func (a *attendant) forget(ctx context.Context, old []string) {
	ctx, stop := context.WithTimeout(ctx, a.srv.t.Ask)
	defer stop()
	a.q.keys = a.line.credentials().keys()
	r, err := a.srv.inquire(ctx, a.flow, &a.q, header{"Contact", strings.Join(old, ", ")})
	if err != nil || r.StatusCode >= 300 {
		a.log.Warn("contacts of an earlier life are still registered; calls may go there", "contacts", len(old), "err", err)
		return
	}
	a.log.Info("contacts of an earlier life were taken away", "contacts", len(old))
	a.mu.Lock()
	defer a.mu.Unlock()
	a.standing.Removed += len(old)
}

// signOff tells the registrar that we are gone; false: it may not know.
func (a *attendant) signOff() bool {
	a.mu.Lock()
	signed := a.line.Register && a.granted.After(time.Now()) && (!a.shared() || a.turn.Ours)
	a.mu.Unlock()
	if !signed {
		return true
	}
	ctx, stop := context.WithTimeout(context.Background(), a.srv.t.Leave)
	defer stop()
	a.q.keys = a.line.credentials().keys()
	r, err := a.srv.inquire(ctx, a.flow, &a.q, header{"Contact", a.contactFor(a.flow, a.said) + ";expires=0"}, header{"Expires", "0"})
	if err != nil || r.StatusCode >= 300 {
		a.log.Warn("not signed off; the carrier calls us until the registration ends", "err", err)
		return false
	}
	a.log.Info("signed off")
	a.mu.Lock()
	defer a.mu.Unlock()
	a.granted = time.Time{}
	return true
}

// refusedBy writes down what is wrong and gives the time until the next try.
func (a *attendant) refusedBy(r *response, err error) time.Duration {
	s := Standing{Condition: Silent, Why: err.Error()}
	var asked time.Duration
	if r != nil {
		s.Condition, s.Status = Refused, r.StatusCode
		asked = retryAfter(values(r, "Retry-After"))
	}
	s.Why, s.Remedy = a.line.explain(r, err)
	again := max(pause(a.failed, s.Condition == Refused && s.Status < 500, a.srv.t.Again), asked)
	a.mu.Lock()
	still := time.Until(a.granted)
	a.mu.Unlock()
	if (s.Condition == Silent || s.Status >= 500) && still > 0 {
		// The registration still holds: a lost refresh is no reason to tell anybody that the line is down.
		a.plan(min(again, still))
		a.log.Warn("registration not refreshed; it is tried again", "err", err)
		return min(again, still)
	}
	a.note(s)
	a.plan(again)
	return again
}

// pauses after failures, in tries of Again (5 s): a carrier that is away is asked often, one that refuses us is not,
// because many lock accounts after a few wrong passwords.
func pause(failed int, refused bool, unit time.Duration) time.Duration {
	steps := []time.Duration{1, 2, 4, 8, 12, 24}
	if refused {
		steps = []time.Duration{12, 60, 180}
	}
	d := steps[min(failed, len(steps))-1] * unit
	return d + time.Duration(rand.Int64N(int64(d/10)+1)) // a carrier's thousand customers do not come back in one second
}

// note makes s how the line stands, and says so in the log where it is news.
func (a *attendant) note(s Standing) {
	a.mu.Lock()
	was := a.standing
	s.Line, s.Server, s.Seen, s.Removed = was.Line, was.Server, was.Seen, was.Removed
	switch {
	case s.Holder != "":
	case s.Condition != was.Condition || s.Holder != was.Holder:
		s.Since = time.Now()
	default:
		s.Since = was.Since
	}
	if s.Condition == Refused {
		a.granted = time.Time{}
	}
	a.standing = s
	a.mu.Unlock()
	if s.Condition == was.Condition && s.Why == was.Why && s.Holder == was.Holder {
		return
	}
	switch {
	case s.Holder != "":
		if s.Holder != was.Holder {
			a.log.Info("another node signs on for all", "node", s.Holder)
		}
	case s.Condition == Waiting:
		a.log.Info("not signed on", "why", s.Why)
	case s.Condition == Registered:
		a.log.Info("signed on", "server", s.Server, "until", s.Until.Format(time.TimeOnly))
	case s.Condition == Answering:
		a.log.Info("the carrier answers", "server", s.Server)
	default:
		a.log.Error("the line is down", "err", s.Why, "remedy", s.Remedy)
	}
	if f := a.srv.cfg.LineChanged; f != nil {
		f(s)
	}
}

// way is what a call over the line takes from its registration: the routes that it is to take and our contact.
func (a *attendant) way() (routes []string, contact string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.standing.Condition != Registered {
		return nil, ""
	}
	return a.routes, a.contact // without a contact where another process is signed on
}

func inSeconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }

// seconds reads the first of header lines that is a number of seconds; 0 if it is none.
func seconds(lines []string) time.Duration {
	if len(lines) == 0 {
		return 0
	}
	n, err := strconv.ParseUint(strings.TrimSpace(lines[0]), 10, 31)
	if err != nil {
		return 0
	}
	return min(time.Duration(n)*time.Second, 7*24*time.Hour)
}

func portNumber(p int) int {
	if p == 0 {
		return 5060
	}
	return p
}
