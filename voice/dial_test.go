package voice_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/simleg"
	"github.com/kaden-project/kaden/phonetest"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/trunk"
)

const (
	ours = "+815012345678"
	over = "https://owner.example/over"
)

// switchboard is a house whose number answers with doc. What the action is told is served, and answered
// with a word.
func switchboard(t *testing.T, doc string, tell func(h *phonetest.House)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := phonetest.New(t, func(s *phonetest.Setup) {
			s.Numbers = []account.Number{{Number: ours, Account: phonetest.Account, TwiML: doc}}
		})
		h.Web.Serve(over, `<Response><Say>It is over.</Say></Response>`)
		tell(h)
	})
}

// told are the requests to url, each with those parameters that names name.
func told(h *phonetest.House, url string, names ...string) string {
	var all []string
	for _, a := range h.Web.Asked() {
		if a.URL != url {
			continue
		}
		var some []string
		for _, n := range names {
			some = append(some, a.Params.Get(n))
		}
		all = append(all, strings.Join(some, " "))
	}
	return strings.Join(all, ", ")
}

func want(t testing.TB, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

// children are the calls that <Dial> made, newest first.
func children(t *testing.T, h *phonetest.House) (list []call.Record) {
	t.Helper()
	all, _, err := h.Book.Calls(t.Context(), call.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		if r.Direction == call.OutboundDial {
			list = append(list, r)
		}
	}
	return list
}

// P1 by TwiML alone.
func TestThreeRingAtOnceAndTheFirstAnswerWins(t *testing.T) {
	switchboard(t, `<Response><Dial action="`+over+`">
		<Number>sim:sato</Number><Number>sim:suzuki</Number><Sip>sip:tanaka@phones.example</Sip>
	</Dial></Response>`, func(h *phonetest.House) {
		caller, sato, suzuki, tanaka := h.Phone("caller"), h.Phone("sato"), h.Phone("suzuki"), h.Phone("sip:tanaka@phones.example")
		caller.Calls(ours).IsAnswered().Hears("ringback")
		sato.Rings()
		suzuki.Rings()
		tanaka.Rings().Waits(4 * time.Second)
		want(t, "shown", sato.Sees(), "caller")
		suzuki.Answers()
		sato.StopsRinging()
		tanaka.StopsRinging()
		suzuki.Says("suzuki here")
		caller.Hears("suzuki here").Says("help")
		suzuki.Hears("help").Waits(9 * time.Second).HangsUp()
		caller.HearsAll("It is over.").IsHungUp()
		want(t, "action", told(h, over, "DialCallStatus", "DialBridged", "CallStatus"), "completed true in-progress")
		list := children(t, h)
		if len(list) != 3 {
			t.Fatalf("%d child calls", len(list))
		}
		for _, r := range list {
			if r.Parent == "" || r.Account != phonetest.Account {
				t.Errorf("%+v", r)
			}
		}
		want(t, "DialCallSid", told(h, over, "DialCallSid"), list[1].SID)
		want(t, "DialCallDuration", told(h, over, "DialCallDuration"), int(list[1].Duration().Seconds()))
	})
}

// P4 by TwiML alone.
func TestOneAfterAnother(t *testing.T) {
	switchboard(t, `<Response><Dial sequential="true" timeout="15" callerId="`+ours+`">
		<Number>sim:sato</Number><Number>sim:suzuki</Number><Number>sim:tanaka</Number><Number>sim:ito</Number>
	</Dial><Say>Good bye.</Say></Response>`, func(h *phonetest.House) {
		caller, sato, suzuki, tanaka := h.Phone("caller"), h.Phone("sato"), h.Phone("suzuki"), h.Phone("tanaka")
		caller.Calls(ours)
		began := time.Now()
		sato.Rings()
		want(t, "shown", sato.Sees(), ours)
		sato.StopsRinging()
		want(t, "sato rang for", time.Since(began), 15*time.Second)
		suzuki.Rings().IsBusy()
		tanaka.Rings().Waits(time.Second).Answers().Waits(5 * time.Second).HangsUp()
		caller.HearsAll("Good bye.").IsHungUp()
		h.Phone("ito").DoesNotRing(time.Second)
	})
}

func TestNobodyComes(t *testing.T) {
	for _, c := range []struct {
		name string
		play func(sato, suzuki *phonetest.Phone)
		want string
	}{
		{"both are busy", func(sato, suzuki *phonetest.Phone) { sato.IsBusy(); suzuki.Declines() }, "busy false"},
		{"one does not answer", func(sato, suzuki *phonetest.Phone) { sato.IsBusy() }, "no-answer false"},
		{"numbers that do not exist", func(sato, suzuki *phonetest.Phone) { sato.Refuses(leg.Invalid); suzuki.Refuses(leg.Invalid) }, "failed false"},
		{"one is busy, one does not exist", func(sato, suzuki *phonetest.Phone) { sato.IsBusy(); suzuki.Refuses(leg.Invalid) }, "busy false"},
	} {
		t.Run(c.name, func(t *testing.T) {
			switchboard(t, `<Response><Dial action="`+over+`" timeout="20"><Number>sim:sato</Number><Number>sim:suzuki</Number></Dial></Response>`, func(h *phonetest.House) {
				caller, sato, suzuki := h.Phone("caller"), h.Phone("sato"), h.Phone("suzuki")
				caller.Calls(ours)
				sato.Rings()
				suzuki.Rings()
				c.play(sato, suzuki)
				caller.HearsAll("It is over.").IsHungUp()
				want(t, "action", told(h, over, "DialCallStatus", "DialBridged"), c.want)
				want(t, "DialCallSid", told(h, over, "DialCallSid"), children(t, h)[0].SID)
			})
		})
	}
}

func TestTheCallerHangsUpWhileItRings(t *testing.T) {
	switchboard(t, `<Response><Dial action="`+over+`"><Number>sim:sato</Number><Number>sim:suzuki</Number></Dial><Say>Nobody.</Say></Response>`, func(h *phonetest.House) {
		caller, sato, suzuki := h.Phone("caller"), h.Phone("sato"), h.Phone("suzuki")
		caller.Calls(ours)
		sato.Rings()
		suzuki.Rings()
		caller.Waits(2 * time.Second).HangsUp()
		sato.StopsRinging()
		suzuki.StopsRinging()
		synctest.Wait()
		want(t, "the action is told", told(h, over, "CallStatus", "DialCallStatus", "DialBridged"), "completed canceled false")
	})
}

func TestTheCallerHangsUpWhileTheyTalk(t *testing.T) {
	switchboard(t, `<Response><Dial action="`+over+`">sim:sato</Dial></Response>`, func(h *phonetest.House) {
		caller, sato := h.Phone("caller"), h.Phone("sato")
		caller.Calls(ours)
		sato.Rings().Answers().Says("hello")
		caller.Hears("hello").Waits(3 * time.Second).HangsUp()
		sato.IsHungUp()
		synctest.Wait()
		want(t, "the action is told", told(h, over, "CallStatus", "DialCallStatus", "DialBridged"), "completed completed true")
	})
}

func TestAWhisperThatAKeyAccepts(t *testing.T) {
	const doc = `<Response><Dial action="` + over + `" callerId="` + ours + `">
		<Number url="https://owner.example/whisper">sim:sato</Number><Number url="https://owner.example/whisper">sim:suzuki</Number>
	</Dial></Response>`
	const whisper = `<Response><Gather numDigits="1" action="/accepted"><Say>Press one to take the call.</Say></Gather><Hangup/></Response>`
	t.Run("by a key", func(t *testing.T) {
		switchboard(t, doc, func(h *phonetest.House) {
			h.Web.Serve("https://owner.example/whisper", whisper)
			h.Web.Serve("https://owner.example/accepted", `<Response/>`)
			caller, sato, suzuki := h.Phone("caller"), h.Phone("sato"), h.Phone("suzuki")
			caller.Calls(ours)
			suzuki.Rings()
			sato.Rings().Answers().Hears("Press one")
			suzuki.Waits(time.Second)
			if s := suzuki.Far().State(); !s.Ended.IsZero() {
				t.Error("suzuki's phone stopped before sato pressed a key")
			}
			sato.Presses("1")
			suzuki.StopsRinging()
			sato.Says("taken")
			caller.Hears("taken").HangsUp()
			sato.IsHungUp()
			want(t, "the whisper knows", told(h, "https://owner.example/whisper", "Direction", "CallStatus", "To"), "outbound-dial in-progress sim:sato")
			if told(h, "https://owner.example/whisper", "ParentCallSid") == "" {
				t.Error("no ParentCallSid")
			}
		})
	})
	t.Run("a mailbox presses none", func(t *testing.T) {
		switchboard(t, doc, func(h *phonetest.House) {
			h.Web.Serve("https://owner.example/whisper", whisper)
			caller, sato, suzuki := h.Phone("caller"), h.Phone("sato"), h.Phone("suzuki")
			caller.Calls(ours)
			suzuki.Rings()
			sato.Rings().Answers().HearsAll("Press one").IsHungUp()
			suzuki.Waits(2 * time.Second).IsBusy()
			caller.HearsAll("It is over.").IsHungUp()
			want(t, "action", told(h, over, "DialCallStatus", "DialBridged"), "completed false")
		})
	})
	t.Run("it cannot be had", func(t *testing.T) {
		switchboard(t, doc, func(h *phonetest.House) {
			caller, sato := h.Phone("caller"), h.Phone("sato")
			caller.Calls(ours)
			h.Phone("suzuki").Rings().IsBusy()
			sato.Rings().Answers().HearsAll("application error").IsHungUp()
			caller.HearsAll("It is over.").IsHungUp()
		})
	})
	t.Run("both accept in one moment", func(t *testing.T) {
		switchboard(t, doc, func(h *phonetest.House) {
			h.Web.Serve("https://owner.example/whisper", `<Response><Pause length="2"/></Response>`)
			caller, sato, suzuki := h.Phone("caller"), h.Phone("sato"), h.Phone("suzuki")
			caller.Calls(ours)
			sato.Rings()
			suzuki.Rings().Answers()
			sato.Answers().Waits(5 * time.Second)
			left := 0
			for _, p := range []*phonetest.Phone{sato, suzuki} {
				if p.Far().State().Ended.IsZero() {
					left++
				} else {
					p.IsHungUp()
				}
			}
			want(t, "joined", left, 1)
			caller.HangsUp()
		})
	})
}

func TestADialInsideAWhisperIsNotRun(t *testing.T) {
	switchboard(t, `<Response><Dial><Number url="https://owner.example/whisper">sim:sato</Number></Dial></Response>`, func(h *phonetest.House) {
		h.Web.Serve("https://owner.example/whisper", `<Response><Dial>sim:suzuki</Dial></Response>`)
		caller, sato := h.Phone("caller"), h.Phone("sato")
		caller.Calls(ours)
		sato.Rings().Answers().Says("hello")
		caller.Hears("hello")
		sato.HangsUp()
		caller.IsHungUp()
		want(t, "notice", h.Notices()[0].Problem.Code, 13201)
	})
}

// A 200 that crosses the CANCEL is sent BYE.
func TestTwoAnswerInOneMoment(t *testing.T) {
	switchboard(t, `<Response><Dial><Number>sim:sato</Number><Number>sim:suzuki</Number></Dial></Response>`, func(h *phonetest.House) {
		caller, sato, suzuki := h.Phone("caller"), h.Phone("sato"), h.Phone("suzuki")
		caller.Calls(ours)
		sato.Rings()
		suzuki.Rings()
		go sato.Far().Answer()
		go suzuki.Far().Answer()
		time.Sleep(time.Second)
		joined, other := sato, suzuki
		if !sato.Far().State().Ended.IsZero() {
			joined, other = suzuki, sato
		}
		if s := other.Far().State(); s.Cause != leg.HungUp && s.Cause != leg.Canceled {
			t.Errorf("the other phone saw %q", s.Cause)
		}
		joined.Says("me")
		caller.Hears("me").HangsUp()
		joined.IsHungUp()
	})
}

func TestStarEndsTheCalledLegAlone(t *testing.T) {
	switchboard(t, `<Response><Dial hangupOnStar="true" action="`+over+`">sim:sato</Dial></Response>`, func(h *phonetest.House) {
		caller, sato := h.Phone("caller"), h.Phone("sato")
		caller.Calls(ours)
		sato.Rings().Answers().Waits(time.Second)
		caller.Presses("12").Waits(time.Second)
		want(t, "keys at the called phone", sato.Far().Digits(), "12")
		sato.Presses("*9").Waits(time.Second)
		want(t, "keys at the caller", caller.Far().Digits(), "*9")
		caller.Presses("*")
		sato.IsHungUp()
		caller.HearsAll("It is over.").IsHungUp()
		want(t, "action", told(h, over, "DialCallStatus", "DialBridged"), "completed true")
	})
}

func TestTheTimeLimitPartsThem(t *testing.T) {
	switchboard(t, `<Response><Dial timeLimit="60" action="`+over+`">sim:sato</Dial></Response>`, func(h *phonetest.House) {
		caller, sato := h.Phone("caller"), h.Phone("sato")
		caller.Calls(ours)
		sato.Rings().Answers().IsHungUp()
		caller.HearsAll("It is over.").IsHungUp()
		want(t, "talked", told(h, over, "DialCallDuration"), "60")
	})
}

func TestAnswerOnBridge(t *testing.T) {
	switchboard(t, `<Response><Dial answerOnBridge="true">sim:sato</Dial></Response>`, func(h *phonetest.House) {
		caller, sato := h.Phone("caller"), h.Phone("sato")
		caller.Calls(ours)
		sato.Rings().Waits(5 * time.Second)
		if s := caller.Far().State(); !s.Answered.IsZero() || s.Rang.IsZero() {
			t.Errorf("the caller was answered before anybody was there: %+v", s)
		}
		sato.Answers()
		caller.IsAnswered()
		sato.Says("hello")
		caller.Hears("hello").HangsUp()
		sato.IsHungUp()
	})
}

func TestKeysAreSentAfterTheAnswer(t *testing.T) {
	switchboard(t, `<Response><Dial><Number sendDigits="ww12#">sim:sato</Number></Dial></Response>`, func(h *phonetest.House) {
		caller, sato := h.Phone("caller"), h.Phone("sato")
		caller.Calls(ours)
		sato.Rings().Answers().Waits(3 * time.Second)
		want(t, "keys", sato.Far().Digits(), "12#")
		sato.HangsUp()
		caller.IsHungUp()
	})
}

func TestStatesOfAChild(t *testing.T) {
	switchboard(t, `<Response><Dial><Number statusCallback="https://owner.example/states" statusCallbackEvent="initiated ringing answered completed">sim:sato</Number></Dial></Response>`, func(h *phonetest.House) {
		h.Web.Serve("https://owner.example/states", "")
		caller, sato := h.Phone("caller"), h.Phone("sato")
		caller.Calls(ours)
		sato.Rings().Answers().Waits(7 * time.Second).HangsUp()
		caller.IsHungUp()
		synctest.Wait()
		want(t, "callbacks", told(h, "https://owner.example/states", "SequenceNumber", "CallStatus", "CallDuration"),
			"0 initiated , 1 ringing , 2 in-progress , 3 completed 7")
	})
}

func TestWhatCannotBeDialledSaysSo(t *testing.T) {
	for _, c := range []struct {
		name, doc string
		code      int
		text      string
	}{
		{"eleven nouns", `<Dial action="` + over + `">` + strings.Repeat("<Number>sim:sato</Number>", 11) + `</Dial>`, 13250, "11 nouns"},
		{"nobody", `<Dial action="` + over + `"/>`, 13223, "nobody to call"},
		{"no number", `<Dial action="` + over + `">help desk</Dial>`, 13223, "is no number"},
		{"an emergency number", `<Dial action="` + over + `">110</Dial>`, 13225, "not called"},
		{"another's caller ID", `<Dial action="` + over + `" callerId="+819099998888">+819011112222</Dial>`, 13214, "neither a number of this installation"},
		{"a caller ID in words", `<Dial action="` + over + `" callerId="us">+819011112222</Dial>`, 13214, "no telephone number"},
		{"no trunk", `<Dial action="` + over + `">+819011112222</Dial>`, 0, "no trunk is configured"},
		{"a mail address", `<Dial action="` + over + `"><Client>a b</Client></Dial>`, 13224, "identity"},
		{"headers in tatters", `<Dial action="` + over + `"><Sip>sip:a@b?x-a=%zz</Sip></Dial>`, 13243, "headers"},
		{"an address without a host", `<Dial action="` + over + `"><Sip>sip:</Sip></Dial>`, 13243, ""},
		{"a queue that nobody made", `<Dial action="` + over + `"><Queue>support</Queue></Dial>`, 0, "there is no queue"},
		{"an application", `<Dial action="` + over + `"><Application>AP1</Application></Dial>`, 21218, "there are no applications"},
		{"a whisper that is no URL", `<Dial action="` + over + `"><Number url="whisper.xml">sim:sato</Number></Dial>`, 11100, "relative"},
	} {
		t.Run(c.name, func(t *testing.T) {
			switchboard(t, `<Response>`+c.doc+`</Response>`, func(h *phonetest.House) {
				h.Phone("caller").Calls(ours).HearsAll("It is over.").IsHungUp()
				want(t, "action", told(h, over, "DialCallStatus", "DialBridged"), "failed false")
				for _, n := range h.Notices() {
					if n.Problem.Code == c.code && strings.Contains(n.Problem.Text, c.text) {
						return
					}
				}
				t.Errorf("no notice %d %q in %v", c.code, c.text, h.Notices())
			})
		})
	}
}

func TestABrowserNobodyDials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := phonetest.New(t, func(s *phonetest.Setup) {
			s.Numbers = []account.Number{{Number: ours, Account: phonetest.Account, TwiML: `<Response><Dial><Client>sato</Client><Number>sim:suzuki</Number></Dial></Response>`}}
			s.NoClients = true
		})
		caller, suzuki := h.Phone("caller"), h.Phone("suzuki")
		caller.Calls(ours)
		suzuki.Rings().Answers().HangsUp()
		caller.IsHungUp()
		if n := h.Notices(); len(n) != 1 || !strings.Contains(n[0].Problem.Text, "client: addresses") {
			t.Errorf("%v", n)
		}
	})
}

