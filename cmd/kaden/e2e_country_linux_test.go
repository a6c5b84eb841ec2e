package main_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/media/mediatest"
	"github.com/kaden-project/kaden/timeline"
)

// country is a small network of machines of their own:
//
//	home ── router ──────── office ──────── carrier ──────── network
//	 .7.2   .7.1 | 79.0.9   79.0.1 | 77.0.1  77.0.2 | 78.0.1   78.0.2, 78.0.3
//
// In the office kaden has a card towards the carrier and one towards the homes, and listens on every address. The home
// stands behind a router that translates addresses (192.168.7.0/24); nobody outside has a way into it. The carrier is
// Kamailio, and forwards what the telephones of the network (10.78.0.0/24) say and hear.
type country struct {
	office, carrier, network, router, home *host
	nat                                    *nat
	cardOut                                string // of the office, towards the carrier
}

func newCountry(t *testing.T) *country {
	t.Helper()
	c := &country{office: newHost(t, "office"), carrier: newHost(t, "carrier"), network: newHost(t, "network"), router: newHost(t, "router"), home: newHost(t, "home")}
	c.cardOut, _ = join(c.office, "10.77.0.1/24", c.carrier, "10.77.0.2/24")
	_, card := join(c.carrier, "10.78.0.1/24", c.network, "10.78.0.2/24")
	c.network.ip("address", "add", "10.78.0.3/24", "dev", card)
	join(c.office, "10.79.0.1/24", c.router, "10.79.0.9/24")
	inside, _ := join(c.router, "192.168.7.1/24", c.home, "192.168.7.2/24")
	c.carrier.forwards()
	c.office.ip("route", "add", "10.78.0.0/24", "via", "10.77.0.2")
	c.network.ip("route", "add", "default", "via", "10.78.0.1")
	c.home.ip("route", "add", "default", "via", "192.168.7.1")
	c.nat = newNAT(t, c.router, inside, c.router.spot("10.79.0.9"))
	return c
}

// newOfficeBehindARouter is a country whose office stands behind a router that translates addresses, and keeps the ports, as
// most do; there is no home.
//
//	office ────────────── router ──────── carrier ──────── network
//	192.168.7.2, 7.3    7.1 | 77.0.9     77.0.2 | 78.0.1   78.0.2, 78.0.3
func newOfficeBehindARouter(t *testing.T) *country {
	t.Helper()
	c := &country{office: newHost(t, "office"), router: newHost(t, "router"), carrier: newHost(t, "carrier"), network: newHost(t, "network")}
	inside, card := join(c.router, "192.168.7.1/24", c.office, "192.168.7.2/24")
	c.office.ip("address", "add", "192.168.7.3/24", "dev", card)
	join(c.router, "10.77.0.9/24", c.carrier, "10.77.0.2/24")
	join(c.carrier, "10.78.0.1/24", c.network, "10.78.0.2/24")
	c.carrier.forwards()
	c.office.ip("route", "add", "default", "via", "192.168.7.1")
	c.router.ip("route", "add", "10.78.0.0/24", "via", "10.77.0.2")
	c.network.ip("route", "add", "default", "via", "10.78.0.1")
	c.nat = newNAT(t, c.router, inside, c.router.spot("10.77.0.9"))
	c.nat.keeps = true
	return c
}

// microphoneWith is a sound file that says something over and over for a minute, and is silent for nine more: without a
// source there is no packet to carry a key.
func microphoneWith(t testing.TB, samples []int16) string {
	t.Helper()
	var minute []int16
	for len(minute) < 60*media.Rate {
		minute = append(minute, samples...)
	}
	file := filepath.Join(t.TempDir(), "microphone.wav")
	if err := writeWAV(file, minute, 10*time.Minute); err != nil {
		t.Fatal(err)
	}
	return file
}

// mobile is a telephone of the network, and the carrier in front of it: what it says goes out over Kamailio.
func (c *country) mobile(t *testing.T, says []int16) *phone {
	t.Helper()
	m := newPhoneAt(t, c.network.spot("10.78.0.2"), microphoneWith(t, says), func(int) string {
		return `<sip:+819012345678@10.77.0.2;transport=udp>;outbound="sip:10.77.0.2;transport=udp";regint=0`
	})
	newKamailioAt(t, c.carrier.spot("10.77.0.2"), 5060, "10.78.0.2", m.port)
	return m
}

