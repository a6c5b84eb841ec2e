package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/trunk"
)

// Duty is who can be rung this moment, as far as somebody has to be there for it.
type Duty struct {
	Present []Presence `json:"present" nullable:"false" doc:"Addresses that ring only while a browser is on duty or a phone is registered: every contact of that kind, and every other one where somebody is."`
	Absent  []Absent   `json:"absent" nullable:"false" doc:"Who is in a plan and cannot be reached at any contact now."`
}

// Presence is an address, and the telephones that are there.
type Presence struct {
	Address string   `json:"address" example:"client:sato"`
	Phone   string   `json:"phone,omitempty" doc:"The SIP phone it is, for /api/phones/{id}/settings." example:"sato@office.example.jp"`
	Devices []Device `json:"devices" nullable:"false" doc:"None: nobody is there, and a call to it fails at once."`
}

// Device is one telephone that rings: a tab of a browser, or a SIP phone.
type Device struct {
	Kind  string    `json:"kind" enum:"browser,sip"`
	Since time.Time `json:"since" doc:"Since when it has been there without a break."`
	From  string    `json:"from,omitempty" doc:"Where it comes from." example:"203.0.113.9"`
	Agent string    `json:"agent,omitempty" doc:"What it calls itself."`
}

// Absent is somebody who cannot be reached now.
type Absent struct {
	Person string   `json:"person"`
	Plans  []string `json:"plans" nullable:"false" doc:"That would ring the person."`
	Why    []Reason `json:"why" nullable:"false" doc:"For each contact, in order; none: there is no contact."`
}

// Reason is why one contact cannot be reached now.
type Reason struct {
	Address string `json:"address"`
	Code    string `json:"code" enum:"no-browser,no-phone,line-down,never" doc:"never: not now and not later, until the documents change."`
	Text    string `json:"text"`
}

// Tab is a browser that is on duty.
type Tab struct {
	Identity, From, Agent string
	Since                 time.Time
}

func (a *API) dutyRoutes() {
	huma.Register(a.huma, huma.Operation{
		OperationID: "duty", Method: http.MethodGet, Path: "/api/duty",
		Summary:     "Who is on duty: browsers and SIP phones that ring now, and who of the plans cannot be reached",
		Description: "A browser that has vanished without a word is in it for 15 s. Browsers are those of this machine.",
	}, func(context.Context, *struct{}) (*body[Duty], error) {
		set := a.cfg.House()
		r := a.roll()
		return answer(Duty{r.present(set), r.absent(set, a.cfg.Schemes)}), nil
	})
}

// roll is what is there now.
type roll struct {
	devices map[string][]Device // by address
	phones  map[string]bool     // SIP phones of the house, there or not, by user@domain
	down    map[string]bool     // trunks that their carriers do not let us use
}

func (a *API) roll() roll {
	r := roll{devices: map[string][]Device{}, phones: map[string]bool{}, down: map[string]bool{}}
	if a.cfg.Browsers != nil {
		for _, t := range a.cfg.Browsers() {
			at := number.Address{Scheme: number.Client, Text: t.Identity}.String()
			r.devices[at] = append(r.devices[at], Device{"browser", t.Since, t.From, t.Agent})
		}
	}
	for _, p := range a.phones() {
		r.phones[p.ID] = true
		for _, c := range p.Contacts {
			at := number.Address{Scheme: number.SIP, Text: p.ID}.String()
			r.devices[at] = append(r.devices[at], Device{"sip", c.Since, c.Source, c.Agent})
		}
	}
	for name, s := range a.standings() {
		r.down[name] = s.Down
	}
	return r
}

// phone is the phone of the house that a SIP address means, "" for others' phones.
func (r roll) phone(a number.Address) string {
	if a.Scheme != number.SIP && a.Scheme != number.SIPS {
		return ""
	}
	text, _, _ := strings.Cut(a.Text, ";")
	user, host, _ := strings.Cut(text, "@")
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	if id := user + "@" + strings.ToLower(host); r.phones[id] {
		return id
	}
	return ""
}

// presence is who is at an address; false where nobody has to be there for it to ring.
func (r roll) presence(a number.Address) (Presence, bool) {
	phone := r.phone(a)
	if a.Scheme != number.Client && phone == "" {
		return Presence{}, false
	}
	at := a.String()
	devices := r.devices[at]
	if phone != "" {
		devices = r.devices[number.Address{Scheme: number.SIP, Text: phone}.String()]
	}
	return Presence{Address: at, Phone: phone, Devices: append([]Device{}, devices...)}, true
}