func TestABrowserIsToldItsParameters(t *testing.T) {
	switchboard(t, `<Response><Dial callerId="desk"><Client><Identity>sato</Identity><Parameter name="X-Ticket" value="7"/></Client></Dial></Response>`, func(h *phonetest.House) {
		caller, sato := h.Phone("caller"), h.Phone("client:sato")
		caller.Calls(ours)
		sato.Rings()
		want(t, "shown", sato.Sees(), "desk")
		want(t, "told", sato.Far().Info().Headers["X-Ticket"], "7")
		sato.IsBusy()
		caller.IsHungUp()
	})
}

func TestOtherTwiMLTakesTheChildAway(t *testing.T) {
	switchboard(t, `<Response><Dial action="`+over+`">sim:sato</Dial></Response>`, func(h *phonetest.House) {
		caller, sato := h.Phone("caller"), h.Phone("sato")
		caller.Calls(ours)
		sato.Rings().Answers().Waits(time.Second)
		child, ok := h.Desk.Live(children(t, h)[0].SID)
		if !ok {
			t.Fatal("the child is not live")
		}
		if err := child.Redirect(call.Program{TwiML: `<Response><Say>You are parked.</Say><Pause length="5"/></Response>`}); err != nil {
			t.Fatal(err)
		}
		caller.HearsAll("It is over.").IsHungUp()
		sato.HearsAll("You are parked.").IsHungUp()
		want(t, "action", told(h, over, "DialCallStatus", "DialBridged", "DialCallDuration"), "completed true ")
	})
}

