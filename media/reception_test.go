package media

import (
	"testing"
	"time"
)

func TestWhatIsLostIsCounted(t *testing.T) {
	sound := func(r *Reception, seq int) {
		r.Packet(1, uint16(seq), uint32(seq*Samples), time.Duration(seq)*Period, true)
	}
	for _, c := range []struct {
		name          string
		come          []int
		packets, lost uint64
	}{
		{"all", []int{1, 2, 3, 4}, 4, 0},
		{"two are lost", []int{1, 2, 5, 6}, 4, 2},
		{"one overtakes another", []int{1, 3, 2, 4}, 4, 0},
		{"one comes twice", []int{1, 2, 2, 3}, 4, 0},
		{"one comes twice and one is lost", []int{1, 2, 2, 4}, 4, 0}, // as RFC 3550 has it
		{"round the end of the numbers", []int{65534, 65535, 65536, 65538}, 4, 1},
		{"one from nowhere", []int{1, 2, 20000, 3, 4}, 4, 0},
		{"another sequence", []int{1, 2, 20000, 20001, 20002}, 4, 0},
	} {
		var r Reception
		for _, seq := range c.come {
			sound(&r, seq)
		}
		if r.Packets() != c.packets || r.Lost() != c.lost {
			t.Errorf("%s: %d packets, %d lost; want %d and %d", c.name, r.Packets(), r.Lost(), c.packets, c.lost)
		}
	}
}

func TestAnotherStreamIsCountedWithTheFirst(t *testing.T) {
	var r Reception
	for _, p := range []struct {
		ssrc uint32
		seq  uint16
	}{{1, 10}, {1, 12}, {2, 60000}, {2, 60003}} {
		r.Packet(p.ssrc, p.seq, 0, 0, false)
	}
	b, ok := r.Block()
	if r.Packets() != 4 || r.Lost() != 3 || !ok || b.About != 2 || b.Lost != 2 || b.Highest != 60003 {
		t.Errorf("%d packets, %d lost; of the second one %+v", r.Packets(), r.Lost(), b)
	}
}

func TestJitterIsThatOfRFC3550(t *testing.T) {
	var r Reception
	// Every second packet comes 8 ms late: the difference is 8 ms each time, and so is what it converges to.
	for i := range 500 {
		at := time.Duration(i) * Period
		if i%2 == 1 {
			at += 8 * time.Millisecond
		}
		r.Packet(1, uint16(i), uint32(i*Samples), at, true)
	}
	now, most := r.Jitter()
	if now < 7*time.Millisecond || now > 8100*time.Microsecond || most < now {
		t.Errorf("jitter %v, %v at the worst", now, most)
	}
	// Then it is quiet, a key is held down, and there is a pause of a minute: none of these is uneven.
	for i := 500; i < 1000; i++ {
		at := time.Duration(i) * Period
		if i > 800 {
			at += time.Minute
		}
		r.Packet(1, uint16(i), uint32(i*Samples), at, i < 600 || i > 610)
	}
	later, worst := r.Jitter()
	if later > 100*time.Microsecond || worst != most {
		t.Errorf("jitter %v, %v at the worst, which was %v", later, worst, most)
	}
}

func TestReportsTellWhatWasLostSinceTheLastOne(t *testing.T) {
	var r Reception
	if _, ok := r.Block(); ok {
		t.Error("a report on nothing")
	}
	seq := uint16(65500)
	next := func(n int, come bool) {
		for range n {
			if come {
				r.Packet(9, seq, 0, 0, false)
			}
			seq++
		}
	}
	next(75, true)
	next(25, false)
	next(1, true)
	b, _ := r.Block()
	if b.About != 9 || b.Lost != 25 || b.Fraction != 25<<8/101 || b.Highest != 1<<16|uint32(seq-1) {
		t.Errorf("first %+v, highest should be %d", b, 1<<16|uint32(seq-1))
	}
	next(100, true)
	if b, _ = r.Block(); b.Lost != 25 || b.Fraction != 0 {
		t.Errorf("second %+v", b)
	}
	if b, _ = r.Block(); b.Fraction != 0 {
		t.Errorf("nothing came since: %+v", b)
	}
}

func BenchmarkReception(b *testing.B) {
	var r Reception
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		r.Packet(1, uint16(i), uint32(i*Samples), time.Duration(i)*Period, true)
	}
}
