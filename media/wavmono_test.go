package media

import (
	"bytes"
	"encoding/binary"
	"testing"
)

func TestTwoChannelsAreMixedDownToOne(t *testing.T) {
	two := AppendWAVChannels(nil, []int16{1000, -1000, 32767, -32768, 5}, []int16{3000, 1000, 32767, -32768, 6})
	got, err := MonoWAV(two)
	if want := AppendWAV(nil, []int16{2000, 0, 32767, -32768, 5}); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%v\n got %v\nwant %v", err, got, want)
	}
	if again, err := MonoWAV(got); err != nil || !bytes.Equal(again, got) {
		t.Errorf("one channel: %v, %v", again, err)
	}
	if cut, err := MonoWAV(two[:len(two)-3]); err != nil || len(cut) != 44+2*4 {
		t.Errorf("a file that was cut short: %d bytes, %v", len(cut), err)
	}
	for name, spoil := range map[string]func(b []byte) []byte{
		"nothing": func([]byte) []byte { return nil }, "another kind": func(b []byte) []byte { copy(b, "FORM"); return b },
		"floats": func(b []byte) []byte { b[20] = 3; return b }, "8 bits": func(b []byte) []byte { b[34] = 8; return b },
		"44.1 kHz": func(b []byte) []byte { binary.LittleEndian.PutUint32(b[24:], 44100); return b }, "no channel": func(b []byte) []byte { b[22] = 0; return b },
	} {
		if _, err := MonoWAV(spoil(bytes.Clone(two))); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
