package clientsdk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// version is what the SDK of today writes into its frames. It reads that of others without a look.
const version = "1.6"

// mostFrame is how long a frame may be, in bytes. An SDP of a browser has some 2 kB, a message 10 kB at most.
const mostFrame = 64 << 10

// said is a frame of a page. Fields that its type does not have are zero.
type said struct {
	Type    string
	Payload struct {
		Token     string `json:"token"`     // listen
		CallSID   string `json:"callsid"`   // CA…, or TJS… of a call that the page has made and knows by no other name yet
		SDP       string `json:"sdp"`       // invite, answer, reinvite
		Reconnect string `json:"reconnect"` // invite: the call exists, this is its token
		DTMF      string `json:"dtmf"`
		Media     struct {
			Audio bool `json:"audio"` // register: on or off duty
		} `json:"media"`
		Twilio struct {
			Params string `json:"params"` // invite: k=v&k2=v2, both sides encoded
		} `json:"twilio"`

		Message       json.RawMessage `json:"message"` // hangup: why, in whatever form
		Content       json.RawMessage `json:"content"` // message
		ContentType   string          `json:"contenttype"`
		MessageType   string          `json:"messagetype"`
		VoiceEventSID string          `json:"voiceeventsid"`
	}
}

var errFrame = errors.New("not a frame of the voice SDK")

// parse reads a frame of a page. Types that are not known are no error: versions to come may say more.
func parse(text []byte) (said, error) {
	var f struct {
		Type    string          `json:"type"`
		Payload json.RawMessage `json:"payload"`
	}
	switch {
	case len(text) > mostFrame:
		return said{}, fmt.Errorf("%w: %d bytes, more than %d", errFrame, len(text), mostFrame)
	case !utf8.Valid(text):
		return said{}, fmt.Errorf("%w: not UTF-8", errFrame)
	}
	if err := json.Unmarshal(text, &f); err != nil {
		return said{}, fmt.Errorf("%w: %w", errFrame, err)
	}
	if f.Type == "" {
		return said{}, fmt.Errorf("%w: it has no type", errFrame)
	}
	out := said{Type: f.Type}
	if len(f.Payload) == 0 || !known[f.Type] {
		return out, nil
	}
	if err := json.Unmarshal(f.Payload, &out.Payload); err != nil {
		return said{}, fmt.Errorf("%w: %s: %w", errFrame, f.Type, err)
	}
	return out, nil
}

// known are the frames that a page sends.
var known = map[string]bool{
	"listen": true, "register": true, "invite": true, "answer": true, "reinvite": true, "reject": true,
	"hangup": true, "dtmf": true, "message": true,
}

// heartbeat is the frame that is a single newline. The page echoes it from the very handler that takes the
// frames, in order: the echo tells that the page's script has seen all that was sent before.
var heartbeat = []byte("\n")

func isHeartbeat(text []byte) bool { return len(bytes.TrimSpace(text)) == 0 }

// tell is a frame to a page.
type tell struct {
	Type    string  `json:"type"`
	Version string  `json:"version"`
	Payload payload `json:"payload"`
}

type payload struct {
	CallSID    string            `json:"callsid,omitempty"`
	SDP        string            `json:"sdp,omitempty"`
	Reconnect  string            `json:"reconnect,omitempty"`
	Parameters map[string]string `json:"parameters,omitempty"` // invite
	Error      *Error            `json:"error,omitempty"`

	Token *standing `json:"token,omitempty"` // connected
	Home  string    `json:"home,omitempty"`

	Content       json.RawMessage `json:"content,omitempty"` // message
	ContentType   string          `json:"contenttype,omitempty"`
	MessageType   string          `json:"messagetype,omitempty"`
	VoiceEventSID string          `json:"voiceeventsid,omitempty"`
	AckType       string          `json:"acktype,omitempty"`
}

// standing is what a connected page is told of its token.
type standing struct {
	Identity string `json:"identity"`
	TTL      int    `json:"ttl"` // seconds left
}

func (p payload) frame(kind string) []byte {
	b, err := json.Marshal(tell{kind, version, p})
	if err != nil { // Content is the one thing that could be wrong, and it was read as JSON
		b, _ = json.Marshal(tell{Type: kind, Version: version})
	}
	return b
}

// mostParams is how many parameters a page may bring, and how long all of it may be.
const (
	mostParams     = 100
	mostParamBytes = 8 << 10
)

// readParams reads the parameters of connect(): both sides are encoded by encodeURIComponent. What is said
// twice counts once, the last time.
func readParams(s string) (url.Values, error) {
	if len(s) > mostParamBytes {
		return nil, fmt.Errorf("parameters of %d bytes, more than %d", len(s), mostParamBytes)
	}
	out := url.Values{}
	for pair := range strings.SplitSeq(s, "&") {
		if pair == "" {
			continue
		}
		k, v, _ := strings.Cut(pair, "=")
		key, err := url.QueryUnescape(k)
		if err != nil {
			return nil, fmt.Errorf("parameters: %w", err)
		}
		value, err := url.QueryUnescape(v)
		if err != nil {
			return nil, fmt.Errorf("parameters: %w", err)
		}
		if !utf8.ValidString(key) || !utf8.ValidString(value) {
			return nil, errors.New("parameters: not UTF-8")
		}
		if key != "" {
			out[key] = []string{value}
		}
		if len(out) > mostParams {
			return nil, fmt.Errorf("more than %d parameters", mostParams)
		}
	}
	return out, nil
}

// writeParams makes the Params of an invite. The SDK decodes values but not keys, so keys stand as they are;
// one that would break the form is left out.
func writeParams(m map[string]string) string {
	var pairs []string
	for k, v := range m {
		if k != "" && !strings.ContainsAny(k, "&=") {
			pairs = append(pairs, k+"="+url.QueryEscape(v))
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}
