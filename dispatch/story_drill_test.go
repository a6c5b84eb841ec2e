package dispatch_test

import (
	"errors"
	"testing"
	"time"

	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/timeline"
)

// at sleeps until it is that hour.
func (n *night) at(hour int) {
	for now := time.Now().Local(); now.Hour() != hour; now = time.Now().Local() {
		time.Sleep(time.Hour - time.Duration(now.Minute())*time.Minute)
	}
}

const roundRobin = "plan: default\nsteps:\n  - call: [sato, suzuki, tanaka]\n    order: round-robin\n"

func TestR26ADrillSaysSoFirstAndLast(t *testing.T) {
	tell(t, roundRobin, func(n *night) {
		n.person("sato", func(p *oncall.Person) { p.Language = "ja-JP" })
		n.at(10)
		id, err := n.d.Drill(n.t.Context(), "default", "tanaka", false)
		n.must(err)
		if inc := n.incident(id); !inc.Drill {
			t.Errorf("incident %+v", inc)
		}
		sato := n.Phone("sato").Rings().Answers().Hears("訓練。これは訓練です。").Hears("からの").Hears("1を押してください").HearsAll("以上、訓練でした。")
		sato.Presses("2").Hears("次の人に").IsHungUp()
		n.Phone("suzuki").Rings().Answers().Hears("This is a drill.").Hears("drill of plan default, by tanaka").Presses("1").
			Hears("Recorded: you have taken it.").Hears("This was a drill.").IsHungUp()
		n.is(id, dispatch.Resolved, "suzuki")
		n.quiet(3 * time.Hour) // nobody is asked whether they are still on it
		n.alert("db01/disk", "disk full")
		n.Phone("sato").Rings().Answers().Hears("disk").Presses("1").IsHungUp() // whose turn it was before
	})
}

func TestR26ADrillGivesWayToARealAlert(t *testing.T) {
	tell(t, "", func(n *night) {
		n.plan("plan: practice\nsteps:\n  - call: [suzuki, tanaka, sato]\n    order: together\n")
		n.at(10)
		id, err := n.d.Drill(n.t.Context(), "practice", "tanaka", false)
		n.must(err)
		sato := n.Phone("sato").Rings().Answers().Hears("This is a drill.")
		suzuki := n.Phone("suzuki").Rings()
		tanaka := n.Phone("tanaka").Rings().Answers().Hears("This is a drill.")
		alert := n.alert("db01/disk", "disk full on db01")
		suzuki.StopsRinging()
		tanaka.Hears("The drill ends here, because a real alert has come in").IsHungUp()
		sato.Hears("The drill ends here. This is a real alert.").Hears("disk full").Presses("1").Hears("Recorded").IsHungUp()
		n.is(alert, dispatch.Acknowledged, "sato")
		n.is(id, dispatch.Resolved, "a real alert")
		n.why(id, true, "gave way to a real alert")
		_, err = n.d.Drill(n.t.Context(), "practice", "tanaka", false)
		n.must(err) // it is taken: nobody is being called
		n.Phone("suzuki").Rings()
		n.Phone("tanaka").Rings()
		n.Phone("sato").Rings().Answers().Hears("This is a drill.").Hears("drill of plan").Presses("1").Hears("Recorded").IsHungUp()
		n.Phone("suzuki").StopsRinging()
		n.Phone("tanaka").StopsRinging()
		n.must(n.d.Resolve(n.t.Context(), alert, "sato"))
		n.quiet(time.Hour)
	})
}

func TestR26ADrillOfAPlanWithoutKeys(t *testing.T) {
	for _, confirm := range []string{"none", "hangup"} {
		t.Run(confirm, func(t *testing.T) {
			tell(t, "plan: default\nconfirm: "+confirm+"\nsteps:\n  - call: [sato]\n", func(n *night) {
				n.at(10)
				id, err := n.d.Drill(n.t.Context(), "default", "tanaka", false)
				n.must(err)
				sato := n.Phone("sato").Rings().Answers().Hears("This is a drill.").Hears("drill of plan").HearsAll("This was a drill.")
				if confirm == "hangup" { // a drill is as critical as the night it is for: hanging up is not enough
					sato.Hears("Press 1").Presses("1").Hears("Recorded")
				}
				sato.IsHungUp()
				n.is(id, dispatch.Resolved, "sato")
			})
		})
	}
}

func TestR26WhatKeepsADrillFromBeginning(t *testing.T) {
	tell(t, "", func(n *night) {
		n.at(23)
		_, err := n.d.Drill(n.t.Context(), "default", "tanaka", false)
		if !errors.Is(err, dispatch.ErrNight) {
			t.Errorf("at night: %v", err)
		}
		if _, err := n.d.Drill(n.t.Context(), "nothing", "tanaka", true); !errors.Is(err, dispatch.ErrNoPlan) {
			t.Errorf("a plan that does not exist: %v", err)
		}
		id, err := n.d.Drill(n.t.Context(), "default", "tanaka", true) // forced
		n.must(err)
		n.Phone("sato").Rings().Answers().Hears("This is a drill").Hears("Press 1").Presses("1").Hears("Recorded").IsHungUp()
		n.is(id, dispatch.Resolved, "sato")
		real := n.alert("db01/disk", "disk full")
		sato := n.Phone("sato").Rings()
		if _, err := n.d.Drill(n.t.Context(), "default", "tanaka", true); !errors.Is(err, dispatch.ErrRealAlert) {
			t.Errorf("beside a real alert: %v", err)
		}
		n.must(n.d.Resolve(n.t.Context(), real, "tanaka"))
		sato.StopsRinging()
		_, err = n.d.Halt(n.t.Context(), "tanaka", "", 0)
		n.must(err)
		if _, err := n.d.Drill(n.t.Context(), "default", "tanaka", true); !errors.Is(err, dispatch.ErrHeld) {
			t.Errorf("under the kill switch: %v", err)
		}
	})
}

