package api

import (
	"fmt"
	"time"

	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/trunk"
)

// Standing is how a trunk, or an SMSC, stands with its carrier, apart from calls and messages.
type Standing struct {
	Node   string     `json:"node,omitempty" doc:"The node that is signed on for all, or tries to, where that is another one: all but server and seen is what it has found."`
	State  string     `json:"state" enum:"waiting,registered,answering,refused,silent" doc:"refused: the carrier does not let us in; silent: it does not answer, or cannot be found."`
	Since  time.Time  `json:"since"`
	Until  *time.Time `json:"until,omitempty" doc:"Of the registration, as the carrier has granted it."`
	Next   *time.Time `json:"next,omitempty" doc:"When the carrier is asked again."`
	Server string     `json:"server,omitempty" doc:"Who answered last."`
	Seen   string     `json:"seen,omitempty" doc:"The address at which the carrier sees us."`
	Why    string     `json:"why,omitempty" doc:"What is wrong."`
	Remedy string     `json:"remedy,omitempty" doc:"What to do about it."`
	Down   bool       `json:"-"`
}

func (a *API) standings() map[string]Standing {
	if a.cfg.Standings == nil {
		return nil
	}
	return a.cfg.Standings()
}

// linesDown warns of trunks and SMSCs that carriers do not let us use, and of trunks that have failed call after call. It is
// loud where no other is left.
func (a *API) linesDown(set *manifest.Set) (w []Warning) {
	stand := a.standings()
	fared := map[string]trunk.Health{}
	for _, t := range a.cfg.Calls.Trunks() {
		fared[t.Name] = t.Health
	}
	lines := set.Lines()
	for _, t := range lines {
		one := Warning{Code: "line-down", About: t.Name}
		switch s, h := stand[t.Name], fared[t.Name]; {
		case s.Down:
			one.Text, one.Hint = s.Why, s.Remedy
		case h.Down():
			one.Text, one.Hint = h.Words(time.Now()), fmt.Sprintf("kaden trunk check %s, with --call and a number, says whether it works again", t.Name)
		default:
			continue
		}
		one.Text = fmt.Sprintf("trunk %s is down: %s", t.Name, one.Text)
		w = append(w, one)
	}
	for i := range w {
		w[i].Loud = len(w) == len(lines)
	}
	for _, c := range set.SMSCs {
		if s := stand[c.Name]; s.Down {
			w = append(w, Warning{Code: "smsc-down", About: c.Name, Text: fmt.Sprintf("smsc %s is down, and short messages wait: %s", c.Name, s.Why), Hint: s.Remedy})
		}
	}
	return w
}
