package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/kaden-project/kaden/dispatch"
)

// greet says where everything is, and how to make something ring.
func (r *rooms) greet(ctx context.Context, w io.Writer, d *doors) error {
	select {
	case <-r.listened: // a house without a voice says so first of all
	case <-ctx.Done():
		return nil
	}
	base := r.base(d)
	login, err := r.api.LoginLink(ctx, base)
	if err != nil {
		return err
	}
	set := r.house.Load()
	fmt.Fprintf(w, "kaden %s\n\n", version)
	fmt.Fprintf(w, "  console    %s\n             (this link logs in once, within 15 minutes)\n", login)
	fmt.Fprintf(w, "  REST API   %s/2010-04-01/Accounts/%s\n", base, r.account.SID)
	fmt.Fprintf(w, "  token      %s\n", r.account.AuthToken)
	fmt.Fprintf(w, "  SIP        %s\n", r.sip.Addr())
	if me, ok := set.People["me"]; ok && len(me.Contacts) > 0 {
		to := me.Contacts[0].Address.String()
		if strings.HasPrefix(to, "sim:") {
			to += " (simulated; kaden serve --phone sip:me@ADDRESS names a real one)"
		}
		if strings.HasPrefix(to, "client:") {
			to += " (a browser: go on duty on the console's page Phone)"
		}
		fmt.Fprintf(w, "  me         %s\n", to)
	}
	rings := "This rings once a language can be spoken here" // until then nobody is called
	for _, e := range r.voices() {
		if e.Err != nil {
			fmt.Fprintf(w, "\n  !! %v\n", e.Err)
		} else {
			rings = "This rings"
		}
	}
	for i, p := range *r.wrong.Load() {
		if i == 5 {
			fmt.Fprintf(w, "\n  !! and more; kaden apply shows them all\n")
			break
		}
		fmt.Fprintf(w, "\n  !! %s\n", p)
	}
	if err := r.store.Ready(ctx); err != nil {
		fmt.Fprintf(w, "\n  !! %v\n", err)
	}
	if s, ok := set.Sources["json"]; ok {
		fmt.Fprintf(w, "\n%s:\n\n  curl -X POST %s/in/json/%s \\\n    -H 'Content-Type: application/json' \\\n    -d '{\"title\":\"disk full on db01\",\"severity\":\"critical\",\"status\":\"firing\",\"key\":\"db01/disk\"}'\n", rings, base, s.Key)
		fmt.Fprintf(w, "\nThis is over again:\n\n  curl -X POST %s/in/json/%s \\\n    -H 'Content-Type: application/json' \\\n    -d '{\"title\":\"disk full on db01\",\"status\":\"resolved\",\"key\":\"db01/disk\"}'\n", base, s.Key)
	}
	if s, ok := set.Sources["mackerel"]; ok {
		fmt.Fprintf(w, "\nMackerel's webhook channel:\n\n  %s/in/mackerel/%s\n", base, s.Key)
	}
	fmt.Fprintln(w)
	return nil
}

// origin is the address others are told, from when the doors are open; before, nobody has anything to be told.
func (r *rooms) origin() string {
	if at := r.at.Load(); at != nil {
		return *at
	}
	return cmp.Or(strings.TrimRight(r.settings.PublicURL, "/"), dispatch.Origin)
}

// base is the address others are told.
func (r *rooms) base(d *doors) string {
	if r.settings.PublicURL != "" {
		return strings.TrimRight(r.settings.PublicURL, "/")
	}
	addr := d.socket[0].Addr().(*net.TCPAddr)
	host := addr.IP.String()
	if addr.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	scheme := "http"
	if r.settings.HTTP == "" {
		scheme = "https"
	}
	return fmt.Sprintf("%s://%s", scheme, net.JoinHostPort(host, fmt.Sprint(addr.Port)))
}
