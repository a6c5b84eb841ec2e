package media

import (
	"math"
	"slices"
	"sync"
)

// Mixer joins voices: whoever has a [Port] hears all the others, and not itself. The zero value is ready.
//
// It has no clock. The legs of its members pace it: each writes a frame and reads one every 20 ms, and who
// comes first opens the next round, in which one frame of everybody is added up. A member whose frame
// has not come by then is silent for that round; one that is late itself reads the rounds it missed, up to
// four. So nobody waits for anybody.
//
// Voices are added up in 32 bits and held below full scale by one gain for the whole room, which falls within 5 ms
// when it must and rises again slowly: it bends nothing, unlike a saturating sum or a curve, which make
// words out of two loud voices hard to follow. One voice alone passes as it is. Members who say nothing
// are not added up, so that the noise of fifty lines is no fifty times as loud; they all hear the same,
// which is encoded once for each codec.
//
// Its methods and those of its Ports may be called from any goroutine. Nothing allocates in the steady state.
type Mixer struct {
	mu     sync.Mutex
	ports  []*Port
	sounds []Source // heard by all, over the voices
	rounds [keptRounds]round
	newest int // number of the latest round; its place is newest % keptRounds
	gain   float32
	temp   Frame // of a sound
	tap    Sink  // gets every round, whole; nil: nobody
}

const (
	keptRounds = 4 // a Clock's shard that was late catches up three
	maxQueue   = 3 // frames of a member that wait for their round
	calmTicks  = 100
	laggard    = 50 // rounds behind, before a member that stays behind skips what it missed

	mixCeiling = 29_162     // peakLimit of full scale
	mixRelease = 1.02       // a round: 8.6 dB a second
	mixAttack  = limitBlock // samples in which the gain falls

	// A member speaks from the frame on whose mean amplitude reaches audible (-55 dBFS, above the comfort noise
	// of mobile phones and the idle noise of µ-law, below a voice from across a room), and for half a second
	// after the last one, so that no ending of a word is cut.
	audible   = 58
	hangFrame = 25
)

// round is 20 ms of everybody.
type round struct {
	sum      [Samples]int32
	from, to float32 // the gain at its beginning, and after 5 ms
	shared   Frame   // what those hear who say nothing
	mixed    bool    // shared is done
	encoded  [2][Samples]byte
	ready    [2]bool
	words    []caption // of those who speak
	quiet    bool      // nobody speaks
}

// caption is what somebody says, in words. A nil port is a sound for all.
type caption struct {
	port  *Port
	words string
	only  *Port // who alone hears it; nil: everybody
}

// Join gives a new member its Port.
func (m *Mixer) Join() *Port {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := &Port{mixer: m, at: m.newest - 1} // who comes joins the round that is open, and does not hurry the others on
	m.ports = append(m.ports, p)
	return p
}

// Play lets everybody hear src over the voices, once: a beep, an announcement. Several are heard together.
func (m *Mixer) Play(src Source) {
	if src == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sounds = append(m.sounds, src)
}

// open begins the next round. mu is held.
func (m *Mixer) open() {
	m.newest++
	r := &m.rounds[m.newest%keptRounds]
	clear(r.sum[:])
	r.mixed, r.ready, r.quiet = false, [2]bool{}, true
	clear(r.words)
	r.words = r.words[:0]
	for _, p := range m.ports {
		p.speak(r, m.newest%keptRounds)
	}
	kept := m.sounds[:0]
	for _, s := range m.sounds {
		more := s.Read(&m.temp)
		add(&r.sum, &m.temp)
		r.quiet = false
		if c, ok := s.(Captioned); ok && c.Caption() != "" {
			r.words = append(r.words, caption{words: c.Caption()})
		}
		if more {
			kept = append(kept, s)
		}
	}
	clear(m.sounds[len(kept):])
	m.sounds = kept
	m.limit(r)
	if m.tap != nil {
		Write(m.tap, r.listen(), r.heard(nil))
	}
}

// Record hands every round to sink, everybody in it, until another takes its place; nil is nobody. What is said to one
// alone ([Port.Coach]), and what those hear who wait, is not in it. sink must not block.
func (m *Mixer) Record(sink Sink) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tap = sink
}

// limit finds the gain at which no mix of the round is too loud: neither that of those who listen nor that of
// any speaker, who does not hear itself.
func (m *Mixer) limit(r *round) {
	if m.gain == 0 {
		m.gain = 1
	}
	r.from = m.gain
	need := float32(1)
	if !r.quiet {
		loudest := peak(&r.sum)
		for _, p := range m.ports {
			if said := &p.said[m.newest%keptRounds]; said.loud && !said.aside {
				loudest = max(loudest, peakWithout(&r.sum, &said.frame))
			}
		}
		if loudest > mixCeiling {
			need = mixCeiling / float32(loudest)
		}
	}
	m.gain = min(need, m.gain*mixRelease)
	r.to = m.gain
}

func add(sum *[Samples]int32, f *Frame) {
	for i, v := range f {
		sum[i] += int32(v)
	}
}

func peak(sum *[Samples]int32) int32 { return peakWithout(sum, &noFrame) }

func peakWithout(sum *[Samples]int32, own *Frame) int32 {
	var top, bottom int32 // apart: neither waits for the other
	for i, v := range sum {
		v -= int32(own[i])
		top, bottom = max(top, v), min(bottom, v)
	}
	return max(top, -bottom)
}

// mix is the round as somebody hears it; own is what that one said itself, nil for nothing.
func (r *round) mix(f *Frame, own *Frame) {
	if own == nil {
		own = &noFrame
	}
	if r.from == 1 && r.to == 1 {
		for i, v := range r.sum {
			f[i] = int16(v - int32(own[i])) // limit has made sure that it fits
		}
		return
	}
	g, step := r.from, (r.to-r.from)/mixAttack
	for i, v := range r.sum[:mixAttack] {
		g += step
		f[i] = fit(float32(v-int32(own[i])) * g)
	}
	for i := mixAttack; i < Samples; i++ {
		f[i] = fit(float32(r.sum[i]-int32(own[i])) * r.to)
	}
}

var noFrame Frame

// fit is the last guard, for the 5 ms in which the gain falls.
func fit(v float32) int16 {
	return int16(min(max(int32(v), math.MinInt16), math.MaxInt16))
}

// listen is the mix of those who say nothing.
func (r *round) listen() *Frame {
	if !r.mixed {
		r.mix(&r.shared, nil)
		r.mixed = true
	}
	return &r.shared
}

// listenEncoded is the same in a codec.
func (r *round) listenEncoded(c Codec) []byte {
	i := 0
	if c == PCMA {
		i = 1
	}
	if !r.ready[i] {
		c.Encode(r.encoded[i][:], r.listen())
		r.ready[i] = true
	}
	return r.encoded[i][:]
}

// heard joins the words of everybody but one.
func (r *round) heard(but *Port) (words string) {
	for _, c := range r.words {
		switch {
		case c.port == but && but != nil, c.only != nil && c.only != but:
		case words == "":
			words = c.words
		default:
			words += " + " + c.words
		}
	}
	return words
}

func (m *Mixer) leave(p *Port) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p.gone = true
	if i := slices.Index(m.ports, p); i >= 0 {
		m.ports = slices.Delete(m.ports, i, i+1)
	}
	p.attach(nil)
	for _, coach := range p.coaches {
		coach.ear = coach // nobody, until it is told otherwise
	}
	p.coaches = nil
	for i := range m.rounds {
		m.rounds[i].words = slices.DeleteFunc(m.rounds[i].words, func(c caption) bool { return c.port == p })
	}
}
