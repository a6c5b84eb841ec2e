//go:build unix

package media

import (
	"context"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestAReadableSocketIsReadAtOnceOnTheShard(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func(int) *Clock
	}{{"system", NewClock}, {"polling at ticks", NewTimerClock}} {
		t.Run(tt.name, func(t *testing.T) {
			clock := tt.make(1)
			ctx, stop := context.WithCancel(t.Context())
			var running sync.WaitGroup
			running.Go(func() { _ = clock.Run(ctx) })
			defer running.Wait()
			defer stop()

			conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
			if err != nil {
				t.Skipf("skipped: no loopback socket: %v", err)
			}
			defer conn.Close()
			raw, err := conn.SyscallConn()
			if err != nil {
				t.Fatal(err)
			}
			seat := clock.Join(tickFunc(func(time.Duration) {}))
			got := make(chan byte, 10)
			read := func() {
				var b [1]byte
				_ = raw.Read(func(fd uintptr) bool {
					if n, ok := readSocket(int(fd), b[:]); ok && n == 1 {
						got <- b[0]
					}
					return true
				})
			}
			_ = raw.Control(func(fd uintptr) { seat.Watch(int(fd), read) })
			from, err := net.Dial("udp4", conn.LocalAddr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer from.Close()
			for i := range byte(5) {
				if _, err := from.Write([]byte{i}); err != nil {
					t.Fatal(err)
				}
				if b := <-got; b != i {
					t.Fatalf("read %d, want %d", b, i)
				}
			}
			_ = raw.Control(func(fd uintptr) { seat.Unwatch(int(fd)) })
			if _, err := from.Write([]byte{99}); err != nil {
				t.Fatal(err)
			}
			seat.Leave()
			select {
			case b := <-got:
				t.Errorf("read %d after Unwatch", b)
			default:
			}
		})
	}
}

// readSocket reads a non-blocking socket once; false when there is nothing to read.
func readSocket(fd int, b []byte) (int, bool) {
	n, err := syscall.Read(fd, b)
	return n, err == nil
}
