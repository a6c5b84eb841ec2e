package webleg

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pion/sdp/v3"
)

// mostSDP is far above what any browser sends for one stream of sound (2 to 6 kB).
const mostSDP = 64 << 10

// description is what has to be known of a browser's SDP before pion sees it.
type description struct {
	fingerprint string // of its DTLS certificate: another one is another page
	ufrag       string // another one of the same page is an ICE restart
}

// read checks a browser's offer or answer. usable is what pion may see of it.
func read(text string) (d description, usable string, err error) {
	if len(text) > mostSDP {
		return d, "", fmt.Errorf("SDP of %d bytes; at most %d are read", len(text), mostSDP)
	}
	var s sdp.SessionDescription
	if err := s.UnmarshalString(text); err != nil {
		return d, "", fmt.Errorf("SDP: %w", err)
	}
	i := slices.IndexFunc(s.MediaDescriptions, func(m *sdp.MediaDescription) bool {
		return m.MediaName.Media == "audio" && m.MediaName.Port.Value != 0
	})
	if i < 0 {
		return d, "", errors.New("SDP without sound: there is no open m=audio")
	}
	audio := s.MediaDescriptions[i]
	if !slices.Contains(audio.MediaName.Formats, "0") && !slices.Contains(audio.MediaName.Formats, "8") {
		return d, "", errNoCodec
	}
	attribute := func(key string) string {
		if v, ok := audio.Attribute(key); ok {
			return v
		}
		v, _ := s.Attribute(key)
		return v
	}
	d.fingerprint, d.ufrag = strings.ToLower(attribute("fingerprint")), attribute("ice-ufrag")
	switch {
	case d.fingerprint == "":
		return d, "", errors.New("SDP without a=fingerprint: only encrypted sound (DTLS-SRTP) is taken")
	case d.ufrag == "" || attribute("ice-pwd") == "":
		return d, "", errors.New("SDP without a=ice-ufrag and a=ice-pwd")
	}
	return d, withoutCandidates(text), nil
}

// withoutCandidates takes out where the browser says it is. It comes to us, always, and is known when it does;
// who may write SDP must not make us knock at addresses of their choice, nor look up their names (.local).
func withoutCandidates(text string) string {
	var out strings.Builder
	out.Grow(len(text))
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "a=candidate:") && !strings.HasPrefix(line, "a=end-of-candidates") {
			out.WriteString(line)
		}
	}
	return out.String()
}
