package call_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/media/mediatest"
	"github.com/kaden-project/kaden/number"
)

// meeting is a house whose calls enter the conference "ops", each in its own way, again and again until they are
// let go.
type meeting struct {
	*house
	mu      sync.Mutex
	entries map[string]call.Entry
	exits   []string // who left how, in order
	people  map[string]*simleg.Phone
	calls   map[string]*call.Call
	once    bool // enter only once
	with    []func(*call.Config)
}

func conference(t *testing.T, tell func(m *meeting), with ...func(*meeting)) {
	t.Helper()
	m := &meeting{entries: map[string]call.Entry{}, people: map[string]*simleg.Phone{}, calls: map[string]*call.Call{}}
	for _, f := range with {
		f(m)
	}
	story(t, func(h *house) {
		m.house = h
		tell(m)
		if left := m.desk.Conferences(acct); len(left) != 0 {
			t.Errorf("%d conferences are left", len(left))
		}
	}, append(m.with, script(m.script))...)
}

func (m *meeting) script(ctx context.Context, c *call.Call) error {
	who := strings.TrimPrefix(c.Record().To, "sim:")
	for {
		m.mu.Lock()
		e := m.entries[who]
		m.mu.Unlock()
		why, err := m.room().Enter(ctx, c, e)
		m.mu.Lock()
		m.exits = append(m.exits, fmt.Sprintf("%s %s", who, cmpOr(string(why), fmt.Sprint(err))))
		m.mu.Unlock()
		if err != nil || why != call.LeftByStar || m.once {
			return err
		}
	}
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (m *meeting) room() *call.Conference { return m.desk.Conference(acct, "ops") }

// enters calls somebody, who picks up and is in.
func (m *meeting) enters(who string, e call.Entry) *simleg.Phone {
	m.Helper()
	m.mu.Lock()
	m.entries[who] = e
	m.mu.Unlock()
	c, _ := m.place(call.Order{To: number.Address{Scheme: number.Sim, Text: who}})
	p := m.phone()
	p.Answer()
	synctest.Wait()
	m.people[who], m.calls[who] = p, c
	return p
}

func (m *meeting) left() string {
	synctest.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	return strings.Join(m.exits, ", ")
}

func (m *meeting) says(who, words string) {
	m.people[who].Say(media.NewClip(make([]int16, media.Rate), words).Source())
}

// hears is everything that somebody has heard.
func (m *meeting) hears(who string) string {
	var all []string
	for _, h := range m.people[who].Heard() {
		all = append(all, h.Caption)
	}
	return strings.Join(all, ", ")
}

func (m *meeting) everybodyHangsUp() {
	for _, p := range m.people {
		p.HangUp()
	}
	time.Sleep(time.Second)
}

var silently = call.Entry{NoBeep: true, NoFarewell: true}

func TestThreePeopleHearEachOther(t *testing.T) {
	conference(t, func(m *meeting) {
		for _, who := range []string{"sato", "suzuki", "tanaka"} {
			m.enters(who, silently)
		}
		time.Sleep(time.Second)
		m.says("sato", "the disk is full")
		time.Sleep(2 * time.Second)
		m.says("suzuki", "I look at it")
		time.Sleep(500 * time.Millisecond)
		m.says("tanaka", "so do I")
		time.Sleep(2 * time.Second)
		m.want("sato", m.hears("sato"), "waiting sound, I look at it, I look at it + so do I, so do I")
		m.want("suzuki", m.hears("suzuki"), "the disk is full, so do I")
		m.want("tanaka", m.hears("tanaka"), "the disk is full, I look at it")
		m.everybodyHangsUp()
	})
}

func TestTheVoiceOfOneIsInTheOthersEarAndNotInItsOwn(t *testing.T) {
	conference(t, func(m *meeting) {
		tone := func(hz float64) []int16 {
			var s []int16
			var f media.Frame
			src := media.Tone(2*time.Second, -15, hz, hz*1.37)
			for more := true; more; {
				more = src.Read(&f)
				s = append(s, f[:]...)
			}
			return s
		}
		said := map[string][]int16{"sato": tone(440), "suzuki": tone(700), "tanaka": tone(1030)}
		heard := map[string]*media.Recorder{}
		for who := range said {
			p := m.enters(who, silently)
			heard[who] = media.NewRecorder(10 * time.Second)
			p.Listen(heard[who])
		}
		for who, s := range said {
			m.people[who].Say(media.NewClip(s, "").Source())
		}
		time.Sleep(5 * time.Second)
		for who, r := range heard {
			for other, s := range said {
				score := mediatest.Find(r.Samples(), s).Score
				if who == other && score > 0.3 {
					t.Errorf("%s hears itself: %.2f", who, score)
				}
				if who != other && score < 0.5 { // one of two voices that are equally loud: 0.7
					t.Errorf("%s does not hear %s: %.2f", who, other, score)
				}
			}
		}
		m.everybodyHangsUp()
	})
}

func TestOneWaitsToASoundUntilItStarts(t *testing.T) {
	conference(t, func(m *meeting) {
		m.enters("sato", call.Entry{Patient: true})
		time.Sleep(time.Minute)
		m.enters("suzuki", call.Entry{Patient: true, Wait: media.NewClip(make([]int16, media.Rate), "news").Source()})
		time.Sleep(time.Minute)
		m.says("sato", "anybody here?")
		time.Sleep(5 * time.Second)
		if i, ok := m.room().Info(); !ok || !i.Started.IsZero() || len(i.Members) != 2 || m.room().Play(media.Beep()) {
			t.Errorf("two who only wait: %+v, %v", i, ok)
		}
		m.enters("tanaka", call.Entry{})
		time.Sleep(time.Second)
		m.says("tanaka", "let us begin")
		time.Sleep(time.Second)
		m.want("sato", m.hears("sato"), "waiting sound, beep, let us begin")
		m.want("suzuki", m.hears("suzuki"), "news, beep, let us begin")
		m.want("tanaka", m.hears("tanaka"), "beep")
		m.people["tanaka"].HangUp()
		time.Sleep(time.Second)
		if got := m.hears("sato"); !strings.HasSuffix(got, "beep (left)") {
			t.Errorf("sato hears %s", got)
		}
		m.everybodyHangsUp()
		m.want("exits", strings.Count(m.left(), "the call is over"), 3)
	})
}

func TestStarLeavesAndOneMayComeBack(t *testing.T) {
	conference(t, func(m *meeting) {
		m.enters("sato", silently)
		m.enters("suzuki", call.Entry{NoBeep: true, NoFarewell: true, StarLeaves: true})
		time.Sleep(time.Second)
		m.people["sato"].Press("*") // means nothing for this one
		m.people["suzuki"].Press("1")
		m.people["suzuki"].Press("*")
		time.Sleep(time.Second)
		m.want("left", m.left(), "suzuki star")
		m.says("sato", "welcome back")
		time.Sleep(2 * time.Second)
		m.want("suzuki", m.hears("suzuki"), "welcome back")
		m.everybodyHangsUp()
	})
}

func TestWhoEndsItOnExitEndsItForAll(t *testing.T) {
	conference(t, func(m *meeting) {
		m.enters("sato", call.Entry{EndOnExit: true})
		m.enters("suzuki", call.Entry{})
		m.enters("tanaka", call.Entry{})
		time.Sleep(time.Second)
		m.people["sato"].HangUp()
		m.calls["suzuki"].Wait()
		m.calls["tanaka"].Wait()
		got := strings.Split(m.left(), ", ")
		slices.Sort(got)
		m.want("exits", strings.Join(got, ", "), "sato the call is over, suzuki moderator, tanaka moderator")
	})
}

func TestADeathInAConferenceDisturbsNobody(t *testing.T) {
	conference(t, func(m *meeting) {
		for _, who := range []string{"sato", "suzuki", "tanaka"} {
			m.enters(who, silently)
		}
		time.Sleep(time.Second)
		m.people["tanaka"].Say(media.NewClip(make([]int16, 10*media.Rate), "a long story").Source())
		time.Sleep(time.Second)
		m.people["tanaka"].HangUp() // within the word
		time.Sleep(time.Second)
		m.says("sato", "still here")
		time.Sleep(2 * time.Second)
		m.want("suzuki", m.hears("suzuki"), "a long story, still here")
		if i, _ := m.room().Info(); len(i.Members) != 2 {
			t.Errorf("%d members", len(i.Members))
		}
		m.everybodyHangsUp()
	})
}

func TestAConferenceIsFullAtSomePoint(t *testing.T) {
	conference(t, func(m *meeting) {
		m.enters("sato", call.Entry{Most: 2, Label: "boss"})
		m.enters("suzuki", call.Entry{Most: 2})
		m.enters("tanaka", call.Entry{Most: 2})
		m.calls["tanaka"].Wait()
		m.enters("ito", call.Entry{Label: "boss"})
		m.calls["ito"].Wait()
		m.want("refused", m.left(), "tanaka "+call.ErrConferenceFull.Error()+", ito "+call.ErrLabelTaken.Error())
		if i, _ := m.room().Info(); len(i.Members) != 2 {
			t.Errorf("%d members", len(i.Members))
		}
		m.everybodyHangsUp()
	})
}

func TestMembersAreMutedTakenOutAndAllSentHome(t *testing.T) {
	conference(t, func(m *meeting) {
		m.enters("sato", silently)
		m.enters("suzuki", call.Entry{NoBeep: true, NoFarewell: true, Muted: true, Label: "db"})
		m.enters("tanaka", silently)
		time.Sleep(time.Second)
		id := m.calls["suzuki"].SID()
		m.says("suzuki", "not heard")
		m.people["sato"].Say(media.Tone(0, -20, 300))
		time.Sleep(2 * time.Second)
		i, _ := m.room().Info()
		if s := i.Members[1]; s.Call != id || s.Label != "db" || !s.Muted || s.Speaking || s.To != "sim:suzuki" || s.Joined.IsZero() || !i.Members[0].Speaking {
			t.Errorf("members: %+v", i.Members)
		}
		if !m.room().Mute(id, false) {
			t.Error("suzuki is not in it")
		}
		m.says("suzuki", "heard")
		m.room().Play(media.NewClip(make([]int16, media.Rate), "tanaka is here").Source())
		time.Sleep(2 * time.Second)
		if got := m.hears("tanaka"); !strings.Contains(got, "heard + tanaka is here") || strings.Contains(got, "not heard") {
			t.Errorf("tanaka hears %s", got)
		}
		if !m.room().Remove(id) || m.room().Remove(id) || m.room().Mute(id, true) {
			t.Error("taken out, once")
		}
		m.calls["suzuki"].Wait()
		if !m.room().End() || m.room().End() || m.room().Remove(id) || m.room().Play(nil) {
			t.Error("ended, once")
		}
		m.calls["sato"].Wait()
		m.calls["tanaka"].Wait()
		got := strings.Split(m.left(), ", ")
		slices.Sort(got)
		m.want("exits", strings.Join(got, ", "), "sato ended, suzuki removed, tanaka ended")
		if i, ok := m.room().Info(); ok || i.Name != "ops" {
			t.Errorf("after that: %+v", i)
		}
	})
}

func TestAMemberHasItsTime(t *testing.T) {
	conference(t, func(m *meeting) {
		m.enters("sato", call.Entry{Limit: time.Minute})
		if list := m.desk.Conferences(acct); len(list) != 1 || len(m.desk.Conferences("AC0")) != 0 {
			t.Errorf("%d conferences", len(list))
		}
		r := m.calls["sato"].Wait()
		m.want("left", m.left(), "sato time-limit")
		if d := r.Duration(); d != time.Minute {
			t.Errorf("%v, want a minute", d)
		}
	})
}

func TestOtherTwiMLTakesAMemberOut(t *testing.T) {
	conference(t, func(m *meeting) {
		m.enters("sato", call.Entry{Callback: call.ConferenceCallback{URL: "https://owner.example/conf", Events: []string{"leave"}}})
		time.Sleep(time.Second)
		if err := m.calls["sato"].Redirect(call.Program{TwiML: "<Response/>"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if got := m.left(); !strings.Contains(got, "other TwiML") {
			t.Errorf("left: %s", got)
		}
		m.want("told", m.told(), "participant-leave participant_updated_via_api in-progress")
		m.everybodyHangsUp()
	})
}

func TestACallThatIsOverDoesNotEnter(t *testing.T) {
	story(t, func(h *house) {
		c, _ := h.place(call.Order{})
		h.phone().Answer()
		c.Wait()
	}, script(func(ctx context.Context, c *call.Call) error {
		ctx, stop := context.WithCancelCause(ctx)
		stop(errors.New("enough"))
		var d call.Desk
		if _, err := d.Conference(acct, "ops").Enter(ctx, c, call.Entry{}); err == nil || err.Error() != "enough" {
			t.Errorf("entered: %v", err)
		}
		return nil
	}))
}

// told are the callbacks of conferences, each with what is particular to it.
func (m *meeting) told() string {
	m.owner.mu.Lock()
	defer m.owner.mu.Unlock()
	var all []string
	for _, v := range m.owner.asks {
		if v.Get("StatusCallbackEvent") == "" {
			continue
		}
		s := v.Get("StatusCallbackEvent")
		for _, k := range []string{"ParticipantLabel", "ReasonParticipantLeft", "ParticipantCallStatus", "ReasonConferenceEnded", "ParticipantLabelEndingConference"} {
			if v.Has(k) {
				s += " " + v.Get(k)
			}
		}
		all = append(all, s)
	}
	return strings.Join(all, ", ")
}

func TestTheOwnerIsToldOfAConference(t *testing.T) {
	conference(t, func(m *meeting) {
		cb := call.ConferenceCallback{URL: "https://owner.example/conf", Method: "GET", Events: []string{"start", "end", "join", "leave"}}
		m.enters("sato", call.Entry{Label: "a", Callback: cb})
		m.enters("suzuki", call.Entry{Label: "b", EndOnExit: true, Callback: call.ConferenceCallback{URL: "https://elsewhere.example/"}})
		time.Sleep(time.Second)
		id := m.calls["suzuki"].SID()
		m.room().Remove(id)
		m.calls["sato"].Wait()
		time.Sleep(time.Second)
		m.want("told", m.told(), "participant-join a, participant-join b, conference-start b, "+
			"participant-leave b participant_updated_via_api in-progress, participant-leave a moderator_ended_conference in-progress, "+
			"conference-end participant-with-end-conference-on-exit-kicked b")
		if !slices.Contains(m.owner.where, "GET https://owner.example/conf") {
			t.Errorf("asked at %v", m.owner.where)
		}
		seen := 0
		for _, v := range m.owner.asks {
			if v.Get("StatusCallbackEvent") == "" {
				continue
			}
			if v.Get("SequenceNumber") != fmt.Sprint(seen) || !strings.HasPrefix(v.Get("ConferenceSid"), "CF") || v.Get("FriendlyName") != "ops" || v.Get("AccountSid") != string(acct) || v.Get("Timestamp") == "" || v.Has("CallStatus") || v.Has("CallbackSource") {
				t.Errorf("callback %v", v)
			}
			seen++
		}
	})
}

func TestAnOwnerWhoDoesNotAnswerHoldsNobodyUp(t *testing.T) {
	for _, deaf := range []bool{false, true} {
		conference(t, func(m *meeting) {
			m.owner.slow, m.owner.deaf = time.Minute, deaf
			m.enters("sato", call.Entry{Callback: call.ConferenceCallback{URL: "https://owner.example/conf", Events: []string{"join", "leave", "end"}}})
			m.enters("suzuki", silently)
			time.Sleep(100 * time.Millisecond)
			m.says("suzuki", "hello")
			time.Sleep(time.Second)
			m.want("sato", m.hears("sato"), "waiting sound, hello")
			m.everybodyHangsUp()
			time.Sleep(time.Hour)
			m.want("told", strings.Count(m.told(), "participant-join")+strings.Count(m.told(), "participant-leave"), 4)
		})
	}
}

func TestTwentyComeAndGoAtOnce(t *testing.T) {
	conference(t, func(m *meeting) {
		for i := range 20 {
			m.phones[fmt.Sprintf("sim:p%d", i)] = simleg.Behaviour{
				AnswerAfter: time.Duration(i%3) * time.Second,
				Actions: []simleg.Action{
					{At: time.Second, Say: media.Tone(0, -20, 300+float64(i)*20)},
					{At: time.Duration(2+i%4) * time.Second, Digits: "*"},
					{At: time.Duration(5+i%5) * time.Second, HangUp: true},
				},
			}
		}
		var all []*call.Call
		for i := range 20 {
			m.mu.Lock()
			m.entries[fmt.Sprintf("p%d", i)] = call.Entry{StarLeaves: i%2 == 0}
			m.mu.Unlock()
			c, _ := m.place(call.Order{To: number.Address{Scheme: number.Sim, Text: fmt.Sprintf("p%d", i)}})
			all = append(all, c)
		}
		for _, c := range all {
			if r := c.Wait(); r.Cause != leg.HungUp {
				t.Errorf("%s ended for %s", r.To, r.Cause)
			}
		}
	})
}
