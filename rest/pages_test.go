package rest_test

import (
	"strings"
	"testing"

	"github.com/kaden-project/kaden/rest"
	"github.com/kaden-project/kaden/sid"
)

// browserPages remember what was said to browsers. One without a call of its own is not connected.
type browserPages struct {
	said []string
	subs map[sid.Subscription]sid.Call
	away bool
}

func (p *browserPages) Send(_ sid.Call, content string) (sid.UserMessage, error) {
	if p.away {
		return "", rest.ErrNoPage
	}
	p.said = append(p.said, content)
	return sid.New[sid.UserMessage](), nil
}

func (p *browserPages) Subscribe(_ sid.Account, c sid.Call, _, _ string) sid.Subscription {
	id := sid.New[sid.Subscription]()
	p.subs[id] = c
	return id
}

func (p *browserPages) Unsubscribe(_ sid.Account, c sid.Call, id sid.Subscription) bool {
	there := p.subs[id] == c
	delete(p.subs, id)
	return there
}

func wordsToAPage(b *switchboard) {
	sato, c := b.calls("sato", enters)
	at := base + "/Calls/" + string(c.SID())
	made := b.asks("POST", at+"/UserDefinedMessages.json", form("Content", `{"floor":3}`)).is(201)
	made.has("call_sid", string(c.SID()), "account_sid", string(owner))
	if !strings.HasPrefix(made.text("sid"), "KX") || len(b.pages.said) != 1 || b.pages.said[0] != `{"floor":3}` {
		b.t.Errorf("said %v, made %s", b.pages.said, made.raw)
	}
	sub := b.asks("POST", at+"/UserDefinedMessageSubscriptions.json", form("Callback", "https://owner.example/said", "Method", "POST")).is(201)
	if uri := sub.text("uri"); uri != at+"/UserDefinedMessageSubscriptions/"+sub.text("sid")+".json" {
		b.t.Errorf("the subscription is at %s", uri)
	}
	b.asks("DELETE", sub.text("uri"), nil).is(204)
	sato.HangsUp()
}

func TestWordsToAPage(t *testing.T) { live(t, wordsToAPage) }

func TestPagesAsTwiliosDocumentHasThem(t *testing.T) { live(t, wordsToAPage, readContract(t)) }

func TestWordsThatReachNoPage(t *testing.T) {
	live(t, func(b *switchboard) {
		sato, c := b.calls("sato", enters)
		at := base + "/Calls/" + string(c.SID())
		for what, f := range map[string][]string{"nothing": {}, "no JSON": {"Content", "{"}, "too much": {"Content", `"` + strings.Repeat("x", 11<<10) + `"`}} {
			if got := b.post(at+"/UserDefinedMessages.json", form(f...)); got.status != 400 {
				b.t.Errorf("%s: %d %s", what, got.status, got.raw)
			}
		}
		b.post(at+"/UserDefinedMessageSubscriptions.json", form("Callback", "/said")).is(400)
		b.post(at+"/UserDefinedMessageSubscriptions.json", form()).is(400)
		b.pages.away = true
		b.post(at+"/UserDefinedMessages.json", form("Content", "{}")).is(400).has("code", 21220.0)
		b.send(request("DELETE", at+"/UserDefinedMessageSubscriptions/ZY"+strings.Repeat("0", 32)+".json", nil)).is(404)
		sato.HangsUp()
		c.Wait()
		b.post(at+"/UserDefinedMessages.json", form("Content", "{}")).is(400)
	})
}
