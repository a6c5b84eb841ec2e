package media

import "sync/atomic"

// Ear is what one leg hears: packets go in as they come, frames go to whoever listens every 20 ms, and keys
// come out. Listen may be called from any goroutine, all else by the one that paces the leg. The zero value
// is ready; until somebody listens it holds no jitter buffer, which is most of a leg's memory.
type Ear struct {
	// InBand looks for keys in the sound; nil: nobody does. It is set before the first Tick.
	InBand *DTMF

	in      atomic.Pointer[listening]
	frame   Frame
	jitter  *Jitter
	hearing bool
	reader  DigitReader
}

type listening struct{ sink Sink }

// Listen hands every frame to sink from now on; nil stops it.
func (e *Ear) Listen(sink Sink) {
	if sink == nil {
		e.in.Store(nil)
		return
	}
	e.in.Store(&listening{sink})
}

// Sound takes a packet of sound.
func (e *Ear) Sound(ts uint32, payload []byte, c Codec) {
	if e.hearing {
		e.jitter.Put(ts, payload, c)
	}
}

// Hush takes a packet of comfort noise, as [Jitter.Hush] does.
func (e *Ear) Hush(payload []byte) {
	if e.hearing {
		e.jitter.Hush(payload)
	}
}

// Event takes a packet of telephone-event and gives the keys that are now known, as [DigitReader.Packet] does.
func (e *Ear) Event(ts uint32, payload []byte) []byte { return e.reader.Packet(ts, payload) }

// Tick is 20 ms. It gives the key whose end was lost, if there is one.
func (e *Ear) Tick() (key byte, ok bool) {
	e.hear()
	return e.reader.Tick()
}

func (e *Ear) hear() {
	in := e.in.Load()
	hearing := in != nil || e.InBand != nil
	if hearing && !e.hearing {
		if e.jitter == nil {
			e.jitter = new(Jitter)
		}
		e.jitter.Reset() // nobody has emptied it meanwhile
	}
	if e.hearing = hearing; !hearing {
		return
	}
	e.jitter.Get(&e.frame)
	if e.InBand != nil {
		e.InBand.Write(&e.frame)
	}
	if in != nil {
		in.sink.Write(&e.frame)
	}
}

// Stats counts what came while somebody listened.
func (e *Ear) Stats() JitterStats {
	if e.jitter == nil {
		return JitterStats{}
	}
	return e.jitter.Stats()
}

// Restart is for a new stream of the far end (another SSRC).
func (e *Ear) Restart() {
	if e.jitter != nil {
		e.jitter.Reset()
	}
	e.reader.Reset()
}
