package upstream_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
)

func TestACallFromItsOrderToItsEnd(t *testing.T) {
	h := build(t)
	k := h.place(func(o *call.Order) {
		o.FromByTrunk = map[string]string{"twilio": "+815011112222", "ntt": "+815099999999"}
		o.Detection = &call.Detection{Message: true, Silence: 4 * time.Second}
	})
	c := h.platform.the(1)
	c.goes(call.Initiated)
	c.goes(call.Ringing)
	c.goes(call.InProgress)
	h.hears("initiated", "ringing", "in-progress")
	c.says("", "AnsweredBy", "machine_end_beep")
	h.hears("initiated", "ringing", "in-progress", "machine_start", "machine_end_beep")
	c.goes(call.Completed, "SipResponseCode", "200")
	over(h, k)
	h.hears("initiated", "ringing", "in-progress", "machine_start", "machine_end_beep", "completed/hung-up")

	f := c.form
	for name, want := range map[string]string{
		"To": "+819012345678", "From": "+815011112222", "Timeout": "20", "MachineDetection": "DetectMessageEnd", "AsyncAmd": "true",
		"Url": h.door.URL + "/callouts/co-1-1/t0/script", "Method": "POST", "MachineDetectionSilenceTimeout": "4000",
		"AsyncAmdStatusCallback": f.Get("StatusCallback"),
	} {
		h.want(name, f.Get(name), want)
	}
	h.want("events", f["StatusCallbackEvent"], "[initiated ringing answered completed]")
	r := h.record()
	h.want("record", []any{r.Status, r.Cause, r.Trunk, r.From, r.AnsweredBy, r.Ended.IsZero()},
		[]any{call.Completed, leg.HungUp, "twilio", "+815011112222", "machine_end_beep", false})
	h.want("kept first, before the order leaves", strings.Contains(h.kept[0], `"call"`), false)
	h.want("kept with the SID", strings.Contains(h.kept[1], c.id), true)
	h.want("calls", h.Calls(), 0)
}

// Callbacks come in any order, twice, late, and after the end.
func TestCallbacksThatAreShuffledRepeatedAndLate(t *testing.T) {
	h := build(t)
	k := h.place()
	c := h.platform.the(1)
	c.goes(call.Ringing)
	c.says(call.Initiated)
	c.says(call.Ringing)
	h.hears("initiated", "ringing")
	c.goes(call.InProgress)
	c.says(call.Ringing)
	c.says(call.Initiated)
	c.says("nonsense")
	c.goes(call.Completed)
	over(h, k)
	h.want("a late one", c.says(call.InProgress), http.StatusNoContent)
	h.want("a late one", c.says(call.Ringing), http.StatusNoContent)
	c.says(call.Completed)
	h.hears("initiated", "ringing", "in-progress", "completed/hung-up")
	_, calls := h.platform.count()
	h.want("calls at the platform", calls, 1)
	if strings.Contains(h.log.String(), "ending a call") {
		h.Error("a call that is over was ended once more")
	}
}

func TestTheEndComesBeforeTheAnswer(t *testing.T) {
	h := build(t)
	k := h.place()
	c := h.platform.the(1)
	c.goes(call.Completed)
	over(h, k)
	c.says(call.InProgress)
	h.hears("initiated", "in-progress", "completed/hung-up")
}

// A platform whose callbacks never arrive is asked, and that is said once.
func TestCallbacksThatDoNotArrive(t *testing.T) {
	h := build(t)
	h.platform.set(func() { h.platform.silent = true })
	k := h.place()
	c := h.platform.the(1)
	c.goes(call.Ringing)
	h.hears("initiated", "ringing")
	c.goes(call.InProgress)
	h.hears("initiated", "ringing", "in-progress")
	c.goes(call.Completed)
	over(h, k)
	h.logged("callbacks of the upstream do not arrive")
	h.want("said", strings.Count(h.log.String(), "callbacks of the upstream do not arrive"), 1)

	h.platform.set(func() { h.platform.silent = false })
	k = h.place()
	h.platform.the(2).goes(call.Ringing)
	h.logged("callbacks arrive again")
	h.platform.the(2).goes(call.Completed)
	over(h, k)
}

