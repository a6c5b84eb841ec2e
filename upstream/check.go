package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/trunk"
)

// Finding is one thing that was looked at, in words.
type Finding struct {
	What   string
	Text   string
	Remedy string // what to do; "" unless Wrong
	Wrong  bool
	Unsure bool // the platform does not say
}

func right(what, format string, args ...any) Finding {
	return Finding{What: what, Text: fmt.Sprintf(format, args...)}
}

func unsaid(what, format string, args ...any) Finding {
	return Finding{What: what, Text: fmt.Sprintf(format, args...), Unsure: true}
}

func wrong(what, remedy, format string, args ...any) Finding {
	return Finding{What: what, Text: fmt.Sprintf(format, args...), Remedy: remedy, Wrong: true}
}

// Check looks whether an upstream would take a call tonight, without placing one: who we are there, what state
// the account is in, what is left on it, whether our number may be shown, where it may call, and whether it can
// reach us. The error says that there is no upstream of that name.
func (c *Client) Check(ctx context.Context, name string) ([]Finding, error) {
	u, err := c.find(name)
	if err != nil {
		return nil, err
	}
	out, known := c.checkAccount(ctx, u)
	if known {
		out = append(out, c.checkBalance(ctx, u), c.checkNumber(ctx, u), c.checkCountry(ctx, u))
	}
	return append(out, c.checkCallbacks(u)), nil
}

// checkAccount tells whether the platform knows us; without that there is nothing more to ask.
func (c *Client) checkAccount(ctx context.Context, u trunk.Upstream) (out []Finding, known bool) {
	var a struct {
		Status string `json:"status"`
		Type   string `json:"type"`
		Name   string `json:"friendly_name"`
	}
	err := c.ask(ctx, u, http.MethodGet, ".json", nil, &a)
	var no *refusal
	switch {
	case errors.As(err, &no) && (no.status == http.StatusUnauthorized || no.code == 20003):
		return []Finding{wrong("credentials", remedies[20003], "%s does not know account %s with this token", u.URL, u.Account)}, false
	case errors.As(err, &no) && no.code == 20404, errors.As(err, &no) && no.status == http.StatusNotFound:
		return []Finding{wrong("credentials", "check account: and url: of the upstream", "there is no account %s at %s", u.Account, u.URL)}, false
	case err != nil:
		return []Finding{wrong("credentials", "check url: of the upstream, and the network from here", "%s gives no answer: %v", u.URL, err)}, false
	}
	out = append(out, right("credentials", "account %s", u.Account))
	switch {
	case a.Status != "" && a.Status != "active":
		out = append(out, wrong("account", "the platform's console says why, and how to make it active again", "it is %s", a.Status))
	case strings.EqualFold(a.Type, "trial"):
		out = append(out, wrong("account", "upgrade it before anybody relies on it", "a trial account: it calls verified numbers only, and speaks a notice of its own first"))
	default:
		out = append(out, right("account", "active"))
	}
	return out, true
}

func (c *Client) checkBalance(ctx context.Context, u trunk.Upstream) Finding {
	var b struct {
		Balance  string `json:"balance"`
		Currency string `json:"currency"`
	}
	if err := c.ask(ctx, u, http.MethodGet, "/Balance.json", nil, &b); err != nil || b.Balance == "" {
		return unsaid("balance", "the platform does not say")
	}
	left, err := strconv.ParseFloat(b.Balance, 64)
	switch ours := u.Prices.Currency; {
	case ours != "" && b.Currency != "" && !strings.EqualFold(ours, b.Currency):
		return wrong("balance", "write prices: in the currency of the account: kaden converts none",
			"%s %s is left, and prices: are in %s", clip(b.Balance), clip(b.Currency), ours)
	case err != nil:
		return unsaid("balance", "%s %s", clip(b.Balance), clip(b.Currency))
	case left <= 0:
		return wrong("balance", "pay in, and set automatic recharge", "%s %s is left", b.Balance, b.Currency)
	}
	return right("balance", "%s %s is left", b.Balance, b.Currency)
}

