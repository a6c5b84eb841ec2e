package call_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/media/mediatest"
)

// plainly says words on the call, as a document would.
func plainly(words string, d time.Duration) call.Script {
	return func(ctx context.Context, c *call.Call) error {
		return c.Play(ctx, media.NewClip(make([]int16, int(d.Seconds()*media.Rate)), words).Source())
	}
}

// roomEvents are what the owner of a conference is told.
func (o *owner) roomEvents(names ...string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []string
	for i, v := range o.asks {
		if o.where[i] != "POST "+roomURL {
			continue
		}
		some := []string{strings.TrimPrefix(v.Get("StatusCallbackEvent"), "participant-")}
		for _, n := range names {
			some = append(some, v.Get(n))
		}
		all = append(all, strings.Join(some, " "))
	}
	return strings.Join(all, ", ")
}

const roomURL = "https://owner.example/room"

func watched(events string) call.Entry {
	e := silently
	e.Callback = call.ConferenceCallback{URL: roomURL, Events: strings.Fields(events)}
	return e
}

func TestADocumentIsHeardUntilTheConferenceStarts(t *testing.T) {
	conference(t, func(m *meeting) {
		e := silently
		e.WaitScript = plainly("please wait", 4*time.Second)
		m.enters("sato", e)
		time.Sleep(2 * time.Second)
		m.enters("suzuki", e)
		time.Sleep(100 * time.Millisecond)
		m.says("suzuki", "hello")
		time.Sleep(2 * time.Second)
		m.want("sato", m.hears("sato"), "please wait, hello")
		m.want("suzuki", m.hears("suzuki"), "")
		m.everybodyHangsUp()
	})
}

func TestNothingToHearUntilItStartsKeepsOneOut(t *testing.T) {
	conference(t, func(m *meeting) {
		e := watched("join leave end")
		e.WaitScript = func(context.Context, *call.Call) error { return errors.New("404") }
		m.enters("sato", e)
		time.Sleep(time.Second)
		m.want("exits", m.left(), "sato what is to be heard until the conference starts cannot be had")
		m.want("events", m.owner.roomEvents("ReasonParticipantLeft"), "join , leave participant_add_failed, conference-end ")
		m.everybodyHangsUp()
	})
}

func TestOneOnHoldHearsNobodyAndIsNotHeard(t *testing.T) {
	conference(t, func(m *meeting) {
		m.enters("sato", watched("hold"))
		m.enters("suzuki", silently)
		time.Sleep(time.Second)
		id := m.calls["sato"].SID()
		m.want("held", m.room().Hold(id, true, nil), true)
		time.Sleep(time.Second)
		m.says("sato", "am I alone?")
		m.says("suzuki", "she is away")
		time.Sleep(2 * time.Second)
		i, _ := m.room().Info()
		m.want("is held", i.Members[0].Held, true)
		m.room().Hold(id, true, plainly("your call is important", time.Second)) // another sound
		time.Sleep(2 * time.Second)
		m.room().Hold(id, false, nil)
		time.Sleep(time.Second)
		m.says("suzuki", "welcome back")
		time.Sleep(2 * time.Second)
		m.want("sato", m.hears("sato"), "waiting sound, waiting sound, your call is important, welcome back")
		m.want("suzuki", m.hears("suzuki"), "")
		m.want("events", m.owner.roomEvents("Hold"), "hold true, unhold false")
		m.want("nobody's hold", m.room().Hold("CA1", true, nil), false)
		m.everybodyHangsUp()
	})
}

func TestWhatIsToBeHeardOnHoldMayFail(t *testing.T) {
	conference(t, func(m *meeting) {
		m.enters("sato", watched("leave hold"))
		m.enters("suzuki", silently)
		time.Sleep(time.Second)
		id := m.calls["sato"].SID()
		m.room().Hold(id, true, func(context.Context, *call.Call) error { return errors.New("404") })
		time.Sleep(2 * time.Second)
		i, _ := m.room().Info()
		m.want("members", len(i.Members), 2)
		m.want("is held", i.Members[0].Held, true)
		m.room().Hold(id, false, nil)
		time.Sleep(time.Second)
		m.says("suzuki", "welcome back")
		time.Sleep(2 * time.Second)
		m.want("sato", m.hears("sato"), "waiting sound, waiting sound, welcome back")
		m.want("events", m.owner.roomEvents(), "hold, unhold")
		m.everybodyHangsUp()
	})
}

func TestACoachSpeaksIntoOneEar(t *testing.T) {
	conference(t, func(m *meeting) {
		m.enters("sato", watched("join modify"))
		m.enters("suzuki", silently)
		e := silently
		e.Coach = m.calls["suzuki"].SID()
		m.enters("coach", e)
		time.Sleep(time.Second)
		m.says("coach", "ask him")
		m.says("sato", "hm")
		time.Sleep(2 * time.Second)
		m.want("suzuki", m.hears("suzuki"), "hm + ask him")
		m.want("sato", m.hears("sato"), "waiting sound")
		nobody := call.Entry{}.Coach
		m.room().Modify(m.calls["coach"].SID(), nil, nil, &nobody)
		yes := true
		m.room().Modify(m.calls["coach"].SID(), &yes, &yes, nil)
		m.says("coach", "hello all")
		time.Sleep(2 * time.Second)
		m.want("sato, later", m.hears("sato"), "waiting sound, hello all")
		m.want("events", m.owner.roomEvents("Coaching", "EndConferenceOnExit"), "join false false, join false false, join true false, modify false false, modify false true")
		m.everybodyHangsUp()
	})
}

