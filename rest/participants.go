package rest

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/twiml"
)

// participantBody is Twilio's Participant resource.
type participantBody struct {
	AccountSID             sid.Account    `json:"account_sid"`
	CallSID                sid.Call       `json:"call_sid"`
	CallSIDToCoach         *string        `json:"call_sid_to_coach"`
	Coaching               bool           `json:"coaching"`
	ConferenceSID          sid.Conference `json:"conference_sid"`
	DateCreated            *string        `json:"date_created"`
	DateUpdated            *string        `json:"date_updated"`
	EndConferenceOnExit    bool           `json:"end_conference_on_exit"`
	Hold                   bool           `json:"hold"`
	Label                  *string        `json:"label"`
	Muted                  bool           `json:"muted"`
	QueueTime              *string        `json:"queue_time"`
	StartConferenceOnEnter bool           `json:"start_conference_on_enter"`
	Status                 string         `json:"status"`
	URI                    string         `json:"uri"`
}

// participantJSON is somebody in a conference.
func participantJSON(c call.ConferenceRecord) func(call.Member) participantBody {
	return func(m call.Member) participantBody {
		return participantBody{
			AccountSID: c.Account, CallSID: m.Call, CallSIDToCoach: orNull(string(m.Coaching)), Coaching: m.Coaching != "", ConferenceSID: c.SID,
			DateCreated: date(m.Joined), DateUpdated: date(m.Joined), EndConferenceOnExit: m.EndOnExit, Hold: m.Held, Label: orNull(m.Label),
			Muted: m.Muted, StartConferenceOnEnter: !m.Patient, Status: "connected",
			URI: accountPath(c.Account) + "/Conferences/" + string(c.SID) + "/Participants/" + string(m.Call) + ".json",
		}
	}
}

// invitedJSON is somebody who is being called into a conference.
func invitedJSON(c call.ConferenceRecord, r call.Record) participantBody {
	b := participantJSON(c)(call.Member{Call: r.SID, Joined: r.Created})
	switch {
	case r.Status == call.InProgress:
		b.Status = "connecting"
	case r.Status == call.Ringing:
		b.Status = "ringing"
	case r.Status == call.Completed:
		b.Status = "complete"
	case r.Status.Over():
		b.Status = "failed"
	default:
		b.Status = "queued"
	}
	return b
}

// listParticipants lists who is in a conference, in the order in which they came: GET /Conferences/CF…/Participants.
func (s *server) listParticipants(r *request) (answer, error) {
	c, live, err := s.conference(r)
	if err != nil {
		return answer{}, err
	}
	f := s.fields(r.query)
	l, err := f.readList()
	if err != nil {
		return answer{}, err
	}
	var all []call.Member
	if live != nil {
		i, _ := live.Info()
		all = i.Members
	}
	for name, is := range map[string]func(call.Member) bool{
		"Muted":    func(m call.Member) bool { return m.Muted },
		"Hold":     func(m call.Member) bool { return m.Held },
		"Coaching": func(m call.Member) bool { return m.Coaching != "" },
	} {
		if want := f.text(name); want != "" {
			all = slices.DeleteFunc(all, func(m call.Member) bool { return is(m) != strings.EqualFold(want, "true") })
		}
	}
	list, next := piece(l, all)
	path := accountPath(r.account.SID) + "/Conferences/" + string(c.SID) + "/Participants.json"
	return listed(l, r, path, "participants", []string{"Muted", "Hold", "Coaching"}, next, list, participantJSON(c)), nil
}

// participant finds who is named last in the path, by call or by label.
func (s *server) participant(r *request) (call.ConferenceRecord, *call.Conference, call.Member, error) {
	c, live, err := s.conference(r)
	if err != nil {
		return c, nil, call.Member{}, err
	}
	if live != nil {
		i, _ := live.Info()
		label, _ := url.PathUnescape(r.id)
		for _, m := range i.Members {
			if string(m.Call) == r.id || m.Label != "" && m.Label == label {
				return c, live, m, nil
			}
		}
	}
	return c, live, call.Member{}, notFound(r.URL.Path)
}

// fetchParticipant shows somebody in a conference, or on the way into it: GET /Conferences/CF…/Participants/CA….
func (s *server) fetchParticipant(r *request) (answer, error) {
	c, live, m, err := s.participant(r)
	if err == nil {
		return answer{status: http.StatusOK, body: participantJSON(c)(m)}, nil
	}
	if live != nil {
		i, _ := live.Info()
		if id := sid.Call(r.id); slices.Contains(i.Invited, id) {
			record, err := s.cfg.Calls.Call(r.Context(), r.account.SID, id)
			return answer{status: http.StatusOK, body: invitedJSON(c, record)}, err
		}
	}
	return answer{}, err
}

// participantChange is what an update of a participant asks for; nil leaves something as it is.
type participantChange struct {
	muted, hold, endOnExit, beepOnExit *bool
	coach                              *sid.Call
	holdTo, announce                   call.Program
}

