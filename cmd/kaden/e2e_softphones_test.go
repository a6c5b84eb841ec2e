package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/media"
)

// Frequencies of those who talk.
const (
	hzSato, hzSuzuki, hzTanaka = 700, 1300, 1000
)

// newTalking starts a softphone that registers at a server as user and whose microphone hears a tone.
func newTalking(t testing.TB, at, transport, user string, hz float64, more string) *phone {
	t.Helper()
	var minute []int16
	for len(minute) < 60*media.Rate {
		minute = append(minute, hum(hz)...)
	}
	microphone := filepath.Join(t.TempDir(), "microphone.wav")
	if err := writeWAV(microphone, minute, time.Minute); err != nil {
		t.Fatal(err)
	}
	return newPhoneWith(t, microphone, func(int) string {
		return fmt.Sprintf(`<sip:%s@office.example.jp;transport=%s>;auth_user=%s;auth_pass=%s;outbound="sip:%s;transport=%s";regint=600%s`,
			user, transport, user, secretSato, at, transport, more)
	})
}

// hearing waits until the last second of what somebody has heard is a tone, and nothing else.
func hearing(t testing.TB, who string, recorded func() []int16, hz float64, others ...float64) {
	t.Helper()
	eventually(t, patience, fmt.Sprintf("%s hears %.0f Hz", who, hz), func() bool {
		all := recorded()
		if len(all) < media.Rate || hz > 0 && loudness(all, hz) < 2000 {
			return false
		}
		for _, other := range others {
			if loudness(all, other) > 500 {
				return false
			}
		}
		return true
	})
}

// heardBy is what a softphone has recorded of its last call; nil while there is nothing.
func heardBy(p *phone) func() []int16 {
	return func() []int16 {
		if p.recording() == "" {
			return nil
		}
		return p.recorded()
	}
}

// theMobile is a number of the telephone network, as a softphone of the office calls it.
const theMobile = "sip:09012345678@office.example.jp"

// calls rings another softphone, which answers: both are in the call.
func (p *phone) calls(address string, other *phone) {
	p.t.Helper()
	rung, up := other.happened("CALL_INCOMING"), p.happened("CALL_ESTABLISHED")
	p.does("dial", address)
	eventually(p.t, patience, address+" rings", func() bool { return other.happened("CALL_INCOMING") > rung })
	other.does("accept", "")
	eventually(p.t, patience, address+" has answered", func() bool { return p.happened("CALL_ESTABLISHED") > up })
}

// hangsUp ends a call, of which the other end hears.
func (p *phone) hangsUp(other *phone) {
	p.t.Helper()
	ended := other.happened("CALL_CLOSED")
	p.does("hangup", "")
	eventually(p.t, patience, "the other end hears of the end", func() bool { return other.happened("CALL_CLOSED") > ended })
}

// talk waits until each of the two hears the other.
func talk(t testing.TB, mobile, sato *phone) {
	t.Helper()
	hearing(t, "the mobile", heardBy(mobile), hzSato)
	hearing(t, "sato", heardBy(sato), hzTanaka)
}

// meter is what baresip shows of a call: how long it has lasted, and the bits that left and came in a second, which it counts
// anew every three.
var meter = regexp.MustCompile(`\[(\d+):(\d\d):(\d\d)\] audio=\d+/(\d+) `)

// getsSound waits until sound without gaps comes in at a softphone, from now on. Its recorder does not tell: that of baresip 1.0
// stops when a call is paused, between two of them as well.
func getsSound(t testing.TB, who string, p *phone) {
	t.Helper()
	last := func() (at, rate int) {
		all := meter.FindAllStringSubmatch(p.log(), -1)
		if len(all) == 0 {
			return 0, 0
		}
		var n [4]int
		for i, text := range all[len(all)-1][1:] {
			n[i], _ = strconv.Atoi(text)
		}
		return n[0]*3600 + n[1]*60 + n[2], n[3]
	}
	begun, _ := last()
	eventually(t, patience, who+" gets sound", func() bool {
		at, rate := last()
		return at > begun+6 && rate > 55_000 // G.711 is 64,000
	})
}

