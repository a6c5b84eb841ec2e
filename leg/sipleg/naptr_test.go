package sipleg

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/kaden-project/kaden/leg"
)

// nameServer is a DNS server of a few lines: it knows the records of a zone, over UDP and TCP.
type nameServer struct {
	t    *testing.T
	udp  *net.UDPConn
	tcp  net.Listener
	zone map[string][]dnsmessage.ResourceBody // by name, lower case, with the last dot

	cut  atomic.Bool // UDP answers are cut off: ask again over TCP
	deaf atomic.Bool // it says nothing to questions for NAPTR, as some home gateways

	mu    sync.Mutex
	asked []string // type and name of each question
}

func newNameServer(t *testing.T, zone map[string][]dnsmessage.ResourceBody) *nameServer {
	t.Helper()
	udp, tcp, err := listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &nameServer{t: t, udp: udp, tcp: tcp, zone: zone}
	var running sync.WaitGroup
	running.Go(func() {
		b := make([]byte, 4096)
		for {
			size, from, err := udp.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			if answer := n.answer(b[:size], n.cut.Load()); answer != nil {
				udp.WriteToUDPAddrPort(answer, from)
			}
		}
	})
	running.Go(func() {
		for {
			c, err := tcp.Accept()
			if err != nil {
				return
			}
			var size [2]byte
			if _, err := io.ReadFull(c, size[:]); err == nil {
				b := make([]byte, binary.BigEndian.Uint16(size[:]))
				if _, err := io.ReadFull(c, b); err == nil {
					answer := n.answer(b, false)
					c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
				}
			}
			c.Close()
		}
	})
	t.Cleanup(func() { udp.Close(); tcp.Close(); running.Wait() })
	return n
}

func (n *nameServer) answer(question []byte, cut bool) []byte {
	var m dnsmessage.Message
	if m.Unpack(question) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	n.mu.Lock()
	n.asked = append(n.asked, strings.TrimPrefix(q.Type.String(), "Type")+" "+q.Name.String())
	n.mu.Unlock()
	if q.Type == typeNAPTR && n.deaf.Load() {
		return nil
	}
	reply := dnsmessage.Message{Header: dnsmessage.Header{ID: m.ID, Response: true, RecursionAvailable: true, Truncated: cut}, Questions: m.Questions}
	records, known := n.zone[strings.ToLower(q.Name.String())]
	if !known {
		reply.RCode = dnsmessage.RCodeNameError
	}
	for _, r := range records {
		kind := typeOf(r)
		if kind == q.Type && !cut {
			reply.Answers = append(reply.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Type: kind, Class: dnsmessage.ClassINET, TTL: 60}, Body: r,
			})
		}
	}
	b, err := reply.Pack()
	if err != nil {
		n.t.Error(err)
	}
	return b
}

func typeOf(r dnsmessage.ResourceBody) dnsmessage.Type {
	switch r := r.(type) {
	case *dnsmessage.AResource:
		return dnsmessage.TypeA
	case *dnsmessage.SRVResource:
		return dnsmessage.TypeSRV
	case *dnsmessage.UnknownResource:
		return r.Type
	}
	return 0
}

// resolver asks the server for everything.
func (n *nameServer) resolver() Resolver {
	at := n.udp.LocalAddr().String()
	return systemDNS{servers: []string{at}, Resolver: &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, at)
	}}}
}

func (n *nameServer) times(kind string) (count int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, a := range n.asked {
		if strings.HasPrefix(a, kind+" ") {
			count++
		}
	}
	return count
}

func naptr(order, preference uint16, service, replacement string) dnsmessage.ResourceBody {
	b := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, order), preference)
	for _, s := range []string{"s", service, ""} {
		b = append(append(b, byte(len(s))), s...)
	}
	for _, label := range strings.Split(strings.TrimSuffix(replacement, "."), ".") {
		b = append(append(b, byte(len(label))), label...)
	}
	return &dnsmessage.UnknownResource{Type: typeNAPTR, Data: append(b, 0)}
}

