package call

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/sid"
)

// Who is in a conference, and what may be done with them from outside.

// Info is a conference as it is at the moment.
type Info struct {
	SID     sid.Conference
	Account sid.Account
	Name    string
	Began   time.Time
	Started time.Time  // zero: everybody waits
	Members []Member   // in the order in which they came
	Invited []sid.Call // those that are being called
}

// Member is a call in a conference.
type Member struct {
	Call      sid.Call
	Label     string
	From, To  string
	Joined    time.Time
	Muted     bool
	Held      bool
	Coaching  sid.Call // who alone hears it; "": everybody does
	Speaking  bool
	Patient   bool
	EndOnExit bool
	NoBeep    bool // the others are not told when it leaves
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
		i.Members = append(i.Members, m.info())
	}
	i.Invited = slices.Sorted(maps.Keys(r.invited))
	return i, true
}

func (m *member) info() Member {
	rec := m.call.Record()
	return Member{
		Call: m.call.id, Label: m.entry.Label, From: rec.From, To: rec.To,
		Joined: m.joined, Muted: m.muted, Held: m.held, Coaching: m.coach, Speaking: m.port.Speaking(),
		Patient: m.entry.Patient, EndOnExit: m.entry.EndOnExit, NoBeep: m.entry.NoFarewell,
	}
}

// Remove takes a call out; its script goes on. It answers false if the call is not in the conference.
func (f *Conference) Remove(id sid.Call) bool {
	return f.with(id, func(m *member) { f.desk.takeOut(m, Removed) })
}

// Mute keeps the others from hearing a call, or lets them hear it again. It answers false if the call is not
// in the conference.
func (f *Conference) Mute(id sid.Call, on bool) bool {
	return f.with(id, func(m *member) {
		if m.muted == on {
			return
		}
		m.muted = on
		m.port.Mute(on)
		f.desk.report(m.room, "mute", map[bool]string{true: "participant-mute", false: "participant-unmute"}[on], m.about())
	})
}

// Hold takes a call out of the conversation, to soft notes or to what script lets it hear, or takes it back. Where script
// fails, soft notes are heard. It answers false if the call is not in the conference.
func (f *Conference) Hold(id sid.Call, on bool, script Script) bool {
	return f.with(id, func(m *member) {
		if m.held == on && script == nil {
			return
		}
		event := map[bool]string{true: "participant-hold", false: "participant-unhold"}[on]
		again := m.held == on
		m.held, m.hold, m.holds = on, script, m.holds+1
		m.place()
		if !again {
			f.desk.report(m.room, "hold", event, m.about())
		}
	})
}

// Modify changes how a call is in the conference; nil leaves something as it is. With coach, that call alone hears
// it, "" everybody. It answers false if the call is not in the conference.
func (f *Conference) Modify(id sid.Call, endOnExit, beepOnExit *bool, coach *sid.Call) bool {
	return f.with(id, func(m *member) {
		if endOnExit != nil {
			m.entry.EndOnExit = *endOnExit
		}
		if beepOnExit != nil {
			m.entry.NoFarewell = !*beepOnExit
		}
		if coach != nil {
			m.coach = *coach
			m.port.Coach(nil)
			m.coaches()
		}
		if endOnExit != nil || beepOnExit != nil || coach != nil {
			f.desk.report(m.room, "modify", "participant-modify", m.about())
		}
	})
}

// Documents lets TwiML be heard beside the program of a call; voice gives it.
type Documents interface {
	// Beside plays a document on a call, once; tell is sent with each of its requests. An error is that it cannot be
	// had, or the end of the script's context.
	Beside(p Program, tell func() url.Values) Script
	// Sound is what a document sounds like, once. It is asked for in the name of by.
	Sound(ctx context.Context, by *Call, p Program, tell url.Values) (media.Source, error)
}

// about is told with the requests of a conference's documents.
func (f *Conference) about() url.Values {
	i, _ := f.Info()
	return url.Values{"ConferenceSid": {string(i.SID)}, "FriendlyName": {i.Name}}
}

// HoldTo is Hold to the document of p, once; without a URL it is soft notes.
func (f *Conference) HoldTo(id sid.Call, p Program) bool {
	var script Script
	if docs := f.desk.cfg.Documents; p.URL != "" && docs != nil {
		script = docs.Beside(p, f.about)
	}
	return f.Hold(id, true, script)
}

