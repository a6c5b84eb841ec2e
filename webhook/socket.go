package webhook

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/coder/websocket"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/sid"
)

var _ call.Sockets = (*Client)(nil)

const (
	maxMessage = 1 << 20 // bytes of one message of a server

	noStreamYet   = 31901 // Stream: WebSocket connection timeout
	streamRefused = 31902 // Stream: WebSocket connection refused
	noSafeStream  = 31910 // Stream: WebSocket SSL protocol error
	badHandshake  = 31920 // Stream: WebSocket handshake error
)

// Open opens a WebSocket to an owner's server, ws or wss, under the same rules as every other question: the signature is
// that of the URL as it was given, and addresses inside our own network are refused. An error is a *call.Problem.
func (c *Client) Open(ctx context.Context, account sid.Account, id sid.Call, text string) (call.Socket, error) {
	u, err := parseSocket(text)
	if err != nil {
		return nil, err
	}
	u.Fragment, u.RawFragment = "", ""
	h := http.Header{"User-Agent": {c.cfg.UserAgent}}
	if c.cfg.AuthToken != nil {
		if token := c.cfg.AuthToken(account); token != "" {
			h.Set("X-Twilio-Signature", Sign(token, u.String(), nil))
		}
	}
	limited, cancel := context.WithTimeoutCause(ctx, c.cfg.Total, late{u.Host, "take up the stream", c.cfg.Total})
	defer cancel()
	began := time.Now()
	conn, reply, err := websocket.Dial(limited, u.String(), &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: c.plain, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		HTTPHeader: h,
	})
	if err != nil {
		if ctx.Err() != nil {
			return nil, dropped(ctx, u.Host)
		}
		c.log.Debug("no stream", "call", id, "to", u.Host, "took", time.Since(began).Round(time.Millisecond), "err", err)
		if errors.Is(err, ErrForbidden) {
			return nil, explain(u.Host, err)
		}
		p := &call.Problem{Code: noStream(u.Host, because(limited, err)), Text: u.Host + " does not take up the stream: " + because(limited, err).Error(), Err: err}
		if reply != nil {
			p.Code, p.Text = badHandshake, u.Host+" answered the stream with HTTP "+reply.Status
		}
		return nil, p
	}
	conn.SetReadLimit(maxMessage)
	return socket{conn}, nil
}

// noStream is Twilio's code for a stream that could not be opened, where no server has answered.
func noStream(host string, err error) int {
	if _, ok := errors.AsType[late](err); ok {
		return noStreamYet
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return streamRefused
	}
	switch explain(host, err).Code {
	case handshake, wrongName, expired, unknownAuthority:
		return noSafeStream
	}
	return badHandshake
}

// parseSocket checks that text is a WebSocket that can be opened.
func parseSocket(text string) (*url.URL, error) {
	scheme, rest, _ := strings.Cut(text, "://")
	web := map[string]string{"ws": "http", "wss": "https"}[strings.ToLower(scheme)]
	if web == "" {
		return nil, &call.Problem{Code: badURL, Text: "\"" + clip(text) + "\" cannot be opened: it does not begin with wss://"}
	}
	if _, err := Parse(web + "://" + rest); err != nil {
		return nil, err
	}
	return url.Parse(text)
}

// socket is a connection to a server.
type socket struct{ conn *websocket.Conn }

func (s socket) Send(ctx context.Context, text []byte) error {
	return s.conn.Write(ctx, websocket.MessageText, text)
}

func (s socket) Receive(ctx context.Context) ([]byte, error) {
	_, text, err := s.conn.Read(ctx)
	return text, err
}

func (s socket) Close(reason string) { _ = s.conn.Close(websocket.StatusNormalClosure, reason) }