func srv(priority, port uint16, target string) dnsmessage.ResourceBody {
	return &dnsmessage.SRVResource{Priority: priority, Weight: 1, Port: port, Target: dnsmessage.MustNewName(target)}
}

func a4(last byte) dnsmessage.ResourceBody { return &dnsmessage.AResource{A: [4]byte{192, 0, 2, last}} }

func TestADomainSaysHowItWantsToBeReached(t *testing.T) {
	n := newNameServer(t, map[string][]dnsmessage.ResourceBody{
		"carrier.example.": {
			naptr(20, 10, "SIP+D2U", "_sip._udp.carrier.example."), // of a higher order: not for those who speak one of the lower
			naptr(10, 50, "SIP+D2T", "_sip._tcp.carrier.example."),
			naptr(10, 10, "SIPS+D2T", "_sips._tcp.carrier.example."),
			naptr(5, 1, "SIP+D2S", "_sip._sctp.carrier.example."), // nobody here speaks that
			a4(9),
		},
		"_sips._tcp.carrier.example.": {srv(10, 5061, "a.carrier.example.")},
		"_sip._tcp.carrier.example.":  {srv(20, 5080, "b.carrier.example."), srv(10, 5070, "a.carrier.example.")},
		"_sip._udp.carrier.example.":  {srv(10, 5060, "a.carrier.example.")},
		"a.carrier.example.":          {a4(1)}, "b.carrier.example.": {a4(2)},
		"plain.example.":           {a4(3)},
		"_sip._udp.srv.example.":   {srv(10, 5090, "b.carrier.example.")},
		"srv.example.":             {a4(4)},
		"empty.example.":           {naptr(1, 1, "SIP+D2U", "_sip._udp.nobody.example."), a4(5)},
		"_sip._udp.empty.example.": {srv(1, 5060, "a.carrier.example.")},
	})
	for _, c := range []struct {
		name string
		h    hop
		want string
		asks bool
	}{
		{"order and preference", hop{host: "carrier.example"}, "tls 192.0.2.1:5061 tcp 192.0.2.1:5070 tcp 192.0.2.2:5080", true},
		{"a transport is written: no NAPTR", hop{host: "carrier.example", proto: "udp"}, "udp 192.0.2.1:5060", false},
		{"a port is written: addresses alone", hop{host: "carrier.example", port: 5062}, "udp 192.0.2.9:5062", false},
		{"a number is itself", hop{host: "192.0.2.7"}, "udp 192.0.2.7:5060", false},
		{"a number with a transport", hop{host: "192.0.2.7", proto: "tls"}, "tls 192.0.2.7:5061", false},
		{"no NAPTR, but SRV", hop{host: "srv.example"}, "udp 192.0.2.2:5090", true},
		{"neither", hop{host: "plain.example"}, "udp 192.0.2.3:5060", true},
		{"NAPTR that leads nowhere", hop{host: "empty.example"}, "udp 192.0.2.1:5060", true},
	} {
		a := atlas{dns: n.resolver()}
		before := n.times("35")
		all, stale, err := a.find(t.Context(), c.h)
		var got []string
		for _, p := range all {
			got = append(got, p.String())
		}
		if s := strings.Join(got, " "); s != c.want || err != nil || stale != nil {
			t.Errorf("%s: %q, %v, %v; want %q", c.name, s, err, stale, c.want)
		}
		if asked := n.times("35") > before; asked != c.asks {
			t.Errorf("%s: NAPTR asked %v", c.name, asked)
		}
		for _, p := range all {
			if p.proto == "tls" && p.name != c.h.host { // RFC 5922: the certificate is for what was asked for
				t.Errorf("%s: the certificate has to name %q", c.name, p.name)
			}
		}
	}
}

