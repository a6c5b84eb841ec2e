package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/api"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/timeline"
)

// rung is an alert for which a phone rings.
func (h *house) rung() string {
	h.Helper()
	made := post[api.TestAlert](h, http.StatusAccepted, "/api/alerts/test", "")
	h.rings()
	return made.Alert
}

func TestEachDecisionReachesItsOwner(t *testing.T) {
	story(t, func(h *house) {
		id := h.rung()
		for _, tt := range []struct{ path, body, told string }{
			{"resolve", `{"by": "sato"}`, "sato resolves"},
			{"release", "", "api releases"},
			{"summon", `{"by": " sato "}`, "sato summons"},
			{"snooze", "", "api snoozes for 0s"},
			{"snooze", `{"for": "1h30m", "by": "sato"}`, "sato snoozes for 1h30m0s"},
			{"hand-over", `{"to": "suzuki", "by": "sato"}`, "sato hands over to suzuki"},
		} {
			t.Run(tt.path, func(t *testing.T) {
				in := *h
				in.T = t
				if d := post[api.Detail](&in, http.StatusOK, "/api/alerts/"+id+"/"+tt.path, tt.body); d.ID != id {
					t.Errorf("answered with %+v", d.Alert)
				}
				if got := h.told.last(); got != tt.told {
					t.Errorf("told %q, want %q", got, tt.told)
				}
			})
		}
		if w := h.ask("POST", "/api/alerts/"+id+"/alive", `{"by": "sato"}`); w.Code != http.StatusNoContent || w.Body.Len() != 0 || h.told.last() != "sato is alive" {
			t.Errorf("alive: %d %s, told %q", w.Code, w.Body, h.told.last())
		}
	})
}

func TestADecisionThatCannotBeCarriedOutSaysWhy(t *testing.T) {
	story(t, func(h *house) {
		id := h.rung()
		h.refused(h.ask("POST", "/api/alerts/"+id+"/snooze", `{"for": "soon"}`), 422, "for: soon", "30m")
		h.refused(h.ask("POST", "/api/alerts/"+id+"/snooze", `{"for": "-1m"}`), 422, "length of time")
		h.refused(h.ask("POST", "/api/alerts/"+id+"/hand-over", `{}`), 422, "to")
		h.refused(h.ask("POST", "/api/alerts/al-1/resolve", ""), 404, "there is no alert al-1")
		h.told.err = &dispatch.NotSomebody{Name: "nobody", Why: "not a person of this house"}
		h.refused(h.ask("POST", "/api/alerts/"+id+"/hand-over", `{"to": "nobody"}`), 422, "nobody cannot be called: not a person", "people here: sato")
		h.told.err = errDown
		h.refused(h.ask("POST", "/api/alerts/"+id+"/alive", ""), 500, "disk gone")
		h.refused(h.ask("GET", "/api/alerts/"+id+"/why", ""), 500, "disk gone")
		h.refused(h.ask("GET", "/api/alerts/"+id+"/word", ""), 404, "nobody left a word")
		h.refused(h.ask("GET", "/api/alerts/al-1/word", ""), 404, "there is no alert")
	})
}

func TestWhyNobodyWasCalledIsPartOfTheAlert(t *testing.T) {
	story(t, func(h *house) {
		h.told.why = dispatch.Explanation{
			Summary: "nobody can be reached", Notices: []string{"no trunk"},
			People: []dispatch.PersonStory{{Person: "sato", Why: "0120 cannot be reached"}},
		}
		made := post[api.TestAlert](h, http.StatusAccepted, "/api/alerts/test", `{"severity": "warning"}`)
		d := get[api.Detail](h, "/api/alerts/"+made.Alert)
		if d.Why == nil || d.Why.Summary != "nobody can be reached" || d.Why.People[0].Why != "0120 cannot be reached" || d.Why.Notices[0] != "no trunk" {
			t.Errorf("why is %+v", d.Why)
		}
		h.told.why.Called = true
		if d := get[api.Detail](h, "/api/alerts/"+made.Alert); d.Why != nil {
			t.Errorf("somebody was called, and it says why nobody was: %+v", d.Why)
		}
		if w := get[api.Why](h, "/api/alerts/"+made.Alert+"/why"); !w.Called || w.People[0].Person != "sato" {
			t.Errorf("what happened to each: %+v", w)
		}
	})
}

