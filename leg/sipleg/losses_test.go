package sipleg

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/media/mediatest"
)

// TestSpeechAndKeysSurviveALossyNetwork loses packets of the far end: what is heard is still what was said, every key
// counts once, and the record says how much was lost. Time passes by the packet.
func TestSpeechAndKeysSurviveALossyNetwork(t *testing.T) {
	for _, c := range []struct {
		percent int
		least   float64 // score
	}{{0, 0.99}, {5, 0.9}, {10, 0.84}, {20, 0.75}} {
		t.Run(fmt.Sprintf("%d %%", c.percent), func(t *testing.T) {
			m := &memoryLine{}
			s := newSound(m)
			pressed := ""
			s.digit, s.quiet = func(key byte) { pressed += string(rune(key)) }, func() {}
			at := netip.MustParseAddrPort("192.0.2.1:4000")
			s.terms = terms{remote: at, codec: media.PCMU, dtmf: 101, send: true, live: true}
			s.latch.expect(at)
			var heard heardThere
			s.ear.Listen(&heard)

			chance := rand.New(rand.NewPCG(3, uint64(c.percent)))
			var seq uint16
			sent, lost := 0, 0
			says := func(kind byte, ts uint32, payload []byte) {
				b := append([]byte{0x80, kind, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7}, payload...)
				binary.BigEndian.PutUint16(b[2:], seq)
				binary.BigEndian.PutUint32(b[4:], ts)
				seq++
				if sent++; sent > 5 && chance.IntN(100) < c.percent {
					lost++
					return
				}
				m.in = append(m.in, rtpIn{b, at})
				s.take()
			}
			message := warble()
			src := message.Source()
			var f media.Frame
			payload := make([]byte, media.Samples)
			var ts uint32
			for more := true; more; ts += media.Samples {
				more = src.Read(&f)
				media.PCMU.Encode(payload, &f)
				says(0, ts, payload)
				s.Tick(0)
				s.Speak()
			}
			const keys = "1234567890*#"
			w, err := media.NewDigitWriter(keys)
			if err != nil {
				t.Fatal(err)
			}
			for step, more := w.Next(ts); more; step, more = w.Next(ts) {
				if step.Send {
					says(101, step.Timestamp, step.Packet.Append(nil))
				}
				s.Tick(0)
				s.Speak()
				ts += media.Samples
			}
			for range 50 {
				s.Tick(0)
				s.Speak()
			}
			found := mediatest.Find(heard.samples(), message.Samples())
			how := s.measured()
			t.Logf("score %.3f; %v", found.Score, how)
			if found.Score < c.least {
				t.Errorf("the message is found with a score of %.3f, want %.2f", found.Score, c.least)
			}
			if pressed != keys {
				t.Errorf("the keys are %q, want %q", pressed, keys)
			}
			if int(how.Heard) != sent-lost || int(how.Lost) > lost || int(how.Lost) < lost-1 {
				t.Errorf("%d of %d packets were lost; the record says %+v", lost, sent, how)
			}
		})
	}
}
