package rest_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/phonetest"
	"github.com/kaden-project/kaden/rest"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/store/memstore"
)

// switchboard is the API over real calls: a desk, TwiML that runs, and people with simulated phones.
type switchboard struct {
	*house
	phones *phonetest.House
	books  *memstore.Store
	pages  *browserPages
	check  *contract // nil: answers are not compared with Twilio's document
}

const (
	enters   = "https://owner.example/enters"
	enqueues = "https://owner.example/enqueues"
)

func live(t *testing.T, tell func(b *switchboard), check ...contract) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		books := memstore.New()
		for _, a := range []account.Account{{SID: owner, AuthToken: token}, {SID: other, AuthToken: strings.Repeat("f", 32)}} {
			if err := books.PutAccount(t.Context(), a); err != nil {
				t.Fatal(err)
			}
		}
		p := phonetest.New(t, func(s *phonetest.Setup) { s.Store, s.Recordings = books, archive{books} })
		p.Web.Serve(enters, `<Response><Dial><Conference beep="false">war room</Conference></Dial><Say>You are out.</Say></Response>`)
		p.Web.Serve(enqueues, `<Response><Enqueue>support</Enqueue></Response>`)
		b := &switchboard{phones: p, books: books, pages: &browserPages{subs: map[sid.Subscription]sid.Call{}}, house: &house{t: t}}
		b.Handler = rest.New(slog.New(slog.DiscardHandler), rest.Config{
			Accounts: books, NotFound: account.ErrNotFound, Calls: books, Desk: rest.AtDesk(p.Desk),
			Live: p.Desk, Queues: books, Conferences: books, Recordings: books, Pages: b.pages,
		})
		if len(check) > 0 {
			b.check = &check[0]
		}
		tell(b)
	})
}

// archive keeps recordings in the books.
type archive struct{ books account.Recordings }

func (a archive) Keep(ctx context.Context, r call.Recording) (string, error) {
	return "https://kaden.example/" + string(r.SID), a.books.PutRecording(ctx, account.Recording{
		SID: r.SID, Account: r.Account, Call: r.Call, Conference: r.Conference, Source: r.Source, Track: r.Track, Channels: r.Channels,
		Status: r.Status, Started: r.Began, Duration: r.Duration, Created: r.Began, Updated: time.Now(),
	}, r.WAV)
}

// asks sends a request; the answer is what Twilio's document says, if that is there.
func (b *switchboard) asks(method, path string, form url.Values) reply {
	b.t.Helper()
	r := request(method, path, form)
	if b.check == nil {
		return b.send(r)
	}
	return b.check.exchange(b.t.(*testing.T), b.Handler, r)
}

// calls lets somebody pick up a call that runs what is at url.
func (b *switchboard) calls(who, url string) (*phonetest.Phone, *call.Call) {
	p := b.phones.Phone(who)
	c := b.phones.CallURL(who, url)
	p.Rings().Answers().Waits(time.Second)
	return p, c
}

// items are the items of a list.
func (r reply) items(key string) (list []map[string]any) {
	r.t.Helper()
	all, ok := r.body[key].([]any)
	if !ok {
		r.t.Fatalf("no %s in %s", key, r.raw)
	}
	for _, one := range all {
		list = append(list, one.(map[string]any))
	}
	return list
}

func (r reply) has(want ...any) {
	r.t.Helper()
	for i := 0; i < len(want); i += 2 {
		if got := r.body[want[i].(string)]; got != want[i+1] {
			r.t.Errorf("%s is %v, want %v in %s", want[i], got, want[i+1], r.raw)
		}
	}
}

