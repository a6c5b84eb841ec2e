package media

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"
)

func TestReportsAreReadAsTheyWereWritten(t *testing.T) {
	block := ReportBlock{About: 7, Fraction: 12, Lost: -3, Highest: 1<<16 | 5, Jitter: 99, LastSR: 0x12345678, Delay: 65536}
	for name, c := range map[string]Control{
		"both ways":         {From: 5, Sender: true, NTP: 1<<63 + 1, RTP: 160, Packets: 50, Bytes: 8000, Told: true, Block: block},
		"nothing was heard": {From: 5, Sender: true, NTP: 3, RTP: 160, Packets: 50, Bytes: 8000},
		"nothing was said":  {From: 5, Told: true, Block: block},
		"neither":           {From: 5},
		"the last":          {From: 5, Told: true, Block: block, Bye: true},
	} {
		for _, who := range []string{"", "k", "kaden", "0123456789abcdef", strings.Repeat("x", 300)} {
			b := c.Append(nil, who)
			if len(b)%4 != 0 || !IsControl(b) {
				t.Errorf("%s: %d bytes", name, len(b))
			}
			if got, ok := ReadControl(b, 7); !ok || got != c {
				t.Errorf("%s, %d bytes of name: %v\ngot  %+v\nwant %+v", name, len(who), ok, got, c)
			}
			other := c
			other.Told, other.Block = false, ReportBlock{}
			if got, ok := ReadControl(b, 8); !ok || got != other {
				t.Errorf("%s: somebody else reads %+v, %v", name, got, ok)
			}
		}
	}
}

// compound writes a packet in hex, without regard to what it means.
func compound(t *testing.T, words string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(words, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestReportsOfOthers(t *testing.T) {
	for _, c := range []struct {
		name, words string
		ok          bool
		told        bool
	}{
		{"a report without a name", "81c90007 00000005 00000007 0c000003 00010005 00000063 00000000 00000000", true, true},
		{"about two, of whom we are the second", "82c9000d 00000005 00000009 00000000 00000000 00000000 00000000 00000000 00000007 0c000003 00010005 00000063 00000000 00000000", true, true},
		{"with an extension (XR) behind it", "81c90007 00000005 00000007 0c000003 00010005 00000063 00000000 00000000 80cf0001 00000005", true, true},
		{"with profile words behind the block", "81c90008 00000005 00000007 0c000003 00010005 00000063 00000000 00000000 11111111", true, true},
		{"empty", "", false, false},
		{"a head alone", "80c90000", false, false},
		{"a name first", "81ca0002 00000005 01000000", false, false},
		{"another version", "41c90007 00000005 00000007 0c000003 00010005 00000063 00000000 00000000", false, false},
		{"longer than it is", "81c90008 00000005 00000007 0c000003 00010005 00000063 00000000 00000000", false, false},
		{"more blocks than there is room for", "9fc90007 00000005 00000007 0c000003 00010005 00000063 00000000 00000000", false, false},
		{"half a sender report", "80c80001 00000005", false, false},
		{"rubbish behind it", "80c90001 00000005 123456", false, false},
	} {
		got, ok := ReadControl(compound(t, c.words), 7)
		if ok != c.ok || ok && (got.From != 5 || got.Told != c.told || c.told && (got.Block.Lost != 3 || got.Block.Fraction != 12 || got.Block.Jitter != 0x63)) {
			t.Errorf("%s: %+v, %v", c.name, got, ok)
		}
	}
}

func TestThereAndBack(t *testing.T) {
	// The example of RFC 3550, figure 2.
	b := ReportBlock{LastSR: 0xb705_2000, Delay: 0x0005_4000}
	at := time.Unix(0xb44d_b710-since1900, int64(500*time.Millisecond))
	if d, ok := b.RoundTrip(at); !ok || d != 6125*time.Millisecond || NTP(at) != 0xb44d_b710_8000_0000 {
		t.Errorf("%v, %v, %x", d, ok, NTP(at))
	}
	sent := time.Unix(1_700_000_000, 123456789)
	for _, c := range []struct {
		took, held time.Duration
		want       time.Duration
		ok         bool
	}{
		{250 * time.Millisecond, 200 * time.Millisecond, 50 * time.Millisecond, true},
		{200 * time.Millisecond, 201 * time.Millisecond, 0, true}, // clocks that are not quite as fast
		{time.Second, 5 * time.Second, 0, false},
		{5 * time.Minute, 0, 0, false},
	} {
		b := ReportBlock{LastSR: uint32(NTP(sent) >> 16), Delay: uint32(c.held << 16 / time.Second)}
		d, ok := b.RoundTrip(sent.Add(c.took))
		if ok != c.ok || ok && (d-c.want > time.Millisecond || c.want-d > time.Millisecond) {
			t.Errorf("%v, of which %v there: %v, %v", c.took, c.held, d, ok)
		}
	}
	if _, ok := (ReportBlock{Delay: 1}).RoundTrip(sent); ok {
		t.Error("a round trip of a report that was never heard")
	}
}

// FuzzControl: whatever is read can be written, and read back the same.
func FuzzControl(f *testing.F) {
	f.Add(Control{From: 5, Sender: true, Told: true, Block: ReportBlock{About: 7}, Bye: true}.Append(nil, "a"), uint32(7))
	f.Add([]byte{0x81, 201, 0, 7, 0, 0, 0, 5, 0, 0, 0, 7, 1, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, uint32(7))
	f.Fuzz(func(t *testing.T, b []byte, ours uint32) {
		c, ok := ReadControl(b, ours)
		if !ok {
			return
		}
		c.Block.RoundTrip(time.Unix(1_700_000_000, 0))
		back, ok := ReadControl(c.Append(nil, "name"), ours)
		if !ok || back != c {
			t.Fatalf("read %+v\nback %+v, %v", c, back, ok)
		}
	})
}
