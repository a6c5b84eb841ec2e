package media

import "testing"

// The decision values of G.711: where one code ends and the next begins, for positive values, as tables 1
// and 2 of the recommendation give them (8 segments of 16 steps; the first and last of each segment stand
// in the tables, the steps within are equal).
func decisionValues(law Codec) []int {
	var v []int
	if law == PCMA {
		// Table 1a: 0 64 128 256 512 1024 2048 4096, on a scale where full is 4096 (12 bits and sign are 16 times that).
		for _, seg := range [][2]int{{0, 2}, {32, 2}, {64, 4}, {128, 8}, {256, 16}, {512, 32}, {1024, 64}, {2048, 128}} {
			for i := range 16 {
				v = append(v, (seg[0]+i*seg[1])*8)
			}
		}
		return v
	}
	// Table 2a: 0 1 3 … 31 35 … 95 103 … 223 239 … 479 511 … 991 1055 … 2015 2143 … 4063 4319 … 8159, full is 8159 (14 bits).
	v = append(v, 0)
	for i := range 15 {
		v = append(v, (1+2*i)*4)
	}
	for _, seg := range [][2]int{{31, 4}, {95, 8}, {223, 16}, {479, 32}, {991, 64}, {2015, 128}, {4063, 256}} {
		for i := range 16 {
			v = append(v, (seg[0]+i*seg[1])*4)
		}
	}
	return v
}

func TestEncodingFollowsTheDecisionValuesOfG711(t *testing.T) {
	for _, law := range []Codec{PCMU, PCMA} {
		values := decisionValues(law)
		if len(values) != 128 {
			t.Fatalf("%v: %d decision values", law, len(values))
		}
		code := 0
		for v := range 1 << 15 {
			for code+1 < 128 && v >= values[code+1] {
				code++
			}
			positive, negative := byte(0x80|code), byte(code)
			if law == PCMU {
				positive, negative = ^byte(code), ^byte(code)&0x7F // table 2: all bits inverted, the sign 1 for positive
			} else {
				positive, negative = positive^0x55, negative^0x55 // table 1: even bits inverted
			}
			if got := encodeOne(law, int16(v)); got != positive {
				t.Fatalf("%v of %d is %#x, want %#x", law, v, got, positive)
			}
			if got := encodeOne(law, ^int16(v)); got != negative {
				t.Fatalf("%v of %d is %#x, want %#x", law, ^v, got, negative)
			}
		}
	}
}

func TestDecodingGivesTheMiddleOfEachStep(t *testing.T) {
	for _, law := range []Codec{PCMU, PCMA} {
		values := decisionValues(law)
		end := map[Codec]int{PCMU: 8159 * 4, PCMA: 4096 * 8}[law]
		for code, from := range values {
			to := end
			if code < 127 {
				to = values[code+1]
			}
			want := (from + to) / 2
			if law == PCMU && code == 0 {
				want = 0 // table 2b: the first value is 0
			}
			b := ^byte(code)
			if law == PCMA {
				b = byte(0x80|code) ^ 0x55
			}
			if got := int(law.decodeTable()[b]); got != want {
				t.Errorf("%v code %d: %d, want %d", law, code, got, want)
			}
			if got := int(law.decodeTable()[b^0x80]); got != -want {
				t.Errorf("%v code -%d: %d, want %d", law, code, got, -want)
			}
		}
	}
}

func encodeOne(c Codec, v int16) byte {
	var f Frame
	var b [Samples]byte
	f[77] = v
	c.Encode(b[:], &f)
	return b[77]
}

func TestEveryCodeSurvivesDecodingAndEncoding(t *testing.T) {
	for _, law := range []Codec{PCMU, PCMA} {
		for b := range 256 {
			v := law.decodeTable()[b]
			got := encodeOne(law, v)
			if law == PCMU && b == 0x7F {
				continue // minus zero comes back as plus zero
			}
			if got != byte(b) {
				t.Errorf("%v %#x decodes to %d, which is %#x", law, b, v, got)
			}
		}
		if got := encodeOne(law, 0); got != law.Silence() {
			t.Errorf("%v silence is %#x, want %#x", law, law.Silence(), got)
		}
	}
	if PCMU.String() != "PCMU" || PCMA.String() != "PCMA" || Codec(18).Companded() || Codec(18).String() != "unknown codec" {
		t.Error("names")
	}
}

func TestDecodingAShortPayloadEndsInSilence(t *testing.T) {
	f := Frame{5: 1, 100: 1000}
	PCMA.Decode(&f, []byte{0x2A})
	if f[0] == 0 || f[5] != 0 || f[100] != 0 {
		t.Errorf("%v", f[:8])
	}
}

func BenchmarkEncode(b *testing.B) {
	var f Frame
	var out [Samples]byte
	for b.Loop() {
		PCMU.Encode(out[:], &f)
	}
}

func BenchmarkDecode(b *testing.B) {
	var f Frame
	var in [Samples]byte
	for b.Loop() {
		PCMU.Decode(&f, in[:])
	}
}
