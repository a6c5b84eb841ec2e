package voice

import (
	"net/url"
	"strings"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/twiml"
)

// tapeOrder is a recording as a document wants it.
func (t *run) tapeOrder(v twiml.Verb, r twiml.Recorded, channels int) call.TapeOrder {
	o := call.TapeOrder{Track: r.RecordingTrack, Channels: channels, Trim: r.Trim == "trim-silence"}
	o.Callback, _ = t.recordingCallback(v, r.RecordingCallback, r.RecordingCallbackMethod, r.RecordingCallbackEvent)
	return o
}

// dialTape is the recording of one <Dial>: of the call that dials, what it says and what it hears. A nil one
// records nothing.
type dialTape struct {
	run     *run
	order   call.TapeOrder
	ringing bool // from the moment in which it rings
	taping  *call.Taping
}

func (t *run) dialTape(v *twiml.Dial) *dialTape {
	if v.Record == "" {
		return nil
	}
	channels := 1
	if strings.HasSuffix(v.Record, "-dual") {
		channels = 2
	}
	d := &dialTape{run: t, order: t.tapeOrder(v, v.Recorded, channels), ringing: strings.HasPrefix(v.Record, "record-from-ringing")}
	d.order.Source = "DialVerb"
	return d
}

// rings is the moment in which the phones ring. A caller who is not answered yet is recorded from the answer on.
func (d *dialTape) rings() {
	if d != nil && d.ringing && d.taping == nil {
		d.taping, _ = d.run.call.Tape(d.order)
	}
}

// joined is the moment in which the two hear each other.
func (d *dialTape) joined() {
	if d == nil || d.taping != nil {
		return
	}
	var err error
	if d.taping, err = d.run.call.Tape(d.order); err != nil {
		d.run.log.Warn("the <Dial> is not recorded", "err", err)
	}
}

// keptBy is how long the action waits for the recording to be put away, which takes milliseconds.
const keptBy = 2 * time.Second

// over ends the recording and gives what the action is told of it; nil is nothing.
func (d *dialTape) over() url.Values {
	if d == nil || d.taping == nil {
		return nil
	}
	d.taping.Stop()
	limit := time.NewTimer(keptBy)
	defer limit.Stop()
	select {
	case <-d.taping.Done():
	case <-limit.C:
	}
	where := d.taping.URL()
	if where == "" {
		return nil
	}
	r := d.taping.Recording()
	return url.Values{"RecordingUrl": {where}, "RecordingSid": {string(r.SID)}, "RecordingDuration": {r.Seconds()}}
}
