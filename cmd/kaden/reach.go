package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/kaden-project/kaden/callout"
)

type reachCmd struct {
	Nights int    `default:"2000" help:"How many nights are played."`
	Seed   uint64 `default:"1" help:"Of the dice: the same seed gives the same nights."`
	JSON   bool   `name:"json" help:"One way to call a line, as JSON; times in seconds, null is never within the hour."`
}

// Help is shown below the flags.
func (*reachCmd) Help() string {
	return `The same simulated people are called by kaden's patterns and by an escalation with a fixed delay, as other on-call
tools do it. Nothing dials. The people are an assumption that is printed first; docs/reach.md says what the model leaves out.

Example: kaden reach --nights 2000 --seed 1`
}

// mostNights keeps a slip of the finger from taking the afternoon.
const mostNights = 1_000_000

// Run plays the nights and prints the table.
func (c *reachCmd) Run(out *output) error {
	if c.Nights < 1 || c.Nights > mostNights {
		return fmt.Errorf("--nights %d: between 1 and %d", c.Nights, mostNights)
	}
	ways := callout.Trial{Seed: c.Seed, Nights: c.Nights}.Run()
	if c.JSON {
		lines := json.NewEncoder(out.Stdout)
		for _, w := range ways {
			if err := lines.Encode(reachLineOf(w, c)); err != nil {
				return err
			}
		}
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d nights of one hour, seed %d; a team of four, a critical alert. Of a hundred people:\n", c.Nights, c.Seed)
	for _, h := range callout.Habits() {
		fmt.Fprintf(&b, "  %3d  %s\n", h.Share, h.Text)
	}
	for _, text := range callout.LineHabits() {
		fmt.Fprintf(&b, "  %s\n", text)
	}
	fmt.Fprintf(&b, "\n%-45s %-23s  %8s %7s %7s\n", "", "until a person confirmed", "not", "calls", "false")
	fmt.Fprintf(&b, "%-45s %6s %7s %7s %8s %7s %7s\n", "", "p50", "p90", "p99", "reached", "a night", "acks")
	for _, w := range ways {
		fmt.Fprintln(&b, w)
	}
	_, err := io.WriteString(out.Stdout, b.String())
	return err
}

// reachLine is a row for machines.
type reachLine struct {
	Way       string   `json:"way"`
	Text      string   `json:"text"`
	Nights    int      `json:"nights"`
	Seed      uint64   `json:"seed"`
	P50       *float64 `json:"p50"`
	P90       *float64 `json:"p90"`
	P99       *float64 `json:"p99"`
	Unreached float64  `json:"unreached"` // share of the nights
	Calls     float64  `json:"calls"`     // in a night
	FalseAcks int      `json:"falseAcks"` // nights
}

func reachLineOf(w callout.Reached, c *reachCmd) reachLine {
	seconds := func(d time.Duration) *float64 {
		if d == callout.Never {
			return nil
		}
		s := d.Seconds()
		return &s
	}
	return reachLine{w.Way, w.Text, c.Nights, c.Seed, seconds(w.P50), seconds(w.P90), seconds(w.P99), w.Unreached, w.Calls, w.FalseAcks}
}
