package sipleg

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// Line is a carrier as SIP sees it (回線): where it is, who we are there, and how it wants to be spoken to. Name and
// Server are required; the zero values of the rest are what most carriers take.
type Line struct {
	Name     string // what leg.Target.Line says
	Server   string // host, host:port or a sip: URI; its host is the domain of our address there
	Proxy    string // where everything is sent first, if that is not Server; with ;lr it is named in a Route
	User     string // of our address
	Login    string // the name that goes with the password, "" for User
	Password string
	Number   string // +8150…: what was called when the carrier calls our address and names no number

	Register bool          // sign on, or the carrier calls nobody here
	Expires  time.Duration // asked of the registrar; 0 is an hour. What it grants counts
	Ping     time.Duration // between two OPTIONS; 0 is never
	Messages bool          // it brings short messages; others' are refused

	Manner

	clear bool // the sound is not encrypted, whoever offers that
}

// Manner is what a carrier wants in a call, and how. The zero Manner is what most take.
type Manner struct {
	CallerID Placement // where our number stands
	Tel      bool      // … as a tel: URI
	Private  bool      // not to be shown to who is called (RFC 3323)

	NoPRACK bool          // 100rel is not offered (RFC 3262)
	Codecs  []media.Codec // that are offered and taken, the best first; nil is PCMU and PCMA, whichever the carrier prefers
	Packet  int           // length of the sound's packets that is asked for and sent, in ms: 10, 20, 30, 40 or 60; 0: as the carrier likes, else 20
	DTMF    uint8         // payload type of telephone-event that is offered; 0 is 101
	InBand  bool          // keys of calls that come in are tones in the sound; of our own calls leg.Target says that
	Secret  bool          // the sound is encrypted (SDES), or there is no call

	Session time.Duration // session timer that is asked for (RFC 4028); 0 is half an hour, negative is none
}

// Placement is where a carrier looks for the caller's number.
type Placement string

// Placements. The zero Placement is InFrom.
const (
	InFrom      Placement = ""
	InAsserted  Placement = "P-Asserted-Identity"  // RFC 3325: from a network that the carrier trusts; From is the account
	InPreferred Placement = "P-Preferred-Identity" // … from a customer, the carrier asserts it; From is the account
)

// Condition is how a line is, in a word.
type Condition string

// Conditions. The zero Condition is a line of which nothing is known, because nothing is asked of it.
const (
	Waiting    Condition = "waiting"    // the first answer is not there yet
	Registered Condition = "registered" // signed on
	Answering  Condition = "answering"  // it answers OPTIONS; it is not one that we sign on to
	Refused    Condition = "refused"    // the carrier says no
	Silent     Condition = "silent"     // the carrier does not answer, or cannot be found
)

// Standing is how a line stands with its carrier now.
type Standing struct {
	Line      string
	Condition Condition
	Since     time.Time      // of Condition
	Until     time.Time      // of the registration, as granted
	Next      time.Time      // when the carrier is asked again
	Status    int            // of the last answer, 0 for none
	Why       string         // what is wrong; "" is nothing
	Remedy    string         // what to do about it
	Server    string         // who answered: udp 192.0.2.1:5060
	Seen      netip.AddrPort // how the carrier sees us (Via received and rport); invalid if it does not say
	Removed   int            // contacts of earlier lives of ours that were taken away
	Holder    string         // the process that is signed on, or tries to, where that is another one: all but Server and Seen is its
}

// Down tells whether the line is known not to work. That another process cannot sign on says nothing about calls of ours.
func (s Standing) Down() bool {
	return s.Holder == "" && (s.Condition == Refused || s.Condition == Silent)
}

// lines are the carriers that the server knows.
type lines struct {
	mu   sync.Mutex
	all  map[string]*attendant
	seen map[netip.Addr]netip.Addr // carrier → our address as it sees us
}

