package webleg

import (
	"errors"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/kaden-project/kaden/media"
)

// telephoneEvent is RFC 4733's name in SDP.
const telephoneEvent = "audio/telephone-event"

// track is the way of our RTP into a connection. Unlike pion's own tracks it sends keys and sound on one
// stream, each with its payload type.
type track struct {
	codec  media.Codec
	dtmf   uint8 // payload type of telephone-event, 0 for none
	sound  uint8 // payload type of codec
	header rtp.Header
	to     webrtc.TrackLocalWriter
}

var _ webrtc.TrackLocal = (*track)(nil)

var errNoCodec = errors.New("no codec in common: the browser has to take PCMU or PCMA")

// Bind learns what was negotiated. pion calls it once, before the connection is up.
func (t *track) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	var chosen webrtc.RTPCodecParameters
	for _, p := range c.CodecParameters() {
		switch p.MimeType {
		case webrtc.MimeTypePCMU, webrtc.MimeTypePCMA:
			if chosen.MimeType == "" {
				chosen = p
			}
		case telephoneEvent:
			t.dtmf = uint8(p.PayloadType)
		}
	}
	if chosen.MimeType == "" {
		return chosen, errNoCodec
	}
	t.codec, t.sound = media.PCMU, uint8(chosen.PayloadType)
	if chosen.MimeType == webrtc.MimeTypePCMA {
		t.codec = media.PCMA
	}
	t.header = rtp.Header{Version: 2, SSRC: uint32(c.SSRC())}
	t.to = c.WriteStream()
	return chosen, nil
}

// Unbind does nothing: the sound stops before its connection is closed.
func (t *track) Unbind(webrtc.TrackLocalContext) error { return nil }

// ID, RID, StreamID and Kind are what pion writes into SDP.
func (t *track) ID() string                { return "sound" }
func (t *track) RID() string               { return "" }
func (t *track) StreamID() string          { return "kaden" }
func (t *track) Kind() webrtc.RTPCodecType { return webrtc.RTPCodecTypeAudio }

// send writes one packet. What the network does not take is lost: sound that waits is worth nothing.
func (t *track) send(s media.Said, seq uint16, payload []byte) {
	h := &t.header
	h.PayloadType = t.sound
	if s.Event {
		h.PayloadType = t.dtmf
	}
	h.Marker, h.Timestamp, h.SequenceNumber = s.Marker, s.Timestamp, seq
	t.to.WriteRTP(h, payload[:s.Len])
}
