package main

import (
	"context"
	"fmt"
)

// joined are calls that are in a room with others, by the rooms' own benchmarks: both ends are in one process, and what is
// counted is the thread of our own end's clock.
var joined = []struct {
	micro
	figure string // of the benchmark
	goal   float64
	scale  float64 // of the figure to ms
}{
	{micro{"leg/sipleg", "BenchmarkBridge/joined", "4x", "two SIP calls joined: CPU per leg-second"}, "µs-cpu/leg-second", 0.25, 0.001},
	{micro{"leg/sipleg", "BenchmarkConference/50_members,_3_speak", "4x", "a conference of 50 SIP calls, 3 speak: CPU per member-second"}, "ms-cpu/member-second", 0.40, 1},
	{micro{"leg/sipleg", "BenchmarkConference/50_members,_50_speak", "4x", "… all speak"}, "ms-cpu/member-second", 0.40, 1},
	{micro{"leg/sipleg", "BenchmarkConference/100_members,_3_speak", "4x", "a conference of 100 SIP calls, 3 speak: CPU per member-second"}, "ms-cpu/member-second", 0.40, 1},
	{micro{"leg/sipleg", "BenchmarkConference/100_members,_100_speak", "4x", "… all speak"}, "ms-cpu/member-second", 0.40, 1},
}

// rooms are bridges, conferences and recordings.
func rooms(ctx context.Context, b *bench) ([]row, error) {
	var rows []row
	for _, j := range joined {
		var cpu, p50, p99 []float64
		for range b.runs {
			f, err := b.figures(ctx, j.micro)
			if err != nil {
				return nil, err
			}
			cpu, p50, p99 = append(cpu, f[j.figure]*j.scale), append(p50, f["ms-wait-p50"]), append(p99, f["ms-wait-p99"])
		}
		v := median(cpu)
		rows = append(rows, row{what: j.what, goal: num(j.goal) + " ms", measured: num(v) + " ms", verdict: below(v, j.goal, "ms"), runs: times(b.runs)})
		if w := (spread{n: 1, p50: median(p50), p99: median(p99)}); w.p99 > 0 {
			rows = append(rows, row{what: "… how long a frame waits between the two", goal: "0.1 / 0.5 ms", measured: w.String(), verdict: w.within(0.1, 0.5), runs: times(b.runs)})
		}
	}
	more, err := recordings(ctx, b)
	return append(rows, more...), err
}

// recordings cost what the tape adds to a call whose caller is heard anyway. The two are measured in turn, so that a machine
// that is slow for a while is slow for both.
func recordings(ctx context.Context, b *bench) ([]row, error) {
	var playing, taped, more []float64
	for range b.runs {
		var us [2]float64
		for i, name := range []string{"playing_and_heard", "playing,_heard_and_recorded"} {
			f, err := b.figures(ctx, micro{"call", "BenchmarkRecording/" + name, "4x", ""})
			if err != nil {
				return nil, err
			}
			us[i] = f["µs-cpu/call-second"]
		}
		playing, taped, more = append(playing, us[0]), append(taped, us[1]), append(more, 100*(us[1]/us[0]-1))
	}
	v := median(more)
	return []row{{
		what: "50 SIP calls that play and listen: what recording both channels adds to their CPU", goal: "10 %",
		measured: fmt.Sprintf("%s %% (%s → %s ms a call-second)", num(v), num(median(playing)/1000), num(median(taped)/1000)),
		verdict:  below(v, 10, "%"), runs: times(b.runs),
	}}, nil
}

// figures are those of one run of a benchmark.
func (b *bench) figures(ctx context.Context, m micro) (map[string]float64, error) {
	out, err := b.goBench(ctx, m)
	if err != nil {
		return nil, err
	}
	f := readFigures(out, m.name)
	if f == nil {
		return nil, fmt.Errorf("%s.%s printed no figures:\n%s", m.room, m.name, out)
	}
	return f, nil
}
