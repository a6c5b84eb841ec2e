package media

import "sync"

// CaptionSink is a Sink that also takes the words of what it hears, where whoever writes knows them.
type CaptionSink interface {
	Sink
	WriteCaptioned(f *Frame, caption string)
}

// Write hands f to sink, with its caption if sink takes one.
func Write(sink Sink, f *Frame, caption string) {
	if c, ok := sink.(CaptionSink); ok {
		c.WriteCaptioned(f, caption)
		return
	}
	sink.Write(f)
}

// Pipe carries sound from one leg to another: the Sink of the one's ear and the Source of the other's
// mouth, each on the goroutine that paces its leg. A frame leaves when the writer pushes the reader ([Seat.Push]), else with the
// reader's next tick: both tick every 20 ms, so it waits 10 ms on average then and 20 ms at most. A reader that comes too early hears one
// frame of silence, and from then on one frame is in hand; it is left out again in a pause after it was
// not needed for 5 s. The zero Pipe is ready and holds 1.3 KB; one goroutine may write and one may read.
type Pipe struct {
	mu       sync.Mutex // held while one frame is copied
	frames   [pipeRoom]Frame
	captions [pipeRoom]string
	first, n int
	spare    int // reads in a row after which a frame was left over
	caption  string
	dropped  int
	starved  int
}

const (
	pipeRoom  = 4   // frames: a reader that was asleep makes up for three
	pipeSpare = 250 // reads, 5 s
	pipeQuiet = 330 // peak of a frame that nobody misses, -40 dBFS
)

var (
	_ CaptionSink = (*Pipe)(nil)
	_ Captioned   = (*Pipe)(nil)
)

// Write puts a frame in. With four in hand already, the oldest is lost.
func (p *Pipe) Write(f *Frame) { p.WriteCaptioned(f, "") }

// WriteCaptioned is Write with the words of f.
func (p *Pipe) WriteCaptioned(f *Frame, caption string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.n == pipeRoom {
		p.skip()
	}
	at := (p.first + p.n) % pipeRoom
	p.frames[at], p.captions[at] = *f, caption
	p.n++
}

// Read takes a frame out, silence if there is none. There is always more.
func (p *Pipe) Read(f *Frame) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.n == 0 {
		clear(f[:])
		p.caption, p.spare = "", 0
		p.starved++
		return true
	}
	*f, p.caption = p.frames[p.first], p.captions[p.first]
	p.first, p.n = (p.first+1)%pipeRoom, p.n-1
	if p.n == 0 {
		p.spare = 0
		return true
	}
	if p.spare++; p.spare > pipeSpare && quiet(&p.frames[p.first]) {
		p.skip()
		p.spare = 0
	}
	return true
}

func (p *Pipe) skip() {
	p.first, p.n = (p.first+1)%pipeRoom, p.n-1
	p.dropped++
}

// Caption is that of the frame that was read last. Only the goroutine that reads may ask.
func (p *Pipe) Caption() string { return p.caption }

// Lost is how many frames were left out because there were too many, and made up because there were none.
func (p *Pipe) Lost() (dropped, silent int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dropped, p.starved
}

func quiet(f *Frame) bool {
	for _, s := range f {
		if s > pipeQuiet || s < -pipeQuiet {
			return false
		}
	}
	return true
}
