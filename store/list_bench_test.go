package store

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
)

// manyCalls are the calls of the list's benchmark: a year of them, 29 of 30 of one account.
const manyCalls = 1_000_000

// fillCalls writes n calls with one statement. A tenth goes to one number and the rest to 5,000 others; nearly all come
// from one number; 85 % are completed, 1 in 1,000 has failed, none was canceled in the newer half of the year.
const fillCalls = `
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?),
c AS (SELECT i, 1735689600000 + i * (31536000000 / ?) AS at FROM n)
INSERT INTO call (sid, account, parent, direction, from_address, to_address, status, cause, sip_status, trunk, attempt, answered_by,
  program, callback, callback_seq, created, updated, started, answered, ended, node, deleted)
SELECT printf('CA%032x', i), iif(i % 30 = 7, 'AC2', 'AC1'), iif(i % 20 = 3, printf('CA%032x', i - 1), ''), iif(i % 20 = 3, 'outbound-dial', 'outbound-api'),
  iif(i % 500 = 1, printf('+8190%08d', i % 7000), '+815012345678'), iif(i % 10 = 0, '+81312345678', printf('+8190%08d', (i * 7919) % 5000)),
  CASE WHEN i % 1000 = 1 THEN 'failed' WHEN i < ? / 2 AND i % 1000 = 2 THEN 'canceled' WHEN i % 20 < 3 THEN 'no-answer' ELSE 'completed' END,
  'completed', 200, 'ntt', '', '', '{"URL":"https://example.com/voice","Method":"","TwiML":"","FallbackURL":"","FallbackMethod":""}',
  '{"URL":"","Method":"","Events":null}', 4, at, at + 60000, at + 500, at + 8000, at + 60000, 'kaden', FALSE
FROM c`

// BenchmarkListCalls lists a page of 50 of 1,000,000 calls by each filter that the API has, and the worst of them.
//
//	go test ./store -run x -bench ListCalls -benchtime 20x
func BenchmarkListCalls(b *testing.B) {
	s := benched(b, Config{DataDir: b.TempDir()})
	db := s.db.(*sqlite).write
	if _, err := db.ExecContext(b.Context(), fillCalls, manyCalls, manyCalls, manyCalls); err != nil {
		b.Fatal(err)
	}
	id := func(i int) sid.Call { return sid.Call(fmt.Sprintf("CA%032x", i)) }
	day := func(n int) time.Time { return time.UnixMilli(1735689600000).AddDate(0, 0, n) }
	const heavy, light, main = "+81312345678", "+819000000042", "+815012345678"
	for _, q := range []struct {
		name string
		f    call.Filter
	}{
		{"all", call.Filter{}},
		{"deep", call.Filter{After: id(100_000)}},
		{"to-many", call.Filter{To: heavy}},
		{"to-few", call.Filter{To: light}},
		{"to-nobody", call.Filter{To: "+810000"}},
		{"from-nearly-all", call.Filter{From: main}},
		{"parent", call.Filter{Parent: id(2)}},
		{"status-most", call.Filter{Status: call.Completed}},
		{"status-rare", call.Filter{Status: call.Failed}},
		{"status-long-ago", call.Filter{Status: call.Canceled}},
		{"status-now", call.Filter{Status: call.InProgress}},
		{"a-day", call.Filter{StartedFrom: day(100), StartedTo: day(101)}},
		{"half-a-year", call.Filter{StartedFrom: day(30), StartedTo: day(210)}},
		{"before-a-day", call.Filter{StartedTo: day(3)}},
		{"ended-a-day", call.Filter{EndedFrom: day(100), EndedTo: day(101)}},
		{"ended-before", call.Filter{EndedTo: day(3)}},
		{"started-and-ended", call.Filter{StartedFrom: day(30), EndedTo: day(31)}},
		{"to-many-a-day", call.Filter{To: heavy, StartedFrom: day(100), StartedTo: day(101)}},
		{"to-few-half-a-year", call.Filter{To: light, StartedFrom: day(30), StartedTo: day(210)}},
		{"from-nearly-all-a-day", call.Filter{From: main, StartedFrom: day(100), StartedTo: day(101)}},
		{"rare-half-a-year", call.Filter{Status: call.Failed, StartedFrom: day(30), StartedTo: day(210)}},
		{"never-half-a-year", call.Filter{Status: call.Canceled, StartedFrom: day(200), StartedTo: day(360)}},
		{"rare-to-many", call.Filter{Status: call.Failed, To: heavy}},
		{"rare-from-nearly-all", call.Filter{Status: call.Failed, From: main}},
		{"most-to-many", call.Filter{Status: call.Completed, To: heavy}},
		{"most-to-few", call.Filter{Status: call.Completed, To: light}},
		{"rare-to-many-half-a-year", call.Filter{Status: call.Failed, To: heavy, StartedFrom: day(30), StartedTo: day(210)}},
		{"to-few-from-nearly-all", call.Filter{To: light, From: main}},
	} {
		b.Run(q.name, func(b *testing.B) {
			q.f.Account, q.f.Limit = "AC1", 50
			var took []time.Duration
			var found int
			for b.Loop() {
				began := time.Now()
				list, _, err := s.Calls(b.Context(), q.f)
				if err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
				found = len(list)
			}
			slices.Sort(took)
			b.ReportMetric(float64(found), "calls")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "max-ms")
			if testing.Verbose() {
				b.Log(plan(b, s, q.f))
			}
		})
	}
}

