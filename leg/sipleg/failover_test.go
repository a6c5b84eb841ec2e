package sipleg

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
)

// twoServers is a carrier with two servers behind one name.
func twoServers(first, second *peer) *dns {
	return &dns{
		srv: map[string][]*net.SRV{"_sip._udp.carrier.example": {
			{Target: "one.carrier.example.", Port: first.addr().Port()}, {Target: "two.carrier.example.", Port: second.addr().Port()},
		}},
		addr: map[string][]netip.Addr{"one.carrier.example": home(), "two.carrier.example": home()},
	}
}

func TestACallGoesOnToTheCarriersNextServer(t *testing.T) {
	for _, c := range []struct {
		name  string
		first func(p *peer, invite said)
	}{
		{"503", func(p *peer, m said) {
			p.replies(m, "503 Service Unavailable", "a", "", "Retry-After: 60")
			p.hears("ACK")
		}},
		{"silence", func(*peer, said) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			one, two := newPeer(t), newPeer(t)
			s := start(t, func(cfg *Config) { quickLines(cfg); cfg.Resolver = twoServers(one, two) })
			to := leg.Target{URI: "sip:1@carrier.example"}
			l, err := s.Dial(t.Context(), to, leg.Options{ID: "a-1"})
			if err != nil {
				t.Fatal(err)
			}
			invite := one.hears("INVITE")
			c.first(one, invite)
			again := two.hears("INVITE")
			if again.get("Call-ID") != invite.get("Call-ID") || again.branch() == invite.branch() || !strings.HasPrefix(again.get("CSeq"), "2 ") {
				t.Errorf("the second server got\n%s\nafter\n%s", again.raw, invite.raw)
			}
			two.replies(again, "180 Ringing", "b", "")
			next(t, l, leg.Ringing)
			if c.name == "silence" { // it speaks after all, and is told that nobody wants it
				one.replies(invite, "180 Ringing", "a", "")
				cancel := one.hears("CANCEL")
				if cancel.branch() != invite.branch() {
					t.Errorf("the CANCEL is of another INVITE:\n%s", cancel.raw)
				}
				one.replies(cancel, "200 OK", "a", "")
				one.replies(invite, "487 Request Terminated", "a", "")
			}
			two.replies(again, "486 Busy Here", "b", "")
			ended(t, l, leg.Busy)

			// The next call begins with the server that works.
			l, err = s.Dial(t.Context(), to, leg.Options{})
			if err != nil {
				t.Fatal(err)
			}
			two.replies(two.hears("INVITE"), "486 Busy Here", "b", "")
			ended(t, l, leg.Busy)
		})
	}
}

