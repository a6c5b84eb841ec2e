package callout

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

var planWords = []string{"plan", "from", "say", "confirm", "keys", "machine", "after", "still-on-it", "steps", "repeat", "deadline", "otherwise"}

var (
	language = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
	e164     = regexp.MustCompile(`^\+[1-9][0-9]{5,14}$`)
	notice   = regexp.MustCompile(`^notify:[\p{L}\p{N}][\p{L}\p{M}\p{N}._-]*$`)
)

const (
	longestWait = 7 * 24 * time.Hour
	maxSteps    = 100
	maxTimes    = 1000
)

func (r *reader) plan(entries []entry, body ast.Node) (p Plan) {
	at := map[string]entry{} // where each word was written
	for _, e := range entries {
		if _, twice := at[e.key]; twice {
			r.err(e.at, e.key, "is written twice", "")
			continue
		}
		at[e.key] = e
		r.planWord(&p, e)
	}
	if steps, ok := at["steps"]; ok {
		p.Steps = r.steps(steps)
		r.endless(p, steps, at)
	} else {
		r.err(body, "steps", "nobody would be rung", "steps: [{ call: [sato] }]")
	}
	r.agree(p, at)
	r.joins(p, at)
	return p
}

func (r *reader) planWord(p *Plan, e entry) {
	switch e.key {
	case "plan":
		if s, ok := r.text(e); ok {
			if !nameWord.MatchString(s) || len(s) > 128 {
				r.err(e.value, e.key, fmt.Sprintf("%q is not a name", s), "letters, digits, dot, dash and underscore: night-shift")
			}
			p.Name = s
		}
	case "from":
		r.from(p, e)
	case "say":
		r.say(p, e)
	case "confirm":
		p.Confirm = choose(r, e, ByKey, ByProof, ByHangup, ByAnswer)
		switch p.Confirm {
		case ByHangup:
			r.warn(e.value, e.key, "hanging up counts for warnings only; any other alert has to be confirmed by a key", "")
		case ByAnswer:
			r.warn(e.value, e.key, "whatever answers has taken the alert, a voicemail too", "confirm: key")
		}
	case "keys":
		r.keys(p, e)
	case "after":
		if d, ok := r.duration(e, 0, 24*time.Hour); ok {
			if p.After = d; d == 0 {
				p.After = AtOnce
			}
		}
	case "still-on-it":
		r.stillOnIt(p, e)
	case "machine":
		p.Machine = choose(r, e, MachineYields, MachineHangUp, MachineMessage)
	case "steps": // read last, it is judged with the rest
	case "repeat":
		p.Repeat, _ = r.number(e, maxTimes)
	case "deadline":
		p.Deadline, _ = r.duration(e, time.Second, longestWait)
	case "otherwise":
		for _, it := range r.list(e) {
			if !notice.MatchString(it.text) {
				r.err(it.at, e.key, fmt.Sprintf("%q cannot be done", it.text), "notify: and the name of a notice, notify:ops-mail")
				continue
			}
			p.Otherwise = append(p.Otherwise, it.text)
		}
	default:
		r.unknown(e, "a plan", planWords)
	}
}

func (r *reader) from(p *Plan, e entry) {
	if _, single := scalar(e.value); single {
		r.err(e.value, e.key, "the trunk is missing, or its number", `from: { ntt: "+815012345678" }`)
		return
	}
	entries, ok := r.entries(e.value, e.key)
	if !ok {
		return
	}
	p.From = map[string]string{}
	for _, f := range entries {
		s, ok := r.text(f)
		switch {
		case !ok:
			continue
		case !nameWord.MatchString(f.key):
			r.err(f.at, e.key, fmt.Sprintf("%q is not the name of a trunk", f.key), "")
			continue
		case !e164.MatchString(s):
			r.err(f.value, e.key, fmt.Sprintf("%q is not a number", s), `with country code: "+815012345678"`)
			continue
		}
		p.From[f.key] = s
		p.FromOrder = append(p.FromOrder, f.key)
	}
}

func (r *reader) say(p *Plan, e entry) {
	if _, single := scalar(e.value); single {
		r.err(e.value, e.key, "the language is missing", "say: { en: \"…\", ja: \"…\" }")
		return
	}
	entries, ok := r.entries(e.value, e.key)
	if !ok {
		return
	}
	p.Say = map[string]string{}
	for _, s := range entries {
		text, ok := r.text(s)
		switch {
		case !ok:
			continue
		case !language.MatchString(s.key):
			r.err(s.at, e.key, fmt.Sprintf("%q is not a language", s.key), "en, ja, ja-JP")
			continue
		case strings.TrimSpace(text) == "":
			r.err(s.value, e.key, "there is nothing to say", "")
			continue
		}
		r.template(s, text)
		p.Say[s.key] = text
		p.Languages = append(p.Languages, s.key)
	}
}

// stillOnIt reads a time, or that nobody is asked.
func (r *reader) stillOnIt(p *Plan, e entry) {
	if text, ok := scalar(e.value); ok && (text == "off" || text == "false") {
		p.StillOnIt = Never
		r.warn(e.value, e.key, "whoever presses 1 and falls asleep has taken the alert for good", "15m")
		return
	}
	d, ok := r.duration(e, time.Minute, 24*time.Hour)
	if p.StillOnIt = d; ok && d < 5*time.Minute {
		r.warn(e.value, e.key, "a call every "+short(d)+" keeps from work", "15m; a sign of life on the console puts it off")
	}
}

func (r *reader) keys(p *Plan, e entry) {
	entries, ok := r.entries(e.value, e.key)
	if !ok {
		return
	}
	p.Keys = map[string]Action{}
	for _, k := range entries {
		if len(k.key) != 1 || !strings.Contains("0123456789*#", k.key) {
			r.err(k.at, e.key, fmt.Sprintf("%q is not a key of a telephone", k.key), "0 to 9, \"*\" or \"#\"")
			continue
		}
		a := choose(r, entry{key: e.key, at: k.at, value: k.value}, Accept, Pass, CallEveryone, Again, Snooze, LeaveWord, Close)
		if a != "" {
			p.Keys[k.key] = a
		}
	}
}

// agree looks for words that contradict each other.
func (r *reader) agree(p Plan, at map[string]entry) {
	if keys, ok := at["keys"]; ok && p.Keys != nil && p.Confirm != ByAnswer {
		accepts := false
		for _, a := range p.Keys {
			accepts = accepts || a == Accept
		}
		if !accepts {
			r.err(keys.at, "keys", "no key accepts: nobody could take the alert", `"1": accept`)
		}
	}
	if keys, ok := at["keys"]; ok && len(p.Keys) > 0 && p.Confirm == ByAnswer {
		r.warn(keys.at, "keys", "the answer has taken the alert before a key can be pressed", "confirm: key")
	}
	if m, ok := at["machine"]; ok && p.Confirm == ByAnswer && p.Machine != "" {
		text := "a machine that answers has taken the alert before it is detected"
		if p.Machine == MachineMessage {
			r.err(m.value, "machine", text+": there is nobody to leave a message for", "confirm: key")
		} else {
			r.warn(m.value, "machine", text, "confirm: key")
		}
	}
	if d, ok := at["deadline"]; ok && p.Deadline > 0 && p.After >= p.Deadline {
		r.err(d.value, "deadline", "is over before the first ring", "after is "+short(p.After))
	}
}
