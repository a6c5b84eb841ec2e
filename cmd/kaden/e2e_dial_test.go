package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/kaden-project/kaden/media"
)

// hum is a tone of hz for a tenth of a second; hz is a multiple of 10, so that it can be repeated.
func hum(hz float64) []int16 {
	s := make([]int16, media.Rate/10)
	for i := range s {
		s[i] = int16(8000 * math.Sin(2*math.Pi*hz*float64(i)/media.Rate))
	}
	return s
}

// loudness is the amplitude of hz in the last second of a recording.
func loudness(samples []int16, hz float64) float64 {
	last := samples[max(0, len(samples)-media.Rate):]
	var re, im float64
	for i, v := range last {
		a := 2 * math.Pi * hz * float64(i) / media.Rate
		re += float64(v) * math.Cos(a)
		im += float64(v) * math.Sin(a)
	}
	return 2 * math.Hypot(re, im) / float64(max(1, len(last)))
}

// A caller, a bin on our own number, and two telephones that ring one after the other: the first does not
// answer, the second does, and the two hear each other and each other's keys.
func TestABinRingsTwoTelephonesAndJoinsTheSecond(t *testing.T) {
	t.Parallel()
	caller, first, second := newPhone(t, hum(700)...), newPhone(t), newPhone(t, hum(1300)...)
	s := serve(t)
	s.apply(fmt.Sprintf(`bin: night
twiml: |
  <Response>
    <Dial sequential="true" timeout="5" callerId="desk" hangupOnStar="true">
      <Sip>%s</Sip>
      <Sip>%s</Sip>
    </Dial>
    <Pause length="1"/>
  </Response>`, first.address(), second.address()), "number: desk\nbin: night")
	caller.does("dial", "sip:desk@"+local(s.sip))
	caller.sees("CALL_ESTABLISHED")
	first.rings()
	began := time.Now()
	second.rings()
	if rang := time.Since(began); rang < 4*time.Second || rang > 7*time.Second {
		t.Errorf("the first telephone rang %v, want 5 s", rang)
	}
	first.sees("CALL_CLOSED")
	second.picksUp()
	for _, c := range []struct {
		name string
		p    *phone
		hz   float64
	}{{"the caller hears the telephone", caller, 1300}, {"the telephone hears the caller", second, 700}} {
		eventually(t, patience, c.name, func() bool {
			return c.p.recording() != "" && len(c.p.recorded()) > media.Rate && loudness(c.p.recorded(), c.hz) > 3000
		})
	}
	caller.presses("5")
	second.sees("CALL_DTMF_START")
	caller.presses("*")
	second.sees("CALL_CLOSED")
	caller.sees("CALL_CLOSED")

	var calls struct {
		Calls []struct{ Direction, Status, Duration, To string }
	}
	eventually(t, patience, "all three calls are written down", func() bool {
		q, _ := http.NewRequest("GET", s.url("/2010-04-01/Accounts/"+s.account()+"/Calls.json"), nil)
		q.SetBasicAuth(s.account(), s.token())
		r, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		body, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(body, &calls); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		over := 0
		for _, c := range calls.Calls {
			if c.Status == "completed" || c.Status == "no-answer" {
				over++
			}
		}
		return over == 3
	})
	for i, want := range []string{"outbound-dial completed", "outbound-dial no-answer", "inbound completed"} {
		if c := calls.Calls[i]; c.Direction+" "+c.Status != want {
			t.Errorf("call %d is %s %s, want %s", i, c.Direction, c.Status, want)
		}
	}
}
