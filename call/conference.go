package call

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/sid"
)

// Conference is a name under which calls of one account meet. It begins with the first who enters and is over
// when nobody is left; the same name is another conference then. Until it starts (two are in it, and one of
// them may start it) everybody hears a waiting sound.
//
// Its methods may be called from any goroutine. Each member is held by its own script, in [Conference.Enter]:
// a call that ends, or a script that is stopped, takes its member out and touches nobody else's.
type Conference struct {
	desk *Desk
	key  roomKey
	id   sid.Conference // that one and no later one of its name; "" is whichever there is
}

type roomKey struct {
	account sid.Account
	name    string
}

// Conference gives the conference of that name, which need not have begun. It starts nothing.
func (d *Desk) Conference(account sid.Account, name string) *Conference {
	return &Conference{desk: d, key: roomKey{account, name}}
}

// Conference gives the conference of that name in the call's account.
func (c *Call) Conference(name string) *Conference {
	return c.desk.Conference(c.Record().Account, name)
}

// ConferenceOf finds the conference that has that identifier; false: it is over. Once it is, nothing is done to another
// one of its name.
func (d *Desk) ConferenceOf(account sid.Account, id sid.Conference) (*Conference, bool) {
	d.rooms.mu.Lock()
	defer d.rooms.mu.Unlock()
	for key, r := range d.rooms.live {
		if r.id == id && key.account == account {
			return &Conference{d, key, id}, true
		}
	}
	return nil, false
}

// Conferences are those of an account in which there is somebody, by name.
func (d *Desk) Conferences(account sid.Account) (list []*Conference) {
	d.rooms.mu.Lock()
	defer d.rooms.mu.Unlock()
	for key := range d.rooms.live {
		if key.account == account {
			list = append(list, &Conference{desk: d, key: key})
		}
	}
	slices.SortFunc(list, func(a, b *Conference) int { return cmp.Compare(a.key.name, b.key.name) })
	return list
}

// Entry is how a call enters a conference. The zero Entry hears and is heard, starts the conference with the
// second member, is announced by a beep when it comes and when it goes, and waits to soft notes.
type Entry struct {
	Label      string        // names the member within the conference; "" for none
	Muted      bool          // hears, and is not heard
	Patient    bool          // waits for somebody who is not: it does not start the conference
	EndOnExit  bool          // when it leaves, the conference is over
	NoBeep     bool          // the others are not told when it comes
	NoFarewell bool          // … and when it goes
	StarLeaves bool          // the * key takes it out
	Most       int           // it enters only if that makes no more members than this; 0 is 250
	Limit      time.Duration // it is taken out after this; 0 never is
	Wait       media.Source  // heard until the conference starts; nil is media.Waiting, media.Silence(0) is nothing
	WaitScript Script        // … or this, once; an error of it keeps the call out
	Coach      sid.Call      // that call alone hears it; one that is not there yet is waited for
	Tape       *TapeOrder    // record the conference from its start; that of the first who enters counts

	// Callback is told what happens to the conference. That of the first who enters counts, as at Twilio.
	Callback ConferenceCallback
}

const mostMembers = 250

// ConferenceCallback is how an owner wants to hear of a conference.
type ConferenceCallback struct {
	URL    string
	Method string   // "" is POST
	Events []string // start end join leave mute hold modify speaker announcement; nil is none
}

// Errors of entering.
var (
	ErrConferenceFull = errors.New("the conference has as many members as it may have")
	ErrLabelTaken     = errors.New("another member of the conference has this label")
	ErrWait           = errors.New("what is to be heard until the conference starts cannot be had")
)

// Exit is how a member came to leave while its call went on.
type Exit string

// The ways out.
const (
	LeftByStar   Exit = "star"       // it pressed *
	LeftByLimit  Exit = "time-limit" // Entry.Limit
	Removed      Exit = "removed"    // Conference.Remove
	EndedByOwner Exit = "moderator"  // a member with EndOnExit has left
	EndedByAPI   Exit = "ended"      // Conference.End

	// Ways out that end Enter with an error.
	hungUp     Exit = "hung-up"
	redirected Exit = "redirected"
	unready    Exit = "unready" // nothing could be heard until it starts
)

// Enter answers c if need be, takes it in and holds the script until it is out again; it says how that came. An
// error is the cause of ctx, or why it did not get in. Keys are taken off the call meanwhile. For scripts.
func (f *Conference) Enter(ctx context.Context, c *Call, e Entry) (Exit, error) {
	if err := c.Answer(ctx); err != nil {
		return "", err
	}
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	m, err := f.admit(c, e)
	if err != nil {
		return "", err
	}
	c.log.Info("entered a conference", "conference", m.room.id)
	deaf := c.Listen(m.port)
	why := hungUp
	defer func() { // in every case: a member that nobody holds would stay for ever
		f.dismiss(m, why)
		deaf()
		c.utter(nil)
		c.quiet = time.Now()
		c.log.Info("left a conference", "conference", m.room.id, "cause", why, "stayed", time.Since(m.joined).Round(time.Second).Seconds())
	}()
	if why, err = m.stay(ctx); err != nil {
		return "", err
	}
	return why, nil
}

// rooms are the conferences in which there is somebody. mu guards them and all that is in them; it is held for
// moments only, and a Mixer's lock is taken within.
type rooms struct {
	mu   sync.Mutex
	live map[roomKey]*room
}

