package main

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/phonetest"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/store/memstore"
	"github.com/kaden-project/kaden/twiml"
)

func here() string { return "http://127.0.0.1:8080" }

func TestARecordingIsKeptInTheStoreAndPlayedFromIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		web := &phonetest.Web{}
		books := memstore.New()
		shelf := recordings{books: books, base: here, rest: &asker{outside: web}}
		const said = "https://owner.example/said"
		var where string
		web.Handle(said, func(a call.Ask) call.Reply {
			where = a.Params.Get("RecordingUrl")
			return call.Reply{Status: 200, ContentType: "text/xml", Body: []byte(`<Response><Play>` + where + `.mp3</Play></Response>`)}
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
		list, _, err := books.Recordings(t.Context(), account.RecordingFilter{})
		if err != nil || len(list) != 1 {
			t.Fatalf("%v, %v", list, err)
		}
		if r := list[0]; r.Source != "RecordVerb" || r.Status != "completed" || r.Channels != 1 || r.Duration < 90*time.Second ||
			where != here()+"/2010-04-01/Accounts/"+string(r.Account)+"/Recordings/"+string(r.SID) {
			t.Errorf("kept %+v as %s", r, where)
		}
	})
}

// offline are books that cannot be reached.
type offline struct{ account.Books }

func (offline) PutRecording(context.Context, account.Recording, []byte) error {
	return errors.New("down")
}

func (offline) RecordingSound(context.Context, sid.Account, sid.Recording) ([]byte, error) {
	return nil, errors.New("down")
}

func TestRecordingsAndAllElseGoTheirWays(t *testing.T) {
	web := &phonetest.Web{}
	web.Serve("https://owner.example/a.wav", "sound")
	r := recordings{books: memstore.New(), base: here, rest: web}
	one := call.Recording{SID: sid.New[sid.Recording](), Account: sid.New[sid.Account](), WAV: []byte("RIFF")}
	where, err := r.Keep(t.Context(), one)
	if err != nil {
		t.Fatal(err)
	}
	for _, open := range []bool{false, true} {
		r.open = open
		stranger := "404 no such recording"
		if open {
			stranger = "200 RIFF"
		}
		for _, tt := range []struct {
			url  string
			who  sid.Account
			want string
		}{
			{where, one.Account, "200 RIFF"}, {where + ".wav", one.Account, "200 RIFF"}, {where + ".mp3?RequestedChannels=1", one.Account, "200 RIFF"},
			{where, sid.New[sid.Account](), stranger}, {"https://owner.example/a.wav", one.Account, "200 sound"},
			{strings.Replace(where, string(one.SID), "RE"+strings.Repeat("0", 32), 1), one.Account, "404 no such recording"},
		} {
			q := call.Ask{URL: tt.url, Account: tt.who}
			asked, err := r.Ask(t.Context(), q)
			loaded, err2 := r.Load(t.Context(), q, 1<<20)
			for _, got := range []call.Reply{asked, loaded} {
				if s := strconv.Itoa(got.Status) + " " + string(got.Body); s != tt.want || errors.Join(err, err2) != nil {
					t.Errorf("%s: %s, want %s (%v)", tt.url, s, tt.want, errors.Join(err, err2))
				}
			}
		}
	}
	r.books = offline{}
	if _, err := r.Keep(t.Context(), one); err == nil {
		t.Error("kept while the store is down")
	}
	if _, err := r.Ask(t.Context(), call.Ask{URL: where}); err == nil {
		t.Error("read while the store is down")
	}
}
