package clientsdk

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// signed is a token with claims of a test's own.
func signed(t *testing.T, method jwt.SigningMethod, with any, header m, claims m) string {
	t.Helper()
	j := jwt.NewWithClaims(method, jwt.MapClaims(claims))
	for k, v := range header {
		j.Header[k] = v
	}
	s, err := j.SignedString(with)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// claims are what twilio-node writes, with changes.
func claims(change m) m {
	c := m{
		"jti": string(key) + "-1795332228", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(), "iss": string(key), "sub": string(ours),
		"grants": m{"identity": "alice", "voice": m{"incoming": m{"allow": true}, "outgoing": m{"application_sid": string(app), "params": m{"team": "sre", "level": 3}}}},
	}
	for k, v := range change {
		if c[k] = v; v == nil {
			delete(c, k)
		}
	}
	return c
}

var fpaHeader = m{"cty": fpa}

func TestTokensOfTwiliosLibraries(t *testing.T) {
	for _, method := range []jwt.SigningMethod{jwt.SigningMethodHS256, jwt.SigningMethodHS384, jwt.SigningMethodHS512} {
		c, err := Verify(t.Context(), signed(t, method, []byte(secret), fpaHeader, claims(nil)), keys)
		if err != nil || c.Account != ours || c.Identity != "alice" || !c.Incoming || c.Application != app || c.Params.Get("team") != "sre" || c.Params.Get("level") != "3" {
			t.Errorf("%s: %+v, %v", method.Alg(), c, err)
		}
		if left := time.Until(c.Expires); left < 59*time.Minute || left > time.Hour {
			t.Errorf("%s: good for %v", method.Alg(), left)
		}
	}
}

func TestCapabilityTokens(t *testing.T) {
	scope := "scope:client:incoming?clientName=alice scope:client:outgoing?appSid=" + string(app) + "&appParams=team%3Dsre&clientName=alice"
	c, err := Verify(t.Context(), signed(t, jwt.SigningMethodHS256, []byte(secret), nil, m{"iss": string(ours), "exp": time.Now().Add(time.Hour).Unix(), "scope": scope}), keys)
	if err != nil || c.Identity != "alice" || !c.Incoming || c.Application != app || c.Params.Get("team") != "sre" {
		t.Errorf("%+v, %v", c, err)
	}
	c, err = Verify(t.Context(), signed(t, jwt.SigningMethodHS256, []byte(secret), nil, m{"iss": string(ours), "exp": time.Now().Add(time.Hour).Unix(), "scope": "scope:client:outgoing?appSid=" + string(app)}), keys)
	if err != nil || c.Identity != "anonymous" || c.Incoming {
		t.Errorf("without a name: %+v, %v", c, err)
	}
	for scope, says := range map[string]string{
		"": "no calls",
		"scope:stream:subscribe?path=/2010-04-01/Events":                                                   "no calls",
		"scope:client:incoming?clientName=":                                                                "needs a name",
		"scope:client:outgoing?appSid=APx&clientName=a":                                                    "appSid",
		"scope:client:incoming?clientName=a scope:client:outgoing?appSid=" + string(app) + "&clientName=b": "two different names",
		"scope:client:incoming?clientName=%zz":                                                             "scope",
		"scope:client:outgoing?appSid=" + string(app) + "&appParams=%25zz":                                 "appParams",
		"scope:client:incoming?clientName=a+b":                                                             "not allowed",
	} {
		c, err := Verify(t.Context(), signed(t, jwt.SigningMethodHS256, []byte(secret), nil, m{"iss": string(ours), "exp": time.Now().Add(time.Hour).Unix(), "scope": scope}), keys)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %+v, %v, want %q", scope, c, err, says)
		}
	}
	_, err = Verify(t.Context(), signed(t, jwt.SigningMethodHS256, []byte(secret), fpaHeader, claims(m{"iss": string(ours)})), keys)
	if err == nil || !strings.Contains(err.Error(), "signed with an API key") {
		t.Errorf("an access token that is signed with the account's token: %v", err)
	}
}

// What else a token may carry means nothing here, and does no harm.
func TestWhatATokenSaysOfOtherThings(t *testing.T) {
	c, err := Verify(t.Context(), signed(t, jwt.SigningMethodHS256, []byte(secret), m{"cty": fpa, "twr": "jp1", "kid": "x"}, claims(m{"aud": "x", "nbf": float64(time.Now().Unix()), "grants": m{
		"identity": "alice", "video": m{"room": "r"}, "chat": m{"service_sid": "IS1"}, "task_router": m{"role": "worker"},
		"voice": m{"incoming": m{"allow": true}, "push_credential_sid": "CR1", "endpoint_id": "e",
			"outgoing": m{"application_sid": string(app), "params": m{"customer": 81312345678, "price": json.Number("0.10"), "vip": true, "note": nil, "words": "a \"b\" \u3042"}}},
	}})), keys)
	if err != nil || c.Identity != "alice" || !c.Incoming || c.Application != app {
		t.Fatalf("%+v, %v", c, err)
	}
	for name, want := range map[string]string{"customer": "81312345678", "price": "0.10", "vip": "true", "note": "", "words": `a "b" あ`} {
		if got := c.Params.Get(name); got != want {
			t.Errorf("%s=%q, want %q", name, got, want)
		}
	}
}

