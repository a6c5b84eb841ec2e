package account

import (
	"regexp"
	"strings"

	"github.com/kaden-project/kaden/problem/yamldoc"
)

// Hotline is what a number is that people call to have somebody called: whoever presses a key becomes an alert, the
// people of a plan are called for it, and the one who takes it talks to them.
type Hotline struct {
	Plan     string     // whose people are called
	Severity string     // of the alert: critical, error or warning; "" is critical
	Say      []Greeting // what callers hear first, each with its own key; nil: kaden's words in the languages of the plan
}

// Greeting is what a caller hears first, in one language.
type Greeting struct {
	Language string // BCP-47: ja, en-US
	Text     string // Night line of Kaden Electric.
}

// Scripted tells whether kaden's own script answers the number. Such a number is the main account's, and no program
// changes it.
func (n Number) Scripted() bool { return n.CallBack || n.Hotline != nil }

const mostGreetings = 4 // a caller hears them all

var language = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

// readHotline reads what a number says of a plan; nil if it says nothing.
func readHotline(doc *yamldoc.Map) *Hotline {
	plan, severity, say := doc.Take("plan"), doc.Take("severity"), doc.Take("say")
	if !plan.Given() {
		for _, v := range []yamldoc.Value{severity, say} {
			if v.Given() {
				v.Warn("means something only where the people of a plan are called", "add plan:, or remove it")
			}
		}
		return nil
	}
	h := &Hotline{Plan: plan.Text()}
	if severity.Given() {
		h.Severity = severity.OneOf("critical", "error", "warning")
	}
	if say.Given() {
		h.Say = readGreetings(say)
	}
	return h
}

func readGreetings(say yamldoc.Value) (list []Greeting) {
	if !say.IsMap() {
		say.Error("the language is missing", `say: { ja: "夜間窓口です。", en: "This is the night line." }`)
		return nil
	}
	texts := say.Map()
	for _, lang := range texts.Keys() {
		v := texts.Take(lang)
		text := strings.TrimSpace(v.Text())
		switch {
		case !language.MatchString(lang):
			v.Error(lang+" is not a language", "ja, en, en-US")
		case text == "":
			v.Error("there is nothing to say", "")
		case len(list) == mostGreetings:
			v.Error("a caller would have to hear more than four languages", "")
		default:
			list = append(list, Greeting{lang, text})
		}
	}
	return list
}