func (f *fields) readParticipantChange() (participantChange, error) {
	c := participantChange{muted: f.truth("Muted"), hold: f.truth("Hold"), endOnExit: f.truth("EndConferenceOnExit"), beepOnExit: f.truth("BeepOnExit")}
	c.holdTo = call.Program{URL: f.link("HoldUrl", 21205), Method: f.method("HoldMethod")}
	if c.holdTo.Method == "" {
		c.holdTo.Method = http.MethodGet
	}
	c.announce = call.Program{URL: f.link("AnnounceUrl", 21205), Method: f.method("AnnounceMethod")}
	f.link("WaitUrl", 21205)
	f.method("WaitMethod")
	if coaching := f.truth("Coaching"); coaching != nil || f.text("CallSidToCoach") != "" {
		id := f.coach(coaching == nil || *coaching)
		c.coach = &id
	}
	return c, f.err
}

// coach reads whom a coach speaks to, if it is to be one; "" is everybody.
func (f *fields) coach(is bool) sid.Call {
	switch s := f.text("CallSidToCoach"); {
	case !is:
		return ""
	case s == "":
		f.refuse(20001, "CallSidToCoach is required with Coaching: whose ear is it?")
		return ""
	default:
		return f.sid("CallSidToCoach", s)
	}
}

// truth reads a parameter that is true or, with any other value, false; nil if it is not given.
func (f *fields) truth(name string) *bool {
	s := f.text(name)
	if s == "" {
		return nil
	}
	is := strings.EqualFold(s, "true")
	return &is
}

// updateParticipant mutes, holds, tells something to or lets coach somebody: POST /Conferences/CF…/Participants/CA….
func (s *server) updateParticipant(r *request) (answer, error) {
	c, live, m, err := s.participant(r)
	if err != nil {
		return answer{}, err
	}
	change, err := s.fields(r.form).readParticipantChange()
	if err != nil {
		return answer{}, err
	}
	there := true
	if change.muted != nil {
		there = live.Mute(m.Call, *change.muted) && there
	}
	switch {
	case change.hold != nil && !*change.hold:
		there = live.Hold(m.Call, false, nil) && there
	case change.hold != nil, change.holdTo.URL != "" && m.Held:
		there = live.HoldTo(m.Call, change.holdTo) && there
	}
	if change.endOnExit != nil || change.beepOnExit != nil || change.coach != nil {
		there = live.Modify(m.Call, change.endOnExit, change.beepOnExit, change.coach) && there
	}
	if change.announce.URL != "" {
		there = live.AnnounceTo(m.Call, change.announce) && there
	}
	i, _ := live.Info()
	at := slices.IndexFunc(i.Members, func(one call.Member) bool { return one.Call == m.Call })
	if !there || at < 0 { // it has left meanwhile
		return answer{}, notFound(r.URL.Path)
	}
	return answer{status: http.StatusOK, body: participantJSON(c)(i.Members[at])}, nil
}

// removeParticipant takes somebody out of a conference; the call goes on with its TwiML: DELETE
// /Conferences/CF…/Participants/CA….
func (s *server) removeParticipant(r *request) (answer, error) {
	_, live, m, err := s.participant(r)
	if err != nil {
		return answer{}, err
	}
	if !live.Remove(m.Call) {
		return answer{}, notFound(r.URL.Path)
	}
	return answer{status: http.StatusNoContent}, nil
}

// longestRoom is Twilio's limit for the name of a conference, in characters.
const longestRoom = 128

// createParticipant calls somebody into a conference, which begins if there is none of that name: POST
// /Conferences/{CF… or a name}/Participants.
func (s *server) createParticipant(r *request) (answer, error) {
	if s.cfg.Conferences == nil || s.cfg.Live == nil {
		return answer{}, notFound(r.URL.Path)
	}
	name, err := url.PathUnescape(r.ids[0])
	if err != nil {
		return answer{}, notFound(r.URL.Path)
	}
	room := s.cfg.Live.Conference(r.account.SID, name)
	if _, err := sid.Parse[sid.Conference](name); err == nil {
		c, live, err := s.conference(r)
		if err != nil || live == nil {
			return answer{}, notFound(r.URL.Path)
		}
		name, room = c.Name, live
	}
	f := s.fields(r.form)
	o, err := f.readParticipant(name)
	if err != nil {
		return answer{}, err
	}
	o.SID, o.Account = sid.New[sid.Call](), r.account.SID
	if err := s.mayCall(r, o.To); err != nil {
		return answer{}, err
	}
	id := room.Invite(o.SID)
	if id == "" { // it has ended in this moment
		return answer{}, notFound(r.URL.Path)
	}
	o.Heard = func(e call.Event) {
		if e.Status.Over() {
			room.Dismiss(o.SID)
		}
	}
	record, err := s.cfg.Desk.Place(r.Context(), o)
	if err != nil {
		room.Dismiss(o.SID)
		return answer{}, err
	}
	room.Placed(o.SID, id)
	b := invitedJSON(call.ConferenceRecord{SID: id, Account: r.account.SID}, asCreated(record))
	b.QueueTime = orNull("0")
	b.Label, b.Muted, b.EndConferenceOnExit = orNull(f.text("Label")), isTrue(f.truth("Muted"), false), isTrue(f.truth("EndConferenceOnExit"), false)
	b.StartConferenceOnEnter = isTrue(f.truth("StartConferenceOnEnter"), true)
	if isTrue(f.truth("Coaching"), false) {
		b.Coaching, b.CallSIDToCoach = true, orNull(f.text("CallSidToCoach"))
	}
	return answer{status: http.StatusCreated, body: b}, nil
}

