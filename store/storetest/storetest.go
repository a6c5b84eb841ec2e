// Package storetest says what keeping records means, as stories that every store has to live through:
// SQLite, PostgreSQL and the one in memory.
package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/registrar"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/tariff"
	"github.com/kaden-project/kaden/trunk"
)

// Store is all that a store can do for the rooms.
type Store interface {
	dispatch.Store
	call.Store
	account.Books
	call.Gates
	call.Channels
	call.Estate
	trunk.Registrations
	manifest.Store
	call.Queues
	call.Conferences
	Queues(ctx context.Context, owner sid.Account, p account.Page) ([]call.QueueRecord, int64, error)
	Conference(ctx context.Context, owner sid.Account, id sid.Conference) (call.ConferenceRecord, error)
	Conferences(ctx context.Context, f call.ConferenceFilter) ([]call.ConferenceRecord, int64, error)
	registrar.Store
	account.SIPStore
	message.Store
	Used(ctx context.Context, owner sid.Account, from, to time.Time, daily bool) ([]tariff.Used, error)
	Accounts(ctx context.Context) ([]account.Account, error)
	PutTicket(ctx context.Context, kind, hash, data string, expires time.Time) error
	Ticket(ctx context.Context, kind, hash string) (data string, ok bool, err error)
	TakeTicket(ctx context.Context, kind, hash string) (data string, ok bool, err error)
	DropTicket(ctx context.Context, kind, hash string) error
}

// Run tells all stories. open makes a new, empty store and says how it is closed and opened again, as a
// new start of the program would.
func Run(t *testing.T, open func(t *testing.T) (s Store, reopen func() Store)) {
	for _, story := range []struct {
		name string
		tell func(t *testing.T, s Store, reopen func() Store)
	}{
		{"an incident is opened, taken and resolved, and the next one is another", incidentLife},
		{"incidents are listed newest first, a page at a time", incidentPages},
		{"what was understood of a source, and since when", understoodOnce},
		{"the same delivery twice is seen once", deliverySeen},
		{"a hundred copies of a delivery at once open one incident", deliveryStorm},
		{"a call-out is changed by who has read it last", calloutConflicts},
		{"attempts keep what ends them", attemptRemains},
		{"who was called since a moment is known", calledSince},
		{"what fails leaves nothing behind", rolledBack},
		{"neighbours in a commit do not harm each other", neighbours},
		{"who stopped waiting has changed nothing", stoppedWaiting},
		{"a transaction is over when its function returns", overIsOver},
		{"events are numbered and announced in the order of commits", eventsInOrder},
		{"events are read on from a number", eventsPaged},
		{"a node's name is taken once, and fences only grow", nodeNames},
		{"call-outs of dead nodes are adopted, oldest first", adoption},
		{"a call-out that waits for nothing is its who wakes it", claiming},
		{"a node that has lost its name changes nothing more", zombie},
		{"calls under way of the dead are ghosts", ghosts},
		{"call-outs whose time has passed are overdue", overdue},
		{"after a restart everything is there and the node goes on at once", restart},
		{"a round robin remembers its place", places},
		{"the kill switch is put, kept and lifted", holdKept},
		{"a sound comes back as it was kept", soundsKept},
		{"of each person and address the latest proof is known", verificationsKept},
		{"what calls cost is kept, summed up and said once", chargesKept},
		{"queues are kept, one of a name in an account", queuesKept},
		{"conferences are kept, and closed for those who have died", conferencesKept},
		{"gates are shared, and outlive their process", gatesShared},
		{"trunks that fail are known after a restart", failedTrunksKept},
		{"channels are shared, and taken in turn", channelsShared},
		{"channels of the dead are taken until their calls are ended", channelsOfTheDead},
		{"calls that the dead have left open are one living node's", callsLeft},
		{"a trunk's registration is one living node's", registrationsShared},
		{"of many nodes that take a registration at once one has it", registrationTakenAtOnce},
		{"calls are kept with their events and callbacks", callLife},
		{"calls are found by any of their marks", callFilters},
		{"a list of calls that is bounded by a time goes by it", callsByTheirTime},
		{"a list of calls goes on after one that was deleted", callDeletedWhilePaging},
		{"accounts come back with their tokens", accountsKept},
		{"accounts are listed, the main one with those below it", accountsListed},
		{"keys come back with their secrets, and each account sees its own", keysKept},
		{"applications are kept, listed and forgotten", applicationsKept},
		{"what was said about numbers is kept", claimsKept},
		{"of many that take a number at once one has it", claimedAtOnce},
		{"a number is verified once for each account", callerIDsKept},
		{"messages are kept, found and listed", messagesKept},
		{"what an account used is counted by day and in all", usageCounted},
		{"triggers fire once in each period", triggersKept},
		{"services that verify telephones are kept", verifyServicesKept},
		{"a code is open once for a service and number", codesKept},
		{"of many changes of a code at once one is made", codeChangedAtOnce},
		{"recordings are kept with their sound", recordingsKept},
		{"recordings are forgotten when they are old", recordingsForgotten},
		{"what went wrong is kept for a while", debugKept},
		{"documents come back as they were written, in their order", documentsKept},
		{"what bins said before is kept", versionsKept},
		{"a ticket is taken once, and not when it has expired", ticketsKept},
		{"phones stay registered over a restart", phonesKept},
		{"SIP domains and their lists come back, the newest last", sipKept},
		{"strangers' bytes are kept as well as they can be", oddBytes},
		{"times are whole milliseconds", times},
	} {
		t.Run(story.name, func(t *testing.T) {
			s, reopen := open(t)
			story.tell(t, s, reopen)
		})
	}
}