// An identity is what <Client> can dial: Twilio's own libraries let anything through.
func TestIdentitiesOfTokens(t *testing.T) {
	for identity, ok := range map[string]bool{
		"alice": true, "alice_2": true, "sato.taro+sre@example.jp": true, "O'Brien": true, "佐藤": true, strings.Repeat("a", 256): true,
		"": false, " ": false, "a b": false, "a?b=c": false, "client:a": false, "a/b": false, `a"b`: false, "a\x00": false, "a%20b": false, "\xff": false, strings.Repeat("a", 257): false,
	} {
		c, err := Verify(t.Context(), signed(t, jwt.SigningMethodHS256, []byte(secret), fpaHeader, claims(m{"grants": m{"identity": identity, "voice": m{}}})), keys)
		if ok != (err == nil) || ok && c.Identity != identity {
			t.Errorf("%q: %+v, %v", identity, c, err)
		}
	}
}

func TestBadTokens(t *testing.T) {
	hs := jwt.SigningMethodHS256
	good := signed(t, hs, []byte(secret), fpaHeader, claims(nil))
	for _, tt := range []struct {
		name, token, says string
		code              int
	}{
		{"nothing", "", "cannot be read", 31204},
		{"words", "let me in", "cannot be read", 31204},
		{"two parts", good[:strings.LastIndexByte(good, '.')], "cannot be read", 31204},
		{"no signature", good[:strings.LastIndexByte(good, '.')+1], "signature", 31204},
		{"a changed signature", good[:len(good)-4] + "AAAA", "signature", 31204},
		{"another secret", signed(t, hs, []byte("another"), fpaHeader, claims(nil)), "signature", 31204},
		{"alg none", signed(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, fpaHeader, claims(nil)), "", 31204},
		{"far too long", strings.Repeat("a", mostToken+1), "bytes", 31204},
		{"a foreign key", signed(t, hs, []byte(secret), fpaHeader, claims(m{"iss": "SKeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"})), "issuer", 31204},
		{"no issuer", signed(t, hs, []byte(secret), fpaHeader, claims(m{"iss": nil})), "issuer", 31204},
		{"another account", signed(t, hs, []byte(secret), fpaHeader, claims(m{"sub": "ACffffffffffffffffffffffffffffffff"})), "another account", 31204},
		{"no cty", signed(t, hs, []byte(secret), nil, claims(nil)), "cty", 31204},
		{"a cty that is a number", signed(t, hs, []byte(secret), m{"cty": 1}, claims(nil)), "cty", 31204},
		{"expired", signed(t, hs, []byte(secret), fpaHeader, claims(m{"exp": time.Now().Add(-time.Minute).Unix()})), "expired", 31205},
		{"expired, and forged", signed(t, hs, []byte("another"), fpaHeader, claims(m{"exp": time.Now().Add(-time.Minute).Unix()})), "signature", 31204},
		{"for ever", signed(t, hs, []byte(secret), fpaHeader, claims(m{"exp": nil})), "no end", 31204},
		{"for two days", signed(t, hs, []byte(secret), fpaHeader, claims(m{"exp": time.Now().Add(48 * time.Hour).Unix()})), "more than 24 hours", 31204},
		{"until the end of time", signed(t, hs, []byte(secret), fpaHeader, claims(m{"exp": 1e18})), "", 31204},
		{"an end that is a word", signed(t, hs, []byte(secret), fpaHeader, claims(m{"exp": "tomorrow"})), "cannot be read", 31204},
		{"from tomorrow", signed(t, hs, []byte(secret), fpaHeader, claims(m{"nbf": time.Now().Add(time.Hour).Unix()})), "not valid yet", 31204},
		{"no grants", signed(t, hs, []byte(secret), fpaHeader, claims(m{"grants": nil})), "voice grant", 31204},
		{"nobody", signed(t, hs, []byte(secret), fpaHeader, claims(m{"grants": m{"voice": m{}}})), "identity", 31204},
		{"an identity that is a number", signed(t, hs, []byte(secret), fpaHeader, claims(m{"grants": m{"identity": 7, "voice": m{}}})), "grants.identity", 31204},
		{"incoming that is a word", signed(t, hs, []byte(secret), fpaHeader, claims(m{"grants": m{"identity": "a", "voice": m{"incoming": m{"allow": "true"}}}})), "incoming.allow", 31204},
		{"a key that is no key", signed(t, hs, []byte(secret), fpaHeader, claims(m{"iss": "alice"})), "issuer", 31204},
		{"no account", signed(t, hs, []byte(secret), fpaHeader, claims(m{"sub": nil})), "another account", 31204},
		{"an identity nobody can dial", signed(t, hs, []byte(secret), fpaHeader, claims(m{"grants": m{"identity": "a b", "voice": m{}}})), "identity", 31204},
		{"no application", signed(t, hs, []byte(secret), fpaHeader, claims(m{"grants": m{"identity": "a", "voice": m{"outgoing": m{"application_sid": "AP1"}}}})), "application_sid", 31204},
		{"params that are lists", signed(t, hs, []byte(secret), fpaHeader, claims(m{"grants": m{"identity": "a", "voice": m{"outgoing": m{"application_sid": string(app), "params": m{"x": []int{1}}}}}})), "params", 31204},
		{"grants of another kind", signed(t, hs, []byte(secret), fpaHeader, claims(m{"grants": "all"})), "cannot be read", 31204},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Verify(t.Context(), tt.token, keys)
			var e *Error
			if !errors.As(err, &e) || e.Code != tt.code || !strings.Contains(e.Message, tt.says) {
				t.Errorf("%+v, %v, want %d %q", c, err, tt.code, tt.says)
			}
			if strings.Contains(e.Message, secret) {
				t.Error("the secret is told")
			}
		})
	}
	for name, change := range map[string]m{
		"5 s off": {"exp": time.Now().Add(-5 * time.Second).Unix(), "nbf": time.Now().Add(5 * time.Second).Unix()},
		"5 s fast, and a token for the longest time": {"exp": time.Now().Add(longest + 5*time.Second).Unix(), "iat": time.Now().Add(5 * time.Second).Unix()},
	} {
		if _, err := Verify(t.Context(), signed(t, hs, []byte(secret), fpaHeader, claims(change)), keys); err != nil {
			t.Errorf("a clock that is %s: %v", name, err)
		}
	}
}

