package smpp

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/kaden-project/kaden/message"
)

// Codings of a text (data_coding, 5.2.19).
const (
	codingGSM    = 0x00 // the SMSC's default, which is GSM's alphabet, an octet for each place
	codingASCII  = 0x01
	codingLatin1 = 0x03
	codingUCS2   = 0x08
)

const escape = 0x1b

var (
	gsmCode = map[rune][]byte{} // how a character is written
	gsmRune [128]rune           // what a code means
	gsmMore = map[byte]rune{}   // … after an escape
)

func init() {
	code := byte(0)
	for _, r := range message.GSM7 {
		if code == escape {
			code++
		}
		gsmCode[r], gsmRune[code] = []byte{code}, r
		code++
	}
	gsmRune[escape] = ' ' // one that leads nowhere (3GPP TS 23.038, 6.2.1)
	i := 0
	for _, r := range message.GSM7Extended {
		second := message.GSM7ExtendedCodes[i]
		gsmCode[r], gsmMore[second] = []byte{escape, second}, r
		i++
	}
}

// encode writes a text in GSM's alphabet where that has all its characters, else in UTF-16.
func encode(text string) (coding byte, b []byte) {
	for _, r := range text {
		c, ok := gsmCode[r]
		if !ok {
			return codingUCS2, encodeUTF16(text)
		}
		b = append(b, c...)
	}
	return codingGSM, b
}

func encodeUTF16(text string) (b []byte) {
	for _, u := range utf16.Encode([]rune(text)) {
		b = binary.BigEndian.AppendUint16(b, u)
	}
	return b
}

// decode reads a text; false is a coding that holds none, or one that nobody here reads.
func decode(coding byte, b []byte) (string, bool) {
	switch {
	case coding == codingGSM || coding&0xf4 == 0xf0 || coding&0xfc == 0x10: // with or without a class (3GPP TS 23.038, 4)
		return decodeGSM(b), true
	case coding == codingASCII || coding == codingLatin1:
		r := make([]rune, len(b))
		for i, c := range b {
			r[i] = rune(c)
		}
		return clean(string(r)), true
	case coding == codingUCS2 || coding&0xfc == 0x18:
		u := make([]uint16, len(b)/2)
		for i := range u {
			u[i] = binary.BigEndian.Uint16(b[2*i:])
		}
		return clean(string(utf16.Decode(u))), true
	}
	return "", false
}

func decodeGSM(b []byte) string {
	var s strings.Builder
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c > 127:
			s.WriteRune(utf8.RuneError)
		case c == escape && i+1 < len(b) && gsmMore[b[i+1]] != 0:
			i++
			s.WriteRune(gsmMore[b[i]])
		default:
			s.WriteRune(gsmRune[c])
		}
	}
	return clean(s.String())
}

// clean takes out what no text has, and no database keeps.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != '\f' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}
