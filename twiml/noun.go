package twiml

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Noun is whom a Dial calls: *Number *Client *Sip *Conference *Queue *Application, or *Other for what kaden does not dial; and what
// a Start begins: *Recording *Stream.
type Noun interface {
	Name() string // as in the document: Number
	Position() Pos
}

// Party is what the nouns that ring somebody share.
type Party struct {
	URL                  string // the document that the person hears before being joined; "" is none
	Method               string // GET or POST; "" is POST
	StatusCallback       string
	StatusCallbackMethod string            // "" is POST
	StatusCallbackEvent  []string          // initiated ringing answered completed; nil is completed
	Detection            *Detection        // nil: nothing is said of it; never of a Client
	Unrun                map[string]string // byoc and the like, as written: accepted, not run
}

// Detection is how machines that answer are told from people. It does not hold the joining up.
type Detection struct {
	Mode                                 string        // Enable or DetectMessageEnd; "" is none
	Timeout                              time.Duration // whole seconds; 0 is Twilio's 30 s
	SpeechThreshold, SpeechEnd, Silence  time.Duration // whole milliseconds; 0 is Twilio's
	StatusCallback, StatusCallbackMethod string        // told of the result; Method "" is POST
}

// Number is a telephone number, in any way that people write them.
type Number struct {
	Pos
	Text       string
	SendDigits string // pressed after the answer: 0-9 A-D * # and w (0.5 s), W (1 s) of silence
	Party
}

// Client is a browser, by the identity it registered with.
type Client struct {
	Pos
	Identity   string
	Parameters []Parameter // told to the browser
	Party
}

// Sip is a SIP address.
type Sip struct {
	Pos
	URI                string // sip: may be absent; ?x-header=value is sent as a header
	Username, Password string
	SendDigits         string
	Headers            []Parameter // X-… sent with the INVITE
	Party
}

// Parameter is a name and its value, told along with a call.
type Parameter struct{ Name, Value string }

// Conference is a room that several calls are in.
type Conference struct {
	Pos
	Room                 string // its name; one account's rooms are not another's
	Muted                bool
	Beep                 string // true, false, onEnter, onExit; "" is true
	StartOnEnter         bool   // Parse and NewConference set it
	EndOnExit            bool
	WaitURL              string // heard until it starts; "" is music
	Quiet                bool   // waitUrl="": nothing is heard until it starts
	WaitMethod           string // GET or POST; "" is POST
	MaxParticipants      int    // 0 is Twilio's 250
	ParticipantLabel     string
	Coach                string // the call whose ear this one speaks to
	StatusCallback       string
	StatusCallbackMethod string            // "" is POST
	StatusCallbackEvent  []string          // start end join leave mute hold modify speaker announcement; nil is none
	Record               bool              // record-from-start: from the moment in which two are joined
	Recorded                               // how, with Record; "" of Trim is trim-silence
	Unrun                map[string]string // region and the like, as written: accepted, not run
}

// NewConference makes the noun for a room as Twilio takes it: it beeps, and starts with the second who enters.
func NewConference(room string) *Conference { return &Conference{Room: room, StartOnEnter: true} }

// Name is the noun's name in a document.
func (*Number) Name() string { return "Number" }

// Name is the noun's name in a document.
func (*Client) Name() string { return "Client" }

// Name is the noun's name in a document.
func (*Sip) Name() string { return "Sip" }

// Name is the noun's name in a document.
func (*Conference) Name() string { return "Conference" }

// What is read and kept without being run.
var (
	partyUnrun      = []string{"byoc", "clientNotificationUrl"}
	conferenceUnrun = []string{"eventCallbackUrl", "jitterBufferSize", "region"}
)

// noun reads one noun. Nil is one that cannot be called.
func (c *checker) noun(n *node) Noun {
	v := c.attributes(n)
	switch n.name {
	case "Number":
		return c.phone(n, v)
	case "Client":
		return c.client(n, v)
	case "Sip":
		return c.sip(n, v)
	case "Conference":
		return c.conference(n, v)
	case "Queue":
		return c.queue(n, v)
	case "Application":
		return c.application(n, v)
	}
	c.warn(n.Pos, 0, n.name, "kaden does not dial it: this part of <Dial> fails", "")
	return &Other{n.Pos, c.element(n)}
}

