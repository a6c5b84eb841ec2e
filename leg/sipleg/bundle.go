package sipleg

import "github.com/kaden-project/kaden/media"

// Sound is 20 ms at a time inside the house. Whoever wants packets of another length gets them here, at the edge.

// packetLengths are those that can be agreed on, in ms.
var packetLengths = [...]int{60, 40, 30, 20, 10}

const (
	usualLength = int(media.Period / 1e6)
	perMs       = media.Rate / 1000 // bytes of a codec
	mostSound   = 60 * perMs
)

// fitting is the longest that is not longer than wanted; the shortest is the least.
func fitting(wanted int) int {
	for _, n := range packetLengths {
		if n <= wanted {
			return n
		}
	}
	return packetLengths[len(packetLengths)-1]
}

// bundle gathers sound until a packet is full. What is left when keys are pressed, or when nobody is to hear us, is not
// sent: it is less than a packet.
type bundle struct {
	size   int // of a payload
	packet [12 + mostSound]byte
	held   []byte
	ts     uint32 // of the first of held
	marker bool
}

// rebundle follows what was agreed on; packets of 20 ms need no bundle.
func (s *sound) rebundle(t terms) {
	switch {
	case t.length == 0 || t.length == usualLength:
		s.bundle = nil
		return
	case s.bundle == nil:
		s.bundle = new(bundle)
		copy(s.bundle.packet[:12], s.packet[:12])
	}
	if !t.send || t.codec != s.terms.codec {
		s.bundle.drop()
	}
	s.bundle.size = t.length * perMs
}

func (b *bundle) drop() { b.held, b.marker = b.held[:0], false }

// gather takes 20 ms and sends what is full.
func (s *sound) gather(said media.Said) {
	b := s.bundle
	if len(b.held) == 0 {
		b.ts = said.Timestamp
	}
	b.marker = b.marker || said.Marker
	b.held = append(b.held, s.packet[12:12+said.Len]...)
	for len(b.held) >= b.size {
		copy(b.packet[12:], b.held[:b.size])
		s.send(b.packet[:12+b.size], uint8(s.terms.codec), b.marker, b.ts)
		b.ts += uint32(b.size)
		b.held, b.marker = append(b.held[:0], b.held[b.size:]...), false
	}
}