func aQueue(b *switchboard) {
	one := b.asks("POST", base+"/Queues.json", form("FriendlyName", "support", "MaxSize", "2")).is(201)
	one.has("friendly_name", "support", "max_size", 2.0, "current_size", 0.0, "average_wait_time", 0.0)
	at := one.text("uri")
	sato, waits := b.calls("sato", enqueues)
	sato.Waits(9 * time.Second)
	suzuki, next := b.calls("suzuki", enqueues)
	b.asks("GET", at, nil).is(200).has("current_size", 2.0, "average_wait_time", 6.0)
	members := strings.TrimSuffix(at, ".json") + "/Members"
	list := b.asks("GET", members+".json", nil).is(200).items("queue_members")
	if len(list) != 2 || list[0]["call_sid"] != string(waits.SID()) || list[0]["wait_time"] != 11.0 || list[1]["position"] != 2.0 {
		b.t.Errorf("who waits: %v", list)
	}
	b.asks("GET", members+"/"+string(next.SID())+".json", nil).is(200).has("position", 2.0)
	b.asks("POST", at, form("FriendlyName", "help", "MaxSize", "5")).is(200).has("friendly_name", "help", "max_size", 5.0)
	if list := b.asks("GET", base+"/Queues.json", nil).is(200).items("queues"); len(list) != 1 || list[0]["current_size"] != 2.0 {
		b.t.Errorf("queues %v", list)
	}
	b.phones.Web.Serve("https://owner.example/agent", `<Response><Say>Your turn.</Say></Response>`)
	b.asks("POST", members+"/"+string(next.SID())+".json", form("Url", "https://owner.example/agent", "Method", "POST")).is(200).has("call_sid", string(next.SID()), "position", 2.0)
	suzuki.HearsAll("Your turn").IsHungUp()
	sato.HangsUp().Waits(time.Second)
	b.asks("DELETE", at, nil).is(204)
}

func TestAQueueOverTheAPI(t *testing.T) { live(t, aQueue) }

func TestQueuesAsTwiliosDocumentHasThem(t *testing.T) { live(t, aQueue, readContract(t)) }

func TestTheFrontOfAQueue(t *testing.T) {
	live(t, func(b *switchboard) {
		sato, _ := b.calls("sato", enqueues)
		at := b.get(base + "/Queues.json").is(200).items("queues")[0]["uri"].(string)
		members := strings.TrimSuffix(at, ".json") + "/Members"
		b.get(members+"/Front.json").is(200).has("position", 1.0, "wait_time", 1.0)
		b.post(members+"/Front.json", form()).refuses(400, 21205)
		b.send(request("DELETE", at, nil)).refuses(409, 20009)
		b.phones.Web.Serve("https://owner.example/agent", `<Response><Say>Your turn.</Say></Response>`)
		b.post(members+"/Front.json", form("Url", "https://owner.example/agent")).is(200)
		sato.HearsAll("Your turn").IsHungUp()
		b.get(members+"/Front.json").refuses(404, 20404)
		b.post(members+"/Front.json", form("Url", "https://owner.example/agent")).refuses(404, 20404)
	})
}

// Of several who take the front of a queue at once each gets another call.
func TestTheFrontOfAQueueIsTakenOnce(t *testing.T) {
	live(t, func(b *switchboard) {
		const many = 8
		var phones []*phonetest.Phone
		for i := range many {
			p, _ := b.calls(fmt.Sprint("caller", i), enqueues)
			phones = append(phones, p)
		}
		b.phones.Web.Serve("https://owner.example/agent", `<Response><Say>Your turn.</Say></Response>`)
		front := strings.TrimSuffix(b.get(base + "/Queues.json").items("queues")[0]["uri"].(string), ".json") + "/Members/Front.json"
		got := make([]string, many)
		var all sync.WaitGroup
		for i := range many {
			all.Go(func() { got[i] = b.post(front, form("Url", "https://owner.example/agent")).is(200).text("call_sid") })
		}
		all.Wait()
		slices.Sort(got)
		if n := len(slices.Compact(got)); n != many {
			t.Errorf("%d calls were taken %d times", n, many)
		}
		for _, p := range phones {
			p.HearsAll("Your turn").IsHungUp()
		}
		b.post(front, form("Url", "https://owner.example/agent")).refuses(404, 20404)
	})
}

