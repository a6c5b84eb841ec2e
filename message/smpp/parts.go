package smpp

import (
	"bytes"
	"encoding/binary"
	"strings"
	"time"
)

// part is a piece of a long message that came in.
type part struct {
	ref      int
	total, n int // n counts from 1
	text     []byte
}

// readPart reads which piece a deliver_sm is, and takes the user data header off its text (3GPP TS 23.040, 9.2.3.24). A
// whole message is the first of one.
func readPart(s short) part {
	whole := part{total: 1, n: 1, text: s.text()}
	if s.Class&classHeader != 0 && len(whole.text) > 0 {
		size := int(whole.text[0]) + 1
		if size > len(whole.text) {
			return whole
		}
		header := whole.text[1:size]
		whole.text = whole.text[size:]
		for len(header) >= 2 && 2+int(header[1]) <= len(header) {
			kind, v := header[0], header[2:2+header[1]]
			header = header[2+header[1]:]
			switch {
			case kind == 0x00 && len(v) == 3:
				return whole.of(int(v[0]), int(v[1]), int(v[2]))
			case kind == 0x08 && len(v) == 4:
				return whole.of(int(binary.BigEndian.Uint16(v)), int(v[2]), int(v[3]))
			}
		}
		return whole
	}
	ref, total, n := s.More[tagSARReference], s.More[tagSARTotal], s.More[tagSARSequence]
	if len(ref) == 2 && len(total) == 1 && len(n) == 1 {
		return whole.of(int(binary.BigEndian.Uint16(ref)), int(total[0]), int(n[0]))
	}
	return whole
}

// of is the piece with its place, unless that is none.
func (p part) of(ref, total, n int) part {
	if n < 1 || n > total {
		return p
	}
	return part{ref, total, n, p.text}
}

// thread is what pieces of one message have in common.
type thread struct {
	from, to   string
	ref, total int
	coding     byte
}

// pieces are those of one message that are here.
type pieces struct {
	since time.Time
	have  [][]byte // by number; nil: not yet
	left  int
	taken bool // it is kept; what comes of it again is known
}

const (
	// pieceTime is how long the rest of a message is waited for.
	pieceTime = 5 * time.Minute
	// mostThreads is how many messages may be in pieces at once: strangers can send pieces, too.
	mostThreads = 1000
)

// table is where long messages are put together. It belongs to one goroutine.
type table map[thread]*pieces

// put takes a piece; whole is true when none is missing any more, and text is all of them then.
func (t table) put(key thread, p part, now time.Time) (text []byte, whole bool) {
	if p.total == 1 {
		return p.text, true
	}
	m := t[key]
	if m != nil && m.taken && bytes.Equal(m.have[p.n-1], p.text) {
		return nil, false // an SMSC that did not hear our answer brings it again
	}
	if m == nil || m.taken {
		m = &pieces{since: now, have: make([][]byte, p.total), left: p.total}
		t[key] = m
	}
	if m.have[p.n-1] == nil {
		m.have[p.n-1] = append([]byte{}, p.text...)
		m.left--
	}
	if m.left > 0 {
		return nil, false
	}
	return bytes.Join(m.have, nil), true
}

// done notes that a message is kept. It is remembered for as long as a rest would be waited for.
func (t table) done(key thread) {
	if m := t[key]; m != nil {
		m.taken = true
	}
}

// text is what is there of a message, with a mark where something is missing.
func (m *pieces) text(coding byte) string {
	var s strings.Builder
	gap := false
	for _, b := range m.have {
		if b == nil {
			if !gap {
				s.WriteString("…")
			}
			gap = true
			continue
		}
		gap = false
		text, _ := decode(coding, b)
		s.WriteString(text)
	}
	return s.String()
}

// overdue are the messages whose rest is not waited for any longer; all of them with now zero. Beyond mostThreads the
// oldest are.
func (t table) overdue(now time.Time) (list []thread) {
	for key, m := range t {
		if now.IsZero() || now.Sub(m.since) >= pieceTime {
			list = append(list, key)
		}
	}
	if len(list) == 0 && len(t) > mostThreads {
		var oldest thread
		at := now
		for key, m := range t {
			if !m.since.After(at) {
				oldest, at = key, m.since
			}
		}
		list = append(list, oldest)
	}
	return list
}