func TestMintedTokensAreTaken(t *testing.T) {
	want := Claims{Account: ours, Identity: "佐藤", Incoming: true, Application: app, Params: url.Values{"a": {"b"}}}
	token, err := Mint(key, []byte(secret), want, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	got, err := Verify(t.Context(), token, keys)
	if err != nil || got.Identity != want.Identity || !got.Incoming || got.Application != app || got.Params.Get("a") != "b" {
		t.Errorf("%+v, %v", got, err)
	}
}

// Whatever is taken for a token names an account of ours and somebody who can be dialled, and has an end.
func FuzzVerify(f *testing.F) {
	token, _ := Mint(key, []byte(secret), Claims{Account: ours, Identity: "sato", Incoming: true, Application: app}, time.Now())
	f.Add(token)
	f.Add("a.b.c")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := Verify(t.Context(), s, keys)
		if err == nil && (c.Account != ours || c.Identity == "" || c.Expires.IsZero()) {
			t.Errorf("%q: %+v", s, c)
		}
	})
}

// The claims themselves, as whoever has the key may write them.
func FuzzClaims(f *testing.F) {
	f.Add(`{"grants":{"identity":"a","voice":{}}}`)
	f.Add(`{"grants":{"identity":"a","voice":{"outgoing":{"application_sid":"APcccccccccccccccccccccccccccccccc","params":{"a":1e400}}}}}`)
	f.Add(`{"exp":"x"}`)
	f.Add(`{"exp":1e300,"iss":"SKbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","sub":"ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","grants":{"identity":"a","voice":{"outgoing":{"application_sid":"APcccccccccccccccccccccccccccccccc","params":{"a":null,"b":[]}}}}}`)
	f.Fuzz(func(t *testing.T, s string) {
		head := enc(`{"alg":"HS256","cty":"twilio-fpa;v=1"}`) + "." + enc(s)
		sig, err := jwt.SigningMethodHS256.Sign(head, []byte(secret))
		if err != nil {
			t.Fatal(err)
		}
		c, err := Verify(t.Context(), head+"."+enc(string(sig)), keys)
		var e *Error
		if err != nil && !errors.As(err, &e) && !strings.Contains(err.Error(), "database") {
			t.Errorf("%q: an error that no page could be told: %v", s, err)
		}
		if err == nil && (c.Account != ours || c.Identity == "" || time.Until(c.Expires) < -skew || time.Until(c.Expires) > longest+skew) {
			t.Errorf("%q: %+v", s, c)
		}
	})
}