func TestTheWordOfTheOneWhoTookItCanBeHeard(t *testing.T) {
	story(t, func(h *house) {
		if err := h.store.PutSound(h.Context(), "so-1", dispatch.SoundWord, []byte("RIFF it is the fan")); err != nil {
			t.Fatal(err)
		}
		h.keep(dispatch.Incident{ID: "al-1", Status: dispatch.Acknowledged, By: "sato", Word: "so-1", WordBy: "sato", Drill: true, Opened: time.Now(), Alert: alert.Alert{Title: "disk"}})
		d := get[api.Detail](h, "/api/alerts/al-1")
		if d.Word != "/api/alerts/al-1/word" || d.WordBy != "sato" || !d.Drill {
			t.Errorf("the alert is %+v", d)
		}
		w := h.ask("GET", d.Word, "")
		if w.Code != 200 || w.Header().Get("Content-Type") != "audio/wav" || w.Body.String() != "RIFF it is the fan" {
			t.Errorf("the word is %d %s %s", w.Code, w.Header().Get("Content-Type"), w.Body)
		}
		w = h.ask("GET", d.Word, "", func(r *http.Request) { r.Header.Set("Range", "bytes=0-3") })
		if w.Code != http.StatusPartialContent || w.Body.String() != "RIFF" {
			t.Errorf("a part of it is %d %s", w.Code, w.Body)
		}
	})
}

// keep writes an incident as an earlier night left it.
func (h *house) keep(i dispatch.Incident, events ...timeline.Event) {
	h.Helper()
	err := h.store.Write(h.Context(), func(tx dispatch.Tx) error {
		if err := tx.PutIncident(i); err != nil {
			return err
		}
		return tx.Append(events...)
	})
	if err != nil {
		h.Fatal(err)
	}
}

func TestTheKillSwitchIsLoud(t *testing.T) {
	story(t, func(h *house) {
		if s := get[api.Status](h, "/api/status"); s.Hold != nil {
			t.Errorf("it holds: %+v", s.Hold)
		}
		put := post[api.Hold](h, http.StatusOK, "/api/hold", `{"for": "10m", "why": "the carrier calls at random", "by": "sato"}`)
		if put.By != "sato" || put.Until.Sub(put.Since) != 10*time.Minute {
			t.Errorf("put: %+v", put)
		}
		s := get[api.Status](h, "/api/status")
		if s.Hold == nil || *s.Hold != put {
			t.Errorf("it holds: %+v, want %+v", s.Hold, put)
		}
		if w := s.Warnings[0]; w.Code != "held" || !w.Loud || !strings.Contains(w.Text, "the carrier calls at random") || !strings.Contains(w.Hint, "kaden hold off") {
			t.Errorf("the warning is %+v", w)
		}
		time.Sleep(10 * time.Minute)
		if s := get[api.Status](h, "/api/status"); s.Hold != nil || len(s.Warnings) > 0 && s.Warnings[0].Code == "held" {
			t.Errorf("it holds after its time: %+v", s)
		}
		post[api.Hold](h, http.StatusOK, "/api/hold", "")
		if w := h.ask("DELETE", "/api/hold?by=suzuki", ""); w.Code != http.StatusNoContent || h.told.last() != "suzuki lets go" {
			t.Errorf("lifted with %d, told %q", w.Code, h.told.last())
		}
		h.refused(h.ask("POST", "/api/hold", `{"for": "x"}`), 422, "for: x")
		h.told.err = errDown
		h.refused(h.ask("POST", "/api/hold", ""), 500, "disk gone")
	})
}