func TestARefusalOfThePersonIsNotTriedElsewhere(t *testing.T) {
	one, two := newPeer(t), newPeer(t)
	s := start(t, func(cfg *Config) { quickLines(cfg); cfg.Resolver = twoServers(one, two) })
	for _, status := range []string{"486 Busy Here", "404 Not Found", "603 Decline"} {
		l, err := s.Dial(t.Context(), leg.Target{URI: "sip:1@carrier.example"}, leg.Options{})
		if err != nil {
			t.Fatal(err)
		}
		one.replies(one.hears("INVITE"), status, "a", "")
		next(t, l, leg.Ended)
	}
	l, err := s.Dial(t.Context(), leg.Target{URI: "sip:1@carrier.example"}, leg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := one.hears("INVITE")
	one.replies(m, "180 Ringing", "a", "")
	next(t, l, leg.Ringing)
	one.replies(m, "503 Service Unavailable", "a", "") // a phone has rung: nobody is rung twice
	ended(t, l, leg.Congested)
	two.hearsNothing(50 * time.Millisecond)
}

func TestACallThatBothServersRefuseMayGoOverAnotherTrunk(t *testing.T) {
	one, two := newPeer(t), newPeer(t)
	s := start(t, func(cfg *Config) { quickLines(cfg); cfg.Resolver = twoServers(one, two) })
	l, err := s.Dial(t.Context(), leg.Target{URI: "sip:1@carrier.example"}, leg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*peer{one, two} {
		p.replies(p.hears("INVITE"), "503 Service Unavailable", "a", "")
	}
	if e := ended(t, l, leg.Congested); !e.Retry {
		t.Errorf("it may not be tried elsewhere: %+v", e)
	}
}

func TestACallLeftBehindIsCancelledAtEachServer(t *testing.T) {
	one, two := newPeer(t), newPeer(t)
	to, o := leg.Target{URI: "sip:1@carrier.example"}, leg.Options{ID: "a-7"}
	before := start(t, func(cfg *Config) { quickLines(cfg); cfg.Resolver = twoServers(one, two) })
	if _, err := before.Dial(t.Context(), to, o); err != nil {
		t.Fatal(err)
	}
	one.hears("INVITE") // and says nothing; its process dies now, or a little later
	invite := two.hears("INVITE")
	after := start(t, func(cfg *Config) { quickLines(cfg); cfg.Resolver = twoServers(one, two) })
	over := make(chan error, 1)
	go func() { over <- after.End(t.Context(), to, o, nil) }()
	var branches []string
	for range 2 {
		cancel := two.hears("CANCEL")
		branches = append(branches, cancel.branch())
		if cancel.branch() != invite.branch() {
			two.replies(cancel, "481 Call/Transaction Does Not Exist", "", "")
			continue
		}
		two.replies(cancel, "200 OK", "b", "")
		invite.from = cancel.from
		two.replies(invite, "487 Request Terminated", "b", "")
	}
	if !slices.Contains(branches, invite.branch()) {
		t.Errorf("the CANCELs have the branches %q, the INVITE %q", branches, invite.branch())
	}
	if err := <-over; err != nil {
		t.Errorf("the end: %v", err)
	}
}

func TestALineIsSignedOnAtTheNextServer(t *testing.T) {
	one, two := newPeer(t), newPeer(t)
	s := start(t, func(cfg *Config) { quickLines(cfg); cfg.Resolver = twoServers(one, two) })
	l := ntt(one)
	l.Server = "carrier.example"
	s.SetLines([]Line{l})
	one.hears("REGISTER")
	signsOn(two, 3600)
	if at := stands(t, s, "registered", condition(Registered)); at.Server != "udp "+two.addr().String() {
		t.Errorf("signed on at %s", at.Server)
	}
}

func TestTheLastGoodAnswersServeWhileTheDNSIsDown(t *testing.T) {
	d := &dns{addr: map[string][]netip.Addr{"carrier.example": home()}}
	a := atlas{dns: d}
	h := hop{host: "carrier.example"}
	if _, _, err := a.find(t.Context(), hop{host: "nowhere.example"}); err == nil || !nowhere(err) {
		t.Errorf("a name that does not exist: %v", err)
	}
	all, _, err := a.find(t.Context(), h)
	if err != nil || len(all) != 1 || all[0].String() != "udp 127.0.0.1:5060" {
		t.Fatalf("%v, %v", all, err)
	}
	d.down = true
	age := func() {
		old := a.answers[h]
		old.at = old.at.Add(-24 * time.Hour)
		a.answers[h] = old
	}
	age()
	again, stale, err := a.find(t.Context(), h)
	if err != nil || stale == nil || !slices.Equal(all, again) {
		t.Errorf("with the DNS down: %v, stale %v, %v", again, stale, err)
	}
	if _, _, err := a.find(t.Context(), hop{host: "new.example"}); err == nil || nowhere(err) {
		t.Errorf("a new name with the DNS down: %v", err)
	}
	if _, stale, err := a.find(t.Context(), h); err != nil || stale != nil {
		t.Errorf("a moment later the DNS is asked again: %v, %v", stale, err)
	}
	age()
	d.down = false
	delete(d.addr, "carrier.example")
	if _, _, err := a.find(t.Context(), h); err == nil {
		t.Error("a name that is gone is still called")
	}
}

func TestServersThatFailRestLongerEachTime(t *testing.T) {
	a := atlas{}
	p, q := place{"udp", netip.MustParseAddrPort("192.0.2.1:5060"), ""}, place{"udp", netip.MustParseAddrPort("192.0.2.2:5060"), ""}
	now := time.Now()
	for _, want := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 8 * time.Minute} {
		a.suffered(p, 0)
		if rest := a.failed[p].rest; rest != want || !a.rests(p) {
			t.Errorf("it rests for %v, want %v", rest, want)
		}
		if got := a.sorted([]place{p, q}, now); got[0] != q || len(got) != 2 {
			t.Errorf("first comes %v", got[0])
		}
		f := a.failed[p]
		f.until = now.Add(-time.Second)
		a.failed[p] = f
	}
	a.suffered(p, 6*time.Minute)
	a.served(p)
	a.suffered(p, 6*time.Minute)
	if left := time.Until(a.failed[p].until); left < 5*time.Minute {
		t.Errorf("Retry-After of 6 min is heeded for %v", left)
	}
}

func TestWhereServersAreFound(t *testing.T) {
	d := &dns{
		srv: map[string][]*net.SRV{
			"_sip._tcp.tcp.example":  {{Target: "a.example.", Port: 5070}},
			"_sip._udp.gone.example": {{Target: "."}},
		},
		addr: map[string][]netip.Addr{
			"a.example": {netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("192.0.2.1")}, "gone.example": home(),
		},
	}
	a := atlas{dns: d}
	for _, c := range []struct {
		h    hop
		want string
	}{
		{hop{host: "tcp.example"}, "[tcp 192.0.2.1:5070 tcp [2001:db8::1]:5070]"},
		{hop{host: "a.example"}, "[udp 192.0.2.1:5060 udp [2001:db8::1]:5060]"},
		{hop{host: "a.example", proto: "tls"}, "[tls 192.0.2.1:5061 tls [2001:db8::1]:5061]"},
		{hop{host: "a.example", port: 5080}, "[udp 192.0.2.1:5080 udp [2001:db8::1]:5080]"},
		{hop{host: "192.0.2.9", proto: "tcp"}, "[tcp 192.0.2.9:5060]"},
		{hop{host: "gone.example"}, "[udp 127.0.0.1:5060]"},
	} {
		all, _, err := a.find(t.Context(), c.h)
		var got []string
		for _, p := range all {
			got = append(got, p.String())
		}
		if s := "[" + strings.Join(got, " ") + "]"; err != nil || s != c.want {
			t.Errorf("%+v: %s, %v; want %s", c.h, s, err, c.want)
		}
	}
}

// The second server has an address to which there is no way from here: it has to be the first, though it is slow.
func TestASlowServerKeepsTheCallWhereNoOtherCanBeReached(t *testing.T) {
	one := newPeer(t)
	d := twoServers(one, one)
	d.addr["two.carrier.example"] = []netip.Addr{netip.MustParseAddr("192.0.2.1")} // nothing leaves a socket of loopback for it
	s := start(t, func(cfg *Config) { quickLines(cfg); cfg.Resolver = d })
	l, err := s.Dial(t.Context(), leg.Target{URI: "sip:1@carrier.example"}, leg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	invite := one.hears("INVITE")
	until(t, "the other to be tried", func() bool {
		s.atlas.mu.Lock()
		defer s.atlas.mu.Unlock()
		return len(s.atlas.failed) > 0
	})
	one.replies(invite, "180 Ringing", "a", "")
	next(t, l, leg.Ringing)
	one.replies(invite, "200 OK", "a", sdpAt(40000))
	one.hears("ACK")
	next(t, l, leg.Answered)
	l.Hangup(t.Context(), leg.Completed)
	one.replies(one.hears("BYE"), "200 OK", "", "")
	ended(t, l, leg.Completed)
}

func TestNoOtherServerIsTriedWhenTheHouseIsClosed(t *testing.T) {
	one, two := newPeer(t), newPeer(t)
	s := start(t, func(cfg *Config) { quickLines(cfg); cfg.timers.Next = time.Minute; cfg.Resolver = twoServers(one, two) })
	l, err := s.Dial(t.Context(), leg.Target{URI: "sip:1@carrier.example"}, leg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	one.hears("INVITE")
	s.layer.close()
	l.(*Leg).unheard(l.(*Leg).inv, errNoAnswer) // which was on its way
	ended(t, l, leg.Fault)
}
