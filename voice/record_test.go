package voice_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/media/mediatest"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/phonetest"
	"github.com/kaden-project/kaden/twiml"
	"github.com/kaden-project/kaden/voice"
)

// house runs a story in a bubble.
func house(t *testing.T, tell func(t *testing.T, h *phonetest.House), with ...func(*phonetest.Setup)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { tell(t, phonetest.New(t, with...)) })
}

const (
	said = "https://owner.example/said"
	kept = "https://owner.example/kept"
)

// message is a rising tone: unlike itself at any other place.
func message(d time.Duration) []int16 {
	var s []int16
	var f media.Frame
	for hz := 300.0; len(s) < int(d.Seconds()*media.Rate); hz += 13 {
		src := media.Tone(media.Period, -18, hz)
		src.Read(&f)
		s = append(s, f[:]...)
	}
	return s
}

func speaks(p *phonetest.Phone, s []int16) { p.Far().Say(media.NewClip(s, "").Source()) }

func records(t *testing.T, h *phonetest.House, n int) []voice.Recording {
	t.Helper()
	synctest.Wait()
	list := h.Shelf.Kept()
	if len(list) != n {
		t.Fatalf("%d recordings, want %d", len(list), n)
	}
	return list
}

func TestAMessageIsLeftAndPlayed(t *testing.T) {
	house(t, func(t *testing.T, h *phonetest.House) {
		h.Web.Handle(said, func(a call.Ask) call.Reply {
			return call.Reply{Status: 200, ContentType: "text/xml", Body: []byte(`<Response><Say>You said</Say><Play>` + a.Params.Get("RecordingUrl") + `</Play></Response>`)}
		})
		sato := h.Phone("sato")
		doc := twiml.NewRecord(said)
		doc.StatusCallback, doc.StatusCallbackEvent = kept, []string{"in-progress", "completed", "absent"}
		h.Call("sato", twiml.New(twiml.NewSay("en-US", "Speak after the beep."), doc))
		sato.Rings().Answers().HearsAll("Speak").HearsAll("beep").Waits(time.Second)
		words := message(4 * time.Second)
		ear := media.NewRecorder(time.Minute)
		speaks(sato, words)
		sato.Waits(6 * time.Second).Presses("#")
		sato.Far().Listen(ear)
		r := records(t, h, 1)[0]
		sato.HearsAll("You said").HearsAll(string(r.SID)).IsHungUp()
		samples, err := media.ReadWAV(r.WAV)
		if err != nil {
			t.Fatal(err)
		}
		if m := mediatest.Find(samples, words); m.Score < 0.95 {
			t.Errorf("what is kept is not what was said: %.2f", m.Score)
		}
		if m := mediatest.Find(ear.Samples(), words); m.Score < 0.95 {
			t.Errorf("what is played is not what was said: %.2f", m.Score)
		}
		if r.Duration < 4*time.Second || r.Duration > 4200*time.Millisecond {
			t.Errorf("%v are kept, want 4 s without the silence around them", r.Duration)
		}
		want(t, "action", told(h, said, "RecordingUrl", "RecordingDuration", "Digits", "CallStatus", "RecordingSid"),
			fmt.Sprintf("https://recordings.example/%s 4 # in-progress %s", r.SID, r.SID))
		want(t, "callbacks", told(h, kept, "RecordingStatus", "RecordingDuration", "RecordingSource", "RecordingChannels"), "in-progress  RecordVerb 1, completed 4 RecordVerb 1")
	})
}

