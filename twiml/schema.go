package twiml

import "strings"

// Twilio's error codes that this package gives (Twilio's error and warning dictionary).
const (
	codeURL        = 11100 // invalid URL format
	codeTooLarge   = 11750 // response body too large
	codeEmpty      = 11770 // empty response body
	codeParse      = 12100 // document parse failure
	codeVersion    = 12101 // invalid XML version
	codeRoot       = 12102 // root element is not Response
	codeSchema     = 12200 // schema validation warning
	codeDialRoom   = 13000 // a Conference noun cannot be mixed with Number nouns
	codeDialNest   = 13215 // Dial: invalid nested element
	codeDialNumber = 13223 // Dial: invalid phone number format
	codeRoom       = 13237 // Conference: invalid name
	codeSipURI     = 13243 // Sip: invalid URI
	codeTooMany    = 13250 // Dial: too many URIs
	codeNested     = 13320 // Gather: invalid nested verb
	codePlay       = 13420 // Play: no sound to be had
	codeSayText    = 13520 // Say: invalid text
	codeSayLong    = 13521 // Say: character limit exceeded
	codeTapeURL    = 13256 // invalid recordingStatusCallback URL
	codeTapeEvent  = 13621 // invalid recordingStatusCallbackEvent
	codeSmsText    = 14103 // Sms: invalid text
	codeQueueNone  = 14212 // Dial->Queue: queue name too short
	codeQueueLong  = 14213 // Dial->Queue: queue name too long
	codeEnqueueNo  = 14204 // Enqueue: queue name too short
	codeEnqueueBig = 14205 // Enqueue: queue name too long
)

// running says what becomes of a verb.
type running int

const (
	noun  running = iota // not a verb: part of one
	runs                 // has a type of its own and is run
	never                // known, kept as Other, not run
)

// element is what the schema says of one name. Twilio's names mean the same wherever they stand.
type element struct {
	run      running
	attrs    attrs  // what may be written in the tag
	children string // which elements may stand inside
	text     bool   // whether text inside means something
	nesting  int    // Twilio's code for a child that may not stand inside; 0 is codeSchema
}

type attrs map[string]rule

// has tells whether an element named child may stand inside.
func (e element) has(child string) bool {
	for name := range strings.FieldsSeq(e.children) {
		if name == child {
			return true
		}
	}
	return false
}

// What may be heard while keys are awaited, and SSML's elements as far as Twilio takes them.
const (
	prompts   = "Say Play Pause"
	ssml      = "break emphasis lang p phoneme prosody s say-as sub w"
	ssmlInP   = "break emphasis lang phoneme prosody s say-as sub w"
	ssmlInS   = "break emphasis lang phoneme prosody say-as sub w"
	ssmlInW   = "break emphasis phoneme prosody say-as sub"
	events    = "initiated ringing answered completed"
	recEvents = "in-progress completed absent"
	recording = "do-not-record record-from-answer record-from-ringing record-from-answer-dual record-from-ringing-dual true false"
	trims     = "trim-silence do-not-trim"
)

// speechAttrs are the attributes of Gather that only speech recognition reads; see Gather.Speech.
var speechAttrs = []string{
	"bargeIn", "debug", "enhanced", "hints", "language", "maxSpeechTime", "partialResultCallback",
	"partialResultCallbackMethod", "profanityFilter", "speechModel", "speechTimeout",
}

