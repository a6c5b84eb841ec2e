package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/media/mediatest"
)

// twilio sends a request of Twilio's API and reads its answer.
func (s *server) twilio(method, path string, form url.Values) (status int, body []byte) {
	s.t.Helper()
	r, err := http.NewRequest(method, s.url("/2010-04-01/Accounts/"+s.account()+path), strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.SetBasicAuth(s.account(), s.token())
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer reply.Body.Close()
	if body, err = io.ReadAll(reply.Body); err != nil {
		s.t.Fatal(err)
	}
	return reply.StatusCode, body
}

// resource is a Twilio resource that has to be there.
func (s *server) resource(method, path string, form url.Values) (v map[string]any) {
	s.t.Helper()
	status, body := s.twilio(method, path, form)
	if err := json.Unmarshal(body, &v); err != nil || status >= 300 {
		s.t.Fatalf("%s %s: %d %s", method, path, status, body)
	}
	return v
}

// becomes waits until a resource is as it should be.
func (s *server) becomes(path string, is func(v map[string]any) bool) {
	s.t.Helper()
	var v map[string]any
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if v = s.resource("GET", path, nil); is(v) {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("%s stays %v", path, v)
		}
	}
}

// Two real telephones are called into a conference, which is recorded, and so is one of the calls, with what it says
// beside what it hears. The recordings are fetched as their owner would.
func TestTwoTelephonesInARecordedConference(t *testing.T) {
	if _, err := exec.LookPath("baresip"); err != nil {
		t.Skip("skipped: baresip is not installed")
	}
	s := serve(t)
	low, high := newPhone(t, hum(440)...), newPhone(t, hum(880)...)
	var room, recorded string
	for _, p := range []*phone{low, high} {
		made := s.resource("POST", "/Conferences/war%20room/Participants.json", url.Values{
			"From": {"kaden"}, "To": {p.address()}, "Beep": {"false"}, "WaitUrl": {""}, "ConferenceRecord": {"record-from-start"},
		})
		room = made["conference_sid"].(string)
		p.rings()
		p.picksUp()
		if p == low {
			call := made["call_sid"].(string)
			s.becomes("/Calls/"+call+".json", func(v map[string]any) bool { return v["status"] == "in-progress" })
			recorded = "/Calls/" + call + "/Recordings/" + s.resource("POST", "/Calls/"+call+"/Recordings.json", url.Values{"RecordingChannels": {"dual"}})["sid"].(string)
		}
	}
	time.Sleep(3 * time.Second)
	if c := s.resource("GET", "/Conferences/"+room+".json", nil); c["status"] != "in-progress" {
		t.Fatalf("the conference is %v", c)
	}
	s.resource("POST", "/Conferences/"+room+".json", url.Values{"Status": {"completed"}})
	low.sees("CALL_CLOSED")
	high.sees("CALL_CLOSED")
	list := "/Conferences/" + room + "/Recordings.json"
	s.becomes(list, func(v map[string]any) bool {
		all := v["recordings"].([]any)
		return len(all) == 1 && all[0].(map[string]any)["status"] == "completed"
	})
	s.becomes(recorded+".json", func(v map[string]any) bool { return v["status"] == "completed" })
	one := s.resource("GET", list, nil)["recordings"].([]any)[0].(map[string]any)
	both := s.sound("/Recordings/" + one["sid"].(string) + ".wav")
	if len(both) != 1 {
		t.Fatalf("the conference has %d channels", len(both))
	}
	sides := s.sound(recorded + ".wav")
	if len(sides) != 2 {
		t.Fatalf("the call has %d channels", len(sides))
	}
	for _, c := range []struct {
		what      string
		sound     []int16
		low, high bool
	}{{"the conference", both[0], true, true}, {"what it says", sides[0], true, false}, {"what it hears", sides[1], false, true}} {
		end := c.sound[len(c.sound)-2*media.Rate : len(c.sound)-media.Rate/2]
		if a, b := mediatest.Level(end, 440), mediatest.Level(end, 880); (a > -30) != c.low || (b > -30) != c.high {
			t.Errorf("%s: %.1f dBFS at 440 Hz, %.1f at 880 Hz", c.what, a, b)
		}
	}
}

// sound are the channels of a recording.
func (s *server) sound(path string) [][]int16 {
	s.t.Helper()
	status, wav := s.twilio("GET", path, nil)
	if status != http.StatusOK {
		s.t.Fatalf("%s: %d %s", path, status, fmt.Sprintf("%.100s", wav))
	}
	return mediatest.Channels(wav)
}