func (c *checker) party(n *node, v values) Party {
	return Party{
		Detection: v.detection(),
		URL:       v["url"], Method: v["method"],
		StatusCallback: v["statusCallback"], StatusCallbackMethod: v["statusCallbackMethod"], StatusCallbackEvent: v.words("statusCallbackEvent"),
		Unrun: v.some(partyUnrun),
	}
}

// detection reads the attributes that amd knows; nil where there is none.
func (v values) detection() *Detection {
	millis := func(name string) time.Duration { return time.Duration(v.number(name, 0)) * time.Millisecond }
	d := Detection{
		Mode: v["machineDetection"], Timeout: v.seconds("machineDetectionTimeout"),
		SpeechThreshold: millis("machineDetectionSpeechThreshold"), SpeechEnd: millis("machineDetectionSpeechEndThreshold"),
		Silence:        millis("machineDetectionSilenceTimeout"),
		StatusCallback: v["amdStatusCallback"], StatusCallbackMethod: v["amdStatusCallbackMethod"],
	}
	if d == (Detection{}) {
		return nil
	}
	return &d
}

// attrs are the attributes of a Detection; none of a nil one.
func (d *Detection) attrs(noun string) ([]Attr, error) {
	if d == nil {
		return nil, nil
	}
	back, err := method(d.StatusCallbackMethod)
	if err != nil {
		return nil, fmt.Errorf("%s: amdStatusCallback: %w", noun, err)
	}
	number := func(name string, d, unit time.Duration) Attr { return unless(name, int64(d/unit), 0) }
	as := []Attr{
		attr("machineDetection", d.Mode), number("machineDetectionTimeout", d.Timeout, time.Second),
		number("machineDetectionSpeechThreshold", d.SpeechThreshold, time.Millisecond),
		number("machineDetectionSpeechEndThreshold", d.SpeechEnd, time.Millisecond),
		number("machineDetectionSilenceTimeout", d.Silence, time.Millisecond),
		attr("amdStatusCallback", d.StatusCallback), attr("amdStatusCallbackMethod", back),
	}
	for _, a := range as[:5] {
		r, known := schema[noun].attrs[a.Name]
		if use, ok := r.written(a); a.Name != "" && (!known || !ok || use != a.Value) {
			return nil, fmt.Errorf("%s: %s %q; %s", noun, a.Name, a.Value, r.want)
		}
	}
	return as, nil
}

func (c *checker) phone(n *node, v values) Noun {
	for range c.parts(n) {
	}
	p := &Number{Pos: n.Pos, Text: n.text(), SendDigits: v["sendDigits"], Party: c.party(n, v)}
	if p.Text == "" {
		c.warn(n.Pos, codeDialNumber, n.name, "no number: skipped", "put it between <Number> and </Number>")
		return nil
	}
	c.number(n, p.Text)
	return p
}

// number warns of what nobody could dial. sim: reaches a simulated phone.
func (c *checker) number(n *node, text string) {
	if strings.Contains(text, "{{") || strings.HasPrefix(text, "sim:") {
		return
	}
	figures := strings.TrimPrefix(text, "tel:")
	if strings.Trim(figures, "+0123456789()-./*# \t\n‐–−　０１２３４５６７８９－（）＋") != "" || !strings.ContainsAny(figures, "0123456789０１２３４５６７８９") {
		c.warn(n.Pos, codeDialNumber, n.name, fmt.Sprintf("%q is no number: it cannot be called", short(text)), "+819012345678, or <Sip> and <Client> for other addresses")
	}
}

func (c *checker) client(n *node, v values) Noun {
	p := &Client{Pos: n.Pos, Identity: n.text(), Party: c.party(n, v)}
	for k, v := range c.parts(n) {
		switch k.name {
		case "Identity":
			p.Identity = k.text()
		case "Parameter":
			p.Parameters = append(p.Parameters, Parameter{v["name"], v["value"]})
		}
	}
	if p.Identity == "" {
		c.warn(n.Pos, codeSchema, n.name, "no identity: skipped", "put it between <Client> and </Client>")
		return nil
	}
	return p
}