// sato is a telephone at home, which registers with the office.
func (c *country) sato(t *testing.T, says []int16) *phone {
	t.Helper()
	return satoAt(t, c.home.spot("192.168.7.2"), "10.79.0.1", says)
}

func satoAt(t *testing.T, at spot, office string, says []int16) *phone {
	t.Helper()
	return newPhoneAt(t, at, microphoneWith(t, says), func(int) string {
		return fmt.Sprintf(`<sip:sato@office.example.jp;transport=udp>;auth_user=sato;auth_pass=%s;outbound="sip:%s;transport=udp";regint=600`, secretSato, office)
	})
}

// registeringAt is a trunk that signs on at the carrier.
func registeringAt(server string) string {
	return "trunk: ntt\nserver: " + server + "\nuser: \"0501234\"\npassword: himitsu\nregister: true\nfrom: \"+815012345678\"\n"
}

// ringsSato lets calls to the line's number ring sato.
const ringsSato = "number: \"+815012345678\"\ntwiml: <Response><Dial answerOnBridge=\"true\"><Sip>sip:sato@office.example.jp</Sip></Dial></Response>"

func (s *server) untilSignedOn() {
	s.t.Helper()
	eventually(s.t, patience, "the line is signed on", func() bool { state, _ := s.standing(); return state == "registered" })
}

// keysSeen are those that a softphone has been told of, in order.
func (p *phone) keysSeen() (keys string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.events {
		if e.Type == "CALL_DTMF_START" {
			keys += e.Param
		}
	}
	return keys
}

// goesOnHearing waits for two more seconds of what a softphone hears, from now on, of which the last is a tone.
func goesOnHearing(t testing.TB, who string, p *phone, hz float64) {
	t.Helper()
	before := len(p.recorded())
	eventually(t, patience, fmt.Sprintf("%s hears %.0f Hz", who, hz), func() bool {
		all := p.recorded()
		return len(all) > before+2*media.Rate && loudness(all, hz) > 2000
	})
}

// theOffice is where the network calls the office's line.
const theOffice = "sip:0501234@10.77.0.2"

// wasTold fails unless a softphone has got, in one message that begins with first, all of these words.
func wasTold(t testing.TB, who string, p *phone, first string, words ...string) {
	t.Helper()
	if !got(p, first, words...) {
		t.Errorf("%s has got no %s with %q:\n%s", who, first, words, tail(filepath.Join(p.dir, "log"), 6000))
	}
}

// got tells whether a softphone has got, in one message that begins with first, all of these words.
func got(p *phone, first string, words ...string) bool {
	for _, m := range strings.Split(p.log(), "\n"+first)[1:] {
		if end := strings.Index(m, "\r\n\r\nv=0"); end >= 0 { // with its description
			m, _, _ = strings.Cut(m, "\na=ptime")
		} else {
			m, _, _ = strings.Cut(m, "\r\n\r\n")
		}
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(m, w) }) {
			return true
		}
	}
	return false
}

// A phone behind a router and a mobile behind a carrier call each other by way of kaden: each is told the address of
// kaden's that leads to it, they hear each other, a key arrives, the network's side holds and goes on, and either side's
// good-bye passes the carrier's proxy, which stays in the way.
func TestAPhoneBehindARouterAndTheTelephoneNetwork(t *testing.T) {
	t.Parallel()
	c := newCountry(t)
	mobile := c.mobile(t, hum(hzTanaka))
	s := serve(t, on(c.office))
	s.apply(officeDomain+"outside: [mobile]\n", phoneDocument("sato"), registeringAt("10.77.0.2"), ringsSato)
	s.untilSignedOn()
	sato := c.sato(t, hum(hzSato))
	s.untilRegistered("sato", 1)

	sato.calls(theMobile, mobile)
	talk(t, mobile, sato)
	wasTold(t, "the mobile", mobile, "INVITE ", "Record-Route: <sip:10.77.0.2", "Via: SIP/2.0/UDP 10.77.0.1:5060", "Contact: <sip:0501234@10.77.0.1:5060", "c=IN IP4 10.77.0.1")
	wasTold(t, "sato", sato, "SIP/2.0 200 OK", "Contact: <sip:kaden@10.79.0.1:5060>", "c=IN IP4 10.79.0.1")
	sato.presses("3")
	eventually(t, patience, "the key arrives at the mobile", func() bool { return mobile.keysSeen() == "3" })
	mobile.presses("7")
	eventually(t, patience, "the key arrives at sato", func() bool { return sato.keysSeen() == "7" })
	before := strings.Count(sato.log(), "a=sendonly")
	mobile.does("hold", "")
	eventually(t, patience, "sato's phone is told of the hold", func() bool { return strings.Count(sato.log(), "a=sendonly") > before })
	mobile.does("resume", "")
	getsSound(t, "sato after the hold", sato)
	mobile.hangsUp(sato)

	mobile.calls(theOffice, sato)
	talk(t, mobile, sato)
	wasTold(t, "the mobile", mobile, "SIP/2.0 200 OK", "Record-Route: <sip:10.77.0.2", "@10.77.0.1:5060", "c=IN IP4 10.77.0.1")
	wasTold(t, "sato", sato, "INVITE ", "Via: SIP/2.0/UDP 10.79.0.1:5060", "Contact: <sip:kaden@10.79.0.1:5060", "c=IN IP4 10.79.0.1")
	sato.hangsUp(mobile)
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}