func TestAnnouncements(t *testing.T) {
	conference(t, func(m *meeting) {
		m.enters("sato", watched("announcement mute speaker"))
		m.enters("suzuki", silently)
		time.Sleep(time.Second)
		id := m.calls["sato"].SID()
		m.room().Announce(id, "https://owner.example/one", plainly("one minute left", time.Second))
		time.Sleep(500 * time.Millisecond)
		m.says("suzuki", "not heard by sato")
		time.Sleep(2 * time.Second)
		m.room().AnnounceToAll("https://owner.example/all", media.NewClip(make([]int16, media.Rate), "time is up").Source())
		time.Sleep(500 * time.Millisecond)
		m.want("in the middle of it", strings.Contains(m.owner.roomEvents("AnnounceUrl"), "/all"), false)
		time.Sleep(1500 * time.Millisecond)
		m.room().AnnouncementFailed("https://owner.example/none", errors.New("404"))
		m.room().Announce(id, "https://owner.example/bad", func(context.Context, *call.Call) error { return errors.New("no") })
		m.room().Mute(id, true)
		m.room().Mute(id, true)
		m.room().Mute(id, false)
		time.Sleep(time.Second)
		m.people["suzuki"].Say(media.Tone(time.Second, -15, 400))
		time.Sleep(3 * time.Second)
		m.want("sato", m.hears("sato"), "waiting sound, one minute left, not heard by sato, time is up")
		m.want("suzuki", m.hears("suzuki"), "time is up")
		events := m.owner.roomEvents("AnnounceUrl", "ReasonAnnouncementFailed")
		for _, want := range []string{
			"announcement-end https://owner.example/one ", "announcement-end https://owner.example/all ", "announcement-fail https://owner.example/none 404",
			"announcement-fail https://owner.example/bad no", "mute  , unmute  ", "speech-start  , speech-stop",
		} {
			if !strings.Contains(events, want) {
				t.Errorf("no %q in %s", want, events)
			}
		}
		m.everybodyHangsUp()
	})
}

func TestAnnouncementsAreHeardOneAfterTheOther(t *testing.T) {
	conference(t, func(m *meeting) {
		m.enters("sato", watched("announcement"))
		time.Sleep(time.Second)
		id := m.calls["sato"].SID()
		m.room().Announce(id, "https://owner.example/one", plainly("one minute left", 2*time.Second))
		m.room().Announce(id, "https://owner.example/two", plainly("time is up", 2*time.Second))
		time.Sleep(time.Second)
		m.want("in the middle of the first", m.owner.roomEvents(), "")
		m.enters("suzuki", silently) // the conference starts meanwhile
		time.Sleep(4 * time.Second)
		m.says("suzuki", "hello")
		time.Sleep(2 * time.Second)
		m.want("sato", m.hears("sato"), "waiting sound, one minute left, time is up, hello")
		m.want("events", m.owner.roomEvents("AnnounceUrl"), "announcement-end https://owner.example/one, announcement-end https://owner.example/two")
		m.everybodyHangsUp()
	})
}

func TestAConferenceIsRecordedFromItsStart(t *testing.T) {
	var s shelf
	conference(t, func(m *meeting) {
		e := silently
		e.Tape = &call.TapeOrder{Source: "Conference", Trim: true, Callback: heardOf}
		m.enters("sato", e)
		m.people["sato"].Say(media.Tone(time.Hour, -20, 400))
		time.Sleep(5 * time.Second)
		m.enters("suzuki", silently)
		m.people["suzuki"].Say(media.Tone(time.Hour, -20, 700))
		time.Sleep(4 * time.Second)
		m.want("under way", m.room().Tape().Recording().Status, "in-progress")
		m.everybodyHangsUp()
		if len(s.all()) != 1 {
			t.Fatalf("%d recordings", len(s.all()))
		}
		r := s.all()[0]
		if r.Conference == "" || r.Call != "" || r.Duration < 3900*time.Millisecond || r.Duration > 4200*time.Millisecond {
			t.Errorf("recorded %v of %q", r.Duration, r.Conference)
		}
		sound := mediatest.Channels(r.WAV)[0]
		for _, hz := range []float64{400, 700} {
			if got := mediatest.Level(sound[media.Rate:3*media.Rate], hz); got < -25 {
				t.Errorf("%.0f Hz at %.1f dBFS", hz, got)
			}
		}
		m.want("callbacks", m.owner.recordings("RecordingStatus", "ConferenceSid", "CallSid", "RecordingDuration"),
			fmt.Sprintf("in-progress %s  , completed %[1]s  4", r.Conference))
	}, func(m *meeting) { m.with = append(m.with, on(&s)) })
}

