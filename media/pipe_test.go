package media

import "testing"

func numbered(n int16) *Frame {
	f := new(Frame)
	for i := range f {
		f[i] = n * 1000
	}
	return f
}

func TestAPipeGivesWhatWasPutIn(t *testing.T) {
	var p Pipe
	var f Frame
	for n := range int16(20) {
		p.WriteCaptioned(numbered(n), "words")
		if more := p.Read(&f); !more || f != *numbered(n) || p.Caption() != "words" {
			t.Fatalf("frame %d: %v, %q", n, f[0], p.Caption())
		}
	}
	if more := p.Read(&f); !more || f != (Frame{}) || p.Caption() != "" {
		t.Errorf("an empty pipe: %v, %q", f[0], p.Caption())
	}
	if dropped, silent := p.Lost(); dropped != 0 || silent != 1 {
		t.Errorf("dropped %d, silent %d", dropped, silent)
	}
}

func TestAPipeKeepsTheNewest(t *testing.T) {
	var p Pipe
	var f Frame
	for n := range int16(9) {
		p.Write(numbered(n + 1))
	}
	for n := int16(6); n <= 9; n++ {
		if p.Read(&f); f != *numbered(n) {
			t.Errorf("read %d, want %d", f[0], n)
		}
	}
	if dropped, _ := p.Lost(); dropped != 5 {
		t.Errorf("dropped %d", dropped)
	}
}

func TestAFrameInHandIsLeftOutInAPause(t *testing.T) {
	var p Pipe
	var f Frame
	p.Write(numbered(1))
	talk := func(reads int, n int16) {
		for range reads {
			p.Write(numbered(n))
			p.Read(&f)
		}
	}
	talk(2*pipeSpare, 1)
	if dropped, _ := p.Lost(); dropped != 0 {
		t.Fatal("a frame of speech was left out")
	}
	talk(2, 0) // a pause
	if dropped, _ := p.Lost(); dropped != 1 || p.n != 0 {
		t.Errorf("dropped %d, in hand %d", dropped, p.n)
	}
	talk(2*pipeSpare, 0)
	if _, silent := p.Lost(); silent != 0 {
		t.Errorf("silent %d", silent)
	}
}

func TestAPipeDoesNotAllocate(t *testing.T) {
	var p Pipe
	var f Frame
	if n := testing.AllocsPerRun(100, func() { p.WriteCaptioned(&f, "a"); p.Read(&f) }); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

// BenchmarkPipe is what one direction of a bridge costs a frame, codecs not counted.
func BenchmarkPipe(b *testing.B) {
	var p Pipe
	var f Frame
	for b.Loop() {
		p.Write(&f)
		p.Read(&f)
	}
}
