package main_test

import (
	"log/slog"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/media/mediatest"
	"github.com/kaden-project/kaden/speech"
	"github.com/kaden-project/kaden/speech/flite"
	"github.com/kaden-project/kaden/speech/openjtalk"
	"github.com/kaden-project/kaden/store/storetest"
	"github.com/kaden-project/kaden/timeline"
)

// spoken is what a sentence sounds like: synthesised here once more, apart from the server and its cache.
func spoken(t testing.TB, language, text string) []int16 {
	t.Helper()
	s := speech.New(slog.New(slog.DiscardHandler), speech.Config{
		Providers: []speech.Provider{openjtalk.New(openjtalk.Config{}), flite.New(flite.Config{})},
	})
	clip, err := s.Speak(t.Context(), speech.Utterance{Language: language, Spans: []speech.Span{{Text: text}}})
	if err != nil {
		t.Fatal(err)
	}
	return clip.Samples()
}

// tongue is what kaden says in a language when an alert named disk comes in.
type tongue struct {
	name, language, env   string
	title                 string
	message, menu, thanks string
}

var tongues = []tongue{
	{
		name: "English", language: "en-US", env: "LANG=en_US.UTF-8", title: "disk full on db01",
		message: "Critical alert from json. " + alert.Speakable("disk full on db01", "en") + ".",
		menu:    "Press 1 to take it. 2 if you cannot. 9 to hear it again.",
		thanks:  "Recorded: you have taken it. Thank you.",
	},
	{
		name: "Japanese", language: "ja-JP", env: "LANG=ja_JP.UTF-8", title: "データベースのディスクに空きがありません",
		message: alert.Speakable("json", "ja") + " からの、重大の通報です。データベースのディスクに空きがありません。",
		menu:    "引き受けるときは、1を押してください。引き受けられないときは、2。もう一度聞くときは、9",
		thanks:  "引き受けを記録しました。よろしくお願いします。",
	},
}

// The curl that kaden prints makes a softphone ring. It hears the message, presses 1, and the phones of
// the others, which were ringing, stop.
func TestTheCurlThatIsPrintedRingsAPhone(t *testing.T) {
	t.Parallel()
	needs(t, "curl", "curl")
	for _, database := range []string{"SQLite", "PostgreSQL"} {
		for _, in := range tongues {
			t.Run(database+" "+in.name, func(t *testing.T) {
				t.Parallel()
				needsVoice(t, in.language[:2])
				me, second, third := newPhone(t), newPhone(t), newPhone(t)
				options := []option{with("--phone", me.address()), withEnv(in.env)}
				if database == "PostgreSQL" {
					options = append(options, withEnv("KADEN_DATABASE_URL="+storetest.Postgres(t)))
				}
				s := serve(t, options...)
				s.apply(
					"person: second\nlanguage: "+in.language+"\ncontacts: ["+second.address()+"]",
					"person: third\nlanguage: "+in.language+"\ncontacts: ["+third.address()+"]",
					"plan: default\nsteps:\n  - call: [me, second, third]\n    order: together\n    ring: 60s\n",
				)
				printed := s.curl("This rings:")
				pasted := exec.CommandContext(t.Context(), "sh", "-c", strings.ReplaceAll(printed, "disk full on db01", in.title))
				pasted.Env = environment()
				out, err := pasted.Output()
				if err != nil || !strings.Contains(string(out), `"stored"`) {
					t.Fatalf("the curl that was printed: %v\n%s\n%s", err, printed, out)
				}
				me.rings()
				second.rings()
				third.rings()
				id := s.alerts()[0].ID

				me.picksUp()
				message := spoken(t, in.language, in.message)
				me.hears(duration(message) + 2*time.Second)
				if n := s.night(id); n.Status != "stored" || second.stopped() || third.stopped() {
					t.Errorf("an answer alone stopped the others:\n%s", n)
				}
				me.presses("1")
				s.until(id, timeline.AlertAcknowledged, "me")
				second.sees("CALL_CLOSED")
				third.sees("CALL_CLOSED")
				me.sees("CALL_CLOSED")

				n := s.night(id)
				confirmed, ok := n.first(timeline.AttemptConfirmed, "me")
				if key, pressed := n.first(timeline.AttemptDigit, "me"); !ok || confirmed.Digit != "1" && (!pressed || key.Digit != "1") {
					t.Errorf("the timeline does not say that me confirmed with key 1:\n%s", n)
				}
				for _, who := range []string{"second", "third"} {
					if n.count(timeline.AttemptCanceled, who) != 1 {
						t.Errorf("the timeline does not say that the call to %s was cancelled:\n%s", who, n)
					}
				}
				for _, p := range []*phone{second, third} {
					if log := p.log(); strings.Count(log, "\nCANCEL sip:") != 1 || strings.Contains(log, "\nBYE sip:") {
						t.Errorf("a phone that rang saw no CANCEL:\n%s", tail(filepath.Join(p.dir, "log"), 4000))
					}
				}

				heard := me.recorded()
				found := mediatest.Find(heard, message)
				t.Logf("%s: the message is in the recording with %.3f, its first word %v after the answer", in.name, found.Score, duration(heard[:found.Offset]))
				if found.Score < 0.8 {
					t.Errorf("the phone did not hear the message %q: correlation %.3f", in.message, found.Score)
				}
				if at := duration(heard[:found.Offset]); at < 500*time.Millisecond || at > 1500*time.Millisecond {
					t.Errorf("the first word came %v after the answer, want 0.8 s", at)
				}
				if got := mediatest.Find(heard[found.Offset:], spoken(t, in.language, in.thanks)).Score; got < 0.8 {
					t.Errorf("the phone did not hear that it is recorded: correlation %.3f", got)
				}
				// The measure tells words apart: what was not said is not found.
				for _, other := range tongues {
					if other.name == in.name {
						continue
					}
					if got := mediatest.Find(heard, spoken(t, other.language, other.message)).Score; got > 0.4 {
						t.Errorf("the recording is said to hold words of %s: correlation %.3f", other.name, got)
					}
				}
			})
		}
	}
}

func duration(samples []int16) time.Duration {
	return time.Duration(len(samples)) * time.Second / media.Rate
}
