package sipleg

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/media/mediatest"
)

// softphone is baresip: it answers, presses keys and records what it hears.
type softphone struct {
	t      *testing.T
	dir    string
	uri    string
	ctrl   net.Conn
	events chan string
}

func newSoftphone(t *testing.T, account ...string) *softphone {
	t.Helper()
	program, err := exec.LookPath("baresip")
	if err != nil {
		t.Skip("skipped: baresip is missing (apt install baresip-core; make test does it)")
	}
	modules, _ := filepath.Glob("/usr/lib*/baresip/modules")
	if len(modules) == 0 {
		t.Skip("skipped: baresip's modules are not in /usr/lib/baresip/modules")
	}
	p := &softphone{t: t, dir: t.TempDir(), events: make(chan string, 64)}
	port, control, rtp := freePort(t), freePort(t), freeRange(t, 20)
	// A microphone of silence: without one there is no packet to carry a key.
	silent := media.AppendWAV(nil, make([]int16, 60*media.Rate))
	extra := strings.Join(account, "")
	if !strings.Contains(extra, "audio_codecs") {
		extra = ";audio_codecs=PCMU,PCMA" + extra
	}
	files := map[string]string{
		"mic.wav":  string(silent),
		"accounts": fmt.Sprintf("<sip:sato@127.0.0.1:%d;transport=udp>;regint=0%s\n", port, extra),
		"contacts": "",
		"config": fmt.Sprintf(`poll_method epoll
sip_listen 127.0.0.1:%d
net_interface 127.0.0.1
audio_player aufile,%[4]s/speaker.wav
audio_source aufile,%[4]s/mic.wav
audio_alert aufile,%[4]s/bell.wav
ausrc_srate 8000
auplay_srate 8000
rtp_ports %[3]d-%[5]d
module_path %[6]s
module g711.so
module g722.so
module aufile.so
module sndfile.so
module srtp.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:%[2]d
snd_path %[4]s
`, port, control, rtp, p.dir, rtp+20, modules[0]),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var log bytes.Buffer
	cmd := exec.Command(program, "-f", p.dir)
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.dir, &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("baresip says:\n%s", log.String())
		}
	})
	until(t, "baresip", func() bool {
		p.ctrl, err = net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", control))
		return err == nil && !portFree("u1", port)
	})
	t.Cleanup(func() { p.ctrl.Close() })
	p.uri = fmt.Sprintf("sip:sato@127.0.0.1:%d", port)
	go p.reads(bufio.NewReader(p.ctrl))
	return p
}

// reads the events, which are netstrings of JSON.
func (p *softphone) reads(r *bufio.Reader) {
	for {
		var n int
		if _, err := fmt.Fscanf(r, "%d:", &n); err != nil || n <= 0 || n > 1<<20 {
			return
		}
		b := make([]byte, n+1)
		if _, err := io.ReadFull(r, b); err != nil {
			return
		}
		var e struct {
			Type string `json:"type"`
		}
		if json.Unmarshal(b[:n], &e) == nil && e.Type != "" {
			select {
			case p.events <- e.Type:
			default:
			}
		}
	}
}

func (p *softphone) does(command, params string) {
	b, _ := json.Marshal(map[string]string{"command": command, "params": params})
	fmt.Fprintf(p.ctrl, "%d:%s,", len(b), b)
}

func (p *softphone) sees(event string) {
	p.t.Helper()
	limit := time.After(testPatience)
	for {
		select {
		case e := <-p.events:
			if e == event {
				return
			}
		case <-limit:
			p.t.Fatalf("baresip has not seen %s", event)
		}
	}
}

// presses a key until it has been down for a while, then lets it go.
func (p *softphone) presses(key string) {
	p.does("sndcode", key)
	time.Sleep(150 * time.Millisecond) // how long a finger is down
	p.does("sndcode", "\x04")
}

// recorded is what it has heard so far.
func (p *softphone) recorded() []int16 {
	files, _ := filepath.Glob(filepath.Join(p.dir, "dump-*-dec.wav"))
	if len(files) == 0 {
		return nil
	}
	b, err := os.ReadFile(files[len(files)-1])
	if err != nil || len(b) < 44 {
		return nil
	}
	samples := make([]int16, (len(b)-44)/2)
	for i := range samples {
		samples[i] = int16(uint16(b[44+2*i]) | uint16(b[45+2*i])<<8)
	}
	return media.Resample(samples, int(binary.LittleEndian.Uint32(b[24:])), media.Rate)
}

