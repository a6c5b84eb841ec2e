package dispatch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/callout"
)

// phrases are the house's own words in one language. Japanese is in kana where a reading could be
// mistaken: the engine reads 方 as ホー and 1 before a comma in more than one way.
type phrases struct {
	lang, tag  string
	severities map[alert.Severity]string
	keys       map[callout.Action]string // of an alert; %s is the key
	checkKeys  map[callout.Action]string // of a check call, likewise
	join       string                    // between two keys of a menu
	names      string                    // between two names
	namesMore  string                    // %s names and %d more

	// The alert.
	plain       string // one whose own words cannot be spoken
	unread      string // something that could not be read
	unreadN     string // %d of them
	unreadWords string // the above, and %s that could be made out
	bundle      string // %d alerts
	hangUp      string
	proof       string // %s is the digit
	twice       string // where keys are heard in the sound
	onceMore    string // one was heard; %s is the key
	handOver    string // %s hands it to you
	handed      string // nobody is named
	wordFrom    string // %s left what comes now
	wordIs      string // nobody is named
	drill       string // first …
	drilled     string // … and last

	// What became of a key.
	accepted    string
	acceptedN   string // %d alerts
	leaveWord   string // %s is the key
	passed      string
	notYet      string // not recorded yet
	closed      string
	snoozed     string // %d minutes
	everyone    string // %d people; %s is the key, once more
	everyoneNow string // %d people are being called
	everyoneNo  string // there is nobody left
	speakNow    string
	wordKept    string
	wordLost    string

	// Check calls.
	check   string // %s is what it is about
	checkN  string // %d alerts
	stillOn string
	givesUp string

	// It is over for the one who listens.
	taken      string // %s took it
	takenBy    string // nobody is named
	resolved   string // %d hours, %d minutes
	stopped    string
	superseded string // you are calling us
	gaveWay    string // a drill, because of a real alert
	realAlert  string // the same, where the real alert is told next
	goodbye    string

	// The conference.
	joinFirst   string // you are the first
	joinWith    string // %s are in it
	joinAbout   string // %s is the alert
	joinMissing string // %s are still missing
	joinNow     string
	leftMenu    string // %d people are called again, or go back
	leftNobody  string // nobody is missing: go back
	rejoin      string
	joinOffer   string // press 1
	joined      string // %s is in it now

	// To a machine.
	machine     string
	machineBack string // %s is the number to call back

	// A hotline: to the caller …
	line          string // what it is
	lineKey       string // %s is the key that has somebody called
	lineNobody    string // without a key nobody is called
	lineNotYet    string // not recorded, so nobody is called yet
	lineCalling   string // recorded; people are called
	lineHeld      string // recorded; people are called after %d hours, %d minutes
	lineNumber    string // the caller's number is passed on
	lineStill     string // a sign of life
	lineAnswered  string // somebody has taken it
	lineMeet      string // somebody is there
	lineMoment    string // who was there comes back
	lineAlone     string // who was there has left; 1 calls somebody again
	lineTaken     string // somebody has taken it who is not on the telephone
	lineExhausted string // nobody could be reached …
	lineGoesOn    string // … and calling goes on
	lineOver      string // nobody is called any more
	lineBye       string
	// … and to whoever takes it.
	hotline      string // its name in a message
	callFrom     string // the title; %s is the number
	callPerson   string // %s is the person whose number it is
	callWithheld string
	callerHere   string // is on the line
	callerGone   string // has hung up
	callerApart  string // cannot be joined with this line
	callerBack   string // %s is the number to call back
	callerHidden string // there is none

	// Somebody calls us, a code is told, everything is stopped.
	pin         string
	pinNeeded   string
	pinWrong    string
	pinOver     string
	nothing     string
	haltMenu    string
	haltSure    string
	halted      string
	code        string // %s are the digits
	unavailable string
}

var house = map[string]phrases{"ja": japanese, "en": english}

// phrasesOf is the house's words in a language; English where it has none.
func phrasesOf(lang string) phrases {
	if p, ok := house[lang]; ok {
		return p
	}
	return house["en"]
}