func TestADrillIsRefusedAtNightUnlessItIsForced(t *testing.T) {
	story(t, func(h *house) {
		d := post[api.Drill](h, http.StatusAccepted, "/api/drills", `{"plan": "default", "force": true, "by": "sato"}`)
		if d.Alert != "al-drill" || h.told.last() != "sato drills default, forced true" {
			t.Errorf("%+v, told %q", d, h.told.last())
		}
		h.told.err = dispatch.ErrNight
		h.refused(h.ask("POST", "/api/drills", `{"plan": "default"}`), http.StatusConflict, "people sleep", "--force")
		h.told.err = dispatch.ErrNoPlan
		h.refused(h.ask("POST", "/api/drills", `{"plan": "dusk"}`), http.StatusNotFound, "there is no plan dusk", "plans here: default")
		h.told.err = dispatch.ErrHeld
		h.refused(h.ask("POST", "/api/drills", `{"plan": "default"}`), http.StatusServiceUnavailable, "kill switch", "kaden hold off")
		h.told.err = dispatch.ErrRealAlert
		h.refused(h.ask("POST", "/api/drills", `{"plan": "default"}`), http.StatusServiceUnavailable, "real alert", "try again")
		h.told.err = errDown
		h.refused(h.ask("POST", "/api/drills", `{"plan": "default"}`), 500, "disk gone")
	})
}

func TestAnAddressIsProvenByACode(t *testing.T) {
	story(t, func(h *house) {
		h.told.proof = dispatch.Verification{Person: "sato", Address: "sim:sato", At: time.Now().Truncate(time.Millisecond), By: "api", Tap: 2, DND: true}
		p := post[api.Proof](h, http.StatusAccepted, "/api/people/sato/verify", `{"contact": "sim:sato", "dnd": true}`)
		if p.ID != "ve-1" || h.told.last() != "api calls sato at sim:sato, do-not-disturb true" {
			t.Errorf("%+v, told %q", p, h.told.last())
		}
		v := post[api.Proven](h, http.StatusOK, "/api/verifications/ve-1", `{"code": "１２ 34-56"}`)
		if v.Tap != 2 || !v.DND || v.Person != "sato" || h.told.last() != "ve-1 is told 123456" {
			t.Errorf("%+v, told %q", v, h.told.last())
		}
		if err := h.store.PutVerification(h.Context(), h.told.proof); err != nil {
			t.Fatal(err)
		}
		people := get[[]api.Person](h, "/api/people")
		if len(people) != 1 || people[0].Contacts[0].Verified == nil || people[0].Contacts[0].Verified.Tap != 2 || !people[0].Contacts[0].Verified.At.Equal(v.At) {
			t.Errorf("people: %+v", people)
		}

		h.refused(h.ask("POST", "/api/people/tanaka/verify", `{"contact": "sim:sato"}`), 404, "there is no person tanaka", "people here: sato")
		h.refused(h.ask("POST", "/api/people/sato/verify", `{"contact": "tel:+819011112222"}`), 422, "is no contact of sato", "sim:sato")
		h.told.err = dispatch.ErrWrongCode
		h.refused(h.ask("POST", "/api/verifications/ve-1", `{"code": "0"}`), 422, "not the code")
		h.told.err = dispatch.ErrNotFound
		h.refused(h.ask("POST", "/api/verifications/ve-1", `{"code": "0"}`), 404, "no longer waited for")
		h.told.err = dispatch.ErrTooOften
		h.refused(h.ask("POST", "/api/people/sato/verify", `{"contact": "sim:sato"}`), http.StatusTooManyRequests, "too often")
		h.told.err = errDown
		h.refused(h.ask("POST", "/api/people/sato/verify", `{"contact": "sim:sato"}`), 500, "disk gone")
		h.store.Break(errDown)
		h.refused(h.ask("GET", "/api/people", ""), 500, "disk gone")
		h.store.Break(nil)
	})
}

