package call

import (
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/timeline"
)

// Detection asks who or what has answered: machine detection, 留守番電話検出. It listens from the answer on, beside
// whoever else does. What it finds is a hint and no proof (rule 18): an Event, and the record's AnsweredBy. A call
// that ends before there is a word was answered by "unknown". Zero durations are Twilio's.
type Detection struct {
	Message         bool          // to the end of a machine's greeting: Twilio's DetectMessageEnd; else Enable
	Timeout         time.Duration // of the whole; 0 is 30 s
	SpeechThreshold time.Duration // who talks for longer is a machine; 0 is 2.4 s
	SpeechEnd       time.Duration // who is quiet for so long has finished; 0 is 1.2 s
	Silence         time.Duration // nothing is said for so long from the answer: unknown; 0 is 5 s

	// Wait holds the script back until the last word, so that it is asked for with AnsweredBy: Twilio's way
	// without AsyncAmd. A redirect does not wait.
	Wait bool
	// URL is told of the last word by a request of its own: AsyncAmdStatusCallback. "" is nobody.
	URL, Method string // Method "" is POST
}

// detecting is a detection under way. It belongs to the call's goroutine.
type detecting struct {
	wait    bool // the script has not started
	machine bool // machine_start has been told
	remove  func()
	guard   *time.Timer
}

// blocks tells whether the script waits. A nil one does not.
func (d *detecting) blocks() bool { return d != nil && d.wait }

// detectPatience is for a leg that brings no sound at all: the detector counts frames.
const detectPatience = time.Second

// mirror is a Sink for what we say ourselves.
type mirror struct{ *media.Detector }

func (o mirror) Write(f *media.Frame) { o.Own(f) }

// detect begins to listen, at the answer.
func (c *Call) detect() {
	o := c.order.Detection
	if o == nil || c.rec.Direction == Inbound {
		return
	}
	how := media.Detection{Message: o.Message, Timeout: o.Timeout, SpeechThreshold: o.SpeechThreshold, SpeechEnd: o.SpeechEnd, Silence: o.Silence}.Complete()
	d := media.NewDetector(how, func(by media.AnsweredBy, after time.Duration) {
		c.post(func() { c.detected(by, after) })
	})
	c.ourVoice = mirror{d}
	c.ear = &detecting{
		wait: o.Wait, remove: c.Listen(d),
		guard: time.AfterFunc(how.Timeout+detectPatience, func() {
			c.post(func() {
				if c.ear != nil && c.ending == nil {
					c.detected(c.ear.lastWord(), how.Timeout)
				}
			})
		}),
	}
}

// lastWord is what is said when there is nothing more to hear.
func (d *detecting) lastWord() media.AnsweredBy {
	if d.machine {
		return media.MachineEndOther
	}
	return media.Unknown
}

// detected is a word of the detector. Whoever acts on it does not wait for it to be written, as with a key.
func (c *Call) detected(by media.AnsweredBy, after time.Duration) {
	if c.ear == nil || c.ending != nil {
		return
	}
	now := time.Now()
	c.tell(Event{At: now, Status: InProgress, AnsweredBy: string(by), Trunk: c.rec.Trunk})
	ev := c.event(timeline.CallDetected, "")
	ev.At, ev.Cause = now.UTC(), string(by)
	c.untold = append(c.untold, ev)
	if c.order.Detection.Message && by == media.MachineStart {
		c.ear.machine = true
		c.write()
		return
	}
	starts := c.ear.wait
	c.conclude(by, after)
	c.write()
	if starts {
		c.startScript()
	}
}

// undetected ends a detection with the call.
func (c *Call) undetected() {
	if c.ear != nil {
		c.conclude(c.ear.lastWord(), c.rec.Ended.Sub(c.rec.Answered))
	}
}

// conclude puts the last word in the record, to be written, and has it told to whoever asked for that.
func (c *Call) conclude(by media.AnsweredBy, after time.Duration) {
	c.ear.remove()
	c.ear.guard.Stop()
	c.ear = nil
	c.rec.AnsweredBy = string(by)
	c.took.Store(int64(after))
	o := c.order.Detection
	if o.URL == "" {
		return
	}
	method := o.Method
	if method == "" {
		method = "POST"
	}
	c.posts = append(c.posts, Post{
		ID: fmt.Sprintf("%s-amd", c.id), Account: c.rec.Account, Call: c.id, Method: method, URL: o.URL,
		Params: url.Values{
			"CallSid": {string(c.id)}, "AccountSid": {string(c.rec.Account)},
			"AnsweredBy": {c.rec.AnsweredBy}, "MachineDetectionDuration": {milliseconds(after)},
		},
		Due: time.Now().Add(netDelay),
	})
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
