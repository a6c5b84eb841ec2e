package sipleg

import "time"

// timers are those of RFC 3261 (table 4), with what else has to be waited for. Tests shorten them.
type timers struct {
	T1 time.Duration // estimate of a round trip; 64*T1 is how long anything is tried
	T2 time.Duration // longest interval between retransmissions
	T4 time.Duration // how long a message can be under way

	Keep    time.Duration // how long Options.Keep may take before the ACK goes out without it
	Silence time.Duration // hanging up before the far end has said anything at all: how long it may still speak
	Cancel  time.Duration // between our CANCEL and the end of the leg, if the far end never says 487
	Bye     time.Duration // between our BYE and the end of the leg, if nobody confirms it
	End     time.Duration // what Server.End may take
	Ringing time.Duration // longest time between the first provisional answer and the last (timer C)
	Remind  time.Duration // between two of our answers that it rings (RFC 3261 section 13.3.1.1): a proxy gives up after three minutes
	Connect time.Duration // opening a TCP connection, or asking the DNS
	Reopen  time.Duration // … to a phone of ours whose own is closed: its other phones ring meanwhile, and may have been answered

	Session time.Duration // the shortest session timer that is taken (RFC 4028 section 5)

	Ask   time.Duration // how long one server of a carrier may take to answer REGISTER or OPTIONS
	Again time.Duration // the first pause after a carrier has not answered those
	Watch time.Duration // between two looks at our own address, and two packets that keep a NAT's door open
	Leave time.Duration // how long signing off may take
	Next  time.Duration // how long one server of a carrier may say nothing to an INVITE before another is tried

	Refer time.Duration // how long whoever owns a leg may think about a transfer that is asked for
}

func (t timers) orDefault() timers {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&t.T1, 500*time.Millisecond)
	set(&t.T2, 4*time.Second)
	set(&t.T4, 5*time.Second)
	set(&t.Keep, 500*time.Millisecond)
	set(&t.Silence, time.Second) // the next person waits for it (rule 10); abandon goes on watching
	set(&t.Cancel, 4*time.Second)
	set(&t.Bye, 4*time.Second)
	set(&t.End, 4*time.Second)
	set(&t.Ringing, 3*time.Minute)
	set(&t.Remind, time.Minute)
	set(&t.Connect, 4*time.Second)
	set(&t.Reopen, time.Second)
	set(&t.Session, 90*time.Second)
	set(&t.Ask, 8*time.Second)
	set(&t.Again, 5*time.Second)
	set(&t.Watch, 25*time.Second) // NATs forget UDP after 30 s
	set(&t.Leave, 2*time.Second)
	set(&t.Next, 1500*time.Millisecond)
	set(&t.Refer, 10*time.Second)
	return t
}

// all is how long a transaction is tried (timers B, F, H, L, M).
func (t timers) all() time.Duration { return 64 * t.T1 }
