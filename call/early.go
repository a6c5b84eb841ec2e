package call

import (
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/timeline"
)

// A trunk that is Unreliable says with tones and announcements what others say in SIP: before an answer (rule 29), or in
// the place of one (rule 30). On such a trunk, and on no other, what it plays is told apart by ear.
//
//   - A busy tone ends the call as busy, the information tones as unreachable, both as soon as they are certain.
//   - An announcement ends it as unreachable 8 s after the sound began, unless it has begun to ring by then: "please
//     wait, we are connecting you".
//   - Ringback, and music in its place, is ringing. Everything else says nothing.
//   - After an answer speech says nothing either: persons speak.

// announced is how long after the sound began an announcement decides (rule 29).
const announced = 8 * time.Second

// listensOn is how long after an answer what is heard is told apart.
const listensOn = 10 * time.Second

// clipMost is how much is kept of what a line has played.
const clipMost = 15 * time.Second

// listening is a trunk that is heard. It belongs to the call's goroutine.
type listening struct {
	since  time.Time
	is     media.LineSound // the last word
	remove func()
	due    *time.Timer // of an announcement, or of the end of listening; nil: none
	clip   *Taping
}

// listenTo begins to listen to a trunk that is known to play what it has to say, at its first sound. One that is listened
// to already goes on.
func (c *Call) listenTo(t *try) {
	if !t.line.Unreliable || c.byEar != nil || c.ending != nil || !c.rec.Answered.IsZero() {
		return
	}
	c.hearLine()
	c.byEar.clip = c.desk.clip(c)
}

// listenOn begins anew with the answer.
func (c *Call) listenOn(t *try) {
	c.unlisten(false)
	if t == nil || !t.line.Unreliable || c.ending != nil {
		return
	}
	c.hearLine()
	l := c.byEar
	l.due = time.AfterFunc(listensOn, func() {
		c.post(func() {
			if c.byEar == l {
				c.unlisten(false)
			}
		})
	})
}

func (c *Call) hearLine() {
	l := &listening{since: time.Now()}
	ear := media.NewLineEar(func(s media.LineSound, _ time.Duration) {
		c.post(func() { c.plays(l, s) })
	})
	l.remove = c.Listen(ear)
	c.byEar = l
}

// unlisten ends listening; what was played is kept or forgotten.
func (c *Call) unlisten(keep bool) {
	l := c.byEar
	if l == nil {
		return
	}
	c.byEar = nil
	l.remove()
	if l.due != nil {
		l.due.Stop()
	}
	switch {
	case l.clip == nil:
	case keep:
		l.clip.Stop()
	default:
		l.clip.forget()
	}
}

// plays is a word about what the line plays.
func (c *Call) plays(l *listening, s media.LineSound) {
	if c.byEar != l || c.ending != nil {
		return
	}
	l.is = s
	answered := !c.rec.Answered.IsZero()
	if answered && (s == media.LineAnnouncement || s == media.LineMusic || s == media.LineSilence || s == media.LineNoise) {
		return
	}
	c.say(timeline.CallPlayed, string(s), "the line plays "+playedWords[s])
	switch {
	case s == media.LineBusy:
		c.heardNo(leg.Busy, "a busy tone")
	case s == media.LineCongestion:
		c.heardNo(leg.Busy, "the tone of a full network")
	case s == media.LineInformation:
		c.heardNo(leg.Unreachable, "the network's information tones")
	case s == media.LineAnnouncement && l.due == nil:
		l.due = time.AfterFunc(time.Until(l.since.Add(announced)), func() { c.post(func() { c.announced(l) }) })
	}
}

// announced decides about an announcement.
func (c *Call) announced(l *listening) {
	if c.byEar != l || c.ending != nil || !c.rec.Answered.IsZero() {
		return
	}
	l.due = nil
	if !l.is.Rings() { // else it was "we are connecting you"; another announcement decides anew, at once
		c.heardNo(leg.Unreachable, "an announcement")
	}
}

// heardNo ends the call for what is heard on its line.
func (c *Call) heardNo(cause leg.Cause, what string) {
	where := "before the answer"
	if !c.rec.Answered.IsZero() {
		where, c.lied = "after the answer", cause
	}
	c.log.Info("the line says no by ear", "trunk", c.rec.Trunk, "cause", cause, "heard", what)
	c.unlisten(true)
	c.stop(&Ending{cause, what + " is heard " + where})
}

var playedWords = map[media.LineSound]string{
	media.LineRingback: "ringback", media.LineBusy: "a busy tone", media.LineCongestion: "the tone of a full network",
	media.LineInformation: "the network's information tones", media.LineAnnouncement: "an announcement", media.LineMusic: "music",
	media.LineSilence: "nothing", media.LineNoise: "noise", media.LineFax: "a fax",
}

// clip begins to take down what a line plays.
func (d *Desk) clip(c *Call) *Taping {
	t := d.newTaping(TapeOrder{Source: "Trunking", Track: "inbound"}, Recording{Account: c.rec.Account, Call: c.id}, &c.mail)
	t.tape = media.NewTape(media.InTrack, 1, clipMost)
	t.deaf = []func(){c.Listen(t.tape.In())}
	return t
}

// forget throws a recording away that nobody has been told of.
func (t *Taping) forget() {
	t.over.Do(func() {
		for _, f := range t.deaf {
			f()
		}
		t.tape.Close()
		t.mu.Lock()
		t.record.Status = "absent"
		t.mu.Unlock()
		close(t.done)
	})
}
