package account

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/problem/yamldoc"
)

// ReadNumber reads the document of a number of our own:
//
//	number: "+815012345678"       # or the name of a SIP user
//	url: https://example.jp/voice # TwiML is asked for there …
//	method: POST
//	fallback-url: https://example.jp/fallback
//	fallback-method: POST
//	status-callback: https://example.jp/status
//	status-callback-method: POST
//	twiml: <Response/>            # … or is this
//	bin: night                    # … or stands in this bin
//	application: shop             # … or this application knows it
//	call-back: true               # … or people call here about alerts
//	plan: night-shift             # … or to have the people of this plan called: a hotline
//	severity: critical            # of the alert that such a call becomes: critical, error, warning
//	say: { ja: …, en: … }         # what its callers hear first; kaden's own words unless given
//	unknown: screen               # callers who hide their number: accept, screen (press 1 first), name (and say who you are), reject, busy
//	foreign: reject               # callers from abroad
//	trunk: ntt                    # calls to it come in over this trunk, and cost what its prices say of inbound calls
//	sms-url: https://example.jp/sms # is asked about short messages to it; also sms-method, sms-fallback-url, sms-fallback-method
//
// Account is left empty: the installation's main account owns what documents describe.
func ReadNumber(text []byte) (Number, problem.List) {
	doc := yamldoc.Parse(text)
	n := Number{
		Number:         readOwn(doc.Need("number", `"+815012345678"`)),
		URL:            readURL(doc.Take("url")),
		Method:         readMethod(doc.Take("method")),
		FallbackURL:    readURL(doc.Take("fallback-url")),
		FallbackMethod: readMethod(doc.Take("fallback-method")),
		TwiML:          strings.TrimSpace(doc.Take("twiml").Text()),
		Bin:            doc.Take("bin").Text(),
		Application:    doc.Take("application").Text(),
		Trunk:          doc.Take("trunk").Text(),

		StatusCallback: readURL(doc.Take("status-callback")), StatusCallbackMethod: readMethod(doc.Take("status-callback-method")),
		CallBack: doc.Take("call-back").OneOf("false", "true") == "true",
	}
	n.Hotline = readHotline(doc)
	n.Unknown, n.Foreign = readDoor(doc.Take("unknown")), readDoor(doc.Take("foreign"))
	n.Texts = readTexts(doc)
	for _, key := range []string{"unknown", "foreign"} {
		if v := doc.Take(key); n.Hotline != nil && v.Given() && Door(v.Text()).asks() {
			v.Warn("a hotline asks every caller for a key, once", "remove it, or write reject or busy")
		}
	}
	ways := answering(doc, "url", "twiml", "bin", "application")
	switch twiml := doc.Take("twiml"); {
	case n.CallBack && len(ways) > 0:
		doc.Take("call-back").Error("kaden's own script answers such a number", "remove url:, twiml:, bin: and application:")
	case n.CallBack && n.Hotline != nil:
		doc.Take("plan").Error("people call a number back about alerts, or to have somebody called, not both", "remove plan: or call-back:")
	case n.Hotline != nil && len(ways) > 0:
		doc.Take("plan").Error("kaden's own script answers such a number", "remove url:, twiml:, bin: and application:")
	case n.Scripted():
	case len(ways) > 1:
		doc.Take(ways[1]).Error(fmt.Sprintf("a number answers with %s: or with %s:, not with both", ways[0], ways[1]), "")
	case len(ways) == 0 && n.Number != "":
		doc.Take("number").Warn("nothing says what answers a call to this number, so calls to it are refused until somebody claims it over the REST API", "add bin:, url:, twiml:, application: or plan:")
	case twiml.Given() && !strings.HasPrefix(n.TwiML, "<"):
		twiml.Error("is not TwiML", "it begins with <Response>")
	}
	if n.FallbackURL != "" && n.URL == "" {
		doc.Take("fallback-url").Warn("is never asked, because there is no url:", "")
	}
	if n.Number != "" {
		n.SID = NumberSID(n.Number)
		n.Document = Hash(string(text))
	}
	return n, doc.Done()
}

