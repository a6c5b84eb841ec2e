package main

import (
	"net/url"
	"testing"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/twiml"
)

func TestTwimletsAreAnsweredWithinTheHouse(t *testing.T) {
	ask := &asker{outside: nowhere{}}
	from := url.Values{"From": {"+14155551212"}, "CallSid": {"CA1"}}
	for _, c := range []struct {
		name, url string
		params    url.Values
		want      string
	}{
		{"echo", "http://twimlets.com/echo?Twiml=%3CResponse%3E%3CSay%3Ehi%3C%2FSay%3E%3C%2FResponse%3E", from, "<Response><Say>hi</Say></Response>"},
		{"echo of nothing", "https://www.twimlets.com/echo", from, "<Response/>"},
		{"message", "http://twimlets.com/message?Message%5B0%5D=disk%20full%20%26%20hot&Message%5B1%5D=https://example.jp/a.mp3&", from,
			"<Response><Say>disk full &amp; hot</Say><Play>https://example.jp/a.mp3</Play></Response>"},
		{"a message by POST", "http://twimlets.com/message", url.Values{"Message": {"ja"}}, "<Response><Say>ja</Say></Response>"},
		{"forward", "http://twimlets.com/forward?PhoneNumber=415-555-1212&CallerId=%2B8150&Timeout=9&FailUrl=http://example.jp/?a%3D1%26b%3D2", from,
			`<Response><Dial action="?Dial=true&amp;FailUrl=http%3A%2F%2Fexample.jp%2F%3Fa%3D1%26b%3D2" callerId="+8150" timeout="9">415-555-1212</Dial></Response>`},
		{"forwarded, nobody there", "http://twimlets.com/forward?Dial=true&FailUrl=http://example.jp/?a%3D1%26b%3D2", url.Values{"DialCallStatus": {"no-answer"}},
			"<Response><Redirect>http://example.jp/?a=1&amp;b=2</Redirect></Response>"},
		{"forwarded, and answered", "http://twimlets.com/forward?Dial=true&FailUrl=http://example.jp/", url.Values{"DialCallStatus": {"completed"}}, "<Response><Hangup/></Response>"},
		{"forwarded, and nowhere to go on", "http://twimlets.com/forward?Dial=true", url.Values{"DialCallStatus": {"busy"}}, "<Response><Hangup/></Response>"},
		{"forward for some", "http://twimlets.com/forward?PhoneNumber=1&AllowedCallers[0]=650-555-1212&AllowedCallers[1]=(415)%20555-1212", from, `<Response><Dial action="?Dial=true">1</Dial></Response>`},
		{"forward for others", "http://twimlets.com/forward?PhoneNumber=1&AllowedCallers[0]=650-555-1212", from,
			"<Response><Say>Sorry, you are calling from a restricted number. Good bye.</Say></Response>"},
	} {
		r, err := ask.Ask(t.Context(), call.Ask{Method: "POST", URL: c.url, Params: c.params})
		if err != nil || r.Status != 200 || r.ContentType != "text/xml" || string(r.Body) != c.want {
			t.Errorf("%s: %d %v\n got %s\nwant %s", c.name, r.Status, err, r.Body, c.want)
		}
		if _, list := twiml.Parse(r.Body); list.Refused() {
			t.Errorf("%s: %v", c.name, list)
		}
	}
	for _, outside := range []string{"http://twimlets.com/menu", "http://twimlets.com.example/echo", "http://example.jp/echo", "ftp://twimlets.com/echo", "http://twimlets.com/"} {
		if _, err := ask.Ask(t.Context(), call.Ask{URL: outside}); err == nil {
			t.Errorf("%s was answered here", outside)
		}
	}
}

func FuzzTwimlets(f *testing.F) {
	f.Add("http://twimlets.com/forward?PhoneNumber=%22%3E%3C&FailUrl=%00", "From", "x")
	f.Add("http://twimlets.com/message?Message[0]=%ff", "Message[]", "</Say>")
	f.Fuzz(func(t *testing.T, address, key, value string) {
		tw, ok := twimletAt(address)
		if !ok {
			return
		}
		r := tw.answer(call.Ask{URL: address, Params: url.Values{key: {value}}})
		if u, err := url.Parse(address); err == nil && u.Path == "/echo" {
			return // says what it is told
		}
		if _, list := twiml.Parse(r.Body); list.Refused() {
			t.Errorf("%s: %v", r.Body, list)
		}
	})
}
