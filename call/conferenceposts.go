package call

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What an owner is told of a conference (contract 1: Conference callback parameters). There is no CallStatus
// in it and no CallbackSource.

// report sends one event of a room, if its owner wants it: by wants the callback's subscription goes. rooms.mu is
// held, so events keep their order.
func (d *Desk) report(r *room, wants, event string, more url.Values) {
	if r.callback.URL == "" || !slices.Contains(r.callback.Events, wants) {
		return
	}
	v := url.Values{
		"StatusCallbackEvent": {event},
		"ConferenceSid":       {string(r.id)},
		"FriendlyName":        {r.key.name},
		"AccountSid":          {string(r.key.account)},
		"SequenceNumber":      {strconv.Itoa(r.sequence)},
		"Timestamp":           {time.Now().UTC().Format(rfc2822)},
	}
	maps.Copy(v, more)
	r.sequence++
	method := r.callback.Method
	if method == "" {
		method = "POST"
	}
	r.mail.add(d, Ask{Account: r.key.account, Call: r.asks, Method: method, URL: r.callback.URL, Params: v})
}

// about are the parameters of a member; only some of them where they are named.
func (m *member) about(only ...string) url.Values {
	v := url.Values{
		"CallSid":                {string(m.call.id)},
		"Muted":                  {strconv.FormatBool(m.muted)},
		"Hold":                   {strconv.FormatBool(m.held)},
		"Coaching":               {strconv.FormatBool(m.coach != "")},
		"StartConferenceOnEnter": {strconv.FormatBool(!m.entry.Patient)},
		"EndConferenceOnExit":    {strconv.FormatBool(m.entry.EndOnExit)},
	}
	if m.entry.Label != "" {
		v.Set("ParticipantLabel", m.entry.Label)
	}
	maps.DeleteFunc(v, func(name string, _ []string) bool { return len(only) > 0 && !slices.Contains(only, name) })
	return v
}

// parting are those of somebody who leaves.
func (m *member) parting(why Exit) url.Values {
	v := m.about()
	status := m.call.Record().Status
	reason := "participant_hung_up" // of its own will
	switch why {
	case hungUp:
		status = Completed // it is about to be written
	case EndedByOwner:
		reason = "moderator_ended_conference"
	case EndedByAPI:
		reason = "conference_ended_via_api"
	case Removed, redirected:
		reason = "participant_updated_via_api"
	case unready:
		reason = "participant_add_failed"
	}
	v.Set("ParticipantCallStatus", string(status))
	v.Set("ReasonParticipantLeft", reason)
	return v
}

// ending are those of the end; a nil member is nobody.
func (m *member) ending(why string) url.Values {
	v := url.Values{
		"ReasonConferenceEnded": {why},
		"Reason":                {strings.ReplaceAll(why, "-", " ")},
	}
	if m == nil {
		return v
	}
	v.Set("CallSidEndingConference", string(m.call.id))
	if m.entry.Label != "" {
		v.Set("ParticipantLabelEndingConference", m.entry.Label)
	}
	return v
}

// ended is Twilio's reason for the end when who left in a certain way.
func ended(who string, why Exit) string {
	if why == Removed {
		return who + "-kicked"
	}
	return who + "-left"
}
