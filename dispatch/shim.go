package dispatch

import (
	"fmt"
	"time"

	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/twiml"
)

func recordWord(action string) twiml.Verb {
	return &twiml.Other{Element: twiml.Element{Tag: "Record", Attrs: []twiml.Attr{
		{Name: "action", Value: action}, {Name: "method", Value: "POST"}, {Name: "timeout", Value: fmt.Sprint(int(wordSilence / time.Second))},
		{Name: "maxLength", Value: fmt.Sprint(int(longestWord / time.Second))}, {Name: "playBeep", Value: "true"},
	}}}
}

func checkKeys(p callout.Plan) map[string]callout.Action {
	keys := map[string]callout.Action{}
	for k, a := range p.Keys {
		if a == callout.Accept || a == callout.Pass || a == callout.Again {
			keys[k] = a
		}
	}
	for k, a := range map[string]callout.Action{"4": callout.Snooze, "5": callout.LeaveWord, "6": callout.Close} {
		if keyFor(keys, a) == "" && p.Keys[k] == "" {
			keys[k] = a
		}
	}
	return keys
}

func missingNow(s callout.State) []string { return nil }

func responded(s callout.State) []string { return nil }
