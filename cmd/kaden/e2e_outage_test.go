package main_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kaden-project/kaden/store/storetest"
	"github.com/kaden-project/kaden/timeline"
)

// storm sends an alert every so often, each until there is a 202 for it, as senders do.
type storm struct {
	mu       sync.Mutex
	accepted []string
	refused  map[int]int // by HTTP status
	odd      []error     // neither
	stop     chan struct{}
	over     sync.WaitGroup
}

func (s *server) storm(every time.Duration) *storm {
	w := &storm{refused: map[int]int{}, stop: make(chan struct{})}
	w.over.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-tick.C:
				w.over.Go(func() { w.send(s, n) })
			case <-w.stop:
				return
			}
		}
	})
	return w
}

func (w *storm) send(s *server, n int) {
	title := fmt.Sprintf("alert %d", n)
	door := s.url(fmt.Sprintf("/in/s%02d/%s", n%circles, circleKey(n%circles)))
	for range 200 {
		id, status, err := s.post(door, fmt.Sprintf(`{"title":%q,"key":%q,"severity":"critical"}`, title, title))
		w.mu.Lock()
		switch {
		case err != nil:
			w.odd = append(w.odd, err)
		case status == http.StatusAccepted:
			if id != "" {
				w.accepted = append(w.accepted, id)
			}
			w.mu.Unlock()
			return
		default:
			w.refused[status]++
		}
		w.mu.Unlock()
		select {
		case <-time.After(100 * time.Millisecond):
		case <-s.t.Context().Done():
			return
		}
	}
}

// taken is how many alerts there was a 202 for.
func (w *storm) taken() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.accepted)
}

// ends stops sending, and waits until all that was sent is taken.
func (w *storm) ends() {
	close(w.stop)
	w.over.Wait()
}

// PostgreSQL is killed under load, again and again, while people are on the telephone: what was accepted is
// carried on when it is back, nobody is rung twice for it, and what could not be stored was refused.
func TestPostgreSQLKilledUnderLoadWhileCalloutsRun(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, hasty)
	db := storetest.NewServer(t)
	db.Start(t)
	s := serve(t, withEnv("KADEN_DATABASE_URL="+db.URL("postgres")))
	s.apply(town(x.address)...)
	w := s.storm(300 * time.Millisecond)
	for outage := range 3 {
		before := w.taken()
		eventually(t, patience, "alerts are taken", func() bool { return w.taken() >= before+6 })
		db.Stop(t)
		begun := time.Now()
		eventually(t, patience, "it is away for a while", func() bool { return time.Since(begun) > time.Duration(outage)*time.Second })
		db.Start(t)
	}
	before := w.taken()
	eventually(t, patience, "alerts are taken again", func() bool { return w.taken() >= before+6 })
	w.ends()
	if !happens(t, time.Minute, func() bool {
		return len(x.open()) == 0 && !slices.ContainsFunc(s.alerts(), func(n night) bool { return n.Status == "stored" })
	}) {
		t.Fatalf("not all is over:\n%v\n%s", x.open(), s.allNights("stored"))
	}
	log := nightlog{pattern: circlePattern, accepted: w.accepted, alerts: s.nights(), calls: x.book()}
	log.holds(t)
	for status := range w.refused {
		if status != http.StatusServiceUnavailable {
			t.Errorf("refused with %d", status)
		}
	}
	if len(w.odd) > 0 {
		t.Errorf("%d requests were not answered, such as: %v", len(w.odd), w.odd[0])
	}
	t.Logf("%d alerts taken, refused %v; calls at the exchange: %s", len(w.accepted), w.refused, x.hows())
}

// PostgreSQL commits, and its answer is lost on the way, again and again: nobody is called twice for it, and
// nobody waits to be called.
func TestCommitsWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, hasty)
	p := storetest.NewProxy(t, storetest.Postgres(t))
	s := serve(t, withEnv("KADEN_DATABASE_URL="+p.URL))
	s.apply(town(x.address)...)
	p.LoseEvery(7)
	w := s.storm(200 * time.Millisecond)
	eventually(t, time.Minute, "alerts are taken", func() bool { return w.taken() >= 30 })
	w.ends()
	p.LoseEvery(0)
	if !happens(t, time.Minute, func() bool {
		return len(x.open()) == 0 && !slices.ContainsFunc(s.alerts(), func(n night) bool { return n.Status == "stored" })
	}) {
		t.Fatalf("not all is over:\n%v\n%s", x.open(), s.allNights("stored"))
	}
	log := nightlog{pattern: circlePattern, accepted: w.accepted, alerts: s.nights(), calls: x.book()}
	log.holds(t)
	t.Logf("%d answers lost, %d alerts taken, refused %v; calls at the exchange: %s", p.Lost(), len(w.accepted), w.refused, x.hows())
}

