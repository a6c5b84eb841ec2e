package media

import (
	"encoding/binary"
	"math"
	"testing"
)

// voice is n samples of something with a pitch, at about -12 dBFS.
func voice(n int) []int16 {
	s := make([]int16, n)
	for i := range s {
		t := float64(i) / Rate
		s[i] = int16(5000*math.Sin(2*math.Pi*125*t) + 3000*math.Sin(2*math.Pi*375*t) + 1000*math.Sin(2*math.Pi*1250*t))
	}
	return s
}

// packets are the µ-law payloads of a sound, size samples each.
func packets(s []int16, size int) [][]byte {
	var out [][]byte
	for at := 0; at+size <= len(s); at += size {
		p := make([]byte, size)
		for i := range p {
			p[i] = mulawEncode[uint16(s[at+i])]
		}
		out = append(out, p)
	}
	return out
}

func level(s []int16) float64 {
	var e float64
	for _, v := range s {
		e += float64(v) * float64(v)
	}
	return math.Sqrt(e / float64(max(1, len(s))))
}

func TestJitterGivesBackWhatWentInWhateverThePacketLength(t *testing.T) {
	sound := voice(8000)
	for _, size := range []int{80, 160, 240, 320, 480} {
		var j Jitter
		const start = 0xFFFFF800 // wraps round on the way
		var got []int16
		next := 0
		ps := packets(sound, size)
		for played := 0; played < 40; played++ {
			for next < len(ps) && next*size <= played*160+size {
				j.Put(start+uint32(next*size), ps[next], PCMU)
				next++
			}
			var f Frame
			if j.Get(&f) {
				got = append(got, f[:]...)
			}
		}
		if len(got) < 36*160 {
			t.Fatalf("%d: only %d frames", size, len(got)/160)
		}
		for i, v := range got {
			if want := mulawDecode[mulawEncode[uint16(sound[i])]]; v != want {
				t.Fatalf("packets of %d: sample %d is %d, want %d", size, i, v, want)
			}
		}
		if s := j.Stats(); s.Late != 0 || s.Concealed != 0 || s.Dropped != 0 {
			t.Errorf("packets of %d: %+v", size, s)
		}
	}
}

func TestJitterPutsPacketsInOrderAndForgetsDuplicates(t *testing.T) {
	sound := voice(16000)
	ps := packets(sound, 160)
	var j Jitter
	var got []int16
	put := func(i int) { j.Put(uint32(i*160), ps[i], PCMU) }
	for i := 0; i+1 < len(ps); i += 2 {
		put(i + 1)
		put(i)
		put(i)
		for range 2 {
			var f Frame
			if j.Get(&f) {
				got = append(got, f[:]...)
			}
		}
	}
	for i, v := range got {
		if want := mulawDecode[mulawEncode[uint16(sound[i])]]; v != want {
			t.Fatalf("sample %d of %d is %d, want %d", i, len(got), v, want)
		}
	}
	if len(got) < 15000 {
		t.Errorf("only %d samples", len(got))
	}
}

func TestALostPacketIsConcealedByWhatWasBefore(t *testing.T) {
	sound := voice(8000)
	ps := packets(sound, 160)
	var j Jitter
	var got []int16
	for i, p := range ps {
		if i != 20 {
			j.Put(uint32(i*160), p, PCMU)
		}
		var f Frame
		if j.Get(&f) {
			got = append(got, f[:]...)
		}
	}
	if s := j.Stats(); s.Concealed != 1 {
		t.Fatalf("%+v", s)
	}
	hole, before := got[20*160:21*160], got[19*160:20*160]
	if l, want := level(hole), level(before); l < want/2 || l > want*1.1 {
		t.Errorf("the hole has level %.0f, the sound before it %.0f", l, want)
	}
	// A voice of 125 Hz goes on in phase, so what is made up resembles what was lost.
	if c := likeness(hole, sound[20*160:21*160]); c < 0.9 {
		t.Errorf("made up sound resembles the lost one by %.2f", c)
	}
	for i := 22 * 160; i < len(got); i++ {
		if want := mulawDecode[mulawEncode[uint16(sound[i])]]; got[i] != want {
			t.Fatalf("after the hole sample %d is %d, want %d", i, got[i], want)
		}
	}
}

func likeness(a, b []int16) float64 {
	var ab, aa, bb float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	return ab / math.Sqrt(aa*bb)
}

