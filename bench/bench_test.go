package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestSpreadOf(t *testing.T) {
	var ds []time.Duration
	for i := 100; i >= 1; i-- {
		ds = append(ds, time.Duration(i)*time.Millisecond)
	}
	if got, want := spreadOf(ds), (spread{100, 50, 99, 100}); got != want {
		t.Errorf("spread of 1 to 100 ms: %v, want %v", got, want)
	}
	if got := spreadOf(nil); got != (spread{}) {
		t.Errorf("spread of nothing: %v", got)
	}
	if got, want := medianSpread([]spread{{1, 1, 9, 9}, {1, 3, 5, 7}, {1, 2, 7, 8}}), (spread{1, 2, 7, 8}); got != want {
		t.Errorf("medians: %v, want %v", got, want)
	}
}

func TestVerdicts(t *testing.T) {
	for _, tt := range []struct{ name, got, want string }{
		{"both met", spread{9, 1, 4, 9}.within(1, 5), "met"},
		{"p99 missed", spread{9, 1, 7.5, 9}.within(1, 5), "**missed**: p99 2.50 ms over"},
		{"both missed", spread{9, 2, 7, 9}.within(1, 5), "**missed**: p50 1 ms over, p99 2 ms over"},
		{"nothing measured is no success", spread{}.within(1, 5), "**nothing was measured**"},
		{"enough", atLeast(97, 95, "%"), "met"},
		{"not enough", atLeast(91, 95, "%"), "**missed**: 4 % short"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, tt.got, tt.want)
		}
	}
}

func TestTheTableIsWrittenBetweenItsMarks(t *testing.T) {
	file := filepath.Join(t.TempDir(), "benchmarks.md")
	before := "# Benchmarks\n\nby hand\n\n" + markBegin + "\nold figures\n" + markEnd + "\n\nwhy\n"
	if err := os.WriteFile(file, []byte(before), 0o644); err != nil {
		t.Fatal(err)
	}
	tab := table{head: "A machine."}
	tab.add(row{what: "a | b", goal: "1 ms", measured: "2 ms", verdict: "**missed**: 1 ms over", runs: "once", load: "0.5"})
	for range 2 { // writing twice changes nothing
		if err := tab.write(file); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := string(b)
	for _, want := range []string{"by hand", "\nwhy\n", "A machine.", `| a \| b | 1 ms | 2 ms | **missed**: 1 ms over | once | 0.5 |`} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in:\n%s", want, got)
		}
	}
	if strings.Contains(got, "old figures") || strings.Count(got, "A machine.") != 1 {
		t.Errorf("the old table is still there:\n%s", got)
	}
	if err := os.WriteFile(file, []byte("no marks"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := tab.write(file); err == nil {
		t.Error("a document without marks was overwritten")
	}
}

func TestTheDocumentHasItsMarks(t *testing.T) {
	b, err := os.ReadFile("../docs/benchmarks.md")
	if err != nil {
		t.Fatal(err)
	}
	if s := string(b); !strings.Contains(s, markBegin) || strings.Index(s, markEnd) < strings.Index(s, markBegin) {
		t.Error("docs/benchmarks.md has lost the marks between which dev/bench writes")
	}
}

func TestFiguresOfABenchmark(t *testing.T) {
	const out = `goos: linux
BenchmarkAcceptAtHundredPerSecond/sqlite+5ms  	 500	 10 ns/op	 3.0 changes/commit	 12.5 p50-ms	 30 p99-ms
BenchmarkAcceptAtHundredPerSecond/sqlite      	 500	 9926 ns/op	 1.05 changes/commit	 1.17 p50-ms	 4.28 p99-ms	 0 B/op
PASS
`
	if f := readFigures([]byte(out), "BenchmarkAcceptAtHundredPerSecond/sqlite"); f["p50-ms"] != 1.17 || f["changes/commit"] != 1.05 {
		t.Errorf("figures: %v", f)
	}
	if f := readFigures([]byte(out), "BenchmarkDecide"); f != nil {
		t.Errorf("figures of a benchmark that did not run: %v", f)
	}
}

func TestPhonesReadAnInvite(t *testing.T) {
	m := readMessage("INVITE sip:sato@127.0.0.1:5090 SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nVia: SIP/2.0/UDP b\r\nCall-ID: x\r\n\r\n" +
		"v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 20000 RTP/AVP 0 8 96\r\na=rtpmap:96 telephone-event/8000\r\n")
	if m.method() != "INVITE" || m.user() != "sato" || m.get("call-id") != "x" || len(m.all("Via")) != 2 {
		t.Errorf("read as %q %q %q %v", m.method(), m.user(), m.get("Call-ID"), m.all("Via"))
	}
	to, event, ok := m.sound()
	if to != netip.MustParseAddrPort("127.0.0.1:20000") || event != 96 || !ok {
		t.Errorf("sound to %v, keys as %d, %v", to, event, ok)
	}
	if _, _, ok := readMessage("INVITE sip:a@b SIP/2.0\r\n\r\n").sound(); ok {
		t.Error("there is sound without a description")
	}
	if got := readMessage("SIP/2.0 200 OK\r\n\r\n").method(); got != "" {
		t.Errorf("a response has the method %q", got)
	}
}

func TestSilenceIsNotLoud(t *testing.T) {
	for _, tt := range []struct {
		name string
		b    byte
		want bool
	}{{"silence", 0xFF, false}, {"the other zero", 0x7F, false}, {"noise of coding", 0xFE, false}, {"a word", 0xA0, true}, {"its other half", 0x20, true}} {
		frame := make([]byte, 160)
		for i := range frame {
			frame[i] = 0xFF
		}
		frame[80] = tt.b
		if got := isLoud(frame); got != tt.want {
			t.Errorf("%s: loud %v", tt.name, got)
		}
	}
}
