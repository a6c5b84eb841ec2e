package dispatch

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/job"
	"github.com/kaden-project/kaden/timeline"
)

// Telling is something loud on its way to a notice: mail, chat, a signed request. It is a job, added in the
// transaction that made it necessary, so that it is told exactly if it happened; the roof gives it to the
// room that sends it.
type Telling struct {
	ID       string    `json:"id"`
	Notice   string    `json:"notice"` // its name
	At       time.Time `json:"at"`
	Title    string    `json:"title"`
	Text     string    `json:"text,omitempty"`
	Alert    string    `json:"alert,omitempty"`
	Callout  string    `json:"callout,omitempty"`
	Severity string    `json:"severity,omitempty"`
	Source   string    `json:"source,omitempty"`
	Path     string    `json:"path,omitempty"` // of the alert's signed page, below the public URL
}

// Kind is the job's.
func (Telling) Kind() string { return "telling" }

// Terms: what could not be told within a day is on the timeline.
func (Telling) Terms() job.Terms { return job.Terms{Tries: 16, Timeout: 30 * time.Second} }

// tell adds the jobs for what this turn has to say loudly: to the notices that the plan names, and for
// everything that is raised to the house's default notice. A rehearsal is told to nobody.
func (t *turn) tell(tx Tx) error {
	if t.state.Drill {
		return nil
	}
	set := t.d.cfg.House()
	for i, c := range t.notify {
		for _, ref := range c.Refs {
			name, _ := strings.CutPrefix(ref, "notify:")
			if _, ok := set.Notices[name]; !ok {
				continue // it is on the timeline
			}
			title := fmt.Sprintf("nobody took the alert %q", t.incident.Alert.Title)
			if err := tx.Enqueue(t.telling(fmt.Sprintf("otherwise-%d-%s", i, name), name, title, c.Why), time.Time{}); err != nil {
				return err
			}
		}
	}
	everything, ok := set.DefaultNotice()
	if !ok {
		return nil
	}
	for i, e := range t.notes {
		if e.Kind != timeline.NoticeRaised || slices.ContainsFunc(t.notify, func(c callout.Command) bool { return slices.Contains(c.Refs, "notify:"+everything) }) {
			continue
		}
		if err := tx.Enqueue(t.telling(fmt.Sprintf("notice-%d", i), everything, e.Text, "alert: "+t.incident.Alert.Title), time.Time{}); err != nil {
			return err
		}
	}
	return nil
}

func (t *turn) telling(id, name, title, text string) Telling {
	a := t.incident.Alert
	return Telling{
		ID: fmt.Sprintf("%s-%d-%s", t.row.ID, t.row.Version, id), Notice: name, At: t.state.Clock, Title: title, Text: text,
		Alert: t.incident.ID, Callout: t.row.ID, Severity: string(a.Severity), Source: a.Source, Path: t.d.Link(t.incident.ID),
	}
}

// raise puts something loud that is about no alert on the timeline, and has the default notice told.
func (d *Dispatcher) raise(tx Tx, e timeline.Event) error {
	e.Kind = timeline.NoticeRaised
	if err := tx.Append(e); err != nil {
		return err
	}
	name, ok := d.cfg.House().DefaultNotice()
	if !ok {
		return nil
	}
	return tx.Enqueue(Telling{ID: newID("no"), Notice: name, At: e.At, Title: e.Text}, time.Time{})
}
