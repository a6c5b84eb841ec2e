package media

// G.711 is done with tables: 256 values to decode, 65,536 bytes to encode, filled when the program starts.
// The tables follow ITU-T G.711 tables 1 and 2 in the arithmetic of the ITU's own software tool library
// (G.191): a negative value is complemented, not negated, so both halves of the curve have the same steps.
var (
	mulawDecode, alawDecode [256]int16
	mulawEncode, alawEncode [1 << 16]byte
)

func init() {
	for i := range 256 {
		mulawDecode[i] = mulawExpand(byte(i))
		alawDecode[i] = alawExpand(byte(i))
	}
	for i := range 1 << 16 {
		mulawEncode[i] = mulawCompress(int16(uint16(i)))
		alawEncode[i] = alawCompress(int16(uint16(i)))
	}
}

// String is the name of the codec in SDP.
func (c Codec) String() string {
	switch c {
	case PCMU:
		return "PCMU"
	case PCMA:
		return "PCMA"
	case G722:
		return "G722"
	}
	return "unknown codec"
}

// Companded tells whether c is G.711: each byte is a sample and stands for itself, so what is encoded once can be sent
// to everybody.
func (c Codec) Companded() bool { return c == PCMU || c == PCMA }

// Silence is the byte that a sample of value 0 becomes.
func (c Codec) Silence() byte {
	if c == PCMA {
		return 0xD5
	}
	return 0xFF
}

// Encode writes the 160 bytes of f to dst, which must have room for them. It is G.711's; anything that is not PCMA is PCMU.
func (c Codec) Encode(dst []byte, f *Frame) {
	dst = dst[:Samples]
	table := &mulawEncode
	if c == PCMA {
		table = &alawEncode
	}
	for i := range f {
		dst[i] = table[uint16(f[i])]
	}
}

// Decode reads up to 160 bytes of G.711; what src is too short for is silence.
func (c Codec) Decode(f *Frame, src []byte) {
	table := c.decodeTable()
	n := min(len(src), Samples)
	for i, b := range src[:n] {
		f[i] = table[b]
	}
	clear(f[n:])
}

func (c Codec) decodeTable() *[256]int16 {
	if c == PCMA {
		return &alawDecode
	}
	return &mulawDecode
}

// mulawCompress takes the upper 14 of 16 bits, as G.711 table 2 does.
func mulawCompress(v int16) byte {
	sign := byte(0x80)
	m := int(v) >> 2
	if v < 0 {
		sign, m = 0, int(^v)>>2
	}
	m = min(m+33, 0x1FFF)
	segment := 1
	for s := m >> 6; s != 0; s >>= 1 {
		segment++
	}
	high := 8 - segment
	low := 15 - (m>>segment)&0x0F
	return sign | byte(high<<4) | byte(low)
}

func mulawExpand(b byte) int16 {
	u := ^b
	v := (int(u&0x0F)<<3 + 0x84) << (u >> 4 & 7)
	v -= 0x84
	if b&0x80 == 0 {
		v = -v
	}
	return int16(v)
}

// alawCompress takes the upper 12 of 16 bits, as G.711 table 1 does.
func alawCompress(v int16) byte {
	sign := byte(0x80)
	m := int(v) >> 4
	if v < 0 {
		sign, m = 0, int(^v)>>4
	}
	if m > 15 {
		exponent := 1
		for m > 31 {
			m >>= 1
			exponent++
		}
		m = m - 16 + exponent<<4
	}
	return (sign | byte(m)) ^ 0x55
}

func alawExpand(b byte) int16 {
	a := b ^ 0x55
	v := int(a&0x0F)<<4 + 8
	if e := a >> 4 & 7; e > 0 {
		v = (v + 0x100) << (e - 1)
	}
	if a&0x80 == 0 {
		v = -v
	}
	return int16(v)
}
