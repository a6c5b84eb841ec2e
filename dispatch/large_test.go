package dispatch_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/phonetest"
	"github.com/kaden-project/kaden/store/memstore"
	"github.com/kaden-project/kaden/twiml"
)

// counter is a Caller that only counts.
type counter struct {
	placed   chan call.Order
	prepared chan struct{}
}

func (c counter) Prepare(context.Context, *twiml.Response) error {
	c.prepared <- struct{}{}
	return nil
}

func (c counter) Call(_ context.Context, o call.Order) (dispatch.Line, error) {
	c.placed <- o
	return &phone{all: &phones{over: func(call.Order, call.Event) {}}, order: o}, nil
}

// BenchmarkAThousandTogether is the time from an alert to the last of a thousand orders, without a trunk or a disk.
func BenchmarkAThousandTogether(b *testing.B) {
	const many = 1000
	set := &manifest.Set{People: map[string]oncall.Person{}, Plans: map[string]callout.Plan{}}
	plan := callout.Plan{Name: "default", Steps: []callout.Step{{Order: callout.Together}}}
	for i := range many {
		id := fmt.Sprintf("p%04d", i)
		set.People[id] = oncall.Person{ID: id, Name: id, Language: "ja-JP", Contacts: []oncall.Method{{Address: number.Address{Scheme: number.Sim, Text: id}}}}
		plan.Steps[0].Call = append(plan.Steps[0].Call, id)
	}
	set.Plans["default"] = plan.WithDefaults()
	for b.Loop() {
		c := counter{make(chan call.Order, many), make(chan struct{}, 10*many)}
		d := dispatch.New(slog.New(slog.DiscardHandler), dispatch.Config{
			Store: memstore.New(), Caller: c, House: func() *manifest.Set { return set }, Secret: []byte("secret"), Account: phonetest.Account, PerHour: 1_000_000,
		})
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan error)
		go func() { done <- d.Run(ctx) }()
		<-d.Booted()
		began := time.Now()
		if _, err := d.Accept(ctx, alert.Delivery{ID: "1", Source: "json", Alerts: []alert.Alert{{Key: "k", Action: alert.Trigger, Title: "disk full"}}}); err != nil {
			b.Fatal(err)
		}
		first := time.Duration(0)
		for i := range many {
			<-c.placed
			if i == 0 {
				first = time.Since(began)
			}
		}
		b.ReportMetric(first.Seconds()*1000, "ms-to-first")
		b.ReportMetric((time.Since(began)-first).Seconds()*1000, "ms-first-to-last")
		b.ReportMetric(float64(len(c.prepared)), "prepared")
		stop()
		<-done
	}
}
