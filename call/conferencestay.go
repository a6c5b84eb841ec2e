package call

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/sid"
)

// What a member's script does while it is in: it hears the conference, or in its place a document while it waits, is
// on hold, or is told something.

// notice is something that one member is to hear.
type notice struct {
	url    string
	script Script
}

// place puts a member where it belongs: among the others, on hold, or waiting. rooms.mu is held.
func (m *member) place() {
	var wait media.Source
	switch {
	case m.held && m.hold != nil, !m.held && m.room.started.IsZero() && m.entry.WaitScript != nil:
		wait = media.Silence(0) // the script is heard
	case m.held:
		wait = media.Waiting()
	case !m.room.started.IsZero():
	case m.entry.Wait != nil:
		wait = m.entry.Wait
	default:
		wait = media.Waiting()
	}
	m.port.Wait(wait)
	m.signal()
}

// signal lets the member's script look again at what is to be heard.
func (m *member) signal() {
	select {
	case m.change <- true:
	default:
	}
}

// coaches lets a member be heard by the one it speaks to, and lets it hear who speaks to it. rooms.mu is held.
func (m *member) coaches() {
	if m.coach != "" {
		m.port.Coach(m.port) // nobody hears what is meant for one
	}
	for _, one := range m.room.members {
		switch {
		case one == m:
		case one.call.id == m.coach:
			m.port.Coach(one.port)
		case one.coach == m.call.id:
			one.port.Coach(m.port)
		}
	}
}

// listened tells the owner when the member speaks, if that is wanted.
func (m *member) listened() {
	r, d := m.room, m.call.desk
	if !slices.Contains(r.callback.Events, "speaker") {
		return
	}
	m.port.Spoke(func(on bool) {
		r.happened(func() {
			d.rooms.mu.Lock()
			defer d.rooms.mu.Unlock()
			if slices.Contains(r.members, m) {
				d.report(r, "speaker", map[bool]string{true: "participant-speech-start", false: "participant-speech-stop"}[on], m.about())
			}
		})
	})
}

// happened hands f from a goroutine that must not wait to the script of any member.
func (r *room) happened(f func()) {
	select {
	case r.events <- f:
	default: // nobody takes them: the members are leaving
	}
}

// part of what is to be heard now; the zero one is the conference.
type part struct {
	script Script
	once   bool // an announcement
	url    string
	hold   int // of somebody on hold: the member's holds; 0 for everybody else
}

// hears is what the member is to hear now.
func (m *member) hears() part {
	d := m.call.desk
	d.rooms.mu.Lock()
	defer d.rooms.mu.Unlock()
	switch {
	case len(m.announce) > 0:
		n := m.announce[0]
		m.announce = m.announce[1:]
		return part{script: n.script, once: true, url: n.url}
	case m.held:
		return part{script: m.hold, hold: m.holds}
	case m.room.started.IsZero():
		return part{script: m.entry.WaitScript}
	}
	return part{}
}

var errElsewhere = errors.New("something else is to be heard now")

// stay holds the script until its membership ends.
func (m *member) stay(ctx context.Context) (Exit, error) {
	var limit <-chan time.Time
	if m.entry.Limit > 0 {
		t := time.NewTimer(m.entry.Limit)
		defer t.Stop()
		limit = t.C
	}
	joined := false // the port is what it hears
	for ctx.Err() == nil {
		select {
		case <-m.change: // known by what is looked at now: a document is not asked for twice
		default:
		}
		p := m.hears()
		if p.script == nil {
			if !joined {
				m.call.utter(m.port)
				joined = true
			}
			if why := m.watch(ctx, limit, false); why != "" {
				return why, nil
			}
			continue
		}
		joined = false
		why, err := m.perform(ctx, limit, p)
		if why != "" || err != nil {
			return why, err
		}
	}
	if errors.Is(context.Cause(ctx), ErrRedirected) {
		return redirected, context.Cause(ctx)
	}
	return hungUp, context.Cause(ctx)
}

// perform lets a document be heard until it is something else's turn, or the membership ends.
func (m *member) perform(ctx context.Context, limit <-chan time.Time, p part) (Exit, error) {
	hear, stop := context.WithCancelCause(ctx)
	seen := make(chan Exit, 1)
	go func() {
		why := m.watch(hear, limit, p.once)
		stop(errElsewhere)
		seen <- why
	}()
	m.call.utter(nil)
	err := p.script(hear, m.call)
	switch {
	case hear.Err() != nil: // it was cut short
	case p.once:
		m.call.desk.announced(m.room, m, p.url, err)
		stop(nil)
	case err != nil && p.hold > 0: // whoever is on hold stays there
		stop(nil)
		m.soothe(p)
	case err != nil:
		stop(nil)
		<-seen
		return unready, ErrWait
	default: // after its end there is silence
		m.call.utter(nil)
	}
	return <-seen, nil
}

// soothe lets one on hold hear soft notes in the place of what cannot be had, unless something else is to be heard by now.
func (m *member) soothe(p part) {
	d := m.call.desk
	d.rooms.mu.Lock()
	defer d.rooms.mu.Unlock()
	if m.held && m.holds == p.hold {
		m.hold = nil
		m.place()
	}
}

