package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/api"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/job"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/loopleg"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/leg/sipleg"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/message/pager"
	"github.com/kaden-project/kaden/message/smpp"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/registrar"
	"github.com/kaden-project/kaden/rest"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/speech"
	"github.com/kaden-project/kaden/store"
	"github.com/kaden-project/kaden/upstream"
	"github.com/kaden-project/kaden/voice"
	"github.com/kaden-project/kaden/webhook"
)

// rooms is the whole house, opened and introduced to one another.
type rooms struct {
	log      *slog.Logger
	settings settings
	secret   []byte // derived from the data directory's key

	seal      *account.Seal
	store     *store.Store
	account   account.Account
	clock     *media.Clock
	speaker   *speech.Speaker
	sip       *sipleg.Server
	registrar *registrar.Registrar
	traces    *traces
	watch     *lineWatch
	turns     *registrations // nil: no other process can be signed on
	phones    *simulatedPhones
	web       *webhook.Client
	asker     *asker
	journal   *webhook.Journal
	bins      *bins
	catalog   *catalog
	api       *api.API
	voice     *voice.Runner
	desk      *call.Desk
	upstreams *upstream.Client
	smscs     *smpp.Client
	pager     *pager.Client
	letters   letters
	dispatch  *dispatch.Dispatcher
	browsers  *browsers // nil: none

	house      atomic.Pointer[manifest.Set]
	known      atomic.Pointer[map[netip.Addr]bool] // addresses of trunks
	heard      atomic.Pointer[[]speech.Engine]     // the voices, when they were last tried
	wrong      atomic.Pointer[problem.List]        // in the documents
	triedAgain atomic.Int64                        // when voices that did not work were, Unix ns
	listened   chan struct{}                       // closed once they were
	listen     chan chan struct{}                  // has them tried again; what is sent is closed when they were
	hungUp     chan struct{}                       // closed at the end, when no call is left
	stopping   atomic.Bool                         // told to end; calls in progress may
	first      bool                                // this is the first start
	at         atomic.Pointer[string]              // the API's address, once its doors are open
	change     sync.Mutex                          // one change of the house at a time
}

// openRooms opens everything and starts nothing. What was opened is closed again after an error.
func openRooms(ctx context.Context, log *slog.Logger, s settings) (r *rooms, err error) {
	r = &rooms{log: log, settings: s, phones: &simulatedPhones{}, listened: make(chan struct{}), listen: make(chan chan struct{}), hungUp: make(chan struct{})}
	r.watch = &lineWatch{log: log}
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	if err := os.MkdirAll(s.Data, 0o700); err != nil {
		return r, fmt.Errorf("data directory %s: %w; --data names another", s.Data, err)
	}
	if r.seal, err = account.LoadSeal(s.dataFile("key")); errors.Is(err, fs.ErrPermission) {
		return r, fmt.Errorf("%w; the user that runs kaden must own %s", err, dataPath(s.Data))
	} else if err != nil {
		return r, err
	}
	r.secret = []byte(r.seal.Lookup("kaden: names of dialogs and addresses of scripts"))
	workers := new(job.Workers)
	r.tellNotices(workers)
	if r.store, err = r.openStore(ctx, workers); err != nil {
		return r, err
	}
	if err := r.moveIn(ctx); err != nil {
		return r, err
	}
	r.bins = &bins{
		log: r.log, all: func() map[string]account.Bin { return r.house.Load().Bins },
		token: func() string { return r.account.AuthToken }, public: strings.TrimRight(r.settings.PublicURL, "/"), shown: r.origin,
	}
	r.catalog = &catalog{Books: r.store, house: r.house.Load, bins: r.bins, main: r.account}
	if err := r.reload(ctx); err != nil {
		return r, err
	}
	if err := r.openSound(); err != nil {
		return r, err
	}
	if err := r.openPhones(ctx); err != nil {
		return r, err
	}
	if err := r.openLines(); err != nil {
		return r, err
	}
	if err := r.openBrowsers(ctx); err != nil {
		return r, err
	}
	r.openCalls()
	if err := r.desk.Recall(ctx); err != nil {
		log.Warn("how trunks fared in the last run is not known", "err", err)
	}
	r.store.DeliverLate(func(ctx context.Context, p call.Post) error {
		_, err := r.journal.Ask(ctx, call.Ask{Account: p.Account, Call: p.Call, Method: p.Method, URL: p.URL, Params: p.Params})
		return err
	})
	return r, nil
}

func (r *rooms) openSound() error {
	readings, err := readings(r.settings.Speech.Dictionary)
	if err != nil {
		return err
	}
	r.clock = media.NewClock(0)
	r.speaker = speech.New(r.log, speech.Config{
		Dir: r.settings.dataFile("speech"), Providers: engines(r.settings), Dictionary: readings,
	})
	return nil
}

