package media

import (
	"math"
	"slices"
)

// Port is one member's place in a [Mixer]. What its leg hears is written to it, and what the leg says is read
// from it: a leg's Listen and Play take it as it is. It is finished, as a Source, when it was left.
type Port struct {
	mixer *Mixer

	// Guarded by mixer.mu.
	queue  [maxQueue]queued // frames that wait for their round, from head on
	head   int
	length int
	low    int // fewest that were left after a round, in this window
	window int // rounds of it
	hang   int // rounds in which it still speaks

	said  [keptRounds]utterance // by round
	at    int                   // the last round it has read
	late  int                   // reads in a row that were behind
	words string                // caption of the frame it read last
	muted bool
	wait  Source // heard in the place of the others; nil: it is with them
	gone  bool
	out   [Samples]byte

	ear     *Port         // who alone hears it; itself: nobody; nil: everybody
	coaches []*Port       // those whose ear it is
	spoke   func(on bool) // told when it begins and stops to speak; nil: nobody is
}

type queued struct {
	frame Frame
	loud  bool
	words string
}

// utterance is what a member said in one round; loud is false when it said nothing.
type utterance struct {
	frame Frame
	loud  bool
	aside bool // only one hears it
}

var (
	_ CaptionSink = (*Port)(nil)
	_ Encoded     = (*Port)(nil)
	_ Captioned   = (*Port)(nil)
)

// Write takes what the member says.
func (p *Port) Write(f *Frame) { p.WriteCaptioned(f, "") }

// WriteCaptioned is Write, with words that say what it is. A frame with words is said even if it is silent.
func (p *Port) WriteCaptioned(f *Frame, words string) {
	loud := words != "" || amplitude(f) >= audible
	m := p.mixer
	m.mu.Lock()
	defer m.mu.Unlock()
	if p.gone || p.wait != nil || p.muted {
		return
	}
	if p.length == maxQueue { // its leg has caught up after a delay: the oldest is too late
		p.drop()
	}
	q := &p.queue[(p.head+p.length)%maxQueue]
	q.frame, q.loud, q.words = *f, loud, words
	p.length++
}

func (p *Port) drop() {
	p.queue[p.head].words = ""
	p.head = (p.head + 1) % maxQueue
	p.length--
}

// speak adds the member's next frame to a round. mixer.mu is held.
func (p *Port) speak(r *round, place int) {
	before := p.hang > 0
	p.say(r, place)
	if now := p.hang > 0; now != before && p.spoke != nil {
		p.spoke(now)
	}
}

func (p *Port) say(r *round, place int) {
	said := &p.said[place]
	said.loud, said.aside = false, p.ear != nil
	if p.length == 0 {
		p.hang = max(0, p.hang-1)
		p.low, p.window = 0, 0
		return
	}
	q := &p.queue[p.head]
	if q.loud {
		p.hang = hangFrame
	}
	if p.hang > 0 {
		p.hang--
		said.loud, said.frame = true, q.frame
		if !said.aside {
			add(&r.sum, &said.frame)
			r.quiet = false
		}
	}
	if q.words != "" {
		r.words = append(r.words, caption{p, q.words, p.ear})
	}
	p.drop()
	p.settle()
}

// settle shortens a delay that is no longer needed: when for 2 s a frame was always left over.
func (p *Port) settle() {
	if p.window == 0 || p.length < p.low {
		p.low = p.length
	}
	if p.window++; p.window < calmTicks {
		return
	}
	if p.low > 0 {
		p.drop()
	}
	p.window = 0
}

// next is the round that the member hears now. mixer.mu is held.
func (p *Port) next() *round {
	m := p.mixer
	behind := m.newest - p.at
	if behind > 1 {
		p.late++
	} else {
		p.late = 0
	}
	switch {
	case behind == 0:
		m.open()
		p.at = m.newest
	case behind > keptRounds || p.late > laggard:
		p.at, p.late = m.newest, 0
	default:
		p.at++
	}
	return &m.rounds[p.at%keptRounds]
}

// own is what the member said in the round that it hears; nil for nothing.
func (p *Port) own() *Frame {
	if said := &p.said[p.at%keptRounds]; said.loud && !said.aside {
		return &said.frame
	}
	return nil
}

// hint adds what is said to the member alone, in the round that it hears.
func (p *Port) hint(f *Frame) {
	for _, coach := range p.coaches {
		said := &coach.said[p.at%keptRounds]
		if !said.loud || !said.aside {
			continue
		}
		for i, v := range said.frame {
			f[i] = int16(min(max(int32(f[i])+int32(v), math.MinInt16), math.MaxInt16))
		}
	}
}