// watch waits for the end of the membership, and says which, or for another thing to be heard: "". So it does when
// ctx ends. An announcement is heard to its end, and what comes next is looked at then.
func (m *member) watch(ctx context.Context, limit <-chan time.Time, announcement bool) Exit {
	for {
		select {
		case why := <-m.out:
			return why
		case <-limit:
			return LeftByLimit
		case <-m.change:
			if !announcement {
				return ""
			}
		case f := <-m.room.events:
			f()
		case key := <-m.call.keys:
			if key == "*" && m.entry.StarLeaves {
				return LeftByStar
			}
		case <-ctx.Done():
			return ""
		}
	}
}

// announced tells the owner that an announcement has been heard, or why not; a nil member is everybody.
func (d *Desk) announced(r *room, m *member, where string, err error) {
	d.rooms.mu.Lock()
	defer d.rooms.mu.Unlock()
	v := url.Values{}
	if m != nil {
		v = m.about()
	}
	v.Set("AnnounceUrl", where)
	event := "announcement-end"
	if err != nil {
		event = "announcement-fail"
		v.Set("ReasonAnnouncementFailed", err.Error())
	}
	d.report(r, "announcement", event, v)
}

// ending is a Source that tells when it is over.
type ending struct {
	media.Source
	over func()
}

func (e *ending) Read(f *media.Frame) bool {
	more := e.Source.Read(f)
	if !more {
		e.over()
	}
	return more
}

// Caption is that of what is heard.
func (e *ending) Caption() string {
	if c, ok := e.Source.(media.Captioned); ok {
		return c.Caption()
	}
	return ""
}

// tape begins to record a conference that has started, if it is to be. rooms.mu is held.
func (d *Desk) tape(r *room) {
	if r.tape == nil {
		return
	}
	t := d.newTaping(*r.tape, Recording{Account: r.key.account, Conference: r.id}, &r.mail)
	t.asks = r.asks
	r.mixer.Record(t.tape.In())
	t.deaf = append(t.deaf, func() { r.mixer.Record(nil) })
	r.taping = t
	d.log.Info("recording", "recording", t.record.SID, "conference", r.id)
	t.note()
	t.tell()
}

// ConferenceRecord is a conference as it is kept.
type ConferenceRecord struct {
	SID     sid.Conference
	Account sid.Account
	Name    string
	Status  string // init, while everybody waits; in-progress; completed
	Created time.Time
	Updated time.Time
	Reason  string   // why it has ended, in Twilio's words: last-participant-left …
	EndedBy sid.Call // the call that ended it, "" for none
	Node    string
}

// ConferenceFilter selects conferences for a list; zero fields do not filter.
type ConferenceFilter struct {
	Account          sid.Account
	Name             string
	Status           string
	Created, Updated account.Span
	account.Page
}

// Conferences keeps what is known of conferences, those too that are over.
type Conferences interface {
	PutConference(ctx context.Context, c ConferenceRecord) error
	// CloseLive ends the conferences and recordings that a node left open which was born again at born, and says how
	// many conferences.
	CloseLive(ctx context.Context, node string, born time.Time) (int, error)
}

// saves is what is not written yet of a room. rooms.mu guards it.
type saves struct {
	ended string // why it is over
	by    sid.Call
	next  *ConferenceRecord
	busy  bool
}

// save writes a room as it is now, beside all else: nobody in it waits for a disk. rooms.mu is held.
func (d *Desk) save(r *room) {
	if d.cfg.Conferences == nil {
		return
	}
	c := ConferenceRecord{
		SID: r.id, Account: r.key.account, Name: r.key.name, Status: "init", Created: r.began, Updated: time.Now(),
		Reason: r.saves.ended, EndedBy: r.saves.by, Node: d.cfg.Node,
	}
	switch {
	case r.saves.ended != "":
		c.Status = "completed"
	case !r.started.IsZero():
		c.Status = "in-progress"
	}
	r.saves.next = &c
	if !r.saves.busy {
		r.saves.busy = true
		d.posting.Add(1)
		go d.write(r)
	}
}

// write writes the latest state of a room until there is no later one. A store that is away is waited for, or a conference
// that is over would last until the next start.
func (d *Desk) write(r *room) {
	defer d.posting.Done()
	for pause := time.Second; ; {
		d.rooms.mu.Lock()
		next := r.saves.next
		r.saves.next = nil
		if next == nil {
			r.saves.busy = false
			d.rooms.mu.Unlock()
			return
		}
		d.rooms.mu.Unlock()
		ctx, stop := context.WithTimeout(context.Background(), patience)
		err := d.cfg.Conferences.PutConference(ctx, *next)
		stop()
		if err == nil {
			pause = time.Second
			continue
		}
		d.log.Error("conference not written; trying on", "conference", next.SID, "status", next.Status, "err", err)
		d.rooms.mu.Lock()
		r.saves.next = cmp.Or(r.saves.next, next)
		d.rooms.mu.Unlock()
		select {
		case <-time.After(pause):
		case <-d.posts.Done():
			return // the next start closes it
		}
		pause = min(2*pause, endAgain)
	}
}