func TestARecordingEndsBySilenceKeyOrLength(t *testing.T) {
	for _, tt := range []struct {
		name   string
		record twiml.Record
		speak  time.Duration
		keys   string
		after  time.Duration // from the beginning of the recording to the action
		length time.Duration
		digits string
	}{
		{"silence", twiml.Record{Action: said, Timeout: 3 * time.Second}, 2 * time.Second, "", 6 * time.Second, 2 * time.Second, ""},
		{"the length", twiml.Record{Action: said, Timeout: 3 * time.Second, MaxLength: 5 * time.Second}, time.Minute, "", 5 * time.Second, 4 * time.Second, ""},
		{"a key", twiml.Record{Action: said, FinishOnKey: "0#"}, 10 * time.Second, "1#", 4 * time.Second, 3 * time.Second, "#"},
		{"the length, without a silence", twiml.Record{Action: said, MaxLength: 30 * time.Second, Trim: "do-not-trim"}, time.Second, "5", 30 * time.Second, 30 * time.Second, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			house(t, func(t *testing.T, h *phonetest.House) {
				h.Web.Serve(said, `<Response/>`)
				sato := h.Phone("sato")
				h.Place(call.Order{To: to, Program: call.Program{TwiML: twiml.New(&tt.record).String()}})
				sato.Rings().Answers()
				began := time.Now()
				sato.Waits(time.Second)
				speaks(sato, message(tt.speak))
				sato.Waits(3 * time.Second).Presses(tt.keys).IsHungUp()
				r := records(t, h, 1)[0]
				if d := r.Duration - tt.length; d < -50*time.Millisecond || d > 150*time.Millisecond {
					t.Errorf("%v are kept, want %v", r.Duration, tt.length)
				}
				for _, a := range h.Web.Asked() {
					if a.URL != said {
						continue
					}
					if d := a.At.Sub(began) - tt.after; d < -50*time.Millisecond || d > 150*time.Millisecond {
						t.Errorf("the action is asked after %v, want %v", a.At.Sub(began), tt.after)
					}
					if got := a.Params.Get("Digits"); got != tt.digits {
						t.Errorf("Digits %q, want %q", got, tt.digits)
					}
				}
			})
		})
	}
}

func TestWhoHangsUpHasBeenRecorded(t *testing.T) {
	house(t, func(t *testing.T, h *phonetest.House) {
		h.Web.Serve(said, `<Response><Say>Nobody hears this.</Say></Response>`)
		sato := h.Phone("sato")
		doc := twiml.NewRecord(said)
		doc.StatusCallback = kept
		h.Call("sato", twiml.New(doc))
		sato.Rings().Answers().HearsAll("beep")
		words := message(10 * time.Second)
		speaks(sato, words)
		sato.Waits(3 * time.Second).HangsUp().Waits(time.Second)
		r := records(t, h, 1)[0]
		samples, err := media.ReadWAV(r.WAV)
		if m := mediatest.Find(samples, words[:2*media.Rate]); err != nil || m.Score < 0.95 {
			t.Errorf("what is kept is not what was said: %.2f, %v", m.Score, err)
		}
		want(t, "action", told(h, said, "Digits", "CallStatus", "RecordingDuration"), "hangup completed 3")
		want(t, "callbacks", told(h, kept, "RecordingStatus"), "completed")
	})
}

func TestOtherTwiMLDuringARecordingLosesNothing(t *testing.T) {
	house(t, func(t *testing.T, h *phonetest.House) {
		sato := h.Phone("sato")
		c := h.Call("sato", twiml.New(twiml.NewRecord(said)))
		sato.Rings().Answers().HearsAll("beep")
		speaks(sato, message(10*time.Second))
		sato.Waits(3 * time.Second)
		if err := c.Redirect(call.Program{TwiML: `<Response><Say>Enough.</Say></Response>`}); err != nil {
			t.Fatal(err)
		}
		sato.HearsAll("Enough").IsHungUp()
		records(t, h, 1)
		want(t, "action", told(h, said, "Digits"), "")
	})
}

// In stories speech is silence with words.
func TestWordsAreSpeech(t *testing.T) {
	house(t, func(t *testing.T, h *phonetest.House) {
		h.Web.Serve(said, `<Response/>`)
		sato := h.Phone("sato")
		h.Call("sato", twiml.New(twiml.NewRecord(said)))
		sato.Rings().Answers().HearsAll("beep").Says("db01 is back").IsHungUp()
		if d := records(t, h, 1)[0].Duration; d < 6*time.Second || d > 6200*time.Millisecond { // a second, and five of silence
			t.Errorf("%v are kept", d)
		}
	})
}

