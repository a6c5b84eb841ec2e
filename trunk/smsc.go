package trunk

import (
	"cmp"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/problem/yamldoc"
	"github.com/kaden-project/kaden/tariff"
)

// SMSC is a carrier's short message centre (ショートメッセージセンター), which takes and brings short messages over SMPP 3.4. It
// carries no calls.
type SMSC struct {
	Trunk                // its name, server (host:port), user (system_id), password, sender, reach and prices; the rest is left empty
	TLS    bool          // from the first byte on
	System string        // system_type, where the carrier asks for one
	Rate   int           // messages a second; 0 is as fast as they are answered
	Window int           // messages that may wait for their answer at once
	Pulse  time.Duration // after which silence the connection is tried (enquire_link)
	Source *NumberType   // how senders that are numbers are marked; nil: by what they are
}

// NumberType marks a number for an SMSC (SMPP 3.4, 5.2.5 and 5.2.6).
type NumberType struct {
	TON int // 0 unknown, 1 international, 2 national, 3 network specific, 4 subscriber, 5 alphanumeric, 6 abbreviated
	NPI int // 0 unknown, 1 ISDN (E.164) …
}

// What an SMSC's document leaves open.
const (
	smppPort     = "2775"
	usualWindow  = 10
	usualPulse   = 30 * time.Second
	longestName  = 11 // of a sender that is a word (3GPP TS 23.040, 9.1.2.5)
	longestLogin = 15 // system_id
	longestPass  = 8  // password
)

// ReadSMSC reads a short message centre's document:
//
//	smsc: carrier
//	server: smsc.example.jp:2775     # 2775 unless given
//	tls: true                        # false is the default
//	system-id: kaden
//	password: env:SMSC_PASSWORD
//	system-type: VMA                 # where the carrier asks for one
//	from: "+815087654321"            # or a short number, or a word of up to 11 letters and digits
//	rate: 10                         # messages a second; nothing: as fast as they are answered
//	window: 10                       # messages that may wait for their answer at once
//	enquire-link: 30s                # after which silence the connection is tried
//	source: { ton: 1, npi: 1 }       # how senders that are numbers are marked; nothing: by what they are
//	reach: [mobile]                  # and allow, warn, refuse: as of a trunk
//	prices: { currency: JPY, messages: [{ to: mobile, price: 8 }] } # see tariff.ReadMessages
//
// secret is as for [Read]. The SMSC is of use only if the problems do not refuse it.
func ReadSMSC(text []byte, secret func(reference string) (string, error)) (SMSC, problem.List) {
	doc := yamldoc.Parse(text)
	s := SMSC{
		Trunk: Trunk{
			Name: doc.Need("smsc", "carrier").Text(), Server: readCentre(doc.Need("server", "smsc.example.jp:2775")),
			User: doc.Need("system-id", "kaden").Text(), Password: doc.Take("password").Secret(secret),
			From: readSender(doc.Take("from")),
		},
		TLS:    doc.Take("tls").OneOf("false", "true") == "true",
		System: doc.Take("system-type").Text(),
		Rate:   doc.Take("rate").Count(1, 10_000),
		Window: cmp.Or(doc.Take("window").Count(1, 1_000), usualWindow),
		Pulse:  cmp.Or(doc.Take("enquire-link").Duration(time.Second, time.Hour), usualPulse),
	}
	for key, is := range map[string]struct {
		text string
		most int
	}{"system-id": {s.User, longestLogin}, "password": {s.Password, longestPass}, "system-type": {s.System, 12}} {
		if len(is.text) > is.most {
			doc.Take(key).Error(fmt.Sprintf("it is longer than the %d characters that SMPP has room for", is.most), "the carrier has given a shorter one")
		}
	}
	if source := doc.Take("source"); source.Given() {
		m := source.Map()
		s.Source = &NumberType{TON: m.Take("ton").Count(0, 6), NPI: m.Take("npi").Count(0, 18)}
		m.Done()
	}
	readReach(doc, &s.Trunk)
	s.Prices = tariff.ReadMessages(doc.Take("prices"))
	return s, doc.Done()
}

// readCentre takes host or host:port.
func readCentre(v yamldoc.Value) string {
	s := v.Text()
	if s == "" {
		return ""
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = strings.Trim(s, "[]"), smppPort
	}
	n, bad := strconv.Atoi(port)
	if bad != nil || n < 1 || n > 65535 || host == "" || strings.ContainsAny(host, "/@ \t[]") {
		v.Error(fmt.Sprintf("%q is not host:port", s), "write smsc.example.jp:2775")
		return ""
	}
	return net.JoinHostPort(host, port)
}

var (
	word      = regexp.MustCompile(`^[A-Za-z0-9 ]*[A-Za-z][A-Za-z0-9 ]*$`)
	shortCode = regexp.MustCompile(`^[1-9][0-9]{2,7}$`)
)

// readSender takes who writes: a number, a short number, or a word.
func readSender(v yamldoc.Value) string {
	s := v.Text()
	switch {
	case s == "", shortCode.MatchString(s):
		return s
	case !word.MatchString(s):
		n, err := number.Parse(s, number.Home)
		if err != nil {
			v.Err(err)
		}
		return string(n)
	case len(s) > longestName:
		v.Error(fmt.Sprintf("%q has more than %d characters", s, longestName), "")
	}
	return s
}