// Read gives what the member hears; false once it has left.
func (p *Port) Read(f *Frame) bool {
	m := p.mixer
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case p.gone:
		p.words = ""
		clear(f[:])
		return false
	case p.wait != nil:
		p.waited(p.wait.Read(f))
		return true
	}
	r := p.next()
	p.words = r.heard(p)
	if own := p.own(); own != nil {
		r.mix(f, own)
	} else {
		*f = *r.listen()
	}
	p.hint(f)
	return true
}

// ReadEncoded gives what the member hears in a codec. The bytes are its own until the next call.
func (p *Port) ReadEncoded(c Codec) (payload []byte, more, ok bool) {
	if !c.Companded() {
		return nil, false, false
	}
	m := p.mixer
	m.mu.Lock()
	defer m.mu.Unlock()
	var f Frame
	switch {
	case p.gone:
		p.words = ""
		return silence(c), false, true
	case p.wait != nil:
		p.readWait(c)
		return p.out[:], true, true
	}
	r := p.next()
	p.words = r.heard(p)
	if own := p.own(); own != nil {
		r.mix(&f, own)
		p.hint(&f)
		c.Encode(p.out[:], &f)
	} else if len(p.coaches) > 0 {
		f = *r.listen()
		p.hint(&f)
		c.Encode(p.out[:], &f)
	} else {
		copy(p.out[:], r.listenEncoded(c))
	}
	return p.out[:], true, true
}

func (p *Port) readWait(c Codec) {
	if e, can := p.wait.(Encoded); can {
		if ready, more, ok := e.ReadEncoded(c); ok {
			copy(p.out[:], ready)
			p.waited(more)
			return
		}
	}
	var f Frame
	more := p.wait.Read(&f)
	c.Encode(p.out[:], &f)
	p.waited(more)
}

// waited follows what is heard in the place of the others: after its end there is silence.
func (p *Port) waited(more bool) {
	p.words = ""
	if c, ok := p.wait.(Captioned); ok {
		p.words = c.Caption()
	}
	if !more {
		p.wait = nothing{}
	}
}

// nothing is silence without end.
type nothing struct{}

func (nothing) Read(f *Frame) bool {
	clear(f[:])
	return true
}

// Caption is what the member hears, in words: those of everybody who speaks, joined by " + ".
func (p *Port) Caption() string {
	p.mixer.mu.Lock()
	defer p.mixer.mu.Unlock()
	return p.words
}

// Wait lets the member hear src in the place of the others, who do not hear it either; nil takes it in.
func (p *Port) Wait(src Source) {
	p.mixer.mu.Lock()
	defer p.mixer.mu.Unlock()
	p.wait, p.at = src, p.mixer.newest-1 // as in Join
	p.hush()
}

// Mute keeps the others from hearing the member, who still hears them.
func (p *Port) Mute(on bool) {
	p.mixer.mu.Lock()
	defer p.mixer.mu.Unlock()
	p.muted = on
	p.hush()
}

// hush forgets what was said and not heard yet.
func (p *Port) hush() {
	for p.length > 0 {
		p.drop()
	}
	if p.hang > 0 && p.spoke != nil {
		p.spoke(false)
	}
	p.hang = 0
}

// Coach lets the member be heard by one other alone, who hears everybody else too; nil lets everybody hear it again.
// A member that is given as its own is heard by nobody; so is one whose listener has left.
func (p *Port) Coach(ear *Port) {
	p.mixer.mu.Lock()
	defer p.mixer.mu.Unlock()
	p.attach(ear)
	p.hush()
}

// attach moves the member to another's ear. mixer.mu is held.
func (p *Port) attach(ear *Port) {
	if p.ear != nil {
		p.ear.coaches = slices.DeleteFunc(p.ear.coaches, func(o *Port) bool { return o == p })
	}
	p.ear = ear
	if ear != nil && ear != p && !ear.gone {
		ear.coaches = append(ear.coaches, p)
	}
}

// Spoke has f called whenever the member begins to speak, and when it has stopped. f is called on the goroutine that
// paces somebody's leg, under the Mixer's lock: it must not block or use the Mixer.
func (p *Port) Spoke(f func(on bool)) {
	p.mixer.mu.Lock()
	defer p.mixer.mu.Unlock()
	p.spoke = f
}

// Speaking tells whether the member is heard at the moment.
func (p *Port) Speaking() bool {
	p.mixer.mu.Lock()
	defer p.mixer.mu.Unlock()
	return p.hang > 0
}

// Leave takes the member out. Its leg may still read and write, and hears silence. It may be called again.
func (p *Port) Leave() { p.mixer.leave(p) }
