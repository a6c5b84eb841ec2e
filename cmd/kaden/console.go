package main

import (
	"bytes"
	"context"
	"net/http"
	"slices"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/api"
	"github.com/kaden-project/kaden/leg/sipleg"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/web"
)

// console is kaden's own API and the pages for people.
func (r *rooms) console(mux *http.ServeMux) error {
	r.api = api.New(r.log, api.Config{
		Version: version, Node: r.settings.Node, Account: r.account.SID, Token: r.account.AuthToken,
		PublicURL: r.settings.PublicURL, Name: r.settings.Name, Region: r.settings.Region,
		Records: r.store, Callouts: r.dispatch, Calls: r.desk, CallRecords: r.store, Tickets: r.store,
		Accept: func(ctx context.Context, d alert.Delivery) ([]string, error) {
			got, err := r.dispatch.Accept(ctx, d)
			return got.Alerts, err
		},
		Phones: api.Phones{All: r.phoneList, Server: r.sipServer(), ServerTLS: r.sipsServer(), Password: r.phonePassword},
		Ledger: r.store, Budgets: r.dispatch.Budgets, House: r.house.Load, Manifest: documents{r}, Bins: documents{r}, Engines: r.engines, Trace: signalling{r}, CheckLine: r.checkLine, Standings: r.standings, Ready: r.store.Ready,
		Schemes: r.schemes(), Phone: r.phoneToken, MayPhone: r.mayPhone, Browsers: r.tabs,
		Japanese: reading("ja"),
	})
	h := r.api.Handler()
	for _, path := range []string{"/api/", "/login", "/logout", "/a/"} {
		mux.Handle(path, h)
	}
	if r.browsers != nil {
		mux.Handle("/signal", r.browsers.signal)
		mux.Handle(phoneSoundPath, phoneSounds(r.log))
	}
	mux.Handle("/", web.Handler())
	return nil
}

// engines is what the last look at the voices said; nil while they are still being tried.
func (r *rooms) engines(ctx context.Context) []api.Engine {
	known := r.voicesNow(ctx)
	if known == nil {
		return nil
	}
	out := []api.Engine{}
	for _, e := range known {
		one := api.Engine{Name: e.Name, Languages: []string{e.Language}, OK: e.Err == nil}
		if e.Err != nil {
			one.Hint = e.Err.Error()
		}
		out = append(out, one)
	}
	return out
}

// documents is the installation as the API reads and changes it.
type documents struct{ r *rooms }

func (d documents) Export(ctx context.Context) ([]byte, error) {
	docs, err := d.r.store.Documents(ctx)
	if err != nil {
		return nil, err
	}
	return manifest.Format(docs), nil
}

// Apply takes all of the documents or none, after checking them with all that are there.
func (d documents) Apply(ctx context.Context, text []byte) (applied []string, problems problem.List, err error) {
	d.r.change.Lock()
	defer d.r.change.Unlock()
	docs, problems := manifest.Split("", text)
	if problems.Refused() {
		return nil, problems, nil
	}
	old, err := d.r.store.Documents(ctx)
	if err != nil {
		return nil, nil, err
	}
	_, before := manifest.Compile(old, d.r.resolveSecret)
	merged, public := manifest.Merge(old, docs), d.r.settings.PublicURL != ""
	_, found := manifest.Compile(merged, d.r.resolveSecret)
	before, found = append(before, manifest.Away(old, public)...), append(found, manifest.Away(merged, public)...)
	news := manifest.News(found, before)
	for i, p := range found {
		if !slices.Contains(news, p) { // it was wrong before, and must not keep anything from being mended
			found[i].Level = problem.Warning
		}
	}
	if problems = append(problems, found...); problems.Refused() {
		return nil, problems, nil
	}
	if err := d.r.store.Apply(ctx, docs); err != nil {
		return nil, problems, err
	}
	for _, one := range docs {
		applied = append(applied, one.Kind+" "+one.Name)
	}
	return applied, problems, d.r.reload(ctx)
}

// Remove deletes all of the documents that are named or none, after looking who needs them.
func (d documents) Remove(ctx context.Context, refs ...manifest.Ref) (problems problem.List, err error) {
	d.r.change.Lock()
	defer d.r.change.Unlock()
	all, err := d.r.store.Documents(ctx)
	if err != nil {
		return nil, err
	}
	left, err := manifest.Without(all, refs...)
	if err != nil {
		return nil, err
	}
	public := d.r.settings.PublicURL != ""
	problems = append(manifest.Needed(all, left, d.r.resolveSecret), manifest.News(manifest.Away(left, public), manifest.Away(all, public))...)
	if problems.Refused() {
		return problems, nil
	}
	if err := d.r.store.Remove(ctx, refs...); err != nil {
		return nil, err
	}
	for _, r := range refs {
		d.r.log.Info("document deleted", "kind", r.Kind, "name", r.Name)
	}
	return problems, d.r.reload(ctx)
}

// signalling shows what was sent and received for a call.
type signalling struct{ r *rooms }

func (s signalling) Trace(id sid.Call) (ladder string, pcap []byte, ok bool) {
	name := string(id)
	if rec, err := s.r.store.Call(context.Background(), s.r.account.SID, id); err == nil && rec.Attempt != "" {
		name = rec.Attempt
	}
	messages := s.r.traces.of(name)
	if len(messages) == 0 {
		return "", nil, false
	}
	var file bytes.Buffer
	if err := sipleg.WritePcap(&file, messages); err != nil {
		s.r.log.Warn("pcap not written", "call", id, "err", err)
	}
	return sipleg.Ladder(messages) + s.r.traces.sound(name), file.Bytes(), true
}
