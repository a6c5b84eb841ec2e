package clientsdk

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
)

// Claims are what a token allows its page.
type Claims struct {
	Account     sid.Account
	Identity    string
	Incoming    bool            // calls to client:Identity ring it
	Application sid.Application // answers the page's own calls; "" lets it make none
	Params      url.Values      // of these calls; the page cannot change them
	Expires     time.Time
}

// Issuer finds what a token is signed with: the secret of an API key (SK…), or the auth token of an account (AC…), and
// whose it is. ErrUnknownIssuer says that there is none; any other error is our own trouble.
type Issuer func(ctx context.Context, issuer string) (owner sid.Account, secret []byte, err error)

// ErrUnknownIssuer is answered for an issuer that is not one of ours.
var ErrUnknownIssuer = errors.New("no such key")

// mostToken is how long a token may be, in bytes. Twilio's own, with parameters, have some 600.
const mostToken = 8 << 10

// fpa is the content type of access tokens.
const fpa = "twilio-fpa;v=1"

// skew is how far the clock of whoever minted a token may be off.
const skew = 10 * time.Second

// longest is how long a token may be good for, as at Twilio: one that is lost does no harm for ever.
const longest = 24 * time.Hour

// rawClaims are those of access tokens (grants) and of capability tokens (scope).
type rawClaims struct {
	jwt.RegisteredClaims
	Scope  string `json:"scope"`
	Grants struct {
		Identity string `json:"identity"`
		Voice    *struct {
			Incoming struct {
				Allow bool `json:"allow"`
			} `json:"incoming"`
			Outgoing struct {
				Application string                     `json:"application_sid"`
				Params      map[string]json.RawMessage `json:"params"`
			} `json:"outgoing"`
		} `json:"voice"`
	} `json:"grants"`
}

// Verify reads a token as Twilio's helper libraries mint it: an access token (AccessToken with a VoiceGrant), or the
// capability token of old. The error is an *[Error] with 31204, or 31205 for a token that was good once.
func Verify(ctx context.Context, token string, keys Issuer) (Claims, error) {
	if len(token) > mostToken {
		return Claims{}, &Error{codeBadToken, fmt.Sprintf("the token has %d bytes, more than %d", len(token), mostToken)}
	}
	var raw rawClaims
	var owner sid.Account
	var trouble error
	var odd *json.UnmarshalTypeError
	parsed, err := jwt.NewParser(
		jwt.WithValidMethods([]string{"HS256", "HS384", "HS512"}), // none and everything with public keys stay outside
		jwt.WithExpirationRequired(), jwt.WithLeeway(skew),
	).ParseWithClaims(token, &raw, func(*jwt.Token) (any, error) {
		var secret []byte
		owner, secret, trouble = keys(ctx, raw.Issuer)
		if trouble == nil && len(secret) == 0 {
			trouble = ErrUnknownIssuer
		}
		return secret, trouble
	})
	switch {
	case trouble != nil && !errors.Is(trouble, ErrUnknownIssuer):
		return Claims{}, trouble
	case trouble != nil:
		return Claims{}, &Error{codeBadToken, "the token's issuer is no API key of this account"}
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return Claims{}, &Error{codeBadToken, "the token's signature is wrong"}
	case errors.Is(err, jwt.ErrTokenExpired):
		return Claims{}, &Error{codeExpired, "the token has expired"}
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return Claims{}, &Error{codeBadToken, "the token is not valid yet"}
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return Claims{}, &Error{codeBadToken, "the token has no end (exp)"}
	case errors.As(err, &odd) && odd.Field != "":
		return Claims{}, &Error{codeBadToken, fmt.Sprintf("the token cannot be read: %s is not to be a %s", odd.Field, odd.Value)}
	case err != nil:
		return Claims{}, &Error{codeBadToken, "the token cannot be read"}
	case time.Until(raw.ExpiresAt.Time) > longest+skew:
		return Claims{}, &Error{codeBadToken, "the token is good for more than 24 hours: its ttl is 86400 at most"}
	}
	c := Claims{Account: owner, Params: url.Values{}, Expires: raw.ExpiresAt.Time}
	if strings.HasPrefix(raw.Issuer, "AC") {
		err = c.readScope(raw)
	} else {
		err = c.readGrants(raw, parsed.Header["cty"])
	}
	if err == nil {
		_, err = number.ParseAddress("client:" + c.Identity)
	}
	if err != nil {
		return Claims{}, &Error{codeBadToken, err.Error()}
	}
	return c, nil
}

