package callout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// pictureWords are the labels of a picture.
type pictureWords struct {
	step, round    string            // formats
	steps          map[string]string // those that no plan writes
	more, goesOn   string
	never, nobody  string
	tones          map[tone]string
	outcomes       map[timeline.Kind]string
	taken          string // format: who, when
	takenBy        string // format: who, how many more, when
	exhausted, end string // formats: when
	marks          map[timeline.Kind]string
}

func wordsOf(language string) pictureWords {
	if strings.HasPrefix(language, "ja") {
		return pictureWords{
			step: "第%d段", round: "%d巡目", steps: map[string]string{nameLast: "最後の手段", nameAll: "全員呼び出し", nameHandOver: "引き継ぎ", nameCheck: "継続確認"},
			more: "ほか %d 人", goesOn: "この先は省略", never: "呼べない", nobody: "だれも鳴らない",
			taken: "%s が %s に引き受け", takenBy: "%s ほか %d 人が %s までに確認", exhausted: "応答者なし（%s）", end: "%s に復旧",
			tones: map[tone]string{waits: "発信待ち", rings: "呼び出し中", listens: "応答", robot: "機械が応答", talks: "会議通話", yes: "確認", no: "不応答", unheard: "確認なし", off: "取り消し・辞退"},
			outcomes: map[timeline.Kind]string{timeline.AttemptConfirmed: "確認", timeline.AttemptPassed: "辞退", timeline.AttemptBusy: "話し中", timeline.AttemptNoAnswer: "不応答",
				timeline.AttemptRejected: "拒否", timeline.AttemptUnreachable: "圏外", timeline.AttemptInvalid: "欠番", timeline.AttemptMachine: "機械", timeline.AttemptNotConfirmed: "確認なし",
				timeline.AttemptCanceled: "取り消し", timeline.AttemptLost: "切断", timeline.AttemptFault: "自局の障害"},
			marks: map[timeline.Kind]string{timeline.CalloutResumed: "再開", timeline.CalloutSummoned: "全員呼び出し", timeline.CalloutLapsed: "引受の失効", timeline.CalloutChecking: "継続確認", timeline.CalloutHalted: "緊急停止"},
		}
	}
	return pictureWords{
		step: "step %d", round: "round %d", steps: map[string]string{nameLast: nameLast, nameAll: nameAll, nameHandOver: nameHandOver, nameCheck: "still on it?"},
		more: "and %d more", goesOn: "the rest is left out", never: "cannot be called", nobody: "nobody rings",
		taken: "%s takes it at %s", takenBy: "%s and %d more have confirmed at %s", exhausted: "nobody took it (%s)", end: "resolved at %s",
		tones: map[tone]string{waits: "does not ring yet", rings: "rings", listens: "has answered", robot: "a machine has answered", talks: "in the conference", yes: "confirmed", no: "not reached", unheard: "not confirmed", off: "called off or passed"},
		outcomes: map[timeline.Kind]string{timeline.AttemptConfirmed: "confirmed", timeline.AttemptPassed: "passed", timeline.AttemptBusy: "busy", timeline.AttemptNoAnswer: "no answer",
			timeline.AttemptRejected: "rejected", timeline.AttemptUnreachable: "unreachable", timeline.AttemptInvalid: "no such number", timeline.AttemptMachine: "machine", timeline.AttemptNotConfirmed: "not confirmed",
			timeline.AttemptCanceled: "called off", timeline.AttemptLost: "cut off", timeline.AttemptFault: "our own fault"},
		marks: map[timeline.Kind]string{timeline.CalloutResumed: "resumes", timeline.CalloutSummoned: "everybody is called", timeline.CalloutLapsed: "lapsed", timeline.CalloutChecking: "still on it?", timeline.CalloutHalted: "halted"},
	}
}

