package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// twentyPeople are rung by one alert over a trunk without limit: how long until the last INVITE is out.
func twentyPeople(ctx context.Context, b *bench) ([]row, error) {
	const people = 20
	ps, err := newPhones(phonePort, func(string) habit { return habit{} })
	if err != nil {
		return nil, err
	}
	defer ps.close()
	names, documents := overTrunk(people)
	documents = append(documents, "trunk: wide\nserver: "+ps.addr(), plan("all", "  - call: ["+names+"]\n    order: together"))
	s, err := b.serve(ctx, b.kaden, documents...)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	var last, taken []time.Duration
	for i := range b.runs + 1 {
		ps.forget()
		key := fmt.Sprint("all-", i)
		sent, got, err := s.alert("all", key, "firing")
		if err != nil {
			return nil, err
		}
		rings, err := ps.wait(ctx, people, 10*time.Second)
		if err != nil {
			return nil, fmt.Errorf("%w; kaden said:\n%s", err, s.said())
		}
		if i > 0 { // the first had the words spoken
			last = append(last, rings[people-1].invited.Sub(sent))
			taken = append(taken, got.Sub(sent))
		}
		if err := s.over(ctx, ps, "all", key); err != nil {
			return nil, err
		}
	}
	l := median(all(last))
	return []row{{
		what: "one alert rings 20 people on a trunk without limit: alert sent → last INVITE", goal: "50 ms",
		measured: fmt.Sprintf("%s ms (202 after %s ms)", num(l), num(median(all(taken)))), verdict: below(l, 50, "ms"), runs: times(b.runs),
	}}, nil
}

func all(ds []time.Duration) (out []float64) {
	for _, d := range ds {
		out = append(out, ms(d))
	}
	return out
}

// overTrunk makes people with telephone numbers, and the list of their names.
func overTrunk(n int) (names string, documents []string) {
	var list []string
	for i := range n {
		name := fmt.Sprintf("t%04d", i)
		list = append(list, name)
		documents = append(documents, person(name, fmt.Sprintf("tel:+8190%08d", 10_000_000+i)))
	}
	return strings.Join(list, ", "), documents
}