// plan is how SQLite finds the calls.
func plan(b *testing.B, s *Store, f call.Filter) string {
	b.Helper()
	lead, err := s.lead(b.Context(), f)
	if err != nil {
		b.Fatal(err)
	}
	where, args, order := filter(f, lead)
	rows, err := s.db.(*sqlite).write.QueryContext(b.Context(), "EXPLAIN QUERY PLAN SELECT * FROM call WHERE "+strings.Join(where, " AND ")+" ORDER BY "+order+" LIMIT 51", args...)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	var steps []string
	for rows.Next() {
		var a, c, d int
		var step string
		if err := rows.Scan(&a, &c, &d, &step); err != nil {
			b.Fatal(err)
		}
		steps = append(steps, step)
	}
	return strings.Join(steps, "; ")
}

// BenchmarkCallLife writes the five changes of one call after another, as it is and without the indexes that only lists
// need. The processor's time is what counts: the disk waits for commits alike.
//
//	go test ./store -run x -bench CallLife -benchtime 2000x
func BenchmarkCallLife(b *testing.B) {
	for _, indexed := range []bool{true, false} {
		b.Run(fmt.Sprintf("indexed=%v", indexed), func(b *testing.B) {
			s := benched(b, Config{DataDir: b.TempDir()})
			if !indexed {
				for _, name := range []string{"call_account_started", "call_to_started", "call_from_started", "call_account_ended", "call_status", "call_status_started"} {
					if _, err := s.db.(*sqlite).write.ExecContext(b.Context(), "DROP INDEX "+name); err != nil {
						b.Fatal(err)
					}
				}
			}
			began := processorTime(b)
			for b.Loop() {
				r := call.Record{SID: sid.New[sid.Call](), Account: "AC1", From: "+815012345678", To: "+819011112222", Status: call.Queued, Created: time.Now()}
				for _, step := range []func(){
					func() {}, func() { r.Status, r.Started = call.Ringing, time.Now() }, func() { r.Status, r.Answered = call.InProgress, time.Now() },
					func() { r.CallbackSeq++ }, func() { r.Status, r.Ended = call.Completed, time.Now() },
				} {
					step()
					if err := s.Change(b.Context(), call.Change{Record: r}); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64((processorTime(b)-began).Microseconds())/float64(b.N), "µs-CPU/call")
		})
	}
}

// processorTime is what this process has used so far.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
