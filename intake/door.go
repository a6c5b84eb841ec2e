package intake

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/kaden-project/kaden/alert"
)

// Config is what a [Door] needs. The zero values of its limits are the defaults.
type Config struct {
	// Sources finds a source by the name in its URL.
	Sources func(name string) (alert.Source, bool)
	// Acceptor takes deliveries over.
	Acceptor Acceptor
	// Translators read bodies, by the kind of the source. A kind without one still calls somebody.
	Translators map[string]alert.Translator
	// Now is the clock of ReceivedAt and of the limit; nil is time.Now.
	Now func() time.Time

	Limit      Limit         // for each source; zero: 200 deliveries a second, 2,000 at once
	ReadTime   time.Duration // for the body to arrive; 0: 10 s
	AcceptTime time.Duration // for it to be stored; 0: 10 s
}

// retryAfter is when a sender should come again after trouble of ours.
const retryAfter = 5 * time.Second

// Door serves /in/{source}/{key}. It is safe for use by many goroutines.
type Door struct {
	log *slog.Logger
	cfg Config

	mu     sync.Mutex
	meters map[string]*meter // by name of the source; only sources that exist get one
	wrong  meter             // requests that knew no key, so that the log is told once a minute
}

var _ http.Handler = (*Door)(nil)

// New makes the door. Every answer is JSON: 202 stored (or a duplicate), 400 a body that can never be
// read, 404 no such source and key, 405, 408 the body did not arrive, 413 over 1 MiB, 429 over the limit,
// 503 kaden's own trouble, with Retry-After. What is well-formed but cannot be understood is no error: it
// is stored and calls somebody as it is. What is refused with the right key is stored as well and calls
// somebody: senders do not repeat a 4xx, and an alert must not be forgotten.
func New(log *slog.Logger, cfg Config) *Door {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.Limit = cfg.Limit.orDefault()
	if cfg.ReadTime <= 0 {
		cfg.ReadTime = 10 * time.Second
	}
	if cfg.AcceptTime <= 0 {
		cfg.AcceptTime = 10 * time.Second
	}
	return &Door{log: log, cfg: cfg, meters: map[string]*meter{}}
}

// ServeHTTP takes one delivery in.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	source, ok := d.enter(r.URL.Path)
	if !ok {
		d.stranger(r)
		refuse(w, http.StatusNotFound, "there is no source with this name and key", "copy the whole address that kaden shows for the source")
		return
	}
	now := d.cfg.Now()
	if wait, full := d.meter(source.Name).full(now, d.cfg.Limit); full {
		d.storm(r.Context(), source, now)
		d.refuseFull(w, wait)
		return
	}
	raw, problem := d.body(w, r, source)
	if problem != nil {
		d.unreadable(w, r, source, raw, problem, now)
		return
	}
	id, hashed := deliveryID(r.Header, raw)
	delivery := alert.Delivery{
		ID:         id,
		Source:     source.Name,
		Kind:       source.Kind,
		Raw:        raw,
		Header:     keptHeader(r.Header),
		Remote:     remote(r),
		ReceivedAt: now,
		Alerts:     alert.Translate(d.cfg.Translators[source.Kind], source, raw),
	}
	// What was not read in full, perhaps because the machine has too much to do, says nothing new when it comes again.
	delivery.Hashed = hashed && delivery.Read()
	d.accept(w, r, delivery)
}

// enter finds the source that a path names with its key. It takes the same time for a name that does
// not exist as for a key that is wrong.
func (d *Door) enter(path string) (alert.Source, bool) {
	name, key, _ := strings.Cut(strings.TrimPrefix(path, "/in/"), "/")
	key = strings.TrimSuffix(key, "/") // as some senders write addresses
	source, known := d.cfg.Sources(name)
	given, right := sha256.Sum256([]byte(key)), sha256.Sum256([]byte(source.Key))
	same := subtle.ConstantTimeCompare(given[:], right[:]) == 1
	if !known || !same || source.Key == "" {
		return alert.Source{}, false
	}
	return source, true
}

func methodsFor(kind string) []string {
	if kind == formKind {
		return []string{http.MethodGet, http.MethodPost}
	}
	return []string{http.MethodPost}
}

func (d *Door) accept(w http.ResponseWriter, r *http.Request, delivery alert.Delivery) {
	// A sender that hangs up while we commit does not take the alert back.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), d.cfg.AcceptTime)
	defer cancel()
	receipt, err := d.cfg.Acceptor.Accept(ctx, delivery)
	if err != nil {
		d.notStored(w, delivery.Source, err)
		return
	}
	var notes []string
	for _, a := range delivery.Alerts {
		if a.Problem != "" {
			d.log.Warn("alert not understood in full", "from", delivery.Source, "alert", receipt.Alerts, "cause", a.Problem)
			notes = append(notes, a.Problem)
		}
	}
	status := "stored"
	if receipt.Duplicate {
		status = "duplicate"
	}
	d.log.Info("delivery "+status, "from", delivery.Source, "alert", receipt.Alerts)
	if receipt.Alerts == nil {
		receipt.Alerts = []string{}
	}
	answer(w, http.StatusAccepted, struct {
		Status string   `json:"status"`
		Alerts []string `json:"alerts"`
		Notes  []string `json:"notes,omitempty"` // what was not understood; somebody is called all the same
	}{status, receipt.Alerts, notes})
}

// notStored says that it is our own trouble: the sender comes again.
func (d *Door) notStored(w http.ResponseWriter, source string, err error) {
	if errors.Is(err, ErrFull) {
		d.meter(source).refused(1)
		d.refuseFull(w, retryAfter)
		return
	}
	d.log.Error("delivery not stored", "from", source, "err", err)
	w.Header().Set("Retry-After", seconds(retryAfter))
	refuse(w, http.StatusServiceUnavailable, "the alert could not be stored", "send it again; kaden's log says what is wrong")
}

func (d *Door) refuseFull(w http.ResponseWriter, wait time.Duration) {
	w.Header().Set("Retry-After", seconds(wait))
	refuse(w, http.StatusTooManyRequests, ErrFull.Error(), "the refused ones are counted, and somebody is called about them")
}

// stranger notes a request that knew no key; at most once a minute, for anybody may knock.
func (d *Door) stranger(r *http.Request) {
	if n := d.wrong.knock(d.cfg.Now()); n > 0 {
		d.log.Warn("unknown source or wrong key", "from", remote(r), "requests", n)
	}
}

func (d *Door) meter(source string) *meter {
	d.mu.Lock()
	defer d.mu.Unlock()
	m, ok := d.meters[source]
	if !ok {
		m = &meter{}
		d.meters[source] = m
	}
	return m
}

func remote(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func seconds(d time.Duration) string {
	return strconv.Itoa(max(1, int((d+time.Second-1)/time.Second)))
}

// refuse says what is wrong, for the person who sets the sender up. alerts are those that were made of it.
func refuse(w http.ResponseWriter, status int, text, hint string, alerts ...string) {
	answer(w, status, struct {
		Status string   `json:"status"`
		Error  string   `json:"error"`
		Hint   string   `json:"hint,omitempty"`
		Alerts []string `json:"alerts,omitempty"`
	}{"refused", text, hint, alerts})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body) // a sender that is gone misses the answer; nothing else depends on it
}