func (r *rooms) openLines() error {
	low, high, err := r.settings.rtpPorts()
	if err != nil {
		return err
	}
	allow := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, text := range r.settings.SIP.Allow {
		p, err := prefix(text)
		if err != nil {
			return fmt.Errorf("sip.allow: %w", err)
		}
		allow = append(allow, p)
	}
	secret := hmac.New(sha256.New, r.secret)
	secret.Write([]byte("sip"))
	cert, roots, err := r.settings.sipTLS()
	if err != nil {
		return err
	}
	r.openSMSCs(roots)
	r.sip, err = sipleg.Listen(r.log, sipleg.Config{
		LineChanged: r.lineChanged, Shared: r.store.Shared(),
		ListenTLS: r.settings.SIP.TLS, Certificate: cert, RootCAs: roots,
		Listen: r.settings.SIP.Listen, Advertise: r.settings.SIP.Advertise,
		RTPPorts: sipleg.Range{First: uint16(low), Last: uint16(high)}, Clock: r.clock,
		Incoming: func(l *sipleg.Leg) { r.desk.Accept(l) },
		Known: func(source netip.AddrPort, _ sipleg.Request) bool {
			return (*r.known.Load())[source.Addr().Unmap()]
		},
		Phones:    switchboard{r.registrar, r},
		Texts:     r.noted,
		AllowFrom: allow, UserAgent: "kaden/" + version, Secret: secret.Sum(nil),
	})
	if err != nil {
		return err
	}
	r.openPager()
	if r.store.Shared() {
		r.turns = newRegistrations(r.log, r.settings.Node, r.store, r.sip, r.registering)
	}
	r.signOn()
	return nil
}

func (r *rooms) openCalls() {
	r.web = webhook.New(r.log, webhook.Config{
		AuthToken:     r.token,
		AllowLoopback: loopback(r.settings.HTTP), AllowPrivate: r.settings.Webhooks.AllowPrivate,
	})
	r.asker = &asker{outside: r.web, bins: r.bins, afterDial: r.afterDialled}
	r.journal = webhook.NewJournal(r.log, r.asker, r.store, func(url string) bool {
		return strings.HasPrefix(url, dispatch.Origin+"/") && !r.bins.has(url) // kaden's own scripts
	})
	sounds := recordings{books: r.store, base: r.origin, open: !r.settings.Recordings.Private, rest: r.journal}
	r.voice = voice.New(r.log, voice.Config{Speaker: r.speaker, Asker: sounds, Recordings: sounds, Texter: texter{r}, Applications: r.catalog, Notify: func(n voice.Notice) {
		r.log.Warn("TwiML", "call", n.Call, "url", n.URL, "problem", n.Problem.String())
		r.journal.Note(account.Notification{
			Account: n.Account, Call: n.Call, Warning: n.Problem.Level != problem.Error, Code: n.Problem.Code, Text: n.Problem.String(),
		}, n.URL)
	}})
	r.traces = newTraces(&registrar.Dialer{Registrar: r.registrar, SIP: r.sip})
	r.desk = call.New(r.log, call.Config{
		Store: r.store, Asker: r.journal, Script: r.voice.Script, Node: r.settings.Node, Recordings: sounds,
		Queues: r.store, Conferences: r.store, Documents: r.voice, Sockets: r.web,
		Dialers: r.browsers.dialers(map[number.Scheme]leg.Dialer{
			number.SIP: r.traces, number.Tel: r.traces, number.Sim: &simleg.Dialer{Phones: r.phones.phone},
		}),
		Own:       &loopleg.Dialer{Accept: func(l leg.Leg) { r.desk.Accept(l) }},
		Trunks:    r.lines,
		Upstreams: legsAway{r},
		Gates:     r.store,
		Channels:  r.channels(),
		Numbers:   r.numberCalled,
		Shows:     r.catalog.shows,
		Phones:    r.phoneCalls,
		Transfers: r.transfers,
		Screen:    r.voice.Screen,
		Down:      r.lineDown,
		Estate:    r.store,
		Elsewhere: func(id sid.Call) bool { return r.upstreams.Has(id) },
		Others:    r.otherLines,
	})
	secret := hmac.New(sha256.New, r.secret)
	secret.Write([]byte("scripts"))
	r.openUpstreams(secret.Sum(nil))
	r.openLetters()
	r.dispatch = dispatch.New(r.log, dispatch.Config{
		Store: r.store, Caller: r.caller(), House: r.house.Load, Secret: secret.Sum(nil),
		PublicURL: strings.TrimRight(r.settings.PublicURL, "/"),
		EndGhost:  r.endGhost, Rejoin: r.rejoin, Inherit: r.inheritance(), HungUp: r.hungUp, Inbound: callersOf(r.desk), Announce: announcer(r.voice, r.desk, r.account.SID), Music: waitingMusic(), Node: r.settings.Node, Account: r.account.SID, Region: r.settings.Region, Schemes: r.schemes(),
	})
	r.watch.to(r.dispatch)
	r.asker.scripts = r.dispatch
	r.asker.validations = rest.NewValidations(r.log, rest.AtDesk(r.desk), r.store, r.journal, dispatch.Origin)
	r.asker.teller = rest.NewTeller(r.log, rest.AtDesk(r.desk), dispatch.Origin)
}

