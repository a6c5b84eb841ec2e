package registrar

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/number"
)

// emergencyWords are heard by whoever calls for help from a phone that cannot bring any.
const emergencyWords = `<Response>` +
	`<Say language="ja-JP">この電話からは、緊急通報はできません。携帯電話、または公衆電話からおかけください。</Say>` +
	`<Say language="en-US">Emergency numbers cannot be called from this telephone. Use a mobile phone or a public telephone.</Say>` +
	`</Response>`

// Answer is what runs when a phone of the domain calls: the domain's program, or without one what follows from its
// document. called is the address it dialled. The TwiML that is made here goes the way of any <Dial>: reach and
// budget hold for it. false: nobody has that name.
func (d *Domain) Answer(called string) (account.Number, bool) {
	n := account.Number{
		Number: d.Name, Account: d.Account, Domain: d.SID, URL: d.URL, Method: d.Method, FallbackURL: d.FallbackURL, FallbackMethod: d.FallbackMethod,
		TwiML: d.TwiML, Bin: d.Bin, StatusCallback: d.StatusCallback, StatusCallbackMethod: d.StatusMethod,
	}
	if d.Programmed() {
		return n, true
	}
	name := userOf(called)
	if _, ours := d.Phone(name); ours && plain(name) {
		n.TwiML = fmt.Sprintf(`<Response><Dial answerOnBridge="true"><Sip>sip:%s@%s</Sip></Dial></Response>`, name, d.Name)
		return n, true
	}
	to, err := number.Parse(name, number.Home)
	if err != nil {
		return n, false
	}
	switch class := to.Class(); {
	case class == number.Emergency:
		n.TwiML = emergencyWords
	case slices.Contains(d.Outside, class):
		from := ""
		if d.From != "" {
			from = fmt.Sprintf(` callerId="%s"`, d.From)
		}
		n.TwiML = fmt.Sprintf(`<Response><Dial answerOnBridge="true"%s><Number>%s</Number></Dial></Response>`, from, to)
	default:
		n.TwiML = `<Response><Reject/></Response>`
	}
	return n, true
}

// plain tells whether a name can stand in TwiML as it is. Users of documents always can.
func plain(name string) bool { return !strings.ContainsAny(name, `<>&"'`) }

// Reaches tells whether a phone of a domain without a program may call called: another phone of the domain, or a number
// outside of a class that the domain's phones may call.
func (d *Domain) Reaches(called string) bool {
	name := userOf(called)
	if _, ours := d.Phone(name); ours && plain(name) {
		return true
	}
	to, err := number.Parse(name, number.Home)
	return err == nil && to.Class() != number.Emergency && slices.Contains(d.Outside, to.Class())
}
