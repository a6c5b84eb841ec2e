package main_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// recipes starts a server with the documents of docs/examples/bins.yaml as they are, a way out to an exchange, and
// numbers for the two bins that have none.
func recipes(t *testing.T, w wayOut, habits func(user string, nth int) habit) (*server, *exchange, *phone) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "examples", "bins.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	x := newExchange(t, func(user string, nth int) habit { return habits(user[max(0, len(user)-10):], nth) })
	s := w.serve(t, x.addr())
	s.apply(string(text), "number: together\nbin: together", "number: in-turn\nbin: in-turn")
	return s, x, newPhone(t, hum(700)...)
}

// The people of the recipes.
const firstOfThree, secondOfThree, thirdOfThree = "9011111111", "9022222222", "9033333333"

// ended waits until no call is left at the exchange, and tells how those to somebody ended.
func (x *exchange) ended(user string) string {
	x.t.Helper()
	eventually(x.t, patience, "no call is left at the exchange", func() bool { return len(x.open()) == 0 })
	x.mu.Lock()
	defer x.mu.Unlock()
	var hows []string
	for _, d := range x.calls {
		if strings.HasSuffix(d.user, user) {
			hows = append(hows, d.how)
		}
	}
	return strings.Join(hows, ", ")
}

func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %s, want %s", what, got, want)
	}
}

// All ring at once. A mailbox that picks up takes nothing from the person who presses the key.
func TestTheRecipeTogether(t *testing.T) {
	overEachWayOut(t, func(t *testing.T, w wayOut) {
		s, x, caller := recipes(t, w, func(user string, _ int) habit {
			switch user {
			case firstOfThree: // a mailbox
				return habit{ring: 10 * time.Millisecond, answer: 50 * time.Millisecond}
			case secondOfThree:
				return habit{ring: 10 * time.Millisecond, answer: time.Second, press: "1", after: 3 * time.Second}
			}
			return habit{}
		})
		caller.does("dial", "sip:together@"+local(s.sip))
		caller.sees("CALL_ESTABLISHED")
		eventually(t, patience, "all three are called", func() bool { return len(x.open()) == 3 })
		eventually(t, patience, "the others are left alone", func() bool { return len(x.open()) == 1 })
		caller.does("hangup", "")
		same(t, "the mailbox", x.ended(firstOfThree), "hung up")
		same(t, "who pressed the key", x.ended(secondOfThree), "hung up")
		same(t, "who did not come", x.ended(thirdOfThree), "cancelled")
		same(t, "the calls", s.calls(), "inbound completed, outbound-dial canceled, outbound-dial completed, outbound-dial completed")
	})
}

// One after the other: who is busy, who does not come within the timeout, who answers.
func TestTheRecipeInTurn(t *testing.T) {
	overEachWayOut(t, func(t *testing.T, w wayOut) {
		s, x, caller := recipes(t, w, func(user string, _ int) habit {
			switch user {
			case firstOfThree:
				return habit{refuse: "486 Busy Here"}
			case thirdOfThree:
				return habit{ring: 10 * time.Millisecond, answer: 500 * time.Millisecond, hangUp: 2 * time.Second}
			}
			return habit{}
		})
		caller.does("dial", "sip:in-turn@"+local(s.sip))
		caller.sees("CALL_CLOSED")
		same(t, "who is busy", x.ended(firstOfThree), "486 Busy Here")
		same(t, "who does not come", x.ended(secondOfThree), "cancelled")
		same(t, "who answers", x.ended(thirdOfThree), "the subscriber hung up")
		rang := x.calls[2].begun.Sub(x.calls[1].begun)
		if rang < 19*time.Second || rang > 23*time.Second {
			t.Errorf("the second rang %v, want 20 s", rang)
		}
		same(t, "the calls", s.calls(), "inbound completed, outbound-dial busy, outbound-dial completed, outbound-dial no-answer")
	})
}

// Until somebody answers: the last number is our own, whose bin begins again without leaving the house.
func TestTheRecipeLoop(t *testing.T) {
	overEachWayOut(t, func(t *testing.T, w wayOut) {
		s, x, caller := recipes(t, w, func(user string, nth int) habit {
			if user == secondOfThree && nth == 2 {
				return habit{ring: 10 * time.Millisecond, answer: 500 * time.Millisecond, hangUp: 2 * time.Second}
			}
			return habit{refuse: "486 Busy Here"}
		})
		caller.does("dial", "sip:+815012345678@"+local(s.sip))
		caller.sees("CALL_CLOSED")
		same(t, "the first", x.ended(firstOfThree), "486 Busy Here, 486 Busy Here, 486 Busy Here")
		same(t, "the second", x.ended(secondOfThree), "486 Busy Here, 486 Busy Here, the subscriber hung up")
		same(t, "our own number at the exchange", x.ended("5012345678"), "")
	})
}

// calls are all calls of the server, each with direction and status, sorted.
func (s *server) calls() string {
	s.t.Helper()
	var list struct {
		Calls []struct{ Direction, Status string }
	}
	var all string
	eventually(s.t, patience, "every call is over", func() bool {
		q, _ := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url("/2010-04-01/Accounts/"+s.account()+"/Calls.json"), nil)
		q.SetBasicAuth(s.account(), s.token())
		r, err := http.DefaultClient.Do(q)
		if err != nil {
			s.t.Fatal(err)
		}
		defer r.Body.Close()
		if err := json.NewDecoder(r.Body).Decode(&list); err != nil {
			s.t.Fatal(err)
		}
		var lines []string
		for _, c := range list.Calls {
			lines = append(lines, c.Direction+" "+c.Status)
		}
		slices.Sort(lines)
		all = strings.Join(lines, ", ")
		return !strings.Contains(all, "in-progress") && !strings.Contains(all, "ringing") && !strings.Contains(all, "queued")
	})
	return all
}
