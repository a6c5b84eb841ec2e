package trunk

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/problem/yamldoc"
)

// Read reads a trunk's document:
//
//	trunk: ntt
//	server: sip.example.jp          # or sip:sip.example.jp:5061;transport=tcp
//	user: "0501234"
//	password: env:NTT_PASSWORD
//	from: "+815012345678"
//	reach: [mobile, fixed, ip]      # these and no others; nothing: all but abroad, premium and what 050 lines do not reach
//	allow: [abroad]                 # besides
//	warn: { shared: "costs us 20 yen a minute" }
//	refuse: [toll-free]
//	spelling: national              # e164, national, digits
//	prefix: "184"
//	channels: 2
//	interval: 1s
//	interval-per: number            # trunk is the default; account: all trunks of the same server and user
//	dtmf: in-band                   # rfc4733 is the default
//	answer: unreliable              # busy tones and announcements come as sound or as answers: it is listened to
//	register: true                  # and what else belongs to SIP: see readSIP
//	messages: sip                   # it carries short messages: see readMessages
//	prices: { currency: JPY, calls: [{ to: mobile, price: 16, unit: 60s }] } # see tariff.Read
//
// secret finds what env:NAME and file:PATH stand for; nil leaves them as they are. The Trunk is of use
// only if the problems do not refuse it.
func Read(text []byte, secret func(reference string) (string, error)) (Trunk, problem.List) {
	doc := yamldoc.Parse(text)
	t := Trunk{
		Name:     doc.Need("trunk", "ntt").Text(),
		Server:   readServer(doc.Need("server", "sip.example.jp")),
		User:     doc.Take("user").Text(),
		Password: doc.Take("password").Secret(secret),
		From:     readFrom(doc.Take("from")),
		Spelling: doc.Take("spelling").OneOf(number.E164, number.National, number.Digits),
		Channels: doc.Take("channels").Count(1, 100_000),
		Interval: doc.Take("interval").Duration(0, time.Hour),
	}
	readReach(doc, &t)
	if per := doc.Take("interval-per"); per.Given() {
		t.Per = per.OneOf(PerTrunk, PerNumber, PerAccount)
		if t.Interval == 0 {
			per.Warn("without an interval it means nothing", "add interval: 1s")
		}
	}
	t.InBandDTMF = doc.Take("dtmf").OneOf("rfc4733", "in-band") == "in-band"
	t.Unreliable = doc.Take("answer").OneOf("reliable", "unreliable") == "unreliable"
	if user := doc.Take("user"); user.Given() && strings.ContainsAny(t.User, "\"\\\r\n") {
		user.Error("a user name has no quotes or line breaks", "")
	}
	if doc.Take("password").Given() && t.User == "" {
		doc.Take("password").Warn("a password without a user is never used", "add user:")
	}
	t.Prefix = readPrefix(doc.Take("prefix"), t.Spelling)
	if t.Prefix != "" && t.Spelling == "" {
		t.Spelling = number.National
	}
	readSIP(doc, &t)
	t.Messages = readMessages(doc)
	t.Prices = readPrices(doc.Take("prices"), t)
	return t, doc.Done()
}

// readReach takes what a line does with each class of numbers.
func readReach(doc *yamldoc.Map, t *Trunk) {
	t.Reach = readClasses(doc.Take("reach"), nil)
	t.Allow = readClasses(doc.Take("allow"), nil)
	why := map[number.Class]string{}
	t.Warn = readClasses(doc.Take("warn"), why)
	t.Refuse = readClasses(doc.Take("refuse"), why)
	if len(why) > 0 {
		t.Why = why
	}
	ruled := map[number.Class]string{}
	for _, list := range []struct {
		key     string
		classes []number.Class
	}{{"reach", t.Reach}, {"allow", t.Allow}, {"warn", t.Warn}, {"refuse", t.Refuse}} {
		for _, c := range list.classes {
			if other, twice := ruled[c]; twice {
				doc.Take(list.key).Error(fmt.Sprintf("%s is listed under %s as well", c, other), "")
			}
			ruled[c] = list.key
		}
	}
}

func readServer(v yamldoc.Value) string {
	s := v.Text()
	if s == "" {
		return ""
	}
	uri := s
	if !strings.HasPrefix(uri, "sip:") && !strings.HasPrefix(uri, "sips:") {
		uri = "sip:" + uri
	}
	if strings.Contains(s, "@") {
		v.Error(fmt.Sprintf("%q has a user in it", s), "the user goes to user:")
		return ""
	}
	if _, err := number.ParseAddress(uri); err != nil {
		v.Error(err.Error(), "write a host, host:port, or sip:host;transport=tcp")
		return ""
	}
	return s
}

// readFrom takes a number, or a user name for trunks that know callers by one.
func readFrom(v yamldoc.Value) string {
	s := v.Text()
	if s == "" {
		return ""
	}
	n, err := number.Parse(s, number.Home)
	if err == nil {
		if ok, reason := n.Class().Dialable(); !ok {
			v.Error(fmt.Sprintf("%s cannot be a caller ID: %s", s, reason), "")
			return ""
		}
		return string(n)
	}
	if strings.ContainsAny(s[:1], "+0") {
		v.Err(err)
		return ""
	}
	if _, bad := number.ParseAddress("sip:" + s + "@caller.invalid"); bad != nil {
		v.Error(fmt.Sprintf("%q is neither a telephone number nor a SIP user name", s), `write from: "+815012345678"`)
		return ""
	}
	return s
}

// readClasses takes a list of classes, or, where why is not nil, classes with the reason for each.
func readClasses(v yamldoc.Value, why map[number.Class]string) (classes []number.Class) {
	if why != nil && v.Given() && v.IsMap() {
		m := v.Map()
		for _, key := range m.Keys() {
			reason := m.Take(key)
			if c, ok := readClass(reason, key, classes); ok {
				classes = append(classes, c)
				why[c] = reason.Text()
			}
		}
		return classes
	}
	for _, item := range v.List() {
		if s := item.Text(); s != "" {
			if c, ok := readClass(item, s, classes); ok {
				classes = append(classes, c)
			}
		}
	}
	return classes
}

// readClass reads one class, and says what is wrong at item.
func readClass(item yamldoc.Value, s string, before []number.Class) (c number.Class, ok bool) {
	c, err := number.ParseClass(s)
	switch {
	case err != nil:
		var known []string
		for _, c := range number.Classes() {
			known = append(known, string(c))
		}
		hint := "one of " + strings.Join(known, ", ")
		if near := yamldoc.Nearest(s, known); near != "" {
			hint = "did you mean " + near + "?"
		}
		item.Error(err.Error(), hint)
	case slices.Contains(before, c):
		item.Warn(s+" is listed twice", "")
	default:
		return c, true
	}
	return "", false
}

func readPrefix(v yamldoc.Value, spelling string) string {
	s := v.Text()
	switch {
	case s == "":
	case strings.Trim(s, "0123456789") != "" || len(s) > 6:
		v.Error(fmt.Sprintf("%q is no prefix", s), "digits such as 184 (hide our number) or 186 (show it)")
	case strings.HasPrefix(s, "11"), len(s) > 1 && number.Number((s + "0")[:3]).Class() == number.Emergency: // a 0 comes after it
		v.Error("a prefix must not begin like an emergency number", "")
	case spelling == number.E164 || spelling == number.Digits:
		v.Error(fmt.Sprintf("prefix %s goes before a number that begins with 0", s), "write spelling: national")
	default:
		return s
	}
	return ""
}
