package dispatch_test

import (
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/notice"
)

// tellings are what is on its way to notices, as "name: title".
func (n *night) tellings() (all []string) {
	for _, j := range n.store.Jobs() {
		if t, ok := j.Args.(dispatch.Telling); ok {
			all = append(all, t.Notice+": "+t.Title)
			if t.ID == "" || t.At.IsZero() {
				n.t.Errorf("a telling without a name or a time: %+v", t)
			}
		}
	}
	return all
}

func TestNobodyTookItAndTheNoticeOfThePlanIsTold(t *testing.T) {
	tell(t, "plan: default\nsteps:\n  - call: [sato]\notherwise: [notify:ops-mail, notify:gone]\n", func(n *night) {
		n.set.Notices = map[string]notice.Notice{"ops-mail": {Name: "ops-mail"}, notice.Default: {Name: notice.Default}}
		id := n.alert("db01/disk", "disk full on db01", severity(alert.Major))
		n.Phone("sato").Rings().StopsRinging()
		n.is(id, dispatch.Exhausted, "")
		got := strings.Join(n.tellings(), "\n")
		for _, want := range []string{`ops-mail: nobody took the alert "disk full on db01"`, `default: nobody took the alert "disk full on db01"`} {
			if strings.Count(got, want) != 1 {
				t.Errorf("%q was told %d times; told:\n%s", want, strings.Count(got, want), got)
			}
		}
		if strings.Contains(got, "gone:") {
			t.Errorf("a notice that is not there is told:\n%s", got)
		}
	})
}

func TestWhatIsLoudIsToldToTheDefaultNotice(t *testing.T) {
	tell(t, "plan: default\nsteps:\n  - call: [\"@empty\"]\n", func(n *night) {
		n.set.Notices = map[string]notice.Notice{notice.Default: {Name: notice.Default}}
		n.alert("db01/disk", "disk full on db01", severity(alert.Major))
		time.Sleep(time.Minute)
		if got := n.tellings(); len(got) == 0 || !strings.HasPrefix(got[0], "default: ") {
			t.Errorf("nobody could be called, and nobody was told: %q", got)
		}
		before := len(n.tellings())
		if _, err := n.d.Halt(t.Context(), "sato", "the carrier asked", time.Minute); err != nil {
			t.Fatal(err)
		}
		if got := n.tellings(); len(got) != before+1 || !strings.Contains(got[before], "nobody is called until") {
			t.Errorf("the kill switch was not told: %q", got[before:])
		}
		n.must(n.d.Unhalt(t.Context(), "sato"))
	})
}