func TestNothingSaidIsNoRecording(t *testing.T) {
	house(t, func(t *testing.T, h *phonetest.House) {
		sato := h.Phone("sato")
		doc := twiml.NewRecord(said)
		doc.StatusCallback, doc.StatusCallbackEvent = kept, []string{"absent"}
		h.Call("sato", twiml.New(doc, twiml.NewSay("en-US", "You said nothing.")))
		sato.Rings().Answers().HearsAll("beep").HearsAll("You said nothing").IsHungUp()
		records(t, h, 0)
		want(t, "action", told(h, said, "Digits"), "")
		want(t, "callbacks", told(h, kept, "RecordingStatus"), "absent")

		h.Call("sato", twiml.New(twiml.NewRecord(said)))
		sato.Rings().Answers().HearsAll("beep").HangsUp().Waits(time.Second)
		records(t, h, 0)
		want(t, "action", told(h, said, "Digits"), "")
	})
}

// broken keeps nothing.
type broken struct{}

func (broken) Keep(context.Context, voice.Recording) (string, error) {
	return "", errors.New("the disk is full")
}

func TestWhatCannotBeKeptIsSaid(t *testing.T) {
	house(t, func(t *testing.T, h *phonetest.House) {
		h.Web.Serve(said, `<Response><Say>Thank you all the same.</Say></Response>`)
		sato := h.Phone("sato")
		doc := twiml.NewRecord(said)
		doc.StatusCallback, doc.StatusCallbackEvent, doc.Transcribe, doc.MaxLength = kept, []string{"completed", "absent"}, true, 2*time.Hour
		h.Call("sato", twiml.New(doc))
		sato.Rings().Answers().HearsAll("beep")
		speaks(sato, message(time.Second))
		sato.HearsAll("Thank you").IsHungUp()
		want(t, "action", told(h, said, "RecordingUrl", "RecordingSid", "RecordingDuration", "Digits"), "  1 ")
		want(t, "callbacks", told(h, kept, "RecordingStatus"), "absent")
		notices := fmt.Sprint(h.Notices())
		for _, words := range []string{"the disk is full", "no transcription", "an hour at most"} {
			if !strings.Contains(notices, words) {
				t.Errorf("nothing is said of %q: %s", words, notices)
			}
		}
	}, func(s *phonetest.Setup) { s.Recordings = broken{} })
}

func TestARecordingWithNowhereToGo(t *testing.T) {
	house(t, func(t *testing.T, h *phonetest.House) {
		sato := h.Phone("sato")
		doc := twiml.NewRecord("/relative")
		doc.StatusCallback = "/relative"
		h.Call("sato", twiml.New(doc))
		sato.Rings().Answers().HearsAll("beep")
		speaks(sato, message(time.Second))
		sato.HearsAll("An application error").IsHungUp()
		records(t, h, 1)
	})
}

func TestWithoutAPlaceForRecordings(t *testing.T) {
	house(t, func(t *testing.T, h *phonetest.House) {
		h.Web.Serve(said, `<Response/>`)
		sato := h.Phone("sato")
		runner := voice.New(discard, voice.Config{Speaker: phonetest.Mumble{}, Asker: h.Web, Notify: func(n voice.Notice) {
			if !strings.Contains(n.Problem.Text, "no place for recordings") {
				t.Errorf("notice %v", n.Problem)
			}
		}})
		desk := call.New(discard, call.Config{Store: h.Book, Asker: h.Web, Script: runner.Script, Dialers: dialers(h)})
		c, err := desk.Place(t.Context(), call.Order{To: to, Account: phonetest.Account, Program: call.Program{TwiML: twiml.New(twiml.NewRecord(said)).String()}})
		if err != nil {
			t.Fatal(err)
		}
		sato.Rings().Answers().HearsAll("beep")
		speaks(sato, message(time.Second))
		sato.IsHungUp()
		c.Wait()
		want(t, "action", told(h, said, "RecordingUrl", "RecordingDuration"), " 1")
		if err := desk.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

var discard = slog.New(slog.DiscardHandler)

func dialers(h *phonetest.House) map[number.Scheme]leg.Dialer {
	return map[number.Scheme]leg.Dialer{number.Sim: h.Dialer()}
}
