package memstore

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/job"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/registrar"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/trunk"
)

// row is a record and the order in which it came to be.
type row[T any] struct {
	nr   int64
	keep T
}

type tables struct {
	nr            int64 // of the newest row of any table
	deliveries    map[deliveryKey]row[delivery]
	incidents     map[string]row[dispatch.Incident]
	callouts      map[string]row[dispatch.Callout]
	attempts      map[string]row[dispatch.Attempt]
	calls         map[sid.Call]row[callRow]
	posts         map[string]row[call.Post] // not yet delivered
	places        map[place]int
	nodes         map[string]node
	accounts      map[sid.Account]row[account.Account]
	documents     map[documentKey]row[manifest.Document]
	versions      map[documentKey][]manifest.Version // oldest first
	keys          map[sid.Key]row[account.Key]
	applications  map[sid.Application]row[account.Application]
	claims        map[string]row[account.Claim]
	callerIDs     map[callerKey]row[account.CallerID]
	recordings    map[sid.Recording]row[account.Recording]
	exchanges     map[int64]row[account.Exchange]
	notifications map[sid.Notification]row[account.Notification]
	queues        map[sid.Queue]row[call.QueueRecord]
	conferences   map[sid.Conference]row[call.ConferenceRecord]
	messages      map[sid.Message]row[message.Record]

	verifyServices map[sid.Service]row[account.VerifyService]
	codes          map[sid.Verification]row[account.Code]
	triggers       map[sid.Trigger]row[account.Trigger]

	tickets       map[ticketKey]ticket
	sounds        map[string]sound
	verifications map[verified]dispatch.Verification
	charges       map[chargeKey]row[call.Charge]
	budgetSaid    map[budgetSaid]bool
	gates         map[string]trunk.Last
	failedTrunks  map[string]call.TrunkFate
	channels      map[string]channel // by ID
	waits         map[channelWait]wait
	registrations map[string]registration // by trunk
	contacts      map[string]row[registrar.Contact]
	sip           map[string]row[account.SIPResource]
	hold          dispatch.Hold
	events        []timeline.Event
	jobs          []Job
	fence         int64
}

type (
	deliveryKey struct{ source, id string }
	documentKey struct{ kind, name string }
	callerKey   struct {
		account sid.Account
		number  number.Number
	}
	ticketKey struct{ kind, hash string }
	place     struct {
		plan string
		step int
	}
	delivery struct {
		alert.Delivery
		stored time.Time
	}
	callRow struct {
		call.Record
		deleted bool // kept without content, so that a list can be continued after it
	}
	node struct {
		address string
		fence   int64
		lease   time.Time // until then it is alive
		life    int
	}
	sound struct {
		kind string
		wav  []byte
	}
	verified  struct{ person, address string }
	chargeKey struct {
		call sid.Call
		leg  int
	}
	budgetSaid struct {
		budget, month string
		percent       int
	}
	ticket struct {
		data    string
		expires time.Time
	}
)

// Job is what was enqueued, for tests to look at. Nothing here runs it.
type Job struct {
	Args job.Args
	At   time.Time
}

func newTables() tables {
	return tables{
		deliveries:    map[deliveryKey]row[delivery]{},
		incidents:     map[string]row[dispatch.Incident]{},
		callouts:      map[string]row[dispatch.Callout]{},
		attempts:      map[string]row[dispatch.Attempt]{},
		calls:         map[sid.Call]row[callRow]{},
		posts:         map[string]row[call.Post]{},
		places:        map[place]int{},
		nodes:         map[string]node{},
		accounts:      map[sid.Account]row[account.Account]{},
		documents:     map[documentKey]row[manifest.Document]{},
		versions:      map[documentKey][]manifest.Version{},
		keys:          map[sid.Key]row[account.Key]{},
		applications:  map[sid.Application]row[account.Application]{},
		claims:        map[string]row[account.Claim]{},
		callerIDs:     map[callerKey]row[account.CallerID]{},
		recordings:    map[sid.Recording]row[account.Recording]{},
		exchanges:     map[int64]row[account.Exchange]{},
		notifications: map[sid.Notification]row[account.Notification]{},
		queues:        map[sid.Queue]row[call.QueueRecord]{},
		conferences:   map[sid.Conference]row[call.ConferenceRecord]{},
		messages:      map[sid.Message]row[message.Record]{},

		verifyServices: map[sid.Service]row[account.VerifyService]{},
		codes:          map[sid.Verification]row[account.Code]{},
		triggers:       map[sid.Trigger]row[account.Trigger]{},

		tickets:       map[ticketKey]ticket{},
		sounds:        map[string]sound{},
		verifications: map[verified]dispatch.Verification{},
		charges:       map[chargeKey]row[call.Charge]{},
		budgetSaid:    map[budgetSaid]bool{},
		gates:         map[string]trunk.Last{},
		failedTrunks:  map[string]call.TrunkFate{},
		channels:      map[string]channel{},
		waits:         map[channelWait]wait{},
		registrations: map[string]registration{},
		contacts:      map[string]row[registrar.Contact]{},
		sip:           map[string]row[account.SIPResource]{},
	}
}

