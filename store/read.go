package store

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/timeline"
)

// mostEvents is the longest list of events, and its length when the limit is 0.
const mostEvents = 1000

// IncidentByID finds one incident.
func (s *Store) IncidentByID(ctx context.Context, id string) (dispatch.Incident, error) {
	var i incident
	err := one(ctx, s.db.reader(), incidentByID, []any{id}, incidents.fields(&i)...)
	return i.Incident, found(err)
}

// Incidents lists newest first.
func (s *Store) Incidents(ctx context.Context, q dispatch.Query) (found []dispatch.Incident, err error) {
	where, args := []string{"TRUE"}, []any{}
	if len(q.Status) > 0 {
		where = append(where, "status IN ("+marks(len(q.Status))+")")
		for _, st := range q.Status {
			args = append(args, st)
		}
	}
	if q.Before != "" {
		var nr int64
		if err := one(ctx, s.db.reader(), "SELECT nr FROM incident WHERE id = ?", []any{q.Before}, &nr); errors.Is(err, errNoRow) {
			return nil, dispatch.ErrNotFound
		} else if err != nil {
			return nil, err
		}
		where, args = append(where, "nr < ?"), append(args, nr)
	}
	if q.Limit <= 0 {
		q.Limit = usualLimit
	}
	rows, err := list(ctx, s.db.reader(), incidents, "SELECT "+incidents.all+" FROM incident WHERE "+strings.Join(where, " AND ")+
		" ORDER BY nr DESC LIMIT ?", append(args, q.Limit)...)
	for _, r := range rows {
		found = append(found, r.Incident)
	}
	return found, err
}

// CalloutByID finds one call-out.
func (s *Store) CalloutByID(ctx context.Context, id string) (c dispatch.Callout, err error) {
	return c, found(one(ctx, s.db.reader(), calloutByID, []any{id}, callouts.fields(&c)...))
}

var attemptsOf = "SELECT " + attempts.all + " FROM attempt WHERE callout = ? ORDER BY nr"

// AttemptsOf lists the attempts of a call-out, oldest first.
func (s *Store) AttemptsOf(ctx context.Context, callout string) ([]dispatch.Attempt, error) {
	return list(ctx, s.db.reader(), attempts, attemptsOf, callout)
}

// called is one page of attempts, newest first. Attempts are numbered as they are dialled, so that who reads backwards may
// stop at the first page that reaches beyond the moment, however many there are before it.
const called = `SELECT nr, person, dialed, CASE WHEN line = id AND NOT (status = 'fault' AND rang = 0 AND answered = 0) THEN 1 ELSE 0 END
	FROM attempt WHERE nr < ? ORDER BY nr DESC LIMIT 500`

// Called is when each person was called since a moment, oldest first.
func (s *Store) Called(ctx context.Context, since time.Time) (map[string][]time.Time, error) {
	calls := map[string][]time.Time{}
	for before, more := int64(math.MaxInt64), true; more; {
		r, err := s.db.reader().query(ctx, called, before)
		if err != nil {
			return nil, err
		}
		more = false
		for r.Next() {
			var person string
			var dialed time.Time
			var counts int
			if err := r.Scan(&before, &person, moment{&dialed}, &counts); err != nil {
				r.Close()
				return nil, err
			}
			if more = !dialed.Before(since); more && counts == 1 {
				calls[person] = append(calls[person], dialed)
			}
		}
		err = r.Err()
		r.Close()
		if err != nil {
			return nil, err
		}
	}
	for _, times := range calls {
		slices.SortFunc(times, time.Time.Compare)
	}
	return calls, nil
}

var (
	allEvents = "SELECT " + events.all + " FROM event WHERE seq > ? ORDER BY seq LIMIT ?"
	eventsOf  = "SELECT " + events.all + " FROM event WHERE seq > ? AND incident = ? ORDER BY seq LIMIT ?"
)

// Events lists events after seq, oldest first, of one alert or of all ("").
func (s *Store) Events(ctx context.Context, alert string, after int64, limit int) ([]timeline.Event, error) {
	if limit <= 0 || limit > mostEvents {
		limit = mostEvents
	}
	if alert == "" {
		return list(ctx, s.db.reader(), events, allEvents, after, limit)
	}
	return list(ctx, s.db.reader(), events, eventsOf, after, alert, limit)
}
