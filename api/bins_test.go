package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/api"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/problem"
)

// shelf is api.Manifest and api.Bins over a store in memory: documents are compiled as they are in the house.
type shelf struct{ *house }

func withShelf(h *house) {
	h.cfg.Manifest, h.cfg.Bins = shelf{h}, shelf{h}
}

func (s shelf) Export(context.Context) ([]byte, error) { return nil, nil }

func (s shelf) Apply(ctx context.Context, text []byte) ([]string, problem.List, error) {
	docs, list := manifest.Split("", text)
	if list.Refused() {
		return nil, list, nil
	}
	old, _ := s.store.Documents(ctx)
	set, list := manifest.Compile(manifest.Merge(old, docs), nil)
	if list.Refused() {
		return nil, list, nil
	}
	s.set.Bins = set.Bins
	return []string{docs[0].Kind + " " + docs[0].Name}, list, s.store.Apply(ctx, docs)
}

func (s shelf) Remove(ctx context.Context, refs ...manifest.Ref) (problem.List, error) {
	return nil, s.store.Remove(ctx, refs...)
}

func (s shelf) BinURLs(b account.Bin) (signed, open string) {
	if b.Key != "" {
		open = "http://kaden.example/bins/" + b.Key
	}
	return "http://kaden.example/bins/" + string(b.SID), open
}

func (s shelf) RemoveBin(ctx context.Context, name string) (problem.List, error) {
	if _, ok := s.set.Bins[name]; !ok {
		return nil, dispatch.ErrNotFound
	}
	if name == "needed" {
		return problem.List{{File: "number +815012345678", Level: problem.Error, Text: `there is no bin "needed"`}}, nil
	}
	delete(s.set.Bins, name)
	return nil, s.store.Remove(ctx, manifest.Ref{Kind: "bin", Name: name})
}

func (s shelf) Versions(ctx context.Context, kind, name string) ([]manifest.Version, error) {
	return s.store.Versions(ctx, kind, name)
}

