package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/alert/mackerel"
	"github.com/kaden-project/kaden/alert/plain"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/intake"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/rest"
	"github.com/kaden-project/kaden/upstream"
)

// handler is every page of the house.
func (r *rooms) handler() (http.Handler, error) {
	mux := http.NewServeMux()
	twilios := rest.New(r.log, rest.Config{
		Accounts: r.store, NotFound: account.ErrNotFound, Calls: r.store, Desk: rest.AtDesk(r.desk), Region: r.settings.Region,
		Keys: r.store, Applications: r.catalog, Numbers: r.catalog, Texting: func() bool { return len(writers(r.house.Load())) > 0 },
		CallerIDs: r.store, Validations: r.asker.validations, Debug: r.store, Relay: rest.Relay{URLs: r.settings.Relay.URLs, Secret: r.settings.Relay.Secret},
		Recordings: r.store, OpenRecordings: !r.settings.Recordings.Private, PublicURL: strings.TrimRight(r.settings.PublicURL, "/"),
		Money: purse{r}, Triggers: r.store, AllowTo: r.mayCall,
		Verify: r.store, Teller: r.asker.teller, Sender: r.sender,
		Live: r.desk, Queues: r.store, Conferences: r.store,
		SIP:      sipBooks{r},
		Messages: r.letters,
		Pages:    r.pages(),
	})
	mux.Handle("/2010-04-01/", twilios)
	mux.Handle(verifyPath, twilios)
	mux.Handle("/in/", intake.New(r.log, intake.Config{
		Sources:  func(name string) (alert.Source, bool) { s, ok := r.house.Load().Sources[name]; return s, ok },
		Acceptor: r.dispatch,
		Translators: map[string]alert.Translator{
			"mackerel": mackerel.Translate, "json": plain.Translate,
		},
	}))
	for _, path := range []string{"/callouts/", "/codes/", "/sounds/"} {
		mux.Handle(path, r.whenTakenUp(http.HandlerFunc(r.scripts)))
	}
	mux.Handle(upstream.Path, r.whenTakenUp(r.upstreams))
	mux.Handle(binPath, r.bins)
	mux.Handle(twilioPath, r.bins)
	if err := r.console(mux); err != nil {
		return nil, err
	}
	mux.Handle("/metrics", r.metrics())
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok\n")) })
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, q *http.Request) {
		select {
		case <-r.dispatch.Booted():
		default:
			http.Error(w, "still taking up the call-outs of the last run", http.StatusServiceUnavailable)
			return
		}
		if r.stopping.Load() {
			http.Error(w, "stopping: calls in progress may end", http.StatusServiceUnavailable)
			return
		}
		if err := r.store.Ready(q.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.Write([]byte("ok\n"))
	})
	return mux, nil
}

// mayCall says why a program may not call somebody over the REST API: no line takes the number, or the money
// for it is used up.
func (r *rooms) mayCall(ctx context.Context, a account.Account, to number.Address) error {
	if err := r.reachable(to); err != nil {
		return err
	}
	return r.affordable(ctx, a, to)
}

// reachable says why no trunk takes a number: 21202 for premium-rate numbers and 21215 for numbers abroad, which have
// to be allowed first, else 21214.
func (r *rooms) reachable(to number.Address) error {
	why, _ := r.desk.Reach(to)
	if why == "" {
		return nil
	}
	switch to.Number.Class() {
	case number.Premium:
		return fmt.Errorf("%w: %s", rest.ErrPremium, why)
	case number.Abroad:
		return errors.New(why)
	}
	return fmt.Errorf("%w: %s", rest.ErrNoWay, why)
}

// metrics are the figures an operator watches.
func (r *rooms) metrics() http.Handler {
	reg := prometheus.NewRegistry()
	gauge := func(name, help string, f func() float64) {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, f))
	}
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	gauge("kaden_calls", "Calls that are not over.", func() float64 { return float64(r.calls()) })
	gauge("kaden_callouts", "Call-outs that are driven here now.", func() float64 { return float64(r.dispatch.Busy()) })
	gauge("kaden_media_late_seconds_p99", "How late frames leave, 99th percentile.", func() float64 {
		return r.clock.Lateness().P99.Seconds()
	})
	gauge("kaden_phones", "SIP phones that are registered.", func() float64 { return float64(len(r.registrar.All())) })
	reg.MustRegister(trunkFigures{r.desk})
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{})
}

// trunkFigures are those of each trunk, as they are when somebody asks.
type trunkFigures struct{ desk *call.Desk }

var (
	trunkScore   = trunkFigure("score", "How the trunk has fared of late: 100 is well, 0 is dead.")
	trunkFailed  = trunkFigure("failed_in_a_row", "Calls in a row that the trunk has failed.")
	trunkCalls   = trunkFigure("calls", "Calls on the trunk.")
	trunkWaiting = trunkFigure("waiting", "Calls that wait for a line of the trunk, or of one of several.")
	trunkFull    = trunkFigure("channels", "Calls at once; 0 is without limit.")
)

func trunkFigure(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("kaden_trunk_"+name, help, []string{"trunk"}, nil)
}

func (f trunkFigures) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{trunkScore, trunkFailed, trunkCalls, trunkWaiting, trunkFull} {
		ch <- d
	}
}

func (f trunkFigures) Collect(ch chan<- prometheus.Metric) {
	for _, t := range f.desk.Trunks() {
		for d, v := range map[*prometheus.Desc]int{
			trunkScore: t.Health.Score(), trunkFailed: t.Health.Failed, trunkCalls: t.Busy, trunkWaiting: t.Waiting, trunkFull: t.Limit,
		} {
			ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), t.Name)
		}
	}
}
