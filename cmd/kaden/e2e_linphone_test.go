package main_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/timeline"
)

// linphone is another softphone somebody else wrote, told by its own shell.
type linphone struct {
	t    testing.TB
	in   io.Writer
	file string // its log
	dir  string
}

// newLinphone starts one that registers as user over udp or tcp.
func newLinphone(t testing.TB, s *server, user, password, transport string) *linphone {
	t.Helper()
	return newLinphoneAt(t, local(s.sip), user, password, transport)
}

// newLinphoneAt starts one that registers at a server; sip are lines more of its settings about SIP.
func newLinphoneAt(t testing.TB, at, user, password, transport string, sip ...string) *linphone {
	t.Helper()
	program := needs(t, "linphonec", "linphone-cli")
	dir, port, rtp := t.TempDir(), freePort(t), freePorts(t, 4, firstRTP, lastRTP)
	rc := fmt.Sprintf(`[sip]
sip_port=%[1]d
sip_tcp_port=%[1]d
sip_tls_port=-1
guess_hostname=0
register_only_when_network_is_up=0
default_proxy=0
verify_server_certs=0
verify_server_cn=0
%[7]s
[rtp]
audio_rtp_port=%[2]d
[net]
mtu=1300
[auth_info_0]
username=%[3]s
userid=%[3]s
passwd=%[4]s
realm=office.example.jp
[proxy_0]
reg_proxy=<sip:%[5]s;transport=%[6]s>
reg_route=<sip:%[5]s;transport=%[6]s>
reg_identity=sip:%[3]s@office.example.jp
reg_expires=600
reg_sendregister=1
publish=0
`, port, rtp, user, password, at, transport, strings.Join(sip, "\n"))
	return startLinphone(t, program, dir, rc)
}

// startLinphone runs it with its settings.
func startLinphone(t testing.TB, program, dir, rc string) *linphone {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, ".local", "share", "linphone"), 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "linphonerc")
	if err := os.WriteFile(file, []byte(rc), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(program, "-c", file, "-d", "6")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, dir
	cmd.Env = append(os.Environ(), "HOME="+dir)
	leash(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	l := &linphone{t: t, in: in, file: log.Name(), dir: dir}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("what linphone logged:\n%s", tail(l.file, 8000))
		}
	})
	l.says("soundcard use files")
	return l
}

func (l *linphone) says(command string) { fmt.Fprintln(l.in, command) }

func (l *linphone) log() string { return tail(l.file, 4<<20) }

// logs waits until its log has a word n times.
func (l *linphone) logs(word string, n int) {
	l.t.Helper()
	eventually(l.t, patience, fmt.Sprintf("linphone logs %q %d times", word, n), func() bool { return strings.Count(l.log(), word) >= n })
}

// hums makes samples what its microphone hears, over and over, and lets it record what it hears itself.
func (l *linphone) hums(samples []int16) {
	l.t.Helper()
	file := filepath.Join(l.dir, "microphone.wav")
	var minute []int16
	for len(minute) < 60*media.Rate {
		minute = append(minute, samples...)
	}
	if err := writeWAV(file, minute, time.Minute); err != nil {
		l.t.Fatal(err)
	}
	l.says("play " + file)
	l.says("record " + filepath.Join(l.dir, "speaker.wav"))
}

// recorded is what it has heard, as 8 kHz samples; nil while there is nothing.
func (l *linphone) recorded() []int16 {
	b, err := os.ReadFile(filepath.Join(l.dir, "speaker.wav"))
	if err != nil || len(b) < 44 {
		return nil
	}
	step := int(binary.LittleEndian.Uint32(b[24:])) / media.Rate * int(binary.LittleEndian.Uint16(b[22:])) // rates above ours, and channels
	out := make([]int16, 0, len(b)/2)
	for i := 44; i+1 < len(b); i += 2 * max(1, step) {
		out = append(out, int16(binary.LittleEndian.Uint16(b[i:])))
	}
	return out
}

// Linphone registers over UDP and over TCP, is rung by its name, and takes the alert with a key.
func TestLinphone(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			s.apply(satosPhone...)
			l := newLinphone(t, s, "sato", secretSato, transport)
			s.untilRegistered("sato", 1)
			id := s.alarm("disk full on db01")
			s.until(id, timeline.AttemptRinging, "sato")
			l.says("answer")
			s.until(id, timeline.AttemptAnswered, "sato")
			// It counts its bandwidth once a second: by then nobody takes the key for an accident of picking up.
			eventually(t, patience, "two seconds of talk", func() bool { return strings.Count(tail(l.file, 1<<20), "Bandwidth usage for CallSession") >= 2 })
			l.says("1")
			s.until(id, timeline.AlertAcknowledged, "sato")
			eventually(t, patience, "linphone has hung up", func() bool { return strings.Contains(tail(l.file, 1<<20), "LinphoneCallReleased") })
			if transport == "tcp" {
				return // its connection went with the server; there is no other way to it before it comes again
			}
			s.kill()
			s.start()
			s.ready()
			id = s.alarm("fan stopped on db02")
			s.until(id, timeline.AttemptRinging, "sato")
		})
	}
}