// Two softphones that others wrote register over each transport, over TLS with encrypted sound, call each other both
// ways, hear each other, hold, resume, and press keys.
func TestTwoSoftphonesOverEachTransport(t *testing.T) {
	t.Parallel()
	cert, key := ownCertificate(t)
	for _, transport := range []string{"udp", "tcp", "tls"} {
		t.Run(transport, func(t *testing.T) {
			sips := freePort(t)
			s := serve(t, with("--sips", local(sips), "--tls-cert", cert, "--tls-key", key))
			domain, at, secret := officeDomain, local(s.sip), ""
			var sip []string
			if transport == "tls" {
				domain, at, secret = officeDomain+"srtp: required\n", local(sips), ";mediaenc=srtp-mand"
				sip = []string{"media_encryption=srtp", "media_encryption_mandatory=1"}
			}
			s.apply(domain, phoneDocument("sato"), phoneDocument("suzuki"))
			sato := newTalking(t, at, transport, "sato", hzSato, secret)
			suzuki := newLinphoneAt(t, at, "suzuki", secretSato, transport, sip...)
			suzuki.hums(hum(hzSuzuki))
			s.untilRegistered("sato", 1)
			s.untilRegistered("suzuki", 1)

			sato.does("dial", "sip:suzuki@office.example.jp")
			suzuki.logs("LinphoneCallIncomingReceived", 1)
			suzuki.says("answer")
			sato.sees("CALL_ESTABLISHED")
			hearing(t, "sato", heardBy(sato), hzSuzuki)
			hearing(t, "suzuki", suzuki.recorded, hzSato)

			sato.presses("5")
			suzuki.logs("Receiving tone 5", 1)
			suzuki.says("7")
			sato.sees("CALL_DTMF_START")

			sato.does("hold", "")
			hearing(t, "suzuki on hold", suzuki.recorded, 0, hzSato)
			suzuki.logs("LinphoneCallPausedByRemote", 1) // the hold is passed on
			sato.does("resume", "")
			hearing(t, "suzuki after the hold", suzuki.recorded, hzSato)
			before := strings.Count(sato.log(), "a=sendonly")
			suzuki.says("pause") // it plays on, as others play music
			eventually(t, patience, "sato's phone is told", func() bool { return strings.Count(sato.log(), "a=sendonly") > before })
			suzuki.logs("LinphoneCallPausing to LinphoneCallPaused", 1)
			suzuki.says("resume")
			suzuki.logs("to LinphoneCallStreamsRunning", 3) // after the answer, and each hold
			getsSound(t, "sato after the hold", sato)
			suzuki.says("terminate")
			sato.sees("CALL_CLOSED")

			suzuki.says("call sip:sato@office.example.jp")
			eventually(t, patience, "sato rings", func() bool { return sato.happened("CALL_INCOMING") > 0 })
			sato.does("accept", "")
			hearing(t, "sato, called", heardBy(sato), hzSuzuki)
			sato.does("hangup", "")
			suzuki.logs("LinphoneCallReleased", 2)
			if transport == "tls" {
				for who, log := range map[string]string{"sato": sato.log(), "suzuki": suzuki.log()} {
					if strings.Contains(log, "RTP/AVP ") || !strings.Contains(log, "RTP/SAVP ") {
						t.Errorf("the sound of %s goes in the clear", who)
					}
				}
			}
			if err := s.stop(); err != nil {
				t.Error(err)
			}
		})
	}
}

// A softphone on TLS calls a browser, by way of a number of our own.
func TestASoftphoneAndABrowserTalk(t *testing.T) {
	t.Parallel()
	c := newChromium(t)
	o := newOffice(t)
	o.apply(officeDomain, phoneDocument("sato"), "person: suzuki\ncontacts: [\"client:suzuki\"]",
		"bin: reception\ntwiml: <Response><Dial answerOnBridge=\"true\"><Client>suzuki</Client></Dial></Response>", "number: reception\nbin: reception")
	sato := newTalking(t, local(o.sip), "udp", "sato", hzSato, "")
	o.untilRegistered("sato", 1)
	suzuki := o.onDuty(t, c, "suzuki", "suzuki", "2.18")
	sato.does("dial", "sip:reception@office.example.jp")
	suzuki.saw("incoming")
	suzuki.run("call.accept(); await saw('call accept')")
	sato.sees("CALL_ESTABLISHED")
	suzuki.run("await hears(() => call.getRemoteStream(), %d)", hzSato)
	// A browser takes a steady tone for noise after a while: that it was heard for a second is enough.
	eventually(t, patience, "sato hears the browser's microphone", func() bool {
		all := heardBy(sato)()
		for ; len(all) > media.Rate; all = all[:len(all)-media.Rate] {
			if loudness(all, microphone) > 2000 {
				return true
			}
		}
		return false
	})
	sato.does("hold", "")
	sato.does("resume", "")
	suzuki.run("await hears(() => call.getRemoteStream(), %d)", hzSato)
	suzuki.run("call.sendDigits('8')")
	sato.sees("CALL_DTMF_START")
	sato.does("hangup", "")
	suzuki.saw("call disconnect")
}

// newKamailio is a carrier that asks for a password and stays in the way of the dialog (Record-Route). Whoever is called
// over it is at phone.
func newKamailio(t testing.TB, phone int) (port int) {
	t.Helper()
	port = freePorts(t, 2, firstPort, lastPort)
	newKamailioAt(t, here, port, "127.0.0.1", phone)
	return port
}

