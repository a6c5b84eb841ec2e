package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/webhook"
)

// book is a Book in memory.
type book struct {
	mu        sync.Mutex
	exchanges []account.Exchange
	notes     []account.Notification
	writes    int
	fails     error
}

func (b *book) KeepDebug(_ context.Context, e []account.Exchange, n []account.Notification) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.exchanges, b.notes, b.writes = append(b.exchanges, e...), append(b.notes, n...), b.writes+1
	return b.fails
}

// asker answers as it is told.
type asker func(a call.Ask) (call.Reply, error)

func (f asker) Ask(_ context.Context, a call.Ask) (call.Reply, error) { return f(a) }

// kept runs a journal until it has written everything that tell made it hear.
func kept(t *testing.T, next call.Asker, b *book, ours func(string) bool, tell func(j *webhook.Journal)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		j := webhook.NewJournal(slog.New(slog.DiscardHandler), next, b, ours)
		ctx, stop := context.WithCancel(t.Context())
		var run sync.WaitGroup
		run.Go(func() { j.Run(ctx) })
		tell(j)
		stop()
		run.Wait()
	})
}

const (
	who = sid.Account("AC00000000000000000000000000000001")
	one = sid.Call("CA00000000000000000000000000000001")
)

func ask(url string, params ...string) call.Ask {
	v := map[string][]string{"CallSid": {string(one)}}
	for i := 0; i < len(params); i += 2 {
		v[params[i]] = []string{params[i+1]}
	}
	return call.Ask{Account: who, Call: one, Method: "POST", URL: url, Params: v}
}

func TestWhatIsAskedIsWrittenDownWithItsAnswer(t *testing.T) {
	b := &book{}
	next := asker(func(a call.Ask) (call.Reply, error) {
		time.Sleep(70 * time.Millisecond)
		return call.Reply{URL: a.URL, Status: 200, ContentType: "text/xml", Header: map[string][]string{"X-A": {"b"}}, Body: []byte("<Response/>")}, nil
	})
	kept(t, next, b, nil, func(j *webhook.Journal) {
		if r, err := j.Ask(t.Context(), ask("https://a.example/v", "Digits", "1")); err != nil || string(r.Body) != "<Response/>" {
			t.Errorf("%v, %v", r, err)
		}
		j.Ask(t.Context(), call.Ask{URL: "https://a.example/nobodys"})
	})
	if len(b.exchanges) != 1 || len(b.notes) != 0 {
		t.Fatalf("%d exchanges, %d notes", len(b.exchanges), len(b.notes))
	}
	if e := b.exchanges[0]; e.Account != who || e.Call != one || e.Method != "POST" || e.URL != "https://a.example/v" || e.Params.Get("Digits") != "1" ||
		e.Status != 200 || e.Took != 70*time.Millisecond || e.Body != "<Response/>" || e.Code != 0 || e.Header["X-A"][0] != "b" {
		t.Errorf("written %+v", e)
	}
}