// readTexts reads who is asked about short messages.
func readTexts(doc *yamldoc.Map) Texts {
	t := Texts{
		URL: readURL(doc.Take("sms-url")), Method: readMethod(doc.Take("sms-method")),
		FallbackURL: readURL(doc.Take("sms-fallback-url")), FallbackMethod: readMethod(doc.Take("sms-fallback-method")),
	}
	if t.FallbackURL != "" && t.URL == "" {
		doc.Take("sms-fallback-url").Warn("is never asked, because there is no sms-url:", "")
	}
	return t
}

// answering are those of the keys that are given.
func answering(doc *yamldoc.Map, keys ...string) (given []string) {
	for _, k := range keys {
		if doc.Take(k).Given() {
			given = append(given, k)
		}
	}
	return given
}

// ReadApplication reads the document of an application:
//
//	application: shop
//	url: https://example.jp/voice # TwiML is asked for there, or twiml: or bin: as for a number
//	method: POST
//	fallback-url: https://example.jp/fallback
//	fallback-method: POST
//	status-callback: https://example.jp/status
//	status-callback-method: POST
//	sms-url: https://example.jp/sms # and the other three words, as for a number
//
// Account is left empty, as for numbers.
func ReadApplication(text []byte) (Application, problem.List) {
	doc := yamldoc.Parse(text)
	a := Application{Name: doc.Need("application", "shop").Text(), Document: Hash(string(text))}
	a.SID = ApplicationSID(a.Name)
	a.Voice = Voice{
		URL: readURL(doc.Take("url")), Method: readMethod(doc.Take("method")),
		FallbackURL: readURL(doc.Take("fallback-url")), FallbackMethod: readMethod(doc.Take("fallback-method")),
		TwiML: strings.TrimSpace(doc.Take("twiml").Text()), Bin: doc.Take("bin").Text(),
		StatusCallback: readURL(doc.Take("status-callback")), StatusCallbackMethod: readMethod(doc.Take("status-callback-method")),
	}
	a.Texts = readTexts(doc)
	switch ways := answering(doc, "url", "twiml", "bin"); {
	case len(ways) > 1:
		doc.Take(ways[1]).Error(fmt.Sprintf("an application answers with %s: or with %s:, not with both", ways[0], ways[1]), "")
	case len(ways) == 0 && a.Name != "":
		doc.Take("application").Warn("nothing says what answers, so a call that names it is refused", "add bin:, url: or twiml:")
	case a.Voice.TwiML != "" && !strings.HasPrefix(a.Voice.TwiML, "<"):
		doc.Take("twiml").Error("is not TwiML", "it begins with <Response>")
	}
	return a, doc.Done()
}

// readOwn takes a telephone number or a SIP user name.
func readOwn(v yamldoc.Value) string {
	s := v.Text()
	if s == "" {
		return ""
	}
	n, err := number.Parse(s, number.Home)
	if err == nil {
		if ok, _ := n.Class().Dialable(); !ok {
			v.Error(s+" is nobody's own number", "")
			return ""
		}
		return string(n)
	}
	if strings.ContainsAny(s[:1], "+0") {
		v.Err(err)
		return ""
	}
	if _, bad := number.ParseAddress("sip:" + s + "@own.invalid"); bad != nil {
		v.Error(fmt.Sprintf("%q is neither a telephone number nor a SIP user name", s), `write number: "+815012345678"`)
		return ""
	}
	return s
}

func readURL(v yamldoc.Value) string {
	s := v.Text()
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		v.Error(fmt.Sprintf("%q is not the address of a web page", s), "write https://example.jp/voice")
		return ""
	}
	return s
}

func readDoor(v yamldoc.Value) Door {
	if !v.Given() {
		return ""
	}
	return Door(v.OneOf(string(Accept), string(Screen), string(Named), string(Reject), string(Busy)))
}

func readMethod(v yamldoc.Value) string {
	return v.OneOf("POST", "GET")
}
