package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"
)

// between is a line between pages and the server on which things go wrong. Frames wait while it is dark, as they do in a
// network that is away, and sound that goes through it then is lost; the SDPs that the server gives can be changed.
type between struct {
	t     testing.TB
	web   *httptest.Server
	to    string
	relay *relay // nil: sound takes its own way

	mu    sync.Mutex
	light chan struct{} // closed while it is not dark
	sdp   func(string) string
	paths []string
	ends  map[*websocket.Conn]bool
}

// between is a line to this office; change is what becomes of the server's SDPs, nil leaves them.
func (o *office) between(t testing.TB, change func(sdp string) string) *between {
	t.Helper()
	b := &between{t: t, to: "ws://" + local(o.http) + "/signal", light: make(chan struct{}), sdp: change, ends: map[*websocket.Conn]bool{}}
	close(b.light)
	b.web = httptest.NewTLSServer(b)
	t.Cleanup(func() {
		b.lights(true)
		b.cut()
		b.web.Close()
	})
	return b
}

func (b *between) addr() string { return b.web.Listener.Addr().String() }

// ServeHTTP takes a page's socket at any path.
func (b *between) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	page, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return
	}
	defer page.CloseNow()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	server, _, err := websocket.Dial(ctx, b.to, nil)
	if err != nil {
		return
	}
	defer server.CloseNow()
	b.mu.Lock()
	b.paths = append(b.paths, r.URL.Path)
	b.ends[page] = true
	b.mu.Unlock()
	var both sync.WaitGroup
	carry := func(from, to *websocket.Conn, change bool) {
		defer stop()
		from.SetReadLimit(1 << 20)
		for {
			kind, text, err := from.Read(ctx)
			if err != nil {
				return
			}
			b.wait(ctx)
			if change {
				text = b.changed(text)
			}
			if to.Write(ctx, kind, text) != nil {
				return
			}
		}
	}
	both.Go(func() { carry(page, server, false) })
	both.Go(func() { carry(server, page, true) })
	both.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.ends, page)
}

// wait waits for light.
func (b *between) wait(ctx context.Context) {
	b.mu.Lock()
	light := b.light
	b.mu.Unlock()
	select {
	case <-light:
	case <-ctx.Done():
	}
}

// lights puts the line's lights on or out.
func (b *between) lights(on bool) {
	b.mu.Lock()
	select {
	case <-b.light:
		if !on {
			b.light = make(chan struct{})
		}
	default:
		if on {
			close(b.light)
		}
	}
	b.mu.Unlock()
	if b.relay != nil {
		b.relay.lights(on)
	}
}

// cut ends every page's socket without a word.
func (b *between) cut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := range b.ends {
		c.CloseNow()
	}
}

// changed is a frame of the server with its SDP changed.
func (b *between) changed(text []byte) []byte {
	var f struct {
		Type    string         `json:"type"`
		Version string         `json:"version"`
		Payload map[string]any `json:"payload"`
	}
	if b.sdp == nil || json.Unmarshal(text, &f) != nil {
		return text
	}
	sdp, ok := f.Payload["sdp"].(string)
	if !ok || sdp == "" {
		return text
	}
	f.Payload["sdp"] = b.sdp(sdp)
	out, err := json.Marshal(f)
	if err != nil {
		b.t.Errorf("frame not written again: %v", err)
		return text
	}
	return out
}

// candidates changes each candidate of an SDP: transport (udp, tcp) and address; "" takes it away.
func candidates(sdp string, change func(transport, line string) string) string {
	var out strings.Builder
	for line := range strings.Lines(sdp) {
		if f := strings.Fields(line); strings.HasPrefix(line, "a=candidate:") && len(f) > 5 {
			line = change(strings.ToLower(f[2]), line)
		}
		out.WriteString(line)
	}
	return out.String()
}

// withoutKeys takes telephone events out of an SDP.
func withoutKeys(sdp string) string {
	at := regexp.MustCompile(`a=rtpmap:(\d+) telephone-event`).FindStringSubmatch(sdp)
	if at == nil {
		return sdp
	}
	sdp = regexp.MustCompile(`a=(rtpmap|fmtp):`+at[1]+` [^\r\n]*\r?\n`).ReplaceAllString(sdp, "")
	return regexp.MustCompile(`(m=audio [^\r\n]*?) `+at[1]+`\b`).ReplaceAllString(sdp, "$1")
}

// soundThrough lets the sound of a line's pages go through a relay, too.
func (b *between) soundThrough(o *office) {
	b.t.Helper()
	text, err := os.ReadFile(o.file)
	if err != nil {
		b.t.Fatal(err)
	}
	at := regexp.MustCompile(`browsers:\n  listen: (\S+)`).FindSubmatch(text)
	if at == nil {
		b.t.Fatal("the settings do not say where browsers' sound goes")
	}
	b.relay = newRelay(b.t, string(at[1]))
	b.sdp = func(sdp string) string {
		return candidates(sdp, func(transport, line string) string {
			if transport != "udp" {
				return ""
			}
			f := strings.Fields(line)
			f[4], f[5] = "127.0.0.1", fmt.Sprint(b.relay.l.LocalAddr().(*net.UDPAddr).Port)
			return strings.Join(f, " ") + "\r\n"
		})
	}
}

// relay hands UDP packets on, in both directions, unless it is dark.
type relay struct {
	l  *net.UDPConn
	to *net.UDPAddr

	mu   sync.Mutex
	dark bool
	ways map[string]*net.UDPConn // by the page's address
}

func newRelay(t testing.TB, to string) *relay {
	t.Helper()
	at, err := net.ResolveUDPAddr("udp", to)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{l: l, to: at, ways: map[string]*net.UDPConn{}}
	t.Cleanup(r.close)
	go r.run()
	return r
}

func (r *relay) run() {
	for b := make([]byte, 2048); ; {
		n, page, err := r.l.ReadFromUDP(b)
		if err != nil {
			return
		}
		if way := r.way(page); way != nil {
			way.Write(b[:n])
		}
	}
}

// way is the socket of one page's packets; nil while it is dark.
func (r *relay) way(page *net.UDPAddr) *net.UDPConn {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dark || r.ways == nil {
		return nil
	}
	if way := r.ways[page.String()]; way != nil {
		return way
	}
	way, err := net.DialUDP("udp", nil, r.to)
	if err != nil {
		return nil
	}
	r.ways[page.String()] = way
	go func() {
		for b := make([]byte, 2048); ; {
			n, err := way.Read(b)
			if err != nil {
				return
			}
			r.mu.Lock()
			dark := r.dark
			r.mu.Unlock()
			if !dark {
				r.l.WriteToUDP(b[:n], page)
			}
		}
	}()
	return way
}

func (r *relay) lights(on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dark = !on
}

func (r *relay) close() {
	r.l.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, way := range r.ways {
		way.Close()
	}
	r.ways = nil
}
