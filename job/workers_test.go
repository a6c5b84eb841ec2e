package job_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/job"
)

type greeting struct {
	Name string `json:"name"`
}

func (greeting) Kind() string { return "greeting" }

type hasty struct{}

func (hasty) Kind() string     { return "hasty" }
func (hasty) Terms() job.Terms { return job.Terms{Tries: 2} }

type broken struct{ F func() }

func (broken) Kind() string { return "broken" }

type nameless struct{}

func (nameless) Kind() string { return "x" }

func TestAPackedJobReachesItsWorker(t *testing.T) {
	var w job.Workers
	var greeted []string
	job.Handle(&w, func(_ context.Context, g greeting) error {
		if g.Name == "" {
			panic("nobody")
		}
		greeted = append(greeted, g.Name)
		return nil
	})
	at := time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)
	item, err := job.Pack(greeting{"佐藤"}, at)
	if err != nil || item.Kind != "greeting" || !item.At.Equal(at) || item.Tries != job.DefaultTries {
		t.Fatalf("packed %+v, %v", item, err)
	}
	if err := w.Do(t.Context(), item.Kind, item.Args); err != nil {
		t.Error(err)
	}
	if fmt.Sprint(greeted) != "[佐藤]" {
		t.Errorf("greeted %v", greeted)
	}
	if err := w.Do(t.Context(), "greeting", []byte(`{}`)); err == nil || !strings.Contains(err.Error(), "panic") {
		t.Errorf("a panic became %v", err)
	}
	if err := w.Do(t.Context(), "greeting", []byte(`{"name":1}`)); !job.GivenUp(err) {
		t.Errorf("arguments nobody can read are tried again: %v", err)
	}
	if err := w.Do(t.Context(), "farewell", nil); err == nil || job.GivenUp(err) {
		t.Errorf("a kind nobody does here may be done by another node: %v", err)
	}
}

func TestTermsOfAKind(t *testing.T) {
	var w job.Workers
	job.Handle(&w, func(context.Context, greeting) error { return nil })
	job.Handle(&w, func(context.Context, hasty) error { return nil })
	want := map[string]job.Terms{
		"greeting": {Tries: job.DefaultTries, Timeout: job.DefaultTimeout},
		"hasty":    {Tries: 2, Timeout: job.DefaultTimeout},
	}
	if got := w.Kinds(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if item, err := job.Pack(hasty{}, time.Time{}); err != nil || item.Tries != 2 {
		t.Errorf("packed %+v, %v", item, err)
	}
}

func TestWhatCannotBeAJobIsRefusedBeforeAnythingIsStored(t *testing.T) {
	if _, err := job.Pack(broken{}, time.Time{}); err == nil {
		t.Error("a function was packed")
	}
	if _, err := job.Pack(nameless{}, time.Time{}); err == nil {
		t.Error("a kind of one letter was packed")
	}
	var w job.Workers
	job.Handle(&w, func(context.Context, greeting) error { return nil })
	for name, handle := range map[string]func(){
		"a kind of one letter": func() { job.Handle(&w, func(context.Context, nameless) error { return nil }) },
		"a second worker":      func() { job.Handle(&w, func(context.Context, greeting) error { return nil }) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was taken", name)
				}
			}()
			handle()
		}()
	}
}

func TestWordsOfAWorker(t *testing.T) {
	cause := errors.New("410 gone")
	up := fmt.Errorf("post: %w", job.GiveUp(cause))
	if !job.GivenUp(up) || !errors.Is(up, cause) || up.Error() != "post: 410 gone" || job.GivenUp(cause) {
		t.Errorf("given up: %v", up)
	}
	if d, ok := job.IsLater(fmt.Errorf("early: %w", job.Later(time.Minute))); !ok || d != time.Minute {
		t.Errorf("later: %v %v", d, ok)
	}
	if _, ok := job.IsLater(cause); ok || job.Later(time.Minute).Error() != "not yet, again in 1m0s" {
		t.Error("an error is no Later")
	}
}