func (c *checker) sip(n *node, v values) Noun {
	p := &Sip{
		Pos: n.Pos, URI: n.text(), Username: v["username"], Password: v["password"],
		SendDigits: v["sendDigits"], Party: c.party(n, v),
	}
	for k := range c.parts(n) {
		switch k.name {
		case "Uri":
			p.URI = k.text()
		case "Headers":
			for _, v := range c.parts(k) {
				p.Headers = append(p.Headers, Parameter{v["name"], v["value"]})
			}
		}
	}
	if p.URI == "" {
		c.warn(n.Pos, codeSipURI, n.name, "no address: skipped", "put sip:user@host between <Sip> and </Sip>")
		return nil
	}
	return p
}

func (c *checker) conference(n *node, v values) Noun {
	for range c.parts(n) {
	}
	p := &Conference{
		Pos: n.Pos, Room: n.text(), Muted: v["muted"] == "true", Beep: v["beep"],
		StartOnEnter: v.text("startConferenceOnEnter", "true") == "true", EndOnExit: v["endConferenceOnExit"] == "true",
		WaitURL: v["waitUrl"], WaitMethod: v["waitMethod"], MaxParticipants: v.number("maxParticipants", 0),
		ParticipantLabel: v["participantLabel"], Coach: v["coach"],
		StatusCallback: v["statusCallback"], StatusCallbackMethod: v["statusCallbackMethod"], StatusCallbackEvent: v.words("statusCallbackEvent"),
		Record: v["record"] == "record-from-start" || v["record"] == "true", Recorded: v.recorded(""),
		Unrun: v.some(conferenceUnrun),
	}
	_, said := v["waitUrl"]
	p.Quiet = said && p.WaitURL == ""
	if p.Beep == "true" {
		p.Beep = ""
	}
	if len([]rune(p.Room)) > maxRoom {
		c.warn(n.Pos, codeRoom, n.name, fmt.Sprintf("the name is longer than %d characters", maxRoom), "a shorter name")
	}
	if p.Room == "" {
		c.warn(n.Pos, codeRoom, n.name, "no name: skipped", "put the room's name between <Conference> and </Conference>")
		return nil
	}
	return p
}

const maxRoom = 128 // Twilio's Conference page

// parts are the elements inside n that belong there, each with its attributes.
func (c *checker) parts(n *node) func(yield func(*node, values) bool) {
	return func(yield func(*node, values) bool) {
		if !schema[n.name].text {
			c.stray(n)
		}
		for _, k := range n.kids {
			if k.node != nil && c.fits(n, k.node) && !yield(k.node, c.attributes(k.node)) {
				return
			}
		}
	}
}

func (w *writer) noun(n Noun) error {
	switch n := n.(type) {
	case *Number:
		return n.write(w)
	case *Client:
		return n.write(w)
	case *Sip:
		return n.write(w)
	case *Conference:
		return n.write(w)
	case *Queue:
		return n.write(w)
	case *Application:
		return n.write(w)
	case *Other:
		switch n.Element.Tag {
		case "Sim", "WhatsApp":
			return w.element(n.Element)
		}
	}
	return fmt.Errorf("%T is no noun of <Dial> that can be written", n)
}

// attrs are the attributes of a Party, with what stands before them.
func (p Party) attrs(noun string, before ...Attr) ([]Attr, error) {
	m, err := method(p.Method)
	back, err2 := method(p.StatusCallbackMethod)
	if err = errors.Join(err, err2); err != nil {
		return nil, fmt.Errorf("%s: %w", noun, err)
	}
	events, err := eventWords(noun, p.StatusCallbackEvent)
	if err != nil {
		return nil, err
	}
	machines, err := p.Detection.attrs(noun)
	if err != nil {
		return nil, err
	}
	rest, err := kept(noun, p.Unrun, partyUnrun)
	return slices.Concat(before, []Attr{
		attr("url", p.URL), attr("method", m), attr("statusCallback", p.StatusCallback), attr("statusCallbackMethod", back), events,
	}, machines, rest), err
}

