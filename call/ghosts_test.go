package call_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/number"
)

// exorcist is a dialler whose legs can outlive the process.
type exorcist struct {
	leg.Dialer
	mu    sync.Mutex
	ended []string
	wait  chan struct{} // the far end confirms when it is closed; nil: at once
}

func (x *exorcist) End(_ context.Context, to leg.Target, o leg.Options, r leg.Remains) error {
	if x.wait != nil {
		<-x.wait
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.ended = append(x.ended, fmt.Sprintf("%s as %s with %q", to.URI, o.ID, string(r)))
	return nil
}

func (x *exorcist) story() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	slices.Sort(x.ended)
	return strings.Join(x.ended, "\n")
}

func TestAGhostIsEndedWhereItMayBe(t *testing.T) {
	x := &exorcist{}
	story(t, func(h *house) {
		o := call.Order{SID: "CA1", Attempt: "c1-1", To: tel("+819011112222")}
		if err := h.desk.EndGhost(h.Context(), o, "kddi", leg.Remains(`{"bye":1}`)); err != nil {
			h.Error(err)
		}
		h.want("the trunk is known", x.story(), overKDDI+` as c1-1 with "{\"bye\":1}"`)
		x.ended = nil
		if err := h.desk.EndGhost(h.Context(), o, "", nil); err != nil {
			h.Error(err)
		}
		h.want("it is not", x.story(), strings.Join([]string{
			overNTT + ` as c1-1 with ""`, overNTT + ` as c1-1-2 with ""`, overKDDI + ` as c1-1 with ""`, overKDDI + ` as c1-1-2 with ""`,
		}, "\n"))
		x.ended = nil
		if err := h.desk.EndGhost(h.Context(), call.Order{SID: "CA1", To: number.Address{Scheme: number.SIP, Text: "sato@192.0.2.7"}}, "", nil); err != nil {
			h.Error(err)
		}
		h.want("a SIP address", x.story(), `sip:sato@192.0.2.7 as CA1 with ""`)
		if err := h.desk.EndGhost(h.Context(), call.Order{SID: "CA1", To: number.Address{Scheme: number.Client, Text: "sato"}}, "", nil); err == nil {
			h.Error("a client's ghost was ended, and nothing dials clients")
		}
	}, trunks(ntt, kddi), func(c *call.Config) { c.Dialers[number.SIP] = x })
}

func TestCallsOfTheLastRunAreClosed(t *testing.T) {
	x := &exorcist{}
	story(t, func(h *house) {
		began := time.Now().Add(-time.Minute)
		status := call.Callback{URL: "https://owner.example/status"}
		for i, r := range []call.Record{
			{SID: "CA1", To: "sip:sato@192.0.2.7", Status: call.Ringing, Started: began, Callback: status},
			{SID: "CA2", To: "sip:sato@192.0.2.7", Status: call.InProgress, Answered: began, Updated: began.Add(7 * time.Second), Remains: leg.Remains(`{"bye":1}`)},
			{SID: "CA3", To: "sip:sato@192.0.2.7", Status: call.Queued, Attempt: "c1-1"},
			{SID: "CA4", To: "sip:sato@192.0.2.7", Status: call.Completed},
			{SID: "CA5", To: "sip:sato@192.0.2.7", Status: call.Ringing, Node: "b"},
		} {
			r.Account, r.Direction, r.Created = acct, call.OutboundAPI, began
			if i < 4 {
				r.Node = "a"
			}
			if err := h.store.Change(h.Context(), call.Change{Record: r}); err != nil {
				h.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		live, _ := h.place(call.Order{}) // of this run: left alone
		p := h.phone()
		n, err := h.desk.CloseBooks(h.Context())
		if err != nil {
			h.Fatal(err)
		}
		h.want("closed", n, 3)
		h.want("ended at the carrier", x.story(), "sip:sato@192.0.2.7 as CA1 with \"\"\nsip:sato@192.0.2.7 as CA2 with \"{\\\"bye\\\":1}\"")
		var got []string
		for _, c := range h.store.all() {
			if c.Record.Status.Over() && c.Record.SID != "CA4" {
				s := fmt.Sprintf("%s %s %v", c.Record.SID, c.Record.Status, c.Record.Duration())
				for _, post := range c.Posts {
					s += " tells " + post.Params.Get("CallStatus")
				}
				got = append(got, s)
			}
		}
		h.want("written", strings.Join(got, ", "), "CA1 failed 0s tells failed, CA2 completed 7s, CA3 failed 0s")
		p.Refuse(leg.Busy)
		live.Wait()
	}, func(c *call.Config) { c.Dialers[number.SIP] = x; c.Estate = c.Store.(call.Estate) })
}
