package twiml

import (
	"fmt"
	"time"
)

// Pause is silence.
type Pause struct {
	Pos
	Length time.Duration // whole seconds, Write rounds up; 0 is none; Parse sets 1 s where it is absent
}

// Name is the verb's name in a document.
func (*Pause) Name() string { return "Pause" }

func (c *checker) pause(n *node, v values) Verb {
	return &Pause{Pos: n.Pos, Length: time.Duration(v.number("length", 1)) * time.Second}
}

func (p *Pause) write(w *writer) error {
	if p.Length < 0 || p.Length > maxSeconds*time.Second {
		return fmt.Errorf("pause: length %v; 0 to %d s", p.Length, maxSeconds)
	}
	w.leaf("Pause", "", unless("length", seconds(p.Length), 1))
	return nil
}

// seconds is d in TwiML's unit. A rest of a second counts as a whole one: waiting too long is better
// than not waiting.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
