package webhook

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

const (
	hexToken = "0123456789abcdef0123456789abcdef"
	phpURL   = "https://mycompany.com/myapp.php?foo=1&bar=2"
)

var phpForm = url.Values{
	"CallSid": {"CA1234567890ABCDE"}, "Caller": {"+14158675309"}, "Digits": {"1234"},
	"From": {"+14158675309"}, "To": {"+18005551212"},
}

func with(form url.Values, more ...string) url.Values {
	out := url.Values{}
	for k, v := range form {
		out[k] = v
	}
	for i := 0; i < len(more); i += 2 {
		out.Add(more[i], more[i+1])
	}
	return out
}

// The vectors V1–V8 of Twilio's own validators: the libraries' unit tests, or executed with them.
func TestSignatureIsTheOneTwiliosLibrariesExpect(t *testing.T) {
	a32, b32 := strings.Repeat("a", 32), strings.Repeat("b", 32)
	tests := []struct {
		name, token, url string
		form             url.Values
		want             string
	}{
		{"V1 a form", "12345", phpURL, phpForm, "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
		{"V2 a call", hexToken, "https://kaden.example/voice", url.Values{
			"AccountSid": {"AC" + a32}, "CallSid": {"CA" + b32}, "CallStatus": {"in-progress"},
			"From": {"+815012345678"}, "To": {"+818012345678"}, "Digits": {"1"},
		}, "ipxR8/qVW7YL+OBVp3RZKNivYbA="},
		{"V3 a GET", hexToken, "https://kaden.example/voice?team=sre&CallSid=CA" + b32 + "&Digits=1", nil, "zhDUIemEc7RNpkEsbn7wwN1h3F8="},
		{"V4 an empty value and a port", hexToken, "http://127.0.0.1:8080/voice", url.Values{"Digits": {"1"}, "Empty": {""}}, "RU12UEZwNm2YbF40gCTvOiBbmrY="},
		{"V5 the hash of a body", "12345", phpURL + "&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620", nil, "a9nBmqA0ju/hNViExpshrM61xv4="},
		{"V6 repeated values", "12345", phpURL, url.Values{"Sid": {"CA123"}, "SidAccount": {"AC123"}, "Digits": {"5678", "1234", "1234"}}, "IK+Dwps556ElfBT0I3Rgjkr1wJU="},
		{"V7 Japanese", hexToken, "https://kaden.example/voice", url.Values{"SpeechResult": {"対応します"}, "CallSid": {"CA" + b32}}, "YZpVc3/w6ihssDvcCrfWv6ScIzY="},
		{"V8 a name that begins another", "12345", phpURL, with(phpForm, "ReasonConferenceEnded", "test", "Reason", "Participant"), "vOEb5UThFn24KEfnOFLQY2AE5FY="},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := Sign(test.token, test.url, test.form); got != test.want {
				t.Errorf("Sign = %q, want %q", got, test.want)
			}
		})
	}
}

func TestSignedBodyCarriesItsHash(t *testing.T) {
	u, sig := SignBody("12345", phpURL, []byte(`{"property": "value", "boolean": true}`))
	if want := phpURL + "&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"; u != want {
		t.Errorf("URL = %q, want %q", u, want)
	}
	if want := "a9nBmqA0ju/hNViExpshrM61xv4="; sig != want {
		t.Errorf("signature = %q, want %q (V5)", sig, want)
	}
	if u, _ := SignBody("12345", "https://kaden.example/in", []byte("{}")); !strings.HasPrefix(u, "https://kaden.example/in?bodySHA256=") {
		t.Errorf("URL without a query became %q", u)
	}
}

func formRequest(target string, form url.Values, sig string) *http.Request {
	r := httptest.NewRequest("POST", target, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	if sig != "" {
		r.Header.Set("X-Twilio-Signature", sig)
	}
	return r
}

func TestValidateKnowsItsSender(t *testing.T) {
	const u = "https://kaden.example/callouts/at1/took?x=1"
	form := url.Values{"Digits": {"1"}}
	sig := Sign(hexToken, u, form)
	jsonURL, jsonSig := SignBody(hexToken, u, []byte(`{"a":1}`))
	jsonRequest := func(body, sig string) *http.Request {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-Twilio-Signature", sig)
		return r
	}
	get := httptest.NewRequest("GET", u, nil)
	get.Header.Set("X-Twilio-Signature", Sign(hexToken, u, nil))
	portSig := Sign(hexToken, "https://kaden.example:443/callouts/at1/took?x=1", form)
	tests := []struct {
		name string
		url  string
		r    *http.Request
		ok   bool
	}{
		{"a form", u, formRequest(u, form, sig), true},
		{"a GET", u, get, true},
		{"signed with the port, seen without", u, formRequest(u, form, portSig), true},
		{"signed without the port, seen with it", "https://kaden.example:8443/callouts/at1/took?x=1", formRequest(u, form, sig), true},
		{"http has port 80", "http://kaden.example/", formRequest(u, form, Sign(hexToken, "http://kaden.example:80/", form)), true},
		{"a JSON body", jsonURL, jsonRequest(`{"a":1}`, jsonSig), true},
		{"another JSON body", jsonURL, jsonRequest(`{"a":2}`, jsonSig), false},
		{"a JSON body without its hash", u, jsonRequest(`{"a":1}`, Sign(hexToken, u, nil)), false},
		{"no signature", u, formRequest(u, form, ""), false},
		{"another digit", u, formRequest(u, url.Values{"Digits": {"2"}}, sig), false},
		{"another URL", u + "0", formRequest(u, form, sig), false},
		{"another token", u, formRequest(u, form, Sign("0123", u, form)), false},
		{"no URL at all", "%", formRequest(u, form, sig), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := Validate(hexToken, test.r, test.url)
			if test.ok && err != nil {
				t.Fatalf("refused: %v", err)
			}
			if !test.ok && !errors.Is(err, ErrSignature) {
				t.Fatalf("err = %v, want ErrSignature", err)
			}
		})
	}
}

func TestValidatedBodyCanStillBeRead(t *testing.T) {
	const u = "https://kaden.example/"
	form := url.Values{"Digits": {"1"}}
	r := formRequest(u, form, Sign(hexToken, u, form))
	if err := Validate(hexToken, r, u); err != nil {
		t.Fatal(err)
	}
	if got := r.PostFormValue("Digits"); got != "1" {
		t.Errorf("Digits after Validate = %q, want 1", got)
	}
}

// Whatever is signed is accepted, and nothing else: not with a byte more, not with another token.
func FuzzSignature(f *testing.F) {
	f.Add("token", "https://kaden.example/a?b=c", "Digits=1&From=%2B8190")
	f.Add(hexToken, "http://[::1]:80", "a=1&a=1&b=")
	f.Add("", "://", "%zz=%")
	f.Add("t", "https://user:pass@host:443/#x", "対応=します")
	f.Fuzz(func(t *testing.T, token, u, body string) {
		form, err := url.ParseQuery(body)
		if err != nil {
			return
		}
		sig := Sign(token, u, form)
		if err := Validate(token, formRequest("/", form, sig), u); err != nil {
			t.Fatalf("our own signature of %q with %v is refused: %v", u, form, err)
		}
		if Validate(token, formRequest("/", with(form, "Zz-added", "x"), sig), u) == nil {
			t.Fatalf("a parameter more is accepted for %q with %v", u, form)
		}
		if Validate(token+"x", formRequest("/", form, sig), u) == nil {
			t.Fatalf("another token is accepted for %q with %v", u, form)
		}
	})
}
