package dispatch

import (
	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/callout"
)

var english = phrases{
	lang: "en", tag: "en-US",
	severities: map[alert.Severity]string{
		alert.Critical: "Critical", alert.Major: "Error", alert.Warning: "Warning", alert.Notice: "Information", alert.Unknown: "Unrated",
	},
	keys: map[callout.Action]string{
		callout.Accept:       "Press %s to take it",
		callout.Pass:         "%s if you cannot",
		callout.Again:        "%s to hear it again",
		callout.CallEveryone: "%s to call everyone",
		callout.Snooze:       "%s to take it and be left alone for half an hour",
		callout.LeaveWord:    "%s to leave a message for the others",
		callout.Close:        "%s if it is over",
	},
	checkKeys: map[callout.Action]string{
		callout.Accept:    "Press %s if you are",
		callout.Pass:      "%s to give it back",
		callout.Snooze:    "%s for half an hour of peace",
		callout.LeaveWord: "%s to leave a message for the others",
		callout.Close:     "%s if it is over",
		callout.Again:     "%s to hear it again",
	},
	join: ". ", names: ", ", namesMore: "%s and %d more",

	plain:       "This is an alert from your monitoring system. Please look at the screen for what it says.",
	unread:      "Something came that could not be read; the screen shows it",
	unreadN:     "%d things came that could not be read; the screen shows them",
	unreadWords: "%s. What could be made out: %s",
	bundle:      "There are %d alerts. The first one.",
	hangUp:      "To take it, hang up now.",
	proof:       "To prove that you are awake, press %s.",
	handOver:    "%s hands you this alert.",
	handed:      "This alert is handed to you.",
	wordFrom:    "%s has left this message.",
	wordIs:      "This message was left for you.",
	drill:       "This is a drill.",
	drilled:     "This was a drill.",

	accepted:    "Recorded: you have taken it. Thank you.",
	acceptedN:   "Recorded: you have taken %d alerts. Thank you.",
	leaveWord:   "To leave a message for whoever comes after, press %s.",
	passed:      "All right. The next person is called.",
	notYet:      "Not recorded yet. Please hold.",
	closed:      "Recorded: it is over. Thank you.",
	snoozed:     "Recorded. You will be asked again in %d minutes.",
	everyone:    "This rings %d people. Press %s once more to do it.",
	everyoneNow: "%d people are being called now.",
	everyoneNo:  "There is nobody left to call.",
	speakNow:    "Speak after the tone, for up to ten seconds.",
	wordKept:    "Your message is kept. The others hear it first. Thank you.",
	wordLost:    "Nothing was heard.",

	check:   "You have taken this alert: %s. Are you still on it?",
	checkN:  "You have taken %d alerts. The first one: %s. Are you still on them?",
	stillOn: "Recorded: you are on it. Thank you.",
	givesUp: "Recorded. The next person is called.",

	taken:      "%s has taken this alert. Thank you.",
	takenBy:    "Somebody else has taken this alert. Thank you.",
	resolved:   "This alert was resolved at %d %02d. Goodbye.",
	stopped:    "This call-out was stopped by somebody. Goodbye.",
	superseded: "You are calling us on another line. This call ends. Goodbye.",
	gaveWay:    "The drill ends here, because a real alert has come in. Goodbye.",
	realAlert:  "The drill ends here. This is a real alert.",
	goodbye:    "This alert needs nobody any more. Goodbye.",

	joinFirst:   "You are the first in the conference.",
	joinWith:    "In the conference: %s.",
	joinAbout:   "It is about: %s.",
	joinMissing: "Still missing: %s.",
	joinNow:     "Press star to leave it.",
	leftMenu:    "Press 3 to call those who are missing again, %d people. 1 to go back. Hang up to leave.",
	leftNobody:  "Press 1 to go back. Hang up to leave.",
	rejoin:      "Back to the conference.",
	joinOffer:   "Press 1 to join the conference.",
	joined:      "%s has joined.",

	machine:     "Nobody needs to press a key.",
	machineBack: "Please call back: %s.",

	pin:         "Please enter your PIN, then the hash key.",
	pinNeeded:   "Your number alone is not enough to act.",
	pinWrong:    "This PIN is not right.",
	pinOver:     "Not right. Goodbye.",
	nothing:     "There is nothing for you.",
	haltMenu:    "To stop all calls for 30 minutes, press 0.",
	haltSure:    "This stops all calls for 30 minutes. Press 0 once more to do it.",
	halted:      "Recorded: nobody is called for 30 minutes.",
	code:        "This is kaden. Your code is %s.",
	unavailable: "This cannot be done at the moment. Please call again.",
}