// put writes one entry and remembers how to take it back.
func put[K comparable, V any](t *tx, m map[K]V, k K, v V) {
	old, had := m[k]
	m[k] = v
	t.undo = append(t.undo, func() {
		if had {
			m[k] = old
		} else {
			delete(m, k)
		}
	})
}

// remove deletes one entry and remembers how to take it back.
func remove[K comparable, V any](t *tx, m map[K]V, k K) {
	old, had := m[k]
	if had {
		delete(m, k)
		t.undo = append(t.undo, func() { m[k] = old })
	}
}

// putRow is put for numbered rows: a row that exists keeps its place in the order.
func putRow[K comparable, T any](t *tx, m map[K]row[T], k K, v T) {
	old, had := m[k]
	if !had {
		t.s.nr++
		old.nr = t.s.nr
	}
	put(t, m, k, row[T]{nr: old.nr, keep: v})
}

// sorted lists the rows that match, oldest first.
func sorted[K comparable, T any](m map[K]row[T], match func(T) bool) []T {
	var rows []row[T]
	for _, r := range m {
		if match(r.keep) {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b row[T]) int { return cmp.Compare(a.nr, b.nr) })
	list := make([]T, len(rows))
	for i, r := range rows {
		list[i] = r.keep
	}
	return list
}

// What is kept shares no memory with what was handed in, and has its times in whole milliseconds.

func cloneIncident(i dispatch.Incident) dispatch.Incident {
	i.Alert.Labels = maps.Clone(i.Alert.Labels)
	i.Alert.Links = slices.Clone(i.Alert.Links)
	i.Alert.OccurredAt = i.Alert.OccurredAt.Round(0)
	i.Opened, i.Updated, i.Resolved = milli(i.Opened), milli(i.Updated), milli(i.Resolved)
	return i
}

func cloneCallout(c dispatch.Callout) dispatch.Callout {
	c.State = bytes.Clone(c.State)
	c.Due, c.Created, c.Updated = milli(c.Due), milli(c.Created), milli(c.Updated)
	return c
}

func cloneAttempt(a dispatch.Attempt) dispatch.Attempt {
	a.Target, a.Remains = bytes.Clone(a.Target), bytes.Clone(a.Remains)
	a.Dialed, a.Rang, a.Answered, a.Ended = milli(a.Dialed), milli(a.Rang), milli(a.Answered), milli(a.Ended)
	return a
}

func cloneCall(r call.Record) call.Record {
	r.Callback.Events = slices.Clone(r.Callback.Events)
	r.Created, r.Updated, r.Started = milli(r.Created), milli(r.Updated), milli(r.Started)
	r.Answered, r.Ended = milli(r.Answered), milli(r.Ended)
	return r
}

func clonePost(p call.Post) call.Post {
	params := make(map[string][]string, len(p.Params))
	for k, v := range p.Params {
		params[k] = slices.Clone(v)
	}
	p.Params, p.Due = params, milli(p.Due)
	return p
}

func cloneDelivery(d alert.Delivery) alert.Delivery {
	d.Raw, d.Header = bytes.Clone(d.Raw), maps.Clone(d.Header)
	d.Alerts, d.ReceivedAt = nil, milli(d.ReceivedAt)
	return d
}
