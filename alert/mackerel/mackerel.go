// Package mackerel reads what Mackerel (mackerel.io) posts to a webhook.
//
// [Translate] knows its nine events. Those of alerts and alert groups trigger and resolve; those of hosts
// and monitors inform and ring nobody; sample is the test button. Fields that some kinds of alerts lack
// are never counted on, and a body it does not know is an error, so that the alert calls as it is.
package mackerel

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/kaden-project/kaden/alert"
)

// Kind is the name of this kind of sender in sources.
const Kind = alert.KindMackerel

var _ alert.Translator = Translate

// Translate reads one post. Mackerel sends one event in each.
func Translate(raw []byte) ([]alert.Alert, error) {
	post, err := alert.ReadObject(raw)
	if err != nil {
		return nil, fmt.Errorf("not what Mackerel sends: %w", err)
	}
	a := alert.Alert{Account: post.Text("orgName"), Body: post.Text("message")}
	event := post.Text("event")
	if event == "" && post.Object("alert") != nil {
		event = "alert"
	}
	switch event {
	case "sample":
		a.Action, a.Severity, a.Key = alert.Test, alert.Notice, "mackerel:sample"
		a.Title = cmp.Or(post.Text("message"), "Sample Notification from Mackerel")
	case "alert":
		err = alertEvent(&a, post)
	case "alertGroup":
		err = groupEvent(&a, post)
	case "hostStatus", "hostRegister", "hostRetire":
		err = hostEvent(&a, post, event)
	case "monitorCreate", "monitorUpdate", "monitorDelete":
		err = monitorEvent(&a, post, event)
	case "":
		err = errors.New("it has no event")
	default:
		err = fmt.Errorf("event %q is not known here", event)
	}
	if err != nil {
		return nil, err
	}
	label(&a, "event", event)
	if user := post.Object("user"); user != nil {
		label(&a, "user", user.Text("screenName", "id"))
	}
	link(&a, post.Text("imageUrl"), "graph")
	return []alert.Alert{a}, nil
}

// groupEvent: an alert group lists none of its alerts, so the name of its setting is all there is to say.
func groupEvent(a *alert.Alert, post alert.Object) error {
	group, setting := post.Object("alertGroup"), post.Object("alertGroupSetting")
	if group == nil {
		return errors.New("event alertGroup without an alertGroup")
	}
	status := strings.ToLower(group.Text("status")) // UPPER case here, lower case in alerts
	a.Key = key(a.Account, "group:"+cmp.Or(group.Text("id"), setting.Text("id", "name")))
	a.Action, a.Severity = alert.Trigger, severity(status)
	if status == "ok" || !group.Time("closedAt").IsZero() {
		a.Action = alert.Resolve
	}
	a.Title = cmp.Or(setting.Text("name"), post.Text("message"), "alert group "+group.Text("id"))
	a.Body = join("\n", a.Body, setting.Text("memo"))
	a.OccurredAt = group.Time("closedAt", "createdAt")
	label(a, "status", status)
	label(a, "group", setting.Text("name"))
	link(a, group.Text("url"), "alert group")
	link(a, setting.Text("url"), "setting")
	return nil
}

func hostEvent(a *alert.Alert, post alert.Object, event string) error {
	host := post.Object("host")
	if host == nil {
		return fmt.Errorf("event %s without a host", event)
	}
	a.Action, a.Severity = alert.Info, alert.Notice
	describeHost(a, host)
	a.Key = key(a.Account, "host:"+cmp.Or(host.Text("id"), a.Subject)+":"+event)
	name := cmp.Or(a.Subject, "host "+host.Text("id"))
	switch event {
	case "hostStatus":
		a.Title = name + ": " + join(" → ", post.Text("fromStatus"), host.Text("status"))
		label(a, "fromStatus", post.Text("fromStatus"))
		label(a, "status", host.Text("status"))
	case "hostRegister":
		a.Title = name + " registered"
	case "hostRetire":
		a.Title = name + " retired"
	}
	return nil
}

func monitorEvent(a *alert.Alert, post alert.Object, event string) error {
	monitor := post.Object("monitor")
	if monitor == nil {
		return fmt.Errorf("event %s without a monitor", event)
	}
	a.Action, a.Severity = alert.Info, alert.Notice
	did := map[string]string{"monitorCreate": "created", "monitorUpdate": "changed", "monitorDelete": "deleted"}[event]
	a.Title = join(" ", "monitor", cmp.Or(monitor.Text("name"), monitor.Text("id")), did)
	a.Key = key(a.Account, "monitor:"+monitor.Text("id", "name")+":"+event)
	label(a, "monitor", monitor.Text("name"))
	label(a, "type", monitor.Text("type"))
	label(a, "muted", monitor.Text("isMute"))
	return nil
}

// describeHost is what several events say about a host.
func describeHost(a *alert.Alert, host alert.Object) {
	a.Subject = host.Text("name", "displayName", "id")
	label(a, "host", host.Text("name"))
	label(a, "hostId", host.Text("id"))
	var roles []string
	for _, r := range host.List("roles") {
		if role, ok := r.(map[string]any); ok {
			roles = append(roles, alert.Object(role).Text("fullname", "roleName"))
		}
	}
	label(a, "roles", join(", ", roles...))
	link(a, host.Text("url"), "host")
}

// key scopes an identifier by organisation: two organisations may post to one source.
func key(org, id string) string { return "mackerel:" + org + ":" + id }

func severity(status string) alert.Severity {
	switch status {
	case "critical":
		return alert.Critical
	case "warning":
		return alert.Warning
	case "ok":
		return alert.Notice
	}
	return alert.Unknown
}

func label(a *alert.Alert, name, value string) {
	if value == "" {
		return
	}
	if a.Labels == nil {
		a.Labels = map[string]string{}
	}
	a.Labels[name] = value
}

func link(a *alert.Alert, href, text string) {
	if href != "" {
		a.Links = append(a.Links, alert.Link{Href: href, Text: text})
	}
}

// join joins what is not empty.
func join(between string, parts ...string) string {
	var some []string
	for _, p := range parts {
		if p != "" {
			some = append(some, p)
		}
	}
	return strings.Join(some, between)
}
