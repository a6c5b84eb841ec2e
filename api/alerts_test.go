package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/api"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/timeline"
)

func TestATestAlertRingsAndIsTakenAtTheConsole(t *testing.T) {
	story(t, func(h *house) {
		made := post[api.TestAlert](h, http.StatusAccepted, "/api/alerts/test", `{"language": "ja"}`)
		order := h.rings()
		synctest.Wait()

		list := get[api.Alerts](h, "/api/alerts")
		if len(list.Alerts) != 1 || list.More {
			t.Fatalf("the list is %+v", list)
		}
		one := list.Alerts[0]
		if one.ID != made.Alert || one.Status != "stored" || !one.Test || !strings.Contains(one.Title, "テスト") || one.Severity != "critical" {
			t.Errorf("the alert is %+v", one)
		}
		if len(one.Now) != 1 || one.Now[0].Person != "sato" || one.Now[0].Status != "ringing" {
			t.Errorf("on the line: %+v", one.Now)
		}

		d := post[api.Detail](h, http.StatusOK, "/api/alerts/"+made.Alert+"/acknowledge", `{"by": "suzuki"}`)
		if d.Status != "acknowledged" || d.By != "suzuki" {
			t.Errorf("after taking it: %s by %s", d.Status, d.By)
		}
		synctest.Wait()
		d = get[api.Detail](h, "/api/alerts/"+made.Alert)
		if d.Plan == nil || d.Plan.Name != "default" || d.Plan.Status != "acknowledged" {
			t.Errorf("the plan is %+v", d.Plan)
		}
		if len(d.Attempts) != 1 || d.Attempts[0].Person != "sato" || d.Attempts[0].Status != "canceled" || !d.Attempts[0].Over || d.Attempts[0].Call != string(order.SID) || d.Attempts[0].Rang.IsZero() {
			t.Errorf("the attempts are %+v", d.Attempts)
		}
		if len(d.Now) != 0 {
			t.Errorf("still on the line: %+v", d.Now)
		}
		kinds := ""
		for _, e := range d.Events {
			kinds += string(e.Kind) + " "
		}
		for _, want := range []timeline.Kind{timeline.AlertStored, timeline.AttemptDialing, timeline.AttemptRinging, timeline.AlertAcknowledged, timeline.AttemptCanceled} {
			if !strings.Contains(kinds, string(want)) {
				t.Errorf("%s is not on the timeline: %s", want, kinds)
			}
		}
	})
}

func TestStoppingRingsNobodyAndSaysWhoDidIt(t *testing.T) {
	story(t, func(h *house) {
		made := post[api.TestAlert](h, http.StatusAccepted, "/api/alerts/test", "")
		h.rings()
		d := post[api.Detail](h, http.StatusOK, "/api/alerts/"+made.Alert+"/stop", "")
		if !d.Stopped || d.Plan.Status != "stopped" || d.Plan.By != "api" && d.By != "api" {
			t.Errorf("after the stop: %+v, %+v", d.Alert, d.Plan)
		}
		if all := get[api.Alerts](h, "/api/alerts").Alerts; len(all) != 1 || !all[0].Stopped {
			t.Errorf("in the list nobody sees that it was stopped: %+v", all)
		}
		for language, want := range map[string]string{"en": "Nobody has taken it.", "ja": "だれも引き受けていません"} {
			page := h.visit("GET", link(made.Alert), "", func(r *http.Request) { r.Header.Set("Accept-Language", language) }).Body.String()
			if !strings.Contains(page, want) || strings.Contains(page, `value="take"`) || !strings.Contains(page, `value="over"`) {
				t.Errorf("the signed page in %s: %s", language, page)
			}
		}
		time.Sleep(time.Hour)
		h.phones.mu.Lock()
		defer h.phones.mu.Unlock()
		if len(h.phones.orders) != 1 {
			t.Errorf("%d calls, want the one before the stop", len(h.phones.orders))
		}
	})
}

func TestAnsweredAndWaitedForIsShownWithItsMoments(t *testing.T) {
	story(t, func(h *house) {
		made := post[api.TestAlert](h, http.StatusAccepted, "/api/alerts/test", `{"title": "drill", "severity": "critical"}`)
		o := h.rings()
		time.Sleep(4 * time.Second)
		o.Heard(call.Event{At: time.Now(), Status: call.InProgress})
		synctest.Wait()
		h.traces = traces{o.SID: "INVITE ->"}
		d := get[api.Detail](h, "/api/alerts/"+made.Alert)
		a := d.Attempts[0]
		if a.Status != "answered" || a.Over || a.Answered.Sub(a.Rang) != 4*time.Second || !a.Traced {
			t.Errorf("the attempt is %+v", a)
		}
		if d.Now[0].Since != a.Answered || d.Plan.Due.IsZero() || !d.Plan.Active {
			t.Errorf("now %+v, plan %+v", d.Now, d.Plan)
		}
		for path, want := range map[string]string{"/ladder": "INVITE ->", "/pcap": "pcap of INVITE ->"} {
			if w := h.ask("GET", "/api/calls/"+string(o.SID)+path, ""); w.Code != 200 || w.Body.String() != want {
				t.Errorf("%s is %d %s", path, w.Code, w.Body)
			}
		}
	})
}

