package main

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/alert/mackerel"
	"github.com/kaden-project/kaden/alert/plain"
	"github.com/kaden-project/kaden/intake"
	"github.com/kaden-project/kaden/rest"
	"github.com/kaden-project/kaden/upstream"
)

// handler is every page of the house.
func (r *rooms) handler() (http.Handler, error) {
	mux := http.NewServeMux()
	mux.Handle("/2010-04-01/", rest.New(r.log, rest.Config{
		Accounts: r.store, NotFound: account.ErrNotFound, Calls: r.store, Desk: rest.AtDesk(r.desk), Region: r.settings.Region,
	}))
	mux.Handle("/in/", intake.New(r.log, intake.Config{
		Sources:  func(name string) (alert.Source, bool) { s, ok := r.house.Load().Sources[name]; return s, ok },
		Acceptor: r.dispatch,
		Translators: map[string]alert.Translator{
			"mackerel": mackerel.Translate, "json": plain.Translate,
		},
	}))
	for _, path := range []string{"/callouts/", "/codes/", "/sounds/"} {
		mux.HandleFunc(path, r.scripts)
	}
	mux.Handle(upstream.Path, r.upstreams)
	mux.Handle(binPath, r.bins)
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
		if err := r.store.Ready(q.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.Write([]byte("ok\n"))
	})
	return mux, nil
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
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{})
}
