// Command bench measures kaden from outside, as a monitoring system, a carrier and the people rung would:
// it starts the real binary, sends it alerts and orders, answers its calls, and reads the time at which the
// kernel received each packet. The driver beside the design (tools/loadgen) does the calls in numbers.
//
// dev/bench runs it, with the server on one core and everything else on another. It prints a table; -write
// puts the same table into docs/benchmarks.md, between the marks. It never writes a figure it has not
// measured in that run.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// bench is one run of all measurements.
type bench struct {
	kaden   string // the binary
	slow    string // the same with 5 ms more for each commit; "" if it was not built
	loadgen string // the driver; "" if it is not there
	core    string // of the server, as taskset writes it; "" is any
	runs    int
	only    *regexp.Regexp
	dir     string // for everything that is written
	commit  spread // of accepting an alert, as the store's own benchmark measured it just now
	// … the same with 5 ms more for each commit
	slowCommit spread
	table      table
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	b := &bench{}
	flag.StringVar(&b.kaden, "kaden", "bin/kaden", "the `binary` that is measured")
	flag.StringVar(&b.slow, "slow", "", "the same `binary`, built with a disk that needs 5 ms more for a commit")
	flag.StringVar(&b.loadgen, "loadgen", "", "the independent driver's `binary`")
	flag.StringVar(&b.core, "server-core", "", "the server runs on these `cores` (taskset)")
	driver := flag.String("driver-core", "", "the `cores` this program was started on, for the record")
	flag.IntVar(&b.runs, "runs", 5, "how often each row is measured; the median is kept")
	only := flag.String("only", "", "measure only the groups whose name matches this `expression`")
	write := flag.String("write", "", "put the table into this `file`, between its marks")
	flag.Parse()
	var err error
	if b.only, err = regexp.Compile(*only); err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	if *write != "" && *only != "" {
		return fmt.Errorf("-write with -only would drop the other rows; measure all of them")
	}
	if b.dir, err = os.MkdirTemp("", "kaden-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	begun := time.Now()
	var failed []string
	b.table.head = header(b, *driver)
	fmt.Println(b.table.head)
	if !b.only.MatchString("micro") {
		if err := b.measureCommit(ctx); err != nil {
			return err
		}
	}
	for _, g := range groups {
		if !b.only.MatchString(g.name) {
			continue
		}
		if g.driver && b.loadgen == "" {
			fmt.Printf("-- %s: skipped: the independent driver is not here; KADEN_LOADGEN names its folder\n", g.name)
			b.table.skipped = append(b.table.skipped, g.name+" (the independent driver is not there)")
			continue
		}
		fmt.Printf("-- %s (%d s)\n", g.name, int(time.Since(begun).Seconds()))
		if err := b.measure(ctx, g); ctx.Err() != nil {
			return context.Cause(ctx)
		} else if err != nil {
			// The other rows are worth having, and this one says that it is missing.
			fmt.Fprintf(os.Stderr, "bench: %s: %v\n", g.name, err)
			failed = append(failed, g.name)
			first, _, _ := strings.Cut(err.Error(), "\n")
			b.table.add(row{what: g.name, measured: "**could not be measured**: " + first})
		}
	}
	b.table.took = time.Since(begun)
	fmt.Print("\n", b.table.text())
	if *write != "" {
		if err := b.table.write(*write); err != nil {
			return err
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("could not be measured: %s", strings.Join(failed, ", "))
	}
	return nil
}

// group is a measurement, or several on one server, that lead to rows of the table.
type group struct {
	name   string
	driver bool // needs the independent driver
	f      func(ctx context.Context, b *bench) ([]row, error)
}

// groups are in the order in which they are run. The store's own benchmark comes first: others are judged
// by what a commit costs.
var groups = []group{
	{"micro", false, microBenchmarks},
	{"explain", false, explainTown},
	{"alert", false, alertToInvite},
	{"alert on a slow disk", false, alertToInviteSlowly},
	{"twenty", false, twentyPeople},
	{"thousand", false, thousandPeople},
	{"hundred", false, hundredCallouts},
	{"pacing", false, pacing},
	{"next", false, nextPerson},
	{"person", false, onePerson},
	{"browsers", false, idleBrowsers},
	{"rooms", false, rooms},
	{"order", true, orderToInvite},
	{"playing", true, playing},
	{"digit", true, digitToBye},
	{"short", true, shortCalls},
	{"capacity", true, capacity},
	{"killed", false, killed},
	{"phones", false, registeredPhones},
}

func (b *bench) measure(ctx context.Context, g group) error {
	before := readHost()
	rows, err := g.f(ctx, b)
	if err != nil {
		return err
	}
	load := before.until(readHost())
	for _, r := range rows {
		if r.load == "" {
			r.load = load
		}
		b.table.add(r)
		fmt.Println("   " + r.line())
	}
	return ctx.Err()
}