// wait is for so many calls.
func (p *phones) wait(ctx context.Context, n int, most time.Duration) ([]ring, error) {
	over := time.After(most)
	for got := 0; got < n; got++ {
		select {
		case <-p.come:
		case <-over:
			return nil, fmt.Errorf("%d of %d calls came within %v", got, n, most)
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return p.seen(), nil
}

// pacing rings people over a trunk that takes one new call a second and has two channels, of which one is
// kept for people who call back (rule 32): once with short refusals, where the interval decides, and once
// with long ones, where the channel does.
func pacing(ctx context.Context, b *bench) ([]row, error) {
	const people = 6
	var rows []row
	for _, way := range []struct {
		name  string
		rings time.Duration
	}{{"the interval decides", 300 * time.Millisecond}, {"the channel decides", 1700 * time.Millisecond}} {
		ps, err := newPhones(phonePort, func(string) habit { return habit{refuse: "603 Decline", after: way.rings} })
		if err != nil {
			return nil, err
		}
		names, documents := overTrunk(people)
		documents = append(documents, "trunk: narrow\nserver: "+ps.addr()+"\nchannels: 2\ninterval: 1s",
			plan("paced", "  - call: ["+names+"]\n    order: together\n    rounds: 1"))
		errs, most, err := paced(ctx, b, ps, documents, people)
		ps.close()
		if err != nil {
			return nil, err
		}
		s := spreadOf(errs)
		verdict := below(s.max, 20, "ms")
		if most > 1 {
			verdict = fmt.Sprintf("**missed**: %d calls at once", most)
		}
		rows = append(rows, row{
			what: "trunk with one call a second and two channels: pacing error where " + way.name, goal: "20 ms, no refusal caused by us",
			measured: fmt.Sprintf("%s ms at most, %s ms p50; at most %d calls at once", num(s.max), num(s.p50), most), verdict: verdict,
			runs: fmt.Sprintf("%d calls", len(errs)),
		})
	}
	return rows, nil
}

// paced says how late (or early) each call was against the moment from which it was allowed.
func paced(ctx context.Context, b *bench, ps *phones, documents []string, people int) (errs []time.Duration, most int, err error) {
	s, err := b.serve(ctx, b.kaden, documents...)
	if err != nil {
		return nil, 0, err
	}
	defer s.stop()
	if _, _, err := s.alert("paced", "paced", "firing"); err != nil {
		return nil, 0, err
	}
	if _, err := ps.wait(ctx, people, 60*time.Second); err != nil {
		return nil, 0, fmt.Errorf("%w; kaden said:\n%s", err, s.said())
	}
	rings := ps.seen()
	for i := 1; i < len(rings); i++ {
		allowed := rings[i-1].invited.Add(time.Second)
		if free := rings[i-1].refused; free.After(allowed) {
			allowed = free
		}
		errs = append(errs, rings[i].invited.Sub(allowed).Abs())
	}
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return errs, ps.most, nil
}

// nextPerson is how soon the next one's phone rings when somebody is busy, refuses, or was rung in vain.
func nextPerson(ctx context.Context, b *bench) ([]row, error) {
	const people = 20
	var rows []row
	for _, way := range []struct {
		name, ring string
		habit      habit
		people     int
		rounds     int
		since      func(ring) time.Time
	}{
		{"busy", "20s", habit{refuse: "486 Busy Here", after: 20 * time.Millisecond}, people, 10, func(r ring) time.Time { return r.refused }},
		{"rejected", "20s", habit{refuse: "603 Decline", after: 20 * time.Millisecond}, people, 10, func(r ring) time.Time { return r.refused }},
		{"ring time", "5s", habit{}, 3, 1, func(r ring) time.Time { return r.canceled }},
	} {
		ps, err := newPhones(phonePort, func(string) habit { return way.habit })
		if err != nil {
			return nil, err
		}
		took, err := passedOn(ctx, b, ps, way.people, way.rounds, way.ring, way.since)
		ps.close()
		if err != nil {
			return nil, err
		}
		s := spreadOf(took)
		rows = append(rows, row{
			what: way.name + " → next person's INVITE", goal: fmt.Sprintf("one commit + 20 ms = %s ms p99", num(b.commit.p99+20)),
			measured: s.String(), verdict: judge(limit{name: "p99", value: s.p99, goal: b.commit.p99 + 20, unit: "ms"}), runs: fmt.Sprintf("%d turns", len(took)),
		})
	}
	return rows, nil
}

// passedOn has call-outs go down a list of people and says how long each step took.
func passedOn(ctx context.Context, b *bench, ps *phones, people, alerts int, ringTime string, since func(ring) time.Time) (took []time.Duration, err error) {
	var names, documents []string
	for i := range people {
		name := fmt.Sprintf("n%02d", i)
		names = append(names, name)
		documents = append(documents, person(name, ps.uri(name)))
	}
	documents = append(documents, plan("list", "  - call: ["+strings.Join(names, ", ")+"]\n    order: in-turn\n    ring: "+ringTime))
	s, err := b.serve(ctx, b.kaden, documents...)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	for i := range alerts {
		ps.forget()
		if _, _, err := s.alert("list", fmt.Sprint("list-", i), "firing"); err != nil {
			return nil, err
		}
		if _, err := ps.wait(ctx, people, 60*time.Second); err != nil {
			return nil, fmt.Errorf("%w; kaden said:\n%s", err, s.said())
		}
		rings := ps.seen()
		for i := 1; i < len(rings); i++ {
			took = append(took, rings[i].invited.Sub(since(rings[i-1])))
		}
		if err := s.over(ctx, ps, "list", fmt.Sprint("list-", i)); err != nil {
			return nil, err
		}
	}
	return took, nil
}

// onePerson is rung with another, answers, hears the first word and presses 1; the other's phone stops.
func onePerson(ctx context.Context, b *bench) ([]row, error) {
	ps, err := newPhones(phonePort, func(user string) habit {
		if strings.HasPrefix(user, "taker") {
			return habit{answer: true, after: 100 * time.Millisecond, press: 1500 * time.Millisecond}
		}
		return habit{}
	})
	if err != nil {
		return nil, err
	}
	defer ps.close()
	const pairs = 5 // nobody is rung without end within an hour, so there are several
	var documents []string
	for i := range pairs {
		taker, other := fmt.Sprint("taker", i), fmt.Sprint("other", i)
		documents = append(documents, person(taker, ps.uri(taker)), person(other, ps.uri(other)),
			plan(fmt.Sprint("both", i), fmt.Sprintf("  - call: [%s, %s]\n    order: together", taker, other)))
	}
	s, err := b.serve(ctx, b.kaden, documents...)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	var sound, word, stop []time.Duration
	n := 3 * b.runs
	for i := range n + 1 {
		ps.forget()
		if _, _, err := s.alert(fmt.Sprint("both", i%pairs), fmt.Sprint("both-", i), "firing"); err != nil {
			return nil, err
		}
		if _, err := ps.wait(ctx, 2, 10*time.Second); err != nil {
			return nil, fmt.Errorf("%w; kaden said:\n%s", err, s.said())
		}
		if err := ps.quiet(ctx, 20*time.Second); err != nil {
			return nil, err
		}
		if i == 0 {
			continue
		}
		var taker, other ring
		for _, r := range ps.seen() {
			if strings.HasPrefix(r.user, "taker") {
				taker = r
			} else {
				other = r
			}
		}
		if taker.firstRTP.IsZero() || taker.loud.IsZero() || other.canceled.IsZero() {
			return nil, fmt.Errorf("the call went wrong: sound %v, word %v, other stopped %v", !taker.firstRTP.IsZero(), !taker.loud.IsZero(), !other.canceled.IsZero())
		}
		sound = append(sound, taker.firstRTP.Sub(taker.answered))
		word = append(word, taker.loud.Sub(taker.answered))
		stop = append(stop, other.canceled.Sub(taker.pressed))
	}
	first, spoken, stopped := spreadOf(sound), spreadOf(word), spreadOf(stop)
	count := fmt.Sprintf("%d calls", n)
	return []row{
		{what: "call-out: answer → first RTP", goal: "1 / 5 ms", measured: first.String(), verdict: first.within(1, 5), runs: count},
		{what: "call-out: answer → first word", goal: "0.8 s ± 20 ms", measured: fmt.Sprintf("%s ms p50, %s to %s ms", num(spoken.p50), num(least(word)), num(spoken.max)),
			verdict: below(max(spoken.max-800, 800-least(word)), 20, "ms"), runs: count},
		{what: "call-out: end of key 1 → the other phone's CANCEL", goal: fmt.Sprintf("one commit + 2 ms = %s ms p50", num(b.commit.p50+2)),
			measured: stopped.String(), verdict: judge(limit{name: "p50", value: stopped.p50, goal: b.commit.p50 + 2, unit: "ms"}), runs: count},
	}, nil
}

func least(ds []time.Duration) float64 {
	v := ms(ds[0])
	for _, d := range ds {
		v = min(v, ms(d))
	}
	return v
}

// quiet waits until no telephone rings and nobody talks.
func (p *phones) quiet(ctx context.Context, most time.Duration) error {
	for end := time.Now().Add(most); ; time.Sleep(10 * time.Millisecond) {
		p.mu.Lock()
		live := p.live
		p.mu.Unlock()
		switch {
		case live == 0:
			return nil
		case time.Now().After(end):
			return fmt.Errorf("after %v there are still %d calls", most, live)
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
	}
}

// killed is how soon somebody is rung after a server that was ringing somebody was killed and started again.
func killed(ctx context.Context, b *bench) ([]row, error) {
	ps, err := newPhones(phonePort, func(string) habit { return habit{} })
	if err != nil {
		return nil, err
	}
	defer ps.close()
	var names, documents []string // enough that no kill is the last that anybody is left for
	for i := range 4 * b.runs {
		name := fmt.Sprintf("k%02d", i)
		names = append(names, name)
		documents = append(documents, person(name, ps.uri(name)))
	}
	documents = append(documents, plan("turns", "  - call: ["+strings.Join(names, ", ")+"]\n    order: in-turn\n    ring: 60s"))
	s, err := b.serve(ctx, b.kaden, documents...)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	if _, _, err := s.alert("turns", "turns", "firing"); err != nil {
		return nil, err
	}
	if _, err := ps.wait(ctx, 1, 10*time.Second); err != nil {
		return nil, err
	}
	var took []time.Duration
	for range b.runs {
		ps.forget()
		s.kill()
		if err := s.start(); err != nil {
			return nil, err
		}
		rings, err := ps.wait(ctx, 1, 30*time.Second)
		if err != nil {
			return nil, fmt.Errorf("%w; kaden said:\n%s", err, s.said())
		}
		took = append(took, rings[0].invited.Sub(s.begun))
		if err := s.ready(ctx); err != nil {
			return nil, err
		}
	}
	d := spreadOf(took)
	ps.mu.Lock()
	ghosts := ps.live - 1
	ps.mu.Unlock()
	verdict := below(d.max/1000, 2, "s")
	if ghosts > 0 {
		verdict += fmt.Sprintf("; **%d calls of the runs before still ring**", ghosts)
	}
	return []row{{what: "kill -9 while a phone rings → first INVITE after the process start", goal: "2 s, no ghost left",
		measured: fmt.Sprintf("%s ms p50, %s ms at most; %d ghosts", num(d.p50), num(d.max), ghosts), verdict: verdict, runs: fmt.Sprintf("%d kills", len(took))}}, nil
}

// over resolves an alert and waits until no telephone rings any more.
func (s *server) over(ctx context.Context, ps *phones, source, key string) error {
	if _, _, err := s.alert(source, key, "resolved"); err != nil {
		return err
	}
	if err := ps.quiet(ctx, 20*time.Second); err != nil {
		return fmt.Errorf("the alert is resolved: %w", err)
	}
	time.Sleep(200 * time.Millisecond) // until kaden knows it too
	return nil
}
