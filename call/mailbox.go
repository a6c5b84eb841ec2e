package call

import "sync"

// mailbox holds requests of whose answers nobody waits: they are sent one after the other without holding anybody
// up. Its goroutine exists while there is something to send, and may outlive the call or conference. Unlike a
// call's status callbacks they are not stored: what a crash interrupts is not told (docs/divergences.md).
type mailbox struct {
	mu    sync.Mutex
	queue []Ask
	busy  bool
}

// Send asks an owner's server to take note of something, in the order of the calls of Send, and does not wait
// for the answer. For scripts.
func (c *Call) Send(a Ask) { c.mail.add(c.desk, a) }

func (m *mailbox) add(d *Desk, a Ask) {
	if d.cfg.Asker == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.queue = append(m.queue, a)
	if m.busy {
		return
	}
	m.busy = true
	d.posting.Add(1)
	go m.send(d)
}

func (m *mailbox) send(d *Desk) {
	defer d.posting.Done()
	for {
		m.mu.Lock()
		if len(m.queue) == 0 {
			m.busy = false
			m.mu.Unlock()
			return
		}
		next := m.queue[0]
		m.queue = m.queue[1:]
		m.mu.Unlock()
		if d.posts.Err() != nil {
			continue
		}
		switch r, err := d.cfg.Asker.Ask(d.posts, next); {
		case d.posts.Err() != nil:
		case err != nil:
			d.log.Warn("callback not delivered", "code", 15003, "call", next.Call, "url", next.URL, "err", err)
		case r.Status >= 400:
			d.log.Warn("callback refused", "code", 15003, "call", next.Call, "url", next.URL, "http", r.Status)
		}
	}
}
