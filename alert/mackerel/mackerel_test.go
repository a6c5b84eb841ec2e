package mackerel

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/alert"
)

// disk is a host alert as Mackerel posts it, with every field there is.
const disk = `{"orgName":"kaden-demo","event":"alert","type":"host","message":"disk usage 96.2 > 95","memo":"手順書: 古いログを消す",
 "imageUrl":null,"user":null,
 "host":{"id":"5Ab1","name":"db01","url":"https://mackerel.io/orgs/kaden-demo/hosts/5Ab1","status":"working","memo":"","isRetired":false,
   "roles":[{"fullname":"Shop: db","serviceName":"Shop","serviceUrl":"https://mackerel.io/","roleName":"db","roleUrl":"https://mackerel.io/"}]},
 "alert":{"id":"5Xy9","status":"critical","isOpen":true,"trigger":"monitor","monitorName":"disk","metricLabel":"filesystem%","metricValue":96.2,
   "warningThreshold":90.5,"criticalThreshold":95,"monitorOperator":">","duration":3,"openedAt":1795300000,"closedAt":null,"statusChangedAt":1795300060,
   "createdAt":1795300000123,"url":"https://mackerel.io/orgs/kaden-demo/alerts/5Xy9"}}`

func translate(t *testing.T, body string) alert.Alert {
	t.Helper()
	got, err := Translate([]byte(body))
	if err != nil || len(got) != 1 {
		t.Fatalf("%s\ngives %+v, %v", body, got, err)
	}
	return got[0]
}

func TestAHostAlertWithEverything(t *testing.T) {
	got := translate(t, disk)
	want := alert.Alert{
		Account: "kaden-demo", Key: "mackerel:kaden-demo:5Xy9", Action: alert.Trigger, Severity: alert.Critical,
		Title: "db01 disk: filesystem 96.2% > 95%", Body: "disk usage 96.2 > 95\n手順書: 古いログを消す", Subject: "db01",
		Labels: map[string]string{"event": "alert", "type": "host", "host": "db01", "hostId": "5Ab1", "roles": "Shop: db", "monitor": "disk",
			"status": "critical", "trigger": "monitor", "metric": "filesystem%", "value": "96.2"},
		Links: []alert.Link{{Href: "https://mackerel.io/orgs/kaden-demo/hosts/5Ab1", Text: "host"}, {Href: "https://mackerel.io/orgs/kaden-demo/alerts/5Xy9", Text: "alert"}},
		// statusChangedAt is in seconds, createdAt in milliseconds.
		OccurredAt: time.Unix(1795300060, 0).UTC(),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if said := got.Speak("ja"); said != "db ゼロ イチ disk: filesystem 96パーセント、しきい値 95パーセント" {
		t.Errorf("spoken %q", said)
	}
}

// with changes one thing in the host alert.
func with(old, new string) string { return strings.Replace(disk, old, new, 1) }

func TestAlerts(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		action     alert.Action
		severity   alert.Severity
		title      string
	}{
		{"warning takes the warning's threshold", with(`"status":"critical"`, `"status":"warning"`), alert.Trigger, alert.Warning, "db01 disk: filesystem 96.2% > 90.5%"},
		{"unknown is as bad as critical", with(`"status":"critical"`, `"status":"unknown"`), alert.Trigger, alert.Unknown, "db01 disk: filesystem 96.2% > 95%"},
		{"closed", with(`"isOpen":true`, `"isOpen":false`), alert.Resolve, alert.Critical, "db01 disk"},
		{"ok", with(`"status":"critical"`, `"status":"ok"`), alert.Resolve, alert.Notice, "db01 disk"},
		{"open with a closedAt is open", with(`"closedAt":null`, `"closedAt":1795300100`), alert.Trigger, alert.Critical, "db01 disk: filesystem 96.2% > 95%"},
		{"closed by hand", with(`"isOpen":true,"trigger":"monitor"`, `"isOpen":false,"trigger":"manual close"`), alert.Resolve, alert.Critical, "db01 disk"},
		{"isOpen is missing", with(`"isOpen":true,`, ``), alert.Trigger, alert.Critical, "db01 disk: filesystem 96.2% > 95%"},
		{"isOpen as a string", with(`"isOpen":true`, `"isOpen":"false"`), alert.Resolve, alert.Critical, "db01 disk"},
		{"numbers as strings", with(`96.2,`, `"96.2",`), alert.Trigger, alert.Critical, "db01 disk: filesystem 96.2% > 95%"},
		{"a metric without percent", with(`filesystem%`, `loadavg5`), alert.Trigger, alert.Critical, "db01 disk: loadavg5 96.2 > 95"},
		{"a value without a threshold", with(`"monitorOperator":">",`, ``), alert.Trigger, alert.Critical, "db01 disk: filesystem 96.2%"},
		{"capital letters", with(`"critical"`, `"CRITICAL"`), alert.Trigger, alert.Critical, "db01 disk: filesystem 96.2% > 95%"},
		{"no event but an alert", with(`"event":"alert",`, ``), alert.Trigger, alert.Critical, "db01 disk: filesystem 96.2% > 95%"},
		{"connectivity has no values", `{"orgName":"o","event":"alert","type":"connectivity","host":{"id":"1","name":"web1"},"alert":{"id":"2","status":"critical","isOpen":true,"monitorName":"connectivity"}}`,
			alert.Trigger, alert.Critical, "web1 connectivity"},
		{"a check says what it found", `{"orgName":"o","event":"alert","type":"check","message":"NGINX CRITICAL: 0 processes","host":{"name":"web1"},"alert":{"id":"2","status":"critical","isOpen":true,"monitorName":"nginx"}}`,
			alert.Trigger, alert.Critical, "web1 nginx: NGINX CRITICAL: 0 processes"},
		{"an external monitor has neither host nor service", `{"orgName":"o","event":"alert","type":"external","message":"top page","alert":{"id":"2","status":"warning","isOpen":true,"monitorName":"top page"}}`,
			alert.Trigger, alert.Warning, "top page"},
		{"a service", `{"orgName":"o","event":"alert","type":"service","service":{"id":"1","name":"Shop","url":"https://mackerel.io/"},"alert":{"id":"2","status":"warning","isOpen":true,"monitorName":"orders","metricLabel":"orders.failed","metricValue":3,"warningThreshold":2,"criticalThreshold":9,"monitorOperator":">"}}`,
			alert.Trigger, alert.Warning, "Shop orders: orders.failed 3 > 2"},
		{"the monitor bears the host's name", `{"event":"alert","host":{"name":"web1"},"alert":{"id":"2","status":"critical","isOpen":true,"monitorName":"WEB1"}}`,
			alert.Trigger, alert.Critical, "WEB1"},
		{"a query monitor", `{"orgName":"o","event":"alert","type":"query","querySeries":{"name":"pods","labels":{"pod":"a-1"}},"alert":{"id":"2","status":"critical","isOpen":true,"monitorName":"restarts"}}`,
			alert.Trigger, alert.Critical, "pods restarts"},
		{"hardly anything", `{"event":"alert","alert":{"status":"critical","id":"9"}}`, alert.Trigger, alert.Critical, "alert 9"},
		{"hardly anything, over", `{"event":"alert","alert":{"isOpen":false,"id":"9"}}`, alert.Resolve, alert.Unknown, "alert 9"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := translate(t, tt.body)
			if got.Action != tt.action || got.Severity != tt.severity || got.Title != tt.title {
				t.Errorf("got %s %s %q, want %s %s %q", got.Action, got.Severity, got.Title, tt.action, tt.severity, tt.title)
			}
		})
	}
}