func TestWhenNothingComesTheSoundFadesOutAndStartsAnew(t *testing.T) {
	ps := packets(voice(8000), 160)
	var j Jitter
	var f Frame
	for i := range 10 {
		j.Put(uint32(i*160), ps[i], PCMU)
		j.Get(&f)
	}
	heard := 0
	for range 30 {
		if j.Get(&f) {
			heard++
		}
	}
	if heard > 12 || f != (Frame{}) {
		t.Errorf("still sound after %d frames", heard)
	}
	for i := range 3 { // a new talk spurt, a minute later by its timestamp
		j.Put(uint32(480_000+i*160), ps[i], PCMU)
	}
	if !j.Get(&f) || level(f[:]) < 1000 {
		t.Error("does not start again")
	}
}

func TestAStallMakesTheDelayGrowAndQuietTimesMakeItShrink(t *testing.T) {
	ps := packets(voice(8000*20), 160)
	var j Jitter
	var f Frame
	sent := 0
	send := func(n int) {
		for range n {
			j.Put(uint32(sent*160), ps[sent], PCMU)
			sent++
		}
	}
	depth := func() int { return int(j.top - j.next) }
	for range 50 {
		send(1)
		j.Get(&f)
	}
	normal := depth()
	for range 5 {
		j.Get(&f) // the network stalls for 100 ms …
	}
	send(5) // … and then delivers all at once
	for range 10 {
		send(1)
		j.Get(&f)
	}
	if grown := depth(); grown <= normal || grown > maxDepth {
		t.Errorf("depth %d before, %d after the stall", normal, grown)
	}
	for range 800 {
		send(1)
		j.Get(&f)
	}
	if d := depth(); d > startDepth+Samples {
		t.Errorf("depth %d after 16 s of calm", d)
	}
	if s := j.Stats(); s.Late != 0 {
		t.Errorf("%+v", s)
	}
}

func TestAnotherStreamIsTakenAtItsSecondPacket(t *testing.T) {
	ps := packets(voice(8000), 160)
	var j Jitter
	var f Frame
	for i := range 10 {
		j.Put(uint32(i*160), ps[i], PCMU)
		j.Get(&f)
	}
	for i := range 4 {
		j.Put(uint32(3_000_000_000+i*160), ps[20+i], PCMA)
	}
	if !j.Get(&f) || j.Stats().Resets == 0 || j.codec != PCMA {
		t.Errorf("%+v", j.Stats())
	}
	j.Reset()
	if j.Get(&f) {
		t.Error("sound after Reset")
	}
}

func TestJitterAllocatesNothing(t *testing.T) {
	ps := packets(voice(8000), 160)
	var j Jitter
	var f Frame
	i := 0
	n := testing.AllocsPerRun(1000, func() {
		if i%7 != 0 {
			j.Put(uint32(i*160), ps[i%len(ps)], PCMU)
		}
		j.Get(&f)
		i++
	})
	if n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

// FuzzJitter: whatever comes, the buffer holds at most what it promises, its counts add up, and a good
// stream that follows is heard.
func FuzzJitter(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 0, 160, 1, 0, 1, 0, 0, 0, 160, 160, 1})
	f.Add([]byte{0, 0, 255, 255, 255, 0, 255, 0, 0, 1, 128, 0, 0, 0, 10, 3})
	f.Fuzz(func(t *testing.T, b []byte) {
		var j Jitter
		var frame Frame
		payload := make([]byte, 4096)
		for ; len(b) >= 8; b = b[8:] {
			ts := binary.BigEndian.Uint32(b[2:])
			j.Put(ts, payload[:int(b[6])*8], [...]Codec{PCMU, PCMA, G722}[b[7]>>2%3])
			if d := int32(j.top - j.next); d < 0 || d > maxDepth {
				t.Fatalf("depth %d", d)
			}
			for range b[7] & 3 {
				j.Get(&frame)
				if d := int32(j.top - j.next); d < 0 || d > maxDepth {
					t.Fatalf("depth %d after Get", d)
				}
			}
		}
		loud := packets(voice(8000), 160)
		for i := range 20 {
			j.Put(uint32(i*160), loud[i], PCMU)
			j.Get(&frame)
		}
		if level(frame[:]) < 1000 {
			t.Errorf("a good stream is not heard: level %.0f, %+v", level(frame[:]), j.stats)
		}
	})
}

func BenchmarkJitter(b *testing.B) {
	ps := packets(voice(8000), 160)
	var j Jitter
	var f Frame
	i := 0
	for b.Loop() {
		j.Put(uint32(i*160), ps[i%len(ps)], PCMU)
		j.Get(&f)
		i++
	}
}
