package main

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
)

// twimlet is one of the small programs at twimlets.com that programs have in their URLs. They are answered in this
// house, so that they need no internet and go on when Twilio takes them away; they keep nothing and decide by
// their parameters alone. Two are not here: /voicemail sends mail, and /holdmusic looks into a bucket of music.
type twimlet func(p url.Values) string

var twimlets = map[string]twimlet{
	"/echo": echo, "/message": spoken, "/forward": forward, "/callme": callMe, "/simulring": simulring, "/findme": findMe,
	"/whisper": whisper, "/menu": menu, "/conference": conference,
}

// twimletAt is the twimlet at an address, if it is answered here.
func twimletAt(address string) (twimlet, bool) {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok || scheme != "http" && scheme != "https" {
		return nil, false
	}
	rest = strings.TrimPrefix(rest, "www.")
	path, ok := strings.CutPrefix(rest, "twimlets.com")
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	t, here := twimlets[path]
	return t, ok && here
}

// answer is what the twimlet says to a question.
func (t twimlet) answer(q call.Ask) call.Reply {
	p := url.Values{}
	if u, err := url.Parse(q.URL); err == nil {
		p = u.Query()
	}
	own := maps.Clone(p)
	maps.Copy(p, q.Params)
	maps.Copy(p, own) // what stands in the address was meant for it
	return call.Reply{URL: q.URL, Status: http.StatusOK, ContentType: "text/xml", Body: []byte(t(p))}
}

// echo is the TwiML that it was given.
func echo(p url.Values) string {
	if s := p.Get("Twiml"); s != "" {
		return s
	}
	return "<Response/>"
}

// spoken says or plays each Message[0], Message[1] …
func spoken(p url.Values) string {
	var b strings.Builder
	b.WriteString("<Response>")
	for _, m := range numbered(p, "Message") {
		b.WriteString(heard(m))
	}
	b.WriteString("</Response>")
	return b.String()
}

// heard plays a message that is a URL, and says any other.
func heard(m string) string {
	verb := "Say"
	if fetched(m) {
		verb = "Play"
	}
	return fmt.Sprintf("<%s>%s</%s>", verb, escaped(m), verb)
}

// fetched tells whether words are a URL.
func fetched(s string) bool {
	return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://")
}

// forward calls PhoneNumber for at most Timeout seconds, showing CallerId, and goes on to FailUrl when nobody answers.
// With AllowedCallers[0] … others are told that they may not.
func forward(p url.Values) string {
	if p.Has("Dial") {
		return dialled(p)
	}
	if allowed := numbered(p, "AllowedCallers"); len(allowed) > 0 && !listed(allowed, p.Get("From")) {
		return "<Response><Say>Sorry, you are calling from a restricted number. Good bye.</Say></Response>"
	}
	return dial(p, url.Values{}, p.Get("Timeout"), escaped(p.Get("PhoneNumber")))
}

// callMe is forward; whoever answers hears Message first, or who calls, and may press a key.
func callMe(p url.Values) string {
	if p.Has("Dial") {
		return dialled(p)
	}
	return dial(p, url.Values{}, cmp.Or(p.Get("Timeout"), "20"), announced(p, []string{p.Get("PhoneNumber")}, false))
}

// simulring is callMe for all of PhoneNumbers[0], PhoneNumbers[1] … at once.
func simulring(p url.Values) string {
	if p.Has("Dial") {
		return dialled(p)
	}
	return dial(p, url.Values{}, cmp.Or(p.Get("Timeout"), "20"), announced(p, numbered(p, "PhoneNumbers"), false))
}

// findMe calls PhoneNumbers[0], PhoneNumbers[1] … one after the other until somebody presses a key; each rings for Timeout.
func findMe(p url.Values) string {
	left := numbered(p, "PhoneNumbers")
	if p.Has("Dial") && answered(p) || len(left) == 0 {
		return dialled(p)
	}
	then := url.Values{"PhoneNumbers[]": left[1:]}
	for _, name := range []string{"Timeout", "Message"} {
		if v := p.Get(name); v != "" {
			then.Set(name, v)
		}
	}
	return dial(p, then, cmp.Or(p.Get("Timeout"), "60"), announced(p, left[:1], true))
}

// whisper is what somebody hears before being joined: Message, or who calls. A key accepts; where HumanCheck wants one,
// silence does not.
func whisper(p url.Values) string {
	if p.Has("Digits") {
		if p.Get("Digits") == "" {
			return "<Response><Hangup/></Response>"
		}
		return "<Response/>"
	}
	words := p.Get("Message")
	if words == "" {
		words = "You are receiving a call from " + strings.Join(strings.Split(p.Get("From"), ""), ". ") + ". Press any key to accept."
	}
	doc := `<Response><Gather numDigits="1">` + heard(words) + "</Gather>"
	if p.Has("HumanCheck") {
		doc += "<Hangup/>"
	}
	return doc + "</Response>"
}