func isTrue(b *bool, otherwise bool) bool {
	if b == nil {
		return otherwise
	}
	return *b
}

// readParticipant makes an order of a call that enters a conference when it is answered.
func (f *fields) readParticipant(name string) (call.Order, error) {
	if n := utf8.RuneCountInString(name); n > longestRoom {
		f.refuse(20002, "A conference has a name of at most %d characters, not %d", longestRoom, n)
	}
	if f.text("AmdStatusCallback") != "" { // the Calls resource has another name for it
		f.Set("AsyncAmd", "true")
		f.Set("AsyncAmdStatusCallback", f.text("AmdStatusCallback"))
		f.Set("AsyncAmdStatusCallbackMethod", f.text("AmdStatusCallbackMethod"))
	}
	o := call.Order{Direction: call.OutboundAPI, To: f.to(), Here: true}
	o.From = f.from(o.To.Scheme)
	o.Callback = f.callback()
	o.Ring = f.number("Timeout", 21208, time.Second, 5, longestRing)
	o.TimeLimit = f.seconds("TimeLimit", 20001, longestCall)
	o.SIPUser, o.SIPPassword = f.secret("SipAuthUsername"), f.secret("SipAuthPassword")
	if o.Detection = f.detection(); o.Detection != nil {
		o.Detection.Wait = false // whoever answers is in the conference at once
	}
	o.Tape = f.tape()
	room := twiml.NewConference(name)
	room.ParticipantLabel, room.Beep = f.text("Label"), f.word("Beep", "true", "false", "onEnter", "onExit")
	if room.Beep == "true" {
		room.Beep = ""
	}
	if !twiml.IsLabel(room.ParticipantLabel) {
		f.refuse(16024, "Label is not valid: it has at most 128 characters, no slash, and is no CallSid")
	}
	room.Muted, room.EndOnExit = isTrue(f.truth("Muted"), false), isTrue(f.truth("EndConferenceOnExit"), false)
	room.StartOnEnter = isTrue(f.truth("StartConferenceOnEnter"), true)
	room.WaitURL, room.WaitMethod = f.link("WaitUrl", 21205), f.method("WaitMethod")
	room.Quiet = f.Has("WaitUrl") && room.WaitURL == ""
	room.MaxParticipants = f.most("MaxParticipants", 2, 250)
	room.Coach = string(f.coach(isTrue(f.truth("Coaching"), false)))
	switch f.word("ConferenceRecord", "do-not-record", "record-from-start", "true", "false") {
	case "record-from-start", "true":
		room.Record = true
	}
	room.Trim = f.word("ConferenceTrim", "trim-silence", "do-not-trim")
	room.RecordingCallback, room.RecordingCallbackMethod = f.link("ConferenceRecordingStatusCallback", 21609), f.method("ConferenceRecordingStatusCallbackMethod")
	room.RecordingCallbackEvent = f.known("ConferenceRecordingStatusCallbackEvent", recordingEvents)
	room.StatusCallback, room.StatusCallbackMethod = f.link("ConferenceStatusCallback", 21609), f.method("ConferenceStatusCallbackMethod")
	if room.StatusCallbackEvent = f.known("ConferenceStatusCallbackEvent", roomEvents); room.StatusCallback != "" && len(room.StatusCallbackEvent) == 0 {
		room.StatusCallbackEvent = []string{"start", "end"}
	}
	if f.err != nil {
		return o, f.err
	}
	doc, err := twiml.Write(twiml.New(twiml.NewDial(room)))
	o.Program = call.Program{TwiML: string(doc)}
	return o, err
}

// roomEvents are those of a conference that can be subscribed to.
var roomEvents = []string{"start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement"}

// most reads a whole number from least to most; 0 if it is not given.
func (f *fields) most(name string, least, most int) int {
	s := f.text(name)
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		f.refuse(20001, "%s is not valid: %q is not a number from %d to %d", name, clip(s), least, most)
	}
	return n
}

// word reads one of the words; "" if it is not given.
func (f *fields) word(name string, words ...string) string {
	s := f.text(name)
	if s == "" || slices.Contains(words, s) {
		return s
	}
	f.refuse(20001, "%s is not valid: %q is not one of %s", name, clip(s), strings.Join(words, ", "))
	return ""
}

// known reads a list of words and passes over those that do not exist.
func (f *fields) known(name string, words []string) (list []string) {
	given := f.words(name)
	for _, w := range words {
		if slices.Contains(given, w) {
			list = append(list, w)
		}
	}
	return list
}
