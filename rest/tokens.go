package rest

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/sid"
)

// tokenRoutes are the servers that help browser phones through a NAT.
var tokenRoutes = routes{"Tokens": {http.MethodPost: (*server).createToken}}

// Relay is the STUN and TURN servers that browser phones are told of. The zero Relay is none.
type Relay struct {
	URLs []string // stun:… and turn:…
	// Secret is shared with the TURN servers, which take a name that says until when it is valid, and its HMAC, for
	// credentials (draft-uberti-behave-turn-rest, coturn's use-auth-secret). "" gives none.
	Secret string
}

// tokenBody is Twilio's Token resource.
type tokenBody struct {
	AccountSID  sid.Account `json:"account_sid"`
	DateCreated *string     `json:"date_created"`
	DateUpdated *string     `json:"date_updated"`
	ICEServers  []iceServer `json:"ice_servers"`
	Password    string      `json:"password"`
	TTL         string      `json:"ttl"`
	Username    string      `json:"username"`
}

type iceServer struct {
	Credential string `json:"credential,omitempty"`
	URL        string `json:"url"`
	URLs       string `json:"urls"`
	Username   string `json:"username,omitempty"`
}

const (
	usualTTL   = 24 * 60 * 60 // seconds
	longestTTL = 24 * 60 * 60
)

// createToken gives credentials for the relays: POST /Tokens. Without relays there are none, and no ice_servers.
func (s *server) createToken(r *request) (answer, error) {
	f := s.fields(r.form)
	ttl := f.seconds("Ttl", 20001, longestTTL)
	if f.err != nil {
		return answer{}, f.err
	}
	if ttl == 0 {
		ttl = usualTTL * time.Second
	}
	now := time.Now()
	b := tokenBody{
		AccountSID: r.account.SID, DateCreated: date(now), DateUpdated: date(now), ICEServers: []iceServer{},
		TTL: strconv.Itoa(int(ttl / time.Second)),
	}
	b.Username, b.Password = s.cfg.Relay.credentials(r.account, now.Add(ttl))
	for _, u := range s.cfg.Relay.URLs {
		server := iceServer{URL: u, URLs: u}
		if strings.HasPrefix(u, "turn") {
			server.Username, server.Credential = b.Username, b.Password
		}
		b.ICEServers = append(b.ICEServers, server)
	}
	return answer{status: http.StatusCreated, body: b}, nil
}

// credentials are valid at the TURN servers until then.
func (r Relay) credentials(a account.Account, until time.Time) (user, password string) {
	if r.Secret == "" {
		return "", ""
	}
	user = strconv.FormatInt(until.Unix(), 10) + ":" + string(a.SID)
	mac := hmac.New(sha1.New, []byte(r.Secret))
	mac.Write([]byte(user))
	return user, base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
