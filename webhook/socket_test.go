package webhook_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/webhook"
)

func opener(t *testing.T, loopback bool) *webhook.Client {
	c := webhook.New(slog.New(slog.DiscardHandler), webhook.Config{AllowLoopback: loopback, AuthToken: func(sid.Account) string { return "12345" }, Total: 2 * time.Second})
	t.Cleanup(c.Close)
	return c
}

func TestAStreamReachesItsServer(t *testing.T) {
	signed := make(chan string, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		signed <- r.Header.Get("X-Twilio-Signature")
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.CloseNow()
		for {
			kind, text, err := c.Read(r.Context())
			if err != nil {
				return
			}
			c.Write(r.Context(), kind, append([]byte("heard "), text...))
		}
	}))
	defer s.Close()
	url := "ws" + strings.TrimPrefix(s.URL, "http") + "/audio?a=b"
	socket, err := opener(t, true).Open(t.Context(), "AC1", "CA1", url)
	if err != nil {
		t.Fatal(err)
	}
	if got := <-signed; got != webhook.Sign("12345", url, nil) {
		t.Errorf("signed %q", got)
	}
	if err := socket.Send(t.Context(), []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if text, err := socket.Receive(t.Context()); string(text) != "heard hello" || err != nil {
		t.Errorf("received %q, %v", text, err)
	}
	over := make(chan error, 1)
	go func() {
		_, err := socket.Receive(context.Background())
		over <- err
	}()
	socket.Close("done")
	if err := <-over; err == nil {
		t.Error("a closed socket goes on")
	}
}

func TestAStreamThatIsRefused(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			select {
			case <-r.Context().Done():
			case <-time.After(10 * time.Second):
			}
		}
		if r.URL.Path == "/elsewhere" {
			http.Redirect(w, r, "http://169.254.169.254/", http.StatusFound)
			return
		}
		io.WriteString(w, "no socket")
	}))
	defer plain.Close()
	at := "ws" + strings.TrimPrefix(plain.URL, "http")
	for _, c := range []struct {
		name, url string
		loopback  bool
		code      int
	}{
		{"no WebSocket", at, true, 31920},
		{"a redirect", at + "/elsewhere", true, 31920},
		{"no answer", at + "/slow", true, 31901},
		{"within our network", at, false, 11200},
		{"nobody there", "ws://127.0.0.1:1/", true, 31902},
		{"no TLS", "wss" + strings.TrimPrefix(plain.URL, "http"), true, 31910},
		{"another scheme", "https://example.com/", true, 11100},
		{"no host", "wss:///x", true, 11100},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := opener(t, c.loopback).Open(t.Context(), "AC1", "CA1", c.url)
			p, ok := errors.AsType[*call.Problem](err)
			if !ok || p.Code != c.code {
				t.Errorf("%v, want code %d", err, c.code)
			}
		})
	}
}

func TestAServerThatTakesUpNoStreamIsLetGo(t *testing.T) {
	closed := make(chan bool, 8)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "no socket") }))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- true
		}
	}
	s.Start()
	defer s.Close()
	c := opener(t, true)
	if _, err := c.Open(t.Context(), "AC1", "CA1", "ws"+strings.TrimPrefix(s.URL, "http")); err == nil {
		t.Error("there is a stream")
	}
	c.Close()
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Error("its connection is kept for ever")
	}
}
