// Package dispatch carries an alert to its outcome: it accepts what monitoring sends, finds and freezes
// the plan, runs the call-out, writes each person's script and serves its answers, and records the night.
package dispatch
