package call

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

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
}

type roomKey struct {
	account sid.Account
	name    string
}

// Conference gives the conference of that name, which need not have begun. It starts nothing.
func (d *Desk) Conference(account sid.Account, name string) *Conference {
	return &Conference{d, roomKey{account, name}}
}

// Conference gives the conference of that name in the call's account.
func (c *Call) Conference(name string) *Conference {
	return c.desk.Conference(c.Record().Account, name)
}

// Conferences are those of an account in which there is somebody, by name.
func (d *Desk) Conferences(account sid.Account) (list []*Conference) {
	d.rooms.mu.Lock()
	defer d.rooms.mu.Unlock()
	for key := range d.rooms.live {
		if key.account == account {
			list = append(list, &Conference{d, key})
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

	// Callback is told what happens to the conference. That of the first who enters counts, as at Twilio.
	Callback ConferenceCallback
}

const mostMembers = 250

// ConferenceCallback is how an owner wants to hear of a conference.
type ConferenceCallback struct {
	URL    string
	Method string   // "" is POST
	Events []string // start end join leave; nil is none
}

// Errors of entering.
var (
	ErrConferenceFull = errors.New("the conference has as many members as it may have")
	ErrLabelTaken     = errors.New("another member of the conference has this label")
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
	c.utter(m.port)
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

// stay waits for the end of a membership, on the script's goroutine.
func (m *member) stay(ctx context.Context) (Exit, error) {
	var limit <-chan time.Time
	if m.entry.Limit > 0 {
		t := time.NewTimer(m.entry.Limit)
		defer t.Stop()
		limit = t.C
	}
	for {
		select {
		case why := <-m.out:
			return why, nil
		case <-limit:
			return LeftByLimit, nil
		case key := <-m.call.keys:
			if key == "*" && m.entry.StarLeaves {
				return LeftByStar, nil
			}
		case <-ctx.Done():
			why := hungUp
			if errors.Is(context.Cause(ctx), ErrRedirected) {
				why = redirected
			}
			return why, context.Cause(ctx)
		}
	}
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
}

// admit takes c in.
func (f *Conference) admit(c *Call, e Entry) (*member, error) {
	d := f.desk
	d.rooms.mu.Lock()
	defer d.rooms.mu.Unlock()
	r := d.rooms.live[f.key]
	if r == nil {
		r = &room{id: sid.New[sid.Conference](), key: f.key, began: time.Now(), callback: e.Callback, asks: c.id}
	}
	if len(r.members) >= cmp.Or(e.Most, mostMembers) {
		return nil, ErrConferenceFull
	}
	if e.Label != "" && slices.ContainsFunc(r.members, func(m *member) bool { return m.entry.Label == e.Label }) {
		return nil, ErrLabelTaken
	}
	if d.rooms.live == nil {
		d.rooms.live = map[roomKey]*room{}
	}
	d.rooms.live[f.key] = r
	m := &member{room: r, call: c, entry: e, port: r.mixer.Join(), joined: time.Now(), muted: e.Muted, out: make(chan Exit, 1)}
	m.port.Mute(e.Muted)
	r.members = append(r.members, m)
	d.report(r, "join", m.about())
	switch {
	case !r.started.IsZero():
		m.hello()
	case len(r.members) >= 2 && slices.ContainsFunc(r.members, func(m *member) bool { return !m.entry.Patient }):
		r.started = time.Now()
		for _, one := range r.members {
			one.port.Wait(nil)
		}
		d.report(r, "start", m.about("CallSid", "ParticipantLabel"))
		m.hello()
	default:
		wait := e.Wait
		if wait == nil {
			wait = media.Waiting()
		}
		m.port.Wait(wait)
	}
	return m, nil
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
	d.report(r, "leave", m.parting(why))
}

// disband is the end of a conference; last is who left last, or whose leaving ended it.
func (d *Desk) disband(r *room, last *member, why string) {
	delete(d.rooms.live, r.key)
	d.report(r, "end", last.ending(why))
}

// room is what there is now; nil is nothing. rooms.mu is held.
func (f *Conference) room() *room { return f.desk.rooms.live[f.key] }

// Info is a conference as it is at the moment.
type Info struct {
	SID     sid.Conference
	Account sid.Account
	Name    string
	Began   time.Time
	Started time.Time // zero: everybody waits
	Members []Member  // in the order in which they came
}

// Member is a call in a conference.
type Member struct {
	Call      sid.Call
	Label     string
	From, To  string
	Joined    time.Time
	Muted     bool
	Speaking  bool
	EndOnExit bool
}

// Info tells who is in it; false: nobody is.
func (f *Conference) Info() (Info, bool) {
	f.desk.rooms.mu.Lock()
	defer f.desk.rooms.mu.Unlock()
	r := f.room()
	if r == nil {
		return Info{Account: f.key.account, Name: f.key.name}, false
	}
	i := Info{SID: r.id, Account: r.key.account, Name: r.key.name, Began: r.began, Started: r.started}
	for _, m := range r.members {
		rec := m.call.Record()
		i.Members = append(i.Members, Member{
			Call: m.call.id, Label: m.entry.Label, From: rec.From, To: rec.To,
			Joined: m.joined, Muted: m.muted, Speaking: m.port.Speaking(), EndOnExit: m.entry.EndOnExit,
		})
	}
	return i, true
}

// Remove takes a call out; its script goes on. It answers false if the call is not in the conference.
func (f *Conference) Remove(id sid.Call) bool {
	return f.with(id, func(m *member) { f.desk.takeOut(m, Removed) })
}

// Mute keeps the others from hearing a call, or lets them hear it again. It answers false if the call is not
// in the conference.
func (f *Conference) Mute(id sid.Call, on bool) bool {
	return f.with(id, func(m *member) {
		m.muted = on
		m.port.Mute(on)
	})
}

func (f *Conference) with(id sid.Call, do func(*member)) bool {
	f.desk.rooms.mu.Lock()
	defer f.desk.rooms.mu.Unlock()
	r := f.room()
	if r == nil {
		return false
	}
	i := slices.IndexFunc(r.members, func(m *member) bool { return m.call.id == id })
	if i < 0 {
		return false
	}
	do(r.members[i])
	return true
}

// Play lets everybody in the conference hear src over the voices, once. It answers false if it has not started.
func (f *Conference) Play(src media.Source) bool {
	f.desk.rooms.mu.Lock()
	defer f.desk.rooms.mu.Unlock()
	r := f.room()
	if r == nil || r.started.IsZero() {
		return false
	}
	r.mixer.Play(src)
	return true
}

// End takes everybody out; their scripts go on. It answers false if nobody is in it.
func (f *Conference) End() bool {
	f.desk.rooms.mu.Lock()
	defer f.desk.rooms.mu.Unlock()
	r := f.room()
	if r == nil {
		return false
	}
	last := r.members[len(r.members)-1]
	for len(r.members) > 0 {
		f.desk.part(r.members[0], EndedByAPI)
	}
	f.desk.disband(r, last, "conference-ended-via-api")
	return true
}
