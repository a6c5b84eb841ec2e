// Package plain reads kaden's own form of an alert: the one to write by hand, or in a script with curl.
//
//	{"title": "ディスク使用率 96%", "key": "db01/disk", "status": "firing", "severity": "critical",
//	 "subject": "db01", "body": "…", "labels": {"team": "ops"}, "links": [{"href": "https://…", "text": "graph"}],
//	 "at": "2026-11-22T07:00:00+09:00"}
//
// Only the title is required. Other senders' words for the same things are understood as well, and a
// list of such objects is several alerts. So are posts of Alertmanager, Grafana, Datadog and Zabbix.
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

// Kind is the name of this kind of sender in sources.
const Kind = alert.KindJSON

var _ alert.Translator = Translate

// Translate reads one body. A word for an action that is not known counts as a trigger, and Problem says so.
func Translate(raw []byte) ([]alert.Alert, error) {
	v, err := alert.ReadJSON(raw)
	if err != nil {
		return nil, err
	}
	list, many := v.([]any)
	read := one
	if !many {
		list = []any{v}
		if post, ok := v.(map[string]any); ok && len(group(post)) > 0 {
			list, many = group(post), true
			read = func(item any) (alert.Alert, error) { return member(post, item) }
		}
	}
	if len(list) == 0 {
		return nil, errors.New("an empty list")
	}
	var alerts []alert.Alert
	var unread error // the first that cannot be read; the others are alerts all the same
	rest := 0
	for i, item := range list {
		a, err := read(item)
		switch {
		case err == nil:
			alerts = append(alerts, a)
		case !many:
			return nil, err
		case unread == nil:
			unread = fmt.Errorf("alert %d of %d: %w", i+1, len(list), err)
		default:
			rest++
		}
	}
	if rest > 0 {
		unread = fmt.Errorf("%w; and %d more", unread, rest)
	}
	return alerts, unread
}

func one(v any) (alert.Alert, error) {
	fields, ok := v.(map[string]any)
	if !ok {
		return alert.Alert{}, errors.New(`an alert is a JSON object: {"title": "disk full"}`)
	}
	o := translated(fields)
	a := alert.Alert{
		Account:    o.Text("account", "organization", "orgName"),
		Key:        o.Text("key", "dedup_key", "dedupKey", "id"),
		Title:      o.Text("title", "summary", "message", "text", "name"),
		Body:       o.Text("body", "description", "details"),
		Subject:    o.Text("subject", "host", "service", "instance"),
		Labels:     labels(o),
		Links:      links(o),
		OccurredAt: o.Time("at", "time", "timestamp", "occurredAt"),
	}
	status := o.Text("action", "status", "state")
	action, known := alert.ParseAction(status)
	a.Action = action
	if !known {
		a.Problem = fmt.Sprintf("status %q is not known; it is taken as firing", status)
	}
	severity := o.Text("severity", "level", "priority")
	a.Severity = alert.ParseSeverity(severity)
	if a.Severity == alert.Unknown && action == alert.Trigger {
		a.Severity = alert.ParseSeverity(status) // status: critical
	}
	if a.Severity == alert.Unknown && action == alert.Trigger && severity != "" && !strings.EqualFold(severity, "unknown") && a.Problem == "" {
		a.Problem = fmt.Sprintf("severity %q is not known; it is taken as critical", severity)
	}
	if a.Title == "" && a.Key != "" && action != alert.Trigger {
		a.Title = cmp.Or(a.Subject, a.Key) // {"key": "db01/disk", "status": "resolved"} is enough
	}
	if a.Title == "" {
		return alert.Alert{}, errors.New(`the title is missing: {"title": "disk full"} is the least there can be`)
	}
	return a, nil
}

// labels takes an object of labels, or a list of tags.
func labels(o alert.Object) map[string]string {
	out := map[string]string{}
	for _, key := range []string{"tags", "labels"} {
		object := o.Object(key)
		for name := range object {
			out[name] = object.Text(name)
		}
	}
	for _, tag := range o.List("tags") {
		if s, ok := tag.(string); ok {
			out[s] = "true"
		}
	}
	maps.DeleteFunc(out, func(_, v string) bool { return v == "" })
	if len(out) == 0 {
		return nil
	}
	return out
}

// links takes objects with href and text, or addresses alone.
func links(o alert.Object) (out []alert.Link) {
	for _, l := range slices.Concat(o.List("links"), o.List("link"), o.List("url")) {
		switch l := l.(type) {
		case string:
			out = append(out, alert.Link{Href: l})
		case map[string]any:
			link := alert.Object(l)
			if href := link.Text("href", "url"); href != "" {
				out = append(out, alert.Link{Href: href, Text: link.Text("text", "title")})
			}
		}
	}
	return out
}