// An alert calls somebody of the telephone network out of bed: past the carrier's proxy, with its password, and the key
// that they press comes back the same way.
func TestACallOutCrossesACarriersNetwork(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	c := newCountry(t)
	subscriber := newCarrierAt(t, c.network.spot("10.78.0.2"), "behind-a-proxy", 5070)
	newKamailioAt(t, c.carrier.spot("10.77.0.2"), 5060, "10.78.0.2", subscriber.port)
	s := serve(t, on(c.office))
	s.apply(registeringAt("10.77.0.2"), sato, satoOnly)
	s.untilSignedOn()
	id := s.alarm("disk full on db01")
	s.until(id, timeline.AlertAcknowledged, "sato")
	eventually(t, patience, "the call is ended past the proxy", func() bool { return len(subscriber.got("BYE")) > 0 })
	book := tail(subscriber.file, 1<<20)
	for _, want := range []string{"Record-Route: <sip:10.77.0.2", "Via: SIP/2.0/UDP 10.77.0.1:5060", "@10.77.0.1:5060", "c=IN IP4 10.77.0.1"} {
		if !strings.Contains(book, want) {
			t.Errorf("the subscriber has not got %q:\n%s", want, tail(subscriber.file, 6000))
		}
	}
	if strings.Contains(book, "10.79.0.1") || strings.Contains(book, "127.0.0.1") || strings.Contains(book, "0.0.0.0") {
		t.Errorf("the subscriber was told an address that does not lead to us:\n%s", tail(subscriber.file, 6000))
	}
}

// contactsAt asks the carrier's registrar where the line's calls go.
func (c *country) contactsAt(t *testing.T, h *handset) (all []string) {
	t.Helper()
	answer := h.registers("himitsu")
	for line := range strings.Lines(answer) {
		if list, is := strings.CutPrefix(line, "Contact: "); is {
			for _, one := range strings.Split(list, ",") {
				_, one, _ = strings.Cut(one, "@")
				at, _, _ := strings.Cut(one, ";")
				all = append(all, at)
			}
		}
	}
	return all
}

