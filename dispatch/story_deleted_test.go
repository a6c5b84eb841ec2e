package dispatch_test

import (
	"testing"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/oncall"
)

// Sato's phone rings, and somebody tidies up: the source, the plan and suzuki's document are deleted. The call-out goes on with
// what it had, so suzuki is called next, by name; the next alert knows nothing of suzuki.
func TestWhoIsDeletedWhileACalloutRunsIsCalledAllTheSame(t *testing.T) {
	tell(t, `
plan: default
steps:
  - call: [sato]
  - call: [suzuki]
  - call: [tanaka]
`, func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		sato := n.Phone("sato").Rings()
		n.later.Store(&manifest.Set{
			Plans: map[string]callout.Plan{}, Sources: map[string]alert.Source{}, Groups: map[string]oncall.Group{}, Numbers: n.set.Numbers,
			People: map[string]oncall.Person{"tanaka": n.set.People["tanaka"]},
		})
		sato.Declines()
		n.Phone("suzuki").Rings().Answers().Hears("disk full").Presses("1").Hears("Recorded").IsHungUp()
		n.is(id, dispatch.Acknowledged, "suzuki")
		n.quiet(5 * time.Minute)

		id = n.alert("db02/disk", "disk full on db02")
		tanaka := n.Phone("tanaka").Rings()
		n.Phone("suzuki").DoesNotRing(time.Second)
		tanaka.Answers().Hears("disk full").Presses("1").Hears("Recorded").IsHungUp()
		n.is(id, dispatch.Acknowledged, "tanaka")
	})
}
