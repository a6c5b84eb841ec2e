package call

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/sid"
)

// Recording is sound that was taken down, and what is known of it.
type Recording struct {
	SID        sid.Recording
	Account    sid.Account
	Call       sid.Call       // "" for a conference's
	Conference sid.Conference // "" for a call's
	Source     string         // in Twilio's words: RecordVerb DialVerb Conference OutboundAPI StartCallRecordingAPI, Trunking for what a line has played
	Track      string         // what was taken down: inbound outbound both
	Channels   int            // 1, or 2: what the telephone said and what it heard
	Status     string         // in-progress paused processing completed absent
	Began      time.Time
	Duration   time.Duration // of WAV, at least a frame
	WAV        []byte        // a whole file of 16 bits at 8 kHz; nil while it is being made
}

// Recordings keeps what was recorded. Keep returns when it is durable, and with the URL under which the Asker has
// it: actions and callbacks are told that one, and <Play> plays it. It has 4 s, in which the call may be over. What
// is recorded beside a call is kept without its sound as soon as it begins, and again whenever its Status changes.
type Recordings interface {
	Keep(ctx context.Context, r Recording) (url string, err error)
}

// RecordingCallback is how an owner wants to hear of a recording.
type RecordingCallback struct {
	URL    string
	Method string   // "" is POST
	Events []string // in-progress completed absent; nil is completed
}

// Tell is the request about r to the callback; false: nobody wants to know (contract 3.2).
func (b RecordingCallback) Tell(r Recording, where string) (Ask, bool) {
	events := b.Events
	if len(events) == 0 {
		events = []string{"completed"}
	}
	if b.URL == "" || !slices.Contains(events, r.Status) {
		return Ask{}, false
	}
	v := url.Values{
		"AccountSid": {string(r.Account)}, "RecordingSid": {string(r.SID)}, "RecordingStatus": {r.Status},
		"RecordingChannels": {strconv.Itoa(r.Channels)}, "RecordingSource": {r.Source}, "RecordingTrack": {r.Track},
		"RecordingStartTime": {r.Began.UTC().Format(rfc2822)},
	}
	if r.Conference != "" {
		v.Set("ConferenceSid", string(r.Conference))
	} else {
		v.Set("CallSid", string(r.Call))
	}
	if where != "" {
		v.Set("RecordingUrl", where)
		v.Set("RecordingDuration", r.Seconds())
	}
	method := b.Method
	if method == "" {
		method = "POST"
	}
	return Ask{Account: r.Account, Call: r.Call, Method: method, URL: b.URL, Params: v}, true
}

// Seconds is the duration as Twilio tells it: at least one, because a recording of no length is none.
func (r Recording) Seconds() string {
	return strconv.Itoa(max(1, int(r.Duration.Round(time.Second)/time.Second)))
}

// TapeOrder is what is to be recorded of a call, and how.
type TapeOrder struct {
	SID      sid.Recording // "" for a new one
	Source   string        // DialVerb OutboundAPI StartCallRecordingAPI
	Track    string        // inbound outbound both; "" is both
	Channels int           // 2: what the telephone says is the first, what it hears the second; 0 is 1
	Trim     bool          // take the silence off both ends
	Callback RecordingCallback
}

const (
	longestTape = time.Hour       // it is held in memory: a megabyte a minute and channel
	keepTime    = 4 * time.Second // less than a call waits for its end to be written
)

// Taping is a recording under way. It ends with its call, or by Stop. Its methods may be called from any goroutine
// and do not wait.
type Taping struct {
	desk  *Desk
	order TapeOrder
	tape  *media.Tape // nil once it is put away
	deaf  []func()    // takes the tape's ears away
	post  *mailbox    // takes the callbacks
	asks  sid.Call    // whose owner is told
	done  chan struct{}
	over  sync.Once

	keeping sync.Mutex // one Keep at a time, so that the latest state is the last one written

	mu     sync.Mutex
	record Recording
	url    string
	noting bool // a Keep without sound is to be made
}

var tracks = map[string]media.Track{"inbound": media.InTrack, "outbound": media.OutTrack}

// Tape begins to record the call. One that is not answered or is over is [ErrNotInProgress].
func (c *Call) Tape(o TapeOrder) (*Taping, error) {
	select {
	case <-c.picked:
	default:
		return nil, ErrNotInProgress
	}
	t := c.desk.newTaping(o, Recording{Account: c.Record().Account, Call: c.id}, &c.mail)
	c.tapes.mu.Lock()
	defer c.tapes.mu.Unlock()
	if c.tapes.over {
		return nil, ErrNotInProgress
	}
	c.tapes.list = append(c.tapes.list, t)
	t.deaf = append(t.deaf, c.lips.overhear(t.tape.Out()), c.Listen(t.tape.In()))
	c.log.Info("recording", "recording", t.record.SID, "source", o.Source, "channels", t.record.Channels)
	t.note()
	t.tell()
	return t, nil
}

// Tapes are the recordings of the call that are under way, or have been, the first one first.
func (c *Call) Tapes() []*Taping {
	c.tapes.mu.Lock()
	defer c.tapes.mu.Unlock()
	return slices.Clone(c.tapes.list)
}

// tapes are all recordings of one call.
type tapes struct {
	mu   sync.Mutex
	list []*Taping
	over bool // the call is: nothing more is recorded
}