func TestOtherTwiMLTakesTheCallerAway(t *testing.T) {
	switchboard(t, `<Response><Dial action="`+over+`">sim:sato</Dial></Response>`, func(h *phonetest.House) {
		caller, sato := h.Phone("caller"), h.Phone("sato")
		caller.Calls(ours)
		sato.Rings().Answers().Waits(time.Second)
		all, _, _ := h.Book.Calls(t.Context(), call.Filter{})
		parent, _ := h.Desk.Live(all[len(all)-1].SID)
		if err := parent.Redirect(call.Program{TwiML: `<Response><Say>Please wait.</Say></Response>`}); err != nil {
			t.Fatal(err)
		}
		sato.IsHungUp()
		caller.HearsAll("Please wait.").IsHungUp()
		want(t, "the action", told(h, over, "DialCallStatus"), "")
	})
}

func TestAMailboxDoesNotKeepTheRingTone(t *testing.T) {
	switchboard(t, `<Response><Dial ringTone="us">sim:mailbox</Dial><Say>Good bye.</Say></Response>`, func(h *phonetest.House) {
		h.Behaves("mailbox", simleg.Voicemail(5*time.Second, phonetest.Words("Leave a message."), 20*time.Second))
		h.Phone("caller").Calls(ours).Hears("ringback").Hears("Leave a message.").HearsAll("Good bye.").IsHungUp()
	})
}