// says what is played into its microphone in the next call, over and over.
func (p *softphone) says(c *media.Clip) {
	p.t.Helper()
	var all []int16
	for range 20 {
		all = append(all, c.Samples()...)
	}
	if err := os.WriteFile(filepath.Join(p.dir, "mic.wav"), media.AppendWAV(nil, all), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// warble is two seconds that resemble nothing else.
func warble() *media.Clip {
	s := make([]int16, 2*media.Rate)
	phase := 0.0
	for i := range s {
		at := float64(i) / media.Rate
		phase += 2 * math.Pi * (400 + 300*at + 250*math.Sin(2*math.Pi*3.1*at)) / media.Rate
		s[i] = int16(9000 * math.Sin(phase) * (0.6 + 0.4*math.Sin(2*math.Pi*5.3*at)))
	}
	return media.NewClip(s, "warble")
}

func TestSoftphone(t *testing.T) {
	p := newSoftphone(t)
	s := start(t, nil)
	softphoneAnswers(t, s, p, leg.Target{URI: p.uri, From: "+815012345678"})

	// And one that is let ring.
	l, err := s.Dial(t.Context(), leg.Target{URI: p.uri}, leg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	next(t, l, leg.Ringing)
	p.sees("CALL_INCOMING")
	l.Hangup(t.Context(), leg.Canceled)
	ended(t, l, leg.Canceled)
	p.sees("CALL_CLOSED")
}

// heardThere is a sink that keeps what it hears.
type heardThere struct {
	mu  sync.Mutex
	all []int16
}

func (h *heardThere) Write(f *media.Frame) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, f[:]...)
}

func (h *heardThere) samples() []int16 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.all)
}

// A phone that speaks nothing but G.722 is heard and hears, presses keys, and tells how it hears us.
func TestSoftphoneSpeaksG722(t *testing.T) {
	p := newSoftphone(t, ";audio_codecs=G722/16000/1")
	message := warble()
	p.says(message)
	s := start(t, nil)
	l, err := s.Dial(t.Context(), leg.Target{URI: p.uri, From: "+815012345678"}, leg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l.Play(media.Repeat(0, func() media.Source { return message.Source() }))
	var heard heardThere
	l.Listen(&heard)
	next(t, l, leg.Ringing)
	p.sees("CALL_INCOMING")
	p.does("accept", "")
	next(t, l, leg.Answered)
	p.sees("CALL_ESTABLISHED")
	p.presses("5")
	if e := next(t, l, leg.Digit); e.Digit != "5" {
		t.Errorf("key %q", e.Digit)
	}
	for name, sound := range map[string]func() []int16{"the phone": p.recorded, "kaden": heard.samples} {
		score := 0.0
		for seconds := 5; seconds < 15 && score < 0.9; seconds += 3 { // it is said again and again
			until(t, "what is said", func() bool { return len(sound()) > seconds*media.Rate })
			all := sound()
			score = mediatest.Find(all[len(all)-5*media.Rate:], message.Samples()).Score
		}
		t.Logf("%s hears the message with a score of %.3f", name, score)
		if score < 0.9 {
			t.Errorf("%s has heard something else: score %.2f", name, score)
		}
	}
	until(t, "its report", func() bool { return l.(leg.Measured).Sound().Told })
	l.Hangup(t.Context(), leg.Completed)
	ended(t, l, leg.Completed)
	if how := l.(leg.Measured).Sound(); how.Codec != "G722" || how.Heard < 200 || how.Lost > how.Heard/20 {
		t.Errorf("%+v", how)
	} else {
		t.Log(how)
	}
}

// softphoneAnswers calls a phone that answers, hears a message and presses keys.
func softphoneAnswers(t *testing.T, s *Server, p *softphone, to leg.Target) {
	t.Helper()
	l, err := s.Dial(t.Context(), to, leg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	message := warble()
	l.Play(message.Source())
	next(t, l, leg.Ringing)
	p.sees("CALL_INCOMING")
	p.does("accept", "")
	next(t, l, leg.Answered)
	p.sees("CALL_ESTABLISHED")
	for _, key := range []string{"1", "#"} {
		p.presses(key)
		if e := next(t, l, leg.Digit); e.Digit != key {
			t.Errorf("key %q, want %q", e.Digit, key)
		}
	}
	until(t, "the recording", func() bool { return len(p.recorded()) > 3*media.Rate })
	if m := mediatest.Find(p.recorded(), message.Samples()); m.Score < 0.9 {
		t.Errorf("the phone has heard something else: score %.2f", m.Score)
	}
	l.Hangup(t.Context(), leg.Completed)
	ended(t, l, leg.Completed)
	p.sees("CALL_CLOSED")
	if trace := Ladder(l.(leg.Tracer).Trace()); !strings.Contains(trace, "INVITE (SDP)") || !strings.Contains(trace, "BYE") {
		t.Errorf("the ladder tells little:\n%s", trace)
	}
}

// freeRange finds the first of n UDP ports in a row that nobody has, below the range out of which the
// system gives them to everybody else.
func freeRange(t *testing.T, n int) int {
	t.Helper()
	for range 200 {
		first := 12_000 + 2*rand.IntN(4_000)
		free := true
		for p := first; p < first+n && free; p++ {
			c, err := net.ListenPacket("udp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p)))
			if free = err == nil; free {
				c.Close()
			}
		}
		if free {
			return first
		}
	}
	t.Fatalf("no %d free UDP ports in a row", n)
	return 0
}
