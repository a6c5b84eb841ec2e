package twiml

import "fmt"

// Play plays a file, or presses keys.
type Play struct {
	Pos
	URL    string // relative to the document; "" with Digits
	Loop   int    // as Say: 0 is without end; Parse and NewPlay set 1
	Digits string // 0-9 A-D * # and w (0.5 s), W (1 s) of silence; "" where a file is played
}

// NewPlay makes a Play that plays the file at url once.
func NewPlay(url string) *Play { return &Play{URL: url, Loop: 1} }

// Name is the verb's name in a document.
func (*Play) Name() string { return "Play" }

func (c *checker) play(n *node, v values) Verb {
	p := &Play{Pos: n.Pos, URL: n.text(), Loop: v.number("loop", 1), Digits: v["digits"]}
	if p.Digits != "" && n.inGather {
		// Twilio's Play page: tones cannot be played inside Gather.
		c.warn(n.Pos, codeSchema, n.name, "digits are not pressed inside <Gather>", "put this <Play> before <Gather>")
		p.Digits = ""
	}
	if p.URL == "" && p.Digits == "" {
		c.warn(n.Pos, codePlay, n.name, "neither a URL nor digits: skipped", "put the URL of a sound file between <Play> and </Play>")
		return nil
	}
	c.url(n, p.URL)
	return p
}

func (p *Play) write(w *writer) error {
	if p.Loop < 0 {
		return fmt.Errorf("play: loop %d; 0 is without end", p.Loop)
	}
	if p.URL == "" && p.Digits == "" {
		return fmt.Errorf("play: neither a URL nor digits")
	}
	if _, ok := digits(p.Digits); p.Digits != "" && !ok {
		return fmt.Errorf("play: digits %q; %s", p.Digits, wantDigits)
	}
	w.leaf("Play", p.URL, unless("loop", p.Loop, 1), attr("digits", p.Digits))
	return nil
}
