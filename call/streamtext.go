package call

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/sid"
)

// The messages of a stream, as Twilio's page "Media Streams: WebSocket messages" has them. All but the first are
// numbered when they leave.

func connectedMessage() []byte {
	return []byte(`{"event":"connected","protocol":"Call","version":"1.0.0"}`)
}

func (s *Stream) startMessage(r Record) []byte {
	tracks := map[string][]string{"outbound_track": {"outbound"}, "both_tracks": {"inbound", "outbound"}}[s.track()]
	if tracks == nil {
		tracks = []string{"inbound"}
	}
	parameters := s.order.Parameters
	if parameters == nil {
		parameters = map[string]string{}
	}
	return message(map[string]any{"event": "start", "start": map[string]any{
		"accountSid": r.Account, "streamSid": s.order.SID, "callSid": r.SID, "tracks": tracks, "customParameters": parameters,
		"mediaFormat": map[string]any{"encoding": "audio/x-mulaw", "sampleRate": media.Rate, "channels": 1},
	}})
}

func (s *Stream) stopMessage(r Record) []byte {
	return message(map[string]any{"event": "stop", "stop": map[string]any{"accountSid": r.Account, "callSid": r.SID}})
}

func markMessage(name string) []byte {
	return message(map[string]any{"event": "mark", "mark": map[string]any{"name": name}})
}

func dtmfMessage(key string) []byte {
	return message(map[string]any{"event": "dtmf", "dtmf": map[string]any{"track": "inbound_track", "digit": key}})
}

func message(v map[string]any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and numbers alone
	}
	return b
}

// outbox holds what is to be sent. A server that is slow loses the oldest sound, two seconds behind; one that reads nothing
// and asks for a thousand answers loses those that come on top.
type outbox struct {
	wake chan struct{} // one place

	mu      sync.Mutex
	entries []outgoing
	sounds  int // of entries
	dropped int
	seq     int            // messages numbered so far
	chunks  map[string]int // by track
}

type outgoing struct {
	text    []byte // nil: sound
	track   string
	at      time.Duration
	payload [media.Samples]byte
}

const (
	mostSounds = 100 // frames
	mostWords  = 1000
)

// control takes a message that is no sound.
func (o *outbox) control(text []byte) {
	o.mu.Lock()
	if len(o.entries)-o.sounds < mostWords {
		o.entries = append(o.entries, outgoing{text: text})
	} else {
		o.dropped++
	}
	o.mu.Unlock()
	o.ring()
}

// media takes a frame; it is called on a goroutine that must not wait.
func (o *outbox) media(track string, payload *[media.Samples]byte, at time.Duration) {
	o.mu.Lock()
	if o.sounds == mostSounds {
		i := slices.IndexFunc(o.entries, func(e outgoing) bool { return e.text == nil })
		o.entries = slices.Delete(o.entries, i, i+1)
		o.sounds--
		o.dropped++
	}
	o.entries = append(o.entries, outgoing{track: track, at: at, payload: *payload})
	o.sounds++
	o.mu.Unlock()
	o.ring()
}

func (o *outbox) ring() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *outbox) lost() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.dropped
}

// take is all that is to be sent, numbered.
func (o *outbox) take(id sid.Stream) (texts [][]byte) {
	o.mu.Lock()
	entries := o.entries
	o.entries, o.sounds = nil, 0
	o.mu.Unlock()
	for i := range entries {
		e := &entries[i]
		if e.text != nil {
			texts = append(texts, o.number(e.text, id))
			continue
		}
		if o.chunks == nil {
			o.chunks = map[string]int{}
		}
		o.chunks[e.track]++
		var b strings.Builder
		b.WriteString(`{"event":"media","media":{"track":"` + e.track + `","chunk":"` + strconv.Itoa(o.chunks[e.track]) +
			`","timestamp":"` + strconv.FormatInt(e.at.Milliseconds(), 10) + `","payload":"` + base64.StdEncoding.EncodeToString(e.payload[:]) + `"}}`)
		texts = append(texts, o.number([]byte(b.String()), id))
	}
	return texts
}

