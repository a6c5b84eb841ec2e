package intake

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/kaden-project/kaden/alert"
)

// refusal is why a body can never be read.
type refusal struct {
	status     int
	text, hint string
	mild       bool // nothing came, or not all of it: the sender knows that, and most come again
}

// mostKept is how much is kept of what is refused.
const mostKept = 64 << 10

// unreadable refuses what cannot be read, and makes an alert of it first: most senders do not repeat what was answered
// with a 4xx, and what they wanted to say may be that the house is on fire. It is an alert of the same source, so the same
// people hear of it. If it cannot be stored the sender is told to come again instead.
func (d *Door) unreadable(w http.ResponseWriter, r *http.Request, source alert.Source, raw []byte, no *refusal, now time.Time) {
	d.log.Warn("delivery refused", "from", source.Name, "cause", no.text) // what was sent is not for the log
	if saysNothing(r, raw) {
		refuse(w, no.status, no.text, no.hint)
		return
	}
	about := alert.Fallback(source.Name, source.Kind, raw, errors.New(no.text))
	if no.mild {
		about.Severity = alert.Warning
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), d.cfg.AcceptTime)
	defer cancel()
	receipt, err := d.cfg.Acceptor.Accept(ctx, alert.Delivery{
		// Its name is not the sender's: what is sent again under the same Idempotency-Key, mended, is another delivery.
		ID:     "refused:" + hash(raw),
		Hashed: true,
		Source: source.Name, Kind: source.Kind, Raw: raw[:min(len(raw), mostKept)], Header: keptHeader(r.Header),
		Remote: remote(r), ReceivedAt: now, Alerts: []alert.Alert{about},
	})
	if err != nil {
		d.notStored(w, source.Name, err)
		return
	}
	refuse(w, no.status, no.text, no.hint, receipt.Alerts...)
}

// saysNothing tells whether a request cannot have been an alert: a look at the address from a browser, a probe. An empty
// POST may be one whose template is broken.
func saysNothing(r *http.Request, raw []byte) bool {
	switch r.Method {
	case http.MethodPost:
		return false
	case http.MethodGet, http.MethodPut, http.MethodPatch:
		return len(raw) == 0
	}
	return true
}
