package callout

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// Drawing is how a night is drawn.
type Drawing struct {
	Title    string // "" is the plan's name
	Language string // of the labels: ja…, else English
}

// Picture draws what happened in one call-out as SVG: a lane for each person, a bar for each call with how
// it ended, and time from left to right. Long stretches in which nothing rings are cut short and marked.
// Events have to be in order of time, as [Simulate] and the timeline give them. The picture needs no script,
// no font and no other file, follows the light or dark scheme of its reader, and is the same for the same
// events. Whatever stands in the events is escaped.
func Picture(events []timeline.Event, d Drawing) []byte {
	n := readNight(events)
	if d.Title == "" {
		d.Title = n.plan
	}
	p := &painter{b: &strings.Builder{}, night: n, words: wordsOf(d.Language), axis: axisOf(n), used: map[tone]bool{}}
	return p.paint(d.Title)
}

// What a picture holds at most; more could not be read.
const (
	mostLanes  = 60
	mostBars   = 600
	mostRounds = 12
)

// tone is how a piece of the picture looks: a class of its style sheet.
type tone string

const (
	waits   tone = "waits"   // the call is being set up, or waits for a channel
	rings   tone = "rings"   // the phone rings
	listens tone = "listens" // somebody has answered
	robot   tone = "machine" // something has answered that is no person
	talks   tone = "talks"   // in the conference
	yes     tone = "yes"     // confirmed
	no      tone = "no"      // not reached
	unheard tone = "unheard" // answered, and did not confirm
	off     tone = "off"     // passed, or called off
)

// bar is one call to one person.
type bar struct {
	lane    int
	row     int // in the lane: phones that ring together stand below one another
	dialed  time.Time
	rang    time.Time // zero: never
	answer  time.Time // zero: never
	taken   time.Time // confirmed or passed; zero: never
	end     time.Time // zero: still up when the events end
	outcome timeline.Kind
	keys    []pressed
	robot   bool // a machine answered, or so it seems
	joined  bool
}

// aMachine is what a simulated machine's answer says.
const aMachine = "a machine"

type pressed struct {
	at    time.Time
	digit string
}

// mark is a line across all lanes.
type mark struct {
	at   time.Time
	kind timeline.Kind
	text string // step 2, or who took it
}

// nightRead is a list of events as lanes, bars and marks.
type nightRead struct {
	plan        string
	start, end  time.Time
	people      []string
	rows        []int // of each lane
	bars        []bar
	marks       []mark
	ended       timeline.Kind
	endedAt     time.Time
	by          string
	moreLanes   int // people who have no lane any more
	rounds      int
	moreBars    bool // the night went on after the picture's end
	moments     []time.Time
	unreachable map[int]bool
}

func readNight(events []timeline.Event) *nightRead {
	n := &nightRead{unreachable: map[int]bool{}}
	lanes, up := map[string]int{}, map[string]int{}
	lane := func(who string) int {
		i, known := lanes[who]
		if !known {
			i = len(lanes)
			lanes[who] = i
			if i < mostLanes {
				n.people = append(n.people, who)
			}
		}
		return i
	}
	for _, e := range events {
		if n.start.IsZero() {
			n.start = e.At
		}
		switch e.Kind {
		case timeline.AlertAcknowledged, timeline.AlertExhausted, timeline.AlertResolved:
			n.ended, n.endedAt, n.by = e.Kind, e.At, e.Person
		case timeline.AttemptDialing:
			n.moreBars = n.moreBars || len(n.bars) == mostBars
		case timeline.CalloutStep:
			n.rounds++
			n.moreBars = n.moreBars || n.rounds > mostRounds
		}
		if !n.moreBars {
			n.end = e.At
			n.take(e, lane, up)
		}
	}
	n.moreLanes = max(len(lanes)-mostLanes, 0)
	n.stack()
	return n
}

// stack gives each bar the first row of its lane that is free.
func (n *nightRead) stack() {
	ends := make([][]time.Time, len(n.people)) // of the last bar in each row
	for i := range n.bars {
		b := &n.bars[i]
		if b.lane >= len(n.people) {
			continue
		}
		end := b.end
		if end.IsZero() {
			end = n.end
		}
		rows := ends[b.lane]
		if b.row = slices.IndexFunc(rows, func(t time.Time) bool { return !t.After(b.dialed) }); b.row < 0 {
			b.row, rows = len(rows), append(rows, end)
		}
		rows[b.row] = end
		ends[b.lane] = rows
	}
	n.rows = make([]int, len(n.people))
	for i := range n.rows {
		n.rows[i] = max(len(ends[i]), 1)
	}
}

func (n *nightRead) take(e timeline.Event, lane func(string) int, up map[string]int) {
	var b *bar
	if i, ok := up[e.Attempt]; ok && e.Attempt != "" {
		b = &n.bars[i]
	}
	moment := true
	switch e.Kind {
	case timeline.CalloutStarted:
		n.plan = e.Text
	case timeline.AttemptDialing:
		up[e.Attempt] = len(n.bars)
		n.bars = append(n.bars, bar{lane: lane(e.Person), dialed: e.At})
	case timeline.CalloutUnreached:
		n.unreachable[lane(e.Person)] = true
	case timeline.CalloutStep, timeline.CalloutResumed, timeline.CalloutSummoned, timeline.CalloutLapsed, timeline.CalloutChecking, timeline.CalloutHalted:
		n.marks = append(n.marks, mark{e.At, e.Kind, e.Text})
	case timeline.AlertAcknowledged, timeline.AlertExhausted, timeline.AlertResolved:
		n.marks = append(n.marks, mark{e.At, e.Kind, e.Person})
	case timeline.AttemptRinging:
		if b != nil {
			b.rang = e.At
		}
	case timeline.AttemptAnswered:
		if b != nil {
			b.answer, b.robot = e.At, e.Text == aMachine
		}
	case timeline.AttemptDetected:
		if b != nil && strings.HasPrefix(e.Cause, "machine") {
			b.robot = true
		}
	case timeline.AttemptDigit:
		if b != nil {
			b.keys = append(b.keys, pressed{e.At, e.Digit})
		}
	case timeline.AttemptConfirmed, timeline.AttemptPassed:
		if b != nil {
			b.taken, b.end, b.outcome = e.At, e.At, e.Kind
		}
	case timeline.AttemptJoined:
		if b != nil {
			b.joined, b.end = true, time.Time{}
		}
	case timeline.AttemptLeft:
		if b != nil {
			b.end = e.At
		}
	default:
		moment = b != nil && strings.HasPrefix(string(e.Kind), "attempt.") && endsCall(e.Kind)
		if moment && b.outcome == "" {
			b.end, b.outcome = e.At, e.Kind
		}
	}
	if moment {
		n.moments = append(n.moments, e.At)
	}
}

