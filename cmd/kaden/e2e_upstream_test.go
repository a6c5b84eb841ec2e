package main_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// far is a kaden with a trunk to an exchange, to which another kaden hands its calls.
func far(t *testing.T, x *exchange) *server {
	t.Helper()
	return farAt(t, x.addr())
}

// near is a kaden without a trunk of its own, whose calls go over another one.
func near(t *testing.T, up *server, options ...option) *server {
	t.Helper()
	s := behind(t, up, options...)
	s.apply(sato, suzukiAway)
	return s
}

func upstreamDoc(up *server) string {
	return "upstream: far\nurl: " + up.url("") + "\naccount: " + up.account() + "\ntoken: env:FAR_TOKEN\nfrom: \"+815087654321\""
}

// suzukiAway is somebody behind the exchange, as sato is.
const suzukiAway = "person: suzuki\nlanguage: en-US\ncontacts: [\"tel:+819022222222\"]"

const (
	satoNumber   = "+819011111111"
	suzukiNumber = "+819022222222"
)

// away makes the habits of two people: the first one's, and somebody who takes it.
func away(first habit) func(string, int) habit {
	return func(user string, _ int) habit {
		if strings.HasSuffix(user, "9011111111") {
			return first
		}
		return takesIt("", 0)
	}
}

// A person is called over another kaden, listens, and presses 1; what is said and what is pressed goes over the
// public URL, signed.
func TestAnotherKadenCarriesTheCall(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, takesIt)
	up := far(t, x)
	s := near(t, up)
	if got := s.command("", "trunk", "check", "far"); got.code != 0 || !strings.Contains(got.out, "ok    credentials") || !strings.Contains(got.out, "ok    callbacks") {
		t.Errorf("kaden trunk check: exit %d\n%s%s", got.code, got.out, got.err)
	}
	if got := s.command("", "trunk", "check", "far", "--call", suzukiNumber); got.code != 0 || !strings.Contains(got.out, "it was answered") {
		t.Errorf("kaden trunk check --call: exit %d\n%s%s", got.code, got.out, got.err)
	}
	s.apply(satoOnly)
	id := s.alarm("disk full on db01")
	s.until(id, timeline.AlertAcknowledged, "sato")
	n := s.night(id)
	for _, kind := range []timeline.Kind{timeline.AttemptRinging, timeline.AttemptAnswered, timeline.AttemptConfirmed} {
		if n.count(kind, "sato") != 1 {
			t.Errorf("%s %d times:\n%s", kind, n.count(kind, "sato"), n)
		}
	}
	if len(x.calledAt(satoNumber)) != 1 {
		t.Errorf("the phone rang %d times", len(x.calledAt(satoNumber)))
	}
	eventually(t, patience, "no call is left at the exchange", func() bool { return len(x.open()) == 0 })
	eventually(t, patience, "both kadens know that the call is over", func() bool {
		return s.ordered(n.Attempts[0].Call) == "completed"
	})
	log := tail(s.log.Name(), 1<<22)
	for _, bad := range []string{"callbacks of the upstream do not arrive", "did not sign", up.token(), "9011111111"} {
		if strings.Contains(log, bad) {
			t.Errorf("the log says %q", bad)
		}
	}
}

// The ends of calls mean the same as on a line of our own: the next person rings.
func TestEndsOfCallsOverAnotherKaden(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	for _, c := range []struct {
		name string
		does habit
		want timeline.Kind
	}{
		{"busy", habit{refuse: "486 Busy Here"}, timeline.AttemptBusy},
		{"refused", habit{refuse: "603 Decline"}, timeline.AttemptRejected},
		{"switched off", habit{refuse: "480 Temporarily Unavailable"}, timeline.AttemptUnreachable},
		{"no such number", habit{refuse: "404 Not Found"}, timeline.AttemptInvalid},
		{"nobody comes", habit{}, timeline.AttemptNoAnswer},
		{"listens and hangs up", habit{answer: 100 * time.Millisecond, hangUp: 500 * time.Millisecond}, timeline.AttemptNotConfirmed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			x := newExchange(t, away(c.does))
			s := near(t, far(t, x))
			s.apply(strings.Replace(inTurn, "ring: 2s", "ring: 5s", 1))
			id := s.alarm("disk full on db01")
			s.until(id, timeline.AlertAcknowledged, "suzuki")
			if n := s.night(id); n.count(c.want, "sato") != 1 || len(x.calledAt(suzukiNumber)) != 1 {
				t.Errorf("sato's call did not end as %s:\n%s", c.want, n)
			}
			eventually(t, patience, "no call is left at the exchange", func() bool { return len(x.open()) == 0 })
		})
	}
}

