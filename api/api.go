// Package api is kaden's own API: what the console, the command line and other programs ask and tell it.
//
// [API] answers under /api/ as OpenAPI 3.1 describes (docs/openapi.json), gives a browser its session under
// /login, and shows whoever has its signed address the page of one alert, or the settings of one phone, under /a/. It decides nothing: alerts go to dispatch, calls to the desk, documents to the manifest,
// and what happened is read from the store. Whatever it refuses it explains, with a hint (RFC 9457).
// An API may be used from any goroutine.
package api

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/tariff"
	"github.com/kaden-project/kaden/timeline"
)

// Records is what happened: the reading side of dispatch.Store.
type Records interface {
	IncidentByID(ctx context.Context, id string) (dispatch.Incident, error)
	Incidents(ctx context.Context, q dispatch.Query) ([]dispatch.Incident, error)
	CalloutByID(ctx context.Context, id string) (dispatch.Callout, error)
	AttemptsOf(ctx context.Context, callout string) ([]dispatch.Attempt, error)
	Events(ctx context.Context, alert string, after int64, limit int) ([]timeline.Event, error)
	Sound(ctx context.Context, id string) (wav []byte, err error) // dispatch.ErrNotFound
	Verifications(ctx context.Context) ([]dispatch.Verification, error)
	Announce(f func([]timeline.Event)) (stop func())
}

// Calls places calls and counts those under way: *call.Desk.
type Calls interface {
	Place(ctx context.Context, o call.Order) (*call.Call, error)
	Live(id sid.Call) (*call.Call, bool)
	Calls() int
	Trunks() []call.TrunkState
}

// CallRecords finds calls, over or not: the reading side of call.Store.
type CallRecords interface {
	Call(ctx context.Context, account sid.Account, id sid.Call) (call.Record, error)
}

// Manifest gives and takes the installation's documents.
type Manifest interface {
	// Export is every document as it was applied.
	Export(ctx context.Context) ([]byte, error)
	// Apply checks the documents against all there are and takes all of them or none. applied names each
	// as kind and name (person sato). problems with an error among them mean that nothing was taken.
	Apply(ctx context.Context, text []byte) (applied []string, problems problem.List, err error)
	// Remove deletes all the documents that are named, or none. problems with an error among them say what still needs one
	// of them, and that nothing was deleted; the others are what no longer works. *manifest.NotThere if one is not there.
	Remove(ctx context.Context, refs ...manifest.Ref) (problems problem.List, err error)
}

// Ledger knows what calls have cost: the reading side of dispatch.Store.
type Ledger interface {
	Usage(ctx context.Context, account sid.Account, from, to time.Time) ([]tariff.Spent, error)
}

// Tickets keeps secrets that expire, by their hash. Of many who take one at once, one gets it.
type Tickets interface {
	PutTicket(ctx context.Context, kind, hash, data string, expires time.Time) error
	Ticket(ctx context.Context, kind, hash string) (data string, ok bool, err error)
	TakeTicket(ctx context.Context, kind, hash string) (data string, ok bool, err error)
	DropTicket(ctx context.Context, kind, hash string) error
}

// Tracer shows the signalling of calls that is still remembered.
type Tracer interface {
	Trace(id sid.Call) (ladder string, pcap []byte, ok bool)
}

// Config is what an API works with. Fields that may be nil say so.
type Config struct {
	Version   string
	Node      string
	Account   sid.Account
	Token     string // the account's; whoever has it may do everything
	PublicURL string // how others reach this kaden; "" is the address of the request

	Records     Records
	Callouts    Callouts
	Accept      func(ctx context.Context, d alert.Delivery) (alerts []string, err error) // dispatch's Accept
	Calls       Calls
	CallRecords CallRecords
	Ledger      Ledger                        // nil: what calls cost is not known
	Budgets     func() []dispatch.BudgetState // as they were last counted; nil: none
	House       func() *manifest.Set          // the installation as it is now
	Manifest    Manifest
	Bins        Bins
	Tickets     Tickets
	Engines     func(ctx context.Context) []Engine                              // of speech; nil, also as its answer: not known, nothing is said about them
	Phones      Phones                                                          // that register here
	CheckLine   func(ctx context.Context, name, call string) ([]Finding, error) // looks at a trunk or upstream, and calls a number unless it is ""; nil: there are none
	Standings   func() map[string]Standing                                      // how trunks stand with their carriers, by name; nil: nothing is known
	Trace       Tracer                                                          // nil: nothing is remembered
	Ready       func(ctx context.Context) error                                 // nil: always
	Schemes     []number.Scheme                                                 // that can be dialled here; nil is tel, sip and sim
	Phone       func(person string) (PhoneToken, error)                         // signs a browser in as a phone; nil: there are none
	Browsers    func() []Tab                                                    // that are on duty, by identity; nil: none
	// MayPhone says why the console's phone may not call somebody, or what speaks against it; nil: it calls nobody.
	MayPhone func(ctx context.Context, to number.Address) (warning string, err error)

	Japanese *problem.Reader // says what is refused and warned of to who asks for Japanese; nil: English alone

	Name        string        // under which people keep kaden's numbers; "" is "kaden 架電"
	Region      string        // of numbers without a country; "" is JP
	DefaultPlan string        // of sources that name none; "" is "default"
	Session     time.Duration // how long a browser stays signed in without a request; 0 is 12 h
}

