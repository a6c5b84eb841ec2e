package media

import "time"

// How time is cut: slots of 1 ms, as many as a Period has, numbered from the shard's beginning.
const (
	slotLength = time.Millisecond
	slots      = int64(Period / slotLength)
	maxCatchUp = 3 // frames
)

// slotAt is the latest slot that is due at t.
func slotAt(t time.Duration) int64 { return int64(t / slotLength) }

// slotTime is when slot n is due.
func slotTime(n int64) time.Duration { return time.Duration(n) * slotLength }

// catchUpFrom is the slot to go on with when next should have been done first and due is due now: next
// itself, or, when that is more than three frames ago, the first slot of the last three frames.
func catchUpFrom(next, due int64) int64 {
	return max(next, due+1-maxCatchUp*slots)
}

// wheel holds who is called in which slot. The zero value with busy -1 is empty.
type wheel struct {
	seats   [slots][]*Seat
	live    [slots]int // seats that are not nil
	members int
	busy    int // the slot being worked off, whose seats must not move; -1 for none
	dirty   bool
}

// choose finds a slot for a newcomer: the next one, unless it is crowded (above the average and some
// more), in which case one of the four after it. A crowd that joins in the same millisecond would
// otherwise make itself late for ever.
func (w *wheel) choose(next int64) int {
	const reach, more = 5, 8
	fair := w.members/int(slots) + more
	best := int(next % slots)
	for k := range int64(reach) {
		i := int((next + k) % slots)
		if w.live[i] < fair {
			return i
		}
		if w.live[i] < w.live[best] {
			best = i
		}
	}
	return best
}

func (w *wheel) add(s *Seat, slot int) {
	s.slot, s.index, s.seated = slot, len(w.seats[slot]), true
	w.seats[slot] = append(w.seats[slot], s)
	w.live[slot]++
	w.members++
}

func (w *wheel) remove(s *Seat) {
	w.seats[s.slot][s.index] = nil
	w.live[s.slot]--
	w.members--
	s.seated = false
	if w.busy == s.slot {
		w.dirty = true
		return
	}
	w.settle(s.slot)
}

// settle closes the gaps of a slot and keeps the order.
func (w *wheel) settle(slot int) {
	list := w.seats[slot]
	kept := list[:0]
	for _, s := range list {
		if s != nil {
			s.index = len(kept)
			kept = append(kept, s)
		}
	}
	clear(list[len(kept):])
	w.seats[slot] = kept
}

// compact settles the slot that was just worked off, if anybody left it meanwhile.
func (w *wheel) compact(slot int) {
	if w.dirty {
		w.dirty = false
		w.settle(slot)
	}
}

// nextBusy is the first slot from next on that has somebody in it.
func (w *wheel) nextBusy(next int64) (int64, bool) {
	if w.members == 0 {
		return 0, false
	}
	for n := next; n < next+slots; n++ {
		if w.live[n%slots] > 0 {
			return n, true
		}
	}
	return 0, false
}

// ticksBetween counts the ticks that fall from slot from to before slot to.
func (w *wheel) ticksBetween(from, to int64) uint64 {
	rounds := (to - from) / slots
	n := uint64(rounds) * uint64(w.members)
	for k := from + rounds*slots; k < to; k++ {
		n += uint64(w.live[k%slots])
	}
	return n
}
