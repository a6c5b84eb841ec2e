package callout

import (
	"fmt"
	"time"
)

// Habit is how some of the people of a [Trial] behave all night.
type Habit struct {
	Share int    // of a hundred people
	Text  string // in words
	calls func(d *dice) []Reaction
}

// Habits is the distribution that a [Trial] draws its people from. It is an assumption, not a measurement:
// docs/reach.md says where it comes from.
func Habits() []Habit {
	return []Habit{
		{30, "awake or easily woken: answers after 3–10 s, presses 1 after 6–14 s of listening", always((*dice).awake)},
		{22, "asleep: answers after 8–28 s, presses 1 after 8–22 s", always((*dice).asleep)},
		{15, "sleeps through the first ring, then as one who is asleep", after((*dice).silent, (*dice).asleep, 1)},
		{6, "sleeps through two rings", after((*dice).silent, (*dice).asleep, 2)},
		{8, "hears nothing all night", always((*dice).silent)},
		{6, "phone off or out of reach: its voicemail at once, or unreachable", always((*dice).away)},
		{5, "on the telephone: the first call finds a busy line, then as one who is awake", after((*dice).busy, (*dice).awake, 1)},
		{3, "rejects the first call with a sleepy thumb after 4–10 s, then as one who is asleep", after((*dice).reject, (*dice).asleep, 1)},
		{5, "answers after 6–18 s, presses nothing, hangs up after 5–30 s; in later calls every second one presses 1", dazed},
	}
}

// What goes for everybody, and for the house's own line.
const (
	voicemails       = 60 // of a hundred phones have a voicemail, which answers after 15–25 s
	oneChannelNights = 20 // of a hundred nights are on a line that carries one call at a time
	trialCalls       = 24 // calls to one person that are drawn; the last one stands for all after it
)

// LineHabits says the rest of the distribution in words.
func LineHabits() []string {
	return []string{
		fmt.Sprintf("%d%% of the phones have a voicemail, which takes the call after 15–25 s, each phone at its own time", voicemails),
		fmt.Sprintf("%d%% of the nights are on a line with one channel: a call waits until the one before it has ended", oneChannelNights),
	}
}

// dice are throws that depend on the seed alone (splitmix64).
type dice uint64

func (d *dice) throw() uint64 {
	*d += 0x9e3779b97f4a7c15
	z := uint64(*d)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (d *dice) chance(percent int) bool { return d.throw()%100 < uint64(percent) }

// between is a time from one number of seconds to another, in tenths.
func (d *dice) between(from, to int) time.Duration {
	return time.Duration(from)*time.Second + time.Duration(d.throw()%uint64((to-from)*10+1))*100*time.Millisecond
}

// person draws somebody: a habit, and whether there is a voicemail.
func (d *dice) person() Behaviour {
	at := int(d.throw() % 100)
	var calls []Reaction
	for _, h := range Habits() {
		if at -= h.Share; at < 0 {
			calls = h.calls(d)
			break
		}
	}
	if !d.chance(voicemails) {
		return Behaviour{Calls: calls}
	}
	takes := d.between(15, 25)
	for i, r := range calls {
		switch {
		case r.Refusal == Unreachable:
			calls[i] = Reaction{Answers: true, Machine: true, Rings: d.between(0, 2)}
		case r.Refusal == "" && (!r.Answers || r.Rings >= takes):
			calls[i] = Reaction{Answers: true, Machine: true, Rings: takes}
		}
	}
	return Behaviour{Calls: calls}
}

func always(react func(*dice) Reaction) func(*dice) []Reaction { return after(nil, react, 0) }

// after is one reaction for the first n calls and another for all later ones.
func after(first, then func(*dice) Reaction, n int) func(*dice) []Reaction {
	return func(d *dice) []Reaction {
		calls := make([]Reaction, trialCalls)
		for i := range calls {
			if i < n {
				calls[i] = first(d)
			} else {
				calls[i] = then(d)
			}
		}
		return calls
	}
}

func dazed(d *dice) []Reaction {
	calls := after((*dice).mute, (*dice).mute, 1)(d)
	for i := 1; i < len(calls); i++ {
		if d.chance(50) {
			calls[i] = d.asleep()
		}
	}
	return calls
}

func (d *dice) awake() Reaction {
	return Reaction{Answers: true, Rings: d.between(3, 10), Keys: []Key{{d.between(6, 14), "1"}}}
}

func (d *dice) asleep() Reaction {
	return Reaction{Answers: true, Rings: d.between(8, 28), Keys: []Key{{d.between(8, 22), "1"}}}
}

func (d *dice) silent() Reaction { return Reaction{} }

func (d *dice) away() Reaction { return Reaction{Refusal: Unreachable, Rings: d.between(1, 3)} }

func (d *dice) busy() Reaction { return Reaction{Refusal: Busy, Rings: d.between(0, 1)} }

func (d *dice) reject() Reaction { return Reaction{Refusal: Rejected, Rings: d.between(4, 10)} }

func (d *dice) mute() Reaction {
	return Reaction{Answers: true, Rings: d.between(6, 18), HangUp: d.between(5, 30)}
}
