package main

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/phonetest"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/store/memstore"
	"github.com/kaden-project/kaden/twiml"
	"github.com/kaden-project/kaden/voice"
)

func TestARecordingIsKeptInTheStoreAndPlayedFromIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		web := &phonetest.Web{}
		shelf := recordings{memstore.New(), &asker{outside: web}}
		const said = "https://owner.example/said"
		web.Handle(said, func(a call.Ask) call.Reply {
			return call.Reply{Status: 200, ContentType: "text/xml", Body: []byte(`<Response><Play>` + a.Params.Get("RecordingUrl") + `</Play></Response>`)}
		})
		house := phonetest.New(t, func(s *phonetest.Setup) { s.Asker, s.Recordings = shelf, shelf })
		sato := house.Phone("sato")
		house.Call("sato", twiml.New(twiml.NewRecord(said)))
		sato.Rings().Answers().HearsAll("beep")
		sato.Far().Say(media.Tone(90*time.Second, -18, 440)) // more than fits into a document
		sato.Waits(91 * time.Second).Presses("#").HearsAll("RE").IsHungUp()
		heard := sato.Far().Heard()
		if last := heard[len(heard)-1]; last.To.Sub(last.From) < 90*time.Second {
			t.Errorf("%v were played", last.To.Sub(last.From))
		}
	})
}

// offline is a store that is down.
type offline struct{}

func (offline) PutSound(context.Context, string, string, []byte) error { return errors.New("down") }
func (offline) Sound(context.Context, string) ([]byte, error)          { return nil, errors.New("down") }

func TestRecordingsAndAllElseGoTheirWays(t *testing.T) {
	web := &phonetest.Web{}
	web.Serve("https://owner.example/a.wav", "sound")
	web.Serve(soundsAt+"word", "a signed one")
	r := recordings{memstore.New(), web}
	one := voice.Recording{SID: sid.New[sid.Recording](), WAV: []byte("RIFF")}
	where, err := r.Keep(t.Context(), one)
	if err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]string{
		where: "200 RIFF", where + ".wav": "200 RIFF", "https://owner.example/a.wav": "200 sound", soundsAt + "word": "200 a signed one",
		soundsAt + "RE00000000000000000000000000000000": "404 no such recording",
	} {
		asked, err := r.Ask(t.Context(), call.Ask{URL: url})
		loaded, err2 := r.Load(t.Context(), call.Ask{URL: url}, 1<<20)
		for _, got := range []call.Reply{asked, loaded} {
			if s := strconv.Itoa(got.Status) + " " + string(got.Body); s != want || errors.Join(err, err2) != nil {
				t.Errorf("%s: %s, want %s (%v)", url, s, want, errors.Join(err, err2))
			}
		}
	}
	r.store = offline{}
	if _, err := r.Keep(t.Context(), one); err == nil {
		t.Error("kept while the store is down")
	}
	if _, err := r.Ask(t.Context(), call.Ask{URL: where}); err == nil {
		t.Error("read while the store is down")
	}
}