// AnnounceTo lets one call hear the document of p in the place of the conference, once.
func (f *Conference) AnnounceTo(id sid.Call, p Program) bool {
	docs := f.desk.cfg.Documents
	return docs != nil && f.Announce(id, p.URL, docs.Beside(p, f.about))
}

// AnnounceDocument lets everybody hear the document of p over the voices, once, as soon as it has come. It answers
// false if nobody is there.
func (f *Conference) AnnounceDocument(p Program) bool {
	d := f.desk
	d.rooms.mu.Lock()
	r := f.room()
	if r == nil || len(r.members) == 0 || d.cfg.Documents == nil {
		d.rooms.mu.Unlock()
		return false
	}
	by := r.members[0].call
	d.posting.Add(1)
	d.rooms.mu.Unlock()
	go func() {
		defer d.posting.Done()
		src, err := d.cfg.Documents.Sound(d.posts, by, p, f.about())
		if err == nil && !f.AnnounceToAll(p.URL, src) {
			err = errors.New("the conference has not started, or is over")
		}
		if err != nil {
			d.log.Warn("announcement not heard", "conference", r.id, "url", p.URL, "err", err)
			f.AnnouncementFailed(p.URL, err)
		}
	}()
	return true
}

// Announce lets one call hear script in the place of the conference, once. where is told with the event of its end.
// It answers false if the call is not in the conference.
func (f *Conference) Announce(id sid.Call, where string, script Script) bool {
	return f.with(id, func(m *member) {
		m.announce = append(m.announce, notice{where, script})
		m.signal()
	})
}

// AnnounceToAll lets everybody hear src over the voices, once. It answers false if the conference has not started.
func (f *Conference) AnnounceToAll(where string, src media.Source) bool {
	f.desk.rooms.mu.Lock()
	defer f.desk.rooms.mu.Unlock()
	r := f.room()
	if r == nil || r.started.IsZero() {
		return false
	}
	r.mixer.Play(&ending{src, func() {
		r.happened(func() { f.desk.announced(r, nil, where, nil) })
	}})
	return true
}

// AnnouncementFailed tells the conference's owner that there is nothing to be heard there.
func (f *Conference) AnnouncementFailed(where string, why error) {
	f.desk.rooms.mu.Lock()
	r := f.room()
	f.desk.rooms.mu.Unlock()
	if r != nil {
		f.desk.announced(r, nil, where, why)
	}
}

// Tape is the recording of the conference; nil if there is none.
func (f *Conference) Tape() *Taping {
	f.desk.rooms.mu.Lock()
	defer f.desk.rooms.mu.Unlock()
	if r := f.room(); r != nil {
		return r.taping
	}
	return nil
}

// Invite keeps the conference for a call that is about to be made, and says which it is; it begins if it has not. One that
// was found by its identifier and is over is "". When the conference ends, so does the call, unless it is in it: Placed has
// to follow when the call is made, and Dismiss when it is over.
func (f *Conference) Invite(id sid.Call) sid.Conference {
	f.desk.rooms.mu.Lock()
	defer f.desk.rooms.mu.Unlock()
	r := f.room()
	if r == nil && f.id != "" {
		return ""
	}
	if r == nil {
		r = newRoom(f.key)
		f.desk.rooms.keep(r)
		f.desk.save(r)
	}
	r.invited[id] = true
	return r.id
}

// Placed says that a call is made which was invited to the conference in: if that has ended meanwhile, the call is ended.
func (f *Conference) Placed(id sid.Call, in sid.Conference) {
	f.desk.rooms.mu.Lock()
	defer f.desk.rooms.mu.Unlock()
	if r := f.room(); r == nil || r.id != in {
		f.desk.uninvite(id)
	}
}

// Dismiss waits no longer for a call that was invited; without anybody else, the conference is over.
func (f *Conference) Dismiss(id sid.Call) {
	f.desk.rooms.mu.Lock()
	defer f.desk.rooms.mu.Unlock()
	r := f.room()
	if r == nil || !r.invited[id] {
		return
	}
	delete(r.invited, id)
	if len(r.members) == 0 && len(r.invited) == 0 {
		f.desk.disband(r, nil, ended("last-participant", ""))
	}
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
	var last *member
	if n := len(r.members); n > 0 {
		last = r.members[n-1]
	}
	for len(r.members) > 0 {
		f.desk.part(r.members[0], EndedByAPI)
	}
	f.desk.disband(r, last, "conference-ended-via-api")
	return true
}