func TestTheContactCardIsThereForPeopleAndForTheirPhones(t *testing.T) {
	story(t, func(h *house) {
		h.refused(h.ask("GET", "/api/contact-card.vcf", ""), 404, "no number of its own", "from:")
		h.refused(h.ask("GET", "/api/contact-card.svg", ""), 404, "no number of its own")
		p := h.set.Plans["default"]
		p.From, p.FromOrder = map[string]string{"ntt": "+815012345678"}, []string{"ntt"}
		h.set.Plans["default"] = p
		w := h.ask("GET", "/api/contact-card.vcf?version=4.0", "")
		if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/vcard") || !strings.Contains(w.Header().Get("Content-Disposition"), "kaden.vcf") || !strings.Contains(w.Body.String(), "VERSION:4.0\r\n") || !strings.Contains(w.Body.String(), "tel:+815012345678") {
			t.Errorf("%d %v: %s", w.Code, w.Header(), w.Body)
		}
		if w := h.ask("GET", "/api/contact-card.vcf", ""); !strings.Contains(w.Body.String(), "FN:kaden 架電\r\n") || !strings.Contains(w.Body.String(), "VERSION:3.0") {
			t.Errorf("the usual card: %s", w.Body)
		}
		if w := h.ask("GET", "/api/contact-card.svg", ""); w.Code != 200 || w.Header().Get("Content-Type") != "image/svg+xml" || !strings.HasPrefix(w.Body.String(), "<svg") {
			t.Errorf("%d %s: %.60s", w.Code, w.Header().Get("Content-Type"), w.Body)
		}
		h.cfg.Name = strings.Repeat("架電", 1000)
		h.remake()
		h.refused(h.ask("GET", "/api/contact-card.svg", ""), 422, "too long for a QR code", "contact-card.vcf")
		h.auth = ""
		h.refused(h.ask("GET", "/api/contact-card.vcf", ""), 401, "sign in")
	})
}

func TestWhoIsMissingIsShownForPlansThatWantEverybody(t *testing.T) {
	story(t, func(h *house) {
		made := post[api.TestAlert](h, http.StatusAccepted, "/api/alerts/test", "")
		h.rings()
		d := get[api.Detail](h, "/api/alerts/"+made.Alert)
		if strings.Join(d.Missing, " ") != "sato suzuki" || len(d.Responded) != 0 {
			t.Errorf("missing %v, responded %v", d.Missing, d.Responded)
		}
	}, func(h *house) {
		h.set.People["suzuki"] = oncall.Person{ID: "suzuki", Contacts: []oncall.Method{{Address: number.Address{Scheme: number.Sim, Text: "suzuki"}}}}
		h.set.Plans["default"] = callout.Plan{Name: "default", Steps: []callout.Step{{Call: []string{"sato", "suzuki"}, Need: callout.Everyone}}}
	})
}

func TestTheOneWhoTookItIsAskedAtAMomentThatIsShown(t *testing.T) {
	story(t, func(h *house) {
		id := h.rung()
		d := post[api.Detail](h, http.StatusOK, "/api/alerts/"+id+"/acknowledge", `{"by": "sato"}`)
		if in := time.Until(d.Plan.Check); in != 15*time.Minute {
			t.Errorf("asked in %s", in)
		}
		if err := h.d.Snooze(h.Context(), id, "sato", time.Hour); err != nil {
			t.Fatal(err)
		}
		if p := get[api.Detail](h, "/api/alerts/"+id).Plan; !p.Snooze || time.Until(p.Check) != time.Hour {
			t.Errorf("snoozed %v, asked in %s", p.Snooze, time.Until(p.Check))
		}
		if err := h.d.Alive(h.Context(), id, "sato"); err != nil {
			t.Fatal(err)
		}
		if p := get[api.Detail](h, "/api/alerts/"+id).Plan; p.Snooze {
			t.Errorf("a sign of life does not end it: %+v", p)
		}
		if err := h.d.Release(h.Context(), id, "sato"); err != nil {
			t.Fatal(err)
		}
		if d := get[api.Detail](h, "/api/alerts/"+id); d.Status != "stored" || !d.Plan.Check.IsZero() || d.By != "" {
			t.Errorf("given back: %s by %q, asked at %s", d.Status, d.By, d.Plan.Check)
		}
	})
}