func TestAnAnswerThatIsCutOffIsFetchedOverTCP(t *testing.T) {
	n := newNameServer(t, map[string][]dnsmessage.ResourceBody{"carrier.example.": {naptr(1, 1, "SIP+D2T", "_sip._tcp.carrier.example.")}})
	n.cut.Store(true)
	all, err := n.resolver().(naptrResolver).LookupNAPTR(t.Context(), "carrier.example")
	if err != nil || len(all) != 1 || all[0].Replacement != "_sip._tcp.carrier.example." {
		t.Errorf("%+v, %v", all, err)
	}
	if all, err = n.resolver().(naptrResolver).LookupNAPTR(t.Context(), "nobody.example"); err == nil && len(all) > 0 {
		t.Errorf("a name that does not exist: %+v, %v", all, err)
	}
}

func TestADNSThatIsDeafToNAPTRHoldsUpOneCall(t *testing.T) {
	n := newNameServer(t, map[string][]dnsmessage.ResourceBody{"carrier.example.": {a4(1)}, "other.example.": {a4(2)}})
	n.deaf.Store(true)
	a := atlas{dns: n.resolver()}
	begun := time.Now()
	if all, _, err := a.find(t.Context(), hop{host: "carrier.example"}); err != nil || len(all) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	if took := time.Since(begun); took < naptrPatience {
		t.Errorf("it was given %v", took)
	}
	asked := n.times("35")
	if all, _, err := a.find(t.Context(), hop{host: "other.example"}); err != nil || len(all) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	if n.times("35") != asked {
		t.Error("it is asked again")
	}
}

func TestTheServersOfNAPTRServeWhileTheDNSIsDown(t *testing.T) {
	n := newNameServer(t, map[string][]dnsmessage.ResourceBody{
		"carrier.example.":           {naptr(1, 1, "SIP+D2T", "_sip._tcp.carrier.example.")},
		"_sip._tcp.carrier.example.": {srv(1, 5070, "a.carrier.example.")},
		"a.carrier.example.":         {a4(1)},
	})
	a := atlas{dns: n.resolver()}
	h := hop{host: "carrier.example"}
	first, _, err := a.find(t.Context(), h)
	if err != nil || len(first) != 1 {
		t.Fatalf("%v, %v", first, err)
	}
	a.dns = systemDNS{servers: []string{"127.0.0.1:1"}, Resolver: &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.DNSError{Err: "no answer", IsTimeout: true}
	}}}
	old := a.answers[h]
	old.at = old.at.Add(-24 * time.Hour)
	a.answers[h] = old
	again, stale, err := a.find(t.Context(), h)
	if err != nil || stale == nil || !slices.Equal(first, again) {
		t.Errorf("with the DNS down: %v, stale %v, %v", again, stale, err)
	}
}

// A whole call: the domain's NAPTR leads to SRV, and SRV to a server.
func TestACallFollowsNAPTR(t *testing.T) {
	p := newPeer(t)
	n := newNameServer(t, map[string][]dnsmessage.ResourceBody{
		"carrier.example.":           {naptr(1, 1, "SIP+D2U", "_sip._udp.carrier.example.")},
		"_sip._udp.carrier.example.": {srv(1, p.addr().Port(), "one.carrier.example.")},
		"one.carrier.example.":       {&dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}}},
	})
	s := start(t, func(cfg *Config) { quick(cfg); cfg.Resolver = n.resolver() })
	l, err := s.Dial(t.Context(), leg.Target{URI: "sip:1@carrier.example"}, leg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p.replies(p.hears("INVITE"), "486 Busy Here", "a", "")
	ended(t, l, leg.Busy)
}

func FuzzNAPTR(f *testing.F) {
	f.Add(naptr(1, 2, "SIP+D2U", "_sip._udp.carrier.example.").(*dnsmessage.UnknownResource).Data)
	f.Add([]byte{0, 1, 0, 1, 1, 's', 7})
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := parseNAPTR(b)
		if err == nil && !strings.HasSuffix(n.Replacement, ".") {
			t.Errorf("%q is read as %+v", b, n)
		}
		reply := append([]byte{0, 7, 0x80, 0, 0, 1, 0, 1, 0, 0, 0, 0}, b...)
		readNAPTR(reply, 7, "a")
	})
}
