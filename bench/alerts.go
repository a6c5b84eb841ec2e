package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	people    = 600 // so that nobody is rung while still on the telephone
	perSecond = 100
	alertTime = 4 * time.Second // of one run
)

// alertToInvite sends 100 alerts a second, at random moments, each for somebody else. They answer, press 1
// and are told that the alert is theirs, so the store, the calls and the voices are as busy as in a bad night.
func alertToInvite(ctx context.Context, b *bench) ([]row, error) {
	return b.alertToInvite(ctx, b.kaden, "", b.commit)
}

// alertToInviteSlowly does it with a disk that needs 5 ms more for each commit.
func alertToInviteSlowly(ctx context.Context, b *bench) ([]row, error) {
	if b.slow == "" {
		b.table.skipped = append(b.table.skipped, "alerts on a slow disk (no binary for it)")
		return nil, nil
	}
	return b.alertToInvite(ctx, b.slow, ", 5 ms more per commit", b.slowCommit)
}

func (b *bench) alertToInvite(ctx context.Context, binary, how string, commit spread) ([]row, error) {
	ps, err := newPhones(phonePort, func(string) habit {
		return habit{answer: true, after: 100 * time.Millisecond, press: time.Second}
	})
	if err != nil {
		return nil, err
	}
	defer ps.close()
	var documents []string
	for i := range people {
		name := fmt.Sprintf("s%03d", i)
		documents = append(documents, person(name, ps.uri(name)), plan(name, "  - call: ["+name+"]"))
	}
	s, err := b.serve(ctx, binary, documents...)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	if err := warmUp(s, ps); err != nil {
		return nil, err
	}
	var toInvite, toTaken, fromTaken []spread
	var busy []float64
	next := 1 // the first was for warming up
	for r := range b.runs {
		one, err := storm(ctx, s, ps, r, &next)
		if err != nil {
			return nil, err
		}
		toInvite, toTaken, fromTaken = append(toInvite, spreadOf(one.toInvite)), append(toTaken, spreadOf(one.toTaken)), append(fromTaken, spreadOf(one.fromTaken))
		busy = append(busy, one.cpu.Seconds()/one.took.Seconds())
	}
	all, taken, after := medianSpread(toInvite), medianSpread(toTaken), medianSpread(fromTaken)
	goal := fmt.Sprintf("one commit + 2 / + 15 ms = %s / %s ms", num(commit.p50+2), num(commit.p99+15))
	return []row{
		{what: fmt.Sprintf("alert sent → INVITE on the wire at %d alerts/s%s", perSecond, how), goal: goal,
			measured: fmt.Sprintf("%s (%s cores)", all, num(median(busy))), verdict: all.within(commit.p50+2, commit.p99+15), runs: times(b.runs)},
		{what: "… alert sent → 202" + how, measured: taken.String(), runs: times(b.runs)},
		{what: "… 202 → INVITE" + how, measured: after.String(), runs: times(b.runs)},
	}, nil
}

// warmUp has the words spoken once and the first call made.
func warmUp(s *server, ps *phones) error {
	if _, _, err := s.alert("s000", "warm", "firing"); err != nil {
		return err
	}
	select {
	case <-ps.come:
	case <-time.After(10 * time.Second):
		return fmt.Errorf("nobody was rung within 10 s; kaden said:\n%s", s.said())
	}
	time.Sleep(3 * time.Second) // until the call is over, and the server has nothing left to do
	return nil
}

// stormy is what came of one run.
type stormy struct {
	toInvite, toTaken, fromTaken []time.Duration
	cpu, took                    time.Duration
}

func storm(ctx context.Context, s *server, ps *phones, run int, next *int) (stormy, error) {
	ps.forget()
	var out stormy
	var mu sync.Mutex
	type post struct{ sent, taken time.Time }
	posts := map[string]post{}
	var failed error
	var wg sync.WaitGroup
	total := perSecond * int(alertTime/time.Second)
	begun, used := time.Now(), cpu(s.pid())
	due := begun
	for range total {
		due = due.Add(time.Duration(rand.ExpFloat64() * float64(time.Second) / perSecond))
		time.Sleep(time.Until(due))
		if ctx.Err() != nil {
			break
		}
		user := fmt.Sprintf("s%03d", *next%people)
		for ps.busy(user) { // who is on the telephone hears of it there, and is not rung (rule 6)
			*next++
			user = fmt.Sprintf("s%03d", *next%people)
		}
		key := fmt.Sprintf("run-%d-%d", run, *next)
		*next++
		wg.Go(func() {
			sent, taken, err := s.alert(user, key, "firing")
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = err
			}
			posts[user] = post{sent, taken}
		})
	}
	wg.Wait()
	if failed != nil {
		return out, failed
	}
	for end := time.Now().Add(10 * time.Second); len(ps.seen()) < total && time.Now().Before(end) && ctx.Err() == nil; {
		time.Sleep(20 * time.Millisecond)
	}
	out.took = time.Since(begun)
	out.cpu = cpu(s.pid()) - used
	for _, r := range ps.seen() {
		p := posts[r.user]
		out.toInvite = append(out.toInvite, r.invited.Sub(p.sent))
		out.toTaken = append(out.toTaken, p.taken.Sub(p.sent))
		out.fromTaken = append(out.fromTaken, r.invited.Sub(p.taken))
	}
	if len(out.toInvite) < total {
		return out, fmt.Errorf("%d of %d alerts rang nobody within 10 s", total-len(out.toInvite), total)
	}
	time.Sleep(5 * time.Second) // until everybody has hung up
	return out, nil
}
