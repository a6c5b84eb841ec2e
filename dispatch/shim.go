package dispatch

import (
	"fmt"
	"time"

	"github.com/kaden-project/kaden/twiml"
)

func recordWord(action string) twiml.Verb {
	return &twiml.Other{Element: twiml.Element{Tag: "Record", Attrs: []twiml.Attr{
		{Name: "action", Value: action}, {Name: "method", Value: "POST"}, {Name: "timeout", Value: fmt.Sprint(int(wordSilence / time.Second))},
		{Name: "maxLength", Value: fmt.Sprint(int(longestWord / time.Second))}, {Name: "playBeep", Value: "true"},
	}}}
}
