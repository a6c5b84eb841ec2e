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
	chunks []*recorderChunk
	frames int
}

// recorderChunk is 5 s: growing takes one allocation each time and copies nothing.
type recorderChunk [250]Frame

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
	at := r.frames % len(recorderChunk{})
	if at == 0 {
		r.chunks = append(r.chunks, new(recorderChunk))
	}
	r.chunks[len(r.chunks)-1][at] = *f
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
		out = append(out, r.chunks[i/len(recorderChunk{})][i%len(recorderChunk{})][:]...)
	}
	return out
}
