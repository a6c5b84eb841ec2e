package intake

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/kaden-project/kaden/alert"
)

// Limit is how much one source may send.
type Limit struct {
	PerSecond float64
	Burst     int // at once, after a rest
}

func (l Limit) orDefault() Limit {
	if l.PerSecond <= 0 {
		l.PerSecond = 200
	}
	if l.Burst <= 0 {
		l.Burst = int(10 * l.PerSecond)
	}
	return l
}

// Storm is what a source sent beyond its limit.
type Storm struct {
	Refused int64     // since the process began
	Last    time.Time // of the last one
}

// Storms says which sources sent more than their limit, by name, and how much.
func (d *Door) Storms() map[string]Storm {
	d.mu.Lock()
	defer d.mu.Unlock()
	storms := map[string]Storm{}
	for name, m := range d.meters {
		if s := m.storm(); s.Refused > 0 {
			storms[name] = s
		}
	}
	return storms
}

// meter counts one source's deliveries: a bucket of tokens, and what did not fit.
type meter struct {
	mu     sync.Mutex
	tokens float64
	filled time.Time
	over   Storm
	said   time.Time // when the storm, or the knocking, was last reported
	unsaid int64
}

// full takes a place for one delivery, or says how long until there is one.
func (m *meter) full(now time.Time, l Limit) (wait time.Duration, full bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.filled.IsZero() {
		m.tokens = float64(l.Burst)
	}
	// A clock that was set back fills nothing, and is believed from there on.
	passed := max(0, now.Sub(m.filled).Seconds())
	m.tokens = min(float64(l.Burst), m.tokens+passed*l.PerSecond)
	m.filled = now
	if m.tokens >= 1 {
		m.tokens--
		return 0, false
	}
	m.over.Refused++
	m.over.Last = now
	return time.Duration((1 - m.tokens) / l.PerSecond * float64(time.Second)), true
}

// refused counts deliveries that somebody else found too many.
func (m *meter) refused(n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.over.Refused += n
}

func (m *meter) storm() Storm {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.over
}

// knock counts something to be reported at most once a minute; n is how many there are to report now.
func (m *meter) knock(now time.Time) (n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.unsaid++
	if !m.said.IsZero() && now.Sub(m.said) < time.Minute {
		return 0
	}
	n, m.said, m.unsaid = m.unsaid, now, 0
	return n
}

// storm opens an incident about what is being refused, at most once a minute: alerts that are not looked
// at are a reason to call somebody. It is an alert of the same source, so the same people hear of it.
func (d *Door) storm(ctx context.Context, source alert.Source, now time.Time) {
	m := d.meter(source.Name)
	n := m.knock(now)
	if n == 0 {
		return
	}
	total := m.storm().Refused
	d.log.Error("source sends more than its limit", "from", source.Name, "refused", total)
	about := alert.Clean(alert.Alert{
		Source: source.Name, Key: "kaden:storm:" + source.Name, Action: alert.Trigger, Severity: alert.Critical,
		Title:      fmt.Sprintf("%s sends more alerts than its limit", source.Name),
		Body:       fmt.Sprintf("%d deliveries were refused; the limit is %g a second", total, d.cfg.Limit.PerSecond),
		OccurredAt: now,
	})
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.cfg.AcceptTime)
	defer cancel()
	_, err := d.cfg.Acceptor.Accept(ctx, alert.Delivery{
		ID: fmt.Sprintf("storm:%d", now.UnixMilli()), Source: source.Name, Kind: source.Kind, Raw: []byte("{}"),
		Remote: "kaden", ReceivedAt: now, Alerts: []alert.Alert{about}, Ours: true,
	})
	if err != nil {
		d.log.Error("storm not reported", "from", source.Name, "err", err)
	}
}
