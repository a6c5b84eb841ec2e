package registrar

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits are what a phone is granted. The zero value is the defaults.
type Limits struct {
	Least  time.Duration // a shorter time is refused (423); 60 s
	Usual  time.Duration // for phones that leave it to us; 1 h
	Most   time.Duration // a longer one is cut; 1 h, so that nobody is rung for long who is gone
	Phones int           // contacts of one user; 10. The one that came longest ago makes room
}

func (l Limits) orDefault() Limits {
	l.Least, l.Usual = cmp.Or(l.Least, time.Minute), cmp.Or(l.Usual, time.Hour)
	l.Most, l.Phones = cmp.Or(l.Most, time.Hour), cmp.Or(l.Phones, 10)
	return l
}

// Ask is a REGISTER of a user who has proved to be one.
type Ask struct {
	User, Domain string
	Contacts     []Asked
	All          bool          // Contact: *
	Expires      time.Duration // of the header; Unsaid
	CallID       string
	CSeq         uint32
	Source       netip.AddrPort
	Transport    string
	Agent        string
}

// Answer is what becomes of it.
type Answer struct {
	Status     int
	Why        string        // for statuses but 200
	MinExpires time.Duration // with 423
	Put        []Contact     // new, or changed
	Drop       []string      // IDs
	Now        []Contact     // what there is from now on
}

func refuse(status int, why string) Answer { return Answer{Status: status, Why: why} }

// Decide says what a REGISTER changes (RFC 3261 section 10.3): everything it asks, or nothing. have are the
// contacts of the user. A request without contacts asks what there is.
//
// A REGISTER that comes again with the number it had (the answer was lost in a crash of ours) is answered and
// changes nothing; one that comes late is refused, so that a phone that signed off stays off.
func Decide(have []Contact, a Ask, l Limits, now time.Time) Answer {
	have = slices.DeleteFunc(slices.Clone(have), func(c Contact) bool { return !c.Expires.After(now) })
	switch {
	case a.All && a.Expires != 0:
		return refuse(400, `"Contact: *" goes with "Expires: 0"`)
	case a.All:
		return dropAll(have, a)
	case len(a.Contacts) > l.Phones:
		return refuse(403, "more contacts than a user may have")
	}
	got := Answer{Status: 200}
	for _, asked := range a.Contacts {
		wants := asked.Expires
		if wants == Unsaid {
			wants = a.Expires
		}
		granted, ok := l.grant(wants)
		if !ok {
			return Answer{Status: 423, Why: "too short", MinExpires: l.Least}
		}
		key := id(a.User, a.Domain, asked.same())
		i := slices.IndexFunc(have, func(c Contact) bool { return c.ID == key })
		if i >= 0 && have[i].CallID == a.CallID {
			if a.CSeq < have[i].CSeq {
				return refuse(500, "older than what is there")
			}
			if a.CSeq == have[i].CSeq {
				continue
			}
		}
		if granted == 0 {
			if i >= 0 {
				got.Drop, have = append(got.Drop, key), slices.Delete(have, i, i+1)
			}
			continue
		}
		if i < 0 {
			have = slices.DeleteFunc(have, func(c Contact) bool {
				gone := a.movedFrom(c, asked)
				if gone {
					got.Drop = append(got.Drop, c.ID)
				}
				return gone
			})
		}
		c := Contact{
			ID: key, User: a.User, Domain: a.Domain, URI: asked.URI, Instance: asked.Instance, CallID: a.CallID, CSeq: a.CSeq,
			Source: a.Source, Transport: a.Transport, Back: back(asked, a), Agent: a.Agent, Q: asked.Q,
			Since: now, Updated: now, Expires: now.Add(granted),
		}
		if i >= 0 {
			c.Since = have[i].Since
			have = slices.Delete(have, i, i+1)
		}
		have = append(have, c)
		got.Put = append(slices.DeleteFunc(got.Put, func(p Contact) bool { return p.ID == key }), c)
	}
	for len(have) > l.Phones {
		oldest := 0
		for i, c := range have {
			if c.Updated.Before(have[oldest].Updated) {
				oldest = i
			}
		}
		got.Drop = append(got.Drop, have[oldest].ID)
		have = slices.Delete(have, oldest, oldest+1)
	}
	got.Now = have
	return got
}

// movedFrom tells whether a new contact is a phone's whose address has changed, and c is where it was: a phone that writes how
// its router is seen from outside has another contact when that changes, and seldom takes the old one away. A phone's
// registrations have one Call-ID (RFC 3261 section 10.2), and it keeps its name; two phones of a user have two. What stands
// beside the new one in the same REGISTER is there as well.
func (a Ask) movedFrom(c Contact, asked Asked) bool {
	if c.CallID != a.CallID || c.CSeq >= a.CSeq || c.Transport != a.Transport || userOf(c.URI) != userOf(asked.URI) {
		return false
	}
	if c.Instance != "" && asked.Instance != "" {
		return false // each has its own
	}
	return !slices.ContainsFunc(a.Contacts, func(o Asked) bool { return id(a.User, a.Domain, o.same()) == c.ID })
}

func dropAll(have []Contact, a Ask) Answer {
	got := Answer{Status: 200}
	for _, c := range have {
		if c.CallID == a.CallID && a.CSeq < c.CSeq {
			return refuse(500, "older than what is there")
		}
		got.Drop = append(got.Drop, c.ID)
	}
	return got
}

// grant is how long a phone is kept that asks for d; 0 is not at all. false: it asks for too little.
func (l Limits) grant(d time.Duration) (time.Duration, bool) {
	switch {
	case d == Unsaid:
		return l.Usual, true
	case d == 0:
		return 0, true
	case d < l.Least:
		return 0, false
	}
	return min(d, l.Most), true
}

// back tells whether the phone is called where its REGISTER came from. An address that it does not have, a name,
// or a connection that it holds: there is no other way to it. Where the address is right, so is the port.
func back(asked Asked, a Ask) bool {
	ip, err := netip.ParseAddr(hostOf(asked.URI))
	if err != nil || ip.Unmap() != a.Source.Addr().Unmap() || a.Transport != "udp" {
		return true
	}
	return strings.Contains(asked.Instance, "/") // reg-id: it keeps the way open (RFC 5626)
}

// shorten lets what was put expire at until at the latest.
func (a *Answer) shorten(until time.Time) {
	for _, list := range [][]Contact{a.Put, a.Now} {
		for i := range list {
			if slices.ContainsFunc(a.Put, func(p Contact) bool { return p.ID == list[i].ID }) && list[i].Expires.After(until) {
				list[i].Expires = until
			}
		}
	}
}

// Headers are the lines of the answer: which contacts there are and for how long each (RFC 3261 section 10.3,
// step 8).
func (a Answer) Headers(now time.Time) (lines [][2]string) {
	if a.MinExpires > 0 {
		lines = append(lines, [2]string{"Min-Expires", strconv.Itoa(int(a.MinExpires / time.Second))})
	}
	for _, c := range a.Now {
		left := max(1, int((c.Expires.Sub(now)+time.Second/2)/time.Second))
		v := "<" + c.URI + ">;expires=" + strconv.Itoa(left)
		if instance, reg, ok := strings.Cut(c.Instance, "/"); c.Instance != "" {
			v += `;+sip.instance="<` + instance + `>"`
			if ok {
				v += ";reg-id=" + reg
			}
		}
		lines = append(lines, [2]string{"Contact", v})
	}
	return lines
}