// In the night the office's address changes, and for a moment there is none. The carrier is told at once, does not call the
// old one any more, and calls come and go from the new one; a call that is up goes on. Where a public address is configured, that one stays.
func TestTheOfficesAddressChanges(t *testing.T) {
	t.Parallel()
	for _, x := range []struct{ name, transport, advertise, before, after string }{
		{"over UDP", "udp", "", "10.77.0.1", "10.77.0.31"},
		{"over TCP", "tcp", "", "10.77.0.1", "10.77.0.31"},
		{"with a public address", "udp", "10.80.0.1", "10.80.0.1", "10.80.0.1"},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			c := newCountry(t)
			// The public address is one that only routes lead to; no card has it.
			c.office.ip("address", "add", "10.80.0.1/32", "dev", "lo")
			c.carrier.ip("route", "add", "10.80.0.1/32", "via", "10.77.0.1")
			c.router.ip("route", "add", "10.80.0.1/32", "via", "10.79.0.1")
			mobile := c.mobile(t, hum(hzTanaka))
			s := serve(t, on(c.office, fmt.Sprintf("advertise: %q", x.advertise)))
			s.apply(officeDomain+"outside: [mobile]\n", phoneDocument("sato"), registeringAt("sip:10.77.0.2;transport="+x.transport), ringsSato)
			s.untilSignedOn()
			sato := satoAt(t, c.router.spot("10.79.0.9"), "10.79.0.1", hum(hzSato)) // the router's own telephone
			s.untilRegistered("sato", 1)
			registrar := newHandsetAt(t, c.network.spot("10.78.0.3"), "10.77.0.2:5060", "0501234")
			if at := c.contactsAt(t, registrar); len(at) != 1 || at[0] != x.before+":5060" {
				t.Fatalf("before, the carrier calls %q", at)
			}

			sato.calls(theMobile, mobile)
			hearing(t, "the mobile, before", heardBy(mobile), hzSato)
			reinvited := strings.Count(sato.log(), "\nINVITE ")

			c.office.ip("address", "del", "10.77.0.1/24", "dev", c.cardOut)
			c.office.ip("address", "add", "10.77.0.31/24", "dev", c.cardOut)
			c.office.ip("route", "add", "10.78.0.0/24", "via", "10.77.0.2")
			c.carrier.ip("route", "replace", "10.80.0.1/32", "via", "10.77.0.31")
			changed := time.Now()
			if x.before != x.after {
				var at []string
				if !happens(t, 10*time.Second, func() bool { at = c.contactsAt(t, registrar); return len(at) == 1 && at[0] == x.after+":5060" }) {
					t.Fatalf("10 s after the change the carrier calls %q", at)
				}
				t.Logf("the carrier knows after %v", time.Since(changed).Round(time.Millisecond))
				eventually(t, patience, "the call that is up follows", func() bool {
					return got(mobile, "INVITE ", "Contact: <sip:0501234@"+x.after+":5060", "c=IN IP4 "+x.after)
				})
			}
			goesOnHearing(t, "the mobile, after the change", mobile, hzSato)
			goesOnHearing(t, "sato, after the change", sato, hzTanaka)
			if n := strings.Count(sato.log(), "\nINVITE "); n != reinvited {
				t.Error("sato's end of the call was told of an address that it does not use")
			}
			mobile.hangsUp(sato)

			mobile.calls(theOffice, sato)
			talk(t, mobile, sato)
			wasTold(t, "the mobile", mobile, "SIP/2.0 200 OK", "@"+x.after+":5060", "c=IN IP4 "+x.after)
			mobile.hangsUp(sato)

			sato.calls(theMobile, mobile)
			talk(t, mobile, sato)
			wasTold(t, "the mobile", mobile, "INVITE ", "Contact: <sip:0501234@"+x.after+":5060", "c=IN IP4 "+x.after)
			if at := c.contactsAt(t, registrar); len(at) != 1 || at[0] != x.after+":5060" {
				t.Errorf("in the end the carrier calls %q", at)
			}
			sato.hangsUp(mobile)
		})
	}
}

// The office's address changes while a telephone outside rings. Its answer would go nowhere: it rings a second time, from the
// new address, and whoever picks up then is heard.
func TestTheOfficesAddressChangesWhileATelephoneRings(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			c := newCountry(t)
			mobile := c.mobile(t, hum(hzTanaka))
			s := serve(t, on(c.office))
			s.apply(officeDomain+"outside: [mobile]\n", phoneDocument("sato"), registeringAt("sip:10.77.0.2;transport="+transport))
			s.untilSignedOn()
			sato := satoAt(t, c.router.spot("10.79.0.9"), "10.79.0.1", hum(hzSato))
			s.untilRegistered("sato", 1)
			sato.does("dial", "sip:09012345678@office.example.jp")
			mobile.rings()

			c.office.ip("address", "del", "10.77.0.1/24", "dev", c.cardOut)
			c.office.ip("address", "add", "10.77.0.31/24", "dev", c.cardOut)
			c.office.ip("route", "add", "10.78.0.0/24", "via", "10.77.0.2")
			changed := time.Now()
			eventually(t, patience, "the telephone rings again", func() bool { return mobile.happened("CALL_INCOMING") > 1 })
			t.Logf("it rings again after %v", time.Since(changed).Round(time.Millisecond))
			if n := mobile.happened("CALL_CLOSED"); n != 1 {
				t.Errorf("of two calls %d are over", n)
			}
			if !got(mobile, "INVITE ", "Contact: <sip:0501234@10.77.0.31:5060", "c=IN IP4 10.77.0.31") {
				t.Errorf("it rings from another address:\n%s", tail(filepath.Join(mobile.dir, "log"), 6000))
			}
			mobile.does("accept", "")
			sato.sees("CALL_ESTABLISHED")
			hearing(t, "the mobile", heardBy(mobile), hzSato)
			hearing(t, "sato", heardBy(sato), hzTanaka)
			mobile.does("hangup", "")
			sato.sees("CALL_CLOSED")
			if err := s.stop(); err != nil {
				t.Error(err)
			}
		})
	}
}

