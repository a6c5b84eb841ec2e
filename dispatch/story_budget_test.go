package dispatch_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/tariff"
	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/trunk"
)

const yen tariff.Amount = 1_000_000

// costly is a trunk on which each minute begun is 10 yen.
var costly = trunk.Trunk{Name: "ntt", Server: "ntt.example", Prices: tariff.Table{
	Currency: "JPY", Rows: []tariff.Row{{To: []string{"mobile"}, Price: 10 * yen, Unit: time.Minute}},
}}

// telephones gives people mobile numbers on the costly trunk, and the house a budget.
func (n *night) telephones(b tariff.Budget, numbers map[string]number.Number) {
	n.stop()
	synctest.Wait()
	n.set.Trunks = []trunk.Trunk{costly}
	n.set.Budgets = []tariff.Budget{b}
	for name, num := range numbers {
		n.person(name, func(p *oncall.Person) {
			p.Contacts = []oncall.Method{{Address: number.Address{Scheme: number.Tel, Number: num}}}
		})
	}
	n.wakeUp()
}

var mobiles = map[string]number.Number{"sato": "+819011110001", "suzuki": "+819011110002", "tanaka": "+819011110003"}

func phoneOf(name string) string { return "sip:" + string(mobiles[name]) + "@ntt.example" }

func budget(limit tariff.Amount) tariff.Budget {
	return tariff.Budget{Name: "calls", Limit: tariff.Money{Amount: limit, Currency: "JPY"}, Warn: []int{50, 80, 100}, Stop: true}
}

// voicemail lets the voicemail of somebody answer and take the whole message.
func (n *night) voicemail(name string) {
	n.t.Helper()
	n.Phone(phoneOf(name)).Rings().Answers().Waits(8 * time.Second).HangsUp()
	time.Sleep(2 * time.Second) // counted
}

func TestABudgetIsSaidAtEachPercentageOnceAndStopsWarningsOnly(t *testing.T) {
	tellOver(t, "", []trunk.Trunk{costly}, func(n *night) {
		n.telephones(budget(20*yen), mobiles)
		warned := n.alert("w1", "disk 80%", severity(alert.Warning))
		time.Sleep(time.Minute)
		n.voicemail("sato")
		if got := n.count(timeline.NoticeRaised, "50 % of the month's budget is reached: 10 of 20 JPY"); got != 1 {
			t.Fatalf("half of it is said %d times\n%s", got, n.timeline())
		}
		n.voicemail("suzuki") // now it is used up, and tanaka is not rung any more
		n.happened(timeline.NoticeRaised, `100 % of the month's budget is reached: 20 of 20 JPY of budget "calls"; from now on warnings ring no telephone`)
		n.quiet(2*time.Minute, phoneOf("tanaka"))
		n.is(warned, dispatch.Exhausted, "")
		n.happened(timeline.AttemptUnreachable, "not called for a warning: the month's budget is used up")
		n.why(warned, true, "2 people were called and nobody took it")

		next := n.alert("w2", "disk 81%", severity(alert.Warning))
		n.quiet(10*time.Minute, phoneOf("sato"), phoneOf("suzuki"), phoneOf("tanaka"))
		n.is(next, dispatch.Exhausted, "")
		x := n.why(next, false, "telephones are not rung for this warning: the month's budget is used up: 20 of 20 JPY")
		if len(x.Notices) == 0 || len(x.People) != 3 || !strings.Contains(x.People[0].Why, "not called for a warning") {
			t.Errorf("%+v", x)
		}

		// What is critical, and what nobody has judged, is called whatever it costs.
		for _, s := range []alert.Severity{alert.Critical, alert.Unknown, alert.Major} {
			id := n.alert("c-"+string(s), "database down", severity(s))
			n.Phone(phoneOf("sato")).Rings().Answers().Waits(10 * time.Second).Presses("1")
			n.is(id, dispatch.Acknowledged, "sato")
			time.Sleep(20 * time.Second)
			n.alert("c-"+string(s), "database down", resolve)
			time.Sleep(time.Minute)
		}
		if got := n.count(timeline.NoticeRaised, "of the month's budget is reached"); got != 2 {
			t.Errorf("budgets are told of %d times\n%s", got, n.timeline())
		}
		n.restart()
		time.Sleep(2 * time.Minute)
		if got := n.count(timeline.NoticeRaised, "of the month's budget is reached"); got != 2 {
			t.Errorf("after a restart it is said again\n%s", n.timeline())
		}
	})
}