func (c *Claims) readGrants(raw rawClaims, cty any) error {
	switch {
	case cty != fpa:
		return fmt.Errorf("the token's cty is not %q: it is no access token", fpa)
	case raw.Subject != string(c.Account):
		return errors.New("the token is for another account than its key")
	case raw.Grants.Voice == nil:
		return errors.New("the token has no voice grant")
	}
	v := raw.Grants.Voice
	c.Identity, c.Incoming = raw.Grants.Identity, v.Incoming.Allow
	if v.Outgoing.Application == "" {
		return nil
	}
	var err error
	if c.Application, err = sid.Parse[sid.Application](v.Outgoing.Application); err != nil {
		return fmt.Errorf("outgoing.application_sid: %w", err)
	}
	for name, value := range v.Outgoing.Params {
		text, ok := plain(value)
		if !ok {
			return fmt.Errorf("outgoing.params: %q is neither text nor a number", name)
		}
		c.Params.Set(name, text)
	}
	return nil
}

// plain is a value of JSON as a field of a form: a text, true, false, or a number as its writer wrote it; null is "".
func plain(value json.RawMessage) (text string, ok bool) {
	switch value[0] {
	case '{', '[':
		return "", false
	case '"', 'n':
		ok = json.Unmarshal(value, &text) == nil
		return text, ok
	}
	return string(value), true
}

// readScope reads scope:client:incoming?clientName=sato scope:client:outgoing?appSid=AP…&appParams=k%3Dv&clientName=sato.
func (c *Claims) readScope(raw rawClaims) error {
	if raw.Grants.Voice != nil || raw.Grants.Identity != "" {
		return errors.New("an access token is signed with an API key (SK…) and its secret, not with the account's token")
	}
	for one := range strings.FieldsSeq(raw.Scope) {
		name, query, _ := strings.Cut(one, "?")
		q, err := url.ParseQuery(query)
		if err != nil {
			return fmt.Errorf("scope: %w", err)
		}
		if who := q.Get("clientName"); who != "" {
			if c.Identity != "" && c.Identity != who {
				return errors.New("scope: two different names of the client")
			}
			c.Identity = who
		}
		switch name {
		case "scope:client:incoming":
			c.Incoming = true
		case "scope:client:outgoing":
			if c.Application, err = sid.Parse[sid.Application](q.Get("appSid")); err != nil {
				return fmt.Errorf("scope: appSid: %w", err)
			}
			if c.Params, err = url.ParseQuery(q.Get("appParams")); err != nil {
				return fmt.Errorf("scope: appParams: %w", err)
			}
		}
	}
	switch {
	case c.Application == "" && !c.Incoming:
		return errors.New("the token allows no calls (scope)")
	case c.Identity == "" && c.Incoming:
		return errors.New("scope: clientName: whoever is called needs a name")
	case c.Identity == "":
		c.Identity = "anonymous" // capability tokens for outgoing calls alone may name nobody
	}
	return nil
}

// Mint makes an access token that is signed with key's secret (HS256). Claims without Expires are good for an hour.
func Mint(key sid.Key, secret []byte, c Claims, now time.Time) (string, error) {
	if c.Expires.IsZero() {
		c.Expires = now.Add(time.Hour)
	}
	voice := map[string]any{}
	if c.Incoming {
		voice["incoming"] = map[string]bool{"allow": true}
	}
	if c.Application != "" {
		out := map[string]any{"application_sid": string(c.Application)}
		if len(c.Params) > 0 {
			params := map[string]string{}
			for _, name := range slices.Sorted(maps.Keys(c.Params)) {
				params[name] = c.Params.Get(name)
			}
			out["params"] = params
		}
		voice["outgoing"] = out
	}
	var unique [8]byte
	rand.Read(unique[:]) // never fails (crypto/rand, Go 1.24)
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"jti": string(key) + "-" + hex.EncodeToString(unique[:]), "iss": string(key), "sub": string(c.Account),
		"iat": now.Unix(), "exp": c.Expires.Unix(),
		"grants": map[string]any{"identity": c.Identity, "voice": voice},
	})
	t.Header["cty"] = fpa
	return t.SignedString(secret)
}
