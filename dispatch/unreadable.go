package dispatch

import (
	"fmt"
	"maps"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/timeline"
)

// What a source sent and nobody could read is one incident of the source (ADR 95). A source that has long been
// understood does not stop without a reason: that is as grave as an alert without a severity, and only a person ends it.
// One that is being set up sends what somebody has just typed: that is a warning with time to mend it, and the first
// thing that can be read ends it.

const (
	setUp     = 24 * time.Hour  // so long after it was first understood a source is being set up
	toMend    = 5 * time.Minute // before anybody is rung for what can end by itself
	mostShown = 20              // repetitions on the timeline; after that each 20th
)

// weigh says how bad it is that something could not be read: as bad as the worst of what is open.
func weigh(tx Tx, one alert.Alert, open Incident, is bool) (alert.Alert, error) {
	if is && rank(open.Alert.Severity) >= rank(alert.Unknown) {
		one.Severity = open.Alert.Severity
		return one, nil
	}
	if one.Severity != alert.Unknown {
		return one, nil
	}
	// A mild one that is open is over with the next thing that is read; so of a new source nothing was read since.
	if !is || open.Alert.Labels[labelNew] == "" {
		known, err := tx.Understood(one.Source, tx.Now().Add(-setUp))
		if err != nil || known {
			return one, err
		}
	}
	one.Severity, one.Labels = alert.Warning, maps.Clone(one.Labels)
	if one.Labels == nil {
		one.Labels = map[string]string{}
	}
	one.Labels[labelNew] = "never understood before, or since a short time"
	return one, nil
}

// mended tells that the last one was over with the next thing that was read, or that this one will be: one has nothing to
// do with the other, and the third within a quarter of an hour is no flap.
func mended(one alert.Alert, last Incident) bool {
	return one.Key == alert.Unreadable && (one.Severity == alert.Warning || last.Alert.Severity == alert.Warning)
}

// labelNew marks what a source sent that is being set up.
const labelNew = "new"

// patience is the least grace of an alert while it is a warning.
func patience(one alert.Alert) time.Duration {
	if one.Key == alert.Unreadable {
		return toMend
	}
	return 0
}

// addUnread adds what came to what was there: who is called reads all of it, as far as it fits.
func addUnread(open Incident, one alert.Alert, at time.Time) alert.Alert {
	text := fmt.Sprintf("%s\n\n[%d, %s] %s\n%s", open.Alert.Body, open.Repeats+2, at.UTC().Format(time.DateTime), one.Problem, one.Body)
	if one.Body, one.Problem = text, open.Alert.Problem; len(text) > alert.LongestBody {
		one.Body = open.Alert.Body
	}
	if words := open.Alert.Labels[alert.LabelWords]; words != "" { // what was told first is told on
		one.Title, one.Labels = open.Alert.Title, open.Alert.Labels
	}
	return one
}

// readAgain ends what a source has open that ends by itself, because it was understood.
func (d *Dispatcher) readAgain(tx Tx, a *accepted, in alert.Delivery) error {
	open, is, err := tx.OpenIncident(in.Source, alert.Unreadable)
	if err != nil || !is || rank(open.Alert.Severity) > rank(alert.Warning) {
		return err
	}
	return d.close(tx, a, open, in.Source+" can be read again")
}

// close resolves an open incident.
func (d *Dispatcher) close(tx Tx, a *accepted, open Incident, why string) error {
	open.Status, open.Resolved, open.Updated = Resolved, tx.Now(), tx.Now()
	a.receipt.Alerts = append(a.receipt.Alerts, open.ID)
	if err := tx.PutIncident(open); err != nil {
		return err
	}
	if open.Callout != "" { // the call-out says it on the timeline, after whatever it still has to say
		a.told = append(a.told, told{open.Callout, callout.Event{At: now(), Kind: callout.Resolved, Text: why}})
		return nil
	}
	return tx.Append(timeline.Event{At: tx.Now(), Kind: timeline.AlertResolved, Alert: open.ID, Callout: open.Callout, Text: why})
}
