package voice_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

// passedOver are the attributes that kaden reads and does not act on, and elements that it does not run. Each of them is named in
// docs/divergences.md.
var passedOver = strings.Fields(`
	Autopilot Config Conversation ConversationRelay Language Pay Prompt Room Sim Siprec Task Transcription VirtualAgent WhatsApp
	Client.clientNotificationUrl
	Conference.eventCallbackUrl Conference.jitterBufferSize Conference.recordingConfigurationId Conference.region
	Dial.callReason Dial.events Dial.passports Dial.recordingConfigurationId
	Gather.bargeIn Gather.debug Gather.enhanced Gather.hints Gather.language Gather.maxSpeechTime Gather.partialResultCallback
	Gather.partialResultCallbackMethod Gather.profanityFilter Gather.speechModel Gather.speechTimeout
	Number.byoc
	Queue.postWorkActivitySid Queue.reservationSid
	Record.recordingConfigurationId Record.transcribeCallback
	Recording.recordingConfigurationId
	Start.action Start.method
	Stream.audioFormat Stream.connectorName Stream.sampleRate
	phoneme.alphabet phoneme.ph say-as.format say-as.role w.role
`)

// Whatever a document says is acted on: without any one of the attributes in the stories, some story is told otherwise. That a
// story has every attribute is a test of package twiml, so a kaden that did not look at one would fail here or there.
func TestEveryAttributeMakesADifference(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: short")
	}
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	seen, matters := map[string]bool{}, map[string]bool{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		parts := split(string(text))
		for _, a := range attributesOf(parts) {
			if seen[a.name] = true; !matters[a.name] && !isPassedOver(a.name) {
				// A story that could be told in two ways by itself proves nothing.
				matters[a.name] = otherwise(t, filepath.Base(f), parts, a) && !otherwise(t, filepath.Base(f), parts, attribute{})
			}
		}
	}
	for name := range seen {
		if !matters[name] && !isPassedOver(name) {
			t.Errorf("<%s> could be left out of every story: nothing shows that it is acted on", name)
		}
	}
	told, err := os.ReadFile("../docs/divergences.md")
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]bool{}
	for _, code := range regexp.MustCompile("`[^`]*`").FindAllString(string(told), -1) {
		for _, word := range regexp.MustCompile(`[\w-]+`).FindAllString(code, -1) {
			words[word] = true
		}
	}
	for _, name := range passedOver {
		if _, attribute, ok := strings.Cut(name, "."); !words[name] && !(ok && words[attribute]) {
			t.Errorf("%s is passed over, and docs/divergences.md does not say so", name)
		}
	}
}

func isPassedOver(name string) bool {
	element, _, _ := strings.Cut(name, ".")
	return slices.Contains(passedOver, name) || slices.Contains(passedOver, element)
}

// attribute is one in a document of a story.
type attribute struct {
	name     string // Dial.timeout
	part     int
	from, to int // in the part's text, with the space before it
}

var (
	openTag = regexp.MustCompile(`<([A-Za-z][\w-]*)((?:\s+[\w:-]+="[^"]*")+)\s*/?>`)
	oneAttr = regexp.MustCompile(`\s+([\w:-]+)="[^"]*"`)
)

func attributesOf(parts []part) (list []attribute) {
	for i, p := range parts {
		if name, _, _ := strings.Cut(p.name, " "); !strings.Contains(name, ".") {
			continue
		}
		for _, tag := range openTag.FindAllStringSubmatchIndex(p.text, -1) {
			element := p.text[tag[2]:tag[3]]
			for _, a := range oneAttr.FindAllStringSubmatchIndex(p.text[tag[4]:tag[5]], -1) {
				list = append(list, attribute{element + "." + p.text[tag[4]+a[2]:tag[4]+a[3]], i, tag[4] + a[0], tag[4] + a[1]})
			}
		}
	}
	return list
}

// otherwise tells a story without an attribute, and whether it went otherwise.
func otherwise(t *testing.T, file string, parts []part, a attribute) (differs bool) {
	text := parts[a.part].text
	without := slices.Clone(parts)
	without[a.part].text = text[:a.from] + text[a.to:]
	var got string
	doubt := &doubter{}
	synctest.Test(t, func(t *testing.T) {
		doubt.TB = t
		defer func() {
			if p := recover(); p != nil && p != errGivenUp {
				panic(fmt.Sprintf("%s without %s: %v", file, a.name, p))
			}
		}()
		got = tell(doubt, without)
	})
	return doubt.has() || !slices.ContainsFunc(parts, func(p part) bool { return (p.name == "want" || p.name == "or") && p.text == got })
}