func TestHeadersOfASIPAddress(t *testing.T) {
	switchboard(t, `<Response><Dial action="`+over+`"><Sip username="u" password="p"><Uri>tanaka@phones.example;transport=tcp?x-ticket=7&amp;Via=evil&amp;Remote-Party-ID=x&amp;User-to-User=1%3B2</Uri><Headers><Header name="X-B" value="8"/><Header name="To" value="9"/></Headers></Sip></Dial></Response>`, func(h *phonetest.House) {
		caller, tanaka := h.Phone("caller"), h.Phone("sip:tanaka@phones.example;transport=tcp")
		caller.Calls(ours)
		tanaka.Rings()
		want(t, "told", tanaka.Far().Info().Headers, map[string]string{"x-ticket": "7", "User-to-User": "1;2", "X-B": "8"})
		tanaka.IsBusy()
		caller.HearsAll("It is over.").IsHungUp()
		want(t, "the action", told(h, over, "DialSipCallId", "DialSipResponseCode"), tanaka.Far().Info().CallID+" 486")
	})
}

// exchange is a house with one line to the telephone network.
func exchange(t *testing.T, doc string, tell func(h *phonetest.House)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := phonetest.New(t, func(s *phonetest.Setup) {
			s.Numbers = []account.Number{{Number: ours, Account: phonetest.Account, TwiML: doc}}
			s.Trunks = []trunk.Trunk{{Name: "ntt", Server: "ntt.example", Channels: 1, From: "+815099998888"}}
		})
		h.Web.Serve(over, `<Response><Say>It is over.</Say></Response>`)
		tell(h)
	})
}

