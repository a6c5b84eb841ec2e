package main_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kaden-project/kaden/store/storetest"
	"github.com/kaden-project/kaden/timeline"
)

// Two processes on one PostgreSQL: a carrier sees one kaden.

// company starts two processes on one PostgreSQL, a with the documents before b; each has a source of its own, whose
// plan is named like it.
func company(t *testing.T, documents []string, options ...option) (a, b *server) {
	t.Helper()
	options = append(options, withEnv("KADEN_DATABASE_URL="+storetest.Postgres(t)))
	a = serve(t, options...)
	a.apply(append(documents, "source: a\nkind: json\nkey: "+circleKey(1)+"\nplan: a\n", "source: b\nkind: json\nkey: "+circleKey(2)+"\nplan: b\n")...)
	b = newServer(t, options...)
	b.named("b")
	b.borrowKey(a)
	b.start()
	b.ready()
	return a, b
}

// alarmed sends an alert to a source, and returns the alert.
func (s *server) alarmed(source string, key int, title, severity string) string {
	s.t.Helper()
	id, status, err := s.post(s.url("/in/"+source+"/"+circleKey(key)), fmt.Sprintf(`{"title":%q,"severity":%q,"status":"firing","key":%q}`, title, severity, title))
	if err != nil || status != http.StatusAccepted {
		s.t.Fatalf("the alert was not taken: %d %v", status, err)
	}
	return id
}

func planOf(name string, people []string, more string) string {
	return "plan: " + name + "\nafter: 0s\nsteps:\n  - call: [" + strings.Join(people, ", ") + "]\n    rounds: 1\n" + more
}

// Each of two processes rings six people together over a trunk of three channels, of which one is kept for people who call
// back: the carrier never has a third call, and all of them are called. What is critical goes first, whichever process it
// waits in.
func TestTwoProcessesShareTheChannelsOfOneTrunk(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, func(string, int) habit { return habit{ring: 400 * time.Millisecond, refuse: "603 Decline"} })
	x.is(func() { x.room = 2 })
	names, documents := crew(15)
	a, b := company(t, append(documents, "trunk: line\nserver: "+x.addr()+"\nfrom: \"+815012345678\"\nchannels: 3",
		planOf("a", names[:6], ""), planOf("b", names[6:12], ""), planOf("late", names[12:], ""), "source: late\nkind: json\nkey: "+circleKey(3)+"\nplan: late\n"))
	a.alarmed("a", 1, "disk", "warning")
	b.alarmed("b", 2, "disk", "warning")
	eventually(t, patience, "the line is busy", func() bool { return len(x.left()) >= 2 })
	urgent := b.alarmed("late", 3, "database down", "critical")
	eventually(t, patience, "all are called", func() bool { return len(x.left()) >= 15 })
	calls := x.left()
	if hows := x.hows(); strings.Contains(hows, noRoom) {
		t.Errorf("the carrier refused a call for which it had no channel: %s", hows)
	}
	var order []string
	for _, d := range calls {
		order = append(order, member(d.user))
	}
	var at []int
	for _, name := range names[12:] {
		at = append(at, slices.Index(order, name))
	}
	slices.Sort(at)
	if at[2]-at[0] > 3 || at[2] > 12 { // one of the warnings' calls may have been on its way
		t.Errorf("the people of the critical alert are called as numbers %v: %q", at, order)
	}
	b.until(urgent, timeline.AttemptRejected, names[14])
	t.Logf("15 calls of two processes over 2 channels within %v: %q", calls[14].begun.Sub(calls[0].begun).Round(time.Millisecond), order)
}

// The process dies whose call has the only channel of a trunk. Another one waits for it: it ends the ghost at the carrier
// first, its own call is not refused for want of a channel, and whoever was called is called again.
func TestTheChannelOfADeadProcess(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, func(user string, nth int) habit {
		if strings.HasSuffix(user, "9011111111") && nth == 0 {
			return habit{} // rings on
		}
		return takesIt("", 0)
	})
	x.is(func() { x.room = 1 })
	a, b := company(t, []string{sato, suzukiAway, "trunk: line\nserver: " + x.addr() + "\nfrom: \"+815012345678\"\nchannels: 1",
		planOf("a", []string{"suzuki"}, ""), strings.Replace(planOf("b", []string{"sato"}, ""), "rounds: 1", "ring: 60s\n    rounds: 1", 1)})
	first := b.alarmed("b", 2, "disk full on db01", "critical")
	b.until(first, timeline.AttemptRinging, "sato")
	second := a.alarmed("a", 1, "disk full on db02", "critical")
	eventually(t, patience, "suzuki's call waits in the first place", func() bool {
		n := a.night(second)
		return len(n.Attempts) == 1 && n.Attempts[0].Place == 1
	})
	if happens(t, 2*time.Second, func() bool { return len(x.calledAt(suzukiNumber)) > 0 }) {
		t.Fatal("suzuki was called while the other process had the channel")
	}
	b.kill()
	died := time.Now()
	a.until(second, timeline.AlertAcknowledged, "suzuki")
	a.until(first, timeline.AlertAcknowledged, "sato")
	if hows := x.hows(); strings.Contains(hows, noRoom) || strings.Count(hows, "cancelled") != 1 {
		t.Errorf("calls at the exchange: %s", hows)
	}
	if got := len(x.calledAt(satoNumber)); got != 2 {
		t.Errorf("sato was called %d times", got)
	}
	t.Logf("the first call after the death left %v after it", x.left()[1].begun.Sub(died).Round(time.Millisecond))
}

