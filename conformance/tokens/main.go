// The program tokens mints tokens with twilio-go, as tokens.mjs does with twilio-node. That library has no capability
// tokens of the voice SDK.
package main

import (
	"encoding/json"
	"log"
	"os"

	"github.com/twilio/twilio-go/client/jwt"
)

type token struct {
	Name        string            `json:"name"`
	Token       string            `json:"token"`
	Identity    string            `json:"identity"`
	Incoming    bool              `json:"incoming"`
	Application string            `json:"application"`
	Params      map[string]string `json:"params"`
}

func main() {
	if len(os.Args) != 6 {
		log.Fatal("usage: tokens ACCOUNT KEY SECRET AUTHTOKEN APPLICATION")
	}
	application := os.Args[5]
	out := json.NewEncoder(os.Stdout)
	say := func(t token, p jwt.AccessTokenParams, grants ...jwt.BaseGrant) {
		p.AccountSid, p.SigningKeySid, p.Secret, p.Identity, p.Grants = os.Args[1], os.Args[2], os.Args[3], "alice", grants
		access := jwt.CreateAccessToken(p)
		var err error
		if t.Token, err = access.ToJwt(); err != nil {
			log.Fatal(err)
		}
		t.Identity = "alice"
		if err := out.Encode(t); err != nil {
			log.Fatal(err)
		}
	}
	say(token{Name: "both ways", Incoming: true, Application: application, Params: map[string]string{"team": "sre", "customer": "81312345678", "vip": "true", "件名": "a&b=c"}}, jwt.AccessTokenParams{},
		&jwt.VoiceGrant{Incoming: jwt.Incoming{Allow: true}, Outgoing: jwt.Outgoing{ApplicationSid: application, ApplicationParams: map[string]any{"team": "sre", "customer": 81312345678, "vip": true, "件名": "a&b=c"}}})
	say(token{Name: "incoming alone", Incoming: true}, jwt.AccessTokenParams{}, &jwt.VoiceGrant{Incoming: jwt.Incoming{Allow: true}})
	say(token{Name: "outgoing alone", Application: application}, jwt.AccessTokenParams{}, &jwt.VoiceGrant{Outgoing: jwt.Outgoing{ApplicationSid: application}})
	say(token{Name: "a day, a region, a mobile phone and another product", Incoming: true}, jwt.AccessTokenParams{Ttl: 86400, Region: "jp1"},
		&jwt.VideoGrant{Room: "r"}, &jwt.VoiceGrant{Incoming: jwt.Incoming{Allow: true}, PushCredentialSid: "CR1", EndpointID: "e"})
}