// stop ends what is under way, with the call.
func (t *tapes) stop() {
	t.mu.Lock()
	t.over = true
	list := t.list
	t.mu.Unlock()
	for _, one := range list {
		one.Stop()
	}
}

func (d *Desk) newTaping(o TapeOrder, r Recording, post *mailbox) *Taping {
	if o.SID == "" {
		o.SID = sid.New[sid.Recording]()
	}
	t := &Taping{desk: d, order: o, tape: media.NewTape(tracks[o.Track], o.Channels, longestTape), post: post, asks: r.Call, done: make(chan struct{})}
	r.SID, r.Source, r.Status, r.Began, r.Channels, r.Track = o.SID, o.Source, "in-progress", time.Now(), t.tape.Channels(), "both"
	if _, one := tracks[o.Track]; one {
		r.Track = o.Track
	}
	t.record = r
	return t
}

// Recording is what is known of it now, without its sound.
func (t *Taping) Recording() Recording {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.record
	if r.Status == "in-progress" || r.Status == "paused" {
		r.Duration = t.tape.Duration()
	}
	return r
}

// URL is where the Asker has it; "" until it is kept.
func (t *Taping) URL() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.url
}

// Pause records silence until Resume, or with skip nothing at all.
func (t *Taping) Pause(skip bool) error {
	return t.shift("paused", func() { t.tape.Pause(skip) })
}

// Resume goes on recording.
func (t *Taping) Resume() error { return t.shift("in-progress", func() { t.tape.Resume() }) }

func (t *Taping) shift(status string, do func()) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.record.Status != "in-progress" && t.record.Status != "paused" {
		return ErrNotInProgress
	}
	t.record.Status = status
	do()
	t.jot()
	return nil
}

// Under tells whether it is still recorded, or paused.
func (t *Taping) Under() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.record.Status == "in-progress" || t.record.Status == "paused"
}

// note writes down how it stands, without its sound, beside all else.
func (t *Taping) note() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.jot()
}

// jot is note while mu is held.
func (t *Taping) jot() {
	if t.noting || t.desk.cfg.Recordings == nil {
		return
	}
	t.noting = true
	t.desk.posting.Add(1)
	go func() {
		defer t.desk.posting.Done()
		t.keeping.Lock()
		defer t.keeping.Unlock()
		t.mu.Lock()
		t.noting = false
		t.mu.Unlock()
		r := t.Recording()
		if r.Status == "completed" || r.Status == "absent" {
			return // it was put away meanwhile
		}
		ctx, stop := context.WithTimeout(context.Background(), keepTime)
		defer stop()
		if _, err := t.desk.cfg.Recordings.Keep(ctx, r); err != nil {
			t.desk.log.Warn("state of a recording not written", "recording", r.SID, "status", r.Status, "err", err)
		}
	}()
}

// Stop ends it, once. It is put away after that; Done says when.
func (t *Taping) Stop() {
	t.over.Do(func() {
		for _, f := range t.deaf {
			f()
		}
		t.tape.Close()
		t.mu.Lock()
		t.record.Status = "processing"
		t.mu.Unlock()
		t.desk.posting.Add(1)
		go t.putAway()
	})
}

// Done is closed when a recording that was stopped is kept, or there is nothing to keep.
func (t *Taping) Done() <-chan struct{} { return t.done }

// putAway hands the recording to whoever keeps them, and tells its owner.
func (t *Taping) putAway() {
	defer t.desk.posting.Done()
	defer close(t.done)
	t.keeping.Lock()
	defer t.keeping.Unlock()
	r := t.Recording()
	log := t.desk.log.With("recording", r.SID, "call", r.Call)
	if t.tape.Full() {
		log.Warn("recording as long as it may be", "length", longestTape)
	}
	channels := t.tape.Samples()
	if short := media.TrimChannels(channels); t.order.Trim && (len(short[0]) > 0 || !t.tape.Spoken()) {
		channels = short
	}
	r.Duration = time.Duration(len(channels[0])) * time.Second / media.Rate
	r.Status = "absent"
	var where string
	switch {
	case r.Duration == 0:
		log.Info("nothing was recorded")
	case t.desk.cfg.Recordings == nil:
		log.Error("there is no place for recordings: what was said is lost")
	default:
		r.Status = "completed"
		full := r
		full.WAV = media.AppendWAVChannels(make([]byte, 0, 2*len(channels)*len(channels[0])+64), channels...)
		ctx, stop := context.WithTimeout(context.Background(), keepTime)
		defer stop()
		var err error
		if where, err = t.desk.cfg.Recordings.Keep(ctx, full); err != nil {
			log.Error("recording not kept", "length", r.Duration, "err", err)
			r.Status = "absent"
		}
	}
	t.mu.Lock()
	t.record, t.url = r, where
	t.tape, t.deaf = nil, nil // its sound is kept elsewhere by now, and the call may last for hours
	t.mu.Unlock()
	if r.Status == "absent" && t.desk.cfg.Recordings != nil {
		ctx, stop := context.WithTimeout(context.Background(), keepTime)
		defer stop()
		if _, err := t.desk.cfg.Recordings.Keep(ctx, r); err != nil {
			log.Debug("absence of a recording not written", "err", err)
		}
	}
	t.tell()
}

// tell is the recordingStatusCallback.
func (t *Taping) tell() {
	if a, ok := t.order.Callback.Tell(t.record, t.url); ok {
		a.Call = t.asks
		t.post.add(t.desk, a)
	}
}