func TestANoticeComesWithTheRequestItIsAbout(t *testing.T) {
	b := &book{}
	next := asker(func(a call.Ask) (call.Reply, error) {
		switch a.URL {
		case "https://a.example/broken":
			return call.Reply{URL: a.URL, Status: 500, ContentType: "text/html", Body: []byte("<h1>Traceback")}, nil
		case "https://a.example/gone":
			return call.Reply{}, &call.Problem{Code: 11210, Text: "the host name a.example is not known"}
		case "https://a.example/moved":
			return call.Reply{URL: "https://b.example/v", Status: 200, ContentType: "text/xml", Body: []byte("<Response><Sai/></Response>")}, nil
		}
		return call.Reply{URL: a.URL, Status: 200, ContentType: "text/xml", Body: []byte("<Response/>")}, nil
	})
	kept(t, next, b, nil, func(j *webhook.Journal) {
		note := func(code int, url string) {
			j.Note(account.Notification{Account: who, Call: one, Code: code, Text: fmt.Sprint(code)}, url)
		}
		j.Ask(t.Context(), ask("https://a.example/moved"))
		j.Ask(t.Context(), ask("https://a.example/broken"))
		j.Ask(t.Context(), ask("https://a.example/gone"))
		j.Ask(t.Context(), ask("https://a.example/later"))
		note(12200, "https://b.example/v")
		note(11200, "https://a.example/before")
		note(11210, "")
		note(13214, "https://a.example/forgotten")
		j.Note(account.Notification{Call: one}, "nobody's")
	})
	want := []string{"12200 https://a.example/moved <Response><Sai/></Response>", "11200 https://a.example/broken <h1>Traceback", "11210 https://a.example/gone ",
		"13214 https://a.example/forgotten "}
	if len(b.notes) != len(want) {
		t.Fatalf("%d notes: %+v", len(b.notes), b.notes)
	}
	for i, n := range b.notes {
		if got := fmt.Sprintf("%d %s %s", n.Code, n.Exchange.URL, n.Exchange.Body); got != want[i] || !strings.HasPrefix(string(n.SID), "NO") || n.At.IsZero() {
			t.Errorf("note %s, want %s (%+v)", got, want[i], n)
		}
	}
}

func TestACallbackThatFailsIsANotification(t *testing.T) {
	b := &book{}
	next := asker(func(a call.Ask) (call.Reply, error) {
		switch {
		case strings.HasSuffix(a.URL, "/502"):
			return call.Reply{Status: 502, Body: []byte("bad gateway")}, nil
		case strings.HasSuffix(a.URL, "/over"):
			return call.Reply{}, &call.Problem{Code: 11200, Text: "dropped", Err: context.Canceled}
		}
		return call.Reply{}, errors.New("no route")
	})
	kept(t, next, b, func(url string) bool { return strings.HasPrefix(url, "http://ours/") }, func(j *webhook.Journal) {
		j.Ask(t.Context(), ask("https://a.example/502", "CallbackSource", "call-progress-events"))
		j.Ask(t.Context(), ask("https://a.example/away", "RecordingStatus", "completed"))
		j.Ask(t.Context(), ask("https://a.example/502"))                                                       // a document: who asked for it says so
		j.Ask(t.Context(), ask("https://a.example/502", "MessageStatus", "sent", "CallStatus", "in-progress")) // the action of an <Sms>
		j.Ask(t.Context(), ask("https://a.example/over", "CallbackSource", "call-progress-events"))
		j.Ask(t.Context(), ask("http://ours/502", "CallbackSource", "call-progress-events"))
	})
	if len(b.exchanges) != 4 || len(b.notes) != 2 {
		t.Fatalf("%d exchanges, %d notes", len(b.exchanges), len(b.notes))
	}
	if n := b.notes[0]; n.Code != 15003 || !n.Warning || n.Text != "status callback not delivered: the server answered with HTTP 502" || n.Exchange.Body != "bad gateway" {
		t.Errorf("noted %+v", n)
	}
	if n := b.notes[1]; !strings.Contains(n.Text, "no route") || n.Exchange.Code != 11200 {
		t.Errorf("noted %+v", n)
	}
}

func TestWhatOnlyTellsIsMissedWhenItFails(t *testing.T) {
	for _, params := range [][]string{
		{"CallbackSource", "call-progress-events"}, {"RecordingStatus", "completed"}, {"StatusCallbackEvent", "conference-end"}, {"MessageStatus", "sent"},
		{"StreamEvent", "stream-error"}, {"AnsweredBy", "human", "MachineDetectionDuration", "900"}, {"VerificationStatus", "success"},
	} {
		b := &book{}
		next := asker(func(a call.Ask) (call.Reply, error) { return call.Reply{Status: 502}, nil })
		kept(t, next, b, nil, func(j *webhook.Journal) { j.Ask(t.Context(), ask("https://a.example/", params...)) })
		code := 15003
		if params[0] == "StatusCallbackEvent" { // an error of its own at Twilio
			code = 16011
		}
		if len(b.notes) != 1 || b.notes[0].Code != code || b.notes[0].Warning != (code == 15003) {
			t.Errorf("%v: noted %v", params, b.notes)
		}
	}
}

