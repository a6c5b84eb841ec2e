package call

import "github.com/kaden-project/kaden/leg"

// holds has room for the last word on holding; an older one that nobody has read gives way.
type holds chan bool

func newHolds() holds { return make(chan bool, 1) }

// say leaves a word. There is one who says.
func (h holds) say(on bool) {
	select {
	case <-h:
	default:
	}
	h <- on
}

// hold tells the far end that who it talks to holds, or is back, if it is a phone of ours: it shows that, and need not
// send what nobody hears. Carriers are told nothing, for many end a call over it; they hear music or silence as everybody.
func (c *Call) hold(on bool) {
	if h, ok := c.leg.(leg.Holder); ok && c.leg.Info().Phone != "" && c.onHold != on {
		c.onHold = on
		if err := h.Hold(on); err != nil {
			c.log.Debug("hold not passed on", "err", err)
		}
	}
}