func TestOneLineForTwoNumbers(t *testing.T) {
	exchange(t, `<Response><Dial timeout="20" action="`+over+`" callerId="+815099998888"><Number>090-1111-2222</Number><Number>090-3333-4444</Number></Dial></Response>`, func(h *phonetest.House) {
		caller, sato := h.Phone("caller"), h.Phone("sip:+819011112222@ntt.example")
		caller.Calls(ours)
		sato.Rings()
		want(t, "shown", sato.Sees(), "+815099998888")
		sato.StopsRinging()
		caller.HearsAll("It is over.").IsHungUp()
		want(t, "action", told(h, over, "DialCallStatus"), "no-answer")
		if n := h.Notices(); len(n) != 1 || !strings.Contains(n[0].Problem.Text, "no line was free") || n[0].Problem.Verb != "Number" {
			t.Errorf("%v", n)
		}
	})
}

func TestNumbersALineDoesNotReachAreNotDialled(t *testing.T) {
	for _, c := range []struct {
		name, to string
		code     int
		text     string
	}{
		{"abroad", "+14158675309", 13227, "not called until a trunk allows them"},
		{"toll-free, from an 050 line", "0120-444-444", 13225, "8112****4444 is not called: no trunk reaches this number"},
		{"special", "177", 13225, "never dialled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			exchange(t, `<Response><Dial action="`+over+`">`+c.to+`</Dial></Response>`, func(h *phonetest.House) {
				h.Phone("caller").Calls(ours).HearsAll("It is over.").IsHungUp()
				want(t, "action", told(h, over, "DialCallStatus"), "failed")
				if n := h.Notices(); len(n) != 1 || n[0].Problem.Code != c.code || !strings.Contains(n[0].Problem.Text, c.text) {
					t.Errorf("%v", n)
				}
			})
		})
	}
	exchange(t, `<Response><Dial action="`+over+`">+81911234567</Dial></Response>`, func(h *phonetest.House) {
		caller, nobody := h.Phone("caller"), h.Phone("sip:+81911234567@ntt.example")
		caller.Calls(ours)
		nobody.Rings()
		nobody.IsBusy()
		caller.HearsAll("It is over.").IsHungUp()
		if n := h.Notices(); len(n) != 1 || n[0].Problem.Level != problem.Warning || !strings.Contains(n[0].Problem.Text, "no number plan knows") {
			t.Errorf("%v", n)
		}
	})
}

