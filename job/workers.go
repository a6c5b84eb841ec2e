package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"time"
)

// Terms say how hard a kind of job is tried. The zero value of each field stands for the default.
type Terms struct {
	Tries   int           // until it is given up; 25, which takes about three weeks
	Timeout time.Duration // of one try; 30 s
}

// Demanding is Args that set terms of their own.
type Demanding interface {
	Args
	Terms() Terms
}

// Defaults of Terms. The pause after the n-th failed try is n⁴ seconds, with some jitter.
const (
	DefaultTries   = 25
	DefaultTimeout = 30 * time.Second
)

// Workers knows who does which kind of job. The zero value knows nobody. It is filled before the jobs
// are run; after that it may be used from any goroutine.
type Workers struct {
	mu    sync.RWMutex
	kinds map[string]worker
}

type worker struct {
	do    func(ctx context.Context, args []byte) error
	terms Terms
}

var kindShape = regexp.MustCompile(`^\w[\w.:-]+$`)

// Handle makes f do the jobs whose arguments are a T. f runs on many goroutines and may run twice for
// the same job, also on two machines. It panics if the kind is malformed or has somebody already.
func Handle[T Args](w *Workers, f func(ctx context.Context, args T) error) {
	var zero T
	kind := zero.Kind()
	if !kindShape.MatchString(kind) {
		panic(fmt.Sprintf("job: %q cannot be a kind: two or more letters and digits", kind))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.kinds[kind]; ok {
		panic(fmt.Sprintf("job: kind %q has a worker already", kind))
	}
	if w.kinds == nil {
		w.kinds = map[string]worker{}
	}
	w.kinds[kind] = worker{terms: TermsOf(zero), do: func(ctx context.Context, b []byte) error {
		var args T
		if err := json.Unmarshal(b, &args); err != nil {
			return GiveUp(fmt.Errorf("arguments of %s: %w", kind, err))
		}
		return f(ctx, args)
	}}
}

// TermsOf is how hard a job is tried, with the defaults filled in.
func TermsOf(a Args) Terms {
	var t Terms
	if d, ok := a.(Demanding); ok {
		t = d.Terms()
	}
	if t.Tries <= 0 {
		t.Tries = DefaultTries
	}
	if t.Timeout <= 0 {
		t.Timeout = DefaultTimeout
	}
	return t
}

// Kinds lists the kinds somebody does, with their terms.
func (w *Workers) Kinds() map[string]Terms {
	w.mu.RLock()
	defer w.mu.RUnlock()
	list := make(map[string]Terms, len(w.kinds))
	for kind, k := range w.kinds {
		list[kind] = k.terms
	}
	return list
}

// Do does one job whose arguments are args as JSON, once. A panic is an error.
func (w *Workers) Do(ctx context.Context, kind string, args []byte) (err error) {
	w.mu.RLock()
	k, ok := w.kinds[kind]
	w.mu.RUnlock()
	if !ok {
		return fmt.Errorf("nobody does jobs of kind %q", kind)
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a job of kind %q: %v", kind, p)
		}
	}()
	return k.do(ctx, args)
}

// GiveUp marks an error after which trying again is of no use.
func GiveUp(err error) error { return &givenUp{err} }

type givenUp struct{ err error }

func (g *givenUp) Error() string { return g.err.Error() }
func (g *givenUp) Unwrap() error { return g.err }

// GivenUp tells whether err, or what it wraps, was marked by GiveUp.
func GivenUp(err error) bool { return errors.As(err, new(*givenUp)) }

// Later is returned by a worker for whom it is too early: the job comes again after d, and this was no try.
func Later(d time.Duration) error { return later(d) }

type later time.Duration

func (l later) Error() string { return "not yet, again in " + time.Duration(l).String() }

// IsLater tells for how long a worker put its job off.
func IsLater(err error) (time.Duration, bool) {
	var l later
	ok := errors.As(err, &l)
	return time.Duration(l), ok
}

// Item is a job on its way into the database.
type Item struct {
	Kind  string
	Args  json.RawMessage
	At    time.Time // not before; zero: at once
	Tries int
}

// Pack makes an Item. It fails where the arguments cannot be written as JSON, so that this is known
// before anything else is stored.
func Pack(a Args, at time.Time) (Item, error) {
	b, err := json.Marshal(a)
	if err != nil {
		return Item{}, fmt.Errorf("job %q: %w", a.Kind(), err)
	}
	if !kindShape.MatchString(a.Kind()) {
		return Item{}, fmt.Errorf("job: %q cannot be a kind: two or more letters and digits", a.Kind())
	}
	return Item{Kind: a.Kind(), Args: b, At: at, Tries: TermsOf(a).Tries}, nil
}