// eventWords is statusCallbackEvent of one noun.
func eventWords(noun string, events []string) (Attr, error) {
	r := schema[noun].attrs["statusCallbackEvent"]
	use, ok := r.read(strings.Join(events, " "))
	if !ok || len(strings.Fields(use)) != len(events) {
		return Attr{}, fmt.Errorf("%s: statusCallbackEvent %q; %s", noun, events, r.want)
	}
	return attr("statusCallbackEvent", use), nil
}

// pressed is sendDigits.
func pressed(noun, keys string) (Attr, error) {
	if _, ok := digits(keys); !ok {
		return Attr{}, fmt.Errorf("%s: sendDigits %q; %s", noun, keys, wantDigits)
	}
	return attr("sendDigits", keys), nil
}

func (n *Number) write(w *writer) error {
	keys, err := pressed("Number", n.SendDigits)
	if err != nil {
		return err
	}
	as, err := n.attrs("Number", keys)
	if err != nil {
		return err
	}
	if trim(n.Text) == "" {
		return errors.New("Number: no number")
	}
	w.leaf("Number", n.Text, as...)
	return nil
}

func (n *Client) write(w *writer) error {
	as, err := n.attrs("Client")
	if err != nil {
		return err
	}
	if trim(n.Identity) == "" {
		return errors.New("Client: no identity")
	}
	if len(n.Parameters) == 0 {
		w.leaf("Client", n.Identity, as...)
		return nil
	}
	w.open("Client", as...)
	w.leaf("Identity", n.Identity)
	w.parameters(n.Parameters)
	w.close()
	return nil
}

func (n *Sip) write(w *writer) error {
	keys, err := pressed("Sip", n.SendDigits)
	if err != nil {
		return err
	}
	as, err := n.attrs("Sip", attr("username", n.Username), attr("password", n.Password), keys)
	if err != nil {
		return err
	}
	if trim(n.URI) == "" {
		return errors.New("Sip: no address")
	}
	if len(n.Headers) == 0 {
		w.leaf("Sip", n.URI, as...)
		return nil
	}
	w.open("Sip", as...)
	w.leaf("Uri", n.URI)
	w.open("Headers")
	for _, h := range n.Headers {
		w.leaf("Header", "", attr("name", h.Name), attr("value", h.Value))
	}
	w.close()
	w.close()
	return nil
}

func (n *Conference) write(w *writer) error {
	wait, err := method(n.WaitMethod)
	back, err2 := method(n.StatusCallbackMethod)
	if err = errors.Join(err, err2); err != nil {
		return fmt.Errorf("Conference: %w", err)
	}
	events, err := eventWords("Conference", n.StatusCallbackEvent)
	if err != nil {
		return err
	}
	rest, err := kept("Conference", n.Unrun, conferenceUnrun)
	tape, err2 := n.Recorded.attrs("Conference", "")
	who := attr("participantLabel", n.ParticipantLabel)
	if err = errors.Join(err, err2, checked("Conference", []Attr{who})); err != nil {
		return err
	}
	record := Attr{}
	if n.Record {
		record = Attr{"record", "record-from-start"}
	}
	beep := attr("beep", n.Beep)
	if use, ok := schema["Conference"].attrs["beep"].written(beep); !ok || use != n.Beep {
		return fmt.Errorf("Conference: beep %q; %s", n.Beep, schema["Conference"].attrs["beep"].want)
	}
	if n.MaxParticipants < 0 || n.MaxParticipants > 250 {
		return fmt.Errorf("Conference: maxParticipants %d; at most 250", n.MaxParticipants)
	}
	if trim(n.Room) == "" {
		return errors.New("Conference: no name")
	}
	silence := attr("waitUrl", n.WaitURL)
	if n.Quiet {
		silence = Attr{Name: "waitUrl"}
	}
	w.leaf("Conference", n.Room, slices.Concat([]Attr{
		unless("muted", n.Muted, false), unless("beep", n.Beep, ""), unless("startConferenceOnEnter", n.StartOnEnter, true),
		unless("endConferenceOnExit", n.EndOnExit, false), silence, attr("waitMethod", wait),
		unless("maxParticipants", strconv.Itoa(n.MaxParticipants), "0"), who, attr("coach", n.Coach),
		attr("statusCallback", n.StatusCallback), attr("statusCallbackMethod", back), events, record,
	}, tape, rest)...)
	return nil
}
