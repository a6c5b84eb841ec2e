package main_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// toldNight makes a nightlog of a story: a line is a second and what happened then.
//
//	1 dialing sato 1       attempt 1 is announced, and the exchange gets its INVITE at the same moment
//	2 dialing sato 1 mute  … the INVITE does not come
//	3 wire sato 7          an INVITE with this Call-ID, of which nothing is written
//	4 kill
//	5 ghost sato 1         the call of attempt 1 is left at the exchange
//	9 ends acknowledged by sato
func toldNight(t *testing.T, together bool, story string) nightlog {
	t.Helper()
	at := func(s string) time.Time {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatalf("%q is no second: %v", s, err)
		}
		return time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC).Add(time.Duration(v * float64(time.Second)))
	}
	n := night{ID: "al-1", Title: "disk full"}
	l := nightlog{accepted: []string{"al-1"}, pattern: func(night) pattern { return pattern{[]string{"sato", "suzuki", "tanaka"}, together} }}
	for line := range strings.SplitSeq(strings.TrimSpace(story), "\n") {
		w := strings.Fields(line)
		w = append(w, "", "", "")
		e := timeline.Event{Seq: int64(len(n.Events) + 1), At: at(w[0]), Alert: n.ID, Person: w[2]}
		switch w[1] {
		case "kill":
			l.kills = append(l.kills, e.At)
			continue
		case "wire":
			l.calls = append(l.calls, rung{user: w[2], callID: w[3], begun: e.At, how: "hung up"})
			continue
		case "ghost", "unacknowledged", "crowded":
			for i := range l.calls {
				if l.calls[i].callID == w[3] {
					l.calls[i].how = map[string]string{"ghost": "", "unacknowledged": givenUp, "crowded": noRoom}[w[1]]
				}
			}
			continue
		case "ends":
			n.Status, n.By = w[2], w[4]
			continue
		case "lapsed":
			e.Kind = timeline.CalloutLapsed
		case "checking":
			e.Kind = timeline.CalloutChecking
		case "acknowledged":
			e.Kind = timeline.AlertAcknowledged
		case "resolved", "exhausted":
			e.Kind, e.Person = timeline.Kind("alert."+w[1]), ""
		default:
			e.Kind, e.Attempt = timeline.Kind("attempt."+w[1]), w[3]
			if w[1] == "dialing" && w[4] != "mute" {
				l.calls = append(l.calls, rung{user: w[2], callID: w[3], begun: e.At, how: "hung up"})
			}
		}
		n.Events = append(n.Events, e)
	}
	l.alerts = []night{n}
	return l
}

const goodNight = `
1 dialing sato 1
2 answered sato 1
3 kill
4 lost sato 1
4 dialing sato 2
5 busy sato 2
5 dialing suzuki 3
8 confirmed suzuki 3
8 acknowledged
9 ends acknowledged by suzuki`