func TestWhatAQueueRefuses(t *testing.T) {
	live(t, func(b *switchboard) {
		one := b.post(base+"/Queues.json", form("FriendlyName", "support")).is(201).text("uri")
		b.post(base+"/Queues.json", form("FriendlyName", "support")).refuses(400, 22003)
		b.post(base+"/Queues.json", form()).refuses(400, 20002)
		b.post(base+"/Queues.json", form("FriendlyName", strings.Repeat("あ", 65))).refuses(400, 20002)
		b.post(base+"/Queues.json", form("FriendlyName", "x", "MaxSize", "5001")).refuses(400, 20001)
		b.post(one, form("MaxSize", "none")).refuses(400, 20001)
		two := b.post(base+"/Queues.json", form("FriendlyName", "sales")).is(201).text("uri")
		b.post(two, form("FriendlyName", "support")).refuses(400, 22003)
		b.get(base+"/Queues/QU1.json").refuses(404, 20404)
		b.get(one+"x").refuses(404, 20404)
		stranger := strings.Replace(one, string(owner), string(other), 1)
		b.as(string(other), strings.Repeat("f", 32), "GET", stranger, nil).refuses(404, 20404)
		b.send(request("DELETE", two, nil)).is(204)
		b.send(request("DELETE", two, nil)).refuses(404, 20404)
	})
}

func aConference(b *switchboard) {
	sato, first := b.calls("sato", enters)
	suzuki, second := b.calls("suzuki", enters)
	list := b.asks("GET", base+"/Conferences.json?Status=in-progress&FriendlyName=war%20room", nil).is(200).items("conferences")
	if len(list) != 1 || list[0]["status"] != "in-progress" {
		b.t.Fatalf("conferences %v", list)
	}
	at := list[0]["uri"].(string)
	b.asks("GET", at, nil).is(200).has("friendly_name", "war room", "reason_conference_ended", nil)
	people := strings.TrimSuffix(at, ".json") + "/Participants"
	if list := b.asks("GET", people+".json", nil).is(200).items("participants"); len(list) != 2 || list[0]["call_sid"] != string(first.SID()) {
		b.t.Errorf("participants %v", list)
	}
	one, two := people+"/"+string(first.SID())+".json", people+"/"+string(second.SID())+".json"
	b.asks("GET", one, nil).is(200).has("muted", false, "hold", false, "status", "connected", "start_conference_on_enter", true)

	b.asks("POST", one, form("Muted", "true")).is(200).has("muted", true)
	sato.Says("nobody hears this").Waits(2 * time.Second)
	if list := b.asks("GET", people+".json?Muted=true", nil).is(200).items("participants"); len(list) != 1 {
		b.t.Errorf("muted %v", list)
	}
	b.asks("POST", one, form("Muted", "false")).is(200).has("muted", false)

	b.phones.Web.Serve("https://owner.example/hold", `<Response><Say>One moment.</Say><Redirect/></Response>`)
	b.asks("POST", two, form("Hold", "true", "HoldUrl", "https://owner.example/hold")).is(200).has("hold", true)
	suzuki.Hears("One moment")
	b.asks("POST", two, form("Hold", "false")).is(200).has("hold", false)
	sato.Says("back again")
	suzuki.Hears("back again").Waits(2 * time.Second)

	b.phones.Web.Serve("https://owner.example/announce", `<Response><Say>Five minutes left.</Say></Response>`)
	b.asks("POST", two, form("AnnounceUrl", "https://owner.example/announce")).is(200)
	suzuki.HearsAll("Five minutes left")
	b.asks("POST", at, form("AnnounceUrl", "https://owner.example/announce")).is(200)
	sato.Hears("Five minutes left")
	suzuki.Hears("Five minutes left")

	b.asks("POST", two, form("Coaching", "true", "CallSidToCoach", string(first.SID()), "EndConferenceOnExit", "true", "BeepOnExit", "false")).is(200).
		has("coaching", true, "call_sid_to_coach", string(first.SID()), "end_conference_on_exit", true)
	b.asks("POST", two, form("Coaching", "false", "EndConferenceOnExit", "false")).is(200).has("coaching", false, "call_sid_to_coach", nil)

	tanaka, _ := b.calls("tanaka", enters)
	gone := b.asks("GET", people+".json?PageSize=50", nil).is(200).items("participants")[2]["uri"].(string)
	b.asks("DELETE", gone, nil).is(204)
	tanaka.HearsAll("You are out").IsHungUp()

	b.asks("POST", at, form("Status", "completed")).is(200).has("status", "completed", "reason_conference_ended", "conference-ended-via-api")
	sato.HearsAll("You are out").IsHungUp()
	suzuki.HearsAll("You are out").IsHungUp()
	b.asks("GET", at, nil).is(200).has("status", "completed", "call_sid_ending_conference", string(second.SID()))
	if list := b.asks("GET", people+".json", nil).is(200).items("participants"); len(list) != 0 {
		b.t.Errorf("after the end: %v", list)
	}
	for _, heard := range suzuki.Far().Heard() {
		if strings.Contains(heard.Caption, "nobody") {
			b.t.Error("the muted one is heard")
		}
	}
	if list := b.asks("GET", base+"/Conferences.json?Status=completed", nil).is(200).items("conferences"); len(list) != 1 {
		b.t.Errorf("completed: %v", list)
	}
}