// SetLines says which lines there are. Those that are as they were go on undisturbed; those that are gone or have
// changed are signed off, new ones are signed on. It does not wait for any carrier.
func (s *Server) SetLines(lines []Line) {
	s.mu.Lock()
	closing := s.closing
	s.mu.Unlock()
	if closing {
		return
	}
	s.lines.mu.Lock()
	defer s.lines.mu.Unlock()
	if s.lines.all == nil {
		s.lines.all = map[string]*attendant{}
	}
	for name, a := range s.lines.all {
		if i := slices.IndexFunc(lines, func(l Line) bool { return l.Name == name }); i < 0 || !a.line.same(lines[i]) {
			a.stop(nil)
			delete(s.lines.all, name)
		}
	}
	for _, l := range lines {
		if s.lines.all[l.Name] == nil {
			s.lines.all[l.Name] = s.attend(l)
		}
	}
}

// Standings are how the lines stand, by name.
func (s *Server) Standings() []Standing {
	var all []Standing
	for _, a := range s.attendants() {
		all = append(all, a.Standing())
	}
	slices.SortFunc(all, func(x, y Standing) int { return strings.Compare(x.Line, y.Line) })
	return all
}

// Standing is how one line stands; false if there is no such line.
func (s *Server) Standing(name string) (Standing, bool) {
	a := s.lines.find(name)
	if a == nil {
		return Standing{}, false
	}
	return a.Standing(), true
}

func (s *Server) attendants() (all []*attendant) {
	s.lines.mu.Lock()
	defer s.lines.mu.Unlock()
	for _, a := range s.lines.all {
		all = append(all, a)
	}
	return all
}

func (l *lines) find(name string) *attendant {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all[name]
}

// seenBy is our address as a carrier sees it, where that is not what we think it is.
func (l *lines) seenBy(peer netip.Addr) netip.Addr {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen[peer]
}

// saw notes it; an address that is not valid: it is what we think.
func (l *lines) saw(peer, us netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !us.IsValid() {
		delete(l.seen, peer)
		return
	}
	if l.seen == nil || len(l.seen) > 1024 {
		l.seen = map[netip.Addr]netip.Addr{}
	}
	l.seen[peer] = us
}

// from finds the line that a request came over: the one whose contact was called, wherever that came from,
// because only its registrar knows that contact; else the one whose carrier the source is, by the user called if
// several lines have the same carrier. nil is none.
func (l *lines) from(source netip.Addr, called *sip.Uri) *attendant {
	l.mu.Lock()
	defer l.mu.Unlock()
	token, _ := called.UriParams.Get("line")
	var of *attendant
	for _, a := range l.all {
		switch {
		case token != "" && token == a.token:
			return a
		case !a.isAt(source):
		case called.User == a.line.User:
			return a
		case of == nil || a.line.Name < of.line.Name:
			of = a
		}
	}
	return of
}

// isCarrier tells whether a request is a carrier's of ours.
func (s *Server) isCarrier(source netip.Addr, uri string) bool {
	var u sip.Uri
	if sip.ParseUri(uri, &u) != nil {
		u = sip.Uri{}
	}
	return s.lines.from(source, &u) != nil
}

// cameOver notes on an inbound call which line it came over. A carrier that calls a registration often names the
// account and not the number; then the number is in To or P-Called-Party-ID, or it is the line's own.
func (s *Server) cameOver(r *request, i *leg.Info) Line {
	a := s.lines.from(r.from.peer.Addr(), &r.Recipient)
	if a == nil {
		return Line{}
	}
	i.Line = a.line.Name
	if r.Recipient.User != a.line.User || !a.line.Register {
		return a.line
	}
	number := a.line.Number
	called := values(r, "P-Called-Party-ID")
	if to := r.To(); to != nil {
		called = append(called, "<"+to.Address.String()+">")
	}
	for _, value := range called {
		if user := userIn(value); user != a.line.User && isNumber(user) {
			number = user
			break
		}
	}
	if number != "" {
		i.To = "sip:" + number + "@" + bracketed(r.Recipient.Host)
	}
	return a.line
}

// userIn is the user of the URI in a name-addr.
func userIn(value string) string {
	if _, in, ok := strings.Cut(value, "<"); ok {
		value, _, _ = strings.Cut(in, ">")
	}
	value = strings.TrimPrefix(value, "tel:")
	var u sip.Uri
	if strings.HasPrefix(value, "sip") && sip.ParseUri(value, &u) == nil {
		value = u.User
	}
	user, _, _ := strings.Cut(value, ";")
	return user
}

