package main_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// Everything that people decide from outside, at the running server: the kill switch, the signed page, giving
// back, saying that it is over, a drill, and why nobody was called.
func TestANightIsDecidedFromOutside(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	s := serve(t)

	// The kill switch holds: the alert is taken in, and no phone rings.
	if got := s.command("", "hold", "--for", "5m", "--why", "calls gone wrong"); got.code != 0 || !strings.Contains(got.out, "nobody is rung until") {
		t.Fatalf("kaden hold: %+v", got)
	}
	alert := s.alarm("disk full on db01")
	s.until(alert, timeline.CalloutHalted, "")
	if got := s.command("", "why", alert); got.code != 0 || !strings.Contains(got.out, "kill switch") {
		t.Errorf("kaden why: %+v", got)
	}
	if n := s.night(alert); len(n.Attempts) != 0 {
		t.Errorf("somebody is rung under the kill switch: %s", n)
	}
	if got := s.command("", "hold", "off"); got.code != 0 {
		t.Fatalf("kaden hold off: %+v", got)
	}
	s.until(alert, timeline.AttemptRinging, "me")

	// Whoever has the link looks first, then takes it.
	var detail struct {
		Link string `json:"link"`
	}
	if err := s.get("/api/alerts/"+alert, &detail); err != nil {
		t.Fatal(err)
	}
	look := func() int {
		resp, err := http.Get(s.url(detail.Link))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if status := look(); status != http.StatusOK || s.night(alert).Status != "stored" {
		t.Errorf("the page answers %d, and the alert is %s", status, s.night(alert).Status)
	}
	resp, err := http.PostForm(s.url(detail.Link), url.Values{"do": {"take"}, "by": {"me"}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if n := s.night(alert); resp.StatusCode != http.StatusOK || n.Status != "acknowledged" || n.By != "me" {
		t.Errorf("taken by the link with %d: %s", resp.StatusCode, n)
	}

	// Given back, it rings again; then it is over, and so is the page.
	if got := s.command("", "alert", "release", alert, "--by", "me"); got.code != 0 || !strings.Contains(got.out, alert+" stored") {
		t.Errorf("kaden alert release: %+v", got)
	}
	eventually(t, patience, "the phone rings again", func() bool { return s.night(alert).count(timeline.AttemptRinging, "me") > 1 })
	if got := s.command("", "alert", "resolve", alert); got.code != 0 || !strings.Contains(got.out, alert+" resolved") {
		t.Errorf("kaden alert resolve: %+v", got)
	}
	if status := look(); status != http.StatusGone {
		t.Errorf("after it is over the page answers %d", status)
	}

	// A drill waits until nobody is on the phone for a real alert.
	var got said
	eventually(t, patience, "the drill begins and is taken", func() bool {
		got = s.command("", "drill", "default", "--force")
		return got.code == 0 || !strings.Contains(got.err, "real alert")
	})
	if got.code != 0 || !strings.Contains(got.out, "me       confirmed") || got.took > time.Minute {
		t.Errorf("kaden drill: exit %d after %v\n%s%s", got.code, got.took, got.out, got.err)
	}
}
