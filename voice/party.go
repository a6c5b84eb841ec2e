package voice

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/twiml"
)

// party is one noun, ready to be called.
type party struct {
	noun    twiml.Noun
	order   call.Order
	whisper *request // nil: joined at once
}

// whisperPause is the silence between the answer and the whisper's first word, as on every call to a
// person (rule 23).
const whisperPause = 800 * time.Millisecond

// parties makes the nouns ready. What nobody can call is left out with a notice. Of too many nobody is called: the checker
// has said so.
func (t *run) parties(ctx context.Context, v *twiml.Dial) []party {
	if len(v.Nouns) > twiml.MaxNouns {
		return nil
	}
	var list []party
	for _, n := range v.Nouns {
		if p, ok := t.party(ctx, v, n); ok {
			list = append(list, p)
		}
	}
	return list
}

func (t *run) party(ctx context.Context, v *twiml.Dial, noun twiml.Noun) (party, bool) {
	p := party{noun: noun}
	var shared twiml.Party
	var err error
	bad := 13224 // what an address is that cannot be read
	switch n := noun.(type) {
	case *twiml.Application:
		shared = n.Party
		if p.order, err = t.application(ctx, v, n); err != nil {
			t.about(noun, 21218, err.Error(), "the console and the API show an application's SID")
			return p, false
		}
	case *twiml.Number:
		shared, p.order.SendDigits = n.Party, n.SendDigits
		p.order.To, err = telephone(n.Text)
	case *twiml.Sip:
		shared, p.order.SendDigits = n.Party, n.SendDigits
		p.order.SIPUser, p.order.SIPPassword = n.Username, n.Password
		bad = 13243
		if p.order.To, p.order.Headers, err = sipAddress(n); err == nil {
			t.strip(n, p.order.Headers)
		}
	case *twiml.Client:
		shared, p.order.Headers = n.Party, headers(n.Parameters)
		p.order.To, err = number.ParseAddress("client:" + n.Identity)
	default:
		return p, false // the checker has said that it is not dialled
	}
	if err != nil {
		t.about(noun, bad, err.Error(), "")
		return p, false
	}
	p.order.TimeLimit = cmp.Or(v.TimeLimit, joinLimit) + time.Hour // what ends it is the conversation's own limit
	switch refused, warning := t.call.Reach(p.order.To); {
	case refused != "" && p.order.To.Number.Class() == number.Abroad:
		t.about(noun, 13227, "not called: "+refused, "")
		return p, false
	case refused != "":
		t.about(noun, 13225, number.Mask(string(p.order.To.Number))+" is not called: "+refused, "")
		return p, false
	case warning != "":
		t.warnOf(noun, 0, warning, "")
	}
	if s := p.order.To.Scheme; s != number.Tel && !t.call.Reaches(s) {
		t.about(noun, 0, fmt.Sprintf("nothing here reaches %s: addresses yet: this part of <Dial> fails", s), "")
		return p, false
	}
	if p.order.Visit == nil { // an application sees whatever it is shown
		if p.order.From, err = t.callerID(v, p.order.To.Scheme); err != nil {
			t.about(noun, 13214, err.Error(), "a number of this installation, the caller's, or none")
			return p, false
		}
	}
	p.order.Detection = t.detection(noun, shared.Detection)
	if shared.URL != "" {
		where, err := t.resolve(shared.URL)
		if err != nil {
			t.about(noun, 11100, err.Error(), "write the whole URL")
			return p, false // joining without the question would hand the call to a mailbox
		}
		p.whisper = &request{method: post(shared.Method), url: where}
		p.order.FirstWord = whisperPause
	}
	if shared.StatusCallback != "" {
		where, err := t.resolve(shared.StatusCallback)
		if err != nil {
			t.about(noun, 11100, err.Error(), "write the whole URL")
		} else {
			p.order.Callback = call.Callback{URL: where, Method: post(shared.StatusCallbackMethod), Events: shared.StatusCallbackEvent}
		}
	}
	return p, true
}

// detection looks for machines in the background; what it finds is told, and joins or parts nobody.
func (t *run) detection(noun twiml.Noun, d *twiml.Detection) *call.Detection {
	if d == nil || d.Mode == "" {
		return nil
	}
	o := &call.Detection{
		Message: d.Mode == "DetectMessageEnd", Timeout: d.Timeout,
		SpeechThreshold: d.SpeechThreshold, SpeechEnd: d.SpeechEnd, Silence: d.Silence,
	}
	if d.StatusCallback != "" {
		where, err := t.resolve(d.StatusCallback)
		if err != nil {
			t.about(noun, 11100, err.Error(), "write the whole URL")
			return o
		}
		o.URL, o.Method = where, post(d.StatusCallbackMethod)
	}
	return o
}