// isNumber tells a telephone number from an account or an extension: + and digits, or nine digits and more.
func isNumber(s string) bool {
	digits, plus := strings.CutPrefix(s, "+")
	return strings.Trim(digits, "0123456789") == "" && (len(digits) >= 9 || plus && len(digits) > 3)
}

// uri is the server of the line as a URI, without a user.
func (l Line) uri() (*sip.Uri, error) {
	text := l.Server
	if !strings.HasPrefix(text, "sip:") && !strings.HasPrefix(text, "sips:") {
		text = "sip:" + text
	}
	var u sip.Uri
	if err := sip.ParseUri(text, &u); err != nil || u.Host == "" || !clean(text) {
		return nil, fmt.Errorf("%q is no server (host, host:port or sip:host;transport=tcp)", l.Server)
	}
	return &u, nil
}

// hop is where requests to the line's server go first.
func (l Line) hop() (hop, error) {
	u, err := l.uri()
	if err != nil {
		return hop{}, err
	}
	return hopOf(u, l.Proxy)
}

// domain is that of our address at the carrier.
func (l Line) domain() string {
	u, err := l.uri()
	if err != nil {
		return ""
	}
	return bracketed(u.Host)
}

// allows are the methods that the carrier may send us.
func (l Line) allows() string {
	if l.Messages {
		return allowed + ", MESSAGE"
	}
	return allowed
}

func (l Line) credentials() credentials {
	if l.Login != "" {
		return credentials{l.Login, l.Password}
	}
	return credentials{l.User, l.Password}
}

// same tells whether nothing about the carrier has changed.
func (l Line) same(o Line) bool { return fmt.Sprintf("%+v", l) == fmt.Sprintf("%+v", o) }

// read reads what the far end says of its sound, as far as the carrier's line takes it.
func (l Line) read(body []byte, via netip.Addr) (*description, error) {
	d, err := readSDP(body, via)
	if err != nil {
		return nil, err
	}
	d.codecs = slices.DeleteFunc(d.codecs, func(c media.Codec) bool { return !slices.Contains(l.codecs(), c) })
	switch {
	case len(d.codecs) == 0:
		return nil, fmt.Errorf("none of the codecs of line %s is offered", l.Name)
	case l.Secret && d.lock == (lock{}):
		return nil, errClear
	case l.clear && d.lock != (lock{}):
		return nil, errOpen
	}
	return d, nil
}

// everyCodec are those that are spoken here. A phone gets them all; G.722 comes last: what is inside is sound of 8 kHz, and
// G.711 carries that as well, at a fraction of the cost.
var everyCodec = []media.Codec{media.PCMU, media.PCMA, media.G722}

// codecs are those that are offered and taken, the best first.
func (l Line) codecs() []media.Codec {
	switch {
	case l.Codecs != nil:
		return l.Codecs
	case l.Name != "":
		return everyCodec[:2]
	}
	return everyCodec
}

// readOffer reads an offer of the far end and puts first what is to be taken of it: what the line prefers, else what the
// far end does, but for G.722.
func (l Line) readOffer(body []byte, via netip.Addr) (*description, error) {
	d, err := l.read(body, via)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(d.codecs, func(x, y media.Codec) int { return l.rank(x) - l.rank(y) })
	return d, nil
}

func (l Line) rank(c media.Codec) int {
	if l.Codecs != nil {
		return slices.Index(l.Codecs, c)
	}
	if c == media.G722 {
		return 1
	}
	return 0
}

// encrypted is the line with what holds for one of our phones.
func (l Line) encrypted(e leg.Encryption) Line {
	l.Secret = l.Secret || e == leg.Required || e == leg.Offered
	l.clear = e == leg.Clear
	return l
}

// readAnswer reads the far end's answer to an offer of ours.
func (l *Leg) readAnswer(body []byte, via netip.Addr) (*description, error) {
	d, err := l.line.read(body, via)
	if err == nil && d.lock != (lock{}) && l.ours.lock == (lock{}) {
		return nil, errSecret
	}
	return d, err
}
