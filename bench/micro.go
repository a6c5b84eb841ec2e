package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// micro is a benchmark of a room, and how its result is told.
type micro struct{ room, name, times, what string }

var micros = []micro{
	{"store", "BenchmarkAcceptAtHundredPerSecond/sqlite", "500x", "accepting an alert in the store, 100/s: one commit"},
	{"store", "BenchmarkAcceptAtHundredPerSecond/sqlite+5ms", "500x", "… with 5 ms more per commit"},
	{"store", "BenchmarkAcceptAtOnce/sqlite", "2s", "accepting alerts as fast as it goes"},
	{"callout", "BenchmarkDecide/4_people", "1s", "deciding one event of a call-out to four people (goal 20 µs)"},
	{"callout", "BenchmarkDecide/10000_people", "1s", "… to 10,000 people, a thousand lines up"},
	{"media", "BenchmarkEncode", "1s", "G.711: one frame of 20 ms to µ-law"},
	{"media", "BenchmarkDecode", "1s", "… and back"},
	{"media", "BenchmarkShardTick2000Members", "1s", "one turn of the media clock with 2,000 members, without their work"},
	{"call", "BenchmarkOrderToDial", "1s", "a call without sockets and store, from order to end"},
}

// microBenchmarks runs the rooms' own benchmarks on the server's core. What accepting an alert costs there
// is the "one commit" by which other rows are judged.
func microBenchmarks(ctx context.Context, b *bench) ([]row, error) {
	var rows []row
	for _, m := range micros {
		out, err := b.goBench(ctx, m)
		if err != nil {
			return nil, err
		}
		figures := readFigures(out, m.name)
		if figures == nil {
			b.table.skipped = append(b.table.skipped, m.room+"."+m.name+" (not there)")
			continue
		}
		measured := ""
		if _, ok := figures["p50-ms"]; ok {
			s := spread{1, figures["p50-ms"], figures["p99-ms"], 0}
			measured = fmt.Sprintf("%s, %s changes a commit", s, num(figures["changes/commit"]))
			if b.commit.n == 0 {
				b.commit = s
			} else {
				b.slowCommit = s
			}
		} else if v, ok := figures["alerts/s"]; ok {
			measured = fmt.Sprintf("%s alerts/s in %s commits/s", num(v), num(figures["commits/s"]))
		} else {
			measured = num(figures["ns/op"]/1000) + " µs"
			if v, ok := figures["allocs/op"]; ok {
				measured += fmt.Sprintf(", %s allocations", num(v))
			}
		}
		rows = append(rows, row{what: m.what, measured: measured, runs: "once"})
	}
	return rows, nil
}

// measureCommit finds out what accepting an alert costs, where the other benchmarks are not wanted.
func (b *bench) measureCommit(ctx context.Context) error {
	for i, s := range []*spread{&b.commit, &b.slowCommit} {
		out, err := b.goBench(ctx, micros[i])
		if err != nil {
			return err
		}
		f := readFigures(out, micros[i].name)
		*s = spread{n: 1, p50: f["p50-ms"], p99: f["p99-ms"]}
	}
	return nil
}

func (b *bench) goBench(ctx context.Context, m micro) ([]byte, error) {
	var parts []string
	for p := range strings.SplitSeq(m.name, "/") {
		parts = append(parts, "^"+regexp.QuoteMeta(p)+"$")
	}
	args := []string{"go", "test", "-run", "^$", "-bench", strings.Join(parts, "/"), "-benchmem", "-benchtime", m.times, "./" + m.room}
	if b.core != "" {
		args = append([]string{"taskset", "-c", b.core}, args...)
	}
	out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return out, nil
}

// readFigures takes the figures out of the line of a benchmark, by unit; nil if there is none.
func readFigures(out []byte, name string) map[string]float64 {
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 4 || f[0] != name && !strings.HasPrefix(f[0], name+"-") { // -2 is how many processors it had
			continue
		}
		figures := map[string]float64{}
		for i := 2; i+1 < len(f); i += 2 {
			if v, err := strconv.ParseFloat(f[i], 64); err == nil {
				figures[f[i+1]] = v
			}
		}
		return figures
	}
	return nil
}