// number adds the stream and the number of a message. Only the goroutine that sends calls it.
func (o *outbox) number(text []byte, id sid.Stream) []byte {
	if strings.HasPrefix(string(text), `{"event":"connected"`) {
		return text
	}
	o.seq++
	return append(text[:len(text)-1:len(text)-1], `,"sequenceNumber":"`+strconv.Itoa(o.seq)+`","streamSid":"`+string(id)+`"}`...)
}

// streamMouth is what a server says: a Source that has its sound in µ-law.
type streamMouth struct {
	marked func(name string) // told when a mark is reached; it must not wait

	mu      sync.Mutex
	sound   []byte // µ-law, not heard yet
	marks   []mark
	payload [media.Samples]byte
}

// mark is a place in the sound that the server wants to hear of.
type mark struct {
	after int // bytes of sound before it
	name  string
}

const (
	mostSaid  = 8 << 20 // bytes of sound that wait to be heard: 17 min
	mostMarks = 1000
)

var (
	_ media.Encoded   = (*streamMouth)(nil)
	_ media.Captioned = (*streamMouth)(nil)
)

// obey takes a message of the server: media, mark, clear. Others are passed over with an error.
func (m *streamMouth) obey(text []byte) error {
	var said struct {
		Event string `json:"event"`
		Media struct {
			Payload string `json:"payload"`
		} `json:"media"`
		Mark struct {
			Name string `json:"name"`
		} `json:"mark"`
	}
	if err := json.Unmarshal(text, &said); err != nil {
		return fmt.Errorf("it is no JSON: %w", err)
	}
	switch said.Event {
	case "media":
		sound, err := base64.StdEncoding.DecodeString(said.Media.Payload)
		if err != nil {
			return fmt.Errorf("media.payload is not base64: %w", err)
		}
		return m.say(sound)
	case "mark":
		return m.mark(said.Mark.Name)
	case "clear":
		m.clear()
		return nil
	}
	return fmt.Errorf("the event %.40q is not one of media, mark and clear", said.Event)
}

func (m *streamMouth) say(sound []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.sound)+len(sound) > mostSaid {
		return fmt.Errorf("more than %d MiB of sound wait to be heard", mostSaid>>20)
	}
	m.sound = append(m.sound, sound...)
	return nil
}

// mark tells the server when all that was said before has been heard.
func (m *streamMouth) mark(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case len(m.sound) == 0:
		m.marked(name)
	case len(m.marks) == mostMarks:
		return fmt.Errorf("more than %d marks wait", mostMarks)
	default:
		m.marks = append(m.marks, mark{len(m.sound), name})
	}
	return nil
}

// clear forgets what was not heard yet; its marks are told at once.
func (m *streamMouth) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sound = nil
	for _, one := range m.marks {
		m.marked(one.name)
	}
	m.marks = nil
}

// next is 20 ms of it. mu is held.
func (m *streamMouth) next() []byte {
	n := copy(m.payload[:], m.sound)
	for i := n; i < len(m.payload); i++ {
		m.payload[i] = media.PCMU.Silence()
	}
	if m.sound = m.sound[n:]; len(m.sound) == 0 {
		m.sound = nil // its memory
	}
	reached := 0
	for i := range m.marks {
		if m.marks[i].after -= n; m.marks[i].after <= 0 {
			m.marked(m.marks[i].name)
			reached++
		}
	}
	m.marks = m.marks[reached:]
	return m.payload[:]
}

// Read gives the next frame; there is always more.
func (m *streamMouth) Read(f *media.Frame) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	media.PCMU.Decode(f, m.next())
	return true
}

// ReadEncoded gives it in µ-law as it came.
func (m *streamMouth) ReadEncoded(c media.Codec) (payload []byte, more, ok bool) {
	if c != media.PCMU {
		return nil, false, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.next(), true, true
}

// Caption says that somebody else speaks.
func (m *streamMouth) Caption() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.sound) == 0 {
		return ""
	}
	return "(stream)"
}
