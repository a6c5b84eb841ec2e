package plain

import (
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/alert"
)

// What others post, as their documents say, fires and is over under one key, whatever else changes between the two.
func TestWhatOthersPostIsOverUnderTheKeyItFiredUnder(t *testing.T) {
	group := func(status, alerts string) string {
		return `{"version":"4","groupKey":"{}:{alertname=\"DiskFull\"}","status":"` + status + `","receiver":"kaden","truncatedAlerts":0,"groupLabels":{"alertname":"DiskFull"},` +
			`"commonLabels":{},"commonAnnotations":{},"externalURL":"http://am:9093","alerts":[` + alerts + `]}`
	}
	am := func(status, more string) string {
		return `{"status":"` + status + `","labels":{"alertname":"DiskFull","instance":"db01","severity":"critical"},"annotations":{"summary":"disk 95% full","description":"/var"},` +
			`"startsAt":"2026-11-22T07:20:41.36Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://prom/g"` + more + `}`
	}
	grafana := func(state, status string) string {
		return `{"receiver":"kaden","status":"` + status + `","orgId":1,"version":"1","title":"[` + strings.ToUpper(status) + `:1] DiskFull","state":"` + state + `","message":"**Firing**","alerts":[{"status":"` + status +
			`","labels":{"alertname":"DiskFull","host":"db01","severity":"warning"},"annotations":{},"startsAt":"2026-11-22T07:20:41Z","endsAt":"2026-11-22T07:30:00Z","valueString":"[ var='A' value=96 ]",` +
			`"fingerprint":"80bded65966fdf3f","silenceURL":"https://grafana.example/silence","dashboardURL":"https://grafana.example/d"}]}`
	}
	datadog := func(transition string) string {
		return `{"kaden":1,"id":"7","cycle":"1795300000000000","aggreg":"a1","transition":"` + transition + `","priority":"P1","type":"error","title":"[` + transition +
			`] disk on db01","text":"it is\nfull","scope":"host:db01","host":"db01","link":"https://app.datadoghq.example/7","date":"1795300000000","org":"shop"}`
	}
	zabbix := func(value, update, ack string) string {
		return `{"event_id":"4711","value":"` + value + `","update":"` + update + `","ack":"` + ack + `","nseverity":"5","name":"Disk full on db01","opdata":"96 %","host":"db01","ip":"192.0.2.1",` +
			`"tags":"","trigger_id":"12","url":"https://zabbix.example","subject":"Problem: Disk full","message":"Problem started at 03:02","source":"0"}`
	}
	for _, c := range []struct {
		name, body string
		want       alert.Alert // what has to be so
	}{
		{"Alertmanager fires", group("firing", am("firing", `,"fingerprint":"80bded65966fdf3f"`)),
			alert.Alert{Key: "80bded65966fdf3f", Action: alert.Trigger, Severity: alert.Critical, Title: "disk 95% full", Subject: "db01", Body: "/var", OccurredAt: time.Date(2026, 11, 22, 7, 20, 41, 360e6, time.UTC)}},
		{"Alertmanager: over, in a group that fires", group("firing", strings.Replace(am("resolved", `,"fingerprint":"80bded65966fdf3f"`), "95%", "12%", 1)),
			alert.Alert{Key: "80bded65966fdf3f", Action: alert.Resolve, Severity: alert.Critical, Title: "disk 12% full", Subject: "db01", Body: "/var"}},
		{"Alertmanager without a fingerprint", group("firing", am("firing", "")),
			alert.Alert{Key: "alertname=DiskFull,instance=db01,severity=critical,", Action: alert.Trigger, Severity: alert.Critical, Title: "disk 95% full", Subject: "db01", Body: "/var", OccurredAt: time.Date(2026, 11, 22, 7, 20, 41, 360e6, time.UTC)}},
		{"Grafana fires", grafana("alerting", "firing"),
			alert.Alert{Key: "80bded65966fdf3f", Action: alert.Trigger, Severity: alert.Warning, Title: "DiskFull", Subject: "db01", Body: "[ var='A' value=96 ]", OccurredAt: time.Date(2026, 11, 22, 7, 20, 41, 0, time.UTC)}},
		{"Grafana: over", grafana("ok", "resolved"),
			alert.Alert{Key: "80bded65966fdf3f", Action: alert.Resolve, Severity: alert.Warning, Title: "DiskFull", Subject: "db01", Body: "[ var='A' value=96 ]", OccurredAt: time.Date(2026, 11, 22, 7, 30, 0, 0, time.UTC)}},
		{"Grafana's test button", strings.NewReplacer(`"DiskFull"`, `"TestAlert"`, `"host":"db01"`, `"instance":"Grafana"`).Replace(grafana("alerting", "firing")),
			alert.Alert{Key: "80bded65966fdf3f", Action: alert.Test, Severity: alert.Warning, Title: "TestAlert Grafana", Subject: "Grafana", Body: "[ var='A' value=96 ]", OccurredAt: time.Date(2026, 11, 22, 7, 20, 41, 0, time.UTC)}},
		{"Datadog fires", datadog("Triggered"),
			alert.Alert{Key: "1795300000000000", Action: alert.Trigger, Severity: alert.Critical, Title: "[Triggered] disk on db01", Subject: "db01", Body: "it is\nfull", OccurredAt: time.UnixMilli(1795300000000).UTC()}},
		{"Datadog warns", datadog("Re-Warn"),
			alert.Alert{Key: "1795300000000000", Action: alert.Trigger, Severity: alert.Warning, Title: "[Re-Warn] disk on db01", Subject: "db01", Body: "it is\nfull", OccurredAt: time.UnixMilli(1795300000000).UTC()}},
		{"Datadog: over", datadog("Recovered"),
			alert.Alert{Key: "1795300000000000", Action: alert.Resolve, Severity: alert.Critical, Title: "[Recovered] disk on db01", Subject: "db01", Body: "it is\nfull", OccurredAt: time.UnixMilli(1795300000000).UTC()}},
		{"Zabbix fires", zabbix("1", "0", "No"),
			alert.Alert{Key: "4711", Action: alert.Trigger, Severity: alert.Critical, Title: "Disk full on db01", Subject: "db01", Body: "Problem started at 03:02"}},
		{"Zabbix: somebody has it", zabbix("1", "1", "Yes"),
			alert.Alert{Key: "4711", Action: alert.Ack, Severity: alert.Critical, Title: "Disk full on db01", Subject: "db01", Body: "Problem started at 03:02"}},
		{"Zabbix: somebody has written something", zabbix("1", "1", "No"),
			alert.Alert{Key: "4711", Action: alert.Info, Severity: alert.Critical, Title: "Disk full on db01", Subject: "db01", Body: "Problem started at 03:02"}},
		{"Zabbix: over", zabbix("0", "0", "Yes"),
			alert.Alert{Key: "4711", Action: alert.Resolve, Severity: alert.Critical, Title: "Disk full on db01", Subject: "db01", Body: "Problem started at 03:02"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Translate([]byte(c.body))
			if err != nil || len(got) != 1 {
				t.Fatalf("%+v, %v", got, err)
			}
			a := got[0]
			if a.Problem != "" {
				t.Errorf("problem %q", a.Problem)
			}
			a.Labels, a.Links = nil, nil
			if a.Key != c.want.Key || a.Action != c.want.Action || a.Severity != c.want.Severity || a.Title != c.want.Title ||
				a.Subject != c.want.Subject || a.Body != c.want.Body || !a.OccurredAt.Equal(c.want.OccurredAt) {
				t.Errorf("\n got %+v\nwant %+v", a, c.want)
			}
		})
	}
}

