package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/api"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/trunk"
)

// inOffice is a house whose people have browsers and SIP phones, and one trunk.
func inOffice(h *house) {
	twoPhones(h)
	h.cfg.Schemes = []number.Scheme{number.Tel, number.SIP, number.Client}
	person := func(id string, contacts ...string) {
		p := oncall.Person{ID: id}
		for _, c := range contacts {
			a, err := number.ParseAddress(c)
			if err != nil {
				h.Fatal(err)
			}
			p.Contacts = append(p.Contacts, oncall.Method{Address: a})
		}
		h.set.People[id] = p
	}
	person("sato", "client:sato", "sip:sato@office.example.jp:5060")
	person("suzuki", "sip:suzuki@OFFICE.example.jp;transport=tcp", "client:suzuki")
	person("tanaka", "client:tanaka", "+819012345678")
	person("ito", "sip:ito@elsewhere.example")
	person("kato", "client:kato") // of no plan
	h.set.Trunks = []trunk.Trunk{{Name: "ntt", From: "+815012345678"}}
	h.set.Groups["db"] = oncall.Group{ID: "db", Members: []string{"suzuki", "tanaka"}}
	h.set.Plans["night"] = callout.Plan{Name: "night", Steps: []callout.Step{{Call: []string{"@db"}}, {Call: []string{"ito"}}}}
}

func TestWhoIsOnDuty(t *testing.T) {
	story(t, func(h *house) {
		at := time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC)
		var tabs []api.Tab
		down := map[string]api.Standing{}
		h.cfg.Browsers = func() []api.Tab { return tabs }
		h.cfg.Standings = func() map[string]api.Standing { return down }
		h.remake()
		told := func() (here, absent string) {
			d := get[api.Duty](h, "/api/duty")
			var one, two []string
			for _, p := range d.Present {
				one = append(one, fmt.Sprintf("%s %d", p.Address, len(p.Devices)))
			}
			for _, a := range d.Absent {
				var why []string
				for _, w := range a.Why {
					why = append(why, w.Code)
				}
				two = append(two, a.Person+" of "+strings.Join(a.Plans, "+")+": "+strings.Join(why, " "))
			}
			return strings.Join(one, ", "), strings.Join(two, ", ")
		}
		here, absent := told()
		if want := "client:kato 0, client:sato 0, sip:sato@office.example.jp:5060 1, sip:suzuki@office.example.jp;transport=tcp 0, client:suzuki 0, client:tanaka 0"; here != want {
			t.Errorf("here\n%s\nwant\n%s", here, want)
		}
		if want := "suzuki of night: no-phone no-browser"; absent != want {
			t.Errorf("absent %s, want %s", absent, want)
		}
		tabs = []api.Tab{{Identity: "suzuki", Since: at, From: "192.0.2.1", Agent: "Chromium"}, {Identity: "suzuki", Since: at}, {Identity: "app-user", Since: at}}
		if here, absent = told(); !strings.Contains(here, "client:suzuki 2") || !strings.HasSuffix(here, "client:app-user 1") || absent != "" {
			t.Errorf("here %s; absent %s", here, absent)
		}
		deserted := func() (plans []string) {
			all := get[api.Status](h, "/api/status").Warnings
			if all == nil {
				t.Error("no warnings are null")
			}
			for _, w := range all {
				if w.Code == "plan-deserted" && w.Loud {
					plans = append(plans, w.About)
				}
			}
			return plans
		}
		if got := deserted(); len(got) != 0 {
			t.Errorf("deserted: %v", got)
		}
		h.set.Plans["browsers"] = callout.Plan{Name: "browsers", Steps: []callout.Step{{Call: []string{"kato"}}}}
		if got := strings.Join(deserted(), " "); got != "browsers" {
			t.Errorf("deserted: %s", got)
		}
		tabs = append(tabs, api.Tab{Identity: "kato", Since: at})
		if got := deserted(); len(got) != 0 {
			t.Errorf("with kato on duty: %v", got)
		}
		delete(h.set.Plans, "browsers")
		down["ntt"] = api.Standing{Down: true}
		if _, absent = told(); absent != "tanaka of night: no-browser line-down" {
			t.Errorf("the line is down: absent %s", absent)
		}
		d := get[api.Duty](h, "/api/duty")
		for _, p := range d.Present {
			switch p.Address {
			case "client:suzuki":
				if p.Phone != "" || p.Devices[0] != (api.Device{Kind: "browser", Since: at, From: "192.0.2.1", Agent: "Chromium"}) {
					t.Errorf("%+v", p)
				}
			case "sip:sato@office.example.jp:5060":
				if p.Phone != "sato@office.example.jp" || p.Devices[0].Kind != "sip" || p.Devices[0].From != "203.0.113.9:31234" {
					t.Errorf("%+v", p)
				}
			}
		}
	}, inOffice)
}