// API answers requests.
type API struct {
	log   *slog.Logger
	cfg   Config
	huma  huma.API
	mux   *http.ServeMux
	cross *http.CrossOriginProtection
	words lastWords
	life  context.Context // of streams and held answers
	end   context.CancelFunc
}

// New makes an API. It starts nothing.
func New(log *slog.Logger, cfg Config) *API {
	cfg.Name, cfg.Region = cmp.Or(cfg.Name, "kaden 架電"), cmp.Or(cfg.Region, "JP")
	cfg.DefaultPlan = cmp.Or(cfg.DefaultPlan, "default")
	cfg.Session = cmp.Or(cfg.Session, 12*time.Hour)
	if cfg.Schemes == nil {
		cfg.Schemes = []number.Scheme{number.Tel, number.SIP, number.SIPS, number.Sim}
	}
	a := &API{log: log, cfg: cfg, mux: http.NewServeMux(), cross: http.NewCrossOriginProtection()}
	a.life, a.end = context.WithCancel(context.Background())

	c := huma.DefaultConfig("kaden", "1")
	c.Info.Description = "kaden's own API. Every error is a problem (RFC 9457) with a hint."
	c.OpenAPIPath, c.DocsPath, c.SchemasPath, c.CreateHooks = "", "", "", nil
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":   {Type: "http", Scheme: "bearer", Description: "The account's token."},
		"account": {Type: "http", Scheme: "basic", Description: "Account SID and token, as for the Twilio-compatible API."},
		"session": {Type: "apiKey", In: "cookie", Name: cookie, Description: "A browser that signed in."},
	}
	c.Security = []map[string][]string{{"token": {}}, {"account": {}}, {"session": {}}}
	c.Transformers = append(c.Transformers, a.translate)
	a.huma = humago.New(a.mux, c)
	a.alertRoutes()
	a.decisionRoutes()
	a.holdRoutes()
	a.peopleRoutes()
	a.callRoutes()
	a.sipPhoneRoutes()
	a.houseRoutes()
	a.deleteRoutes()
	a.binRoutes()
	a.phoneRoutes()
	a.dutyRoutes()
	a.lineRoutes()
	a.usageRoutes()
	a.statusRoutes()
	a.cardRoutes()
	a.chooseRoutes()
	a.eventRoutes()
	a.signInRoutes()
	a.linkRoutes()
	a.mux.HandleFunc("GET /api/openapi.json", a.describe)
	a.mux.HandleFunc("/api/", a.nothingHere)
	return a
}

// Handler answers /api/…, /a/… and /login.
func (a *API) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Add("Vary", "Accept-Language")
		h.Set("Referrer-Policy", "no-referrer") // a login link must not travel on
		if strings.HasPrefix(r.URL.Path, linkPath) {
			// Nor must the address of an alert; but under no-referrer a browser would send its form from nowhere.
			h.Set("Referrer-Policy", "same-origin")
		}
		r, refusal := a.admit(w, r)
		if refusal != nil {
			a.refused(w, r, refusal)
			return
		}
		a.mux.ServeHTTP(w, r)
	})
}

// Close ends streams and held answers, so that the HTTP server can shut down: give it to
// http.Server.RegisterOnShutdown.
func (a *API) Close() { a.end() }

// OpenAPI is the description of the API (OpenAPI 3.1, JSON).
func (a *API) OpenAPI() ([]byte, error) { return a.huma.OpenAPI().MarshalJSON() }

func (a *API) describe(w http.ResponseWriter, r *http.Request) {
	text, err := a.OpenAPI()
	if err != nil {
		a.log.Error("the API's description cannot be written", "err", err)
		a.refused(w, r, refuse(http.StatusInternalServerError, "the description cannot be written", ""))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(text)
}

func (a *API) nothingHere(w http.ResponseWriter, r *http.Request) {
	a.refused(w, r, refuse(http.StatusNotFound, "there is nothing at "+r.Method+" "+r.URL.Path, "/api/openapi.json lists what there is"))
}