func TestSomebodyElseSigns(t *testing.T) {
	h := build(t)
	k := h.place()
	c := h.platform.the(1)
	h.platform.signs = "ffffffffffffffffffffffffffffffff"
	h.want("refused", c.says(call.Completed), http.StatusForbidden)
	h.logged("did not sign")
	h.platform.signs = token
	h.want("another's address", h.platform.post(strings.Replace(c.form.Get("StatusCallback"), "co-1-1", "co-1-2", 1), nil), http.StatusNotFound)
	h.want("another upstream", h.platform.post(strings.Replace(c.form.Get("StatusCallback"), "/twilio/", "/other/", 1), nil), http.StatusNotFound)
	h.want("no call", h.platform.post(c.form.Get("StatusCallback"), map[string][]string{"CallStatus": {"completed"}}), http.StatusBadRequest)
	c.goes(call.Busy)
	over(h, k)
	h.hears("busy/busy")
}

// How ends are read: the state, SIP's code where there is one, Twilio's code where it says more.
func TestHowCallsEnd(t *testing.T) {
	for _, tt := range []struct {
		name string
		rang bool
		end  call.Status
		more []string
		want string
	}{
		{"nobody came", true, call.NoAnswer, nil, "no-answer/no-answer"},
		{"switched off", false, call.NoAnswer, []string{"SipResponseCode", "480"}, "no-answer/unreachable"},
		{"refused by a person", true, call.Busy, []string{"SipResponseCode", "603"}, "busy/rejected"},
		{"busy", false, call.Busy, []string{"SipResponseCode", "486"}, "busy/busy"},
		{"no such number", false, call.Failed, []string{"SipResponseCode", "404"}, "failed/invalid-number"},
		{"no such number, in Twilio's words", false, call.Failed, []string{"ErrorCode", "13224", "ErrorMessage", "invalid"}, "failed/invalid-number"},
		{"another country", false, call.Failed, []string{"ErrorCode", "13227", "ErrorMessage", "geo"}, "no-answer/unreachable"},
		{"the network is full", false, call.Failed, []string{"SipResponseCode", "503"}, "failed/congested"},
		{"their line is broken", false, call.Failed, []string{"SipResponseCode", "500"}, "failed/fault"},
		{"failed, as GoAlert has seen", false, call.Failed, []string{"SipResponseCode", "480"}, "no-answer/unreachable"},
		{"failed, and a person", false, call.Failed, []string{"SipResponseCode", "603"}, "busy/rejected"},
		{"failed, and no more is known", false, call.Failed, []string{"SipResponseCode", "99999999"}, "failed/failed"},
		{"canceled by somebody there", true, call.Canceled, nil, "canceled/canceled"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := build(t)
			k := h.place()
			c := h.platform.the(1)
			want := []string{tt.want}
			if tt.rang {
				c.goes(call.Ringing)
				want = []string{"initiated", "ringing", tt.want}
			}
			c.goes(tt.end, tt.more...)
			over(h, k)
			h.hears(want...)
		})
	}
}

func TestWeGiveUpWhileItRings(t *testing.T) {
	h := build(t)
	k := h.place()
	c := h.platform.the(1)
	c.goes(call.Ringing)
	h.hears("initiated", "ringing")
	k.End(leg.NoAnswer)
	k.End(leg.Completed) // the first reason stays
	over(h, k)
	h.hears("initiated", "ringing", "no-answer/no-answer by us")
	h.want("there", c.now(), call.Canceled)
}

func TestWeHangUp(t *testing.T) {
	h := build(t)
	k := h.place()
	c := h.platform.the(1)
	c.goes(call.InProgress)
	h.hears("initiated", "in-progress")
	k.End(leg.Completed)
	over(h, k)
	h.hears("initiated", "in-progress", "completed/completed by us")
	h.want("there", c.now(), call.Completed)
}

