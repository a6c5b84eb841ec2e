package call

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"time"

	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/trunk"
)

// Channels keeps which channels of trunks are taken, for all processes on one database. A store implements it. See ADR 90.
type Channels interface {
	// Alone tells whether node is the only one that can be calling over its trunks now. Then what this process knows is
	// all there is to know; written is to be called when KeepChannels has been told. It waits for nothing.
	Alone(node string) (written func(), ok bool)
	// TakeChannel takes a channel of a trunk for a node durably, if one is free, all others that live know of the node, and
	// nobody else waits who comes first: the urgent, and then whoever has waited for longer. Else it waits from then on.
	TakeChannel(ctx context.Context, node string, w ChannelWish) (taken bool, err error)
	// KeepChannels writes down what has come about already.
	KeepChannels(ctx context.Context, node string, n ChannelNews) error
	// ChannelsFreed calls f when a channel of a trunk may be free for which this process waits. f must not block.
	ChannelsFreed(f func(trunk string)) (stop func())
}

// Channel is one that is taken.
type Channel struct {
	ID    string // chosen by who takes it, different for each
	Trunk string
	Call  sid.Call // what it is taken for; what ends that call ends the taking, if the process dies
}

// ChannelWish asks for one.
type ChannelWish struct {
	Channel
	Limit  int           // channels of the trunk for outgoing calls, those of all processes together
	Urgent bool          // before all that are not
	Waited time.Duration // the longest of those who wait here
	Freed  []string      // channels that are given back with it
}

// ChannelNews is what became of channels, all or nothing.
type ChannelNews struct {
	Taken   []Channel  // one that is there already is another call's now
	Resumed []Channel  // of a call that was under way before this process: it has no other on that trunk
	Freed   []string   // by ID
	Ended   []sid.Call // calls of dead processes: they have no channel any more
	Left    []string   // trunks that nobody waits for here any more
}

// nothing tells that there is nothing to be written.
func (n ChannelNews) nothing() bool {
	return len(n.Taken)+len(n.Resumed)+len(n.Freed)+len(n.Ended)+len(n.Left) == 0
}

// sharing is what lines knows of the channels that other processes take as well. The zero value shares nothing.
type sharing struct {
	keep  Channels // nil: this process counts for itself
	node  string
	life  string // of this process: channels are named after it …
	count int    // … and are counted
	quit  chan struct{}
	stop  func() // of being told what is freed

	news    ChannelNews // not written yet
	written []func()    // to be called then
	writing bool
}

// shared is a trunk's channels as far as other processes take them too; a part of usage.
type shared struct {
	hand   []string  // channels that were taken in the store and that no call has yet
	back   []string  // channels that are given back with the next question, or a moment later
	asking int       // so many questions for one are on their way to the store
	heard  int       // how often one was freed: a no to what was asked before that is out of date
	again  time.Time // the store had none: when it is asked again, if it does not say before that one is free
	urgent bool      // … though it was asked for somebody urgent
	waits  bool      // the store may believe that we wait
}

// channelPause is how long a process that was refused a channel waits for the store's word that one is free.
const channelPause = time.Second

func newSharing(keep Channels, node string) sharing {
	return sharing{keep: keep, node: node, life: rand.Text()[:12], quit: make(chan struct{})}
}

// name is a new name for a channel.
func (s *sharing) name() string {
	s.count++
	return fmt.Sprintf("%s-%d", s.life, s.count)
}

// channel is the store's part in taking a channel of a trunk. taken: there is one in hand, or nobody has to be asked;
// then alone, if it is not nil, is to be called when that is written, or nothing has come of it.
func (l *lines) channel(t trunk.Trunk, u *usage, b *booking, now time.Time) (alone func(), again time.Time, w way) {
	if l.share.keep == nil || t.Channels <= 0 || len(u.hand) > 0 {
		return nil, time.Time{}, taken
	}
	if written, ok := l.share.keep.Alone(l.share.node); ok {
		return written, time.Time{}, taken
	}
	switch {
	case b.wish == u:
	case now.Before(u.again) && (u.urgent || !b.urgent):
		b.crowded = true
		return nil, u.again, full
	default:
		l.askChannel(t, u, b, now)
	}
	return nil, time.Time{}, asked
}

// askChannel asks the store for a channel, for b if nobody comes before it meanwhile.
func (l *lines) askChannel(t trunk.Trunk, u *usage, b *booking, now time.Time) {
	if l.closed {
		return
	}
	w := ChannelWish{
		Channel: Channel{ID: l.share.name(), Trunk: t.Name, Call: b.call}, Limit: t.Lines().Free(),
		Urgent: b.urgent, Waited: now.Sub(b.came), Freed: u.back,
	}
	u.back, b.wish = nil, u
	u.asking++
	heard := u.heard
	l.working.Go(func() {
		got, err := l.wish(w)
		l.mu.Lock()
		defer l.mu.Unlock()
		now := time.Now()
		u.asking--
		b.wish = nil
		switch {
		case err != nil:
			l.log.Warn("the channels of a trunk are not shared; calls go by what this process knows", "trunk", t.Name, "err", err)
			u.hand, u.waits = append(u.hand, w.ID), true
			l.tell(func(n *ChannelNews) { n.Taken, n.Freed = append(n.Taken, w.Channel), append(n.Freed, w.Freed...) }, nil)
		case got:
			u.hand, u.again, u.waits = append(u.hand, w.ID), time.Time{}, false
		default:
			if u.again, u.urgent, u.waits = now.Add(channelPause), w.Urgent, true; u.heard != heard {
				u.again = time.Time{}
			}
		}
		if !l.closed {
			l.serve(now)
		}
	})
}

