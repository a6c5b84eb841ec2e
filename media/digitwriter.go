package media

import "strings"

// How keys are pressed: as long as the shortest that every detector takes (ITU-T Q.24 asks for 40 ms), and then some.
const (
	pressFrames = 5  // 100 ms
	gapFrames   = 5  // 100 ms, in which the end packet is sent twice more
	shortPause  = 25 // w, 0.5 s
	longPause   = 50 // W, 1 s
	endPackets  = 3  // RFC 4733 section 2.5.1.4
	pressVolume = 10 // -dBm0
)

// DigitWriter spells a string of digits as RFC 4733 packets, one step for each 20 ms of RTP.
type DigitWriter struct {
	digits string
	step   int    // within the first of digits
	start  uint32 // RTP timestamp of its press
}

// DigitStep is what to send in the place of 20 ms of sound.
type DigitStep struct {
	Send      bool        // false: nothing but ordinary sound
	Marker    bool        // RTP marker bit: a press begins
	Timestamp uint32      // RTP timestamp: that of the beginning of the press
	Packet    DigitPacket // payload
}

// NewDigitWriter takes digits as [CheckDigits] allows them.
func NewDigitWriter(digits string) (*DigitWriter, error) {
	if err := CheckDigits(digits); err != nil {
		return nil, err
	}
	upper := func(r rune) rune {
		if 'a' <= r && r <= 'd' {
			r += 'A' - 'a'
		}
		return r
	}
	return &DigitWriter{digits: strings.Map(upper, digits)}, nil
}

// Next is called once for each 20 ms with the RTP timestamp that sound sent now would have. It answers
// false when all is sent; the step is then an ordinary one.
func (w *DigitWriter) Next(timestamp uint32) (s DigitStep, more bool) {
	if w.digits == "" {
		return DigitStep{}, false
	}
	length := pressFrames + gapFrames
	switch w.digits[0] {
	case 'w':
		length = shortPause
	case 'W':
		length = longPause
	default:
		s = w.press(timestamp)
	}
	if w.step++; w.step >= length {
		w.digits, w.step = w.digits[1:], 0
	}
	return s, true
}

func (w *DigitWriter) press(timestamp uint32) DigitStep {
	if w.step == 0 {
		w.start = timestamp
	}
	if w.step >= pressFrames+endPackets-1 {
		return DigitStep{}
	}
	return DigitStep{
		Send:      true,
		Marker:    w.step == 0,
		Timestamp: w.start,
		Packet: DigitPacket{
			Event:    byte(strings.IndexByte(Digits, w.digits[0])),
			End:      w.step >= pressFrames-1,
			Volume:   pressVolume,
			Duration: uint16(min(w.step+1, pressFrames) * Samples),
		},
	}
}