// telephone reads what stands in a <Number>. sim: reaches a simulated phone.
func telephone(text string) (number.Address, error) {
	a, err := number.ParseAddress(text)
	switch {
	case err != nil:
		return a, err
	case a.Scheme != number.Tel && a.Scheme != number.Sim:
		return a, fmt.Errorf("<Number> takes telephone numbers, not %s: addresses", a.Scheme)
	}
	return a, nil
}

// sipAddress takes ?x-name=value off the address (Twilio's page on Sip).
func sipAddress(n *twiml.Sip) (number.Address, map[string]string, error) {
	text, query, _ := strings.Cut(n.URI, "?")
	if !strings.Contains(text, ":") || !strings.HasPrefix(strings.ToLower(text), "sip") {
		text = "sip:" + text
	}
	written, err := addressHeaders(query)
	if err != nil {
		return number.Address{}, nil, err
	}
	told := headers(n.Headers)
	maps.Copy(told, written)
	a, err := number.ParseAddress(text)
	return a, told, err
}

// maxHeaders is how many bytes a document's headers may have (Twilio's page on Sip).
const maxHeaders = 1024

// strip takes away those headers that are no document's business, and those that are too much, and says so.
func (t *run) strip(n twiml.Noun, told map[string]string) {
	length := 0
	for _, name := range slices.Sorted(maps.Keys(told)) {
		if !sendable(name) {
			t.warnOf(n, 13252, fmt.Sprintf("header %q is not sent", name), "X-… and User-to-User are")
			delete(told, name)
		} else if length += len(name) + len(told[name]); length > maxHeaders {
			t.warnOf(n, 13253, fmt.Sprintf("header %q is not sent: all of them have more than %d bytes", name, maxHeaders), "")
			delete(told, name)
		}
	}
}

// sendable tells whether a document may set a header.
func sendable(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasPrefix(lower, "x-") || lower == "user-to-user"
}

// addressHeaders are the headers that stand in an address, after its ?.
func addressHeaders(query string) (map[string]string, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("the headers after the ? cannot be read: %w", err)
	}
	told := map[string]string{}
	for name := range values {
		if name != "" {
			told[name] = values.Get(name)
		}
	}
	return told, nil
}

func headers(list []twiml.Parameter) map[string]string {
	m := map[string]string{}
	for _, p := range list {
		if p.Name != "" {
			m[p.Name] = p.Value
		}
	}
	return m
}

// callerID is whom the called see: the caller, or callerId. A telephone is shown only what this
// installation may show: its own numbers, and those of the call itself. "" leaves it to the trunk.
func (t *run) callerID(v *twiml.Dial, to number.Scheme) (string, error) {
	rec := t.call.Record()
	shown := strings.TrimSpace(v.CallerID)
	if to == number.Client {
		return cmp.Or(shown, rec.From), nil // a page is told who calls as Twilio writes it: client:sato, +8190…
	}
	if to != number.Tel {
		name := user(cmp.Or(shown, rec.From))
		if to == number.SIP && shown != "" && strings.Trim(name, userChars) != "" {
			return "", fmt.Errorf("callerId %q cannot be shown to a SIP phone: letters, figures and +-_. can", shown)
		}
		return name, nil
	}
	if shown == "" {
		if strings.HasPrefix(rec.From, "+") {
			return rec.From, nil
		}
		return "", nil // a caller without a number
	}
	n, err := number.Parse(shown, number.Home)
	if err != nil {
		return "", fmt.Errorf("callerId %q is no telephone number", shown)
	}
	if s := string(n); s != rec.From && s != rec.To && !t.call.Owns(s) {
		return "", fmt.Errorf("callerId %s is neither a number of this installation nor of this call", number.Mask(s))
	}
	return string(n), nil
}

// userChars are what Twilio's page on Sip lets a callerId consist of.
const userChars = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+-_."

// user is an address as a name to show: sato of sip:sato@192.0.2.7.
func user(address string) string {
	if _, rest, ok := strings.Cut(address, ":"); ok {
		address = rest
	}
	name, _, _ := strings.Cut(address, "@")
	return name
}

// warnOf says what speaks against a noun that is called all the same.
func (t *run) warnOf(n twiml.Noun, code int, text, hint string) {
	at := n.Position()
	t.notify(problem.Problem{Line: at.Line, Column: at.Column, Level: problem.Warning, Code: code, Verb: n.Name(), Text: text, Hint: hint})
}

// about is a notice about a noun.
func (t *run) about(n twiml.Noun, code int, text, hint string) {
	at := n.Position()
	t.notify(problem.Problem{Line: at.Line, Column: at.Column, Level: problem.Error, Code: code, Verb: n.Name(), Text: text, Hint: hint})
}
