package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/api"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/sid"
)

func TestATestCallIsFollowedToItsEnd(t *testing.T) {
	story(t, func(h *house) {
		placed := post[api.Placed](h, http.StatusCreated, "/api/calls", `{"to": "sato", "say": "ディスクが一杯です"}`)
		c, ok := h.desk.Live(sid.Call(placed.Call))
		if !ok {
			t.Fatal("no such call")
		}
		if doc := c.Record().Program.TwiML; !strings.Contains(doc, `language="ja-JP"`) || !strings.Contains(doc, "ディスクが一杯です") {
			t.Errorf("it says %s", doc)
		}
		var seen []string
		last := api.Call{}
		began := time.Now()
		for !last.Over {
			last = get[api.Call](h, "/api/calls/"+placed.Call+"?after="+last.Status)
			seen = append(seen, last.Status)
		}
		if got := strings.Join(seen, " "); !strings.HasSuffix(got, "ringing in-progress completed") {
			t.Errorf("it was %s", got)
		}
		if took := time.Since(began); took > 12*time.Second {
			t.Errorf("held for %v: a change was missed", took)
		}
		if last.Reason == "" {
			t.Error("nobody says why it ended")
		}
		if last.To != "sim:sato" || last.Seconds != 3 || last.Cause == "" || last.Ended.IsZero() {
			t.Errorf("at its end it is %+v", last)
		}
		again := get[api.Call](h, "/api/calls/"+placed.Call+"?after=completed")
		if !again.Over {
			t.Error("an answer about a call that is over is held back")
		}
	})
}

// Without an engine a test call would ring, be silent, and count as completed; it is refused with what mends that.
func TestATestCallThatNobodyWouldHearIsNotPlaced(t *testing.T) {
	ok := false
	engines := func(h *house) {
		h.cfg.Engines = func(context.Context) []api.Engine {
			return []api.Engine{{Languages: []string{"ja"}, OK: true}, {Languages: []string{"en"}, OK: ok, Hint: "apt-get install flite"}}
		}
	}
	story(t, func(h *house) {
		h.refused(h.ask("POST", "/api/calls", `{"to": "sim:me", "say": "hello"}`), http.StatusServiceUnavailable, "would be silent", "apt-get install flite")
		post[api.Placed](h, http.StatusCreated, "/api/calls", `{"to": "sim:me", "say": "試験です"}`)
		ok = true // somebody installed it
		post[api.Placed](h, http.StatusCreated, "/api/calls", `{"to": "sim:me", "say": "hello"}`)
	}, engines)
}

func TestAnAnswerIsHeldNoLongerThanAClientWaits(t *testing.T) {
	story(t, func(h *house) {
		placed := post[api.Placed](h, http.StatusCreated, "/api/calls", `{"to": "sim:anybody", "say": "hello", "language": "en-GB"}`)
		synctest.Wait()
		time.Sleep(2 * time.Second) // it rings
		h.store.Announce(nil)       // somebody else listens as well
		h.api.Close()
		began := time.Now()
		if c := get[api.Call](h, "/api/calls/"+placed.Call+"?after=ringing"); c.Status != "ringing" || time.Since(began) != 0 {
			t.Errorf("%s after %v; want ringing at once, for kaden shuts down", c.Status, time.Since(began))
		}
	})
}

func TestWhatCannotBeCalledIsSaidBeforeItIs(t *testing.T) {
	story(t, func(h *house) {
		h.set.People["tanaka"] = oncall.Person{ID: "tanaka", Contacts: []oncall.Method{
			{Address: number.Address{Scheme: number.Client, Text: "tanaka"}},
			{Address: number.Address{Scheme: number.Tel, Number: "+819012345678"}},
		}}
		h.set.People["nobody"] = oncall.Person{ID: "nobody"}
		for to, words := range map[string]string{
			"tanaka":        "no trunk",
			"nobody":        "no contact",
			"110":           "emergency",
			"+819012345678": "no trunk",
			"client:sato":   "cannot be called from here",
			"yamada":        "people here: nobody, sato, tanaka",
		} {
			h.refused(h.ask("POST", "/api/calls", `{"to": "`+to+`", "say": "x"}`), http.StatusUnprocessableEntity, words)
		}
		h.refused(h.ask("POST", "/api/calls", `{"to": "sato", "say": ""}`), http.StatusUnprocessableEntity, "body.say")
		clear(h.set.People)
		h.refused(h.ask("POST", "/api/calls", `{"to": "yamada", "say": "x"}`), http.StatusUnprocessableEntity, "sip:user@host")
		if h.desk.Calls() != 0 {
			t.Error("somebody was called")
		}
	})
}

func TestNoCallIsPlacedThatCannotBeKept(t *testing.T) {
	story(t, func(h *house) {
		h.store.Break(errDown)
		h.refused(h.ask("POST", "/api/calls", `{"to": "sato", "say": "x"}`), 500, "disk gone")
		h.store.Break(nil)
	})
}
