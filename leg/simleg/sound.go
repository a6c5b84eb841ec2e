package simleg

import (
	"time"

	"github.com/kaden-project/kaden/media"
)

// stream is one direction of sound: what one end says and the other hears. It belongs to the line's goroutine.
type stream struct {
	open  bool // the path exists: early media or answered
	src   media.Source
	sink  media.Sink
	now   Heard       // what is being heard, Caption "" for nothing that has words
	hears func(Heard) // told when something begins and again when it ends; nil: nobody asks for words
}

// Heard is something that was played to the far end, in words.
type Heard struct {
	Caption  string
	From, To time.Time // To is zero while it is still heard
	Cut      bool      // it was stopped before its end
}

func (s *stream) sounding() bool { return s.open && (s.src != nil || s.sink != nil) }

// play puts src in place of what was said.
func (s *stream) play(src media.Source, now time.Time) {
	if s.src != nil {
		s.close(now, true)
	}
	s.src = src
}

// step is one frame.
func (s *stream) step(f *media.Frame, now time.Time) {
	if !s.open {
		return
	}
	if s.src == nil {
		if s.sink != nil {
			*f = media.Frame{}
			s.sink.Write(f)
		}
		return
	}
	more := s.src.Read(f)
	s.caption(now)
	if s.sink != nil {
		media.Write(s.sink, f, words(s.src))
	}
	if !more {
		src := s.src
		s.src = nil
		if p, ok := src.(interface{ Finished() bool }); ok && !p.Finished() { // a media.Player that was told to stop
			s.close(now, true)
		} else {
			s.close(now.Add(media.Period), false)
		}
	}
}

// caption notices when other words begin. It is that of the frame that was just read.
func (s *stream) caption(now time.Time) {
	if s.hears == nil {
		return
	}
	words := words(s.src)
	if words == s.now.Caption {
		return
	}
	s.close(now, false)
	if words != "" {
		s.now = Heard{Caption: words, From: now}
		s.hears(s.now)
	}
}

// words are the caption of src, "" for none.
func words(src media.Source) string {
	if c, ok := src.(media.Captioned); ok {
		return c.Caption()
	}
	return ""
}

func (s *stream) close(now time.Time, cut bool) {
	if s.hears == nil || s.now.Caption == "" {
		return
	}
	s.now.To, s.now.Cut = now, cut
	s.hears(s.now)
	s.now = Heard{}
}
