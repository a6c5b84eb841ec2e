package sipleg

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"

	"github.com/kaden-project/kaden/media"
)

// direction is who may speak (RFC 3264 section 5.1), as seen by the one who wrote it.
type direction uint8

const (
	sendrecv direction = iota
	sendonly
	recvonly
	inactive
)

var directions = [...]string{"sendrecv", "sendonly", "recvonly", "inactive"}

func (d direction) String() string { return directions[d] }
func (d direction) receives() bool { return d == sendrecv || d == recvonly }

// mirror is the direction as the other side sees it, at the most that it can be.
func (d direction) mirror() direction {
	switch d {
	case sendonly:
		return recvonly
	case recvonly:
		return sendonly
	}
	return d
}

// deaf is d for one who does not want to hear.
func (d direction) deaf() direction {
	switch d {
	case sendrecv:
		return sendonly
	case recvonly:
		return inactive
	}
	return d
}

// description is what one side says of its sound: the one audio stream that we take, and how many others there are.
type description struct {
	addr   netip.AddrPort // where it wants RTP; the address may be unspecified (old-style hold)
	codecs []media.Codec  // in its order of preference
	dtmf   uint8          // payload type of telephone-event, 0 for none
	dir    direction
	lines  []line // all media, in order
	audio  int    // which of them is ours
	lock   lock   // for the sound that it sends; the zero lock is sound in the clear

	length  int            // of the packets that it wants to hear (ptime), in ms; 0: it does not say
	longest int            // … of those that it can hear (maxptime)
	control netip.AddrPort // where it wants RTCP: on the next port, unless it says otherwise (RFC 3605)
	mux     bool           // … or with the RTP (RFC 5761)
}

// line is one m= line, so that it can be refused in place.
type line struct{ kind, proto, format string }

var (
	errNoAudio = errors.New("no audio over RTP/AVP or RTP/SAVP is offered")
	errNoCodec = errors.New("none of PCMU, PCMA and G722 is offered")
	errClear   = errors.New("the sound is to be encrypted (RTP/SAVP) on this line or phone, and the far end sends it in the clear")
	errOpen    = errors.New("the sound of this phone is not to be encrypted (srtp: off), and it offers nothing else")
	errSecret  = errors.New("the far end answers with encrypted sound, which was not offered")
)

// maxLines bounds how much media a far end may describe.
const maxLines = 16

// readSDP reads an offer or an answer. via is where the message came from: an address that is a name, or
// that is missing, is taken from there; symmetric RTP finds the rest.
func readSDP(body []byte, via netip.Addr) (*description, error) {
	var s sdp.SessionDescription
	if err := s.Unmarshal(body); err != nil {
		return nil, fmt.Errorf("SDP cannot be read: %w", err)
	}
	if len(s.MediaDescriptions) > maxLines {
		return nil, fmt.Errorf("SDP with %d media lines", len(s.MediaDescriptions))
	}
	d := &description{audio: -1}
	err := errNoAudio
	for i, m := range s.MediaDescriptions {
		l := line{m.MediaName.Media, strings.Join(m.MediaName.Protos, "/"), "0"}
		if len(m.MediaName.Formats) > 0 {
			l.format = m.MediaName.Formats[0]
		}
		d.lines = append(d.lines, l)
		if d.audio >= 0 || l.kind != "audio" || l.proto != plainRTP && l.proto != secureRTP || m.MediaName.Port.Value <= 0 || m.MediaName.Port.Value > 65535 {
			continue
		}
		if err = d.stream(&s, m, via, l.proto == secureRTP); err == nil {
			d.audio = i
		}
	}
	if d.audio < 0 {
		return nil, err
	}
	return d, nil
}

// fits tells whether sound can go to d: its address must be of the family that the signalling has. nil fits.
func (d *description) fits(via netip.Addr) bool {
	return d == nil || d.addr.Addr().Is4() == via.Is4()
}

// Kinds of sound in an m= line.
const (
	plainRTP  = "RTP/AVP"
	secureRTP = "RTP/SAVP"
)

