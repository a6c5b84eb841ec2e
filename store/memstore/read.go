package memstore

import (
	"context"
	"slices"
	"time"

	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/timeline"
)

// What a list gives when its limit is 0, and at most.
const (
	usualLimit = 50
	mostEvents = 1000
)

// IncidentByID finds one incident.
func (s *Store) IncidentByID(ctx context.Context, id string) (dispatch.Incident, error) {
	if err := s.enter(ctx); err != nil {
		return dispatch.Incident{}, err
	}
	defer s.mu.Unlock()
	return (&tx{s: s}).Incident(id)
}

// Incidents lists newest first.
func (s *Store) Incidents(ctx context.Context, q dispatch.Query) ([]dispatch.Incident, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	before, paged := s.incidents[q.Before]
	if q.Before != "" && !paged {
		return nil, dispatch.ErrNotFound
	}
	list := sorted(s.incidents, func(i dispatch.Incident) bool {
		return (len(q.Status) == 0 || slices.Contains(q.Status, i.Status)) &&
			(!paged || s.incidents[i.ID].nr < before.nr)
	})
	slices.Reverse(list)
	if q.Limit <= 0 {
		q.Limit = usualLimit
	}
	list = list[:min(q.Limit, len(list))]
	for i := range list {
		list[i] = cloneIncident(list[i])
	}
	return list, nil
}

// CalloutByID finds one call-out.
func (s *Store) CalloutByID(ctx context.Context, id string) (dispatch.Callout, error) {
	if err := s.enter(ctx); err != nil {
		return dispatch.Callout{}, err
	}
	defer s.mu.Unlock()
	return (&tx{s: s}).Callout(id)
}

// AttemptsOf lists the attempts of a call-out, oldest first.
func (s *Store) AttemptsOf(ctx context.Context, callout string) ([]dispatch.Attempt, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	list := sorted(s.attempts, func(a dispatch.Attempt) bool { return a.Callout == callout })
	for i := range list {
		list[i] = cloneAttempt(list[i])
	}
	return list, nil
}

// Called is when each person was called since a moment, oldest first.
func (s *Store) Called(ctx context.Context, since time.Time) (map[string][]time.Time, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	calls := map[string][]time.Time{}
	for _, a := range sorted(s.attempts, func(a dispatch.Attempt) bool { return a.Line == a.ID && !a.Dialed.Before(since) }) {
		if a.Status != "fault" || !a.Rang.IsZero() || !a.Answered.IsZero() {
			calls[a.Person] = append(calls[a.Person], a.Dialed)
		}
	}
	for _, times := range calls {
		slices.SortFunc(times, time.Time.Compare)
	}
	return calls, nil
}

// Events lists events after seq, oldest first, of one alert or of all ("").
func (s *Store) Events(ctx context.Context, alert string, after int64, limit int) ([]timeline.Event, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	if limit <= 0 || limit > mostEvents {
		limit = mostEvents
	}
	var list []timeline.Event
	for _, e := range s.events {
		if len(list) == limit {
			break
		}
		if e.Seq > after && (alert == "" || e.Alert == alert) {
			list = append(list, e)
		}
	}
	return list, nil
}

// Jobs lists what was enqueued and committed, in order.
func (s *Store) Jobs() []Job {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.jobs)
}
