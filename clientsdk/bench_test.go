package clientsdk

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"
)

// What a page costs that is on duty and waits: heap and stacks after a collection.
func BenchmarkPageAtRest(b *testing.B) {
	s := New(slog.New(slog.DiscardHandler), Config{Keys: keys, Account: ours})
	web := httptest.NewServer(s)
	defer web.Close()
	defer s.Close()
	held := func() float64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc + m.StackInuse)
	}
	const pages = 500
	for b.Loop() {
		before := held()
		var all []net.Conn
		for i := range pages {
			token, err := Mint(key, []byte(secret), Claims{Account: ours, Identity: fmt.Sprintf("p%d", i), Incoming: true}, time.Now())
			if err != nil {
				b.Fatal(err)
			}
			all = append(all, rawPage(b, web.Listener.Addr().String(), token))
		}
		b.ReportMetric((held()-before)/pages, "B/page")
		for _, c := range all {
			c.Close()
		}
		for s.Sockets() > 0 {
			time.Sleep(time.Millisecond)
		}
	}
}

// rawPage is a page that costs us next to nothing: a socket without buffers, on duty.
func rawPage(b *testing.B, addr, token string) net.Conn {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	io.WriteString(c, "GET /signal HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
	for _, text := range []string{
		`{"type":"listen","version":"1.6","payload":{"token":"` + token + `"}}`, `{"type":"register","version":"1.6","payload":{"media":{"audio":true}}}`,
	} { // RFC 6455 5.2; a mask of zeros changes nothing
		head := []byte{0x81, 0x80 | 126, 0, 0, 0, 0, 0, 0}
		binary.BigEndian.PutUint16(head[2:], uint16(len(text)))
		c.Write(append(head, text...))
	}
	r := bufio.NewReaderSize(c, 16)
	var seen strings.Builder
	for !strings.Contains(seen.String(), `"ready"`) {
		one, err := r.ReadByte()
		if err != nil {
			b.Fatalf("%v after %q", err, seen.String())
		}
		seen.WriteByte(one)
	}
	return c
}