// doubter is a test that may fail: that of a story that may be told otherwise.
type doubter struct {
	testing.TB
	mu     sync.Mutex
	failed bool
}

const errGivenUp = "the story cannot go on"

func (d *doubter) fail() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failed = true
}

func (d *doubter) has() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.failed
}

// Errorf notes the failure.
func (d *doubter) Errorf(string, ...any) { d.fail() }

// Error notes the failure.
func (d *doubter) Error(...any) { d.fail() }

// Fatalf notes the failure and ends the story.
func (d *doubter) Fatalf(string, ...any) { d.fail(); panic(errGivenUp) }

// Fatal notes the failure and ends the story.
func (d *doubter) Fatal(...any) { d.fail(); panic(errGivenUp) }

// parameters are those of contract 1.2 and 1.3 that documents, actions, whispers and callbacks are told, and the words that some
// of them have.
var parameters = strings.Fields(`
	ParentCallSid ApplicationSid SipDomain SipCallId SipHeader_X-Desk ErrorCode ErrorUrl
	DialCallStatus=completed DialCallStatus=answered DialCallStatus=busy DialCallStatus=no-answer DialCallStatus=failed DialCallStatus=canceled
	DialCallSid DialCallDuration DialBridged=true DialBridged=false DialSipCallId DialSipResponseCode DialSipHeader_X-Desk ReturnParam_why
	RecordingUrl RecordingSid RecordingDuration RecordingStatus=in-progress RecordingStatus=completed RecordingStatus=absent
	RecordingChannels=1 RecordingChannels=2 RecordingTrack=inbound RecordingTrack=outbound RecordingTrack=both RecordingStartTime
	RecordingSource=RecordVerb RecordingSource=DialVerb RecordingSource=Conference RecordingSource=StartCallRecordingAPI
	CallStatus=initiated CallStatus=ringing CallStatus=completed CallStatus=busy CallStatus=no-answer CallStatus=failed CallStatus=canceled
	CallDuration Duration Timestamp CallbackSource=call-progress-events SequenceNumber SipResponseCode AnsweredBy MachineDetectionDuration
	QueuePosition QueueTime QueueSid AvgQueueTime CurrentQueueSize MaxQueueSize DequeingCallSid DequeuedCallSid DequeuedCallQueueTime DequeuedCallDuration
	QueueResult=bridged QueueResult=hangup QueueResult=leave QueueResult=queue-full QueueResult=redirected QueueResult=redirected-from-bridged
	DequeueResult=bridged DequeueResult=queue-empty DequeueResult=queue-not-found
	ConferenceSid FriendlyName Muted Hold Coaching StartConferenceOnEnter EndConferenceOnExit ParticipantLabel
	ParticipantCallStatus ReasonParticipantLeft=participant_hung_up ReasonParticipantLeft=moderator_ended_conference
	CallSidEndingConference ParticipantLabelEndingConference ReasonConferenceEnded Reason
	StatusCallbackEvent=conference-start StatusCallbackEvent=conference-end StatusCallbackEvent=participant-join StatusCallbackEvent=participant-leave
	StatusCallbackEvent=participant-speech-start StatusCallbackEvent=participant-speech-stop
	Digits SmsSid SmsStatus=queued SmsStatus=failed CustomerId Param_case
	ReferTransferTarget ReferCallStatus ReferSipResponseCode NotifySipResponseCode StreamEvent=stream-started StreamEvent=stream-stopped StreamSid StreamName
`)

// What Twilio tells is told in some story. (Holding, muting, modifying and announcements are ordered over the API: the tests of
// packages call and rest tell of those.)
func TestEveryParameterIsTold(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	told := map[string]bool{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range split(string(text)) {
			if p.name != "want" {
				continue
			}
			for word := range strings.FieldsSeq(p.text) {
				name, _, _ := strings.Cut(word, "=")
				told[word], told[name] = true, true
			}
		}
	}
	for _, p := range parameters {
		if !told[p] {
			t.Errorf("no story tells %s", p)
		}
	}
}