// Our own line is down: the call goes over the other kaden, and the person who was to be called is called.
func TestTheUpstreamStepsInForATrunk(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	full := newCarrier(t, "refuses-503", 0)
	x := newExchange(t, takesIt)
	s := near(t, far(t, x))
	s.apply(full.trunk(), satoOnly)
	id := s.alarm("disk full on db01")
	s.until(id, timeline.AlertAcknowledged, "sato")
	n := s.night(id)
	if n.count(timeline.AttemptFault, "") != 0 || n.count(timeline.CalloutStalled, "") != 0 {
		t.Errorf("a turn was burnt:\n%s", n)
	}
	refused := full.said("SIP/2.0 503")
	if len(refused) != 1 {
		t.Fatalf("the trunk refused %d times", len(refused))
	}
	if late := x.calledAt(satoNumber)[0].Sub(refused[0].at); late > time.Second {
		t.Errorf("the phone was called %v after the trunk's 503, want under 1 s", late)
	}
}

// Without a public URL the person is called all the same, where the answer is enough.
func TestAnotherKadenThatCannotReachUs(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, func(string, int) habit { return habit{answer: 200 * time.Millisecond} })
	up := far(t, x)
	s := newServer(t, withEnv("FAR_TOKEN="+up.token()))
	s.start()
	s.ready()
	s.apply(upstreamDoc(up), sato)
	plan := "plan: default\nfrom: { far: \"+815087654321\" }\nsteps:\n  - call: [sato]\n    rounds: 1\n"
	got := s.command(plan, "apply", "-f", "-")
	if got.code != 1 || !strings.Contains(got.err, "nobody could ever confirm") {
		t.Errorf("a plan that nobody could confirm was taken: exit %d\n%s%s", got.code, got.out, got.err)
	}
	s.apply(plan + "confirm: none")
	id := s.alarm("disk full on db01")
	s.until(id, timeline.AlertAcknowledged, "sato")
	eventually(t, patience, "the message is said and the call is over", func() bool { return len(x.open()) == 0 })
	if hows := x.hows(); !strings.Contains(hows, "hung up") {
		t.Errorf("calls at the exchange: %s", hows)
	}

	// The same where it steps in for a trunk of ours.
	full := newCarrier(t, "refuses-503", 0)
	s.apply(full.trunk(), strings.Replace(plan, "from: {", "from: { carrier: \"+815012345678\",", 1)+"confirm: none")
	id = s.alarm("disk full on db02")
	s.until(id, timeline.AlertAcknowledged, "sato")
	if len(full.said("SIP/2.0 503")) != 1 || len(x.calledAt(satoNumber)) != 2 {
		t.Errorf("the trunk refused %d times and the phone was called %d times", len(full.said("SIP/2.0 503")), len(x.calledAt(satoNumber)))
	}
}

// We are killed while the phone rings over the other kaden: it rings on, and whoever answers it after that takes the
// alert. Nobody is called a second time.
func TestKilledWhileTheOtherKadenRings(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, func(string, int) habit { return habit{answer: 5 * time.Second, press: "1", after: time.Second} })
	s := near(t, far(t, x))
	s.apply(strings.Replace(satoOnly, "ring: 5s", "ring: 60s", 1))
	id := s.alarm("disk full on db01")
	s.until(id, timeline.AttemptRinging, "sato")
	s.kill()
	s.start()
	s.ready()
	s.until(id, timeline.AlertAcknowledged, "sato")
	if called := len(x.calledAt(satoNumber)); called != 1 {
		t.Errorf("the phone rang %d times, want the one call that went on", called)
	}
	n := s.night(id)
	if n.count(timeline.AttemptLost, "") != 0 || n.count(timeline.CalloutResumed, "sato") != 1 || len(n.Attempts) != 1 {
		t.Errorf("the call did not go on:\n%s", n)
	}
	eventually(t, patience, "no call is left at the exchange", func() bool { return len(x.open()) == 0 })
	eventually(t, patience, "both kadens know that the call is over", func() bool { return s.ordered(n.Attempts[0].Call) == "completed" })
}

