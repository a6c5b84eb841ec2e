// Package alert is what a monitoring system said, in one form.
//
// Its children translate bytes: alert/mackerel, alert/plain, later others. A translation is pure and
// bounded; what it cannot read, or not in time, is [Fallback], which still calls somebody. An alert
// must never be lost because a template had a typo.
package alert

import (
	"slices"
	"time"
)

// Action is what the sender wants.
type Action string

// The actions.
const (
	Trigger Action = "trigger" // something is wrong
	Ack     Action = "ack"     // somebody took it, at the sender's side
	Resolve Action = "resolve" // it is over
	Info    Action = "info"    // good to know; rings nobody by default
	Test    Action = "test"    // the sender's test button
)

// Severity is how bad it is. The zero value is Unknown, which is treated like Critical.
type Severity string

// The severities, worst first.
const (
	Critical Severity = "critical"
	Major    Severity = "error"
	Warning  Severity = "warning"
	Notice   Severity = "info"
	Unknown  Severity = "unknown"
)

// Alert is one thing a sender said about one problem. A delivery may hold several.
type Alert struct {
	Source     string            `json:"source"`  // name of the source it came by: json, mackerel
	Account    string            `json:"account"` // organisation at the sender, "" if it does not say
	Key        string            `json:"key"`     // which problem: the same key is the same incident while it is open
	Action     Action            `json:"action"`
	Severity   Severity          `json:"severity"`
	Title      string            `json:"title"`             // at most 1,024 runes, no control characters
	Body       string            `json:"body,omitempty"`    // longer text; shown, not spoken
	Subject    string            `json:"subject,omitempty"` // host or service
	Labels     map[string]string `json:"labels,omitempty"`
	Links      []Link            `json:"links,omitempty"`
	OccurredAt time.Time         `json:"occurredAt,omitzero"` // the sender's clock; zero if it does not say
	Problem    string            `json:"problem,omitempty"`   // what failed in translation, for Fallback
}

// Link is a page about the alert.
type Link struct {
	Href string `json:"href"`
	Text string `json:"text,omitempty"`
}

// Delivery is one HTTP request of a sender, with what it was understood to say.
type Delivery struct {
	ID         string // the sender's message id, else the SHA-256 of the body: the same ID within 10 min is the same delivery
	Source     string
	Kind       string // mackerel, json
	Raw        []byte
	Header     map[string]string // secrets taken out
	Remote     string
	ReceivedAt time.Time
	Alerts     []Alert
	Hashed     bool // the ID is that of the body: a sender that names nothing says the same again when the same happens again
	Ours       bool // kaden's own word about the source, and no sign that its sender can be read: a storm, a test of the console's
}

// Read tells whether its sender was understood in full.
func (d Delivery) Read() bool {
	return !d.Ours && len(d.Alerts) > 0 && !slices.ContainsFunc(d.Alerts, func(a Alert) bool { return a.Key == Unreadable })
}

// Source is one way in: a kind of sender and the secret in its URL.
type Source struct {
	Name string // as in /in/{name}/{key}
	Kind string // whose bytes: mackerel, json
	Key  string // at least 128 random bits
	Plan string // the plan to use; "" is the default plan
}

// The kinds of senders there are translators for.
const (
	KindJSON     = "json" // kaden's own form: alert/plain
	KindMackerel = "mackerel"
)

// Kinds lists the kinds a source may have.
func Kinds() []string { return []string{KindJSON, KindMackerel} }

// Receipt is what became of a delivery.
type Receipt struct {
	Duplicate bool     // seen before; nothing happened
	Alerts    []string // ids of the alerts it opened or touched
}

// Translator reads one sender's bytes: the alerts that it could read, and an error about what it could not. It is
// pure; it may panic.
type Translator func(raw []byte) ([]Alert, error)
