package main

import "golang.org/x/sys/unix"

// lookAtClock asks the kernel whether anybody keeps the clock right. Registrations, tokens and rotations hang on it.
func lookAtClock() []finding {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	if err != nil {
		return nil // in a container that may not ask
	}
	if state == unix.TIME_ERROR || t.Status&unix.STA_UNSYNC != 0 {
		return []finding{{what: "clock", note: "nobody is known to keep it right (timedatectl shows; apt-get install systemd-timesyncd); on-call hours and tokens depend on it"}}
	}
	return []finding{{what: "clock", good: "is kept right"}}
}
