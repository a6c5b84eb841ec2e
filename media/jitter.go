package media

// Jitter is a jitter buffer: it takes RTP payloads as they come and gives a Frame every 20 ms, in order,
// with short holes concealed. It thinks in samples, not in packets, so any packet length works, and a
// packet counts by its RTP timestamp. Its delay begins at 40 ms, grows when the network stalls and shrinks
// again; it never holds more than 200 ms. It allocates nothing after the first frame and is used by one
// goroutine. The zero value is ready.
//
// Who falls silent on purpose says so by a packet of comfort noise ([Jitter.Hush]); what is heard until they speak again
// is noise of that level and not the last sound repeated.
type Jitter struct {
	ring  [ringSize]byte // as it came, by timestamp: a byte is a sample in every codec here
	have  [ringSize / 64]uint64
	codec Codec
	wide  *subband // of G.722; nil for the others

	begun  bool   // a packet was taken since the last Reset
	warm   bool   // frames are being played
	next   uint32 // timestamp of the next sample to play
	top    uint32 // one past the latest sample held
	starve int    // frames given since the buffer ran dry

	low   int32 // least depth in this window, in samples
	ticks int   // of the window
	odd   int   // packets in a row from far outside the window
	stats JitterStats
	plc   concealer
	hiss  hiss
}

const (
	ringSize    = 2048              // samples: 256 ms
	startDepth  = 2 * Samples       // 40 ms before the first frame
	maxDepth    = 10 * Samples      // 200 ms
	shrinkTicks = 100               // the delay is reconsidered every 2 s
	giveUp      = 10                // frames without sound, after which it is silence
	farAway     = 400 * Rate / 1000 // a timestamp so far off is another stream
)

// JitterStats counts what happened since the beginning. What never came is counted by [Reception].
type JitterStats struct {
	Packets   uint64 // taken
	Late      uint64 // came after their time
	Concealed uint64 // frames made up, in part or whole
	Dropped   uint64 // frames left out to shorten the delay
	Resets    uint64 // other streams and jumps
}

// Stats gives the counts.
func (j *Jitter) Stats() JitterStats { return j.stats }

// Reset forgets the stream; it is for another SSRC.
func (j *Jitter) Reset() { *j = Jitter{stats: j.stats} }

// Put takes the payload of one packet with its RTP timestamp. Payloads longer than 200 ms and empty ones are dropped. A
// jump of the timestamp that lasts two packets begins anew.
func (j *Jitter) Put(ts uint32, payload []byte, c Codec) {
	if len(payload) == 0 || len(payload) > maxDepth {
		return
	}
	if j.begun && c != j.codec {
		j.restart()
	}
	if j.begun {
		if off := int32(ts - j.next); off > farAway || off < -farAway {
			if j.odd++; j.odd < 2 {
				return
			}
			j.restart()
		}
	}
	j.odd = 0
	if !j.begun {
		j.begin(c, ts)
	}
	j.hiss.on = false
	j.stats.Packets++
	if !j.warm && int32(ts-j.next) < 0 && int32(j.top-ts) <= maxDepth {
		j.next = ts // out of order before the first frame
	}
	j.resume(ts)
	j.store(ts, payload)
	if int32(j.top-j.next) > maxDepth {
		j.skip(j.top - startDepth)
	}
}

// begin begins a talk spurt at ts.
func (j *Jitter) begin(c Codec, ts uint32) {
	j.begun, j.next, j.top = true, ts, ts
	switch {
	case c != G722:
		j.wide = nil
	case j.wide == nil:
		j.wide = newSubband()
	}
	j.codec = c
}

// restart begins a new stream in the same buffer.
func (j *Jitter) restart() {
	stats := j.stats
	stats.Resets++
	*j = Jitter{stats: stats, plc: j.plc}
}

// Hush takes a packet of comfort noise (RFC 3389): the far end has fallen silent, and what is heard until its next sound
// is noise so many dB below the loudest, as its first byte says. An empty one is silence.
func (j *Jitter) Hush(payload []byte) { j.hiss.set(payload) }

// resume ends a starvation: time has passed, so the hole before ts was heard already; sound that merely
// comes late is played late, which is how the delay grows.
func (j *Jitter) resume(ts uint32) {
	if j.starve == 0 {
		return
	}
	if hole := int32(ts - j.top); hole > 0 {
		n := uint32(min(hole, int32(j.starve)*Samples))
		j.forget(j.next, n)
		j.next += n
		if int32(j.next-j.top) > 0 {
			j.top = j.next
		}
	}
	j.starve = 0
}