func TestR33TheKillSwitch(t *testing.T) {
	tell(t, together, func(n *night) {
		id := n.alert("db01/disk", "disk full on db01")
		sato, suzuki := n.Phone("sato").Rings().Answers().Hears("disk"), n.Phone("suzuki").Rings()
		n.Phone("tanaka").Rings().Declines()
		h, err := n.d.Halt(n.t.Context(), "tanaka", "false alarms", 0)
		n.must(err)
		if n.d.Held() != h || h.Until.Sub(h.Since) != 30*time.Minute || h.By != "tanaka" {
			t.Errorf("hold %+v, held %+v", h, n.d.Held())
		}
		suzuki.StopsRinging()
		sato.Hears("Press 1").Presses("2").Hears("next person").IsHungUp() // who listens goes on
		n.happened(timeline.NoticeRaised, "halted nobody is called until 00:30: stopped by tanaka: false alarms")
		n.happened(timeline.CalloutHalted, "")
		other := n.alert("web/cpu", "cpu hot")
		n.quiet(25 * time.Minute)
		n.why(other, false, "the kill switch held")
		n.restart()
		if n.d.Held() != h {
			t.Errorf("after a restart: %+v, want %+v", n.d.Held(), h)
		}
		n.quiet(4 * time.Minute)
		n.Phone("suzuki").Rings().Answers().Hears("There are 2 alerts").Presses("1").Hears("Recorded").IsHungUp() // by itself
		n.Phone("sato").Rings().StopsRinging()
		n.Phone("tanaka").Rings().StopsRinging()
		if n.d.Held() != (dispatch.Hold{}) {
			t.Errorf("after its time: %+v", n.d.Held())
		}
		n.happened(timeline.NoticeRaised, "the time of the kill switch is over")
		n.is(id, dispatch.Acknowledged, "suzuki")
		n.is(other, dispatch.Acknowledged, "suzuki")
		n.must(n.d.Resolve(n.t.Context(), id, "suzuki"))
		n.must(n.d.Resolve(n.t.Context(), other, "suzuki"))
	})
}

// Two people pull it for two reasons, and neither knows of the other: both reasons stay, and the shorter hold does not cut the
// longer one short.
func TestR33TheKillSwitchIsPulledTwice(t *testing.T) {
	tell(t, "", func(n *night) {
		first, err := n.d.Halt(n.t.Context(), "tanaka", "the carrier calls at random", 0)
		n.must(err)
		time.Sleep(5 * time.Minute)
		h, err := n.d.Halt(n.t.Context(), "sato", "we move the database", 10*time.Minute)
		n.must(err)
		if h.Until != first.Until || h.Since != first.Since || h.By != "sato" || h.Why != "tanaka: the carrier calls at random; sato: we move the database" {
			t.Errorf("the second on top of the first: %+v", h)
		}
		n.happened(timeline.NoticeRaised, "stopped by sato: tanaka: the carrier calls at random; sato: we move the database")
		if h2, _ := n.d.Halt(n.t.Context(), "sato", "we move the database", time.Minute); h2 != h || n.d.Held() != h {
			t.Errorf("the same once more: %+v, held %+v", h2, n.d.Held())
		}
		h, err = n.d.Halt(n.t.Context(), "suzuki", "", 0) // half an hour from now
		n.must(err)
		if h.Until.Sub(first.Until) != 5*time.Minute || h.Why != "tanaka: the carrier calls at random; sato: we move the database; suzuki" {
			t.Errorf("the third: %+v", h)
		}
		n.must(n.d.Unhalt(n.t.Context(), "tanaka"))
		if h, err := n.d.Halt(n.t.Context(), "sato", "", 2*time.Minute); err != nil || h.Why != "" || h.Until.Sub(h.Since) != 2*time.Minute {
			t.Errorf("let go, and pulled anew: %+v, %v", h, err)
		}
		if h, err := n.d.Halt(n.t.Context(), "suzuki", "", 20*time.Minute); err != nil || h.Why != "sato; suzuki" {
			t.Errorf("and on top of that: %+v, %v", h, err)
		}
		id := n.alert("db01/disk", "disk full on db01")
		n.quiet(19 * time.Minute)
		n.Phone("sato").Rings().Answers().Hears("disk").Presses("1").Hears("Recorded").IsHungUp()
		n.is(id, dispatch.Acknowledged, "sato")
		n.must(n.d.Resolve(n.t.Context(), id, "sato"))
	})
}

func TestR33TheKillSwitchIsLetGo(t *testing.T) {
	tell(t, "", func(n *night) {
		_, err := n.d.Halt(n.t.Context(), "tanaka", "", 10*time.Hour)
		n.must(err)
		if h := n.d.Held(); h.Until.Sub(h.Since) != 30*time.Minute {
			t.Errorf("ten hours are half an hour: %+v", h)
		}
		id := n.alert("db01/disk", "disk full on db01")
		n.quiet(time.Minute)
		n.must(n.d.Unhalt(n.t.Context(), "tanaka"))
		n.happened(timeline.NoticeRaised, "let go by tanaka")
		n.Phone("sato").Rings().Answers().Hears("disk").Presses("1").Hears("Recorded").IsHungUp()
		n.is(id, dispatch.Acknowledged, "sato")
		n.must(n.d.Unhalt(n.t.Context(), "tanaka")) // once more changes nothing
		n.must(n.d.Resolve(n.t.Context(), id, "sato"))
	})
}
