package plain

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kaden-project/kaden/alert"
)

// What others post where a json source is named to them. Read as kaden's own form it would ring for an alarm that is over, or
// never hear of its end: their titles change with it, and it stands under names of their own.

// group gives the alerts of a post of Prometheus' Alertmanager or of Grafana, which send several in one; nil if it is none.
func group(post alert.Object) []any {
	for _, item := range post.List("alerts") {
		if one, ok := item.(map[string]any); !ok || alert.Object(one).Object("labels") == nil {
			return nil
		}
	}
	return post.List("alerts")
}

// member reads one alert of a group. What the group says of itself is no alert's: one that is over comes in a group that
// fires, and what they have in common changes with each post. Only the labels stay, and the fingerprint that is made of them.
func member(post alert.Object, item any) (alert.Alert, error) {
	o := alert.Object(item.(map[string]any))
	says, notes := o.Object("labels"), o.Object("annotations")
	name := says.Text("alertname")
	a := alert.Alert{
		Key:      o.Text("fingerprint"),
		Title:    cmp.Or(notes.Text("summary", "title", "message"), strings.TrimSpace(name+" "+says.Text("instance"))),
		Body:     cmp.Or(notes.Text("description"), o.Text("valueString")),
		Subject:  says.Text("instance", "host", "node", "pod", "service", "job"),
		Severity: alert.ParseSeverity(says.Text("severity", "level", "priority")),
		Labels:   map[string]string{},
	}
	for label := range says {
		a.Labels[label] = says.Text(label)
	}
	if a.Key == "" {
		for _, label := range slices.Sorted(maps.Keys(a.Labels)) {
			a.Key += label + "=" + a.Labels[label] + ","
		}
	}
	for _, at := range []struct{ url, text string }{
		{notes.Text("runbook_url", "runbook"), "runbook"}, {o.Text("dashboardURL"), "dashboard"}, {o.Text("panelURL"), "panel"},
		{o.Text("generatorURL"), "graph"}, {o.Text("silenceURL"), "silence"},
	} {
		if at.url != "" {
			a.Links = append(a.Links, alert.Link{Href: at.url, Text: at.text})
		}
	}
	word := o.Text("status")
	known := false
	if a.Action, known = alert.ParseAction(word); !known {
		a.Problem = fmt.Sprintf("status %q is not known; it is taken as firing", word)
	}
	switch a.Action {
	case alert.Resolve:
		a.OccurredAt = o.Time("endsAt")
	default:
		a.OccurredAt = o.Time("startsAt")
	}
	if name == "TestAlert" && says.Text("instance") == "Grafana" {
		a.Action = alert.Test // its test button
	}
	if more, ok := post.Number("truncatedAlerts"); ok && more > 0 && a.Problem == "" {
		a.Problem = fmt.Sprintf("the sender has left out %d more alerts of this group", int(more))
	}
	if a.Title == "" {
		return alert.Alert{}, errors.New("it has neither a summary nor an alertname")
	}
	return a, nil
}

// translated gives a post of Datadog's or Zabbix' the words of kaden's own form; others stay as they are.
func translated(o alert.Object) alert.Object {
	own := alert.Object{}
	switch {
	case o.Text("transition") != "" && o.Text("cycle", "aggreg", "id") != "":
		own["key"] = cmp.Or(o.Text("cycle", "aggreg"), o.Text("id")+" "+o.Text("scope"))
		own["status"], own["body"] = datadog(o.Text("transition")), o.Text("text")
		own["url"], own["at"] = o.Text("link"), o.Text("date")
		if strings.HasSuffix(strings.ToLower(o.Text("transition")), "warn") {
			own["severity"] = string(alert.Warning)
		}
	case o.Text("event_id") != "" && o.Text("value") != "" && o.Text("name", "subject") != "":
		own["key"], own["title"], own["body"] = o.Text("event_id"), o.Text("name", "subject"), o.Text("message", "opdata")
		own["status"], own["severity"] = zabbix(o), zabbixSeverities[o.Text("nseverity")]
		own["subject"] = o.Text("host") // theirs is the mail's
	default:
		return o
	}
	for field, v := range o {
		if _, said := own[field]; !said {
			own[field] = v
		}
	}
	return own
}

// datadog is what becomes of a monitor, in words that are known: Re-Triggered, No Data and Renotify fire.
func datadog(transition string) string {
	switch word := strings.ToLower(transition); word {
	case "recovered", "re-recovered":
		return string(alert.Resolve)
	case "triggered", "re-triggered", "renotify", "warn", "re-warn", "no data", "re-no data", "null":
		return string(alert.Trigger)
	default:
		return transition
	}
}

// zabbix is what becomes of an event: {EVENT.VALUE} is 1 for a problem and 0 for its end, {EVENT.UPDATE.STATUS} is 1 where
// somebody has done something about it.
func zabbix(o alert.Object) string {
	switch {
	case o.Text("value") == "0":
		return string(alert.Resolve)
	case o.Text("update") == "1" && strings.EqualFold(o.Text("ack"), "yes"):
		return string(alert.Ack)
	case o.Text("update") == "1":
		return string(alert.Info)
	}
	return string(alert.Trigger)
}

// zabbixSeverities are {EVENT.NSEVERITY}, from not classified, which nobody has thought about, to disaster.
var zabbixSeverities = map[string]string{"0": "", "1": "info", "2": "warning", "3": "warning", "4": "error", "5": "critical"}