func (j *Jitter) store(ts uint32, payload []byte) {
	if late := int32(j.next - ts); late > 0 {
		if int(late) >= len(payload) {
			j.stats.Late++
			return
		}
		payload, ts = payload[late:], j.next
	}
	if end := ts + uint32(len(payload)); int32(end-j.top) > 0 {
		if int32(end-j.next) > ringSize {
			j.skip(end - startDepth)
			if int32(j.next-ts) > 0 {
				payload, ts = payload[j.next-ts:], j.next
			}
		}
		j.top = end
	}
	at := int(ts % ringSize)
	n := copy(j.ring[at:], payload)
	copy(j.ring[:], payload[n:])
	for at, mask := range held(ts, uint32(len(payload))) {
		j.have[at] |= mask
	}
}

// held are the words of have, and in each the bits, of n samples from ts on.
func held(ts, n uint32) func(yield func(at int, mask uint64) bool) {
	return func(yield func(int, uint64) bool) {
		for n > 0 {
			p := ts % ringSize
			k := min(64-p%64, n, ringSize-p)
			if !yield(int(p/64), ^uint64(0)>>(64-k)<<(p%64)) {
				return
			}
			ts, n = ts+k, n-k
		}
	}
}

// skip moves on to the timestamp to, and forgets what is before it.
func (j *Jitter) skip(to uint32) {
	for int32(to-j.next) > 0 {
		n := min(to-j.next, Samples)
		j.forget(j.next, n)
		j.next += n
		j.stats.Dropped++
	}
	if int32(j.next-j.top) > 0 {
		j.top = j.next
	}
	j.low, j.ticks = 0, 0
}

func (j *Jitter) forget(ts, n uint32) {
	for at, mask := range held(ts, n) {
		j.have[at] &^= mask
	}
}

// Get fills f with the next 20 ms. It answers false when f is silence, or comfort noise, because nothing is coming.
func (j *Jitter) Get(f *Frame) (ok bool) {
	depth := int32(j.top - j.next)
	if !j.warm {
		if !j.begun || depth < startDepth {
			j.hiss.fill(f)
			return false
		}
		j.warm = true
	}
	if depth < Samples {
		if j.hiss.on {
			j.rest(depth)
			j.hiss.fill(f)
			return false
		}
		j.stats.Concealed++
		if j.starve++; j.starve >= giveUp {
			j.rest(depth) // silence suppression, hold, or the end
			clear(f[:])
			return false
		}
		j.makeUp(f[:])
		return true
	}
	j.shrink(depth)
	j.take(f)
	return true
}

// rest waits for a new start.
func (j *Jitter) rest(depth int32) {
	j.forget(j.next, uint32(depth))
	j.warm, j.begun, j.starve = false, false, 0
	j.plc = concealer{}
}

// makeUp conceals a hole. G.722's memory follows, so that what comes after is understood sooner.
func (j *Jitter) makeUp(run []int16) {
	j.plc.conceal(run)
	if j.wide != nil {
		j.wide.follow(run)
	}
}

// take moves one frame out of the ring; what is missing in it is made up.
func (j *Jitter) take(f *Frame) {
	if j.whole() {
		j.decode(f[:], 0)
		j.plc.good(f[:])
		j.taken()
		return
	}
	holes := false
	for from := 0; from < Samples; {
		present, to := j.has(from), from
		for to < Samples && j.has(to) == present {
			to++
		}
		if present {
			j.decode(f[from:to], from)
			j.plc.good(f[from:to])
		} else {
			holes = true
			j.makeUp(f[from:to])
		}
		from = to
	}
	if holes {
		j.stats.Concealed++
	}
	j.taken()
}

// decode reads run, which begins at sample from of the next frame.
func (j *Jitter) decode(run []int16, from int) {
	at := int((j.next + uint32(from)) % ringSize)
	n := min(len(run), ringSize-at)
	if j.wide != nil {
		j.wide.decode(run[:n], j.ring[at:at+n])
		j.wide.decode(run[n:], j.ring[:len(run)-n])
		return
	}
	table := j.codec.decodeTable()
	for i, b := range j.ring[at : at+n] {
		run[i] = table[b]
	}
	for i, b := range j.ring[:len(run)-n] {
		run[n+i] = table[b]
	}
}

// whole tells whether all of the next frame is there.
func (j *Jitter) whole() bool {
	for at, mask := range held(j.next, Samples) {
		if j.have[at]&mask != mask {
			return false
		}
	}
	return true
}

// taken moves on by a frame.
func (j *Jitter) taken() {
	j.forget(j.next, Samples)
	j.next += Samples
	if int32(j.next-j.top) > 0 {
		j.top = j.next
	}
}

// has tells whether sample i of the next frame is there.
func (j *Jitter) has(i int) bool {
	p := (j.next + uint32(i)) % ringSize
	return j.have[p/64]&(1<<(p%64)) != 0
}

// shrink leaves out a frame when for 2 s more was held than needed.
func (j *Jitter) shrink(depth int32) {
	if j.ticks == 0 || depth < j.low {
		j.low = depth
	}
	if j.ticks++; j.ticks < shrinkTicks {
		return
	}
	if j.low > startDepth+Samples {
		j.skip(j.next + Samples)
	}
	j.ticks = 0
}