// stream takes one audio line, if we speak one of its codecs, and have a key to it where it is encrypted.
func (d *description) stream(s *sdp.SessionDescription, m *sdp.MediaDescription, via netip.Addr, secure bool) error {
	*d = description{lines: d.lines, audio: -1}
	if secure {
		for _, a := range m.Attributes {
			if l, ok := readLock(a.Value); a.Key == "crypto" && ok {
				d.lock = l
				break
			}
		}
		if d.lock == (lock{}) {
			return errNoKey
		}
	}
	names := map[string]string{"0": "PCMU/8000", "8": "PCMA/8000", "9": "G722/8000"} // RFC 3551 section 6
	for _, a := range m.Attributes {
		if a.Key == "rtpmap" {
			pt, name, _ := strings.Cut(a.Value, " ")
			names[pt] = strings.ToUpper(strings.TrimSpace(name))
		}
	}
	for _, pt := range m.MediaName.Formats {
		switch name := strings.TrimSuffix(names[pt], "/1"); {
		case name == "PCMU/8000" && pt == "0":
			d.codecs = append(d.codecs, media.PCMU)
		case name == "PCMA/8000" && pt == "8":
			d.codecs = append(d.codecs, media.PCMA)
		case (name == "G722/8000" || name == "G722/16000") && pt == "9": // some write what its rate really is
			d.codecs = append(d.codecs, media.G722)
		case name == "TELEPHONE-EVENT/8000" && d.dtmf == 0:
			if n, err := strconv.ParseUint(pt, 10, 8); err == nil && n >= 96 && n < 128 {
				d.dtmf = uint8(n)
			}
		}
	}
	if len(d.codecs) == 0 {
		return errNoCodec
	}
	for _, attributes := range [][]sdp.Attribute{s.Attributes, m.Attributes} {
		for _, a := range attributes {
			for i, name := range directions {
				if a.Key == name {
					d.dir = direction(i)
				}
			}
		}
	}
	c := m.ConnectionInformation
	if c == nil {
		c = s.ConnectionInformation
	}
	ip := via
	if c != nil && c.Address != nil {
		if a, err := netip.ParseAddr(strings.SplitN(c.Address.Address, "/", 2)[0]); err == nil {
			ip = a.Unmap()
		}
	}
	if ip.IsMulticast() {
		return errors.New("SDP asks for sound to a multicast address")
	}
	d.addr = netip.AddrPortFrom(ip, uint16(m.MediaName.Port.Value))
	d.packets(m)
	if ip.IsUnspecified() && d.dir.receives() { // RFC 2543's hold, still seen (RFC 3264 section 8.4)
		if d.dir == sendrecv {
			d.dir = sendonly
		} else {
			d.dir = inactive
		}
	}
	return nil
}

// packets reads how long packets may be, and where RTCP goes.
func (d *description) packets(m *sdp.MediaDescription) {
	d.control = netip.AddrPortFrom(d.addr.Addr(), d.addr.Port()+1)
	for _, a := range m.Attributes {
		switch a.Key {
		case "ptime":
			d.length = milliseconds(a.Value)
		case "maxptime":
			d.longest = milliseconds(a.Value)
		case "rtcp-mux":
			d.mux = true
		case "rtcp": // port, or port IN IP4 address
			words := strings.Fields(a.Value)
			if len(words) == 0 {
				continue
			}
			port, err := strconv.ParseUint(words[0], 10, 16)
			if err != nil || port == 0 {
				continue
			}
			at := d.addr.Addr()
			if ip, err := netip.ParseAddr(words[len(words)-1]); len(words) == 4 && err == nil && !ip.IsMulticast() {
				at = ip.Unmap()
			}
			d.control = netip.AddrPortFrom(at, uint16(port))
		}
	}
	if d.mux {
		d.control = d.addr
	}
}

// milliseconds reads a length; 0 is none that makes sense.
func milliseconds(s string) int {
	n, err := strconv.ParseFloat(strings.TrimSpace(s), 64) // some write 20.0
	if err != nil || !(n >= 1 && n <= 1000) {
		return 0
	}
	return int(n)
}

// ours is our side of a session.
type ours struct {
	id, version uint64
	ip          netip.Addr
	port        uint16
	codecs      []media.Codec // that we offer; nil is PCMU and PCMA
	length      int           // of packets, in ms, both ways; 0: what the far end wants, else 20
	dtmf        uint8         // payload type of telephone-event that we offer; 0 is offeredDTMF
	lock        lock          // for the sound that we send, once it is to be encrypted
	hold        bool          // we do not want to hear the far end
	mux         bool          // our last answer has taken RTCP beside RTP
}