// A check that cannot fail proves nothing.
func TestTheCheckOfANightFindsWhatIsWrong(t *testing.T) {
	for _, tt := range []struct {
		name     string
		together bool
		story    string
		want     string // part of what is found; "" is nothing
	}{
		{"a good night", false, goodNight, ""},
		{"a good night, all at once", true, `
1 dialing sato 1
1 dialing suzuki 2
1 dialing tanaka 3
2 kill
3 lost sato 1
3 lost suzuki 2
3 lost tanaka 3
3 dialing sato 4
3 dialing suzuki 5
3 dialing tanaka 6
6 confirmed tanaka 6
6 acknowledged
6 canceled sato 4
6 canceled suzuki 5
9 ends acknowledged by tanaka`, ""},
		{"nobody there", false, `
1 dialing sato 1
2 busy sato 1
2 dialing suzuki 2
5 no-answer suzuki 2
5 dialing tanaka 3
9 no-answer tanaka 3
9 dialing sato 4
9 busy sato 4
9 ends exhausted`, ""},
		{"a listener of twelve seconds lets the next phone ring", false, `
1 dialing sato 1
2 answered sato 1
14 dialing suzuki 2
15 confirmed suzuki 2
15 acknowledged
15 canceled sato 1
19 ends acknowledged by suzuki`, ""},
		{"who has taken it is asked, does not answer, and the plan goes on", false, goodNight + `
60 checking
60 dialing suzuki 4
61 no-answer suzuki 4
62 lapsed
62 dialing tanaka 5
63 confirmed tanaka 5
63 acknowledged
99 ends acknowledged by tanaka`, ""},

		{"resolved once it was taken", false, strings.Replace(goodNight, "8 acknowledged", "8 acknowledged suzuki", 1) + "\n60 resolved\n61 ends resolved", ""},
		{"resolved before anybody took it", false, "1 dialing sato 1\n2 resolved\n3 canceled sato 1\n4 ends resolved", "resolved before anybody took it"},
		{"resolved, and rung all the same", false, strings.Replace(goodNight, "8 acknowledged", "8 acknowledged suzuki", 1) + "\n60 resolved\n61 checking\n62 dialing suzuki 4\n63 confirmed suzuki 4\n64 ends resolved", "suzuki was rung after it was resolved"},
		{"rung after it was taken", false, goodNight + "\n10 dialing tanaka 9\n11 canceled tanaka 9", "tanaka was rung after it was acknowledged"},
		{"rung on the wire after it was taken", false, strings.Replace(goodNight, "4 dialing sato 2", "4 dialing sato 2 mute", 1) + "\n12 wire sato 2", "and the alert had been taken at"},
		{"skipped", false, `
1 dialing sato 1
2 busy sato 1
2 dialing tanaka 2
3 confirmed tanaka 2
3 acknowledged
9 ends acknowledged by tanaka`, "tanaka was rung before suzuki had had their turn"},
		{"the next one rung although the first was only cut off", false, `
1 dialing sato 1
2 kill
3 lost sato 1
3 dialing suzuki 2
4 confirmed suzuki 2
4 acknowledged
9 ends acknowledged by suzuki`, "suzuki was rung before sato had had their turn"},
		{"exhausted too soon", false, `
1 dialing sato 1
2 busy sato 1
9 ends exhausted`, "suzuki has not had their turn"},
		{"never finished", false, "1 dialing sato 1\n9 ends stored", "it ends as stored"},
		{"an attempt without an end", false, strings.Replace(goodNight, "5 busy sato 2\n", "", 1), "attempt 2 to sato has no end"},
		{"one ring too many", false, strings.Replace(goodNight, "5 busy sato 2", "5 no-answer sato 2\n5 dialing sato 7\n5 no-answer sato 7", 1), "sato was rung 3 times, want 2 at most"},
		{"a call lost without a kill", false, strings.Replace(goodNight, "3 kill\n", "", 1), "no kill fell inside it"},
		{"two calls lost by one kill", false, strings.Replace(goodNight, "5 busy sato 2", "4.5 lost sato 2\n4.6 dialing sato 8\n5 busy sato 8", 1), "no kill fell inside it"},
		{"taken twice", false, goodNight + "\n9 acknowledged", "it was acknowledged twice"},
		{"taken by nobody", false, strings.Replace(goodNight, "8 confirmed suzuki 3", "8 not-confirmed suzuki 3", 1), "who did not confirm"},
		{"a confirmation that was forgotten", false, strings.Replace(goodNight, "8 acknowledged", "8.5 lost suzuki 3\n9 acknowledged", 1), "suzuki had confirmed, and then it was attempt.lost"},
		{"the same attempt twice", false, strings.Replace(goodNight, "5 dialing suzuki 3", "5 dialing suzuki 3 mute\n5.5 dialing suzuki 3", 1), "attempt 3 began twice"},
		{"somebody else is rung", false, goodNight + "\n7 dialing yamada 9\n7 busy yamada 9", "yamada was rung, who is not in the plan"},
		{"a ghost", false, goodNight + "\n9 ghost sato 1", "a call to sato from 02:00:01.000 is left at the exchange"},
		{"a second call on a line with one channel", false, goodNight + "\n9 crowded sato 2", "when the only channel was taken"},
		{"an answer without ACK", false, goodNight + "\n9 unacknowledged sato 1", "nobody acknowledged or ended it"},
		{"called before it was written", false, strings.Replace(goodNight, "1 dialing sato 1", "0.5 wire sato 1\n1 dialing sato 1 mute", 1), `the last that was written about them then was ""`},
		{"called twice for one attempt", false, goodNight + "\n1.5 wire sato 1", "sato was called twice for one attempt"},
		{"called more often than written", false, strings.Replace(goodNight, "5 busy sato 2", "4.2 wire sato 8\n5 busy sato 2", 1), "sato was called 3 times for 2 attempts"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wrong := toldNight(t, tt.together, tt.story).check()
			if tt.want == "" && len(wrong) > 0 {
				t.Errorf("nothing is wrong, and it says:\n%s", strings.Join(wrong, "\n"))
			}
			if !strings.Contains(strings.Join(wrong, "\n"), tt.want) {
				t.Errorf("it says\n%s\nwant %q", strings.Join(wrong, "\n"), tt.want)
			}
		})
	}
	t.Run("an alert that is gone", func(t *testing.T) {
		l := toldNight(t, false, goodNight)
		l.accepted = append(l.accepted, "al-2")
		if got := fmt.Sprint(l.check()); !strings.Contains(got, "al-2 was taken with 202 and is gone") {
			t.Error(got)
		}
	})
}