// checkNumber tells whether from: may be shown: it is the account's own, or verified.
func (c *Client) checkNumber(ctx context.Context, u trunk.Upstream) Finding {
	query := "?" + url.Values{"PhoneNumber": {u.From}}.Encode()
	var own struct {
		Numbers []struct {
			Number       string `json:"phone_number"`
			Capabilities struct {
				Voice *bool `json:"voice"`
			} `json:"capabilities"`
		} `json:"incoming_phone_numbers"`
	}
	var verified struct {
		Numbers []struct {
			Number string `json:"phone_number"`
		} `json:"outgoing_caller_ids"`
	}
	if err := c.ask(ctx, u, http.MethodGet, "/IncomingPhoneNumbers.json"+query, nil, &own); err != nil {
		return unsaid("from", "whether %s may be shown, the platform does not say", u.From)
	}
	for _, n := range own.Numbers {
		if n.Number != u.From {
			continue
		}
		if v := n.Capabilities.Voice; v != nil && !*v {
			return wrong("from", "take a number with voice", "%s is the account's, but has no voice", u.From)
		}
		return right("from", "%s is the account's own", u.From)
	}
	if err := c.ask(ctx, u, http.MethodGet, "/OutgoingCallerIds.json"+query, nil, &verified); err != nil {
		return unsaid("from", "%s is not the account's own; whether it is verified, the platform does not say", u.From)
	}
	for _, n := range verified.Numbers {
		if n.Number == u.From {
			return right("from", "%s is a verified caller ID", u.From)
		}
	}
	return wrong("from", remedies[21210], "%s is neither the account's own nor verified", u.From)
}

// checkCountry asks Twilio's own API of dialling permissions about home (contract 4.6). Others have none.
func (c *Client) checkCountry(ctx context.Context, u trunk.Upstream) Finding {
	base := voiceAPI(u)
	if base == "" {
		return unsaid("countries", "which may be called, the platform says only when one is called")
	}
	var p struct {
		Low *bool `json:"low_risk_numbers_enabled"`
	}
	err := c.request(ctx, u, http.MethodGet, base+"/v1/DialingPermissions/Countries/"+number.Home, nil, &p)
	switch {
	case err != nil || p.Low == nil:
		return unsaid("countries", "whether %s may be called, the platform does not say", number.Home)
	case !*p.Low:
		return wrong("countries", remedies[21215], "%s may not be called", number.Home)
	}
	return right("countries", "%s may be called", number.Home)
}

// voiceAPI is where Twilio's permissions are asked; "" where there are none.
var voiceAPI = func(u trunk.Upstream) string {
	if rest, ok := strings.CutPrefix(u.URL, "https://api."); ok && strings.HasSuffix(rest, "twilio.com") {
		return "https://voice." + rest
	}
	return ""
}

func (c *Client) checkCallbacks(u trunk.Upstream) Finding {
	if c.cfg.PublicURL == "" {
		return wrong("callbacks", "set public-url (KADEN_PUBLIC_URL) to where the upstream reaches this kaden",
			"the upstream cannot reach us: only plans with confirm: hangup or confirm: none go that way, and its calls are looked at every few seconds")
	}
	if c.deaf.Load() {
		return wrong("callbacks", "public-url must lead to this kaden from outside: look at the proxy and the firewall before it", "%s is set, and the last calls' callbacks have not arrived", c.cfg.PublicURL)
	}
	if strings.HasPrefix(c.cfg.PublicURL, "http://") && strings.HasSuffix(u.URL, "twilio.com") {
		return wrong("callbacks", "give this kaden an https address, and public-url that", "%s: Twilio brings the sound of calls to https addresses alone, so join: true, programs' calls and <Dial> do not go this way", c.cfg.PublicURL)
	}
	return right("callbacks", "%s", c.cfg.PublicURL)
}