// We are killed while a person listens over the other kaden: they press 1 after we are back, and that counts.
func TestKilledWhileAPersonListensOverTheOtherKaden(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, func(string, int) habit {
		return habit{answer: 200 * time.Millisecond, press: "1", after: 6 * time.Second}
	})
	up := far(t, x)
	s := near(t, up)
	s.apply(satoOnly)
	id := s.alarm("disk full on db01. The free space of the volume that holds the journal of the database is below one percent")
	s.until(id, timeline.AttemptAnswered, "sato")
	eventually(t, patience, "the other kaden has the script", func() bool {
		return strings.Contains(tail(up.log.Name(), 1<<20), "status=200")
	})
	s.kill()
	s.start()
	s.ready()
	s.until(id, timeline.AlertAcknowledged, "sato")
	n := s.night(id)
	if called := len(x.calledAt(satoNumber)); called != 1 || len(n.Attempts) != 1 || n.count(timeline.AttemptLost, "") != 0 {
		t.Errorf("the phone rang %d times:\n%s", called, n)
	}
	if n.count(timeline.AttemptAnswered, "sato") != 1 || n.count(timeline.AttemptConfirmed, "sato") != 1 {
		t.Errorf("answered or confirmed more than once:\n%s", n)
	}
	eventually(t, patience, "no call is left at the exchange", func() bool { return len(x.open()) == 0 })
}

// We are killed just when a person has confirmed: nobody is called after that, and no call is left.
func TestKilledAfterTheConfirmation(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, takesIt)
	s := near(t, far(t, x))
	s.apply(satoOnly)
	id := s.alarm("disk full on db01")
	s.until(id, timeline.AttemptConfirmed, "sato")
	s.kill()
	s.start()
	s.ready()
	eventually(t, patience, "no call is left at the exchange", func() bool { return len(x.open()) == 0 })
	if happens(t, 3*time.Second, func() bool { return len(x.calledAt(satoNumber)) > 1 }) {
		t.Error("somebody was called after a confirmation that was committed")
	}
	if n := s.night(id); n.Status != "acknowledged" || n.By != "sato" {
		t.Errorf("the alert is %s by %s", n.Status, n.By)
	}
}

// The other kaden is killed while the phone rings, and comes back: no ghost is left, and somebody takes it.
func TestTheOtherKadenIsKilled(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	for _, back := range []bool{true, false} {
		name := "for good, and suzuki has a line of our own"
		if back {
			name = "and comes back"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newExchange(t, func(user string, nth int) habit {
				if nth == 0 && strings.HasSuffix(user, "9011111111") {
					return habit{}
				}
				return takesIt("", 0)
			})
			up := far(t, x)
			s := near(t, up)
			if !back {
				s.apply(suzukiAt(x))
			}
			s.apply(strings.Replace(strings.Replace(inTurn, "ring: 2s", "ring: 30s", 1), "rounds: 1", "rounds: 3\n    gap: 1s", 1))
			id := s.alarm("disk full on db01")
			s.until(id, timeline.AttemptRinging, "sato")
			up.kill()
			if back {
				up.start()
				up.ready()
			}
			s.until(id, timeline.AlertAcknowledged, "")
			if n := s.night(id); n.count(timeline.AttemptFault, "sato") == 0 || n.count(timeline.AttemptUnreachable, "") > 0 {
				t.Errorf("that the other kaden died was held against a person:\n%s", n)
			}
			if back {
				eventually(t, patience, "no call is left at the exchange", func() bool { return len(x.open()) == 0 })
			}
		})
	}
}

