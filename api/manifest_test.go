package api_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/kaden-project/kaden/api"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/trunk"
)

func TestDocumentsGoInAndComeOut(t *testing.T) {
	story(t, func(h *house) {
		yaml := func(r *http.Request) { r.Header.Set("Content-Type", "application/yaml") }
		text := "# 夜勤\nperson: sato\ntel: 090-1234-5678\n"

		h.papers.applied = []string{"person sato"}
		h.papers.problems = problem.List{{Line: 3, Column: 1, Level: problem.Warning, Text: "no trunk reaches it"}}
		got := read[api.Applied](h, http.StatusOK, h.ask("POST", "/api/manifest", text, yaml))
		if len(got.Applied) != 1 || got.Applied[0] != "person sato" || len(got.Problems) != 1 || got.Problems[0].Line != 3 {
			t.Errorf("applied: %+v", got)
		}
		w := h.ask("GET", "/api/manifest", "")
		if w.Body.String() != text || w.Header().Get("Content-Type") != "application/yaml" {
			t.Errorf("exported as %s: %q", w.Header().Get("Content-Type"), w.Body)
		}

		h.papers.problems = problem.List{{Line: 1, Level: problem.Error, Text: "is no kind", Hint: "person, group, plan"}}
		w = h.ask("POST", "/api/manifest", "persn: sato\n", yaml)
		got = read[api.Applied](h, http.StatusOK, w)
		if len(got.Applied) != 0 || !got.Problems.Refused() || !strings.Contains(w.Body.String(), `"applied":[]`) {
			t.Errorf("refused: %s", w.Body)
		}

		h.papers.problems, h.papers.applied = nil, nil
		if w = h.ask("POST", "/api/manifest", "# nothing\n", yaml); w.Body.String() != `{"applied":[],"problems":[]}`+"\n" {
			t.Errorf("nothing to do: %s", w.Body)
		}

		h.papers.err = errors.New("disk gone")
		h.refused(h.ask("POST", "/api/manifest", text, yaml), 500, "disk gone")
		h.refused(h.ask("GET", "/api/manifest", ""), 500, "disk gone")
		h.refused(h.ask("POST", "/api/manifest", strings.Repeat("#", 5<<20), yaml), 413, "too large")
	})
}

func TestSourcesAreReadyToBeCopied(t *testing.T) {
	story(t, func(h *house) {
		got := get[[]api.Source](h, "http://kaden.example:8080/api/sources")
		if len(got) != 2 || got[0].URL != "http://kaden.example:8080/in/json/k3y" || got[0].Plan != "default" || got[1].Plan != "night" {
			t.Fatalf("the sources are %+v", got)
		}
		for _, s := range got {
			if !strings.HasPrefix(s.Curl, "curl ") || !strings.HasSuffix(s.Curl, "'"+s.URL+"'") || strings.Count(s.Curl, "'") != 6 {
				t.Errorf("%s cannot be pasted: %s", s.Name, s.Curl)
			}
		}
		if !strings.Contains(got[1].Curl, `"isOpen": true`) {
			t.Errorf("this is not what Mackerel sends: %s", got[1].Curl)
		}
		h.cfg.PublicURL = "https://kaden.example/"
		h.remake()
		if got := get[[]api.Source](h, "/api/sources"); got[0].URL != "https://kaden.example/in/json/k3y" {
			t.Errorf("with a public URL: %s", got[0].URL)
		}
	})
}

func TestTheSetupInShort(t *testing.T) {
	story(t, func(h *house) {
		h.set.Plans["night"] = callout.Plan{Name: "night", Steps: []callout.Step{
			{Call: []string{"@db"}, Order: callout.RoundRobin, Need: callout.Everyone, Rounds: callout.Forever}, {Wait: 120e9}}}
		got := get[api.Setup](h, "/api/setup")
		if len(got.People) != 1 || got.People[0].Name != "佐藤" || got.People[0].Contacts[0].Address != "sim:sato" || got.People[0].Contacts[0].Why != "" {
			t.Errorf("people: %+v", got.People)
		}
		if len(got.Groups) != 1 || got.Groups[0].Members[0] != "sato" {
			t.Errorf("groups: %+v", got.Groups)
		}
		if len(got.Plans) != 2 || !got.Plans[0].Default || got.Plans[0].Sources[0] != "json" || got.Plans[1].Sources[0] != "mackerel" {
			t.Fatalf("plans: %+v", got.Plans)
		}
		if s := got.Plans[1].Steps; s[0].Order != "round-robin" || s[0].Need != "everyone" || s[0].Rounds != -1 || s[0].Ring != 20 || s[1].Wait != 120 || s[1].Call != nil {
			t.Errorf("the steps are %+v", s)
		}
	})
}

func TestPeopleTellWhichContactsRingTogether(t *testing.T) {
	story(t, func(h *house) {
		p := h.set.People["sato"]
		p.Contacts[0].Together = 1
		p.Contacts = append(p.Contacts, oncall.Method{Address: number.Address{Scheme: number.Sim, Text: "desk"}, Together: 1}, oncall.Method{Address: number.Address{Scheme: number.Sim, Text: "home"}})
		h.set.People["sato"] = p
		c := get[[]api.Person](h, "/api/people")[0].Contacts
		if len(c) != 3 || c[0].Together != 1 || c[1].Together != 1 || c[2].Together != 0 {
			t.Errorf("contacts: %+v", c)
		}
	})
}