func TestAConferenceOverTheAPI(t *testing.T) { live(t, aConference) }

func TestConferencesAsTwiliosDocumentHasThem(t *testing.T) { live(t, aConference, readContract(t)) }

func aParticipant(b *switchboard) {
	made := b.asks("POST", base+"/Conferences/stand%20up/Participants.json", url.Values{
		"From": {us}, "To": {"sim:sato"}, "Label": {"the boss"}, "Muted": {"true"}, "EndConferenceOnExit": {"true"}, "Beep": {"false"}, "WaitUrl": {""},
		"StatusCallback": {"https://owner.example/call"}, "StatusCallbackEvent": {"ringing", "answered", "completed"},
		"ConferenceStatusCallback": {"https://owner.example/room"}, "ConferenceStatusCallbackEvent": {"start end join leave"}, "Timeout": {"30"},
		"ConferenceRecord": {"record-from-start"}, "ConferenceTrim": {"do-not-trim"}, "MaxParticipants": {"10"},
		"Record": {"true"}, "RecordingChannels": {"dual"},
	}).is(201)
	made.has("status", "queued", "label", "the boss", "muted", true, "end_conference_on_exit", true, "queue_time", "0")
	at, room := made.text("uri"), base+"/Conferences/"+made.text("conference_sid")+".json"
	sato := b.phones.Phone("sato").Rings()
	synctest.Wait()
	b.asks("GET", at, nil).is(200).has("status", "ringing")
	b.asks("GET", room, nil).is(200).has("status", "init", "friendly_name", "stand up")
	sato.Answers().Waits(time.Second)
	b.asks("GET", at, nil).is(200).has("status", "connected", "muted", true, "label", "the boss")
	b.asks("POST", base+"/Conferences/"+made.text("conference_sid")+"/Participants.json", form("From", us, "To", "sim:suzuki")).is(201).has("conference_sid", made.text("conference_sid"))
	suzuki := b.phones.Phone("suzuki").Rings().Answers().Waits(time.Second)
	b.asks("GET", room, nil).is(200).has("status", "in-progress")
	suzuki.Far().Say(media.Tone(time.Minute, -20, 700))
	suzuki.Waits(3 * time.Second)
	sato.HangsUp() // who ends it
	suzuki.IsHungUp().Waits(time.Second)
	b.asks("GET", room, nil).is(200).has("status", "completed", "reason_conference_ended", "participant-with-end-conference-on-exit-left")
	var sources []string
	for _, r := range b.get(base + "/Recordings.json").is(200).items("recordings") {
		sources = append(sources, r["source"].(string))
	}
	if got := strings.Join(sources, " "); !strings.Contains(got, "Conference") || !strings.Contains(got, "OutboundAPI") {
		b.t.Errorf("recorded %s", got)
	}
	var told []string
	for _, a := range b.phones.Web.Asked() {
		told = append(told, a.Params.Get("StatusCallbackEvent")+a.Params.Get("CallStatus"))
	}
	if got := strings.Join(told, " "); !strings.Contains(got, "ringing") || !strings.Contains(got, "conference-end") || !strings.Contains(got, "participant-join") {
		b.t.Errorf("told %s", got)
	}
}