// Canceled leaves a call alone that was answered a moment ago: then it is hung up.
func TestTheAnswerCrossesOurCancel(t *testing.T) {
	h := build(t)
	k := h.place()
	c := h.platform.the(1)
	c.goes(call.Ringing)
	h.hears("initiated", "ringing")
	h.platform.set(func() { c.status = call.InProgress })
	k.End(leg.Canceled)
	over(h, k)
	h.want("there", c.now(), call.Completed)
	h.hears("initiated", "ringing", "canceled/canceled by us")
}

// Who waits for the end is told after a while; the call there is pursued until it is over.
func TestAPlatformThatDoesNotEndCalls(t *testing.T) {
	h := build(t)
	k := h.place()
	c := h.platform.the(1)
	c.goes(call.Ringing)
	h.platform.set(func() { h.platform.obeys = false })
	k.End(leg.Canceled)
	h.hears("initiated", "ringing", "canceled/canceled by us")
	h.want("under way there, so its record stays open", h.record().Ended.IsZero(), true)
	h.platform.set(func() { h.platform.obeys = true })
	over(h, k)
	h.want("there", c.now(), call.Canceled)
	h.want("closed", h.record().Ended.IsZero(), false)
	h.hears("initiated", "ringing", "canceled/canceled by us")
}

func TestSomebodyWhoListensHearsAnotherDocument(t *testing.T) {
	h := build(t)
	k := h.place()
	c := h.platform.the(1)
	if err := k.Redirect(call.Program{URL: origin + "/callouts/co-1-1/t0/over"}); err == nil {
		t.Error("a call that nobody has answered was redirected")
	}
	c.goes(call.InProgress)
	h.hears("initiated", "in-progress")
	if err := k.Redirect(call.Program{URL: origin + "/callouts/co-1-1/t0/over?why=stopped"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "told", func() bool { h.platform.mu.Lock(); defer h.platform.mu.Unlock(); return len(c.told) == 1 })
	h.want("what", c.told[0].Get("Url"), h.door.URL+"/callouts/co-1-1/t0/over?why=stopped")

	// A call that cannot be told would go on with what no longer holds: it is ended.
	h.platform.set(func() {
		h.platform.broken = func(w http.ResponseWriter, r *http.Request) bool {
			r.ParseForm()
			if r.Form.Get("Url") == "" {
				return false
			}
			refuse(w, 500, 20500, "internal")
			return true
		}
	})
	if err := k.Redirect(call.Program{TwiML: "<Response/>"}); err != nil {
		t.Fatal(err)
	}
	if err := k.Redirect(call.Program{URL: "https://example.org/other"}); err != nil {
		t.Fatal(err)
	}
	over(h, k)
	h.want("there", c.now(), call.Completed)
}

func TestARequestForTheScriptShowsHowFarTheCallIs(t *testing.T) {
	h := build(t)
	k := h.place()
	c := h.platform.the(1)
	var admitted error
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, admitted = h.Admit("co-1-1", r); admitted != nil {
			w.WriteHeader(http.StatusForbidden)
		}
	})
	h.door.Config.Handler.(*http.ServeMux).Handle("/callouts/", page)
	h.platform.silent = true
	where := c.form.Get("Url")
	h.platform.signs = "wrong"
	h.want("without a signature", h.platform.post(where, map[string][]string{"CallSid": {c.id}, "CallStatus": {"in-progress"}}), http.StatusForbidden)
	h.platform.signs = token
	h.want("with it", h.platform.post(where, map[string][]string{"CallSid": {c.id}, "CallStatus": {"in-progress"}}), http.StatusOK)
	h.want("known at once", k.Status(), call.InProgress)
	h.want("one that says nothing", h.platform.post(where, map[string][]string{"Digits": {"1"}}), http.StatusOK)
	c.goes(call.Completed)
	k.End(leg.Completed)
	over(h, k)
	h.want("nobody's", h.platform.post(where, map[string][]string{"CallSid": {c.id}}), http.StatusOK)
}
