package media

import (
	"bytes"
	"strings"
	"testing"
)

func TestDigitPacketIsReadAsRFC4733WritesIt(t *testing.T) {
	var p DigitPacket
	if err := p.Parse([]byte{11, 0x8A, 0x03, 0x20}); err != nil {
		t.Fatal(err)
	}
	if want := (DigitPacket{Event: 11, End: true, Volume: 10, Duration: 800}); p != want {
		t.Errorf("got %+v, want %+v", p, want)
	}
	if key, ok := p.Digit(); key != '#' || !ok {
		t.Errorf("key %c", key)
	}
	if err := p.Parse([]byte{1, 2, 3}); err != ErrShortDigit {
		t.Errorf("three bytes: %v", err)
	}
	if _, ok := (DigitPacket{Event: 16}).Digit(); ok {
		t.Error("a hook flash is no key")
	}
}

func FuzzDigitPacket(f *testing.F) {
	f.Add([]byte{11, 0x8A, 0x03, 0x20})
	f.Fuzz(func(t *testing.T, b []byte) {
		var p DigitPacket
		if p.Parse(b) != nil {
			return
		}
		want := []byte{b[0], b[1] &^ 0x40, b[2], b[3]} // the reserved bit is not kept
		if got := p.Append(nil); !bytes.Equal(got, want) {
			t.Errorf("%x came back as %x", want, got)
		}
	})
}

// press is one step of a keypad story: its packet, or a tick without one.
type press struct {
	ts   uint32
	p    DigitPacket
	tick bool
}

func TestDigitReaderTellsEachPressOnce(t *testing.T) {
	down := func(ts uint32, event byte, duration uint16) press {
		return press{ts: ts, p: DigitPacket{Event: event, Duration: duration}}
	}
	up := func(ts uint32, event byte, duration uint16) press {
		return press{ts: ts, p: DigitPacket{Event: event, Duration: duration, End: true}}
	}
	tick := press{tick: true}
	for _, tt := range []struct {
		name  string
		steps []press
		want  string
	}{
		{"pressed, released, end sent three times", []press{down(1000, 5, 160), down(1000, 5, 320), up(1000, 5, 480), up(1000, 5, 480), up(1000, 5, 480)}, "5"},
		{"only one end packet arrives", []press{up(1000, 5, 800)}, "5"},
		{"the same key twice", []press{up(1000, 5, 800), up(1000, 5, 800), down(2600, 5, 160), up(2600, 5, 800)}, "55"},
		{"the ends are lost, another key follows", []press{down(1000, 1, 160), down(2600, 2, 160), up(2600, 2, 800)}, "12"},
		{"both arrive with one packet", []press{down(1000, 1, 160), up(2600, 2, 800)}, "12"},
		{"the ends are lost, nothing follows", []press{down(1000, 1, 160), tick, tick, tick, tick, tick, tick, tick}, "1"},
		{"the end comes after all", []press{down(1000, 1, 160), tick, tick, tick, tick, tick, tick, up(1000, 1, 800)}, "1"},
		{"held for a second with a packet each 60 ms", []press{down(1000, 1, 480), tick, tick, tick, down(1000, 1, 960), tick, tick, tick, down(1000, 1, 1440), tick, tick, tick, up(1000, 1, 1920)}, "1"},
		{"packets out of order", []press{down(1000, 3, 320), up(1000, 3, 480), down(1000, 3, 160)}, "3"},
		{"a straggler of the press before", []press{up(1000, 3, 480), up(3000, 4, 480), up(1000, 3, 480)}, "34"},
		{"a gateway that moves the timestamp on", []press{down(1000, 7, 160), down(1160, 7, 320), down(1320, 7, 480), up(1480, 7, 480), up(1640, 7, 480)}, "7"},
		{"a press of ten seconds in two segments", []press{down(0, 9, 0xFF00), down(0, 9, 0xFFFF), down(0xFFFF, 9, 160), up(0xFFFF, 9, 14_465)}, "9"},
		{"timestamps that wrap round", []press{down(0xFFFFFF00, 2, 160), up(0xFFFFFF00, 2, 320), down(700, 2, 160), up(700, 2, 320)}, "22"},
		{"a hook flash", []press{up(1000, 16, 800)}, ""},
		{"star, hash and the fourth column", []press{up(1000, 10, 800), up(3000, 11, 800), up(5000, 12, 800), up(7000, 15, 800)}, "*#AD"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r DigitReader
			var got strings.Builder
			for _, s := range tt.steps {
				if s.tick {
					if d, ok := r.Tick(); ok {
						got.WriteByte(d)
					}
					continue
				}
				got.Write(r.Packet(s.ts, s.p.Append(nil)))
			}
			if got.String() != tt.want {
				t.Errorf("heard %q, want %q", got.String(), tt.want)
			}
		})
	}
}

func TestDigitReaderIgnoresGarbageAndForgetsOnReset(t *testing.T) {
	var r DigitReader
	if got := r.Packet(1, []byte{1}); len(got) != 0 {
		t.Errorf("%q", got)
	}
	r.Packet(1000, DigitPacket{Event: 1, Duration: 160}.Append(nil))
	r.Reset()
	for range 20 {
		if _, ok := r.Tick(); ok {
			t.Error("a digit of the stream before")
		}
	}
}

func TestWhatTheWriterSpellsTheReaderHears(t *testing.T) {
	w, err := NewDigitWriter("1w2#*aD00W9")
	if err != nil {
		t.Fatal(err)
	}
	var r DigitReader
	var heard strings.Builder
	ts, steps, ends, marks := uint32(0xFFFFF000), 0, 0, 0
	for {
		s, more := w.Next(ts)
		if !more {
			break
		}
		if s.Send {
			if s.Packet.End {
				ends++
			}
			if s.Marker {
				marks++
				if s.Timestamp != ts {
					t.Errorf("a press begins at %d, not now, %d", s.Timestamp, ts)
				}
			}
			if int(ts-s.Timestamp) > 6*Samples {
				t.Errorf("a packet %d units after its press", ts-s.Timestamp)
			}
			heard.Write(r.Packet(s.Timestamp, s.Packet.Append(nil)))
		}
		ts += Samples
		steps++
	}
	if heard.String() != "12#*AD009" {
		t.Errorf("heard %q", heard.String())
	}
	if marks != 9 || ends != 27 {
		t.Errorf("%d presses with %d end packets, want 9 with 27", marks, ends)
	}
	if want := 9*10 + 25 + 50; steps != want {
		t.Errorf("took %d steps of 20 ms, want %d", steps, want)
	}
}

func TestOnlyKeysAndPausesCanBeSent(t *testing.T) {
	if _, err := NewDigitWriter("12x"); err == nil || !strings.Contains(err.Error(), `digit 3 is 'x'`) {
		t.Errorf("%v", err)
	}
	w, err := NewDigitWriter("")
	if err != nil {
		t.Fatal(err)
	}
	if _, more := w.Next(0); more {
		t.Error("nothing has a step")
	}
}
