package mackerel

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/kaden-project/kaden/alert"
)

// alertEvent: connectivity, host, service, external, check, expression, anomalyDetection and query
// alerts. Only id, status and isOpen are in each of them.
func alertEvent(a *alert.Alert, post alert.Object) error {
	is := post.Object("alert")
	if is == nil {
		return errors.New("event alert without an alert")
	}
	status := strings.ToLower(is.Text("status"))
	open, said := is.Bool("isOpen")
	if !said && status == "" {
		return errors.New("an alert that says neither isOpen nor status")
	}
	// isOpen is the truth: the documents' own example is open and has a closedAt.
	a.Action = alert.Trigger
	if said && !open || status == "ok" {
		a.Action = alert.Resolve
	}
	a.Severity = severity(status)

	if host := post.Object("host"); host != nil {
		describeHost(a, host)
	}
	if service := post.Object("service"); service != nil {
		a.Subject = cmp.Or(a.Subject, service.Text("name", "id"))
		label(a, "service", service.Text("name", "id"))
		link(a, service.Text("url"), "service")
	}
	queryLabels(a, post)

	monitor := is.Text("monitorName")
	a.Key = key(a.Account, cmp.Or(is.Text("id"), "monitor:"+monitor+"/"+a.Subject))
	a.Title = title(a, post, is, monitor, status)
	a.Body = join("\n", post.Text("message"), post.Text("memo"))
	a.OccurredAt = is.Time("statusChangedAt", "openedAt", "createdAt")
	if a.Action == alert.Resolve {
		a.OccurredAt = is.Time("closedAt", "statusChangedAt", "openedAt", "createdAt")
	}
	label(a, "monitor", monitor)
	label(a, "status", status)
	label(a, "type", post.Text("type"))
	label(a, "trigger", is.Text("trigger")) // why it was sent: monitor, manual close, …; for people alone
	label(a, "metric", is.Text("metricLabel"))
	label(a, "value", is.Text("metricValue"))
	link(a, is.Text("url"), "alert")
	return nil
}

// title is in no language: whose monitor says what. db01 disk: filesystem 96.2% > 95%.
func title(a *alert.Alert, post, is alert.Object, monitor, status string) string {
	what := join(" ", a.Subject, monitor)
	if strings.EqualFold(monitor, a.Subject) {
		what = monitor
	}
	if a.Action == alert.Resolve {
		return cmp.Or(what, post.Text("message"), "alert "+is.Text("id"))
	}
	detail := formula(is, status)
	if message := post.Text("message"); detail == "" && message != monitor {
		detail = message
	}
	return cmp.Or(join(": ", what, detail), "alert "+is.Text("id"))
}

// formula is what was measured against what: filesystem 96.2% > 95%. It is "" for alerts that measure
// nothing, and where Mackerel left the value out.
func formula(is alert.Object, status string) string {
	value, metric := is.Text("metricValue"), is.Text("metricLabel")
	if _, ok := is.Number("metricValue"); !ok {
		return ""
	}
	threshold := is.Text("criticalThreshold", "warningThreshold")
	if status == "warning" {
		threshold = is.Text("warningThreshold", "criticalThreshold")
	}
	operator := is.Text("monitorOperator")
	if base, percent := strings.CutSuffix(metric, "%"); percent {
		metric, value = base, value+"%"
		if threshold != "" {
			threshold += "%"
		}
	}
	if operator == "" || threshold == "" {
		return join(" ", metric, value)
	}
	return join(" ", metric, value, operator, threshold)
}

// queryLabels takes over the labels of a query monitor. The name of the object they come in is not
// documented, so any object that has a name and labels will do.
func queryLabels(a *alert.Alert, post alert.Object) {
	for _, wrapper := range slices.Sorted(maps.Keys(post)) {
		o := post.Object(wrapper)
		labels := o.Object("labels")
		if labels == nil || wrapper == "alert" || wrapper == "host" || wrapper == "service" {
			continue
		}
		for name := range labels {
			label(a, name, labels.Text(name))
		}
		a.Subject = cmp.Or(a.Subject, o.Text("name"))
	}
}