// confirmed counts the people who had when the alert was taken.
func (n *nightRead) confirmed() int {
	who := map[int]bool{}
	for _, b := range n.bars {
		if b.outcome == timeline.AttemptConfirmed && !b.taken.After(n.endedAt) {
			who[b.lane] = true
		}
	}
	return len(who)
}

// endsCall tells whether an attempt is over with this event.
func endsCall(k timeline.Kind) bool {
	return slices.Contains([]timeline.Kind{timeline.AttemptBusy, timeline.AttemptNoAnswer, timeline.AttemptRejected, timeline.AttemptUnreachable,
		timeline.AttemptInvalid, timeline.AttemptMachine, timeline.AttemptNotConfirmed, timeline.AttemptCanceled, timeline.AttemptLost, timeline.AttemptFault}, k)
}

// toneOf is how a call that is over looks.
func toneOf(k timeline.Kind) tone {
	switch k {
	case timeline.AttemptConfirmed:
		return yes
	case timeline.AttemptPassed, timeline.AttemptCanceled:
		return off
	case timeline.AttemptNotConfirmed, timeline.AttemptMachine:
		return unheard
	}
	return no
}

// axis is time from left to right, in units of the picture, where silence takes little room.
type axis struct {
	parts []stretch
	width int
}

// stretch is a piece of the axis with one scale.
type stretch struct {
	from, to time.Time
	x, w     int
	cut      bool // nothing rings; not drawn to scale
}

const (
	longSilence = 25 * time.Second
	cutWidth    = 56
	usualWidth  = 720
	widest      = 2400
	tail        = 4 * time.Second // after the last event, for its label
)

func axisOf(n *nightRead) axis {
	type span struct{ from, to time.Time }
	var busy []span
	for _, b := range n.bars {
		end := b.end
		if end.IsZero() {
			end = n.end
		}
		busy = append(busy, span{b.dialed, end})
	}
	for _, m := range n.moments {
		busy = append(busy, span{m, m})
	}
	busy = append(busy, span{n.start, n.start}, span{n.end, n.end.Add(tail)})
	slices.SortFunc(busy, func(a, b span) int { return a.from.Compare(b.from) })
	merged := busy[:1]
	for _, s := range busy[1:] {
		last := &merged[len(merged)-1]
		if s.from.Sub(last.to) <= longSilence {
			last.to = later(last.to, s.to)
			continue
		}
		merged = append(merged, s)
	}
	var total time.Duration
	for _, s := range merged {
		total += s.to.Sub(s.from)
	}
	scale := min(max(float64(usualWidth)/max(total.Seconds(), 1), 1.2), 9)
	if total.Seconds()*scale > widest {
		scale = widest / total.Seconds()
	}
	var a axis
	for i, s := range merged {
		if i > 0 {
			before := merged[i-1].to
			a.parts = append(a.parts, stretch{before, s.from, a.width, cutWidth, true})
			a.width += cutWidth
		}
		w := max(int(s.to.Sub(s.from).Seconds()*scale+0.5), 8)
		a.parts = append(a.parts, stretch{s.from, s.to, a.width, w, false})
		a.width += w
	}
	return a
}

// at is the place of a moment.
func (a axis) at(t time.Time) int {
	for _, p := range a.parts {
		if t.After(p.to) {
			continue
		}
		if whole := p.to.Sub(p.from); whole > 0 && t.After(p.from) {
			return p.x + int(float64(p.w)*t.Sub(p.from).Seconds()/whole.Seconds()+0.5)
		}
		return p.x
	}
	return a.width
}

// clean escapes a stranger's text for XML, and takes out what would turn the direction of the rest around.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return -1
		}
		return r
	}, s)
	var b strings.Builder
	xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}

// roomOf is about how wide a text is, in units of its height: letters of Latin half as wide as of kanji.
func roomOf(s string) float64 {
	w := 0.0
	for _, r := range s {
		if r >= 0x1100 {
			w += 1.02
		} else {
			w += 0.56
		}
	}
	return w
}

// fitted shortens a text to a width.
func fitted(s string, most float64) string {
	if roomOf(s) <= most {
		return s
	}
	w := 1.0
	for i, r := range s {
		if w += roomOf(string(r)); w > most {
			return s[:i] + "…"
		}
	}
	return s
}

// offset is a time since the start, as a person would say it: 0:20, 1:02:03.
func offset(d time.Duration) string {
	d = d.Round(time.Second)
	if h := d / time.Hour; h > 0 {
		return fmt.Sprintf("%d:%02d:%02d", h, d/time.Minute%60, d/time.Second%60)
	}
	return fmt.Sprintf("%d:%02d", d/time.Minute, d/time.Second%60)
}
