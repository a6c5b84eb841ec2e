package voice_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/phonetest"
	"github.com/kaden-project/kaden/sid"
)

// bot is a program at the other end of a stream: it says half a second of sound and hangs up at the key 9.
type bot struct {
	mu     sync.Mutex
	events []string
	opened []string
}

func (b *bot) Open(_ context.Context, _ sid.Account, _ sid.Call, url string) (call.Socket, error) {
	b.opened = append(b.opened, url)
	if strings.Contains(url, "nobody") {
		return nil, &call.Problem{Code: 31901, Text: "nobody answers"}
	}
	return &socket{bot: b, closed: make(chan struct{}), says: make(chan string, 10)}, nil
}

// socket is one stream of a bot.
type socket struct {
	bot    *bot
	closed chan struct{}
	says   chan string
	once   sync.Once
}

func (l *socket) Send(_ context.Context, text []byte) error {
	var v struct {
		Event string
		Start struct {
			Tracks           []string
			CustomParameters map[string]string
		}
		DTMF struct{ Digit string }
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return err
	}
	l.bot.mu.Lock()
	defer l.bot.mu.Unlock()
	switch v.Event {
	case "start":
		l.bot.events = append(l.bot.events, fmt.Sprint("start ", v.Start.Tracks, v.Start.CustomParameters))
		l.says <- `{"event":"media","media":{"payload":"` + base64.StdEncoding.EncodeToString(make([]byte, 4000)) + `"}}`
	case "dtmf":
		l.bot.events = append(l.bot.events, "key "+v.DTMF.Digit)
		if v.DTMF.Digit == "9" {
			l.Close("")
		}
	case "stop":
		l.bot.events = append(l.bot.events, "stop")
	}
	return nil
}

func (l *socket) Receive(context.Context) ([]byte, error) {
	select {
	case text := <-l.says:
		return []byte(text), nil
	case <-l.closed:
		return nil, io.EOF
	}
}

func (l *socket) Close(string) { l.once.Do(func() { close(l.closed) }) }

// studio is a house with a bot behind its WebSockets, whose number answers with doc.
func studio(t *testing.T, doc string, tell func(h *phonetest.House, b *bot)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bot{}
		h := phonetest.New(t, func(s *phonetest.Setup) {
			s.Numbers = []account.Number{{Number: ours, Account: phonetest.Account, TwiML: doc}}
			s.Sockets = b
		})
		h.Web.Serve(over, `<Response><Say>It is over.</Say></Response>`)
		tell(h, b)
	})
}

func TestABotTalksUntilItHangsUp(t *testing.T) {
	studio(t, `<Response><Connect action="`+over+`"><Stream url="wss://owner.example/bot"><Parameter name="who" value="sato"/></Stream></Connect></Response>`, func(h *phonetest.House, b *bot) {
		sato := h.Phone("sato")
		sato.Calls(ours).IsAnswered().Hears("(stream)").Waits(2 * time.Second)
		sato.Presses("1").Waits(time.Second)
		sato.Presses("9").HearsAll("It is over").IsHungUp()
		want(t, "the bot", strings.Join(b.events, ", "), "start [inbound] map[who:sato], key 1, key 9, stop")
	})
}

func TestAStreamRunsBesideTheCallAndIsStopped(t *testing.T) {
	studio(t, `<Response><Start><Stream url="wss://owner.example/ear" name="ear" track="both_tracks" statusCallback="https://owner.example/s"/></Start><Say>Hello.</Say><Pause length="3"/>`+
		`<Stop><Stream name="ear"/><Stream name="nobody"/></Stop><Pause length="2"/><Say>Bye.</Say></Response>`, func(h *phonetest.House, b *bot) {
		sato := h.Phone("sato")
		sato.Calls(ours).HearsAll("Bye").IsHungUp().Waits(time.Second)
		want(t, "notices", len(h.Notices()), 1) // of a stream that is not there
		want(t, "the bot", strings.Join(b.events, ", "), "start [inbound outbound] map[], stop")
		want(t, "callbacks", told(h, "https://owner.example/s", "StreamEvent", "StreamName"), "stream-started ear, stream-stopped ear")
		for _, one := range sato.Far().Heard() {
			if one.Caption == "(stream)" {
				t.Error("what the ear says is heard")
			}
		}
	})
}

func TestAStreamThatCannotBeHadIsSaid(t *testing.T) {
	studio(t, `<Response><Connect><Stream url="wss://nobody.example/"/></Connect><Connect><Stream url="https://owner.example/"/></Connect><Say>Went on.</Say></Response>`, func(h *phonetest.House, b *bot) {
		h.Phone("sato").Calls(ours).HearsAll("Went on").IsHungUp()
		said := fmt.Sprint(h.Notices())
		for _, words := range []string{"31901", "nobody answers", "11100"} {
			if !strings.Contains(said, words) {
				t.Errorf("nothing is said of %s: %s", words, said)
			}
		}
	})
}
