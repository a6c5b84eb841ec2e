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
		{"call me", "http://twimlets.com/callme?PhoneNumber=415-555-1212&Message=for%20you&FailUrl=http://example.jp/", from,
			`<Response><Dial action="?Dial=true&amp;FailUrl=http%3A%2F%2Fexample.jp%2F" timeout="20"><Number url="/whisper?Message=for+you">415-555-1212</Number></Dial></Response>`},
		{"simulring", "http://twimlets.com/simulring?PhoneNumbers%5B0%5D=1&PhoneNumbers%5B1%5D=2&Timeout=9&", from,
			`<Response><Dial action="?Dial=true" timeout="9"><Number url="/whisper?Message=">1</Number><Number url="/whisper?Message=">2</Number></Dial></Response>`},
		{"find me", "http://twimlets.com/findme?PhoneNumbers[0]=1&PhoneNumbers[1]=2&PhoneNumbers[2]=3&Message=hi&FailUrl=http://example.jp/", from,
			`<Response><Dial action="?Dial=true&amp;FailUrl=http%3A%2F%2Fexample.jp%2F&amp;Message=hi&amp;PhoneNumbers%5B%5D=2&amp;PhoneNumbers%5B%5D=3" timeout="60"><Number url="/whisper?HumanCheck=1&amp;Message=hi">1</Number></Dial></Response>`},
		{"find me: nobody pressed a key, the last one is called", "http://twimlets.com/findme?Dial=true&PhoneNumbers%5B%5D=3", url.Values{"DialCallStatus": {"completed"}, "DialBridged": {"false"}},
			`<Response><Dial action="?Dial=true" timeout="60"><Number url="/whisper?HumanCheck=1&amp;Message=">3</Number></Dial></Response>`},
		{"find me: found", "http://twimlets.com/findme?Dial=true&PhoneNumbers%5B%5D=3", url.Values{"DialCallStatus": {"completed"}, "DialBridged": {"true"}}, "<Response><Hangup/></Response>"},
		{"find me: nobody", "http://twimlets.com/findme?Dial=true&FailUrl=http://example.jp/", url.Values{"DialCallStatus": {"busy"}}, "<Response><Redirect>http://example.jp/</Redirect></Response>"},
		{"whisper", "http://twimlets.com/whisper?Message=&HumanCheck=1", url.Values{"From": {"+81"}},
			`<Response><Gather numDigits="1"><Say>You are receiving a call from +. 8. 1. Press any key to accept.</Say></Gather><Hangup/></Response>`},
		{"whisper, without a check", "http://twimlets.com/whisper?Message=https://example.jp/a.mp3", from, `<Response><Gather numDigits="1"><Play>https://example.jp/a.mp3</Play></Gather></Response>`},
		{"whisper, and a key", "http://twimlets.com/whisper?Message=&HumanCheck=1", url.Values{"Digits": {"5"}}, "<Response/>"},
		{"menu", "http://twimlets.com/menu?Message=Hi&Options%5B1%5D=http://example.jp/1&Options%5B101%5D=http://example.jp/2&", from,
			`<Response><Gather numDigits="3"><Say>Hi</Say></Gather><Redirect/></Response>`},
		{"menu, and a key", "http://twimlets.com/menu?Message=Hi&Options%5B1%5D=http%3A%2F%2Fexample.jp%2F%3Fa%3D1%26b", url.Values{"Digits": {"1"}}, "<Response><Redirect>http://example.jp/?a=1&amp;b</Redirect></Response>"},
		{"menu, and another key", "http://twimlets.com/menu?Message=Hi&Options%5B1%5D=http://example.jp/1", url.Values{"Digits": {"2"}},
			`<Response><Gather numDigits="1"><Say>I&#39;m sorry, that wasn&#39;t a valid option.</Say><Say>Hi</Say></Gather><Redirect/></Response>`},
		{"conference", "http://twimlets.com/conference?Name=foo&Music=rock", from, "<Response><Say>You are now entering the conference line.</Say><Dial><Conference>foo</Conference></Dial></Response>"},
		{"conference of moderators", "http://twimlets.com/conference?Name=foo&Moderators[0]=415-555-9999&Music=http://example.jp/a.mp3&Message=Hi", from,
			`<Response><Say>Hi</Say><Dial><Conference startConferenceOnEnter="false" waitUrl="http://example.jp/a.mp3" waitMethod="GET">foo</Conference></Dial></Response>`},
		{"conference, and its moderator", "http://twimlets.com/conference?Name=foo&Moderators[0]=415-555-1212&Message=Hi", from, "<Response><Say>Hi</Say><Dial><Conference>foo</Conference></Dial></Response>"},
		{"conference with a password", "http://twimlets.com/conference?Name=foo&Password=12345", url.Values{"Digits": {"1"}},
			`<Response><Gather numDigits="5"><Say>Please enter your conference pass code</Say></Gather><Redirect/></Response>`},
		{"conference, and its password", "http://twimlets.com/conference?Name=foo&Password=12345&Message=Hi", url.Values{"Digits": {"12345"}}, "<Response><Say>Hi</Say><Dial><Conference>foo</Conference></Dial></Response>"},
	} {
		r, err := ask.Ask(t.Context(), call.Ask{Method: "POST", URL: c.url, Params: c.params})
		if err != nil || r.Status != 200 || r.ContentType != "text/xml" || string(r.Body) != c.want {
			t.Errorf("%s: %d %v\n got %s\nwant %s", c.name, r.Status, err, r.Body, c.want)
		}
		if _, list := twiml.Parse(r.Body); list.Refused() {
			t.Errorf("%s: %v", c.name, list)
		}
	}
	for _, outside := range []string{"http://twimlets.com/voicemail", "http://twimlets.com/holdmusic", "http://twimlets.com.example/echo", "http://example.jp/echo", "ftp://twimlets.com/echo", "http://twimlets.com/"} {
		if _, err := ask.Ask(t.Context(), call.Ask{URL: outside}); err == nil {
			t.Errorf("%s was answered here", outside)
		}
	}
}

func FuzzTwimlets(f *testing.F) {
	f.Add("http://twimlets.com/forward?PhoneNumber=%22%3E%3C&FailUrl=%00", "From", "x")
	f.Add("http://twimlets.com/message?Message[0]=%ff", "Message[]", "</Say>")
	f.Add("http://twimlets.com/menu?Options[%00]=%ff&Message=]]>", "Digits", "%00")
	f.Add("http://twimlets.com/findme?PhoneNumbers[]=%22&Message=<", "DialCallStatus", "busy")
	f.Add("http://twimlets.com/conference?Moderators[0]=%ff&Music=http://%22", "From", "\xff")
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