// Base is the beginning of the night in these stories.
var Base = time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)

// Incident makes an incident with all its fields filled.
func Incident(id, key string) dispatch.Incident {
	return dispatch.Incident{
		ID: id, Status: dispatch.Stored, Callout: "co-" + id, Opened: Base, Updated: Base.Add(time.Second), DeliveryID: "d-" + id,
		Word: "word-" + id, WordBy: "sato", Drill: true,
		Alert: alert.Alert{
			Source: "mackerel", Account: "org", Key: key, Action: alert.Trigger, Severity: alert.Critical, Title: "disk full: 残り 3%",
			Body: "…", Subject: "db01", Labels: map[string]string{"role": "db"}, Links: []alert.Link{{Href: "https://example.com/a", Text: "graph"}},
			OccurredAt: Base.Add(-time.Minute),
		},
	}
}

// Callout makes an active call-out of an incident.
func Callout(id, owner string, fence int64) dispatch.Callout {
	return dispatch.Callout{
		ID: id, Alert: "al-" + id, Plan: "night-shift", State: json.RawMessage(`{"id": "` + id + `"}`), Active: true,
		Due: Base.Add(20 * time.Second), Version: 1, Owner: owner, Fence: fence, Created: Base, Updated: Base,
	}
}

// Attempt makes an attempt of a call-out that is being dialled.
func Attempt(id, callout, node string, fence int64) dispatch.Attempt {
	return dispatch.Attempt{
		ID: id, Callout: callout, Alert: "al-" + callout, Person: "sato", Address: "tel:+819011112222", Line: id,
		Call: "CA00000000000000000000000000000001", Trunk: "ntt", Status: "dialing", Node: node, Fence: fence, Dialed: Base,
		Purpose: "check", Inbound: true, AnsweredBy: "machine_start",
	}
}

func write(t *testing.T, s Store, f func(tx dispatch.Tx) error) {
	t.Helper()
	if err := s.Write(t.Context(), f); err != nil {
		t.Fatalf("write: %v", err)
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("got error %v, want %v", got, want)
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s\n got %+v\nwant %+v", what, got, want)
	}
}

// names are the identifiers of a list, for comparing.
func names[T any](list []T, id func(T) string) string {
	var s []string
	for _, v := range list {
		s = append(s, id(v))
	}
	return fmt.Sprint(s)
}

func incidentName(i dispatch.Incident) string { return i.ID }
func calloutName(c dispatch.Callout) string   { return c.ID }
func attemptName(a dispatch.Attempt) string   { return a.ID }