// minutes keep what is known of conferences.
type minutes struct {
	mu     sync.Mutex
	kept   []call.ConferenceRecord
	broken error
}

func (m *minutes) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.broken = err
}

func (m *minutes) PutConference(_ context.Context, c call.ConferenceRecord) error {
	time.Sleep(10 * time.Millisecond)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken == nil {
		m.kept = append(m.kept, c)
	}
	return m.broken
}

func (m *minutes) all() []call.ConferenceRecord {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.kept
}

func (m *minutes) CloseLive(context.Context, string, time.Time) (int, error) { return 0, nil }

func TestAConferenceIsWrittenDown(t *testing.T) {
	var book minutes
	conference(t, func(m *meeting) {
		m.enters("sato", silently)
		time.Sleep(time.Second)
		m.enters("suzuki", silently)
		time.Sleep(time.Second)
		m.everybodyHangsUp()
		var all []string
		for _, c := range book.all() {
			all = append(all, c.Status+" "+c.Reason)
		}
		m.want("written", strings.Join(all, ", "), "init , in-progress , completed last-participant-left")
	}, func(m *meeting) {
		m.with = append(m.with, func(c *call.Config) { c.Conferences = &book })
	})
}

func TestAConferenceWaitsForWhoIsInvited(t *testing.T) {
	var book minutes
	conference(t, func(m *meeting) {
		id := m.room().Invite("CA00000000000000000000000000000001")
		i, there := m.room().Info()
		m.want("begun", fmt.Sprint(there, i.SID == id, i.Invited), "true true [CA00000000000000000000000000000001]")
		time.Sleep(time.Minute)
		if i, there = m.room().Info(); !there || i.SID != id {
			t.Error("it did not wait")
		}
		m.room().Dismiss("CA00000000000000000000000000000001")
		m.room().Dismiss("CA00000000000000000000000000000001")
		_, there = m.room().Info()
		m.want("over", there, false)
		synctest.Wait()
		time.Sleep(time.Second)
		m.want("written", book.all()[len(book.all())-1].Status, "completed")
		m.want("a later one", m.room().Invite("CA2") != id, true)
		m.want("ended", m.room().End(), true)
	}, func(m *meeting) {
		m.with = append(m.with, func(c *call.Config) { c.Conferences = &book })
	})
}

// Nobody's phone rings for a conference that is over, however it has ended, and nobody who picks up in that moment
// begins another one.
func TestWhoIsBeingCalledWhenAConferenceEndsIsNotCalledAnyMore(t *testing.T) {
	for name, ends := range map[string]func(m *meeting){
		"by the API":                   func(m *meeting) { m.room().End() },
		"with the last who is in it":   func(m *meeting) { m.people["sato"].HangUp() },
		"with somebody who may end it": func(m *meeting) { m.people["suzuki"].HangUp() },
	} {
		t.Run(name, func(t *testing.T) {
			conference(t, func(m *meeting) {
				m.enters("sato", silently)
				if strings.Contains(name, "may end") {
					e := silently
					e.EndOnExit = true
					m.enters("suzuki", e)
				}
				room := m.room()
				in := room.Invite("CA00000000000000000000000000000001")
				c, _ := m.place(call.Order{SID: "CA00000000000000000000000000000001"})
				room.Placed(c.SID(), in)
				p := m.phone()
				p.Ring()
				time.Sleep(time.Second)
				ends(m)
				synctest.Wait()
				m.want("the call", c.Record().Status, call.Canceled)
				m.want("conferences", len(m.desk.Conferences(acct)), 0)

				// One that is ordered in the moment in which it ends.
				late := m.room().Invite("CA00000000000000000000000000000002")
				m.room().End()
				c, _ = m.place(call.Order{SID: "CA00000000000000000000000000000002"})
				m.room().Placed(c.SID(), late)
				m.want("the late call", c.Wait().Status, call.Canceled)
				m.everybodyHangsUp()
			})
		})
	}
}

func TestAConferenceThatIsOverIsNotTakenForTheNextOfItsName(t *testing.T) {
	conference(t, func(m *meeting) {
		m.enters("sato", silently)
		i, _ := m.room().Info()
		first, _ := m.desk.ConferenceOf(acct, i.SID)
		m.everybodyHangsUp()
		m.enters("suzuki", silently)
		if _, there := first.Info(); there || first.End() || first.Remove(m.calls["suzuki"].SID()) || first.Invite("CA1") != "" {
			t.Error("the next one was taken for it")
		}
		m.want("who is in the next one", len(m.desk.Conferences(acct)), 1)
		m.everybodyHangsUp()
	})
}

func TestAConferenceIsWrittenDownWhenTheDatabaseIsBack(t *testing.T) {
	var book minutes
	conference(t, func(m *meeting) {
		m.enters("sato", silently)
		book.fail(errors.New("connection refused"))
		m.everybodyHangsUp()
		time.Sleep(time.Minute)
		book.fail(nil)
		time.Sleep(time.Minute)
		all := book.all()
		m.want("written", all[len(all)-1].Status, "completed")
	}, func(m *meeting) {
		m.with = append(m.with, func(c *call.Config) { c.Conferences = &book })
	})
}