// style has the colours of both schemes. They differ in lightness too, and each bar has a word, so that
// nobody has to tell green from red.
const style = `text{font:12px system-ui,-apple-system,"Segoe UI","Noto Sans","Noto Sans CJK JP","Hiragino Sans",sans-serif;fill:#1f2328}
.bg{fill:#fff}.h{font-size:15px;font-weight:600}.who{font-weight:600}.soft{fill:#59636e;font-size:11px}.key{fill:#fff;font-size:10px;font-weight:700;text-anchor:middle}
.mid{text-anchor:middle}.lane{fill:#f6f8fa}.grid{stroke:#d1d9e0}.step{stroke:#818b98;stroke-dasharray:3 3}.cut{fill:#eaeef2}.zig{fill:none;stroke:#818b98}.won{stroke:#1a7f37;stroke-width:2}.lost{stroke:#cf222e;stroke-width:2}
.waits{fill:#c8d1da}.rings{fill:#e3b341}.listens{fill:#54aeff}.machine{fill:#a475f9}.talks{fill:#4ac26b}.dot{fill:#0a3069}.sign{fill:none;stroke-width:2.2;stroke-linecap:round}.yes{stroke:#1a7f37}.no{stroke:#cf222e}.unheard{stroke:#8250df}.off{stroke:#818b98}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.bg{fill:#0d1117}.soft{fill:#9198a1}.lane{fill:#161b22}.grid{stroke:#3d444d}.step{stroke:#656c76}.cut{fill:#21262d}.zig{stroke:#656c76}.won{stroke:#3fb950}.lost{stroke:#f85149}
.waits{fill:#3d444d}.rings{fill:#bb8009}.listens{fill:#1f6feb}.machine{fill:#8957e5}.talks{fill:#238636}.dot{fill:#cae8ff}.key{fill:#0d1117}.yes{stroke:#3fb950}.no{stroke:#f85149}.unheard{stroke:#ab7df8}.off{stroke:#656c76}}`

// Measures of the picture.
const (
	laneHigh  = 30
	barHigh   = 14
	lanesTop  = 78
	sideWidth = 128
	textHigh  = 12.0
	least     = 560 // wide
)

type painter struct {
	b     *strings.Builder
	night *nightRead
	words pictureWords
	axis  axis
	used  map[tone]bool
	tops  []int // of the lanes, and the bottom of the last
}

