package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// explainTown shows what a plan for 10,000 people would do, each of whom is required: everybody misses the
// first call and takes the second.
func explainTown(ctx context.Context, b *bench) ([]row, error) {
	const people = 10_000
	var names []string
	for i := range people {
		names = append(names, fmt.Sprintf("p%05d", i))
	}
	file := filepath.Join(b.dir, "town.yaml")
	text := "plan: town\nsteps:\n  - call: [" + strings.Join(names, ", ") + "]\n    need: everyone\n    rounds: forever\ndeadline: 2h\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	var took []time.Duration
	memory, events := 0.0, 0
	for range b.runs {
		args := []string{b.kaden, "plan", "explain", file, "--json", "--people", "*=no-answer,key:1@8s"}
		if b.core != "" {
			args = append([]string{"taskset", "-c", b.core}, args...)
		}
		cmd := exec.CommandContext(ctx, args[0], args[1:]...)
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		begun := time.Now()
		if err := cmd.Run(); err != nil {
			return nil, fmt.Errorf("kaden plan explain: %w\n%s", err, errs.String())
		}
		took = append(took, time.Since(begun))
		if use, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			memory = max(memory, float64(use.Maxrss)/1024)
		}
		events = bytes.Count(out.Bytes(), []byte("\n"))
	}
	d := median(all(took))
	return []row{
		{what: fmt.Sprintf("explaining a plan that requires 10,000 people, as JSON (%d events)", events), goal: "1 s", measured: num(d/1000) + " s", verdict: below(d/1000, 1, "s"), runs: times(b.runs)},
		{what: "… its memory at most", goal: "200 MB", measured: num(memory) + " MB", verdict: below(memory, 200, "MB"), runs: times(b.runs)},
	}, nil
}

// thousandPeople are rung together by one alert over a trunk without limit: how far apart the first and the
// last INVITE are.
func thousandPeople(ctx context.Context, b *bench) ([]row, error) {
	const people = 1000
	ps, err := newPhones(phonePort, func(string) habit { return habit{} })
	if err != nil {
		return nil, err
	}
	defer ps.close()
	names, documents := overTrunk(people)
	documents = append(documents, "trunk: wide\nserver: "+ps.addr(), plan("all", "  - call: ["+names+"]\n    order: together\n    ring: 60s"))
	s, err := b.serve(ctx, b.kaden, documents...)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	var apart, last []time.Duration
	for i := range b.runs + 1 {
		ps.forget()
		key := fmt.Sprint("all-", i)
		sent, _, err := s.alert("all", key, "firing")
		if err != nil {
			return nil, err
		}
		rings, err := ps.wait(ctx, people, 30*time.Second)
		if err != nil {
			return nil, fmt.Errorf("%w; kaden said:\n%s", err, s.said())
		}
		if i > 0 { // the first had the words spoken
			apart = append(apart, rings[people-1].invited.Sub(rings[0].invited))
			last = append(last, rings[people-1].invited.Sub(sent))
		}
		if err := s.over(ctx, ps, "all", key); err != nil {
			return nil, err
		}
	}
	d := median(all(apart))
	return []row{{
		what: "1,000 people together on a trunk without limit: first → last INVITE", goal: "1 s",
		measured: fmt.Sprintf("%s ms (alert sent → last INVITE %s ms)", num(d), num(median(all(last)))), verdict: below(d/1000, 1, "s"), runs: times(b.runs),
	}}, nil
}

// hundredCallouts are under way at once, each with somebody whose phone rings; beside them new alerts come
// in and people refuse, as in the rows for a quiet night.
func hundredCallouts(ctx context.Context, b *bench) ([]row, error) {
	const callouts, people, alerts = 100, 20, 5
	ps, err := newPhones(phonePort, func(user string) habit {
		if user[0] == 'n' {
			return habit{refuse: "486 Busy Here", after: 20 * time.Millisecond}
		}
		return habit{}
	})
	if err != nil {
		return nil, err
	}
	defer ps.close()
	var documents []string
	for i := range callouts {
		name := fmt.Sprintf("w%03d", i)
		documents = append(documents, person(name, ps.uri(name)), plan(name, "  - call: ["+name+"]\n    rounds: forever\n    ring: 10s\n    gap: 1s\ndeadline: 1h"))
	}
	list := ""
	for i := range people {
		name := fmt.Sprintf("n%02d", i)
		documents = append(documents, person(name, ps.uri(name)))
		list += name + ", "
	}
	documents = append(documents, plan("list", "  - call: ["+list+"]\n    order: in-turn"))
	s, err := b.serve(ctx, b.kaden, documents...)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	for i := range callouts {
		if _, _, err := s.alert(fmt.Sprintf("w%03d", i), "under way", "firing"); err != nil {
			return nil, err
		}
	}
	if _, err := ps.wait(ctx, callouts, 20*time.Second); err != nil {
		return nil, fmt.Errorf("%w; kaden said:\n%s", err, s.said())
	}
	var first, next []time.Duration
	for i := range alerts {
		ps.forget()
		key := fmt.Sprint("list-", i)
		sent, _, err := s.alert("list", key, "firing")
		if err != nil {
			return nil, err
		}
		rings, err := refusals(ctx, ps, people, 30*time.Second)
		if err != nil {
			return nil, fmt.Errorf("%w; kaden said:\n%s", err, s.said())
		}
		first = append(first, rings[0].invited.Sub(sent))
		for k := 1; k < len(rings); k++ {
			next = append(next, rings[k].invited.Sub(rings[k-1].refused))
		}
		if _, _, err := s.alert("list", key, "resolved"); err != nil {
			return nil, err
		}
	}
	f, n := spreadOf(first), spreadOf(next)
	return []row{
		{what: "100 call-outs under way: alert sent → INVITE", goal: fmt.Sprintf("one commit + 2 ms = %s ms p50", num(b.commit.p50+2)), measured: f.String(),
			verdict: judge(limit{name: "p50", value: f.p50, goal: b.commit.p50 + 2, unit: "ms"}), runs: fmt.Sprintf("%d alerts", len(first))},
		{what: "100 call-outs under way: busy → next person's INVITE", goal: fmt.Sprintf("one commit + 20 ms = %s ms p99", num(b.commit.p99+20)), measured: n.String(),
			verdict: judge(limit{name: "p99", value: n.p99, goal: b.commit.p99 + 20, unit: "ms"}), runs: fmt.Sprintf("%d turns", len(next))},
	}, nil
}

// refusals waits until so many of those who refuse were rung, in the order in which they were.
func refusals(ctx context.Context, ps *phones, n int, most time.Duration) (found []ring, err error) {
	over := time.After(most)
	for {
		found = nil
		for _, r := range ps.seen() {
			if !r.refused.IsZero() {
				found = append(found, r)
			}
		}
		if len(found) >= n {
			return found[:n], nil
		}
		select {
		case <-ps.come:
			// the refusal follows in a moment
		case <-time.After(5 * time.Millisecond):
		case <-over:
			return nil, fmt.Errorf("%d of %d were rung within %v", len(found), n, most)
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
