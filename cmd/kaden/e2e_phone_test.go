package main_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
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

	"github.com/kaden-project/kaden/media"
)

// phone is a softphone somebody else wrote (baresip): it rings, and records what it hears.
type phone struct {
	t    testing.TB
	dir  string
	port int
	ctrl net.Conn

	mu      sync.Mutex
	events  []phoneEvent
	answers int
}

// phoneEvent is what baresip tells about its calls.
type phoneEvent struct {
	Event bool   `json:"event"`
	Type  string `json:"type"`
	Param string `json:"param"`
	at    time.Time
}

// newPhone starts a softphone on loopback, without a registrar and without a sound card. Its microphone
// hears hum for a minute, over and over, or nothing.
func newPhone(t testing.TB, hum ...int16) *phone {
	t.Helper()
	// Ten minutes from the microphone, most of it silence: without a source there is no packet to carry a key.
	microphone := filepath.Join(t.TempDir(), "microphone.wav")
	var minute []int16
	for len(hum) > 0 && len(minute) < 60*media.Rate {
		minute = append(minute, hum...)
	}
	if err := writeWAV(microphone, minute, 10*time.Minute); err != nil {
		t.Fatal(err)
	}
	return newPhoneThatSays(t, microphone)
}

// newPhoneThatSays starts a softphone whose microphone is a sound file.
func newPhoneThatSays(t testing.TB, microphone string) *phone {
	t.Helper()
	return newPhoneWith(t, microphone, func(port int) string { return "<sip:me@" + local(port) + ";transport=udp>;regint=0" })
}

// newPhoneWith starts a softphone whose account is written for the port that it listens on.
func newPhoneWith(t testing.TB, microphone string, account func(port int) string) *phone {
	t.Helper()
	return newPhoneAt(t, here, microphone, account)
}

// newPhoneAt is newPhoneWith for one that is somewhere else.
func newPhoneAt(t testing.TB, at spot, microphone string, account func(port int) string) *phone {
	t.Helper()
	program := needs(t, "baresip", "baresip-core")
	modules := ""
	for _, d := range []string{"/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules", "/usr/lib64/baresip/modules"} {
		if _, err := os.Stat(filepath.Join(d, "sndfile.so")); err == nil {
			modules = d
		}
	}
	if modules == "" {
		t.Skip("skipped: baresip's module sndfile is not installed (make test installs it: Debian package baresip-core)")
	}
	p := &phone{t: t, dir: t.TempDir(), port: freePorts(t, 2, firstPort, lastPort)} // the second is for TLS, asked for or not
	control, rtp := freePort(t), freePorts(t, 20, firstRTP, lastRTP)
	config := fmt.Sprintf(`poll_method epoll
sip_listen %s
call_local_timeout 300
call_max_calls 4
audio_player aufile,%s
audio_source aufile,%s
audio_alert aufile,%s
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
module_path %s
module g711.so
module aufile.so
module sndfile.so
module srtp.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen %s
rtp_ports %d-%d
net_interface %s
snd_path %s
`, at.at(p.port), filepath.Join(p.dir, "speaker.wav"), microphone, filepath.Join(p.dir, "bell.wav"), modules, local(control), rtp, rtp+19, at.ip, p.dir)
	for name, text := range map[string]string{
		"config": config, "contacts": "",
		"accounts": account(p.port) + ";audio_codecs=PCMU,PCMA\n",
	} {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	log, err := os.Create(filepath.Join(p.dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(program, "-f", p.dir, "-s")
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, p.dir
	leash(cmd)
	if err := at.start(cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if p.ctrl != nil {
			p.ctrl.Close()
		}
		if t.Failed() {
			t.Logf("what the phone logged:\n%s", tail(log.Name(), 6000))
		}
	})
	eventually(t, patience, "baresip is ready", func() bool {
		p.ctrl, err = at.dial("tcp", local(control))
		return err == nil && strings.Contains(p.log(), "baresip is ready")
	})
	go p.listen()
	return p
}

// writeWAV makes a WAV file of samples and then nothing, d long; the system keeps the nothing as a hole.
func writeWAV(file string, samples []int16, d time.Duration) error {
	size := uint32(d/time.Second) * 8000 * 2
	var b bytes.Buffer
	b.WriteString("RIFF")
	binary.Write(&b, binary.LittleEndian, 36+size)
	b.WriteString("WAVEfmt ")
	for _, v := range []any{uint32(16), uint16(1), uint16(1), uint32(8000), uint32(16000), uint16(2), uint16(16)} {
		binary.Write(&b, binary.LittleEndian, v)
	}
	b.WriteString("data")
	binary.Write(&b, binary.LittleEndian, size)
	head := int64(b.Len())
	binary.Write(&b, binary.LittleEndian, samples)
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		return err
	}
	return os.Truncate(file, head+int64(size))
}

// address is how kaden calls the phone.
func (p *phone) address() string { return "sip:me@" + local(p.port) }

func (p *phone) log() string { return tail(filepath.Join(p.dir, "log"), 1<<20) }

// listen takes the phone's events, which come as netstrings.
func (p *phone) listen() {
	r := bufio.NewReader(p.ctrl)
	for {
		size, err := r.ReadString(':')
		if err != nil {
			return
		}
		n, err := strconv.Atoi(strings.TrimSuffix(size, ":"))
		if err != nil {
			return
		}
		b := make([]byte, n+1)
		if _, err := io.ReadFull(r, b); err != nil {
			return
		}
		e := phoneEvent{at: time.Now()}
		if json.Unmarshal(b[:n], &e) != nil {
			continue
		}
		p.mu.Lock()
		if e.Event {
			p.events = append(p.events, e)
		} else {
			p.answers++
		}
		p.mu.Unlock()
	}
}

// does tells the phone's user interface something, and waits until it was taken.
func (p *phone) does(command, params string) {
	p.t.Helper()
	b, _ := json.Marshal(map[string]string{"command": command, "params": params, "token": "test"})
	p.mu.Lock()
	before := p.answers
	p.mu.Unlock()
	fmt.Fprintf(p.ctrl, "%d:%s,", len(b), b)
	eventually(p.t, patience, "baresip answers "+command, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.answers > before
	})
}