func (p *painter) paint(title string) []byte {
	n := p.night
	p.tops = []int{lanesTop}
	for _, rows := range n.rows {
		p.tops = append(p.tops, p.tops[len(p.tops)-1]+rows*laneHigh)
	}
	if len(n.rows) == 0 {
		p.tops = append(p.tops, lanesTop+laneHigh)
	}
	bottom := p.tops[len(p.tops)-1]
	right := sideWidth + p.axis.width
	lanes := p.aside(func() { p.lanes(bottom, right) })
	high, wide := 0, 0
	legend := p.aside(func() { high, wide = p.legend(bottom + 44) }) // what the lanes use
	width := max(right+labelRoom, wide, least, sideWidth+int(roomOf(title)*15))
	high += 8
	p.f(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img">`, width, high, width, high)
	p.f(`<title>%s</title><desc>%s</desc>`, clean(title), clean(p.told()))
	p.f("<style>%s</style>", style)
	p.f(`<rect class="bg" width="%d" height="%d" rx="6"/>`, width, high)
	p.f(`<text class="h" x="14" y="25">%s</text>`, clean(title))
	p.f(`<text class="soft" x="14" y="43">%s</text>`, clean(p.told()))
	for i, top := range p.tops[:len(p.tops)-1] {
		if i%2 == 0 {
			p.f(`<rect class="lane" x="8" y="%d" width="%d" height="%d"/>`, top, width-16, p.tops[i+1]-top)
		}
	}
	p.ticks(bottom)
	p.b.WriteString(lanes)
	p.b.WriteString(legend)
	p.b.WriteString("</svg>\n")
	return []byte(p.b.String())
}

// labelRoom is kept free after the end for the last words.
const labelRoom = 120

func (p *painter) f(format string, args ...any) { fmt.Fprintf(p.b, format+"\n", args...) }

// aside is what draw draws, to be put elsewhere.
func (p *painter) aside(draw func()) string {
	page := p.b
	p.b = &strings.Builder{}
	draw()
	out := p.b.String()
	p.b = page
	return out
}

func (p *painter) x(t time.Time) int { return sideWidth + p.axis.at(t) }

// told is how the night ended, in a sentence.
func (p *painter) told() string {
	n := p.night
	var text string
	when := offset(n.endedAt.Sub(n.start))
	switch n.ended {
	case timeline.AlertAcknowledged:
		text = fmt.Sprintf(p.words.taken, n.by, when)
		if more := n.confirmed() - 1; more > 0 {
			text = fmt.Sprintf(p.words.takenBy, n.by, more, when)
		}
	case timeline.AlertExhausted:
		text = fmt.Sprintf(p.words.exhausted, when)
	case timeline.AlertResolved:
		text = fmt.Sprintf(p.words.end, when)
	}
	var left []string
	if n.moreLanes > 0 {
		left = append(left, fmt.Sprintf(p.words.more, n.moreLanes))
	}
	if n.moreBars {
		left = append(left, p.words.goesOn)
	}
	return strings.Trim(text+" · "+strings.Join(left, " · "), " ·")
}

// ticks draws the times, and where time was cut short.
func (p *painter) ticks(bottom int) {
	start := p.night.start
	free := 0
	for _, part := range p.axis.parts {
		x := sideWidth + part.x
		if part.cut {
			p.f(`<rect class="cut" x="%d" y="%d" width="%d" height="%d"/>`, x, lanesTop, part.w, bottom-lanesTop)
			p.f(`<path class="zig" d="M%d %dl4 -5 6 10 4 -5"/>`, x+part.w/2-7, bottom+5)
			p.f(`<text class="soft mid" x="%d" y="%d">%s</text>`, x+part.w/2, lanesTop-6, short(part.to.Sub(part.from).Round(time.Second)))
			continue
		}
		beat := time.Hour
		for _, d := range []time.Duration{5, 10, 15, 30, 60, 120, 300, 600, 1800} {
			if d := d * time.Second; float64(part.w)*d.Seconds()/part.to.Sub(part.from).Seconds() >= 44 {
				beat = d
				break
			}
		}
		from := part.from.Sub(start)
		for at := from; at <= part.to.Sub(start); at = at.Truncate(beat) + beat {
			x := p.x(start.Add(at))
			p.f(`<path class="grid" d="M%d %dv%d"/>`, x, lanesTop, bottom-lanesTop+4)
			label := offset(at)
			if half := int(roomOf(label)*11/2) + 3; x-half >= free {
				p.f(`<text class="soft mid" x="%d" y="%d">%s</text>`, x, bottom+17, label)
				free = x + half
			}
		}
	}
}

// lanes draws who was called, and the marks across them.
func (p *painter) lanes(bottom, right int) {
	n := p.night
	for i, who := range n.people {
		y := p.tops[i] + 19
		p.f(`<text class="who" x="14" y="%d">%s</text>`, y, clean(fitted(who, (sideWidth-24)/textHigh)))
		if n.unreachable[i] && !slices.ContainsFunc(n.bars, func(b bar) bool { return b.lane == i }) {
			p.f(`<text class="soft" x="%d" y="%d">%s</text>`, sideWidth+4, y, p.words.never)
		}
	}
	p.marks(bottom)
	next := map[[2]int]int{} // where the following bar of the lane's row begins
	drawn := make([]string, len(n.bars))
	for i := len(n.bars) - 1; i >= 0; i-- {
		if b := n.bars[i]; b.lane < len(n.people) {
			row := [2]int{b.lane, b.row}
			drawn[i] = p.aside(func() { p.bar(b, cmp.Or(next[row], right+labelRoom)) })
			next[row] = p.x(b.dialed)
		}
	}
	p.b.WriteString(strings.Join(drawn, ""))
}

// marks draws steps, rounds and the end.
func (p *painter) marks(bottom int) {
	free := 0
	step := ""
	for _, m := range p.night.marks {
		x := p.x(m.at)
		label, class := p.words.marks[m.kind], "step"
		switch m.kind {
		case timeline.CalloutStep:
			label = p.stepLabel(m.text, &step)
		case timeline.AlertAcknowledged:
			class = "won"
		case timeline.AlertExhausted:
			class = "lost"
		}
		p.f(`<path class="%s" d="M%d %dv%d"/>`, class, x, lanesTop-2, bottom-lanesTop+2)
		if room := int(roomOf(label) * 11); label != "" && x >= free {
			p.f(`<text class="soft" x="%d" y="%d">%s</text>`, x, lanesTop-6-13, label)
			free = x + room + 6
		}
	}
}

// stepLabel says which step begins, where it is another one than the last, and in which round.
func (p *painter) stepLabel(text string, last *string) string {
	name, rest, _ := strings.Cut(text, ", ")
	number, round := 0, 0
	fmt.Sscanf(name, "step %d", &number)
	fmt.Sscanf(rest, "round %d", &round)
	again := name == *last
	*last = name
	label := p.words.steps[name] // what is neither has no label
	switch {
	case again && round > 0:
		return fmt.Sprintf(p.words.round, round)
	case number > 0:
		label = fmt.Sprintf(p.words.step, number)
	}
	if label != "" && round > 1 {
		label += " · " + fmt.Sprintf(p.words.round, round)
	}
	return label
}

// bar draws one call; its word is left out where there is no room before the next one.
func (p *painter) bar(b bar, next int) {
	y := p.tops[b.lane] + b.row*laneHigh + (laneHigh-barHigh)/2
	end := b.end
	if end.IsZero() {
		end = p.night.end
	}
	told := p.words.outcomes[b.outcome]
	p.f(`<g><title>%s</title>`, clean(fmt.Sprintf("%s–%s %s %s", offset(b.dialed.Sub(p.night.start)), offset(end.Sub(p.night.start)), p.night.people[b.lane], told)))
	ring, answered := end, !b.answer.IsZero()
	if answered {
		ring = b.answer
	}
	rang := b.rang
	if rang.IsZero() || rang.After(ring) {
		rang = ring
	}
	if rang.After(b.dialed) {
		p.piece(waits, b.dialed, rang, y)
	}
	if rang.Before(ring) || !b.rang.IsZero() {
		p.piece(rings, rang, ring, y)
	}
	if answered {
		heard, kind := end, listens
		if !b.taken.IsZero() {
			heard = b.taken
		}
		if b.robot {
			kind = robot
		}
		p.piece(kind, b.answer, heard, y)
		if b.joined {
			p.piece(talks, heard, end, y)
		}
	}
	x := p.x(end)
	for _, k := range b.keys {
		p.f(`<circle class="dot" cx="%d" cy="%d" r="6.5"/><text class="key" x="%d" y="%d">%s</text>`, p.x(k.at), y+barHigh/2, p.x(k.at), y+barHigh/2+4, clean(keyCap(k.digit)))
		x = max(x, p.x(k.at)+5)
	}
	if b.outcome != "" {
		p.sign(toneOf(b.outcome), x+5, y+barHigh/2)
		if x+18+int(roomOf(told)*11) <= next {
			p.f(`<text class="soft" x="%d" y="%d">%s</text>`, x+18, y+barHigh-3, told)
		}
	}
	p.b.WriteString("</g>\n")
}

// keyCap is what is written on a key: one character, or a dot for the digit that was spoken.
func keyCap(digit string) string {
	if r := []rune(digit); len(r) == 1 {
		return digit
	}
	return "•"
}

func (p *painter) piece(t tone, from, to time.Time, y int) {
	p.used[t] = true
	p.f(`<rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="2"/>`, t, p.x(from), y, max(p.x(to)-p.x(from), 3), barHigh)
}

// sign is a small drawing: a tick, a cross, a dash, a question.
func (p *painter) sign(t tone, x, y int) {
	p.used[t] = true
	shape := map[tone]string{yes: "m0 0 3 4 6 -8", no: "m0 -4 8 8m0 -8 -8 8", off: "m0 0h8", unheard: "m1 -3a3 3 0 1 1 3 4v1m0 3v.1"}[t]
	p.f(`<path class="sign %s" d="M%d %d%s"/>`, t, x, y, shape)
}

// legend explains what the picture uses; it says where it ends.
func (p *painter) legend(y int) (high, wide int) {
	const most = 840
	x := 14
	for _, t := range []tone{waits, rings, listens, robot, talks, yes, unheard, no, off} {
		if !p.used[t] {
			continue
		}
		label := p.words.tones[t]
		room := 22 + int(roomOf(label)*11) + 18
		if x+room > most {
			x, y = 14, y+20
		}
		switch t {
		case waits, rings, listens, robot, talks:
			p.f(`<rect class="%s" x="%d" y="%d" width="16" height="10" rx="2"/>`, t, x, y-9)
		default:
			p.sign(t, x+4, y-4)
		}
		p.f(`<text class="soft" x="%d" y="%d">%s</text>`, x+22, y, label)
		x += room
		wide = max(wide, x)
	}
	return y + 6, wide
}