// hangingUp is how long upstreams may take to confirm, at the end, that their calls are over.
const hangingUp = 5 * time.Second

// run keeps the rooms at work until ctx ends; then calls in progress have until drained to end.
func (r *rooms) run(ctx context.Context, drained func() <-chan struct{}) error {
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	var g errgroup.Group
	g.Go(func() error { return r.clock.Run(life) })
	g.Go(func() error { r.listenToVoices(life); return nil })
	g.Go(func() error { return r.store.Run(life) })
	g.Go(func() error { return r.journal.Run(life) })
	g.Go(func() error { r.tidy(life); return nil })
	g.Go(func() error { return r.registrar.Run(life) })
	sipLife, endSIP := context.WithCancel(life)
	defer endSIP()
	g.Go(func() error { return r.sip.Run(sipLife) })
	g.Go(func() error { r.turns.run(sipLife); return nil })
	if r.turns != nil {
		defer r.store.ChannelsFreed(func(string) { r.turns.soon() })()
	}
	g.Go(func() error { return r.registrar.KeepOpen(sipLife, r.knock) })
	work, stopWork := context.WithCancel(life)
	defer stopWork()
	failed := make(chan error, 1)
	g.Go(func() error {
		err := r.dispatch.Run(work)
		failed <- err
		return err
	})
	g.Go(func() error { r.closeBooks(work); return nil })
	written := make(chan struct{})
	g.Go(func() error { defer close(written); return r.write(work) })
	g.Go(func() error { return rest.NewWatch(r.log, r.store, purse{r}).Run(work) })
	var first error
	select {
	case <-ctx.Done():
		r.stopping.Store(true)
		r.turns.leave(true)
		r.drain(drained())
	case first = <-failed:
		if first == nil {
			first = errors.New("the call-outs stopped by themselves")
		}
	}
	if n := r.dispatch.Busy(); n > 0 {
		r.log.Warn("call-outs are not over; the next start carries them on, and nobody is called until then", "callouts", n)
	}
	stopWork()
	now, cancel := context.WithCancel(context.Background())
	cancel() // whoever still talks has had the time
	later, stop := context.WithTimeout(context.Background(), hangingUp)
	defer stop()
	upstreams := make(chan error, 1)
	go func() { upstreams <- ignoreCanceled(r.upstreams.Shutdown(later)) }()
	shutdown := joinErrors(ignoreCanceled(r.desk.Shutdown(now)), <-upstreams)
	<-written // answers to messages that are under way come over SIP, too
	r.turns.leave(false)
	close(r.hungUp)
	endSIP()
	browsers := r.browsers.close() // the clock paces them
	end()
	return joinErrors(first, g.Wait(), shutdown, browsers)
}

// closeBooks ends the records of the last run's calls. The call-outs come first: they know from those
// records which calls are still up at a carrier.
func (r *rooms) closeBooks(ctx context.Context) {
	select {
	case <-r.dispatch.Booted():
	case <-ctx.Done():
		return
	}
	switch n, err := r.desk.CloseBooks(ctx); {
	case err != nil:
		r.log.Error("calls of the last run still stand as open", "err", err)
	case n > 0:
		r.log.Info("calls of the last run are closed", "calls", n)
	}
}

// drain waits until nobody is on the telephone, or until the time for it is over.
func (r *rooms) drain(over <-chan struct{}) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for r.calls() > 0 {
		select {
		case <-over:
			return
		case <-tick.C:
		}
	}
}