func TestACallerWithANumberIsShown(t *testing.T) {
	exchange(t, `<Response><Dial>090-1111-2222</Dial></Response>`, func(h *phonetest.House) {
		for from, shown := range map[string]string{"sip:+819055556666@ntt.example": "+819055556666", "sip:anonymous@anonymous.invalid": "+815099998888"} {
			caller, sato := h.Phone(from), h.Phone("sip:+819011112222@ntt.example")
			caller.Calls("sip:" + ours + "@kaden.example")
			sato.Rings()
			want(t, "shown for "+from, sato.Sees(), shown)
			sato.IsBusy()
			caller.IsHungUp()
		}
	})
}

// Whoever hangs up in the moment in which somebody is joined leaves nobody behind.
func TestTheCallerHangsUpInTheMomentOfTheAnswer(t *testing.T) {
	for range 20 {
		switchboard(t, `<Response><Dial answerOnBridge="true">sim:sato</Dial></Response>`, func(h *phonetest.House) {
			caller, sato := h.Phone("caller"), h.Phone("sato")
			caller.Calls(ours)
			sato.Rings()
			go caller.Far().HangUp()
			go sato.Far().Answer()
			time.Sleep(2 * time.Second)
			want(t, "calls left", h.Desk.Calls(), 0)
		})
	}
}

