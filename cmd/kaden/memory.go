package main

import (
	"context"
	"time"
)

const (
	looking = 5 * time.Second
	// restful is how long nobody was on the phone when memory is given back: SIP transactions, and with them their calls, are kept
	// for 32 s (RFC 3261, timers D, H and J).
	restful = 40 * time.Second
)

// giveBack returns to the system what a start or a rush of calls needed, once warmed is closed and whenever nobody has been on
// the phone for a while. Go would keep most of it for minutes, and a server waits for months.
func giveBack(ctx context.Context, warmed <-chan struct{}, calls func() int, free func()) {
	select {
	case <-warmed:
		free()
	case <-ctx.Done():
		return
	}
	look := time.NewTicker(looking)
	defer look.Stop()
	var last time.Time // somebody was on the phone; zero: nobody since memory was given back
	for {
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
		switch {
		case calls() > 0:
			last = time.Now()
		case !last.IsZero() && time.Since(last) >= restful:
			last = time.Time{}
			free()
		}
	}
}
