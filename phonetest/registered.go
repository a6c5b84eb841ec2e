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
	return d.Dialer.Dial(ctx, to, o)
}

// own is the phone at a SIP address of the House's domain, as user@domain; "" for all others.
func (h *House) own(uri string) string {
	address, sip := strings.CutPrefix(uri, "sip:")
	if !sip || h.domain == "" || !strings.HasSuffix(address, "@"+h.domain) {
		return ""
	}
	return address
}
