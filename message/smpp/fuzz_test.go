package smpp

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/message"
)

// Whatever comes over the line is read or refused; what was read is written as it is read again.
func FuzzPDU(f *testing.F) {
	m := short{From: mobile, To: ours, Class: classHeader, Coding: codingUCS2, Text: []byte{5, 0, 3, 1, 2, 1, 0, 'x'}, More: map[tag][]byte{tagPayload: []byte("p"), tagSARTotal: {2}}}
	f.Add(pdu{Command: deliverSM, Seq: 1, Body: m.bytes()}.bytes())
	f.Add(pdu{Command: deliverSM, Seq: 2, Body: short{Class: classReceipt, Text: []byte("id:1 stat:UNDELIV err:001 text:x")}.bytes()}.bytes())
	f.Add(pdu{Command: submitSM | answers, Status: statusThrottled, Seq: 3}.bytes())
	f.Add([]byte{0, 0, 0, 15})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := readPDU(bytes.NewReader(b))
		if err != nil {
			return
		}
		if again := p.bytes(); !bytes.Equal(again, b[:len(again)]) {
			t.Fatalf("%x is written %x", b, again)
		}
		readName(p.Body)
		m, err := readShort(p.Body)
		if err != nil {
			return
		}
		if again, err := readShort(m.bytes()); err != nil || !reflect.DeepEqual(again, m) {
			t.Fatalf("%+v is read again as %+v (%v)", m, again, err)
		}
		if r, ok := readReceipt(m, "x"); ok && (r.Name == "" || len(r.Names()) == 0) {
			t.Fatalf("a receipt for nobody: %+v", r)
		}
		piece := readPart(m)
		if piece.n < 1 || piece.n > piece.total || piece.total > 255 {
			t.Fatalf("piece %d of %d", piece.n, piece.total)
		}
		key := thread{ref: piece.ref, total: piece.total, coding: m.Coding}
		all := table{}
		if _, whole := all.put(key, piece, time.Time{}); whole != (piece.total == 1) {
			t.Fatalf("one piece of %d is whole: %v", piece.total, whole)
		}
		if text, _ := decode(m.Coding, piece.text); strings.ContainsRune(text, 0) {
			t.Fatalf("%q is kept in no database", text)
		}
	})
}

// What is written in either coding is read as it was, and is as long as it is counted.
func FuzzText(f *testing.F) {
	for _, s := range []string{"disk full on db01", "{€}", "ディスクが一杯です", "🚨", strings.Repeat("a", 161), "Δ@\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = clean(strings.ToValidUTF8(s, "?"))
		coding, b := encode(s)
		if got, ok := decode(coding, b); !ok || got != s {
			t.Fatalf("%q is read as %q", s, got)
		}
		if one := message.Segments(s) == 1; one != (coding == codingGSM && len(b) <= 160 || coding == codingUCS2 && len(b) <= 140) {
			t.Fatalf("%q takes %d octets in coding %d, and is one segment: %v", s, len(b), coding, one)
		}
	})
}
