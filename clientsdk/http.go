package clientsdk

import (
	"context"
	"errors"
	"net"
	"net/http"

	"github.com/coder/websocket"
)

// ServeHTTP is a page's WebSocket: /signal. Pages of any origin may connect, because who they are is said in the token
// and not by a cookie.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true, CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		s.log.Debug("no WebSocket", "from", r.RemoteAddr, "err", err) // Accept has answered
		return
	}
	c.SetReadLimit(mostFrame)
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	go s.serve(webSocket{c}, host, agentOf(r.UserAgent())) // the request and its goroutine, which are larger than a page, are given back
}

// webSocket is a wire.
type webSocket struct{ c *websocket.Conn }

func (w webSocket) Read() ([]byte, error) {
	kind, text, err := w.c.Read(context.Background())
	if err == nil && kind != websocket.MessageText {
		w.c.Close(websocket.StatusUnsupportedData, "frames are text")
		err = errors.New("a frame that is not text")
	}
	return text, err
}

func (w webSocket) Write(ctx context.Context, text []byte) error {
	return w.c.Write(ctx, websocket.MessageText, text)
}

func (w webSocket) Close(code int, reason string) {
	if code == 0 {
		w.c.CloseNow()
		return
	}
	w.c.Close(websocket.StatusCode(code), reason)
}