// packet is how long the packets are that we send, in ms, and that we ask for where we answer.
func (o *ours) packet(d *description) int {
	wanted := usualLength
	switch {
	case o.length != 0:
		wanted = o.length
	case d.length != 0:
		wanted = d.length
	}
	if d.longest != 0 {
		wanted = min(wanted, d.longest)
	}
	return fitting(wanted)
}

// offeredDTMF is the payload type that we propose for telephone-event; most of the world uses it too.
const offeredDTMF = 101

// offer describes all that we speak.
func (o *ours) offer(dir direction) string { return o.offerIn([]line{{kind: "audio"}}, 0, dir) }

// offerAgain is an offer within a call: a new version, with all the lines that the session has in their places, those
// that were refused too (RFC 3264 section 8). d is what the far end has said last, nil for nothing yet.
func (o *ours) offerAgain(d *description) string {
	o.version++
	if d == nil {
		return o.offer(o.wants())
	}
	return o.offerIn(slices.Clone(d.lines), d.audio, o.wants())
}

func (o *ours) offerIn(lines []line, audio int, dir direction) string {
	codecs, proto := o.codecs, plainRTP
	if codecs == nil {
		codecs = []media.Codec{media.PCMU, media.PCMA}
	}
	if o.lock != (lock{}) {
		proto = secureRTP
	}
	o.mux = false
	lines[audio].proto = proto
	return o.write(lines, audio, codecs, o.keys(), o.packet(&description{}), dir)
}

// wants is the direction that we offer.
func (o *ours) wants() direction {
	if o.hold {
		return sendonly
	}
	return sendrecv
}

// keys is the payload type of telephone-event that we offer.
func (o *ours) keys() uint8 {
	if o.dtmf == 0 {
		return offeredDTMF
	}
	return o.dtmf
}

// answer takes one codec of the offer, refuses all other media, and speaks as far as the offer allows.
func (o *ours) answer(d *description) string {
	switch {
	case d.lock == (lock{}):
		o.lock = lock{}
	case o.lock == (lock{}) || o.lock.suite != d.lock.suite:
		o.lock = newLock(d.lock.tag, d.lock.suite)
	default:
		o.lock.tag = d.lock.tag // the key stays: a new one would begin our stream anew
	}
	dir := d.dir.mirror()
	if o.hold {
		dir = dir.deaf()
	}
	o.mux = d.mux
	return o.write(d.lines, d.audio, d.codecs[:1], d.dtmf, o.packet(d), dir)
}

func (o *ours) write(lines []line, audio int, codecs []media.Codec, dtmf uint8, length int, dir direction) string {
	var b strings.Builder
	family := "IP4"
	if o.ip.Is6() {
		family = "IP6"
	}
	fmt.Fprintf(&b, "v=0\r\no=- %d %d IN %s %s\r\ns=-\r\nc=IN %s %s\r\nt=0 0\r\n", o.id, o.version, family, o.ip, family, o.ip)
	for i, l := range lines {
		if i != audio {
			fmt.Fprintf(&b, "m=%s 0 %s %s\r\n", l.kind, l.proto, l.format)
			continue
		}
		fmt.Fprintf(&b, "m=audio %d %s", o.port, l.proto)
		for _, c := range codecs {
			fmt.Fprintf(&b, " %d", c)
		}
		if dtmf != 0 {
			fmt.Fprintf(&b, " %d", dtmf)
		}
		b.WriteString("\r\n")
		for _, c := range codecs {
			fmt.Fprintf(&b, "a=rtpmap:%d %s/8000\r\n", c, c)
		}
		if dtmf != 0 {
			fmt.Fprintf(&b, "a=rtpmap:%d telephone-event/8000\r\na=fmtp:%d 0-15\r\n", dtmf, dtmf)
		}
		if l.proto == secureRTP {
			fmt.Fprintf(&b, "a=crypto:%s\r\n", o.lock)
		}
		fmt.Fprintf(&b, "a=ptime:%d\r\n", length)
		if o.length != 0 {
			fmt.Fprintf(&b, "a=maxptime:%d\r\n", o.length)
		}
		if o.mux {
			b.WriteString("a=rtcp-mux\r\n")
		}
		fmt.Fprintf(&b, "a=%s\r\n", dir)
	}
	return b.String()
}