// Languages are those in which kaden can speak its own words.
func Languages() []string { return slices.Sorted(maps.Keys(house)) }

func (p phrases) severity(s alert.Severity) string {
	if w, ok := p.severities[s]; ok {
		return w
	}
	return p.severities[alert.Unknown]
}

// The order in which a menu names its keys; the one that takes it first.
var (
	alertMenu = []callout.Action{callout.Accept, callout.Pass, callout.Snooze, callout.Close, callout.LeaveWord, callout.CallEveryone, callout.Again}
	proofMenu = []callout.Action{callout.Pass, callout.LeaveWord, callout.CallEveryone, callout.Again} // the others take it
	checkMenu = []callout.Action{callout.Accept, callout.Pass, callout.Snooze, callout.LeaveWord, callout.Close}
)

// menu says what the keys of an alert do.
func (p phrases) menu(keys map[string]callout.Action) string {
	return p.menuOf(keys, alertMenu, p.keys)
}

func (p phrases) menuOf(keys map[string]callout.Action, order []callout.Action, words map[callout.Action]string) string {
	var said []string
	for _, action := range order {
		if key := keyFor(keys, action); key != "" {
			said = append(said, fmt.Sprintf(words[action], key))
		}
	}
	if len(said) == 0 {
		return ""
	}
	return strings.TrimSpace(strings.Join(said, p.join) + strings.TrimRight(p.join, " "))
}

// keyFor is the key that does something, "" if none does.
func keyFor(keys map[string]callout.Action, action callout.Action) string {
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if keys[key] == action {
			return key
		}
	}
	return ""
}

// list names a few people and counts the rest.
func (p phrases) list(names []string) string {
	const most = 5
	if rest := len(names) - most; rest > 0 {
		return fmt.Sprintf(p.namesMore, strings.Join(names[:most], p.names), rest)
	}
	return strings.Join(names, p.names)
}

func (p phrases) resolvedAt(at time.Time) string {
	at = at.Local()
	return fmt.Sprintf(p.resolved, at.Hour(), at.Minute())
}

// fixed are the phrases that are spoken into the cache at the start, so that they are there whatever happens later.
func (p phrases) fixed() []string {
	plan := callout.Plan{}.WithDefaults()
	out := []string{p.plain, p.hangUp, p.accepted, p.passed, p.takenBy, p.notYet, p.goodbye, p.menu(plan.Keys), p.menuOf(plan.Keys, proofMenu, p.keys),
		p.twice, p.handed, p.wordIs, p.drill, p.drilled, p.closed, fmt.Sprintf(p.snoozed, int(usualSnooze.Minutes())), p.everyoneNo,
		p.speakNow, p.wordKept, p.wordLost, p.stillOn, p.givesUp, p.stopped, p.superseded, p.gaveWay, p.realAlert,
		p.joinFirst, p.joinNow, p.joinOffer, p.leftNobody, p.rejoin, p.machine, p.pin, p.pinNeeded, p.pinWrong, p.pinOver, p.nothing,
		p.haltMenu, p.haltSure, p.halted, p.unavailable, p.menuOf(plan.CheckKeys(), checkMenu, p.checkKeys)}
	if key := keyFor(plan.CheckKeys(), callout.LeaveWord); key != "" {
		out = append(out, fmt.Sprintf(p.leaveWord, key))
	}
	out = append(out, p.line, p.lineNobody, p.lineNotYet, p.lineCalling, p.lineNumber, p.lineStill, p.lineAnswered,
		p.lineMeet, p.lineMoment, p.lineAlone, p.lineTaken, p.lineExhausted, p.lineGoesOn, p.lineOver, p.lineBye, p.callerHere, p.callerGone, p.callerHidden)
	for key := range 4 {
		out = append(out, fmt.Sprintf(p.lineKey, fmt.Sprint(key+1)))
	}
	for digit := range 10 {
		out = append(out, fmt.Sprintf(p.proof, fmt.Sprint(digit)))
	}
	return out
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
