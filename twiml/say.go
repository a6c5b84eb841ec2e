package twiml

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// maxSay is how many characters Twilio speaks in one <Say>.
const maxSay = 4096

// Say speaks text.
type Say struct {
	Pos
	Voice    string // as written; "" is the account's default
	Language string // as written; "" is the voice's
	Loop     int    // times; 0 is without end (Twilio caps it at 1000); Parse and NewSay set 1
	Spans    []Span
}

// Span is a piece of speech in one manner; SSML's nesting is flattened into spans.
//
// White space stands in the text where it was written, never twice: the texts of all spans, one
// after another, are what was written in <Say>. At most one of As, Alias and Phoneme is set.
type Span struct {
	Text     string
	Pause    time.Duration // <break/>, and the end of <p> or <s>, before Text; whole milliseconds
	Language string        // <lang>; "" is the Say's
	Rate     string        // <prosody>
	Pitch    string
	Volume   string
	As       string // <say-as interpret-as>
	Format   string // <say-as format>: mdy
	Alias    string // <sub alias>: what is said in place of Text
	Emphasis string // <emphasis level>
	Phoneme  string // <phoneme ph>
	Alphabet string // <phoneme alphabet>: ipa or x-sampa; "" is ipa
}

// NewSay makes a Say that speaks text once. The language may be "".
func NewSay(language, text string) *Say {
	s := &Say{Language: language, Loop: 1}
	if text = collapse(text); text != "" {
		s.Spans = []Span{{Text: text}}
	}
	return s
}

// Name is the verb's name in a document.
func (*Say) Name() string { return "Say" }

// Text is the words that are heard, on one line and without their manner: for captions and logs.
func (s *Say) Text() string {
	var b strings.Builder
	for _, p := range s.Spans {
		if p.Pause > 0 && b.Len() > 0 {
			b.WriteByte(' ')
		}
		if p.Alias != "" {
			b.WriteString(p.Alias)
		} else {
			b.WriteString(p.Text)
		}
	}
	return collapse(b.String())
}

func (c *checker) say(n *node, v values) Verb {
	s := &Say{Pos: n.Pos, Voice: v["voice"], Language: v["language"], Loop: v.number("loop", 1)}
	s.Spans = c.ssml(n)
	if len(s.Spans) == 0 {
		c.warn(n.Pos, codeSayText, n.name, "nothing to say: skipped", "put the text between <Say> and </Say>")
		return nil
	}
	length := 0
	for _, p := range s.Spans {
		length += utf8.RuneCountInString(p.Text)
	}
	if length > maxSay {
		c.warn(n.Pos, codeSayLong, n.name, fmt.Sprintf("%d characters: Twilio refuses more than %d, kaden says them all", length, maxSay),
			"divide the text among several <Say>")
	}
	return s
}

func (s *Say) write(w *writer) error {
	if s.Loop < 0 {
		return fmt.Errorf("say: loop %d; 0 is without end", s.Loop)
	}
	w.open("Say", attr("voice", s.Voice), attr("language", s.Language), unless("loop", s.Loop, 1))
	for _, p := range s.Spans {
		if p.Pause < 0 {
			return fmt.Errorf("say: pause %v", p.Pause)
		}
		if p.exclusive() > 1 {
			return errors.New("say: a span has more than one of As, Alias and Phoneme")
		}
		w.span(p)
	}
	w.close()
	return nil
}