// A group is as many alerts, each for itself, and what was left out of it is said.
func TestAGroupIsSeveralAlerts(t *testing.T) {
	got, err := Translate([]byte(`{"status":"firing","truncatedAlerts":3,"alerts":[
		{"status":"firing","labels":{"alertname":"A","team":"ops"},"fingerprint":"a","generatorURL":"http://prom/g"},
		{"status":"resolved","labels":{"alertname":"B"},"fingerprint":"b"},
		{"status":"firing","labels":{},"fingerprint":"c"}]}`))
	if len(got) != 2 || got[0].Key != "a" || got[0].Action != alert.Trigger || got[0].Labels["team"] != "ops" || len(got[0].Links) != 1 || got[1].Action != alert.Resolve {
		t.Errorf("%+v", got)
	}
	if !strings.Contains(got[0].Problem, "left out 3 more") {
		t.Errorf("of those left out: %q", got[0].Problem)
	}
	if err == nil || !strings.Contains(err.Error(), "alert 3 of 3: it has neither a summary nor an alertname") {
		t.Errorf("of the third: %v", err)
	}
	// What only has a list of that name is kaden's own form.
	if got, err := Translate([]byte(`{"title":"two disks","alerts":["a","b"]}`)); err != nil || len(got) != 1 || got[0].Title != "two disks" {
		t.Errorf("%+v, %v", got, err)
	}
}
