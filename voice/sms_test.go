package voice_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/kaden-project/kaden/phonetest"
	"github.com/kaden-project/kaden/twiml"
	"github.com/kaden-project/kaden/voice"
)

// pad takes down what would be sent; a text that says so is refused.
type pad struct{ texts []voice.Text }

func (p *pad) Text(_ context.Context, t voice.Text) (voice.Texted, error) {
	if t.Body == "refused" {
		return voice.Texted{}, errors.New("the recipient has unsubscribed")
	}
	p.texts = append(p.texts, t)
	return voice.Texted{SID: "SM00000000000000000000000000000001", Status: "queued"}, nil
}

// A document sends a text: to the other side of the call unless it says to whom, and the next verb follows.
func TestADocumentSendsAText(t *testing.T) {
	p := &pad{}
	house(t, func(t *testing.T, h *phonetest.House) {
		sato := h.Phone("sato")
		h.Call("sato", twiml.New(
			&twiml.Sms{Body: "disk full on db01", StatusCallback: "https://owner.example/sms"},
			&twiml.Sms{Body: "for suzuki", To: "+819033334444", From: "+815087654321", Message: true},
			twiml.NewSay("en-US", "It is written."),
		))
		sato.Rings().Answers().HearsAll("It is written").IsHungUp()
		if len(p.texts) != 2 {
			t.Fatalf("sent: %+v", p.texts)
		}
		one, two := p.texts[0], p.texts[1]
		if one.To != "sim:sato" || one.From == "" || one.Call == "" || one.StatusCallback != "https://owner.example/sms" {
			t.Errorf("the first: %+v", one)
		}
		if two.To != "+819033334444" || two.From != "+815087654321" || two.Body != "for suzuki" {
			t.Errorf("the second: %+v", two)
		}
	}, func(s *phonetest.Setup) { s.Texter = p })
}

// With an action its TwiML goes on, and it hears what became of the text.
func TestTheActionOfATextGoesOn(t *testing.T) {
	for _, tt := range []struct{ body, want string }{{"disk full", "queued SM00000000000000000000000000000001"}, {"refused", "failed "}} {
		house(t, func(t *testing.T, h *phonetest.House) {
			h.Web.Serve(said, `<Response><Say>Further</Say></Response>`)
			sato := h.Phone("sato")
			h.Call("sato", twiml.New(&twiml.Sms{Body: tt.body, Action: said}, twiml.NewSay("en-US", "never")))
			sato.Rings().Answers().HearsAll("Further").IsHungUp()
			synctest.Wait()
			want(t, "action", told(h, said, "SmsStatus", "SmsSid"), tt.want)
		}, func(s *phonetest.Setup) { s.Texter = &pad{} })
	}
}

// Where nothing sends texts, the call goes on.
func TestNothingSendsTexts(t *testing.T) {
	house(t, func(t *testing.T, h *phonetest.House) {
		sato := h.Phone("sato")
		h.Call("sato", twiml.New(&twiml.Sms{Body: "disk full"}, twiml.NewSay("en-US", "And on")))
		sato.Rings().Answers().HearsAll("And on").IsHungUp()
	})
}
