package smpp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"
)

const (
	bindTime   = 15 * time.Second // for the connection, and for the answer to the bind
	answerTime = 10 * time.Second // for the answer to an enquire_link or an unbind, and for a write
	submitTime = time.Minute      // for the answer to a message
)

// errGone is a session that ended before anything was written on it.
var errGone = errors.New("the connection to the SMSC is gone")

// session is one connection to an SMSC. Its methods may be called from any goroutine.
type session struct {
	log  *slog.Logger
	conn net.Conn
	in   func(*session, pdu) // takes what the SMSC asks; it does not wait

	writing sync.Mutex
	done    chan struct{} // closed when it is over

	mu      sync.Mutex
	seq     uint32
	waiting map[uint32]func(pdu) // who asked; called on the reader's goroutine
	heard   time.Time            // when the SMSC last said anything
	err     error                // why it is over
}

func newSession(log *slog.Logger, conn net.Conn, in func(*session, pdu)) *session {
	return &session{log: log, conn: conn, in: in, done: make(chan struct{}), waiting: map[uint32]func(pdu){}, heard: time.Now()}
}

// read takes what comes until the connection ends.
func (s *session) read() {
	for {
		p, err := readPDU(s.conn)
		if err != nil {
			s.end(err)
			return
		}
		s.mu.Lock()
		s.heard = time.Now()
		answered := s.waiting[p.Seq]
		if p.Command&answers != 0 {
			delete(s.waiting, p.Seq)
		}
		s.mu.Unlock()
		switch {
		case p.Command&answers != 0:
			if answered != nil {
				answered(p)
			}
		case p.Command == enquireLink:
			go s.answer(p, statusOK, nil)
		case p.Command == unbind:
			go func() {
				s.answer(p, statusOK, nil)
				s.end(errors.New("the SMSC has ended the session"))
			}()
		case p.Command == deliverSM:
			s.in(s, p)
		case p.Command == alert:
		default:
			go s.write(pdu{Command: genericNack, Status: statusCommand, Seq: p.Seq})
		}
	}
}

// end ends it; only the first reason counts.
func (s *session) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
		close(s.done)
		s.conn.Close()
	}
}

// why says why it is over.
func (s *session) why() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// silence is how long the SMSC has said nothing.
func (s *session) silence() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Since(s.heard)
}

func (s *session) write(p pdu) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.conn.SetWriteDeadline(time.Now().Add(answerTime))
	_, err := s.conn.Write(p.bytes())
	if err != nil {
		s.end(err) // who knows how much of it has gone
	}
	return err
}

// answer answers what the SMSC has asked.
func (s *session) answer(p pdu, how status, body []byte) {
	if err := s.write(pdu{Command: p.Command | answers, Status: how, Seq: p.Seq, Body: body}); err != nil {
		s.log.Debug("an answer did not leave", "err", err)
	}
}

// ask sends a question and waits for its answer. early, if it is not nil, sees the answer before anything that the SMSC
// says after it. The error is errGone if nothing has left.
func (s *session) ask(ctx context.Context, c command, body []byte, most time.Duration, early func(pdu)) (pdu, error) {
	got := make(chan pdu, 1)
	s.mu.Lock()
	if s.err != nil {
		s.mu.Unlock()
		return pdu{}, errGone
	}
	s.seq = s.seq%0x7fffffff + 1 // from 1 to 0x7fffffff (3.2)
	seq := s.seq
	s.waiting[seq] = func(p pdu) {
		if early != nil {
			early(p)
		}
		got <- p
	}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.waiting, seq)
	}()
	if err := s.write(pdu{Command: c, Seq: seq, Body: body}); err != nil {
		return pdu{}, err
	}
	t := time.NewTimer(most)
	defer t.Stop()
	var err error
	select {
	case p := <-got:
		return p, nil
	case <-s.done:
		err = fmt.Errorf("no answer before the connection ended: %w", s.why())
	case <-t.C:
		err = fmt.Errorf("no answer within %v", most)
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	select {
	case p := <-got: // both came at once
		return p, nil
	default:
		return pdu{}, err
	}
}
