package callout

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Open is the error of [Choose] while a question has no answer yet, or one that does not fit.
type Open struct {
	Choice Choice // with the options that can be taken now
	At     int    // its place among the answers
	Answer string // the one that does not fit; "" if there is none yet
	Why    Words  // what is wrong with it
}

// Error names the question, and what is wrong with its answer.
func (o *Open) Error() string {
	if o.Answer == "" && o.Why == (Words{}) {
		return fmt.Sprintf("%s: not answered: %s", o.Choice.ID, o.Choice.Ask.EN)
	}
	return fmt.Sprintf("%s: %q: %s", o.Choice.ID, o.Answer, o.Why.EN)
}

// Choose follows [Flow] with answers in the order in which it asks, and writes the plan they lead to, as
// YAML that [ParsePlan] takes, with comments in the language (ja…, else English) that say why each word
// stands there. An empty answer is the usual one. Until everything is answered well the error is an *[Open].
func Choose(language string, answers ...string) (string, error) {
	c := chosen{language: language, words: map[string]string{}}
	flow := Flow()
	for at, id := 0, flow[0].ID; id != ""; at++ {
		q := flow[slices.IndexFunc(flow, func(q Choice) bool { return q.ID == id })]
		q.Options = slices.DeleteFunc(q.Options, func(o Option) bool { return o.Unless != "" && c.answered(o.Unless) })
		if at >= len(answers) {
			return "", &Open{Choice: q, At: at}
		}
		given := strings.TrimSpace(answers[at])
		if given == "" {
			if given = q.Usual; given == "" {
				return "", &Open{Choice: q, At: at}
			}
		}
		id = q.Next
		if q.Kind == ChooseOption {
			o := q.option(given)
			if o == nil {
				return "", &Open{Choice: q, At: at, Answer: given, Why: q.fitting()}
			}
			given, id = o.Word, cmp.Or(o.Next, id)
		} else if why := c.free(q, given); why != (Words{}) {
			return "", &Open{Choice: q, At: at, Answer: given, Why: why}
		}
		c.words[q.ID] = given
		if id == "" && at+1 < len(answers) {
			return "", fmt.Errorf("%q: nothing more is asked after %s", answers[at+1], q.ID)
		}
	}
	return c.yaml(), nil
}

// option finds an answer by its word or its number.
func (q Choice) option(given string) *Option {
	for i := range q.Options {
		if strings.EqualFold(given, q.Options[i].Word) || given == strconv.Itoa(i+1) {
			return &q.Options[i]
		}
	}
	return nil
}

// fitting says what can be answered.
func (q Choice) fitting() Words {
	var words []string
	for _, o := range q.Options {
		words = append(words, o.Word)
	}
	last := strconv.Itoa(len(words))
	return Words{strings.Join(words, " or ") + ", or its number from 1 to " + last, strings.Join(words, " か ") + "、または番号 1〜" + last}
}

// chosen is what has been answered.
type chosen struct {
	language string
	words    map[string]string // question → answer
	people   []string
	deadline time.Duration
}

func (c *chosen) answered(word string) bool {
	for _, w := range c.words {
		if w == word {
			return true
		}
	}
	return false
}

var (
	nameBreaks  = regexp.MustCompile(`[\s,、，]+`)
	spokenTimes = strings.NewReplacer("時間", "h", "分", "m", " ", "")
)

const (
	maxChosen     = 1000 // names in one answer
	leastDeadline = 5 * time.Minute
)

// free takes an answer that is not one of several; what is wrong with it, if it does not fit.
func (c *chosen) free(q Choice, given string) Words {
	switch q.Kind {
	case ChoosePeople:
		c.people = nil
		for _, name := range nameBreaks.Split(given, -1) {
			if name == "" || slices.Contains(c.people, name) {
				continue
			}
			if !isReference(name) {
				return Words{fmt.Sprintf("%q is not a name; ", name) + q.Hint.EN, "「" + name + "」は名前ではありません。" + q.Hint.JA}
			}
			c.people = append(c.people, name)
		}
		if len(c.people) == 0 {
			return q.Hint
		}
		if len(c.people) > maxChosen {
			return Words{"more than 1,000 names; make them a group", "1,000 人を超えます。グループにしてください"}
		}
	case ChooseTime:
		d, err := time.ParseDuration(spokenTimes.Replace(given))
		if err != nil || d < leastDeadline || d > longestWait {
			return q.Hint
		}
		c.deadline = d.Round(time.Second)
	case ChooseName:
		if !isName(given) {
			return q.Hint
		}
	}
	return Words{}
}

func isName(s string) bool { return len(s) <= 128 && nameWord.MatchString(s) }

// isReference tells whether a step can call it.
func isReference(s string) bool {
	for _, prefix := range []string{"@", "on-call:"} {
		if rest, ok := strings.CutPrefix(s, prefix); ok {
			return isName(rest)
		}
	}
	return isName(s)
}
