package main_test

import (
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// The torture messages of RFC 4475, pieces of them and plain noise come over UDP and TCP, while a phone
// rings. The server neither falls nor stalls: that call and the next go as they should.
func TestGarbageOnTheSIPPortDisturbsNobody(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	torture := tortureMessages(t)
	x := newExchange(t, func(user string, nth int) habit {
		return habit{ring: 10 * time.Millisecond, answer: 2 * time.Second, press: "1", after: time.Second}
	})
	s := serve(t)
	s.apply("person: me\nlanguage: en-US\ncontacts: [" + x.address("me") + "]")
	before := s.alarm("before the storm")
	x.rung("me", 1)

	random := seed(t)
	udp, err := net.Dial("udp", local(s.sip))
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	sent := 0
	for range 20 {
		for _, m := range torture {
			udp.Write(m)
			udp.Write(m[:random.IntN(len(m)+1)])
			bent := append([]byte(nil), m...)
			for range 1 + random.IntN(8) {
				bent[random.IntN(len(bent))] = byte(random.Uint32())
			}
			udp.Write(bent)
			udp.Write(noise(random))
			sent += 4
		}
	}
	for i := range 20 {
		tcp, err := net.DialTimeout("tcp", local(s.sip), 5*time.Second)
		if err != nil {
			t.Fatalf("after %d connections: %v", i, err)
		}
		tcp.SetWriteDeadline(time.Now().Add(2 * time.Second))
		for _, m := range torture {
			tcp.Write(m)
		}
		tcp.Write(noise(random))
		tcp.Close()
	}
	t.Logf("%d datagrams and 20 connections of garbage", sent)

	s.until(before, timeline.AlertAcknowledged, "me")
	eventually(t, patience, "the first call is over", func() bool { return len(x.open()) == 0 })
	after := s.alarm("after the storm")
	s.until(after, timeline.AlertAcknowledged, "me")
	if !s.alive() || !s.isReady() {
		t.Error("the server is not what it was")
	}
}

func noise(random *rand.Rand) []byte {
	b := make([]byte, random.IntN(1400))
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

func tortureMessages(t *testing.T) (all [][]byte) {
	t.Helper()
	root := os.Getenv("KADEN_TEST_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "data")
	}
	files, _ := filepath.Glob(filepath.Join(root, "rfc4475", "*", "*.dat"))
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	if len(all) == 0 {
		t.Skipf("skipped: no data (rfc4475 is not below %s; KADEN_TEST_DATA says where it is)", root)
	}
	return all
}