// present is every address at which somebody has to be: the people's, then those that nobody has as a contact.
func (r roll) present(set *manifest.Set) []Presence {
	list, seen := []Presence{}, map[string]bool{}
	for _, id := range slices.Sorted(maps.Keys(set.People)) {
		for _, m := range set.People[id].Contacts {
			if p, ok := r.presence(m.Address); ok && !seen[p.Address] {
				list = append(list, p)
				seen[p.Address], seen["sip:"+p.Phone] = true, true
			}
		}
	}
	for _, at := range slices.Sorted(maps.Keys(r.devices)) {
		if seen[at] {
			continue
		}
		p := Presence{Address: at, Devices: r.devices[at]}
		if id, ok := strings.CutPrefix(at, "sip:"); ok {
			p.Phone = id
		}
		list = append(list, p)
	}
	return list
}

// rung is who would be rung by each plan, by its name.
func rung(set *manifest.Set) map[string][]oncall.Person {
	out := map[string][]oncall.Person{}
	everybody := set.Directory()
	for name, plan := range set.Plans {
		var refs []string
		for _, s := range plan.Steps {
			refs = append(refs, s.Call...)
		}
		out[name], _ = everybody.Resolve(refs, time.Now()) // what cannot be resolved was refused with the document
	}
	return out
}

// absent is who is in a plan and has no contact that could be called now.
func (r roll) absent(set *manifest.Set, schemes []number.Scheme) []Absent {
	plans := map[string][]string{}
	everybody := rung(set)
	for _, name := range slices.Sorted(maps.Keys(everybody)) {
		for _, p := range everybody[name] {
			plans[p.ID] = append(plans[p.ID], name)
		}
	}
	list := []Absent{}
	for _, id := range slices.Sorted(maps.Keys(plans)) {
		gone := Absent{Person: id, Plans: plans[id], Why: []Reason{}}
		reached := false
		for _, m := range set.People[id].Contacts {
			why, no := r.away(m, set, schemes)
			reached = reached || !no
			gone.Why = append(gone.Why, why)
		}
		if !reached {
			list = append(list, gone)
		}
	}
	return list
}

// deserted warns of plans that would ring nobody at this moment because nobody is on duty.
func (a *API) deserted(set *manifest.Set) (w []Warning) {
	gone := map[string]bool{}
	for _, p := range a.roll().absent(set, a.cfg.Schemes) {
		gone[p.Person] = slices.ContainsFunc(p.Why, func(r Reason) bool { return r.Code == "no-browser" || r.Code == "no-phone" })
	}
	everybody := rung(set)
	for _, name := range slices.Sorted(maps.Keys(everybody)) {
		people := everybody[name]
		missing := slices.ContainsFunc(people, func(p oncall.Person) bool { return gone[p.ID] })
		there := slices.ContainsFunc(people, func(p oncall.Person) bool { _, away := gone[p.ID]; return !away })
		if missing && !there {
			w = append(w, Warning{Code: "plan-deserted", Loud: true, About: name, Text: fmt.Sprintf("nobody of plan %q can be reached now: no browser is on duty and no phone is registered", name),
				Hint: "somebody goes on duty in the console (Phone), or registers a phone; a telephone number among the contacts rings without that"})
		}
	}
	return w
}

// away says why a contact cannot be called now; false: it can.
func (r roll) away(m oncall.Method, set *manifest.Set, schemes []number.Scheme) (why Reason, away bool) {
	why.Address = m.Address.String()
	lines := set.Lines()
	if text := unreachable(m, lines, schemes); text != "" {
		why.Code, why.Text = "never", text
		return why, true
	}
	if p, ok := r.presence(m.Address); ok {
		switch {
		case len(p.Devices) > 0:
			return why, false
		case p.Phone != "":
			why.Code, why.Text = "no-phone", "no phone is registered as "+p.Phone
		default:
			why.Code, why.Text = "no-browser", "no browser is on duty as "+m.Address.Text
		}
		return why, true
	}
	if m.Address.Scheme != number.Tel {
		return why, false
	}
	var down []string
	up := slices.DeleteFunc(slices.Clone(lines), func(t trunk.Trunk) bool {
		if r.down[t.Name] {
			down = append(down, t.Name)
		}
		return r.down[t.Name]
	})
	if left, _ := trunk.Choose(up, m.Address.Number, nil); len(left) > 0 {
		return why, false
	}
	why.Code, why.Text = "line-down", fmt.Sprintf("no line to it is up (%s)", strings.Join(down, ", "))
	return why, true
}