func TestWhatWouldGoWrongInTheNightIsSaidByDay(t *testing.T) {
	tel := func(n number.Number) oncall.Method {
		return oncall.Method{Address: number.Address{Scheme: number.Tel, Number: n}}
	}
	for _, tt := range []struct {
		name  string
		build func(h *house)
		loud  []string // codes
		quiet []string
		words string
	}{
		{"all is well", func(h *house) {}, nil, nil, ""},
		{"no engine", func(h *house) {
			h.cfg.Engines = func(context.Context) []api.Engine {
				return []api.Engine{{Name: "flite", Languages: []string{"en-US"}, Hint: "apt-get install flite"}}
			}
		}, []string{"no-engine"}, nil, "apt-get install flite"},
		{"no Japanese", func(h *house) {
			h.cfg.Engines = func(context.Context) []api.Engine {
				return []api.Engine{{Name: "flite", Languages: []string{"en-US"}, OK: true}, {Name: "open_jtalk", Languages: []string{"ja-JP"}, Hint: "apt-get install open-jtalk"}}
			}
		}, []string{"no-language"}, nil, "apt-get install open-jtalk"},
		{"a language without any engine", func(h *house) {
			h.set.Plans["default"] = callout.Plan{Languages: []string{"fr"}}
		}, []string{"no-language"}, nil, `\"fr\"`},
		{"the engines are still being tried", func(h *house) { h.cfg.Engines = func(context.Context) []api.Engine { return nil } }, nil, nil, ""},
		{"no engine is set up", func(h *house) { h.cfg.Engines = func(context.Context) []api.Engine { return []api.Engine{} } }, []string{"no-engine"}, nil, ""},
		{"nothing known about speech", func(h *house) { h.cfg.Engines = nil }, nil, nil, ""},
		{"nobody", func(h *house) { clear(h.set.People) }, []string{"no-people"}, nil, "person: sato"},
		{"a telephone without a trunk", func(h *house) {
			h.set.People["sato"] = oncall.Person{ID: "sato", Contacts: []oncall.Method{tel("+819012345678")}}
		}, []string{"nobody-reachable"}, []string{"person-unreachable"}, "no trunk"},
		{"a second contact that can be called", func(h *house) {
			p := h.set.People["sato"]
			p.Contacts = append([]oncall.Method{tel("+819012345678")}, p.Contacts...)
			h.set.People["sato"] = p
		}, nil, nil, ""},
		{"toll-free over an 050 line", func(h *house) {
			h.set.Trunks = []trunk.Trunk{{Name: "ntt", From: "+815012345678"}}
			h.set.People["desk"] = oncall.Person{ID: "desk", Contacts: []oncall.Method{tel("+81120123456")}}
		}, nil, []string{"person-unreachable"}, "050"},
		{"an emergency number", func(h *house) {
			h.set.People["police"] = oncall.Person{ID: "police", Contacts: []oncall.Method{tel("110")}}
		}, nil, []string{"person-unreachable"}, "never dialled"},
		{"no plan and no source", func(h *house) { clear(h.set.Plans); clear(h.set.Sources) }, nil, []string{"no-plan", "no-source"}, "ring everybody"},
		{"the database is down", func(h *house) {
			h.cfg.Ready = func(context.Context) error { return errDown }
		}, []string{"not-ready"}, nil, "disk gone"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(h *house) {
				w := h.ask("GET", "/api/status", "")
				var loud, quiet []string
				for _, x := range read[api.Status](h, http.StatusOK, w).Warnings {
					if x.Loud {
						loud = append(loud, x.Code)
					} else {
						quiet = append(quiet, x.Code)
					}
				}
				if got, want := strings.Join(loud, " "), strings.Join(tt.loud, " "); got != want {
					t.Errorf("loud: %q, want %q", got, want)
				}
				if got, want := strings.Join(quiet, " "), strings.Join(tt.quiet, " "); got != want {
					t.Errorf("quiet: %q, want %q", got, want)
				}
				if !strings.Contains(w.Body.String(), tt.words) {
					t.Errorf("%q is not said: %s", tt.words, w.Body)
				}
			}, tt.build)
		})
	}
}

func TestTheStatusCountsWhatGoesOn(t *testing.T) {
	story(t, func(h *house) {
		h.set.Trunks = []trunk.Trunk{{Name: "ntt", From: "+815012345678", Channels: 2}}
		post[api.TestAlert](h, http.StatusAccepted, "/api/alerts/test", "")
		post[api.Placed](h, http.StatusCreated, "/api/calls", `{"to": "sato", "say": "hello"}`)
		s := get[api.Status](h, "/api/status")
		if s.Callouts != 1 || s.Calls != 1 || s.Node != "a" || len(s.Speech) != 2 || len(s.Trunks) != 1 || s.Trunks[0].Channels != 2 {
			t.Errorf("the status is %+v", s)
		}
	})
}

// A trunk that nobody has asked anything is not called well.
func TestATrunkOfWhichNothingIsKnown(t *testing.T) {
	story(t, func(h *house) {
		h.set.Trunks = []trunk.Trunk{{Name: "asked", From: "+815012345678"}, {Name: "silent", From: "+815087654321"}}
		h.cfg.Standings = func() map[string]api.Standing { return map[string]api.Standing{"asked": {State: "answering"}} }
		h.remake()
		s := get[api.Status](h, "/api/status")
		if s.Trunks[0].State != "well" || s.Trunks[1].State != "unknown" || s.Trunks[1].Score != 100 {
			t.Errorf("the trunks are %+v", s.Trunks)
		}
	})
}