func TestTheResolveFindsItsTrigger(t *testing.T) {
	opened, closed := translate(t, disk), translate(t, with(`"isOpen":true`, `"isOpen":false`))
	if opened.Key != closed.Key {
		t.Errorf("keys %q and %q", opened.Key, closed.Key)
	}
	other := translate(t, with("kaden-demo", "another"))
	if other.Key == opened.Key {
		t.Error("two organisations share an incident")
	}
	a := translate(t, `{"event":"alert","host":{"name":"web1"},"alert":{"status":"critical","monitorName":"disk"}}`)
	b := translate(t, `{"event":"alert","host":{"name":"web1"},"alert":{"status":"ok","monitorName":"disk"}}`)
	if a.Key != b.Key || a.Action == b.Action {
		t.Errorf("without an id: %q %s, %q %s", a.Key, a.Action, b.Key, b.Action)
	}
	over := strings.NewReplacer(`"isOpen":true`, `"isOpen":false`, `"closedAt":null`, `"closedAt":1795300999`).Replace(disk)
	if at := translate(t, over).OccurredAt; at.Unix() != 1795300999 {
		t.Errorf("closed at %v", at)
	}
}

func TestTheOtherEvents(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		want       alert.Alert // without labels, links and body
	}{
		{"sample, which has no organisation", `{"event":"sample","message":"Sample Notification from Mackerel","imageUrl":null}`,
			alert.Alert{Key: "mackerel:sample", Action: alert.Test, Severity: alert.Notice, Title: "Sample Notification from Mackerel"}},
		{"group fires, in capitals", `{"orgName":"o","event":"alertGroup","imageUrl":null,"alertGroup":{"id":"g1","url":"https://mackerel.io/","status":"CRITICAL","createdAt":1795300000,"closedAt":null},"alertGroupSetting":{"id":"s","name":"payments","memo":"call finance"}}`,
			alert.Alert{Account: "o", Key: "mackerel:o:group:g1", Action: alert.Trigger, Severity: alert.Critical, Title: "payments", OccurredAt: time.Unix(1795300000, 0).UTC()}},
		{"group closes", `{"orgName":"o","event":"alertGroup","alertGroup":{"id":"g1","status":"WARNING","createdAt":1795300000,"closedAt":1795300100},"alertGroupSetting":{"name":"payments"}}`,
			alert.Alert{Account: "o", Key: "mackerel:o:group:g1", Action: alert.Resolve, Severity: alert.Warning, Title: "payments", OccurredAt: time.Unix(1795300100, 0).UTC()}},
		{"group is well again", `{"orgName":"o","event":"alertGroup","alertGroup":{"id":"g1","status":"OK","closedAt":null}}`,
			alert.Alert{Account: "o", Key: "mackerel:o:group:g1", Action: alert.Resolve, Severity: alert.Notice, Title: "alert group g1"}},
		{"a host is switched off", `{"orgName":"o","event":"hostStatus","host":{"id":"h","name":"db01","status":"poweroff"},"user":{"id":"u","screenName":"sato"},"fromStatus":"standby"}`,
			alert.Alert{Account: "o", Key: "mackerel:o:host:h:hostStatus", Action: alert.Info, Severity: alert.Notice, Title: "db01: standby → poweroff", Subject: "db01"}},
		{"a host is new", `{"orgName":"o","event":"hostRegister","host":{"id":"h","name":"db01"}}`,
			alert.Alert{Account: "o", Key: "mackerel:o:host:h:hostRegister", Action: alert.Info, Severity: alert.Notice, Title: "db01 registered", Subject: "db01"}},
		{"a host is gone", `{"orgName":"o","event":"hostRetire","host":{"id":"h"}}`,
			alert.Alert{Account: "o", Key: "mackerel:o:host:h:hostRetire", Action: alert.Info, Severity: alert.Notice, Title: "h retired", Subject: "h"}},
		{"a monitor is new", `{"orgName":"o","event":"monitorCreate","monitor":{"id":"m","name":"disk","type":"host","isMute":false}}`,
			alert.Alert{Account: "o", Key: "mackerel:o:monitor:m:monitorCreate", Action: alert.Info, Severity: alert.Notice, Title: "monitor disk created"}},
		{"a monitor is changed", `{"orgName":"o","event":"monitorUpdate","monitor":{"id":"m","name":"disk"}}`,
			alert.Alert{Account: "o", Key: "mackerel:o:monitor:m:monitorUpdate", Action: alert.Info, Severity: alert.Notice, Title: "monitor disk changed"}},
		{"a monitor is gone", `{"orgName":"o","event":"monitorDelete","monitor":{"id":"m"}}`,
			alert.Alert{Account: "o", Key: "mackerel:o:monitor:m:monitorDelete", Action: alert.Info, Severity: alert.Notice, Title: "monitor m deleted"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := translate(t, tt.body)
			got.Labels, got.Links, got.Body = nil, nil, ""
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestWhatIsNotMackerelCallsAnyway(t *testing.T) {
	source := alert.Source{Name: "mackerel", Kind: Kind}
	for _, tt := range []struct{ name, body, says string }{
		{"not JSON", `disk full`, "not what Mackerel sends"},
		{"a list", `[]`, "not a JSON object"},
		{"two posts in one", `{} {}`, "more after"},
		{"no event", `{"orgName":"o"}`, "no event"},
		{"an event of next year", `{"event":"earthquake"}`, `event "earthquake" is not known here`},
		{"an alert event without an alert", `{"event":"alert"}`, "without an alert"},
		{"an alert that is a word", `{"event":"alert","alert":"x"}`, "without an alert"},
		{"an alert that says nothing", `{"event":"alert","alert":{"id":"1"}}`, "neither isOpen nor status"},
		{"a group event without a group", `{"event":"alertGroup"}`, "without an alertGroup"},
		{"a host event without a host", `{"event":"hostStatus"}`, "without a host"},
		{"a monitor event without a monitor", `{"event":"monitorUpdate"}`, "without a monitor"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := alert.Translate(Translate, source, []byte(tt.body))
			if len(got) != 1 || got[0].Action != alert.Trigger || !strings.Contains(got[0].Problem, tt.says) {
				t.Errorf("got %+v, want a call and %q", got, tt.says)
			}
		})
	}
}

// Whatever is posted: there is an alert with a key of Mackerel's, or an error; and the same post means
// the same each time.
func FuzzTranslate(f *testing.F) {
	f.Add([]byte(disk))
	f.Add([]byte(`{"event":"sample"}`))
	f.Add([]byte(`{"event":"alertGroup","alertGroup":{"id":1,"status":"OK","closedAt":"1795300000"}}`))
	f.Add([]byte(`{"event":"hostStatus","host":{"roles":[{"fullname":1},2]}}`))
	f.Add([]byte(`{"event":"monitorCreate","monitor":{"name":null}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := Translate(body)
		if err != nil {
			if got != nil {
				t.Fatalf("%v and still %+v", err, got)
			}
			return
		}
		if len(got) != 1 || !strings.HasPrefix(got[0].Key, "mackerel:") || got[0].Title == "" || got[0].Action == "" {
			t.Fatalf("got %+v", got)
		}
		if again, _ := Translate(body); !reflect.DeepEqual(again, got) {
			t.Fatalf("first %+v\nthen  %+v", got, again)
		}
	})
}
