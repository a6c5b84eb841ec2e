package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/kaden-project/kaden/api"
)

// lookAtLines asks the server that runs how it stands with its carriers, and looks at each trunk and SMSC: that shows a SIP ALG
// in the way, and the address at which we are seen.
func lookAtLines(ctx context.Context, s settings, in *output) (out []finding) {
	server, err := (serverFlags{Server: "http://" + s.HTTP, Token: s.Account.Token, Data: s.Data}).client()
	if err != nil {
		return []finding{{what: "trunks", bad: err.Error()}}
	}
	server.language = in.language()
	var status api.Status
	if err := server.do(ctx, http.MethodGet, "/api/status", "", nil, &status); err != nil {
		return []finding{{what: "trunks", bad: err.Error()}}
	}
	for _, w := range status.Warnings {
		if w.Code == "line-down" || w.Code == "smsc-down" || w.Code == "no-engine" || w.Code == "no-language" {
			continue // looked at by itself
		}
		f := finding{what: "server", note: w.Text}
		if w.Hint != "" {
			f.note += " (" + w.Hint + ")"
		}
		if w.Loud {
			f.bad, f.note = f.note, ""
		}
		out = append(out, f)
	}
	seen := netip.Addr{}
	look := func(kind, name string) {
		what := kind + " " + name
		var found []api.Finding
		if err := server.do(ctx, http.MethodPost, "/api/trunks/"+url.PathEscape(name)+"/check", "", nil, &found); err != nil {
			out = append(out, finding{what: what, bad: err.Error()})
			return
		}
		for _, f := range found {
			switch f.Level {
			case "wrong":
				out = append(out, finding{what: what, bad: f.Text + ": " + f.Remedy})
			case "ok":
				out = append(out, finding{what: what, good: in.word(f.What) + ": " + f.Text})
			}
		}
	}
	for _, c := range status.SMSCs {
		look("smsc", c.Name)
	}
	for _, t := range status.Trunks {
		look("trunk", t.Name)
		if t.Standing != nil {
			if at, err := netip.ParseAddrPort(t.Standing.Seen); err == nil {
				seen = at.Addr()
			}
		}
	}
	return append(out, lookAtAddress(s, seen)...)
}

// lookAtAddress compares the configured public address with the one at which a carrier sees us.
func lookAtAddress(s settings, seen netip.Addr) []finding {
	said, err := netip.ParseAddr(s.SIP.Advertise)
	switch {
	case !seen.IsValid():
		return nil // nobody has said
	case err == nil && said != seen && !seen.IsPrivate():
		return []finding{{what: "public address", bad: fmt.Sprintf("sip.advertise is %s, and carriers see %s: sound would go to the wrong place; mend the settings", said, seen)}}
	}
	return []finding{{what: "public address", good: "carriers see us at " + seen.String()}}
}

// lookAtCertificate tells whether the certificate for TLS can be used and how long it lasts.
func lookAtCertificate(what, cert, key string, now time.Time) []finding {
	if cert == "" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return []finding{{what: what, bad: fmt.Sprintf("%v; %s and %s must be one certificate and its key", err, cert, key)}}
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	switch {
	case err != nil:
		return []finding{{what: what, bad: err.Error()}}
	case now.After(leaf.NotAfter):
		return []finding{{what: what, bad: fmt.Sprintf("%s has been out of date since %s; renew it", cert, leaf.NotAfter.Format(time.DateOnly))}}
	case now.Add(14 * 24 * time.Hour).After(leaf.NotAfter):
		return []finding{{what: what, bad: fmt.Sprintf("%s ends on %s; renew it", cert, leaf.NotAfter.Format(time.DateOnly))}}
	}
	return []finding{{what: what, good: fmt.Sprintf("%s lasts until %s", cert, leaf.NotAfter.Format(time.DateOnly))}}
}