func TestSomebodyIsCalledIntoAConference(t *testing.T) { live(t, aParticipant) }

func TestParticipantsAsTwiliosDocumentHasThem(t *testing.T) { live(t, aParticipant, readContract(t)) }

func TestAnInvitationThatNobodyTakesEndsTheConference(t *testing.T) {
	live(t, func(b *switchboard) {
		made := b.post(base+"/Conferences/room/Participants.json", form("From", us, "To", "sim:sato", "Timeout", "20")).is(201)
		room := base + "/Conferences/" + made.text("conference_sid") + ".json"
		b.phones.Phone("sato").Rings().StopsRinging().Waits(time.Second)
		b.get(room).is(200).has("status", "completed")
		b.get(made.text("uri")).refuses(404, 20404)
		b.post(room, form("Status", "completed")).refuses(400, 21220)
		b.post(room, form()).is(200)
	})
}

func TestAConferenceThatIsEndedCallsNobodyIn(t *testing.T) {
	live(t, func(b *switchboard) {
		made := b.post(base+"/Conferences/room/Participants.json", form("From", us, "To", "sim:sato")).is(201)
		room := base + "/Conferences/" + made.text("conference_sid") + ".json"
		sato := b.phones.Phone("sato").Rings().Answers().Waits(time.Second)
		next := b.post(base+"/Conferences/room/Participants.json", form("From", us, "To", "sim:suzuki")).is(201)
		suzuki := b.phones.Phone("suzuki").Rings()
		b.post(room, form("Status", "completed")).is(200)
		suzuki.StopsRinging()
		sato.IsHungUp().Waits(time.Second)
		b.get(base+"/Calls/"+next.text("call_sid")+".json").is(200).has("status", "canceled")
		if list := b.get(base + "/Conferences.json").is(200).items("conferences"); len(list) != 1 || list[0]["status"] != "completed" {
			b.t.Errorf("conferences: %v", list)
		}
	})
}

func TestWhatAConferenceRefuses(t *testing.T) {
	live(t, func(b *switchboard) {
		sato, c := b.calls("sato", enters)
		room := b.get(base + "/Conferences.json").items("conferences")[0]["uri"].(string)
		one := strings.TrimSuffix(room, ".json") + "/Participants/" + string(c.SID()) + ".json"
		b.get(base+"/Conferences.json?Status=over").refuses(400, 20001)
		b.post(room, form("Status", "in-progress")).refuses(400, 20001)
		b.post(room, form("AnnounceUrl", "nowhere")).refuses(400, 21205)
		b.post(one, form("HoldUrl", "ftp://x")).refuses(400, 21205)
		b.post(one, form("Coaching", "true")).refuses(400, 20001)
		b.post(one, form("CallSidToCoach", "sato")).refuses(400, 20001)
		b.post(strings.Replace(one, string(c.SID()), "nobody", 1), form("Muted", "true")).refuses(404, 20404)
		b.get(base+"/Conferences/CF1.json").refuses(404, 20404)
		b.get(base+"/Conferences/"+"CF"+strings.Repeat("0", 32)+"/Participants.json").refuses(404, 20404)
		b.as(string(other), strings.Repeat("f", 32), "GET", strings.Replace(room, string(owner), string(other), 1), nil).refuses(404, 20404)
		people := base + "/Conferences/x/Participants.json"
		for name, wrong := range map[string]url.Values{
			"21201": form("From", us), "21213": form("To", "sim:sato"), "21208": form("From", us, "To", "sim:sato", "Timeout", "4"),
			"20001": form("From", us, "To", "sim:sato", "MaxParticipants", "1"), "16024": form("From", us, "To", "sim:sato", "Label", "a/b"),
		} {
			if got := b.post(people, wrong); got.status != 400 || !strings.Contains(got.raw, `"code":`+name) {
				t.Errorf("%v: %s", wrong, got.raw)
			}
		}
		b.post(base+"/Conferences/CF"+strings.Repeat("0", 32)+"/Participants.json", form("From", us, "To", "sim:sato")).refuses(404, 20404)
		sato.HangsUp().Waits(time.Second)
	})
}