// happened counts events of a type.
func (p *phone) happened(kind string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, e := range p.events {
		if e.Type == kind {
			n++
		}
	}
	return n
}

func (p *phone) rings()        { p.sees("CALL_INCOMING") }
func (p *phone) picksUp()      { p.does("accept", ""); p.sees("CALL_ESTABLISHED") }
func (p *phone) stopped() bool { return p.happened("CALL_CLOSED") > 0 }

// sees waits for an event.
func (p *phone) sees(kind string) {
	p.t.Helper()
	eventually(p.t, patience, "the phone sees "+kind, func() bool { return p.happened(kind) > 0 })
}

// presses a key for a tenth of a second: first down, then up.
func (p *phone) presses(key string) {
	p.t.Helper()
	p.does("sndcode", key)
	p.does("sndcode", "\x04")
}

// hears waits until at least this much has been recorded.
func (p *phone) hears(d time.Duration) {
	p.t.Helper()
	eventually(p.t, patience, fmt.Sprintf("the phone has recorded %v", d), func() bool {
		info, err := os.Stat(p.recording())
		return err == nil && info.Size() >= int64(d.Seconds()*16000)
	})
}

// recording is the file with what was heard; "" if nothing was.
func (p *phone) recording() string {
	found, _ := filepath.Glob(filepath.Join(p.dir, "dump-*-dec.wav"))
	if len(found) == 0 {
		return ""
	}
	return slices.Max(found)
}

// recorded is what was heard, as 8 kHz samples.
func (p *phone) recorded() []int16 {
	p.t.Helper()
	b, err := os.ReadFile(p.recording())
	if err != nil {
		p.t.Fatal(err)
	}
	_, data, found := bytes.Cut(b, []byte("data"))
	if !found || len(data) < 4 {
		p.t.Fatalf("%s is not a sound file", p.recording())
	}
	rate := binary.LittleEndian.Uint32(b[24:])
	if rate != media.Rate {
		p.t.Fatalf("%s is recorded at %d Hz", p.recording(), rate)
	}
	data = data[4:]
	out := make([]int16, len(data)/2)
	for i := range out {
		out[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
	}
	return out
}