// menu plays or says Message and goes on to Options[DIGITS] for the keys that were pressed; for others it says so, and asks
// again.
func menu(p url.Values) string {
	var said string
	if digits := p.Get("Digits"); digits != "" {
		if where := p.Get("Options[" + digits + "]"); where != "" {
			return "<Response><Redirect>" + escaped(where) + "</Redirect></Response>"
		}
		said = heard("I'm sorry, that wasn't a valid option.")
	}
	most := 1
	for name := range p {
		if key, ok := strings.CutPrefix(name, "Options["); ok {
			most = max(most, len(key)-1)
		}
	}
	if m := p.Get("Message"); m != "" {
		said += heard(m)
	}
	return fmt.Sprintf(`<Response><Gather numDigits="%d">%s</Gather><Redirect/></Response>`, most, said)
}

// conference joins everybody who comes with the same Name. With Moderators[0] … it begins when one of them comes; Password
// are the keys to press first, Message is heard by each, Music is heard until it begins.
func conference(p url.Values) string {
	if word := p.Get("Password"); word != "" && p.Get("Digits") != word {
		return fmt.Sprintf(`<Response><Gather numDigits="%d"><Say>Please enter your conference pass code</Say></Gather><Redirect/></Response>`, max(3, len(word)))
	}
	moderators := numbered(p, "Moderators")
	attributes := ""
	if len(moderators) > 0 && !listed(moderators, p.Get("From")) && !listed(moderators, p.Get("To")) {
		attributes = ` startConferenceOnEnter="false"`
	}
	if music := p.Get("Music"); fetched(music) { // its words, rock and the like, are kaden's own waiting sound
		attributes += ` waitUrl="` + escaped(music) + `" waitMethod="GET"`
	}
	name := p.Get("Name")
	if strings.TrimSpace(name) == "" {
		name = "twimlet " + account.Hash(p.Get("Message")+strings.Join(moderators, ""))
	}
	return "<Response>" + heard(cmp.Or(p.Get("Message"), "You are now entering the conference line.")) +
		"<Dial><Conference" + attributes + ">" + escaped(name) + "</Conference></Dial></Response>"
}

// dial is a <Dial> of nouns whose action is the twimlet again, with then.
func dial(p, then url.Values, timeout, nouns string) string {
	then.Set("Dial", "true")
	if fail := p.Get("FailUrl"); fail != "" {
		then.Set("FailUrl", fail)
	}
	var b strings.Builder
	b.WriteString(`<Response><Dial action="` + escaped("?"+then.Encode()) + `"`)
	for _, a := range [][2]string{{"callerId", p.Get("CallerId")}, {"timeout", timeout}} {
		if a[1] != "" {
			fmt.Fprintf(&b, ` %s="%s"`, a[0], escaped(a[1]))
		}
	}
	b.WriteString(">" + nouns + "</Dial></Response>")
	return b.String()
}

// announced are numbers that hear a whisper first; check wants a key of them.
func announced(p url.Values, numbers []string, check bool) string {
	q := url.Values{"Message": {p.Get("Message")}}
	if check {
		q.Set("HumanCheck", "1")
	}
	var b strings.Builder
	for _, n := range numbers {
		b.WriteString(`<Number url="` + escaped("/whisper?"+q.Encode()) + `">` + escaped(n) + "</Number>")
	}
	return b.String()
}

// dialled goes on after the call: to FailUrl, if nobody answered.
func dialled(p url.Values) string {
	if fail := p.Get("FailUrl"); fail != "" && !answered(p) {
		return "<Response><Redirect>" + escaped(fail) + "</Redirect></Response>"
	}
	return "<Response><Hangup/></Response>"
}

// answered tells whether somebody was joined: a mailbox that pressed no key was not.
func answered(p url.Values) bool {
	return (p.Get("DialCallStatus") == "completed" || p.Get("DialCallStatus") == "answered") && p.Get("DialBridged") != "false"
}

// numbered are the values of name[0], name[1] … in order, or those of name[] or name.
func numbered(p url.Values, name string) (out []string) {
	for i := 0; p.Has(fmt.Sprintf("%s[%d]", name, i)); i++ {
		if v := strings.TrimSpace(p.Get(fmt.Sprintf("%s[%d]", name, i))); v != "" {
			out = append(out, v)
		}
	}
	for _, v := range append(p[name+"[]"], p[name]...) {
		if v != "" {
			out = append(out, v)
		}
	}
	return out
}

// listed tells whether a caller is one of those: written with or without the country, 0 or punctuation.
func listed(allowed []string, from string) bool {
	digits := func(s string) string {
		return strings.TrimLeft(strings.Map(func(r rune) rune {
			if '0' <= r && r <= '9' {
				return r
			}
			return -1
		}, s), "0")
	}
	caller := digits(from)
	for _, a := range allowed {
		if d := digits(a); len(d) >= 8 && strings.HasSuffix(caller, d) {
			return true
		}
	}
	return false
}

func escaped(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s)) // a Builder never fails
	return b.String()
}
