package clientsdk

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

func enc(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func TestFramesOfTheSDK(t *testing.T) {
	f, err := parse([]byte(`{"type":"listen","version":"1.6","payload":{"browserinfo":{"p":"browser"},"reconnectTimeout":0,"token":"x"}}`))
	if err != nil || f.Type != "listen" || f.Payload.Token != "x" {
		t.Errorf("%+v, %v", f, err)
	}
	f, err = parse([]byte(`{"type":"invite","version":"1.5","payload":{"callsid":"TJS1","sdp":"v=0","twilio":{"params":"To=1"}}}`))
	if err != nil || f.Payload.Twilio.Params != "To=1" || f.Payload.SDP != "v=0" {
		t.Errorf("%+v, %v", f, err)
	}
	if f, err = parse([]byte(`{"type":"of tomorrow","payload":[1,2]}`)); err != nil || f.Type != "of tomorrow" {
		t.Errorf("%+v, %v", f, err)
	}
	for _, text := range []string{"", "{}", "[]", `"listen"`, `{"type":"invite","payload":[]}`, `{"type":"register","payload":{"media":true}}`, "\xff", `{"type":"a","payload":{"x":"` + strings.Repeat("x", mostFrame) + `"}}`} {
		if f, err := parse([]byte(text)); err == nil {
			t.Errorf("%.40q was read as %+v", text, f)
		}
	}
}

func TestParametersOfConnect(t *testing.T) {
	got, err := readParams("To=%2B819011112222&a=1&a=2&%E4%BB%B6=%26%3D&empty=&&=x")
	want := url.Values{"To": {"+819011112222"}, "a": {"2"}, "件": {"&="}, "empty": {""}}
	if err != nil || got.Encode() != want.Encode() {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"a=%z", "%z=1", "a=%ff", strings.Repeat("x", mostParamBytes+1)} {
		if got, err := readParams(bad); err == nil {
			t.Errorf("%.20q was read as %v", bad, got)
		}
	}
	var many strings.Builder
	for i := range mostParams + 1 {
		many.WriteString("&" + strings.Repeat("a", i+1) + "=")
	}
	if _, err := readParams(many.String()); err == nil {
		t.Error("any number of parameters is taken")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{"type":"listen","version":"1.6","payload":{"token":"x"}}`, `{"type":"hangup","payload":{"callsid":"CA1","message":{"a":1}}}`,
		`{"type":"message","payload":{"content":[1],"contenttype":"application/json"}}`, "\n", `{"type":"x"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		said, err := parse(text)
		if err != nil {
			return
		}
		if said.Type == "" || len(text) > mostFrame {
			t.Fatalf("%q was read as %+v", text, said)
		}
		// What a page says and we pass on is still JSON.
		b := payload{CallSID: said.Payload.CallSID, Content: said.Payload.Content}.frame("message")
		if !json.Valid(b) {
			t.Fatalf("%q became %q", text, b)
		}
	})
}

func FuzzParams(f *testing.F) {
	f.Add("To=%2B81&a=b")
	f.Add("&&=&%zz")
	f.Fuzz(func(t *testing.T, s string) {
		v, err := readParams(s)
		if err != nil {
			return
		}
		flat := map[string]string{}
		for k := range v {
			if !strings.ContainsAny(k, "&=%+") {
				flat[k] = v.Get(k)
			}
		}
		again, err := readParams(writeParams(flat))
		if err != nil || len(again) != len(flat) {
			t.Fatalf("%q: %v became %v (%v)", s, flat, again, err)
		}
		for k := range flat {
			if again.Get(k) != flat[k] {
				t.Fatalf("%q: %s=%q became %q", s, k, flat[k], again.Get(k))
			}
		}
	})
}