// schema is TwiML: each element with its attributes, how each is read and what may stand inside.
// Sources: Twilio's TwiML pages, one per verb; the codes are those of its error dictionary. Verbs
// that get a type of their own move from never to runs and into [checker.verb]; their rows stay.
var schema = map[string]element{
	"Response": {
		children: "Connect Dial Echo Enqueue Gather Hangup Leave Message Pause Pay Play Prompt Queue Record Redirect Refer Reject Say Sms Start Stop",
	},

	// Verbs that kaden runs.
	"Say": {run: runs, text: true, children: ssml, attrs: attrs{
		"voice":    voiceName(13511, 13321),
		"language": languageTag(13511, "the default language is spoken"),
		"loop":     count(0, maxLoop, "once").code(13510, 13322),
	}},
	"Play": {run: runs, text: true, attrs: attrs{
		"loop":   count(0, maxLoop, "once").code(13410, 13410),
		"digits": keys(13430),
	}},
	"Pause": {run: runs, attrs: attrs{
		"length": count(0, maxSeconds, "1 s").code(13910, 13910),
	}},
	"Gather": {run: runs, children: prompts, nesting: codeNested, attrs: attrs{
		"action":              address(codeURL),
		"method":              httpMethod(13312),
		"input":               inputWords(13326),
		"timeout":             count(1, maxSeconds, "5 s").or("auto").code(13313, 0),
		"finishOnKey":         finishKey(13310),
		"numDigits":           count(1, maxCount, "no limit").code(13314, 0),
		"actionOnEmptyResult": boolean(13338, "false"),

		"language":                    languageTag(13331, "the default language is understood"),
		"hints":                       anything,
		"speechTimeout":               count(1, maxSeconds, "that of timeout").or("auto").code(13327, 0),
		"maxSpeechTime":               count(1, 60, "60 s").code(13328, 0),
		"partialResultCallback":       address(codeURL),
		"partialResultCallbackMethod": httpMethod(13329),
		"profanityFilter":             boolean(13333, "true"),
		"speechModel":                 anything,
		"enhanced":                    boolean(codeSchema, "false"),
		"bargeIn":                     boolean(13332, "true"),
		"debug":                       boolean(codeSchema, "false"),
	}},
	"Dial": {run: runs, text: true, nesting: codeDialNest, children: "Application Client Conference Number Queue Sim Sip WhatsApp", attrs: attrs{
		"action":                        address(codeURL),
		"method":                        httpMethod(13210),
		"timeout":                       count(5, 600, "30 s").code(13212, 0),
		"timeLimit":                     count(1, maxSeconds, "4 h").code(13216, 0),
		"callerId":                      anything,
		"hangupOnStar":                  boolean(13213, "false"),
		"answerOnBridge":                boolean(13219, "false"),
		"record":                        oneOf(13217, "do-not-record", recording),
		"trim":                          oneOf(codeSchema, "do-not-trim", trims),
		"recordingStatusCallback":       address(codeTapeURL),
		"recordingStatusCallbackMethod": httpMethod(codeSchema),
		"recordingStatusCallbackEvent":  someOf(codeTapeEvent, "completed", recEvents),
		"recordingTrack":                oneOf(13622, "both", "inbound outbound both"),
		"recordingConfigurationId":      anything,
		"ringTone":                      oneOf(13220, "this house's", "at au bg br be ch cl cn cz de dk ee es fi fr gr hu il in it lt jp mx my nl no nz ph pl pt ru se sg th uk us us-old tw ve za"),
		"sequential":                    boolean(13218, "false"),
		"referUrl":                      address(codeURL),
		"referMethod":                   httpMethod(codeSchema),
		"events":                        anything,
		"passports":                     anything,
		"callReason":                    anything,
	}},
	"Number": {text: true, attrs: amd(screened(13221, attrs{"sendDigits": keys(13222), "byoc": anything}))},
	"Client": {text: true, children: "Identity Parameter", attrs: screened(codeSchema, attrs{"clientNotificationUrl": address(13806)})},
	"Sip": {text: true, children: "Uri Headers", attrs: amd(screened(13241, attrs{
		"username": anything, "password": anything, "sendDigits": keys(13242),
	}))},
	"Conference": {text: true, attrs: attrs{
		"muted":                         boolean(13230, "false"),
		"beep":                          oneOf(13235, "true", "true false onEnter onExit"),
		"startConferenceOnEnter":        boolean(13232, "true"),
		"endConferenceOnExit":           boolean(13231, "false"),
		"participantLabel":              label(16023),
		"waitUrl":                       address(13233),
		"waitMethod":                    httpMethod(13234),
		"maxParticipants":               count(1, 250, "250").code(codeSchema, 0),
		"record":                        oneOf(codeSchema, "do-not-record", "do-not-record record-from-start true false"),
		"trim":                          oneOf(13239, "trim-silence", trims),
		"region":                        anything,
		"coach":                         anything,
		"jitterBufferSize":              oneOf(codeSchema, "large", "off small medium large"),
		"statusCallback":                address(codeURL),
		"statusCallbackMethod":          httpMethod(codeSchema),
		"statusCallbackEvent":           someOf(codeSchema, "none", "start end join leave mute hold modify speaker announcement"),
		"recordingStatusCallback":       address(codeTapeURL),
		"recordingStatusCallbackMethod": httpMethod(codeSchema),
		"recordingStatusCallbackEvent":  someOf(codeTapeEvent, "completed", recEvents),
		"eventCallbackUrl":              address(codeURL),
		"recordingConfigurationId":      anything,
	}},
	"Record": {run: runs, attrs: attrs{
		"action":                        address(codeURL),
		"method":                        httpMethod(13610),
		"timeout":                       count(0, maxSeconds, "5 s").code(13611, 0),
		"maxLength":                     count(1, maxSeconds, "1 h").code(13612, 0),
		"finishOnKey":                   keySet(13613),
		"transcribe":                    boolean(13614, "false"),
		"transcribeCallback":            address(13257),
		"playBeep":                      boolean(13616, "true"),
		"trim":                          oneOf(13699, "trim-silence", trims),
		"recordingStatusCallback":       address(codeTapeURL),
		"recordingStatusCallbackMethod": httpMethod(codeSchema),
		"recordingStatusCallbackEvent":  someOf(codeTapeEvent, "completed", recEvents),
		"recordingConfigurationId":      anything,
	}},
	"Redirect": {run: runs, text: true, attrs: attrs{"method": httpMethod(13710)}},
	"Hangup":   {run: runs, children: "Parameter"},
	"Reject":   {run: runs, children: "Parameter", attrs: attrs{"reason": oneOf(13810, "rejected", "rejected busy")}},

	// SSML inside Say (Twilio's page "SSML", Amazon Polly's tags).
	"break": {attrs: attrs{
		"strength": oneOf(codeSchema, "medium", "none x-weak weak medium strong x-strong"),
		"time":     breakTime(codeSchema),
	}},
	"emphasis": {text: true, children: ssmlInS, attrs: attrs{"level": oneOf(codeSchema, "moderate", "strong moderate reduced none")}},
	"lang":     {text: true, children: ssml, attrs: attrs{"xml:lang": languageTag(codeSchema, "the language of the Say is spoken")}},
	"p":        {text: true, children: ssmlInP},
	"phoneme":  {text: true, attrs: attrs{"alphabet": oneOf(codeSchema, "ipa", "ipa x-sampa x-amazon-jyutping x-amazon-pinyin x-amazon-pron-kana x-amazon-yomigana"), "ph": anything}},
	"prosody": {text: true, children: ssml, attrs: attrs{
		"rate":   prosody("x-slow slow medium fast x-fast default", "%"),
		"pitch":  prosody("x-low low medium high x-high default", "%", "Hz", "st"),
		"volume": prosody("silent x-soft soft medium loud x-loud default", "dB"),
	}},
	"s":      {text: true, children: ssmlInS},
	"say-as": {text: true, attrs: attrs{"interpret-as": anything, "format": anything, "role": anything}},
	"sub":    {text: true, attrs: attrs{"alias": anything}},
	"w":      {text: true, children: ssmlInW, attrs: attrs{"role": anything}},

	// Verbs that are known and kept, with their nouns.
	"Queue": {text: true, attrs: attrs{
		"url": address(14211), "method": httpMethod(14210), "reservationSid": anything, "postWorkActivitySid": anything,
	}},
	"Application":    {text: true, children: "ApplicationSid Parameter", attrs: screened(codeSchema, attrs{"customerId": anything, "copyParentTo": boolean(codeSchema, "false")})},
	"ApplicationSid": {text: true},
	"Sim":            {text: true},
	"WhatsApp":       {text: true, attrs: screened(codeSchema, nil)},
	"Identity":       {text: true},
	"Uri":            {text: true},
	"Headers":        {children: "Header"},
	"Header":         {attrs: attrs{"name": anything, "value": anything}},
	"Parameter":      {attrs: attrs{"name": anything, "value": anything}},
	"Enqueue": {run: runs, text: true, children: "Task", attrs: attrs{
		"action": address(14203), "method": httpMethod(14201), "waitUrl": address(14202), "waitUrlMethod": httpMethod(14206),
		"workflowSid": anything, "maxQueueSize": count(1, maxCount, "1000").code(codeSchema, 0),
	}},
	"Task":  {text: true, attrs: attrs{"priority": anything, "timeout": anything}},
	"Leave": {run: runs},
	"Sms": {run: runs, text: true, attrs: attrs{
		"to": anything, "from": anything, "action": address(codeURL), "method": httpMethod(14104), "statusCallback": address(14105),
	}},
	"Message": {run: runs, text: true, children: "Body Media", attrs: attrs{
		"to": anything, "from": anything, "action": address(codeURL), "method": httpMethod(14104), "statusCallback": address(14105),
	}},
	"Body":  {text: true},
	"Media": {text: true},
	"Connect": {run: runs, children: "Autopilot Conversation ConversationRelay Room Stream VirtualAgent WhatsApp", attrs: attrs{
		"action": address(codeURL), "method": httpMethod(codeSchema),
	}},
	"Start": {run: runs, children: "Recording Siprec Stream Transcription", nesting: 14300, attrs: attrs{
		"action": address(codeURL), "method": httpMethod(codeSchema),
	}},
	"Stop": {run: runs, children: "Siprec Stream Transcription"},
	"Stream": {children: "Parameter", attrs: attrs{
		"url": anything, "name": anything, "connectorName": anything, "track": oneOf(codeSchema, "inbound_track", "inbound_track outbound_track both_tracks"),
		"statusCallback": address(codeURL), "statusCallbackMethod": httpMethod(codeSchema), "audioFormat": anything, "sampleRate": anything,
	}},
	"Recording": {attrs: attrs{
		"channels": oneOf(codeSchema, "dual", "mono dual"), "track": oneOf(13622, "both", "inbound outbound both"), "trim": oneOf(codeSchema, "do-not-trim", trims),
		"recordingStatusCallback": address(codeTapeURL), "recordingStatusCallbackMethod": httpMethod(codeSchema), "recordingStatusCallbackEvent": someOf(codeTapeEvent, "completed", recEvents),
		"recordingConfigurationId": anything,
	}},
	"Transcription": {children: "Config Parameter", attrs: attrs{
		"name": anything, "track": oneOf(codeSchema, "both_tracks", "inbound_track outbound_track both_tracks"), "statusCallbackUrl": address(codeURL), "statusCallbackMethod": httpMethod(codeSchema),
		"inboundTrackLabel": anything, "outboundTrackLabel": anything, "partialResults": boolean(codeSchema, "false"), "languageCode": anything, "transcriptionEngine": anything,
		"profanityFilter": boolean(codeSchema, "true"), "speechModel": anything, "hints": anything, "enableAutomaticPunctuation": boolean(codeSchema, "true"), "intelligenceService": anything,
	}},
	"Siprec": {children: "Parameter", attrs: attrs{
		"name": anything, "connectorName": anything, "track": anything, "statusCallback": address(codeURL), "statusCallbackMethod": httpMethod(codeSchema),
	}},
	"Refer": {run: runs, children: "Sip", attrs: attrs{"action": address(codeURL), "method": httpMethod(codeSchema)}},
	"Echo":  {run: runs},

	// Verbs that kaden will not run: payments, and other products of Twilio.
	"Pay": {run: never, children: "Prompt Parameter", attrs: attrs{
		"action": address(codeURL), "method": httpMethod(codeSchema), "statusCallback": address(codeURL), "statusCallbackMethod": httpMethod(codeSchema),
		"input": anything, "bankAccountType": anything, "timeout": anything, "maxAttempts": anything, "securityCode": anything, "postalCode": anything,
		"minPostalCodeLength": anything, "paymentConnector": anything, "paymentMethod": anything, "tokenType": anything, "chargeAmount": anything,
		"currency": anything, "description": anything, "validCardTypes": anything, "language": anything,
	}},
	"Prompt": {run: never, children: prompts, attrs: attrs{
		"for": anything, "errorType": anything, "cardType": anything, "attempt": anything, "requireMatchingInputs": boolean(codeSchema, "false"),
	}},
	"Autopilot": {text: true},
	"Room":      {text: true, attrs: attrs{"participantIdentity": anything}},
	"Conversation": {attrs: attrs{
		"serviceInstanceSid": anything, "inboundAutocreation": boolean(codeSchema, "true"), "routingAssignmentTimeout": anything, "inboundTimeout": anything,
		"url": address(codeURL), "method": httpMethod(codeSchema), "record": anything, "trim": oneOf(codeSchema, "trim-silence", trims),
		"recordingStatusCallback": address(codeURL), "recordingStatusCallbackMethod": httpMethod(codeSchema), "recordingStatusCallbackEvent": someOf(codeSchema, "completed", recEvents),
		"statusCallback": address(codeURL), "statusCallbackMethod": httpMethod(codeSchema), "statusCallbackEvent": anything,
	}},
	"ConversationRelay": {children: "Language Parameter", attrs: attrs{
		"url": anything, "welcomeGreeting": anything, "welcomeGreetingInterruptible": anything, "language": anything, "ttsLanguage": anything, "ttsProvider": anything,
		"voice": anything, "transcriptionLanguage": anything, "transcriptionProvider": anything, "speechModel": anything, "interruptible": anything, "dtmfDetection": anything,
		"reportInputDuringAgentSpeech": anything, "preemptible": anything, "hints": anything, "intelligenceService": anything, "debug": anything,
	}},
	"Language": {attrs: attrs{"code": anything, "ttsProvider": anything, "voice": anything, "transcriptionProvider": anything, "speechModel": anything, "customParameter": anything}},
	"VirtualAgent": {children: "Config Parameter", attrs: attrs{
		"connectorName": anything, "language": anything, "sentimentAnalysis": boolean(codeSchema, "false"), "statusCallback": address(codeURL), "statusCallbackMethod": httpMethod(codeSchema),
	}},
	"Config": {attrs: attrs{"name": anything, "value": anything}},
}

// screened adds what the nouns of Dial that ring somebody share: the document that the person hears
// before being joined, and callbacks.
func screened(method int, more attrs) attrs {
	as := attrs{
		"url": address(codeURL), "method": httpMethod(method),
		"statusCallback": address(codeURL), "statusCallbackMethod": httpMethod(codeSchema), "statusCallbackEvent": someOf(codeSchema, "completed", events),
	}
	for name, r := range more {
		as[name] = r
	}
	return as
}

// amd adds answering machine detection.
func amd(as attrs) attrs {
	as["machineDetection"] = oneOf(codeSchema, "off", "Enable DetectMessageEnd")
	as["machineDetectionTimeout"] = count(3, 60, "30 s").code(codeSchema, 0)
	as["machineDetectionSpeechThreshold"] = count(1000, 6000, "2400 ms").code(codeSchema, 0)
	as["machineDetectionSpeechEndThreshold"] = count(500, 5000, "1200 ms").code(codeSchema, 0)
	as["machineDetectionSilenceTimeout"] = count(2000, 10000, "5000 ms").code(codeSchema, 0)
	as["amdStatusCallback"] = address(codeURL)
	as["amdStatusCallbackMethod"] = httpMethod(codeSchema)
	return as
}
