// Command kaden turns a monitoring alert into a phone call that somebody answers and confirms.
//
// This is the roof of the house: it reads the settings, opens every door and introduces the rooms to
// each other. Results go to standard output, talk goes to standard error: no capital at the start, no
// full stop at the end, and a hint after each error about what to do.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"
)

// version is set when a release is built.
var version = "unversioned"

// commands is everything kaden can be told on the command line; the names read aloud.
type commands struct {
	Serve  serveCmd  `cmd:"" help:"Run the server: alerts in, phone calls out."`
	Demo   demoCmd   `cmd:"" help:"Play a whole night with simulated people, without network or set-up."`
	Call   callCmd   `cmd:"" help:"Place one test call through the running server."`
	Drill  drillCmd  `cmd:"" help:"Rehearse a plan with the people it names."`
	Hold   holdCmd   `cmd:"" help:"The kill switch: ring nobody for a while, or let go of it."`
	Alert  alertCmd  `cmd:"" help:"Take an alert, give it back or to somebody, snooze it, say that it is over."`
	Why    whyCmd    `cmd:"" help:"Why was nobody called? And what happened to each person otherwise."`
	Twiml  twimlCmd  `cmd:"" help:"Check TwiML documents."`
	Plan   planCmd   `cmd:"" help:"Check call-out plans, and show who would ring when."`
	Reach  reachCmd  `cmd:"" help:"Play many nights, and show how long it takes until a person has confirmed."`
	Phone  phoneCmd  `cmd:"" help:"SIP phones that register here: which there are, and how one is set up."`
	Trunk  trunkCmd  `cmd:"" help:"Look at a trunk or an upstream: what is wrong and what to do."`
	TLS    tlsCmd    `cmd:"" name:"tls" help:"Let programs with Twilio's address built in talk to this server."`
	Config configCmd `cmd:"" help:"Check the file with the server's settings."`
	Doctor doctorCmd `cmd:"" help:"Look for what is missing or wrong, and say what to do."`
	Apply  applyCmd  `cmd:"" help:"Give documents to the running server: people, groups, plans, trunks, sources."`
	Export exportCmd `cmd:"" help:"Write the documents back, as they were applied."`
	Delete deleteCmd `cmd:"" help:"Take documents away again that nothing needs."`
	Usage  usageCmd  `cmd:"" help:"Show what calls have cost, and how the budgets stand."`

	Version kong.VersionFlag `help:"Show the version and leave."`
}

// misread puts into people's words what the command line's parser says of values that are missing or have no unit.
var misread = strings.NewReplacer(`expected string value but got "EOL" (<EOL>)`, "its value is missing", "time: missing unit in duration", "it needs a unit, as in 10m or 30s:",
	"time: invalid duration", "a time is written 10m or 30s:")

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is main without the process: it returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	var c commands
	exited := -1
	parser, err := kong.New(&c,
		kong.Name("kaden"),
		kong.Description("kaden (架電): an alert rings a phone, speaks, and somebody presses 1."),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Vars{"version": version},
		kong.Writers(stdout, stderr),
		kong.Exit(func(n int) { exited = n }),
	)
	if err != nil {
		fmt.Fprintf(stderr, "kaden: %v\n", err)
		return 2
	}
	if len(args) > 0 && args[0] == "help" {
		args = append(args[1:], "--help")
	}
	ctx, err := parser.Parse(args)
	if exited >= 0 { // --help and --version have said what they had to say
		return exited
	}
	if err != nil {
		about := "kaden"
		var wrong *kong.ParseError
		if errors.As(err, &wrong) && wrong.Context.Selected() != nil {
			about = wrong.Context.Selected().FullPath()
		}
		fmt.Fprintf(stderr, "kaden: %s; \"%s --help\" shows what can be said\n", misread.Replace(err.Error()), about)
		return 2
	}
	out := &output{Stdin: stdin, Stdout: stdout, Stderr: stderr, Japanese: reading(terminal())}
	err = ctx.Run(out)
	var quiet exitCode
	switch {
	case err == nil:
		return 0
	case errors.As(err, &quiet):
		return int(quiet)
	}
	fmt.Fprintf(stderr, "kaden: %s\n", out.say("%v", err))
	return 1
}
