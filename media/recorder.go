package media

import (
	"sync"
	"time"
)

// Recorder is a [Sink] that keeps what it hears, up to a limit. It is written by the goroutine that paces
// a leg and may be asked from any other at the same time.
type Recorder struct {
	limit int // frames

	mu     sync.Mutex
	reel   reel
	frames int
}

// reel holds frames one behind the other. Growing takes one allocation in 5 s and copies nothing. The next frame is found
// without a look at those before it: their memory has long left the processor's caches, and to wait for it cost more
// than all else that is done to take a frame down.
type reel struct {
	room   []Frame // of the last chunk, still free
	chunks []*[reelChunk]Frame
}

const reelChunk = 250

// next is the place of the next frame.
func (r *reel) next() *Frame {
	if len(r.room) == 0 {
		c := new([reelChunk]Frame)
		lay(c)
		r.chunks, r.room = append(r.chunks, c), c[:]
	}
	f := &r.room[0]
	r.room = r.room[1:]
	return f
}

// frame is frame n, which was taken down.
func (r *reel) frame(n int) *Frame { return &r.chunks[n/reelChunk][n%reelChunk] }

var _ Sink = (*Recorder)(nil)

// NewRecorder keeps at most limit of sound; what comes after that is dropped.
func NewRecorder(limit time.Duration) *Recorder {
	return &Recorder{limit: int((limit + Period - 1) / Period)}
}

// Write keeps f.
func (r *Recorder) Write(f *Frame) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.frames >= r.limit {
		return
	}
	*r.reel.next() = *f
	r.frames++
}

// Duration is how much is kept.
func (r *Recorder) Duration() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Duration(r.frames) * Period
}

// Full tells whether the limit is reached.
func (r *Recorder) Full() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.frames >= r.limit
}

// Samples is a copy of what was kept so far.
func (r *Recorder) Samples() []int16 {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]int16, 0, r.frames*Samples)
	for i := range r.frames {
		out = append(out, r.reel.frame(i)[:]...)
	}
	return out
}