func TestABinIsWrittenReadMendedAndDeleted(t *testing.T) {
	story(t, func(h *house) {
		write := func(name, in string) api.BinWritten {
			h.Helper()
			return read[api.BinWritten](h, http.StatusOK, h.ask("PUT", "/api/bins/"+name, in))
		}
		if w := h.ask("GET", "/api/bins", ""); w.Body.String() != "[]\n" {
			t.Errorf("no bins: %s", w.Body)
		}
		if got := write("%E5%A4%9C%E5%8B%A4", `{"twiml":"<Response>\n  <Say>one</Say>\n</Response>"}`); !got.Written || len(got.Problems) != 0 {
			t.Fatalf("%+v", got)
		}
		got := get[[]api.Bin](h, "/api/bins")
		if len(got) != 1 || got[0].Name != "夜勤" || got[0].TwiML != "<Response>\n  <Say>one</Say>\n</Response>" || got[0].Open != "" || got[0].URL != "http://kaden.example/bins/"+string(account.BinSID("夜勤")) {
			t.Errorf("%+v", got)
		}

		// What cannot run is not taken; places are those of the TwiML.
		bad := write("夜勤", `{"twiml":"<Response>\n  <Say>two\n</Response>"}`)
		if bad.Written || !bad.Problems.Refused() || bad.Problems[0].Line != 3 || bad.Problems[0].Code != 12100 {
			t.Errorf("%+v", bad)
		}
		if got := write("夜勤", `{"twiml":"<Response><Say colour='red'>two</Say></Response>","sid":"EH0123456789abcdef0123456789abcdef","key":"mJ3x9QdTq2VbW7ZkHs4c"}`); !got.Written || len(got.Problems) != 1 || got.Problems[0].Code != 12200 {
			t.Errorf("%+v", got)
		}
		now := get[api.Bin](h, "/api/bins/夜勤")
		if now.SID != "EH0123456789abcdef0123456789abcdef" || now.Open != "http://kaden.example/bins/mJ3x9QdTq2VbW7ZkHs4c" || !strings.Contains(now.TwiML, "two") {
			t.Errorf("%+v", now)
		}
		if got := write("day", `{"twiml":"<Response/>","key":"mJ3x9QdTq2VbW7ZkHs4c"}`); got.Written || !strings.Contains(got.Problems[0].Text, "has the same") {
			t.Errorf("another's key: %+v", got)
		}

		versions := get[[]api.BinVersion](h, "/api/bins/夜勤/versions")
		if len(versions) != 2 || !strings.Contains(versions[0].TwiML, "two") || !strings.Contains(versions[1].TwiML, "one") {
			t.Fatalf("%+v", versions)
		}
		if w := h.ask("DELETE", "/api/bins/夜勤", ""); w.Code != http.StatusNoContent {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		h.refused(h.ask("GET", "/api/bins/夜勤", ""), 404, "there is no bin 夜勤", "/api/bins lists")
		h.refused(h.ask("DELETE", "/api/bins/夜勤", ""), 404, "there is no bin 夜勤")
		path := "/api/bins/夜勤/versions/"
		restored := read[api.BinWritten](h, http.StatusOK, h.ask("POST", path+fmt.Sprint(versions[1].Number)+"/restore", ""))
		if !restored.Written || !strings.Contains(get[api.Bin](h, "/api/bins/夜勤").TwiML, "one") || len(get[[]api.BinVersion](h, "/api/bins/夜勤/versions")) != 3 {
			t.Errorf("restored: %+v", restored)
		}
		h.refused(h.ask("POST", path+"99/restore", ""), 404, "no such version")
	}, withShelf)
}

func TestWhatIsNoBin(t *testing.T) {
	story(t, func(h *house) {
		quoted := func(s string) string { text, _ := json.Marshal(s); return string(text) }
		for _, c := range []struct {
			what, name, in string
			status         int
			says           string
		}{
			{"a name that no document can have", "a%20b", `{"twiml":"<Response/>"}`, 200, `\"a b\" cannot be the name of a bin`},
			{"a name that is far too long", strings.Repeat("a", 201), `{"twiml":"<Response/>"}`, 422, "200"},
			{"no TwiML", "night", `{}`, 422, "twiml"},
			{"TwiML that is no text", "night", `{"twiml":["<Response/>"]}`, 422, "string"},
			{"no JSON", "night", `<Response/>`, 400, "json"},
			{"more than a document may have", "night", `{"twiml":` + quoted("<Response><Say>"+strings.Repeat("a", 65536)+"</Say></Response>") + `}`, 422, "65536"},
			{"the same, in Japanese", "night", `{"twiml":` + quoted("<Response><Say>"+strings.Repeat("障", 30000)+"</Say></Response>") + `}`, 200, "11750"},
			{"a document type", "night", `{"twiml":"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><Response/>"}`, 200, "12100"},
			{"a control character", "night", `{"twiml":"<Response><Say>\u0000</Say></Response>"}`, 200, "U+0000"},
			{"a partial", "night", `{"twiml":"<Response>{{> header}}</Response>"}`, 200, "cannot be filled into another"},
			{"sections without end", "night", `{"twiml":` + quoted("<Response>"+strings.Repeat("{{#a}}", 10000)+"</Response>") + `}`, 200, "more sections"},
			{"a sid that is none", "night", `{"twiml":"<Response/>","sid":"EH1"}`, 200, "EH"},
		} {
			w := h.ask("PUT", "/api/bins/"+c.name, c.in)
			if w.Code != c.status || !strings.Contains(strings.ToLower(w.Body.String()), strings.ToLower(c.says)) || strings.Contains(w.Body.String(), `"written":true`) {
				t.Errorf("%s: %d %.300s, want %d %q", c.what, w.Code, w.Body, c.status, c.says)
			}
		}
		if got := get[[]api.Bin](h, "/api/bins"); len(got) != 0 {
			t.Errorf("%+v", got)
		}
	}, withShelf)
}

// What a bin said once may be another's by now.
func TestAVersionWhoseKeyIsAnothersIsNotRestored(t *testing.T) {
	story(t, func(h *house) {
		write := func(name, key string) {
			h.Helper()
			if got := read[api.BinWritten](h, http.StatusOK, h.ask("PUT", "/api/bins/"+name, `{"twiml":"<Response/>","key":"`+key+`"}`)); !got.Written {
				t.Fatalf("%+v", got)
			}
		}
		write("night", "mJ3x9QdTq2VbW7ZkHs4c")
		write("night", "")
		write("day", "mJ3x9QdTq2VbW7ZkHs4c")
		versions := get[[]api.BinVersion](h, "/api/bins/night/versions")
		got := post[api.BinWritten](h, http.StatusOK, fmt.Sprintf("/api/bins/night/versions/%d/restore", versions[len(versions)-1].Number), "")
		if got.Written || !strings.Contains(got.Problems[0].Text, "has the same") || get[api.Bin](h, "/api/bins/night").Key != "" {
			t.Errorf("%+v", got)
		}
	}, withShelf)
}

func TestABinThatIsNeededStays(t *testing.T) {
	story(t, func(h *house) {
		read[api.BinWritten](h, http.StatusOK, h.ask("PUT", "/api/bins/needed", `{"twiml":"<Response/>"}`))
		h.refused(h.ask("DELETE", "/api/bins/needed", ""), 409, "number +815012345678", "change that first")
	}, withShelf)
}

func TestABinIsCheckedWithoutBeingWritten(t *testing.T) {
	story(t, func(h *house) {
		for in, code := range map[string]int{`{"twiml":"<Response/>"}`: 0, `{"twiml":"<Respons/>"}`: 12102, `{"twiml":"{{#a}}"}`: -1, `{"twiml":"<Response/>","key":"x"}`: -1} {
			got := post[api.BinWritten](h, http.StatusOK, "/api/bins/check", in)
			if got.Written || (code != 0) != got.Problems.Refused() || code > 0 && !slices.ContainsFunc(got.Problems, func(p problem.Problem) bool { return p.Code == code }) {
				t.Errorf("%s: %+v", in, got)
			}
		}
		if got := get[[]api.Bin](h, "/api/bins"); len(got) != 0 {
			t.Errorf("%+v", got)
		}
	}, withShelf)
}

func TestABinNamesWhatItAsksForAndIsTried(t *testing.T) {
	story(t, func(h *house) {
		const text = `"<Response>\n  <Say>{{Title}}</Say>{{#To}}<Dial>{{To}}</Dial>{{/To}}\n</Response>"`
		got := post[api.BinWritten](h, http.StatusOK, "/api/bins/check", `{"twiml":`+text+`}`)
		if strings.Join(got.Fields, " ") != "Title To" {
			t.Errorf("fields %q", got.Fields)
		}
		read[api.BinWritten](h, http.StatusOK, h.ask("PUT", "/api/bins/night", `{"twiml":`+text+`,"key":"mJ3x9QdTq2VbW7ZkHs4c"}`))
		if b := get[api.Bin](h, "/api/bins/night"); strings.Join(b.Fields, " ") != "Title To" || b.Key != "mJ3x9QdTq2VbW7ZkHs4c" {
			t.Errorf("%+v", b)
		}
		try := func(in string) api.BinTried { return post[api.BinTried](h, http.StatusOK, "/api/bins/try", in) }
		if got := try(`{"twiml":` + text + `,"params":{"Title":"a < b"}}`); got.TwiML != "<Response>\n  <Say>a &lt; b</Say>\n</Response>" || len(got.Problems) != 0 {
			t.Errorf("%+v", got)
		}
		if got := try(`{"twiml":` + text + `,"params":{"To":"nobody"}}`); len(got.Problems) == 0 || got.Problems[0].Line != 2 {
			t.Errorf("a number that is none: %+v", got)
		}
		if got := try(`{"twiml":"<Response>{{{x}}}</Response>","params":{"x":"<Say>"}}`); !got.Problems.Refused() || got.TwiML == "" {
			t.Errorf("what the request brings breaks it: %+v", got)
		}
		if got := try(`{"twiml":"<Response>\n{{#x}}</Response>"}`); got.TwiML != "" || !got.Problems.Refused() || got.Problems[0].Line != 2 || got.Problems[0].Column != 1 {
			t.Errorf("%+v", got)
		}
		if got := post[api.BinWritten](h, http.StatusOK, "/api/bins/check", `{"twiml":"<Response>\n {{#x}}</Response>"}`); got.Problems[0].Line != 2 || got.Problems[0].Column != 2 {
			t.Errorf("%+v", got)
		}
	}, withShelf)
}