// newKamailioAt starts it somewhere else; the one who is called may be there or on another machine.
func newKamailioAt(t testing.TB, at spot, port int, phoneIP string, phone int) {
	t.Helper()
	asCarrier := filepath.Join("..", "..", "leg", "sipleg", "testdata", "kamailio.cfg")
	startKamailio(t, at, asCarrier, "sip:127.0.0.1:[phone]", fmt.Sprintf("sip:%s:%d", phoneIP, phone), "127.0.0.1", at.ip,
		"[port]", fmt.Sprint(port), "[phone]", fmt.Sprint(phone), "[tls]", "")
	eventually(t, patience, "kamailio listens", func() bool { return at.listens(port) })
}

// startKamailio starts it somewhere, with what a file says after replacing this by that.
func startKamailio(t testing.TB, at spot, file string, replace ...string) {
	t.Helper()
	program := needs(t, "kamailio", "kamailio")
	modules, _ := filepath.Glob("/usr/lib/*/kamailio/modules")
	if len(modules) == 0 {
		t.Skip("skipped: kamailio's modules are missing (apt install kamailio; make test does it)")
	}
	written, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file = filepath.Join(dir, "kamailio.cfg")
	text := strings.NewReplacer(append(replace, "[modules]", modules[0])...).Replace(string(written))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(program, "-DD", "-E", "-f", file, "-Y", dir, "-P", filepath.Join(dir, "pid"), "-m", "16", "-M", "4")
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, dir
	leashGroup(cmd)
	if err := at.start(cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		endGroup(cmd)
		if t.Failed() {
			t.Logf("what kamailio logged:\n%s", tail(log.Name(), 6000))
		}
	})
}

// A softphone calls a mobile over a trunk whose carrier is Kamailio, and one on the mobile's side hears it.
func TestASoftphoneCallsTheTelephoneNetwork(t *testing.T) {
	t.Parallel()
	microphone := filepath.Join(t.TempDir(), "microphone.wav")
	var minute []int16
	for len(minute) < 60*media.Rate {
		minute = append(minute, hum(hzTanaka)...)
	}
	if err := writeWAV(microphone, minute, time.Minute); err != nil {
		t.Fatal(err)
	}
	mobile := newPhoneWith(t, microphone, func(port int) string { return "<sip:+819012345678@" + local(port) + ";transport=udp>;regint=0" })
	carrier := newKamailio(t, mobile.port)
	s := serve(t)
	s.apply(officeDomain+"outside: [mobile]\n", phoneDocument("sato"),
		trunkNamed("ntt", carrier, "user: \"0501234\"", "password: himitsu"))
	sato := newTalking(t, local(s.sip), "tcp", "sato", hzSato, "")
	s.untilRegistered("sato", 1)
	sato.calls(theMobile, mobile)
	talk(t, mobile, sato)
	sato.presses("3")
	mobile.sees("CALL_DTMF_START")
	sato.does("hold", "")
	hearing(t, "the mobile on hold", heardBy(mobile), 0, hzSato)
	sato.does("resume", "")
	hearing(t, "the mobile after the hold", heardBy(mobile), hzSato)
	mobile.hangsUp(sato)
	if log := mobile.log(); !strings.Contains(log, "Record-Route:") {
		t.Errorf("kamailio has not stayed in the way:\n%s", tail(filepath.Join(mobile.dir, "log"), 3000))
	}
}

// Linphone fetches its settings by a link that works once, registers and is rung.
func TestLinphoneIsSetUpByALink(t *testing.T) {
	t.Parallel()
	program := needs(t, "linphonec", "linphone-cli")
	s := serve(t)
	s.apply(officeDomain, phoneDocument("sato"))
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url("/api/phones/sato/link"), nil)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+s.token())
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var link struct{ Linphone, Page string }
	if err := json.NewDecoder(resp.Body).Decode(&link); err != nil || link.Linphone == "" {
		t.Fatalf("%s %v", resp.Status, err)
	}
	l := startLinphone(t, program, t.TempDir(), fmt.Sprintf("[sip]\nsip_port=%[1]d\nsip_tcp_port=%[1]d\nsip_tls_port=-1\nguess_hostname=0\nregister_only_when_network_is_up=0\n[rtp]\naudio_rtp_port=%[2]d\n[misc]\nconfig-uri=%[3]s\n",
		freePort(t), freePorts(t, 4, firstRTP, lastRTP), link.Linphone))
	s.untilRegistered("sato", 1)
	l.says("quit")
	u, err := url.Parse(link.Page)
	if err != nil {
		t.Fatal(err)
	}
	again, err := http.Get(s.url(u.Path))
	if err != nil {
		t.Fatal(err)
	}
	again.Body.Close()
	if again.StatusCode != http.StatusNotFound {
		t.Errorf("the link works again: %s", again.Status)
	}
}
