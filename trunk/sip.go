package trunk

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/problem/yamldoc"
)

// SIP is how a carrier is spoken to. Its zero value is what most carriers take.
type SIP struct {
	Register bool          // sign on: a carrier that knows its customers by that calls nobody else
	Expires  time.Duration // of the registration, as asked for; 0 is an hour
	Login    string        // the name that goes with the password where it is not User
	Proxy    string        // where everything is sent first
	Ping     time.Duration // between two looks whether the carrier answers (OPTIONS); 0 is never

	CallerID string // where our number stands: from, asserted, preferred; "" is from
	Shown    string // how it is spelt there: number.E164, number.National, number.Digits; "" is as it is written
	Tel      bool   // … as a tel: URI
	Private  bool   // the person who is called is not to see it

	Codecs []string // pcmu, pcma, g722: that are offered and taken, the best first; nil is the first two
	Packet int      // length of the sound's packets in ms: 10, 20, 30, 40, 60; 0: as the carrier likes
	DTMF   int      // payload type of telephone-event that is offered; 0 is 101
	Secret bool     // the sound is encrypted (SRTP), or there is no call

	NoPRACK bool          // 100rel is not offered
	Session time.Duration // session timer that is asked for; 0 is half an hour, negative is none
}

// Where a number stands (trunk.SIP.CallerID).
const (
	InFrom      = "from"
	InAsserted  = "asserted"
	InPreferred = "preferred"
)

// readSIP reads how the carrier is spoken to:
//
//	register: true                  # sign on at server: with user: and password:
//	expires: 1h                     # of the registration
//	login: "0003"                   # the name for the password, where it is another than user:
//	proxy: sip:proxy.example.jp;lr  # outbound proxy
//	keep-alive: 30s                 # OPTIONS; off is the default
//	caller-id: preferred            # from (the default), asserted, preferred
//	caller-id-spelling: national    # e164, national, digits
//	caller-id-uri: tel              # sip is the default
//	privacy: true                   # who is called does not see our number
//	codecs: [pcmu]                  # pcmu and pcma are the default; g722 only where it is named
//	ptime: 40                       # ms of sound in a packet: 10, 20, 30, 40, 60; as the carrier asks is the default, else 20
//	dtmf-payload: 96                # of telephone-event; 101 is the default
//	media: srtp                     # rtp is the default
//	session-timer: 15m              # off: none; half an hour is the default
//	prack: off                      # on is the default
func readSIP(doc *yamldoc.Map, t *Trunk) {
	s := &t.SIP
	register := doc.Take("register")
	s.Register = readSwitch(register, false)
	if s.Register && t.User == "" {
		register.Error("nobody can be signed on without a name", "add user: and password:")
	}
	expires := doc.Take("expires")
	s.Expires = expires.Duration(time.Minute, 24*time.Hour)
	if expires.Given() && !s.Register {
		expires.Warn("without register: true it means nothing", "")
	}
	s.Login = doc.Take("login").Text()
	if strings.ContainsAny(s.Login, "\"\\\r\n") {
		doc.Take("login").Error("a user name has no quotes or line breaks", "")
	}
	s.Proxy = readServer(doc.Take("proxy"))
	if ping := doc.Take("keep-alive"); ping.Given() && ping.Text() != "off" {
		s.Ping = ping.Duration(5*time.Second, time.Hour)
	}
	s.CallerID = doc.Take("caller-id").OneOf(InFrom, InAsserted, InPreferred)
	s.Shown = doc.Take("caller-id-spelling").OneOf(number.E164, number.National, number.Digits)
	s.Tel = doc.Take("caller-id-uri").OneOf("sip", "tel") == "tel"
	if tel := doc.Take("caller-id-uri"); s.Tel && s.Shown == number.National {
		tel.Warn("a tel: URI with a national number needs a phone-context, which few carriers take", "caller-id-spelling: e164")
	}
	privacy := doc.Take("privacy")
	s.Private = readSwitch(privacy, false)
	if s.Private && t.Prefix == "184" {
		privacy.Warn("prefix 184 hides the number already", "one of the two is enough")
	}
	for _, item := range doc.Take("codecs").List() {
		if c := item.OneOf("pcmu", "pcma", "g722"); c != "" && !slices.Contains(s.Codecs, c) {
			s.Codecs = append(s.Codecs, c)
		}
	}
	s.Packet, _ = strconv.Atoi(doc.Take("ptime").OneOf("10", "20", "30", "40", "60"))
	s.DTMF = doc.Take("dtmf-payload").Count(96, 127)
	s.Secret = doc.Take("media").OneOf("rtp", "srtp") == "srtp"
	if media := doc.Take("media"); s.Secret && !strings.HasPrefix(t.Server, "sips:") && !strings.Contains(t.Server, "transport=tls") {
		media.Warn("the key to the sound goes in the clear: whoever reads the signalling hears the call", "server: sip:…;transport=tls")
	}
	if session := doc.Take("session-timer"); session.Text() == "off" {
		s.Session = -1
	} else {
		s.Session = session.Duration(90*time.Second, 24*time.Hour) // RFC 4028 section 5
	}
	s.NoPRACK = !readSwitch(doc.Take("prack"), true)
}

// readSwitch reads true or false, on or off, yes or no.
func readSwitch(v yamldoc.Value, otherwise bool) bool {
	switch word := strings.ToLower(v.Text()); word {
	case "":
		return otherwise
	case "true", "on", "yes":
		return true
	case "false", "off", "no":
		return false
	default:
		v.Error(fmt.Sprintf("%q is neither on nor off", word), "write true or false")
		return otherwise
	}
}

// Shows is the caller ID as the trunk wants it spelt.
func (t Trunk) Shows(from string) string {
	if t.SIP.Shown == "" {
		return from
	}
	if n, err := number.Parse(from, number.Home); err == nil {
		return n.Spell(t.SIP.Shown)
	}
	return from
}

// Account is the name that goes with the password.
func (t Trunk) Account() string {
	if t.SIP.Login != "" {
		return t.SIP.Login
	}
	return t.User
}
