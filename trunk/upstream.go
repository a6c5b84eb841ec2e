package trunk

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/problem/yamldoc"
)

// Upstream is another platform that takes calls over, whole or as a leg of ours (上流): Twilio, or another kaden. It speaks
// Twilio's REST API of 2010-04-01.
type Upstream struct {
	Trunk          // its name, caller ID, reach, prices, channels and pace; the rest of it is left empty
	URL     string // scheme and host, without a path at the end; Twilio's unless given
	Account string // AC…
	Token   string // the account's auth token: it signs what the platform sends us, so that no API key will do

	DeleteRecordings bool // there, once they are here
}

// Line is the upstream as a line: where it leads and as whom, for those who keep book of lines.
func (u Upstream) Line() Trunk {
	t := u.Trunk
	t.Server, t.User, t.Password, t.Upstream = u.URL, u.Account, u.Token, true
	return t
}

// Twilio is where Twilio itself is asked.
const Twilio = "https://api.twilio.com"

var accountSID = regexp.MustCompile(`^AC[0-9a-fA-F]{32}$`)

// ReadUpstream reads an upstream's document:
//
//	upstream: twilio
//	url: https://api.twilio.com      # where another kaden is asked: its own address
//	account: AC0123456789abcdef0123456789abcdef
//	token: env:TWILIO_AUTH_TOKEN
//	from: "+815087654321"
//	reach: [mobile, fixed]           # nothing: all that may be dialled at all
//	allow: [abroad]                  # and warn, refuse, prices: as of a trunk
//	channels: 10                     # and interval, interval-per: as of a trunk
//	delete-recordings: true          # there, once they are here
//
// secret is as for [Read]. The Upstream is of use only if the problems do not refuse it.
func ReadUpstream(text []byte, secret func(reference string) (string, error)) (Upstream, problem.List) {
	doc := yamldoc.Parse(text)
	u := Upstream{
		Trunk:   Trunk{Name: doc.Need("upstream", "twilio").Text(), From: readNumber(doc.Need("from", `"+815087654321"`))},
		URL:     readBase(doc.Take("url")),
		Account: doc.Need("account", "AC0123456789abcdef0123456789abcdef").Text(),
		Token:   doc.Need("token", "env:TWILIO_AUTH_TOKEN").Secret(secret),

		DeleteRecordings: doc.Take("delete-recordings").OneOf("false", "true") == "true",
	}
	readReach(doc, &u.Trunk)
	u.Channels, u.Interval = doc.Take("channels").Count(1, 100_000), doc.Take("interval").Duration(0, time.Hour)
	if per := doc.Take("interval-per"); per.Given() {
		u.Per = per.OneOf(PerTrunk, PerNumber, PerAccount)
	}
	u.Prices = readPrices(doc.Take("prices"), u.Trunk)
	account := doc.Take("account")
	switch {
	case strings.HasPrefix(u.Account, "SK"):
		account.Error("this is an API key; the account is meant", "AC and 32 hexadecimal digits, from the platform's console")
	case u.Account != "" && !accountSID.MatchString(u.Account):
		account.Error(fmt.Sprintf("%q is no account", u.Account), "AC and 32 hexadecimal digits, from the platform's console")
	}
	return u, doc.Done()
}

// readBase takes where the platform is asked: http is for a kaden on one's own network.
func readBase(v yamldoc.Value) string {
	s := strings.TrimRight(v.Text(), "/")
	if s == "" {
		return Twilio
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		v.Error(fmt.Sprintf("%q is not a URL", s), "write "+Twilio+", or the address of the other kaden")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		v.Error("the URL is scheme and host alone", "account and token have keys of their own")
	case strings.HasSuffix(u.Path, "/2010-04-01"):
		v.Error("the URL ends before /2010-04-01", "")
	}
	return s
}

// readNumber takes a telephone number that can be shown.
func readNumber(v yamldoc.Value) string {
	s := v.Text()
	if s == "" {
		return ""
	}
	n, err := number.Parse(s, number.Home)
	if err != nil {
		v.Err(err)
		return ""
	}
	if ok, reason := n.Class().Dialable(); !ok {
		v.Error(fmt.Sprintf("%s cannot be a caller ID: %s", s, reason), "")
		return ""
	}
	return string(n)
}
