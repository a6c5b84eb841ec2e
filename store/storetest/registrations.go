package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/trunk"
)

// signs takes the registrations of trunks, and tells whose each is.
func signs(t *testing.T, s Store, node string, trunks ...string) (r trunk.Roll, whose string) {
	t.Helper()
	r, err := s.TakeRegistrations(t.Context(), node, trunks)
	ok(t, err)
	return r, names(r.All, func(r trunk.Registration) string { return r.Trunk + "=" + r.Node })
}

// registrationsShared: one node has a trunk's registration, and what it writes down is read by the others. When it is dead, or
// gives it back, another has it.
func registrationsShared(t *testing.T, s Store, reopen func() Store) {
	_, err := s.TakeRegistrations(t.Context(), "a", []string{"ntt"})
	is(t, err, dispatch.ErrNotMine)
	a := join(t, s, "a")
	begun := time.Now()
	alone, whose := signs(t, s, "a", "ntt", "kddi")
	same(t, "alone", whose, "[kddi=a ntt=a]")
	if alone.Others != 0 || alone.Sure.Before(begun) || alone.Sure.After(time.Now().Add(lease)) {
		t.Errorf("%d others, sure for %v", alone.Others, alone.Sure.Sub(begun))
	}
	b := join(t, s, "b")
	both, whose := signs(t, s, "b", "ntt", "own")
	same(t, "beside a living node", whose, "[kddi=a ntt=a own=b]")
	same(t, "others", both.Others, 1)

	stands := trunk.Registration{
		Trunk: "ntt", Node: "a", Contact: "<sip:050@192.0.2.1:5060;line=x>", Routes: []string{"<sip:edge.example;lr>", "<sip:core.example;lr>"},
		State: "registered", Why: "why", Remedy: "remedy", Since: Base, Until: Base.Add(time.Hour),
	}
	ok(t, s.KeepRegistration(t.Context(), stands))
	both, _ = signs(t, s, "b", "ntt")
	same(t, "as another node reads it", both.All[1], stands)
	theirs := stands
	theirs.Node = "b"
	is(t, s.KeepRegistration(t.Context(), theirs), dispatch.ErrNotMine)
	ok(t, s.GiveRegistration(t.Context(), theirs)) // it is not b's to give
	_, whose = signs(t, s, "b", "ntt")
	same(t, "after b gave what it had not", whose, "[kddi=a ntt=a own=b]")

	// a dies: b has what it wants, and knows what a told the carrier.
	ok(t, s.Leave(t.Context(), "a", a))
	_, whose = signs(t, s, "b")
	same(t, "of the dead, before anybody wants them", whose, "[own=b]")
	both, whose = signs(t, s, "b", "ntt")
	same(t, "after a's death", whose, "[ntt=b own=b]")
	if got := both.All[0]; got.Contact != stands.Contact || !slices.Equal(got.Routes, stands.Routes) || got.State != "" || !got.Until.IsZero() {
		t.Errorf("taken over as %+v", got)
	}
	is(t, s.KeepRegistration(t.Context(), stands), dispatch.ErrNotMine)
	_, err = s.TakeRegistrations(t.Context(), "a", []string{"ntt"})
	is(t, err, dispatch.ErrNotMine)

	// b gives both back, one with what the carrier has still.
	for _, r := range []trunk.Registration{{Trunk: "ntt", Node: "b"}, {Trunk: "own", Node: "b", Contact: "<sip:b>"}, {Trunk: "unknown", Node: "b"}} {
		ok(t, s.GiveRegistration(t.Context(), r))
	}
	_, whose = signs(t, s, "b")
	same(t, "given back", whose, "[]")
	a = join(t, s, "a")
	back, whose := signs(t, s, "a", "ntt", "own")
	same(t, "taken by another", whose, "[ntt=a own=a]")
	same(t, "the contact of who signed off", back.All[0].Contact, "")
	same(t, "the contact of who could not", back.All[1].Contact, "<sip:b>")
	ok(t, s.KeepRegistration(t.Context(), stands))

	// The next life of a node has what the last one had, at once.
	s = reopen()
	again := join(t, s, "a")
	if again <= a || again <= b {
		t.Fatalf("fence %d after %d and %d", again, a, b)
	}
	back, whose = signs(t, s, "a", "ntt")
	same(t, "after a restart", whose, "[ntt=a]")
	same(t, "the contact of the earlier life", back.All[0].Contact, stands.Contact)
	ok(t, s.KeepRegistration(t.Context(), stands))
}

// registrationTakenAtOnce: nodes that find a dead one's registrations in the same moment agree on whose each is.
func registrationTakenAtOnce(t *testing.T, s Store, _ func() Store) {
	var trunks, nodes []string
	for n := range 10 {
		trunks = append(trunks, fmt.Sprint("trunk-", n))
	}
	dead := join(t, s, "dead")
	signs(t, s, "dead", trunks...)
	for n := range 4 {
		nodes = append(nodes, fmt.Sprint("node-", n))
		join(t, s, nodes[n])
	}
	ok(t, s.Leave(t.Context(), "dead", dead))
	var taking sync.WaitGroup
	for i, node := range nodes {
		taking.Go(func() {
			for k := range trunks {
				if _, err := s.TakeRegistrations(t.Context(), node, trunks[(k+3*i)%len(trunks):]); err != nil {
					t.Errorf("%s: %v", node, err)
				}
			}
		})
	}
	taking.Wait()
	_, first := signs(t, s, nodes[0], trunks...)
	for _, node := range nodes[1:] {
		_, whose := signs(t, s, node, trunks...)
		same(t, "what "+node+" knows", whose, first)
	}
	r, _ := signs(t, s, nodes[0])
	same(t, "registrations", len(r.All), len(trunks))
}
