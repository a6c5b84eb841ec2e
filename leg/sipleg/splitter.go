package sipleg

import (
	"bytes"
	"errors"
	"strconv"
)

var errFraming = errors.New("no message border in the stream")

// splitter finds the borders of messages on a stream (RFC 3261 section 18.3: Content-Length is required there).
type splitter struct{ buf []byte }

func (s *splitter) write(b []byte) { s.buf = append(s.buf, b...) }

// next gives one whole message, valid until the next write; nil when more has to come. pong asks for the
// answer to a keep-alive (RFC 5626 section 3.5.1).
func (s *splitter) next() (msg []byte, pong bool, err error) {
	ping := []byte("\r\n\r\n")
	switch {
	case bytes.HasPrefix(s.buf, ping):
		s.buf = s.buf[len(ping):]
		return nil, true, nil
	case bytes.HasPrefix(ping, s.buf):
		return nil, false, nil // a part of one, perhaps
	}
	s.buf = bytes.TrimPrefix(s.buf, []byte("\r\n")) // section 7.5
	end := bytes.Index(s.buf, []byte("\r\n\r\n"))
	if end < 0 {
		if len(s.buf) > maxMessage {
			return nil, false, errFraming
		}
		return nil, false, nil
	}
	end += 4
	length, ok := contentLength(s.buf[:end])
	if !ok || length < 0 || end+length > maxMessage {
		return nil, false, errFraming
	}
	if len(s.buf) < end+length {
		return nil, false, nil
	}
	msg = s.buf[:end+length]
	s.buf = s.buf[end+length:]
	return msg, false, nil
}

// contentLength reads the first such header of head.
func contentLength(head []byte) (n int, ok bool) {
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		name, value, found := bytes.Cut(line, []byte(":"))
		if !found {
			continue
		}
		name = bytes.TrimSpace(name)
		if !bytes.EqualFold(name, []byte("Content-Length")) && !bytes.EqualFold(name, []byte("l")) {
			continue
		}
		n, err := strconv.Atoi(string(bytes.TrimSpace(value)))
		return n, err == nil
	}
	return 0, false
}