func ignoreCanceled(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// close gives back what openRooms took.
func (r *rooms) close() error {
	errs := []error{r.browsers.close()}
	r.watch.forget(nil)
	if r.sip != nil {
		errs = append(errs, r.sip.Close())
	}
	if r.web != nil {
		r.web.Close()
	}
	if r.store != nil {
		errs = append(errs, r.store.Close())
	}
	return joinErrors(errs...)
}

// listenToVoices tries the engines, once and whenever that is asked for, and remembers what came of it; one that is missing at the
// start is logged loudly.
func (r *rooms) listenToVoices(ctx context.Context) {
	found := r.speaker.Check(ctx)
	for _, e := range found {
		if e.Err != nil {
			r.log.Error("a language cannot be spoken here", "language", e.Language, "err", e.Err)
		}
	}
	r.heard.Store(&found)
	close(r.listened)
	for {
		select {
		case <-ctx.Done():
			return
		case done := <-r.listen:
			if found := r.speaker.Check(ctx); ctx.Err() == nil {
				r.heard.Store(&found)
			}
			close(done)
		}
	}
}

// voices is what the engines said at the start; nil while they are still being tried.
func (r *rooms) voices() []speech.Engine {
	if v := r.heard.Load(); v != nil {
		return *v
	}
	return nil
}

// voicesNow has the engines tried again if one did not work a while ago: somebody may have installed it meanwhile. One that hangs
// holds nobody up: what was known of it stands.
func (r *rooms) voicesNow(ctx context.Context) []speech.Engine {
	now := time.Now().UnixNano()
	dumb := slices.ContainsFunc(r.voices(), func(e speech.Engine) bool { return e.Err != nil })
	if last := r.triedAgain.Load(); dumb && now-last > int64(tryAgain) && r.triedAgain.CompareAndSwap(last, now) {
		ctx, stop := context.WithTimeout(ctx, trying)
		defer stop()
		done := make(chan struct{})
		select {
		case r.listen <- done:
			select {
			case <-done:
			case <-ctx.Done():
			}
		case <-ctx.Done(): // they are being tried
		}
	}
	return r.voices()
}

const (
	tryAgain = 10 * time.Second // an engine that did not work is believed not to for so long
	trying   = 2 * time.Second  // whoever asks waits so long for engines that are tried; those that work take less than a second
)

// numberCalled is what answers when one of our own numbers, or a SIP user, is called.
func (r *rooms) numberCalled(called string) (account.Number, bool) {
	return r.catalog.called(called)
}

// token is what signs an account's requests.
func (r *rooms) token(id sid.Account) string {
	if id == r.account.SID || id == "" {
		return r.account.AuthToken
	}
	a, err := r.store.Account(context.Background(), id)
	if err != nil {
		r.log.Error("a request is not signed: the account's token cannot be read", "account", id, "err", err)
	}
	return a.AuthToken
}

// reload reads the documents and makes them the house.
func (r *rooms) reload(ctx context.Context) error {
	docs, err := r.store.Documents(ctx)
	if err != nil {
		return err
	}
	set, problems := manifest.Compile(docs, r.resolveSecret)
	problems = append(problems, manifest.Away(docs, r.settings.PublicURL != "")...)
	warnings := 0
	for _, p := range problems {
		if p.Level == problem.Error { // what it is about is left out; the rest of the house works
			r.log.Error("in the documents", "err", p)
			continue
		}
		warnings++
	}
	if warnings > 0 {
		r.log.Info("the documents have warnings; applying them shows each", "warnings", warnings)
	}
	r.house.Store(set)
	r.wrong.Store(&problems)
	if err := r.catalog.refresh(ctx); err != nil {
		return err
	}
	if err := r.useDomains(ctx, set); err != nil {
		return err
	}
	r.lookUpTrunks(ctx, set)
	r.signOn()
	return nil
}

// lookUpTrunks finds the addresses that trunks call from.
func (r *rooms) lookUpTrunks(ctx context.Context, set *manifest.Set) {
	known := map[netip.Addr]bool{}
	ctx, stop := context.WithTimeout(ctx, 3*time.Second)
	defer stop()
	for _, t := range set.Trunks {
		host, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(t.Server, "sip:"), "sips:"), ";")
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		if a, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
			known[a.Unmap()] = true
			continue
		}
		addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		if err != nil {
			r.log.Warn("trunk's server not found; its calls to us are not answered", "trunk", t.Name, "err", err)
		}
		for _, a := range addrs {
			known[a.Unmap()] = true
		}
	}
	r.known.Store(&known)
}

func (r *rooms) resolveSecret(v string) (string, error) { return secret(v, os.Getenv) }

// loopback tells whether an address to listen on can be reached from this machine alone: then this is a
// developer's kaden, and developers' servers are here too.
func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func prefix(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, fmt.Errorf("%q is neither an address nor a network such as 192.0.2.0/24", text)
	}
	return p, nil
}

// dataPath makes a path absolute for messages.
func dataPath(p string) string {
	if abs, err := filepath.Abs(p); err == nil {
		return abs
	}
	return p
}