// wish asks the store, but not for ever: a refusal by the carrier is the lesser evil.
func (l *lines) wish(w ChannelWish) (got bool, err error) {
	ctx, stop := context.WithTimeout(context.Background(), gatePatience)
	defer stop()
	type answer struct {
		got bool
		err error
	}
	said := make(chan answer, 1)
	go func() {
		got, err := l.share.keep.TakeChannel(ctx, l.share.node, w)
		said <- answer{got, err}
	}()
	select {
	case a := <-said:
		return a.got, a.err
	case <-ctx.Done():
		return false, errSilentStore
	}
}

// occupy gives a call its channel, once it may go: one in hand, or a new one of a process that is alone. alone is as of
// channel. "" is a trunk whose channels nobody else counts.
func (l *lines) occupy(t trunk.Trunk, u *usage, call sid.Call, alone func()) (id string) {
	switch {
	case l.share.keep == nil || t.Channels <= 0:
		return ""
	case len(u.hand) > 0:
		id, u.hand = u.hand[0], u.hand[1:]
	default:
		id = l.share.name()
	}
	l.tell(func(n *ChannelNews) { n.Taken = append(n.Taken, Channel{id, t.Name, call}) }, alone)
	return id
}

// vacate gives a channel back: with the question for another if somebody here waits for one, else a moment later.
func (u *usage) vacate(id string) {
	if id != "" {
		u.back = append(u.back, id)
		u.fresh()
	}
}

// fresh notes that a channel may be free.
func (u *usage) fresh() {
	u.again = time.Time{}
	u.heard++
}

// settle gives back what nobody here waits for any more: channels in hand, and the place among those who wait.
func (l *lines) settle() {
	if l.share.keep == nil {
		return
	}
	for name, u := range l.use {
		if len(u.back)+len(u.hand) == 0 && !u.waits {
			continue
		}
		wanted := u.asking > 0 || slices.ContainsFunc(l.queue, func(b *booking) bool {
			return slices.ContainsFunc(b.wants, func(t trunk.Trunk) bool { return t.Name == name })
		})
		back, left := u.back, false
		u.back = nil
		if !wanted {
			back = append(back, u.hand...)
			u.hand, left, u.waits = nil, u.waits, false
		}
		if left || len(back) > 0 {
			l.tell(func(n *ChannelNews) {
				if n.Freed = append(n.Freed, back...); left {
					n.Left = append(n.Left, name)
				}
			}, nil)
		}
	}
}

// freed is the store's word that a channel may be free.
func (l *lines) freed(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if u := l.use[name]; u != nil && (u.waits || u.asking > 0) && !l.closed {
		u.fresh()
		l.serve(time.Now())
	}
}

// tell has something written down, in its order and for as long as it takes, and nobody waits for it; written is called
// then, if it is not nil. l.mu is held.
func (l *lines) tell(add func(n *ChannelNews), written func()) {
	s := &l.share
	if l.closed { // those who come next see that these calls are over
		if written != nil {
			written()
		}
		return
	}
	if add(&s.news); written != nil {
		s.written = append(s.written, written)
	}
	if !s.writing {
		s.writing = true
		l.working.Go(l.write)
	}
}

// write writes down what is told until there is nothing left.
func (l *lines) write() {
	s := &l.share
	for pause := channelPause; ; {
		l.mu.Lock()
		n, written, closed := s.news, s.written, l.closed
		s.news, s.written = ChannelNews{}, nil
		if n.nothing() && len(written) == 0 {
			s.writing = false
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
		ctx, stop := context.WithTimeout(context.Background(), keptPatience)
		err := s.keep.KeepChannels(ctx, s.node, n)
		stop()
		if err != nil {
			l.log.Warn("which channels are taken is not written down", "err", err)
		}
		if err == nil || closed {
			for _, f := range written {
				f()
			}
			pause = channelPause
			continue
		}
		l.mu.Lock()
		s.news, s.written = n.and(s.news), append(written, s.written...)
		l.mu.Unlock()
		select {
		case <-time.After(pause):
		case <-s.quit:
		}
		pause = min(2*pause, longestPause)
	}
}

// longestPause is between two tries to write down which channels are taken.
const longestPause = 30 * time.Second

// and is what happened, and then what happened after it.
func (n ChannelNews) and(later ChannelNews) ChannelNews {
	return ChannelNews{
		append(n.Taken, later.Taken...), append(n.Resumed, later.Resumed...), append(n.Freed, later.Freed...),
		append(n.Ended, later.Ended...), append(n.Left, later.Left...),
	}
}

// resume occupies a channel for a call that was under way before this process began, whatever the limit says.
func (l *lines) resume(t trunk.Trunk, call sid.Call) (id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.of(t).channels.Busy++
	if l.share.keep == nil || t.Channels <= 0 || call == "" {
		return ""
	}
	id = l.share.name()
	written, _ := l.share.keep.Alone(l.share.node)
	l.tell(func(n *ChannelNews) { n.Resumed = append(n.Resumed, Channel{id, t.Name, call}) }, written)
	return id
}

// GhostGone notes that what was left of a call at a carrier or an upstream is ended: its channels are free.
func (d *Desk) GhostGone(call sid.Call) {
	l := &d.lines
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.share.keep != nil {
		l.tell(func(n *ChannelNews) { n.Ended = append(n.Ended, call) }, nil)
	}
}
