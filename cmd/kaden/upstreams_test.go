package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/trunk"
	"github.com/kaden-project/kaden/upstream"
)

// Which ways a call may go, the best first.
func TestWaysOfACall(t *testing.T) {
	ntt, kddi := trunk.Trunk{Name: "ntt"}, trunk.Trunk{Name: "kddi"}
	twilio, other := trunk.Upstream{Trunk: trunk.Trunk{Name: "twilio"}}, trunk.Upstream{Trunk: trunk.Trunk{Name: "other"}}
	sato := number.Address{Scheme: number.Tel, Number: "+819012345678"}
	for _, tt := range []struct {
		name  string
		set   manifest.Set
		order call.Order
		want  string
	}{
		{"no upstream", manifest.Set{Trunks: []trunk.Trunk{ntt}}, call.Order{To: sato}, "here"},
		{"trunks first", manifest.Set{Trunks: []trunk.Trunk{ntt}, Upstreams: []trunk.Upstream{twilio}}, call.Order{To: sato}, "here twilio"},
		{"the plan names the upstream first", manifest.Set{Trunks: []trunk.Trunk{ntt}, Upstreams: []trunk.Upstream{twilio}}, call.Order{To: sato, Prefer: []string{"twilio", "ntt"}}, "twilio here"},
		{"two of each", manifest.Set{Trunks: []trunk.Trunk{kddi, ntt}, Upstreams: []trunk.Upstream{other, twilio}}, call.Order{To: sato, Prefer: []string{"ntt", "twilio"}}, "here twilio other"},
		{"upstreams alone", manifest.Set{Upstreams: []trunk.Upstream{other, twilio}}, call.Order{To: sato}, "other twilio"},
		{"it does not reach mobiles", manifest.Set{Upstreams: []trunk.Upstream{{Trunk: trunk.Trunk{Name: "twilio", Refuse: []number.Class{number.Mobile}}}}}, call.Order{To: sato}, "here"},
		{"joined with others", manifest.Set{Trunks: []trunk.Trunk{ntt}, Upstreams: []trunk.Upstream{twilio}}, call.Order{To: sato, Here: true}, "here"},
		{"a SIP phone", manifest.Set{Upstreams: []trunk.Upstream{twilio}}, call.Order{To: number.Address{Scheme: number.SIP, Text: "sato@192.0.2.7"}}, "here"},
		{"a number of our own", manifest.Set{Upstreams: []trunk.Upstream{twilio}, Numbers: []account.Number{{Number: "+819012345678"}}}, call.Order{To: sato}, "here"},
		{"the police", manifest.Set{Upstreams: []trunk.Upstream{twilio}}, call.Order{To: number.Address{Scheme: number.Tel, Number: "110"}}, "here"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ways := waysOf(&tt.set, tt.order)
			if i := slices.Index(ways, ourLines); i >= 0 {
				ways[i] = "here"
			}
			if got := strings.Join(ways, " "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// Emergency numbers never leave, whatever the house is made of: no way dials them, whole or as a leg.
func TestNoWayLeadsToThePolice(t *testing.T) {
	set := &manifest.Set{Upstreams: []trunk.Upstream{{Trunk: trunk.Trunk{Name: "twilio"}, URL: "http://127.0.0.1:1"}}}
	keep := &notes{}
	away := upstream.New(slog.New(slog.DiscardHandler), upstream.Config{
		Upstreams: func() []trunk.Upstream { return set.Upstreams }, Store: keep, PublicURL: "https://kaden.example", Clock: media.NewClock(1),
	})
	c := caller{
		log: slog.New(slog.DiscardHandler), house: func() *manifest.Set { return set },
		desk: call.New(slog.New(slog.DiscardHandler), call.Config{
			Store: keep, Trunks: func() []trunk.Trunk { return []trunk.Trunk{set.Upstreams[0].Line()} }, Upstreams: away,
		}),
		upstreams: away,
	}
	for _, n := range []number.Number{"110", "118", "119", "171", "+81110"} {
		over := make(chan call.Event, 1)
		line, err := c.Call(t.Context(), call.Order{
			To: number.Address{Scheme: number.Tel, Number: n}, Program: call.Program{TwiML: "<Response/>"}, Attempt: "co-1-" + string(n),
			Heard: func(e call.Event) {
				if e.Status.Over() {
					over <- e
				}
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if e := <-over; e.Cause != leg.Invalid && e.Cause != leg.Fault {
			t.Errorf("%s ended with %s", n, e.Cause)
		}
		line.End(leg.Canceled)
		if err := line.Redirect(call.Program{TwiML: "<Response/>"}); !errors.Is(err, call.ErrNotInProgress) {
			t.Errorf("%s is under way: %v", n, err)
		}
		if got := keep.last().Trunk; got != "" {
			t.Errorf("%s was given to %q", n, got)
		}
		k, err := c.desk.Place(t.Context(), call.Order{To: number.Address{Scheme: number.Tel, Number: n}})
		if err != nil {
			t.Fatal(err)
		}
		if r := k.Wait(); r.Cause != leg.Invalid || r.Trunk != "" {
			t.Errorf("%s as a leg ended with %s over %q", n, r.Cause, r.Trunk)
		}
		if _, err := away.Dial(t.Context(), leg.Target{URI: "tel:" + string(n), Line: "twilio"}, leg.Options{}); err == nil {
			t.Errorf("%s was dialled", n)
		}
	}
}

// notes is a call.Store that remembers the last record.
type notes struct {
	call.Store
	records []call.Record
}

func (n *notes) Change(_ context.Context, c call.Change) error {
	n.records = append(n.records, c.Record)
	return nil
}

func (n *notes) last() call.Record { return n.records[len(n.records)-1] }
