package phonetest

import (
	"context"
	"strings"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/simleg"
)

// registered dials SIP addresses: those of the House's domain are its own phones.
type registered struct {
	*simleg.Dialer
	h *House
}

func (d registered) Dial(ctx context.Context, to leg.Target, o leg.Options) (leg.Leg, error) {
	to.Phone = d.h.own(to.URI)
	if to.Username != "" {
		d.h.mu.Lock()
		d.h.signs[to.URI] = to.Username + ":" + to.Password
		d.h.mu.Unlock()
	}
	return d.Dialer.Dial(ctx, to, o)
}

// Credentials are the name and the password, with a colon between, with which the last call to a SIP address would have proved
// who calls; "" is none.
func (h *House) Credentials(uri string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.signs[uri]
}

// own is the phone at a SIP address of the House's domain, as user@domain; "" for all others.
func (h *House) own(uri string) string {
	address, sip := strings.CutPrefix(uri, "sip:")
	if !sip || h.domain == "" || !strings.HasSuffix(address, "@"+h.domain) {
		return ""
	}
	return address
}
