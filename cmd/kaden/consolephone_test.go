package main

import (
	"testing"

	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/twiml"
)

// Whatever address is called, the TwiML for it dials this one and nothing else.
func TestTheConsolesPhoneDialsOneAddress(t *testing.T) {
	for _, address := range []string{
		"090-1234-5678", "client:sato@example.jp", "client:o'brien&co", "sip:sato@office.example.jp;transport=tcp", "sip:a@b.example?x-one=1&x-two=2", "sim:sato?do=busy",
	} {
		to, err := number.ParseAddress(address)
		if err != nil {
			t.Logf("%s: %v", address, err) // what is no address is not dialled
			continue
		}
		doc, problems := twiml.Parse([]byte(dialOf(to)))
		if len(problems) > 0 || len(doc.Verbs) != 1 {
			t.Errorf("%s: %v", address, problems)
			continue
		}
		d, ok := doc.Verbs[0].(*twiml.Dial)
		if !ok || len(d.Nouns) != 1 || !d.AnswerOnBridge || d.Action != afterDial {
			t.Errorf("%s: %+v", address, doc.Verbs[0])
			continue
		}
		var text, want string
		switch n := d.Nouns[0].(type) {
		case *twiml.Number:
			text, want = n.Text, to.String()
			if to.Scheme == number.Tel {
				want = string(to.Number)
			}
		case *twiml.Client:
			text, want = n.Identity, to.Text
		case *twiml.Sip:
			text, want = n.URI, to.String()
		}
		if text != want {
			t.Errorf("%s: dials %q, want %q", address, text, want)
		}
	}
}