// room is a conference while it lasts.
type room struct {
	id       sid.Conference
	key      roomKey
	began    time.Time
	started  time.Time // zero: it has not
	mixer    media.Mixer
	members  []*member // in the order in which they came
	callback ConferenceCallback
	asks     sid.Call // whose owner is told
	sequence int
	mail     mailbox
	invited  map[sid.Call]bool // those that are being called
	tape     *TapeOrder
	taping   *Taping
	events   chan func() // happened on the goroutines that pace legs; done by any member's script
	saves    saves
}

// member is a call in a room.
type member struct {
	room   *room
	call   *Call
	entry  Entry
	port   *media.Port
	joined time.Time
	muted  bool
	out    chan Exit // one place: it was taken out by somebody else

	held     bool
	hold     Script    // heard while it is held; nil: soft notes
	holds    int       // how often held or hold was changed
	coach    sid.Call  // "": everybody hears it
	announce []notice  // to be heard by it alone
	change   chan bool // one place: what it hears is something else now
}

// admit takes c in.
func (f *Conference) admit(c *Call, e Entry) (*member, error) {
	d := f.desk
	d.rooms.mu.Lock()
	defer d.rooms.mu.Unlock()
	if c.ctx.Err() != nil { // it was called into one that is over, and begins no other
		return nil, context.Cause(c.ctx)
	}
	r := d.rooms.live[f.key]
	if r == nil {
		r = newRoom(f.key)
	}
	if len(r.members) >= cmp.Or(e.Most, mostMembers) {
		return nil, ErrConferenceFull
	}
	if e.Label != "" && slices.ContainsFunc(r.members, func(m *member) bool { return m.entry.Label == e.Label }) {
		return nil, ErrLabelTaken
	}
	d.rooms.keep(r)
	if r.asks == "" { // the first
		r.callback, r.asks, r.tape = e.Callback, c.id, e.Tape
	}
	delete(r.invited, c.id)
	m := &member{room: r, call: c, entry: e, port: r.mixer.Join(), joined: time.Now(), muted: e.Muted, coach: e.Coach, out: make(chan Exit, 1), change: make(chan bool, 1)}
	m.port.Mute(e.Muted)
	r.members = append(r.members, m)
	m.coaches()
	m.listened()
	d.save(r)
	d.report(r, "join", "participant-join", m.about())
	switch {
	case !r.started.IsZero():
		m.hello()
	case len(r.members) >= 2 && slices.ContainsFunc(r.members, func(m *member) bool { return !m.entry.Patient }):
		r.started = time.Now()
		for _, one := range r.members {
			one.place()
		}
		d.save(r)
		d.report(r, "start", "conference-start", m.about("CallSid", "ParticipantLabel"))
		d.tape(r)
		m.hello()
	default:
		m.place()
	}
	return m, nil
}

func newRoom(key roomKey) *room {
	return &room{id: sid.New[sid.Conference](), key: key, began: time.Now(), invited: map[sid.Call]bool{}, events: make(chan func(), 64)}
}

// keep enters a room. mu is held.
func (r *rooms) keep(one *room) {
	if r.live == nil {
		r.live = map[roomKey]*room{}
	}
	r.live[one.key] = one
}

func (m *member) hello() {
	if !m.entry.NoBeep {
		m.room.mixer.Play(media.Beep())
	}
}

// dismiss takes a member out, unless somebody has done so before.
func (f *Conference) dismiss(m *member, why Exit) {
	d := f.desk
	d.rooms.mu.Lock()
	defer d.rooms.mu.Unlock()
	d.takeOut(m, why)
}

// takeOut takes a member out and everybody else if that is the end. rooms.mu is held.
func (d *Desk) takeOut(m *member, why Exit) {
	r := m.room
	if !slices.Contains(r.members, m) {
		return
	}
	d.part(m, why)
	switch {
	case len(r.members) == 0:
		d.disband(r, m, ended("last-participant", why))
	case m.entry.EndOnExit:
		for len(r.members) > 0 {
			d.part(r.members[0], EndedByOwner)
		}
		d.disband(r, m, ended("participant-with-end-conference-on-exit", why))
	case !m.entry.NoFarewell && !r.started.IsZero():
		r.mixer.Play(media.LeaveBeep())
	}
}

// part is the end of one membership.
func (d *Desk) part(m *member, why Exit) {
	r := m.room
	r.members = slices.Delete(r.members, slices.Index(r.members, m), slices.Index(r.members, m)+1)
	m.port.Leave()
	select {
	case m.out <- why:
	default:
	}
	d.report(r, "leave", "participant-leave", m.parting(why))
}

// disband is the end of a conference; last is who left last, or whose leaving ended it, nil for nobody. Nobody's phone
// rings on for it.
func (d *Desk) disband(r *room, last *member, why string) {
	delete(d.rooms.live, r.key)
	for id := range r.invited {
		d.uninvite(id)
	}
	clear(r.invited)
	if r.taping != nil {
		r.taping.Stop()
	}
	r.saves.ended = why
	if last != nil {
		r.saves.by = last.call.id
	}
	d.save(r)
	d.report(r, "end", "conference-end", last.ending(why))
}

// uninvite ends a call that was made for a conference which is over.
func (d *Desk) uninvite(id sid.Call) {
	if c, ok := d.Live(id); ok {
		c.stop(&Ending{leg.Canceled, "the conference is over"})
	}
}

// room is what there is now; nil is nothing. rooms.mu is held.
func (f *Conference) room() *room {
	r := f.desk.rooms.live[f.key]
	if r != nil && f.id != "" && r.id != f.id {
		return nil
	}
	return r
}