// Calls that were ordered over the API die with their process as well: another one ends them at the exchange and closes
// their records.
func TestCallsOfTheAPIThatAnotherProcessHasLeft(t *testing.T) {
	t.Parallel()
	x := newExchange(t, func(string, int) habit { return habit{answer: 50 * time.Millisecond} })
	a, b := company(t, []string{planOf("a", []string{"sato"}, ""), planOf("b", []string{"sato"}, ""), sato})
	// The account and its token are the same for both.
	id := b.orderAs(a, url.Values{"To": {x.address("talks")}, "From": {"+815012345678"}, "Twiml": {`<Response><Pause length="120"/></Response>`}})
	eventually(t, patience, "it talks", func() bool { return a.ordered(id) == "in-progress" })
	b.kill()
	if open := x.open(); len(open) != 1 {
		t.Fatalf("open at the exchange: %v, want one", open)
	}
	eventually(t, patience, "the exchange is left without a call of ours", func() bool { return len(x.open()) == 0 })
	eventually(t, patience, "the record is closed", func() bool { return a.ordered(id) == "completed" })
}

// The process dies whose call rings over another kaden: the process that lives takes the call up. The phone is answered in
// between, when nobody has it: it waits for its script, hears it, and the key counts. Nobody is called a second time.
func TestACallOverAnotherKadenIsTakenUpByTheOtherProcess(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, func(string, int) habit { return habit{answer: 4 * time.Second, press: "1", after: 12 * time.Second} })
	up := far(t, x)
	var living atomic.Pointer[server]
	public := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		to, _ := url.Parse(living.Load().url(""))
		r.SetURL(to)
		r.Out.Host = r.In.Host
	}})
	t.Cleanup(public.Close)
	a, b := company(t, []string{upstreamDoc(up), sato, planOf("a", []string{"sato"}, ""),
		strings.Replace(planOf("b", []string{"sato"}, ""), "rounds: 1", "ring: 60s\n    rounds: 1", 1)},
		withEnv("KADEN_PUBLIC_URL="+public.URL, "FAR_TOKEN="+up.token()))
	living.Store(b)
	id := b.alarmed("b", 2, "disk full on db01", "critical")
	b.until(id, timeline.AttemptRinging, "sato")
	living.Store(a) // as a balancer does that finds b dead
	b.kill()
	a.until(id, timeline.CalloutResumed, "sato")
	a.until(id, timeline.AlertAcknowledged, "sato")
	n := a.night(id)
	if called := len(x.calledAt(satoNumber)); called != 1 || n.count(timeline.AttemptLost, "") != 0 || len(n.Attempts) != 1 {
		t.Errorf("the phone rang %d times:\n%s", called, n)
	}
	eventually(t, patience, "no call is left at the exchange", func() bool { return len(x.open()) == 0 })
	eventually(t, patience, "the record is closed", func() bool { return a.ordered(n.Attempts[0].Call) == "completed" })
}

// A month's budget knows what calls over another kaden cost: when it is used up, warnings ring nobody and what is critical
// does.
func TestABudgetKnowsCallsOverAnotherKaden(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, takesIt)
	up := far(t, x)
	s := near(t, up)
	s.apply(upstreamDoc(up)+"\nprices:\n  currency: JPY\n  calls:\n    - { to: mobile, price: 20, unit: 60s }\n",
		"budget: calls\namount: 20\ncurrency: JPY\nstop: true\n", "source: s\nkind: json\nkey: "+circleKey(1)+"\nplan: default\n", "plan: default\nafter: 0s\nsteps:\n  - call: [sato]\n    rounds: 1\n")
	first := s.alarmed("s", 1, "one", "critical")
	s.until(first, timeline.AlertAcknowledged, "sato")
	eventually(t, patience, "it is paid for", func() bool { return s.night(first).count(timeline.CallCharged, "") == 1 })
	warning := s.alarmed("s", 1, "two", "warning")
	s.until(warning, timeline.NoticeRaised, "")
	if n := s.night(warning); !strings.Contains(n.String(), "the month's budget is used up: 20 of 20 JPY") {
		t.Errorf("the warning:\n%s", n)
	}
	third := s.alarmed("s", 1, "three", "critical")
	s.until(third, timeline.AlertAcknowledged, "sato")
	if called := len(x.calledAt(satoNumber)); called != 2 {
		t.Errorf("the phone was called %d times, want twice, for what is critical", called)
	}
	if got := s.command("", "usage", "--by", "trunk"); got.code != 0 || !strings.Contains(got.out, "far") || !strings.Contains(got.out, "JPY") {
		t.Errorf("kaden usage: exit %d\n%s%s", got.code, got.out, got.err)
	}
}
