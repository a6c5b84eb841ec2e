package call

import (
	"sync"
	"sync/atomic"

	"github.com/kaden-project/kaden/media"
)

// lips are what the far end of a call hears. A leg plays one Source at a time; whoever overhears it gets every
// frame of it, whatever it is: a prompt, the other side of a bridge, a conference.
type lips struct {
	over atomic.Pointer[[]media.Sink] // nil or empty: nobody; never changed, only replaced

	mu sync.Mutex // of whoever replaces it
}

// overhear hands what the far end hears to sink as well, until remove is called. sink is written on the goroutine
// that paces the leg, or that of the other side of a bridge: it must not block, nor change or keep the frame.
func (l *lips) overhear(sink media.Sink) (remove func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []media.Sink
	if now := l.over.Load(); now != nil {
		all = append(all, *now...)
	}
	all = append(all, sink)
	l.over.Store(&all)
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		var rest []media.Sink
		for _, s := range *l.over.Load() {
			if s != sink {
				rest = append(rest, s)
			}
		}
		l.over.Store(&rest)
	}
}

// listeners are those who overhear.
func (l *lips) listeners() []media.Sink {
	if all := l.over.Load(); all != nil {
		return *all
	}
	return nil
}

// utter lets the far end hear src in the place of what it heard; nil is silence.
func (c *Call) utter(src media.Source) {
	if src == nil {
		c.leg.Play(nil)
		return
	}
	u := &utterance{lips: &c.lips, src: src}
	u.encoded, _ = src.(media.Encoded)
	c.leg.Play(u)
}

// utterance is a Source on its way to the far end. While nobody overhears it, it costs one look at a pointer.
type utterance struct {
	lips    *lips
	src     media.Source
	encoded media.Encoded // src again, or nil
	frame   media.Frame   // of the goroutine that reads
}

var (
	_ media.Encoded   = (*utterance)(nil)
	_ media.Captioned = (*utterance)(nil)
)

func (u *utterance) Read(f *media.Frame) bool {
	more := u.src.Read(f)
	u.tell(f)
	return more
}

func (u *utterance) ReadEncoded(c media.Codec) (payload []byte, more, ok bool) {
	if u.encoded == nil {
		return nil, false, false
	}
	payload, more, ok = u.encoded.ReadEncoded(c)
	if ok && len(u.lips.listeners()) > 0 {
		c.Decode(&u.frame, payload)
		u.tell(&u.frame)
	}
	return payload, more, ok
}

func (u *utterance) tell(f *media.Frame) {
	if all := u.lips.listeners(); len(all) > 0 {
		words := u.Caption()
		for _, s := range all {
			media.Write(s, f, words)
		}
	}
}

// Caption is that of what is heard.
func (u *utterance) Caption() string {
	if c, ok := u.src.(media.Captioned); ok {
		return c.Caption()
	}
	return ""
}

// Finished tells whether it came to its end by itself.
func (u *utterance) Finished() bool {
	p, ok := u.src.(interface{ Finished() bool })
	return !ok || p.Finished()
}

// feed is a way to the far end that takes frames as they come.
type feed struct {
	lips *lips
	sink media.Sink
}

var _ media.CaptionSink = (*feed)(nil)

func (f *feed) Write(frame *media.Frame) { f.WriteCaptioned(frame, "") }

func (f *feed) WriteCaptioned(frame *media.Frame, words string) {
	media.Write(f.sink, frame, words)
	for _, s := range f.lips.listeners() {
		media.Write(s, frame, words)
	}
}