// kaden itself stands behind a router. What it tells the carrier, in its registration and in each call, is where the carrier
// sees it; so calls come in and are ended from outside, though the carrier does nothing for those behind routers.
func TestTheOfficeStandsBehindARouter(t *testing.T) {
	t.Parallel()
	c := newOfficeBehindARouter(t)
	mobile := c.mobile(t, hum(hzTanaka))
	s := serve(t, on(c.office))
	s.apply(officeDomain+"outside: [mobile]\n", phoneDocument("sato"), registeringAt("10.77.0.2"), ringsSato)
	s.untilSignedOn()
	registrar := newHandsetAt(t, c.network.spot("10.78.0.2"), "10.77.0.2:5060", "0501234")
	eventually(t, patience, "the carrier calls the router", func() bool { return slices.Equal(c.contactsAt(t, registrar), []string{"10.77.0.9:5060"}) })
	sato := satoAt(t, c.office.spot("192.168.7.3"), "192.168.7.2", hum(hzSato))
	s.untilRegistered("sato", 1)

	mobile.calls(theOffice, sato)
	talk(t, mobile, sato)
	wasTold(t, "the mobile", mobile, "SIP/2.0 200 OK", "Contact: <sip:0501234@10.77.0.9:5060", "c=IN IP4 10.77.0.9")
	mobile.hangsUp(sato)

	sato.calls(theMobile, mobile)
	talk(t, mobile, sato)
	wasTold(t, "the mobile", mobile, "INVITE ", "Contact: <sip:0501234@10.77.0.9:5060", "c=IN IP4 10.77.0.9")
	mobile.hangsUp(sato)
}

// The line at home loses one packet in twenty each way, sound and signalling alike: what is said is recognised at both
// ends, and no key is missing or comes twice.
func TestAPhoneOnALossyLine(t *testing.T) {
	t.Parallel()
	c := newCountry(t)
	satos, mobiles := mediatest.Announcement(2*media.Rate, 7), mediatest.Announcement(2*media.Rate, 8)
	mobile := c.mobile(t, mobiles)
	s := serve(t, on(c.office))
	s.apply(officeDomain+"outside: [mobile]\n", phoneDocument("sato"), registeringAt("10.77.0.2"))
	s.untilSignedOn()
	c.nat.loses(0.05)
	sato := c.sato(t, satos)
	s.untilRegistered("sato", 1)
	sato.calls(theMobile, mobile)
	// What a softphone has recorded stops and jumps where the machine is busy, so that it is heard more than once if need be;
	// how much of it a lossy line leaves is measured to the packet in leg/sipleg (TestSpeechAndKeysSurviveALossyNetwork).
	for _, end := range []struct {
		who         string
		p           *phone
		says, hears []int16
	}{{"the mobile", mobile, mobiles, satos}, {"sato", sato, satos, mobiles}} {
		end.p.hears(5 * time.Second)
		var score, other float64
		if !happens(t, patience, func() bool {
			last := end.p.recorded()
			last = last[max(0, len(last)-5*media.Rate):]
			score, other = mediatest.Find(last, end.hears).Score, mediatest.Find(last, end.says).Score
			return score > 0.6 && other < 0.3
		}) {
			t.Errorf("%s does not recognise what is said", end.who)
		}
		t.Logf("%s recognises what is said with a score of %.2f (what was not said: %.2f)", end.who, score, other)
	}
	const keys = "1234567890*#"
	for _, way := range []struct {
		name     string
		from, to *phone
	}{{"from sato", sato, mobile}, {"to sato", mobile, sato}} {
		for i := range keys {
			way.from.presses(keys[i : i+1])
			eventually(t, patience, fmt.Sprintf("%s: key %d arrives", way.name, i+1), func() bool { return len(way.to.keysSeen()) > i })
		}
		if got := way.to.keysSeen(); got != keys {
			t.Errorf("%s: the keys are %q", way.name, got)
		}
	}
	sato.hangsUp(mobile)
	c.nat.mu.Lock()
	defer c.nat.mu.Unlock()
	t.Logf("%d packets passed, %d were lost", c.nat.passed, c.nat.lost)
	if c.nat.lost < 50 {
		t.Errorf("only %d packets were lost: too few to show anything", c.nat.lost)
	}
}