// Either side, or both, are killed at random moments of calls under way. Each alert is taken in the end, nobody is called
// after a confirmation that was committed, and no call is left at the exchange.
func TestEitherKadenIsKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	r := seed(t)
	x := newExchange(t, takesIt)
	up := far(t, x)
	s := near(t, up)
	times := max(1, kills(t, 48)/12) // each is a call of its own from its beginning to its end
	for i := range times {
		// Nobody is called more than twelve times within an hour, whatever is killed: three alerts each.
		who, number := fmt.Sprintf("sato%d", i/3), fmt.Sprintf("+819011%06d", i/3)
		if i%3 == 0 {
			s.apply("person: "+who+"\nlanguage: en-US\ncontacts: [\"tel:"+number+"\"]",
				"plan: default\nsteps:\n  - call: ["+who+"]\n    ring: 5s\n    rounds: forever\n    gap: 1s\ndeadline: 10m\n")
		}
		id := s.alarm(fmt.Sprintf("alert %d", i))
		victims := [][]*server{{s}, {up}, {s, up}}[i%3]
		time.Sleep(time.Duration(r.IntN(3500)) * time.Millisecond)
		for _, v := range victims {
			v.kill()
		}
		for _, v := range victims {
			v.start()
		}
		for _, v := range victims {
			v.ready()
		}
		e := s.until(id, timeline.AlertAcknowledged, who)
		eventually(t, patience, "no call is left at the exchange", func() bool { return len(x.open()) == 0 })
		called := x.calledAt(number)
		if last := called[len(called)-1]; last.After(e.At.Add(10 * time.Millisecond)) {
			t.Errorf("alert %d: the phone was called %v after it was taken:\n%s", i, last.Sub(e.At), s.night(id))
		}
		// Else they are asked after fifteen minutes whether they are still on it.
		if got := s.command("", "alert", "resolve", id); got.code != 0 {
			t.Fatalf("kaden alert resolve: %+v", got)
		}
	}
	if n := len(x.book()); n > 3*times {
		t.Errorf("the phone was called %d times", n)
	}
	attempts := 0
	for _, n := range s.nights() {
		attempts += len(n.Attempts)
	}
	if called := len(x.book()); called > attempts {
		t.Errorf("the phone was called %d times for %d attempts: one had two calls", called, attempts)
	}
}

// Who takes it over the other kaden leaves a word: what was recorded there is brought home, and deleted there.
func TestAWordIsLeftOverTheOtherKaden(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, func(string, int) habit {
		return habit{answer: 200 * time.Millisecond, press: "1", after: 1500 * time.Millisecond, word: true}
	})
	up := far(t, x)
	s := near(t, up)
	s.apply(upstreamDoc(up)+"\ndelete-recordings: true", satoOnly)
	id := s.alarm("disk full on db01")
	s.until(id, timeline.AlertAcknowledged, "sato")
	s.until(id, timeline.CalloutSpoke, "sato")
	status, list := s.message("GET", "/Recordings.json", nil)
	all, _ := list["recordings"].([]any)
	if status != 200 || len(all) != 1 {
		t.Fatalf("recordings here: %d %v", status, list)
	}
	one := all[0].(map[string]any)
	if one["call_sid"] != s.night(id).Attempts[0].Call || one["duration"] == "0" {
		t.Errorf("the recording: %v", one)
	}
	eventually(t, patience, "nothing is left there", func() bool {
		_, list := up.message("GET", "/Recordings.json", nil)
		all, _ := list["recordings"].([]any)
		return len(all) == 0
	})
	eventually(t, patience, "no call is left at the exchange", func() bool { return len(x.open()) == 0 })
}

// Whoever is not our upstream can neither read a script nor say how a call goes.
func TestNobodyElseSpeaksForTheOtherKaden(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, func(string, int) habit { return habit{} })
	s := near(t, far(t, x))
	s.apply(strings.Replace(satoOnly, "ring: 5s", "ring: 30s", 1))
	id := s.alarm("disk full on db01")
	s.until(id, timeline.AttemptRinging, "sato")
	attempt := s.night(id).Attempts[0].ID
	if status := postForm(t, s.url("/upstream/far/"+attempt+"/0123456789abcdef0123456789abcdef"), url.Values{"CallStatus": {"completed"}}); status != 404 {
		t.Errorf("a callback with a guessed token was answered %d", status)
	}
	if status := postForm(t, s.url("/callouts/"+attempt+"/0123456789abcdef0123456789abcdef/key"), url.Values{"Digits": {"1"}}); status != 403 {
		t.Errorf("a key that nobody signed was answered %d", status)
	}
	if n := s.night(id); n.Status != "stored" {
		t.Errorf("the alert is %s", n.Status)
	}
}

// postForm posts a form that nobody signed.
func postForm(t *testing.T, where string, v url.Values) int {
	t.Helper()
	resp, err := http.PostForm(where, v)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}