func TestALongAnswerIsWholeInANotificationAlone(t *testing.T) {
	b := &book{}
	long := strings.Repeat("長", 20_000)
	next := asker(func(a call.Ask) (call.Reply, error) {
		if strings.HasSuffix(a.URL, ".wav") {
			return call.Reply{Status: 200, ContentType: "audio/x-wav", Body: []byte("RIFF\xff")}, nil
		}
		return call.Reply{Status: 404, ContentType: "text/plain; charset=utf-8", Body: []byte(long)}, nil
	})
	kept(t, next, b, nil, func(j *webhook.Journal) {
		j.Ask(t.Context(), ask("https://a.example/s", "CallbackSource", "call-progress-events"))
		j.Load(t.Context(), ask("https://a.example/a.wav"), 1<<20)
	})
	if got := b.exchanges[0].Body; len(got) > 9<<10 || !strings.HasSuffix(got, "長…") {
		t.Errorf("%d bytes in the history, ending in %q", len(got), got[len(got)-9:])
	}
	if got := b.notes[0].Exchange.Body; got != long {
		t.Errorf("%d bytes in the notification", len(got))
	}
	if got := b.exchanges[1].Body; got != "" {
		t.Errorf("sound is written down: %q", got)
	}
}

func TestTooMuchAtOnceIsDroppedAndHoldsNobodyUp(t *testing.T) {
	b := &book{fails: errors.New("disk full")}
	j := webhook.NewJournal(slog.New(slog.DiscardHandler), asker(func(call.Ask) (call.Reply, error) { return call.Reply{Status: 200}, nil }), b, nil)
	for range 10_000 {
		j.Ask(t.Context(), ask("https://a.example/v"))
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := j.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if len(b.exchanges) != 4096 || b.writes > 5 {
		t.Errorf("%d written in %d writes", len(b.exchanges), b.writes)
	}
}

func TestAnAnswerComesWithItsHeaders(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Server", "owner/1") }))
	defer s.Close()
	c := webhook.New(slog.New(slog.DiscardHandler), webhook.Config{AllowLoopback: true})
	defer c.Close()
	r, err := c.Ask(t.Context(), call.Ask{Method: "POST", URL: s.URL, Params: url.Values{}})
	if err != nil || r.Header["Server"][0] != "owner/1" {
		t.Errorf("%v, %v", r.Header, err)
	}
}

func TestWhatWaitsAndWhatIsAtHandIsBounded(t *testing.T) {
	b := &book{}
	long := strings.Repeat("x", 60<<10)
	next := asker(func(a call.Ask) (call.Reply, error) {
		return call.Reply{URL: a.URL, Status: 500, ContentType: "text/html", Body: []byte(long)}, nil
	})
	j := webhook.NewJournal(slog.New(slog.DiscardHandler), next, b, nil)
	for i := range 3000 {
		a := ask(fmt.Sprintf("https://a.example/%d", i), "CallbackSource", "call-progress-events")
		a.Call = sid.Call(fmt.Sprintf("CA%032d", i))
		j.Ask(t.Context(), a)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	j.Run(ctx)
	if n := len(b.notes); n < 400 || n > 600 { // of 60 KiB each, in 32 MiB
		t.Errorf("%d notifications waited", n)
	}
	b.notes = nil
	for _, i := range []int{2999, 2900, 1} { // 8 MiB are at hand
		j.Note(account.Notification{Account: who, Call: sid.Call(fmt.Sprintf("CA%032d", i)), Code: 12200}, fmt.Sprintf("https://a.example/%d", i))
	}
	j.Run(ctx)
	for i, want := range []int{500, 500, 0} {
		if got := b.notes[i].Exchange.Status; got != want {
			t.Errorf("note %d came with an answer of %d, want %d", i, got, want)
		}
	}
}