func aTaping(b *switchboard) {
	sato, c := b.calls("sato", enqueues)
	sato.Far().Say(media.Tone(time.Minute, -20, 700))
	below := base + "/Calls/" + string(c.SID()) + "/Recordings"
	one := b.asks("POST", below+".json", url.Values{
		"RecordingChannels": {"dual"}, "RecordingStatusCallback": {"https://owner.example/recorded"}, "RecordingStatusCallbackEvent": {"in-progress completed"},
	}).is(201)
	one.has("status", "in-progress", "channels", 2.0, "source", "StartCallRecordingAPI", "track", "both", "duration", nil, "call_sid", string(c.SID()))
	at := one.text("uri")
	synctest.Wait()
	b.asks("GET", at, nil).is(200).has("status", "in-progress")
	sato.Waits(2 * time.Second)
	b.asks("POST", at, form("Status", "paused", "PauseBehavior", "skip")).is(200).has("status", "paused")
	sato.Waits(5 * time.Second)
	b.asks("POST", below+"/Twilio.CURRENT.json", form("Status", "in-progress")).is(200).has("status", "in-progress", "sid", one.text("sid"))
	sato.Waits(2 * time.Second)
	b.asks("POST", at, form("Status", "stopped")).is(200).has("status", "stopped")
	sato.Waits(time.Second)
	b.asks("GET", at, nil).is(200).has("status", "completed", "duration", "4")
	sato.HangsUp().Waits(time.Second)
	var told []string
	for _, a := range b.phones.Web.Asked() {
		if a.URL == "https://owner.example/recorded" {
			told = append(told, a.Params.Get("RecordingStatus"))
		}
	}
	if got := strings.Join(told, " "); got != "in-progress completed" {
		b.t.Errorf("told %s", got)
	}
}

func TestALiveCallIsRecordedOverTheAPI(t *testing.T) { live(t, aTaping) }

func TestLiveRecordingsAsTwiliosDocumentHasThem(t *testing.T) { live(t, aTaping, readContract(t)) }

func aRoomsTape(b *switchboard) {
	b.phones.Web.Serve(enters, `<Response><Dial><Conference record="record-from-start" trim="do-not-trim">room</Conference></Dial></Response>`)
	sato, _ := b.calls("sato", enters)
	suzuki, _ := b.calls("suzuki", enters)
	room := b.get(base + "/Conferences.json").items("conferences")[0]
	below := base + "/Conferences/" + room["sid"].(string) + "/Recordings"
	one := b.asks("GET", below+".json", nil).is(200).items("recordings")[0]
	b.asks("POST", one["uri"].(string), form("Status", "paused")).is(200).has("status", "paused", "conference_sid", room["sid"], "call_sid", nil)
	b.post(below+"/Twilio.CURRENT.json", form("Status", "stopped")).is(200).has("status", "stopped")
	suzuki.HangsUp()
	sato.HangsUp().Waits(time.Second)
	b.post(one["uri"].(string), form("Status", "paused")).refuses(400, 21220)
	b.asks("DELETE", one["uri"].(string), nil).is(204)
}

func TestAConferencesRecordingIsPausedOverTheAPI(t *testing.T) { live(t, aRoomsTape) }

func TestConferencesRecordingsAsTwiliosDocumentHasThem(t *testing.T) {
	live(t, aRoomsTape, readContract(t))
}

