package sipleg

import (
	"fmt"
	"math"
	"syscall"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/media/mediatest"
)

// Three SIP phones in a mixer: each hears the others, through sockets and codecs, and not itself.
func TestThreePhonesMeetInAMixer(t *testing.T) {
	var mixer media.Mixer
	house := start(t, func(c *Config) {
		c.Incoming = func(l *Leg) {
			port := mixer.Join()
			l.Answer(t.Context())
			l.Listen(port)
			l.Play(port)
			drainEvents(l)
			port.Leave()
		}
	})
	phones := start(t, nil)
	said := make([][]int16, 3)
	heard := make([]*media.Recorder, 3)
	legs := make([]leg.Leg, 3)
	for i := range legs {
		said[i] = sweep(300+700*float64(i), 2*time.Second)
		heard[i] = media.NewRecorder(time.Minute)
		l, err := phones.Dial(t.Context(), leg.Target{URI: "sip:x@" + house.Addr().String()}, leg.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for e := range l.Events() {
			if e.Kind == leg.Answered {
				break
			}
		}
		l.Listen(heard[i])
		legs[i] = l
	}
	for i, l := range legs {
		p := media.NewPlayer(media.NewClip(said[i], "").Source())
		l.Play(p)
		if i == len(legs)-1 {
			<-p.Done()
		}
	}
	time.Sleep(500 * time.Millisecond) // the last of it is on its way
	for i, l := range legs {
		for k := range said {
			score := mediatest.Find(heard[i].Samples(), said[k]).Score
			if i == k && score > 0.3 || i != k && score < 0.5 { // two voices that are equally loud: 0.7 each
				t.Errorf("phone %d hears phone %d: %.2f", i, k, score)
			}
		}
		l.Hangup(t.Context(), leg.Completed)
		drainEvents(l)
	}
}

// sweep rises from a frequency by 600 Hz: unlike itself at any other place.
func sweep(from float64, d time.Duration) []int16 {
	s := make([]int16, int(d.Seconds()*media.Rate))
	for i := range s {
		t := float64(i) / media.Rate
		s[i] = int16(5000 * math.Sin(2*math.Pi*(from*t+300*t*t/d.Seconds())))
	}
	return s
}

// spending is the processor time of a clock's thread.
type spending struct{ all, kernel time.Duration }

// spent is that of the thread that paces l.
func spent(l *Leg) spending {
	answer := make(chan spending, 1)
	l.sound.seat.Do(func() {
		var u syscall.Rusage
		syscall.Getrusage(1, &u) // RUSAGE_THREAD
		answer <- spending{time.Duration(u.Utime.Nano() + u.Stime.Nano()), time.Duration(u.Stime.Nano())}
	})
	return <-answer
}

// BenchmarkConference joins fifty or a hundred SIP legs in a mixer, for one second each loop. Their phones are another server's,
// on another clock; counted is the thread of the members' clock alone: receiving, jitter buffers, mixing,
// encoding and sending.
func BenchmarkConference(b *testing.B) {
	for _, bc := range []struct {
		members, talkers int
		apart            bool // for comparison: nobody is joined to anybody
	}{{50, 3, true}, {50, 1, false}, {50, 3, false}, {50, 50, false}, {100, 3, false}, {100, 100, false}} {
		name := fmt.Sprintf("%d members, %d speak", bc.members, bc.talkers)
		if bc.apart {
			name = fmt.Sprintf("%d legs that listen and play, apart", bc.members)
		}
		b.Run(name, func(b *testing.B) {
			var mixer media.Mixer
			words := warble()
			in := make(chan *Leg, bc.members)
			house := start(b, func(c *Config) {
				c.Incoming = func(l *Leg) {
					l.Answer(b.Context())
					if port := mixer.Join(); !bc.apart {
						l.Listen(port)
						l.Play(port)
					} else {
						l.Listen(new(counting))
						l.Play(media.Repeat(0, words.Source))
					}
					in <- l
					drainEvents(l)
				}
			})
			phones := start(b, func(*Config) {})
			var legs []leg.Leg
			var members []*Leg
			for i := range bc.members {
				l, err := phones.Dial(b.Context(), leg.Target{URI: "sip:x@" + house.Addr().String()}, leg.Options{})
				if err != nil {
					b.Fatal(err)
				}
				for e := range l.Events() {
					if e.Kind == leg.Answered {
						break
					}
				}
				if i < bc.talkers {
					l.Play(media.Repeat(0, words.Source))
				}
				legs, members = append(legs, l), append(members, <-in)
			}
			time.Sleep(time.Second)
			before, begun := spent(members[0]), time.Now()
			for b.Loop() {
				time.Sleep(time.Second)
			}
			memberSeconds := time.Since(begun).Seconds() * float64(bc.members)
			after := spent(members[0])
			b.ReportMetric(float64((after.all-before.all).Microseconds())/memberSeconds/1000, "ms-cpu/member-second")
			b.ReportMetric(float64((after.kernel-before.kernel).Microseconds())/memberSeconds/1000, "ms-kernel")
			b.ReportMetric(float64(house.cfg.Clock.Lateness().P99.Microseconds()), "µs-late-p99")
			for _, l := range legs {
				l.Hangup(b.Context(), leg.Completed)
			}
			for _, l := range legs {
				drainEvents(l)
			}
		})
	}
}
