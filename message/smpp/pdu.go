package smpp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// command is what a PDU asks for; an answer has the highest bit set (SMPP 3.4, 5.1.2.1).
type command uint32

const (
	genericNack     command = 0x80000000
	bindTransceiver command = 0x00000009
	unbind          command = 0x00000006
	submitSM        command = 0x00000004
	deliverSM       command = 0x00000005
	enquireLink     command = 0x00000015
	alert           command = 0x00000102 // alert_notification: the one that has no answer

	answers command = 0x80000000
)

// pdu is what goes over the line: a command, how it went, and which question it belongs to.
type pdu struct {
	Command command
	Status  status
	Seq     uint32
	Body    []byte
}

const (
	headerSize = 16
	// biggest is more than any PDU needs: 64 KiB of message_payload and what is around it. A longer one is no SMPP.
	biggest = 64<<10 + 4<<10
)

var errFraming = errors.New("what the SMSC sends is not SMPP")

// readPDU reads the next one.
func readPDU(r io.Reader) (pdu, error) {
	var head [headerSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return pdu{}, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n < headerSize || n > biggest {
		return pdu{}, fmt.Errorf("%w: a length of %d", errFraming, n)
	}
	p := pdu{Command: command(binary.BigEndian.Uint32(head[4:])), Status: status(binary.BigEndian.Uint32(head[8:])), Seq: binary.BigEndian.Uint32(head[12:])}
	p.Body = make([]byte, n-headerSize)
	_, err := io.ReadFull(r, p.Body)
	return p, err
}

// bytes is the PDU as it goes over the line.
func (p pdu) bytes() []byte {
	b := make([]byte, 0, headerSize+len(p.Body))
	b = binary.BigEndian.AppendUint32(b, uint32(headerSize+len(p.Body)))
	b = binary.BigEndian.AppendUint32(b, uint32(p.Command))
	b = binary.BigEndian.AppendUint32(b, uint32(p.Status))
	b = binary.BigEndian.AppendUint32(b, p.Seq)
	return append(b, p.Body...)
}

// address is a number or a word, and what it is.
type address struct {
	TON, NPI byte
	Text     string
}

// Types of addresses (5.2.5).
const (
	tonInternational = 1
	tonNational      = 2
	tonNetwork       = 3
	tonWord          = 5
	npiISDN          = 1
)

// tag names an optional parameter (5.3.2).
type tag uint16

const (
	tagReceiptedID    tag = 0x001e
	tagMessageState   tag = 0x0427
	tagNetworkError   tag = 0x0423
	tagPayload        tag = 0x0424
	tagSARReference   tag = 0x020c
	tagSARTotal       tag = 0x020e
	tagSARSequence    tag = 0x020f
	classReceipt          = 0x04 // esm_class: a delivery receipt
	classIntermediate     = 0x20 // esm_class: a notification on the way
	classKind             = 0x3c // esm_class: its bits for what kind of message it is
	classHeader           = 0x40 // esm_class: the text begins with a user data header
	wantReceipt           = 0x01 // registered_delivery: however it ends
	longestText           = 254  // of sm_length; longer ones are a payload
	longestAddress        = 20
)

// short is the body of a submit_sm or a deliver_sm (4.4.1, 4.6.1), as far as it matters here.
type short struct {
	From, To   address
	Class      byte // esm_class
	Registered byte // registered_delivery
	Coding     byte // data_coding
	Text       []byte
	More       map[tag][]byte // optional parameters
}

// bytes is the body as it goes over the line. More is written in the order of its tags.
func (s short) bytes() []byte {
	b := []byte{0} // service_type: the usual one
	for _, a := range []address{s.From, s.To} {
		b = append(append(append(b, a.TON, a.NPI), a.Text...), 0)
	}
	b = append(b, s.Class, 0, 0, 0, 0, s.Registered, 0, s.Coding, 0, byte(len(s.Text))) // priority, schedule, validity: the usual ones
	b = append(b, s.Text...)
	for _, t := range slices.Sorted(maps.Keys(s.More)) {
		b = binary.BigEndian.AppendUint16(b, uint16(t))
		b = binary.BigEndian.AppendUint16(b, uint16(len(s.More[t])))
		b = append(b, s.More[t]...)
	}
	return b
}

// readShort reads such a body.
func readShort(body []byte) (short, error) {
	r := &reader{b: body}
	r.text(6)
	s := short{From: r.address(), To: r.address(), Class: r.byte()}
	r.byte() // protocol_id
	r.byte() // priority_flag
	r.text(17)
	r.text(17)
	s.Registered = r.byte()
	r.byte() // replace_if_present
	s.Coding = r.byte()
	r.byte() // sm_default_msg_id
	s.Text = r.take(int(r.byte()))
	for len(r.b) > 0 && !r.bad {
		t, n := tag(r.uint16()), r.uint16()
		if v := r.take(int(n)); !r.bad {
			if s.More == nil {
				s.More = map[tag][]byte{}
			}
			s.More[t] = v
		}
	}
	if r.bad || len(s.Text) > longestText {
		return s, fmt.Errorf("%w: a message that ends too early, or with a field that is too long", errFraming)
	}
	return s, nil
}

// text is the whole text, wherever it stands.
func (s short) text() []byte {
	if p := s.More[tagPayload]; len(p) > 0 {
		return p
	}
	return s.Text
}

// reader takes a body to pieces; once something is missing it is bad, and gives nothing more.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if r.bad || n > len(r.b) {
		r.bad = true
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) byte() byte {
	if v := r.take(1); v != nil {
		return v[0]
	}
	return 0
}

func (r *reader) uint16() uint16 {
	if v := r.take(2); v != nil {
		return binary.BigEndian.Uint16(v)
	}
	return 0
}

// text takes a string that ends with a zero; most is with it.
func (r *reader) text(most int) string {
	i := bytes.IndexByte(r.b, 0)
	if r.bad || i < 0 || i >= most {
		r.bad = true
		return ""
	}
	return string(r.take(i + 1)[:i])
}

func (r *reader) address() address {
	// SMPP 3.4 has room for 20 characters; some SMSCs bring words of more, and nothing is gained by refusing those.
	return address{TON: r.byte(), NPI: r.byte(), Text: r.text(65)}
}

// bindBody is the body of a bind_transceiver (4.1.5).
func bindBody(id, password, system string) []byte {
	const version34 = 0x34
	var b []byte
	for _, s := range []string{id, password, system} {
		b = append(append(b, s...), 0)
	}
	return append(b, version34, 0, 0, 0) // any addresses, as the carrier has set them up
}

// readName reads the message_id of a submit_sm_resp (4.4.2).
func readName(body []byte) (string, bool) {
	r := &reader{b: body}
	name := r.text(65)
	return name, !r.bad && name != ""
}