func TestAWarningThatTheBudgetStoppedRingsWhenItBecomesCritical(t *testing.T) {
	for _, c := range []struct {
		name   string
		wait   time.Duration
		others bool // rung as well, because nobody knows any more whose turn it was
	}{{"at once", 0, false}, {"while the plan is at work", 5 * time.Minute, true}, {"after it is exhausted", time.Hour, false}} {
		t.Run(c.name, func(t *testing.T) {
			tellOver(t, plans+"  - wait: 10m\n  - call: [sato]\n", []trunk.Trunk{costly}, func(n *night) {
				n.telephones(budget(1), mobiles)
				n.alert("first", "the one that uses it up", severity(alert.Critical))
				n.Phone(phoneOf("sato")).Rings().Answers().Waits(10 * time.Second).Presses("1")
				time.Sleep(time.Minute)
				n.alert("first", "over", resolve)
				id := n.alert("k", "disk 80%", severity(alert.Warning))
				n.quiet(c.wait, phoneOf("sato"), phoneOf("suzuki"), phoneOf("tanaka"))
				n.alert("k", "disk full", severity(alert.Critical))
				if c.others {
					n.Phone(phoneOf("suzuki")).Rings()
					n.Phone(phoneOf("tanaka")).Rings()
				}
				n.Phone(phoneOf("sato")).Rings().Answers().Waits(10 * time.Second).Presses("1")
				n.is(id, dispatch.Acknowledged, "sato")
			})
		})
	}
}

func TestABudgetStopsNothingThatCostsNothing(t *testing.T) {
	tellOver(t, "", []trunk.Trunk{costly}, func(n *night) {
		n.telephones(budget(1), map[string]number.Number{"sato": mobiles["sato"]})
		n.alert("first", "the one that uses it up")
		n.Phone(phoneOf("sato")).Rings().Answers().Waits(10 * time.Second).Presses("1")
		time.Sleep(time.Minute)
		n.alert("k", "disk 80%", severity(alert.Warning))
		time.Sleep(time.Minute)
		n.Phone("suzuki").Rings().Answers().Waits(10 * time.Second).Presses("1") // a SIP phone of our own
		n.Phone(phoneOf("sato")).DoesNotRing(time.Minute)
	})
}

// Short messages are paid for out of the same budget: when they have used it up, warnings ring no telephone, and what is
// critical does.
func TestABudgetKnowsWhatMessagesCost(t *testing.T) {
	tellOver(t, "", []trunk.Trunk{costly}, func(n *night) {
		n.telephones(budget(20*yen), mobiles)
		for i := range 2 {
			n.must(n.store.ChangeMessage(n.t.Context(), message.Change{Record: message.Record{
				SID: sid.Message(fmt.Sprintf("SM%032d", i)), Direction: message.OutboundAPI, Status: message.Delivered, Carrier: "twilio",
				Created: time.Now(), Sent: time.Now(), Price: tariff.Money{Amount: 10 * yen, Currency: "JPY"},
			}}))
		}
		time.Sleep(2 * time.Minute) // counted
		n.happened(timeline.NoticeRaised, `100 % of the month's budget is reached: 20 of 20 JPY of budget "calls"`)
		warned := n.alert("w", "disk 80%", severity(alert.Warning))
		n.quiet(10*time.Minute, phoneOf("sato"), phoneOf("suzuki"), phoneOf("tanaka"))
		n.is(warned, dispatch.Exhausted, "")
		id := n.alert("c", "database down", severity(alert.Critical))
		n.Phone(phoneOf("sato")).Rings().Answers().Waits(10 * time.Second).Presses("1")
		n.is(id, dispatch.Acknowledged, "sato")
	})
}
