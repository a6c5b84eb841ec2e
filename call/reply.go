package call

import (
	"maps"
	"strings"

	"github.com/kaden-project/kaden/leg"
)

// reply is what a SIP phone that we have called has said of itself.
type reply struct {
	callID  string
	headers map[string]string // X-… of its final answer
}

// replied notes the answer of a phone, or its refusal.
func (c *Call) replied(l leg.Leg, e leg.Event) {
	if _, sip := cutScheme(c.rec.To, "sip", "sips"); sip && c.rec.Direction != Inbound {
		c.reply.Store(&reply{callID: l.Info().CallID, headers: maps.Clone(e.Headers)})
	}
}

// Reply is the Call-ID of a call to a SIP address, and the X-… headers of the far end's final answer to it; "" and nil
// where it has not answered yet.
func (c *Call) Reply() (callID string, headers map[string]string) {
	r := c.reply.Load()
	if r == nil {
		return "", nil
	}
	told := map[string]string{}
	for name, value := range r.headers {
		if len(name) > 2 && strings.EqualFold(name[:2], "x-") {
			told[name] = value
		}
	}
	return r.callID, told
}
