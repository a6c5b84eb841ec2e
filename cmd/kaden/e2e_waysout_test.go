package main_test

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A story of calling out is told once and happens over each way out of the house: what a person with a telephone lives
// through is the same, whoever carries the call.

// wayOut is how the telephone numbers of a kaden are reached.
type wayOut struct {
	name  string
	serve func(t *testing.T, network string) *server // a kaden with that way to the telephone network at an address
}

var waysOut = []wayOut{
	{"over our own trunk", func(t *testing.T, network string) *server {
		s := serve(t)
		s.apply(trunkTo(network))
		return s
	}},
	{"over another kaden", func(t *testing.T, network string) *server {
		s := behind(t, farAt(t, network))
		return s
	}},
}

// overEachWayOut tells a story over each of them.
func overEachWayOut(t *testing.T, tell func(t *testing.T, w wayOut)) {
	t.Parallel()
	needsVoice(t, "en")
	for _, w := range waysOut {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			tell(t, w)
		})
	}
}

func trunkTo(network string) string {
	return "trunk: network\nserver: " + network + "\nfrom: \"+815087654321\""
}

// farAt is a kaden with a trunk to a telephone network, to which another kaden hands its calls.
func farAt(t *testing.T, network string) *server {
	t.Helper()
	s := serve(t)
	s.apply(trunkTo(network), "number: \"+815087654321\"\ncall-back: true")
	return s
}

// behind is a kaden without a trunk of its own, whose calls go over another one.
func behind(t *testing.T, up *server, options ...option) *server {
	t.Helper()
	s := newServer(t, options...)
	s.env = append(s.env, "KADEN_PUBLIC_URL="+s.url(""), "FAR_TOKEN="+up.token())
	s.start()
	s.ready()
	s.apply(upstreamDoc(up))
	return s
}

// telephone is where somebody in the network is reached: a port of this machine.
type telephone interface{ at() int }

func (p *phone) at() int   { return p.port }
func (c *carrier) at() int { return c.port }

// resident is a person with a telephone in the network.
type resident struct {
	name string
	has  telephone
}

// numberAt is the telephone number of the i-th.
func numberAt(i int) string { return fmt.Sprintf("+8190111100%02d", i+1) }

// kaden is one that knows people with telephones, and reaches them this way.
func (w wayOut) kaden(t *testing.T, people ...resident) *server {
	t.Helper()
	var documents []string
	numbers := map[string]telephone{}
	for i, p := range people {
		documents = append(documents, "person: "+p.name+"\nlanguage: en-US\ncontacts: [\"tel:"+numberAt(i)+"\"]")
		numbers[numberAt(i)] = p.has
	}
	s := w.serve(t, newNetwork(t, numbers))
	s.apply(documents...)
	return s
}

// newNetwork starts Kamailio as a telephone network in which numbers are telephones, and gives its address.
func newNetwork(t *testing.T, numbers map[string]telephone) string {
	t.Helper()
	var routes strings.Builder
	for number, phone := range numbers {
		fmt.Fprintf(&routes, "\tif ($rU == %q) { $ru = \"sip:me@%s\"; t_relay(); exit; }\n", number, local(phone.at()))
	}
	port := freePort(t)
	startKamailio(t, here, filepath.Join("testdata", "e2e", "network.cfg"), "[port]", fmt.Sprint(port), "[numbers]", routes.String())
	eventually(t, patience, "the telephone network answers", func() bool { return answersSIP(port) })
	return local(port)
}

// answersSIP asks a SIP server whether it is there.
func answersSIP(port int) bool {
	c, err := net.Dial("udp", local(port))
	if err != nil {
		return false
	}
	defer c.Close()
	text := "OPTIONS sip:" + local(port) + " SIP/2.0\r\nVia: SIP/2.0/UDP " + c.LocalAddr().String() + ";branch=z9hG4bKthere\r\nMax-Forwards: 70\r\n" +
		"From: <sip:test@127.0.0.1>;tag=t\r\nTo: <sip:" + local(port) + ">\r\nCall-ID: there@127.0.0.1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
	if _, err := c.Write([]byte(text)); err != nil {
		return false
	}
	c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	answer := make([]byte, 2000)
	n, err := c.Read(answer)
	return err == nil && strings.HasPrefix(string(answer[:n]), "SIP/2.0 200")
}