func TestTheListIsReadInPages(t *testing.T) {
	story(t, func(h *house) {
		for i := range 5 {
			_, err := h.d.Accept(h.Context(), alert.Delivery{ID: fmt.Sprint(i), Source: "json", Alerts: []alert.Alert{
				{Key: fmt.Sprint(i), Action: alert.Info, Title: fmt.Sprint("no ", i)}}})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		var titles []string
		for before := ""; ; {
			page := get[api.Alerts](h, "/api/alerts?limit=2&status=ignored,resolved&before="+before)
			for _, a := range page.Alerts {
				titles = append(titles, a.Title)
			}
			if !page.More {
				break
			}
			before = page.Alerts[len(page.Alerts)-1].ID
		}
		if got := strings.Join(titles, ", "); got != "no 4, no 3, no 2, no 1, no 0" {
			t.Errorf("the pages are %s", got)
		}
		if got := get[api.Alerts](h, "/api/alerts?status=stored"); len(got.Alerts) != 0 {
			t.Errorf("stored: %+v", got)
		}
		ignored := get[api.Alerts](h, "/api/alerts?limit=1").Alerts[0]
		h.refused(h.ask("POST", "/api/alerts/"+ignored.ID+"/acknowledge", ""), http.StatusConflict, "nobody is rung", "timeline says why")
	})
}

func TestAnAlertThatWaitsNamesItsMoment(t *testing.T) {
	story(t, func(h *house) {
		made := post[api.TestAlert](h, http.StatusAccepted, "/api/alerts/test", `{"severity": "warning", "source": "mackerel"}`)
		d := get[api.Detail](h, "/api/alerts/"+made.Alert)
		if d.Plan.Status != "waiting" || d.Plan.Due.Sub(d.Opened) != time.Minute || d.Source != "mackerel" || len(d.Attempts) != 0 {
			t.Errorf("a warning: %+v %+v", d.Alert, d.Plan)
		}
	})
}

func TestWhatIsWrongWithARequestIsSaid(t *testing.T) {
	story(t, func(h *house) {
		for _, tt := range []struct {
			name, method, path, body string
			status                   int
			words                    []string
		}{
			{"unknown alert", "GET", "/api/alerts/al-1", "", 404, []string{"there is no alert al-1"}},
			{"taking an unknown alert", "POST", "/api/alerts/al-1/acknowledge", "", 404, []string{"there is no alert al-1"}},
			{"a page after an unknown alert", "GET", "/api/alerts?before=al-1", "", 404, []string{"al-1"}},
			{"an unknown status", "GET", "/api/alerts?status=broken", "", 422, []string{"stored", "openapi.json"}},
			{"a limit of nothing", "GET", "/api/alerts?limit=0", "", 422, []string{"limit"}},
			{"no JSON", "POST", "/api/alerts/test", "{", 400, []string{"unexpected end"}},
			{"an unknown severity", "POST", "/api/alerts/test", `{"severity": "bad"}`, 422, []string{"critical", "body.severity"}},
			{"an unknown source", "POST", "/api/alerts/test", `{"source": "sns"}`, 422, []string{"there is no source sns", "json, mackerel"}},
			{"nothing there", "GET", "/api/nothing", "", 404, []string{"/api/openapi.json"}},
			{"an identifier of another kind", "GET", "/api/calls/AC1", "", 404, []string{"CA and 32"}},
			{"no such call", "GET", "/api/calls/CA0123456789abcdef0123456789abcdef", "", 404, []string{"there is no call"}},
			{"a call that is not remembered", "GET", "/api/calls/CA0123456789abcdef0123456789abcdef/ladder", "", 404, []string{"not remembered"}},
			{"the pcap of what is no call", "GET", "/api/calls/x/pcap", "", 404, []string{"CA and 32"}},
		} {
			t.Run(tt.name, func(t *testing.T) {
				in := *h
				in.T = t
				in.refused(h.ask(tt.method, tt.path, tt.body), tt.status, tt.words...)
			})
		}
	})
}

func TestADatabaseThatIsDownIsSaidAndNothingIsPretended(t *testing.T) {
	story(t, func(h *house) {
		made := post[api.TestAlert](h, http.StatusAccepted, "/api/alerts/test", "")
		h.rings()
		h.store.Break(errDown)
		h.refused(h.ask("GET", "/api/alerts", ""), 500, "disk gone", "log")
		h.refused(h.ask("GET", "/api/alerts/"+made.Alert, ""), 500, "disk gone")
		h.refused(h.ask("POST", "/api/alerts/test", ""), 500, "not stored", "disk gone")
		h.store.Break(nil)

		// It is recorded late: the one who pressed the button must not believe it was.
		slow := h.api
		defer func() { h.api = slow }()
		h.cfg.Callouts = stuck{h.told}
		h.remake()
		h.refused(h.ask("POST", "/api/alerts/"+made.Alert+"/acknowledge", ""), 503, "not recorded in time", "try again")
		if d := get[api.Detail](h, "/api/alerts/"+made.Alert); d.Status != string(dispatch.Stored) {
			t.Errorf("it is %s", d.Status)
		}
	})
}
