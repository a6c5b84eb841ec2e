package dispatch

import (
	"crypto/subtle"
	"time"
)

// pins is when each caller entered a wrong PIN; those who withhold their number are one caller. Dispatcher.mu
// guards it.
type pins map[string][]time.Time

// Wrong PINs of one caller, and of all together, before nobody is listened to for a while. A PIN of four
// digits has ten thousand values; at this rate they take weeks, and each try is in the log.
const (
	wrongEach  = 6
	wrongAll   = 30
	wrongWhile = 15 * time.Minute
)

// mayTry tells whether a caller may enter a PIN.
func (d *Dispatcher) mayTry(from string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	all, since := 0, now().Add(-wrongWhile)
	for who, times := range d.pins {
		for len(times) > 0 && times[0].Before(since) {
			times = times[1:]
		}
		if len(times) == 0 {
			delete(d.pins, who)
			continue
		}
		d.pins[who] = times
		all += len(times)
	}
	return len(d.pins[from]) < wrongEach && all < wrongAll
}

func (d *Dispatcher) wrongPIN(from string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pins[from] = append(d.pins[from], now())
}

// whosePIN finds who has the PIN: person, if the caller is known; else the only one who has it. "" is nobody.
func (d *Dispatcher) whosePIN(person, pin string) string {
	found, many := "", false
	for id, p := range d.cfg.House().People {
		if p.PIN == "" || subtle.ConstantTimeCompare([]byte(p.PIN), []byte(pin)) != 1 || person != "" && id != person {
			continue
		}
		many, found = found != "", id
	}
	if many {
		return ""
	}
	return found
}
