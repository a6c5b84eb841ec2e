package media

import (
	"errors"
	"fmt"
	"strings"
)

// Digits are the keys of a telephone in the order of their RFC 4733 event codes.
const Digits = "0123456789*#ABCD"

// DigitPacket is the payload of one RTP packet that says that a key is held down (RFC 4733 section 2.3).
type DigitPacket struct {
	Event    byte   // index in Digits; more than 15 is no key
	End      bool   // the key was released
	Volume   uint8  // -dBm0, 0 to 63
	Duration uint16 // so far, in timestamp units (1/8000 s)
}

// ErrShortDigit is what [DigitPacket.Parse] says of a payload with less than four bytes.
var ErrShortDigit = errors.New("telephone-event payload is shorter than 4 bytes")

// Parse reads a payload. Bytes after the fourth are another event in the same packet, which nobody sends
// for keys; they are left alone.
func (p *DigitPacket) Parse(b []byte) error {
	if len(b) < 4 {
		return ErrShortDigit
	}
	p.Event = b[0]
	p.End = b[1]&0x80 != 0
	p.Volume = b[1] & 0x3F
	p.Duration = uint16(b[2])<<8 | uint16(b[3])
	return nil
}

// Append adds the four bytes of the payload to b.
func (p DigitPacket) Append(b []byte) []byte {
	flags := p.Volume & 0x3F
	if p.End {
		flags |= 0x80
	}
	return append(b, p.Event, flags, byte(p.Duration>>8), byte(p.Duration))
}

// Digit is the key, and whether the event is one.
func (p DigitPacket) Digit() (key byte, ok bool) {
	if int(p.Event) >= len(Digits) {
		return 0, false
	}
	return Digits[p.Event], true
}

// CheckDigits tells what is wrong with digits as Twilio's SendDigits understands it: 0-9 * # A-D,
// w for a pause of 0.5 s and W for one of 1 s.
func CheckDigits(digits string) error {
	for i, r := range digits {
		if r != 'w' && r != 'W' && !strings.ContainsRune(Digits+"abcd", r) {
			return fmt.Errorf("digit %d is %q: only 0-9 * # A-D, w (0.5 s) and W (1 s) can be sent", i+1, r)
		}
	}
	return nil
}
