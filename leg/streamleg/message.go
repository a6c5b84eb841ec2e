package streamleg

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/kaden-project/kaden/media"
)

// Socket is a WebSocket to the platform. One goroutine may send while another receives; Close may be called by any, and
// more than once.
type Socket interface {
	Send(ctx context.Context, text []byte) error
	// Receive gives the next message. An error is the end.
	Receive(ctx context.Context) ([]byte, error)
	Close(reason string)
}

// message is what a platform says on a stream (Twilio's page "Media Streams: WebSocket messages").
type message struct {
	Event  string `json:"event"` // connected start media dtmf mark stop
	Stream string `json:"streamSid"`
	Start  start  `json:"start"`
	Media  struct {
		Track   string `json:"track"`
		Payload string `json:"payload"`
	} `json:"media"`
	DTMF struct {
		Digit string `json:"digit"`
	} `json:"dtmf"`
	Mark struct {
		Name string `json:"name"`
	} `json:"mark"`

	sound []byte // µ-law, of media
}

type start struct {
	Stream string `json:"streamSid"`
	Call   string `json:"callSid"`
	Format struct {
		Encoding string `json:"encoding"`
		Rate     int    `json:"sampleRate"`
		Channels int    `json:"channels"`
	} `json:"mediaFormat"`
}

// longestName bounds what is taken for a name or a key.
const longestName = 64

// readMessage reads one. What nobody knows is no error: a message that we have no use for.
func readMessage(text []byte) (m message, err error) {
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("a message that is no JSON: %w", err)
	}
	switch m.Event {
	case "start":
		if m.Stream == "" {
			m.Stream = m.Start.Stream
		}
		if m.Stream == "" || len(m.Stream) > longestName {
			return m, fmt.Errorf("a stream without a name")
		}
	case "media":
		if m.sound, err = base64.StdEncoding.DecodeString(m.Media.Payload); err != nil {
			return m, fmt.Errorf("media.payload is not base64: %w", err)
		}
	case "dtmf":
		m.DTMF.Digit = strings.ToUpper(m.DTMF.Digit)
		if len(m.DTMF.Digit) != 1 || !strings.Contains(media.Digits, m.DTMF.Digit) {
			return m, fmt.Errorf("%.10q is no key", m.DTMF.Digit)
		}
	case "mark":
		if len(m.Mark.Name) > longestName {
			return m, fmt.Errorf("a mark that is none of ours")
		}
	}
	return m, nil
}

// usable tells whether we understand the sound. A platform that does not say sends what all send.
func (s start) usable() error {
	f := s.Format
	if f.Encoding != "" && f.Encoding != "audio/x-mulaw" || f.Rate != 0 && f.Rate != media.Rate || f.Channels > 1 {
		return fmt.Errorf("the stream's sound is %.40q at %d Hz, not audio/x-mulaw at %d", f.Encoding, f.Rate, media.Rate)
	}
	return nil
}

// What we say. The stream's name goes into it as JSON: it is a stranger's.

func appendMedia(b []byte, stream []byte, payload []byte) []byte {
	b = append(append(append(b, `{"event":"media","streamSid":`...), stream...), `,"media":{"payload":"`...)
	return append(base64.StdEncoding.AppendEncode(b, payload), `"}}`...)
}

func appendMark(b []byte, stream []byte, name string) []byte {
	b = append(append(append(b, `{"event":"mark","streamSid":`...), stream...), `,"mark":{"name":"`...)
	return append(append(b, name...), `"}}`...)
}

func appendClear(b []byte, stream []byte) []byte {
	return append(append(append(b, `{"event":"clear","streamSid":`...), stream...), '}')
}

// quoted is a stranger's name as JSON.
func quoted(name string) []byte {
	b, err := json.Marshal(name)
	if err != nil {
		panic(err) // a string
	}
	return b
}