func TestWhatALiveRecordingRefuses(t *testing.T) {
	live(t, func(b *switchboard) {
		sato, c := b.calls("sato", enqueues)
		below := base + "/Calls/" + string(c.SID()) + "/Recordings"
		b.post(below+".json", form("RecordingChannels", "stereo")).refuses(400, 20001)
		b.post(below+".json", form("RecordingStatusCallback", "nowhere")).refuses(400, 21609)
		b.post(below+"/Twilio.CURRENT.json", form("Status", "paused")).refuses(404, 20404)
		one := b.post(below+".json", form()).is(201).text("uri")
		synctest.Wait()
		b.send(request("DELETE", one, nil)).refuses(409, 20009) // it would be there again at its end
		b.post(one, form()).refuses(400, 20001)
		b.post(one, form("Status", "over")).refuses(400, 20001)
		sato.HangsUp().Waits(time.Second)
		b.post(one, form("Status", "paused")).refuses(400, 21220)
		b.send(request("DELETE", one, nil)).is(204)
		b.post(below+".json", form()).refuses(400, 21220)
		b.post(base+"/Calls/CA1/Recordings.json", form()).refuses(404, 20404)
		rings := b.post(base+"/Calls.json", form("To", "sim:suzuki", "From", us, "Twiml", "<Response/>")).is(201)
		b.phones.Phone("suzuki").Rings()
		b.post(strings.TrimSuffix(rings.text("uri"), ".json")+"/Recordings.json", form()).refuses(400, 21220)
		b.post(rings.text("uri"), form("Status", "canceled")).is(200)
	})
}

func aStream(b *switchboard) {
	sato, c := b.calls("sato", enqueues)
	below := base + "/Calls/" + string(c.SID()) + "/Streams"
	one := b.asks("POST", below+".json", form("Url", "wss://owner.example/ear", "Name", "ear", "Track", "both_tracks",
		"StatusCallback", "https://owner.example/s", "Parameter1.Name", "a", "Parameter1.Value", "b")).is(200)
	one.has("status", "in-progress", "name", "ear", "call_sid", string(c.SID()))
	b.asks("POST", one.text("uri"), form("Status", "stopped")).is(200).has("status", "stopped", "sid", one.text("sid"))
	b.asks("POST", below+".json", form("Url", "wss://owner.example/ear")).is(200).has("name", nil)
	sato.HangsUp().Waits(time.Second)
}

func TestAStreamOverTheAPI(t *testing.T) { live(t, aStream) }

func TestStreamsAsTwiliosDocumentHasThem(t *testing.T) { live(t, aStream, readContract(t)) }

func TestWhatAStreamRefuses(t *testing.T) {
	live(t, func(b *switchboard) {
		sato, c := b.calls("sato", enqueues)
		below := base + "/Calls/" + string(c.SID()) + "/Streams"
		b.post(below+".json", form("Url", "https://owner.example/")).refuses(400, 21205)
		b.post(below+".json", form()).refuses(400, 21205)
		b.post(below+".json", form("Url", "wss://owner.example/", "Track", "left")).refuses(400, 20001)
		b.post(below+"/nobody.json", form("Status", "stopped")).refuses(404, 20404)
		b.post(below+"/nobody.json", form("Status", "over")).refuses(400, 20001)
		b.post(below+"/nobody.json", form()).refuses(400, 20001)
		sato.HangsUp().Waits(time.Second)
		b.post(below+".json", form("Url", "wss://owner.example/")).refuses(400, 21220)
	})
}

func TestWithoutADeskThereAreNoQueuesAndConferences(t *testing.T) {
	h := open(t, nil)
	for _, path := range []string{"/Queues.json", "/Conferences.json", "/Queues/QU" + strings.Repeat("0", 32) + ".json", "/Conferences/CF" + strings.Repeat("0", 32) + ".json"} {
		h.get(base+path).refuses(404, 20404)
	}
	h.post(base+"/Queues.json", form("FriendlyName", "x")).refuses(404, 20404)
	h.post(base+"/Conferences/x/Participants.json", form()).refuses(404, 20404)
}