func TestANounThatIsOnlyWarnedOf(t *testing.T) {
	switchboard(t, `<Response><Dial><Number statusCallback="states.xml">sim:sato</Number></Dial></Response>`, func(h *phonetest.House) {
		caller, sato := h.Phone("caller"), h.Phone("sato")
		caller.Calls(ours)
		sato.Rings().Answers().HangsUp()
		caller.IsHungUp()
		var said []string
		for _, n := range h.Notices() {
			said = append(said, n.Problem.Text)
		}
		if all := strings.Join(said, "; "); !strings.Contains(all, "relative") {
			t.Errorf("notices: %s", all)
		}
	})
}

func TestARoomIsAnsweredAtOnce(t *testing.T) {
	switchboard(t, `<Response><Dial answerOnBridge="true" hangupOnStar="true" action="`+over+`"><Conference>war-room</Conference></Dial></Response>`, func(h *phonetest.House) {
		caller := h.Phone("caller")
		caller.Calls(ours).IsAnswered().Waits(2 * time.Second)
		caller.Presses("*").HearsAll("It is over.").IsHungUp()
		want(t, "action", told(h, over, "DialCallStatus"), "answered")
	})
}

func TestAMachineIsToldOfInTheBackground(t *testing.T) {
	switchboard(t, `<Response><Dial><Number machineDetection="Enable" machineDetectionSilenceTimeout="3000" amdStatusCallback="https://owner.example/amd">sim:sato</Number></Dial></Response>`, func(h *phonetest.House) {
		h.Web.Serve("https://owner.example/amd", "")
		caller, sato := h.Phone("caller"), h.Phone("sato")
		caller.Calls(ours)
		sato.Rings().Answers().Says("hello")
		caller.Hears("hello") // joined at once
		sato.Waits(10 * time.Second)
		want(t, "told", told(h, "https://owner.example/amd", "CallSid", "AnsweredBy"), string(children(t, h)[0].SID)+" unknown")
		sato.HangsUp()
		caller.IsHungUp()
	})
}