// A sender that is out of its mind: the same body a hundred times at once is one alert, one call-out, one call.
func TestTheSameBodyAHundredTimesAtOnce(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, takesIt)
	s := serve(t)
	s.apply("person: me\nlanguage: en-US\ncontacts: [" + x.address("me") + "]")
	door := s.door()
	var all sync.WaitGroup
	var mu sync.Mutex
	states, names := map[int]int{}, map[string]bool{}
	for range 100 {
		all.Go(func() {
			id, status, err := s.post(door, `{"title":"disk full","key":"db01/disk","severity":"critical","status":"firing"}`)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			states[status]++
			if id != "" {
				names[id] = true
			}
		})
	}
	all.Wait()
	list := s.alerts()
	if len(list) != 1 || len(names) != 1 {
		t.Fatalf("%d alerts, named %v, for the same words; answered %v", len(list), names, states)
	}
	for status := range states {
		if status != http.StatusAccepted && status != http.StatusTooManyRequests {
			t.Errorf("answered %v", states)
		}
	}
	s.until(list[0].ID, timeline.AlertAcknowledged, "me")
	if got := len(x.calledAt("me")); got != 1 {
		t.Errorf("me was called %d times", got)
	}
	t.Logf("answered %v", states)
}

// loud are the lines that somebody should look at.
func (s *server) loud(since int) (lines []string) {
	for line := range strings.Lines(tail(s.log.Name(), 8<<20)[since:]) {
		if strings.Contains(line, "level=ERROR") || strings.Contains(line, "level=WARN") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// PostgreSQL is away for a quarter of a minute, and nothing is asked of kaden. Its log says when that began and when it was over,
// and what whoever reads it has to know.
func TestTheLogSaysOnceThatPostgreSQLIsAway(t *testing.T) {
	t.Parallel()
	db := storetest.NewServer(t)
	db.Start(t)
	s := serve(t, withEnv("KADEN_DATABASE_URL="+db.URL("postgres")))
	since := len(tail(s.log.Name(), 8<<20))
	db.Stop(t)
	begun := time.Now()
	eventually(t, patience, "it is away for a while", func() bool { return time.Since(begun) > 15*time.Second })
	if s.isReady() {
		t.Error("/readyz says that all is well")
	}
	if resp, err := http.Get(s.url("/healthz")); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("/healthz: %v, %v; a restart would mend nothing", resp, err)
	} else {
		resp.Body.Close()
	}
	db.Start(t)
	eventually(t, patience, "it is ready again", s.isReady)
	eventually(t, patience, "the log says that it is back", func() bool { return strings.Contains(tail(s.log.Name(), 8<<20), "the database is back") })
	lines := s.loud(since)
	if len(lines) != 2 || !strings.Contains(lines[0], "the database is away: new alerts are refused") || !strings.Contains(lines[1], "the database is back") {
		t.Errorf("the log says %d things:\n%s", len(lines), strings.Join(lines, "\n"))
	}
}

// After a power cut kaden is up before its database. It waits and says for what, SIGTERM still ends it, and it starts when the
// database is there.
func TestKadenIsUpBeforeItsDatabase(t *testing.T) {
	t.Parallel()
	db := storetest.NewServer(t)
	db.Start(t) // for its port
	db.Stop(t)
	s := newServer(t, withEnv("KADEN_DATABASE_URL="+db.URL("postgres")))
	waits := func() { // in the life that has just begun: the log goes on from life to life
		t.Helper()
		before := strings.Count(tail(s.log.Name(), 1<<20), "waiting for the database")
		s.start()
		eventually(t, patience, "it says what it waits for", func() bool {
			log := tail(s.log.Name(), 1<<20)
			return strings.Count(log, "waiting for the database; nothing is served until it is there") > before && strings.Contains(log, "connection refused")
		})
	}
	waits()
	if err := s.stop(); err != nil {
		t.Errorf("SIGTERM while it waits: %v", err)
	}
	waits()
	db.Start(t)
	s.ready()
	if log := tail(s.log.Name(), 1<<20); !strings.Contains(log, "the database is there; starting") {
		t.Errorf("the log does not say that it starts:\n%s", log)
	}
	s.kill()

	// One that lets nobody in is there, and waiting would not mend it.
	wrong := newServer(t, withEnv("KADEN_DATABASE_URL="+db.URL("nowhere")))
	wrong.start()
	eventually(t, patience, "it ends", func() bool { return !wrong.alive() })
	if log := tail(wrong.log.Name(), 1<<20); wrong.exit == nil || strings.Contains(log, "waiting for") || !strings.Contains(log, "nowhere") {
		t.Errorf("with a database that does not exist: %v\n%s", wrong.exit, log)
	}
}
