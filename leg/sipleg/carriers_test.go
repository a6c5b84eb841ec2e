package sipleg

import (
	"net"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
)

// dialOver calls a sipp scenario over a line ntt that leads to it.
func dialOver(t *testing.T, s *Server, to leg.Target, line Line) leg.Leg {
	t.Helper()
	line.Name = "ntt"
	if line.Server == "" {
		line.Server = serverOf(to)
	}
	s.SetLines([]Line{line})
	to.Line = "ntt"
	l, err := s.Dial(t.Context(), to, leg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// serverOf is host and port of whom a target leads to.
func serverOf(to leg.Target) string {
	_, server, _ := strings.Cut(to.URI, "@")
	return server
}

// The caller's number stands where the carrier looks for it, and nowhere that it must not: a wrong place is a call that
// the carrier refuses, or one that shows a number which should be hidden.
func TestCarriersLookForOurNumber(t *testing.T) {
	const number = "+815012345678"
	s := start(t, nil)
	for _, c := range []struct {
		name, from, called  string
		line                Line
		wants, shown, hides string // expressions of sipp, of From and of the whole INVITE
	}{
		{"in From", number, "+819012345678", Line{User: "0501234"},
			`<sip:[+]815012345678@ntt.example>`, `From: `, `P-Asserted-Identity|P-Preferred-Identity|Privacy`},
		{"in From, in Japan's form", "05012345678", "09012345678", Line{User: "0501234"},
			`<sip:05012345678@ntt.example>`, `To: <sip:09012345678@`, `[+]81`},
		{"in From, as a telephone", number, "+819012345678", Line{Manner: Manner{Tel: true}},
			`<tel:[+]815012345678>`, `From: `, `sip:[+]815012345678`},
		{"asserted", number, "+819012345678", Line{User: "0501234", Manner: Manner{CallerID: InAsserted}},
			`<sip:0501234@ntt.example>`, `P-Asserted-Identity: <sip:[+]815012345678@ntt.example>`, `P-Preferred-Identity|Privacy`},
		{"asserted, as a telephone", number, "+819012345678", Line{User: "0501234", Manner: Manner{CallerID: InAsserted, Tel: true}},
			`<sip:0501234@ntt.example>`, `P-Asserted-Identity: <tel:[+]815012345678>`, `P-Preferred-Identity|Privacy`},
		{"preferred, in Japan's form", "05012345678", "09012345678", Line{User: "0501234", Manner: Manner{CallerID: InPreferred}},
			`<sip:0501234@ntt.example>`, `P-Preferred-Identity: <sip:05012345678@ntt.example>`, `P-Asserted-Identity|Privacy|[+]81`},
		{"preferred and hidden", number, "+819012345678", Line{User: "0501234", Manner: Manner{CallerID: InPreferred, Private: true}},
			`"Anonymous" <sip:anonymous@anonymous.invalid>`, `Privacy: id`, `From:[^>]*(0501234|5012345678)`},
		{"hidden, and known by the account", number, "+819012345678", Line{User: "0501234", Manner: Manner{Private: true}},
			`"Anonymous" <sip:anonymous@anonymous.invalid>`, `Privacy: id`, `5012345678`},
		{"hidden by the prefix 184", "05012345678", "18409012345678", Line{User: "0501234"},
			`<sip:05012345678@ntt.example>`, `To: <sip:18409012345678@`, `Privacy`},
		{"shown by the prefix 186", "05012345678", "18609012345678", Line{User: "0501234"},
			`<sip:05012345678@ntt.example>`, `To: <sip:18609012345678@`, `Privacy`},
	} {
		t.Run(c.name, func(t *testing.T) {
			xml := strings.NewReplacer("<", "&lt;", `"`, "&quot;")
			to, done := carrier(t, "looks", "[called]", "sip:"+strings.ReplaceAll(c.called, "+", "[+]")+"@127.0.0.1:[0-9]+",
				"[from]", xml.Replace(c.wants), "[shown]", xml.Replace(c.shown), "[hidden]", xml.Replace(c.hides))
			to.URI = "sip:" + c.called + "@" + serverOf(to)
			to.From, to.FromHost = c.from, "ntt.example"
			ended(t, dialOver(t, s, to, c.line), leg.Busy)
			done()
		})
	}
}

// What a carrier stumbles over is left out where its trunk says so.
func TestCarriersThatKnowNoExtensions(t *testing.T) {
	s := start(t, nil)
	for _, c := range []struct {
		name         string
		manner       Manner
		shown, hides string
	}{
		{"both", Manner{}, "Supported: 100rel, timer", "no-header-has-this"},
		{"no PRACK", Manner{NoPRACK: true}, "Supported: timer", "100rel"},
		{"no session timer", Manner{Session: -1}, "Supported: 100rel", "timer|Session-Expires"},
		{"neither", Manner{NoPRACK: true, Session: -1}, "Allow: ", "100rel|timer|Session-Expires|Supported"},
	} {
		t.Run(c.name, func(t *testing.T) {
			to, done := carrier(t, "looks", "[called]", "sip:[^ ]*", "[from]", "&lt;sip:.*>", "[shown]", c.shown, "[hidden]", c.hides)
			ended(t, dialOver(t, s, to, Line{Manner: c.manner}), leg.Busy)
			done()
		})
	}
}

// Where a call goes on to: whoever has rules and prices for targets has to hear of it.
func TestCarriersThatForward(t *testing.T) {
	s := start(t, nil)
	t.Run("and say where (181, History-Info)", func(t *testing.T) {
		to, done := carrier(t, "forwarded")
		l := dialOver(t, s, to, Line{})
		if e := next(t, l, leg.Ringing); e.Status != 181 || e.Target != "sip:+815098765432@127.0.0.1;cause=302" {
			t.Errorf("forwarded: %+v", e)
		}
		if e := next(t, l, leg.Ringing); e.Status != 180 || e.Target != "" {
			t.Errorf("it rings: %+v", e)
		}
		next(t, l, leg.Answered)
		hangsUp(t, l, done)
	})
	t.Run("and leave it to us (302)", func(t *testing.T) {
		to, done := carrier(t, "moved")
		e := ended(t, dialOver(t, s, to, Line{}), leg.Failed)
		if want := "sip:+815098765432@" + serverOf(to) + ";user=phone"; e.Status != 302 || e.Target != want {
			t.Errorf("moved: %+v, want %s", e, want)
		}
		done()
	})
}

// The cause of the telephone network stands in Reason, whatever the gateway's SIP status says.
func TestCarriersSayWhyInQ850(t *testing.T) {
	s := start(t, nil)
	for _, c := range []struct {
		q, status string
		cause     leg.Cause
		rang      leg.Cause
		elsewhere bool // another trunk may be tried, as long as nothing has rung
	}{
		{"1", "404 Not Found", leg.Invalid, leg.Invalid, false},
		{"16", "480 Temporarily Unavailable", leg.Unreachable, leg.NoAnswer, false},
		{"17", "500 Server Internal Error", leg.Busy, leg.Busy, false},
		{"18", "480 Temporarily Unavailable", leg.Unreachable, leg.Unreachable, false},
		{"19", "480 Temporarily Unavailable", leg.NoAnswer, leg.NoAnswer, false},
		{"20", "480 Temporarily Unavailable", leg.Unreachable, leg.Unreachable, false},
		{"21", "403 Forbidden", leg.Rejected, leg.Rejected, false},
		{"27", "502 Bad Gateway", leg.Unreachable, leg.Unreachable, false},
		{"31", "503 Service Unavailable", leg.Congested, leg.Congested, true},
		{"34", "480 Temporarily Unavailable", leg.Congested, leg.Congested, true},
		{"38", "503 Service Unavailable", leg.Congested, leg.Congested, true},
		{"41", "500 Server Internal Error", leg.Congested, leg.Congested, true},
		{"42", "486 Busy Here", leg.Congested, leg.Congested, true},
	} {
		t.Run(c.q+" in "+c.status, func(t *testing.T) {
			refusal := []string{"[status]", c.status + "\n      Reason: SIP;cause=" + c.status[:3] + ", Q.850;cause=" + c.q + `;text="as the exchange says"`}
			to, done := carrier(t, "refuse-at-once", refusal...)
			e := ended(t, dialOver(t, s, to, Line{}), c.cause)
			if e.Retry != c.elsewhere || !strings.Contains(e.Reason, "Q.850 "+c.q+" as the exchange says") {
				t.Errorf("at once: %+v", e)
			}
			done()
			to, done = carrier(t, "refuse", refusal...)
			l := dialOver(t, s, to, Line{})
			next(t, l, leg.Ringing)
			if e := ended(t, l, c.rang); e.Retry {
				t.Errorf("after ringing it may not be tried elsewhere: %+v", e)
			}
			done()
		})
	}
}

// How calls find their way: over a proxy, on to a second server, over TCP.
func TestCarriersOnTheWay(t *testing.T) {
	s := start(t, nil)
	t.Run("an outbound proxy", func(t *testing.T) {
		to, done := carrier(t, "proxy", "[called]", "sip:[+]819012345678@ntt.invalid", "[route]", "&lt;sip:127.0.0.1:[0-9]+;lr>")
		proxy := "sip:" + serverOf(to) + ";lr"
		to.URI = "sip:+819012345678@ntt.invalid"
		l := dialOver(t, s, to, Line{Server: "ntt.invalid", Proxy: proxy})
		next(t, l, leg.Ringing)
		next(t, l, leg.Answered)
		hangsUp(t, l, done)
	})
	t.Run("an INVITE that is too large for a datagram", func(t *testing.T) {
		to, done := carrierOver(t, "t1", "large")
		to.Headers = map[string]string{"X-Alert": strings.Repeat("disk full on db01. ", 60)}
		l := dialOver(t, s, to, Line{})
		next(t, l, leg.Ringing)
		next(t, l, leg.Answered)
		hangsUp(t, l, done)
	})
	t.Run("TCP and nothing else", func(t *testing.T) {
		to, done := carrierOver(t, "t1", "large")
		to.URI += ";transport=tcp"
		to.Headers = map[string]string{"X-Alert": "disk full on db01"}
		l := dialOver(t, s, to, Line{Server: "sip:" + serverOf(to)})
		next(t, l, leg.Ringing)
		next(t, l, leg.Answered)
		hangsUp(t, l, done)
	})
	t.Run("a second server when the first has no room", func(t *testing.T) {
		one, refused := carrier(t, "refuse-at-once", "[status]", "503 Service Unavailable\n      Retry-After: 60")
		two, done := carrier(t, "digest")
		port := func(to leg.Target) uint16 { return netip.MustParseAddrPort(serverOf(to)).Port() }
		s := start(t, func(c *Config) {
			c.Resolver = &dns{
				srv: map[string][]*net.SRV{"_sip._udp.carrier.example": {
					{Target: "one.carrier.example.", Port: port(one)}, {Target: "two.carrier.example.", Port: port(two)},
				}},
				addr: map[string][]netip.Addr{"one.carrier.example": home(), "two.carrier.example": home()},
			}
		})
		two.URI = "sip:+819012345678@carrier.example"
		l := dialOver(t, s, two, Line{})
		next(t, l, leg.Answered)
		refused()
		hangsUp(t, l, done)
	})
}

func TestCarriersChangeACallWithUPDATE(t *testing.T) {
	s := start(t, func(c *Config) { c.timers.Session = time.Second })
	to, done := carrier(t, "update")
	l := dialOver(t, s, to, Line{Manner: Manner{Session: 2 * time.Second}})
	next(t, l, leg.Ringing)
	next(t, l, leg.EarlyMedia)
	next(t, l, leg.Ringing)
	next(t, l, leg.Answered)
	ended(t, l, leg.HungUp) // and not because a sign of life was missed
	done()
}

func TestCarriersWhoseAnswerSaysNothingOfTheSound(t *testing.T) {
	s := start(t, nil)
	to, done := carrier(t, "answer-without-sound")
	l := dialOver(t, s, to, Line{})
	next(t, l, leg.Ringing)
	next(t, l, leg.EarlyMedia)
	next(t, l, leg.Answered)
	hangsUp(t, l, done)
}

// toldOf keeps what is told of a line, in order.
func toldOf(c *Config) <-chan Standing {
	all := make(chan Standing, 64)
	c.LineChanged = func(at Standing) { all <- at }
	return all
}

func TestCarriersAreAskedWhetherTheyAreThere(t *testing.T) {
	var told <-chan Standing
	s := start(t, func(c *Config) { c.timers.Again = 20 * time.Millisecond; told = toldOf(c) })
	to, done := carrier(t, "ping")
	s.SetLines([]Line{{Name: "ntt", Server: serverOf(to), Ping: 20 * time.Millisecond}})
	for _, want := range []Condition{Answering, Refused, Answering} { // 200 and 404, 503, 200
		select {
		case at := <-told:
			if at.Condition != want {
				t.Errorf("the line is %+v, want %s", at, want)
			}
		case <-time.After(testPatience):
			t.Fatalf("waited for the line to be %s", want)
		}
	}
	done()
}

// Registrars as they are: they want longer registrations and grant shorter ones, remember contacts of years ago, want
// calls to go over their edge, and see us elsewhere than we think.
func TestRegistrarsOfCarriers(t *testing.T) {
	for _, c := range []struct{ name, headers string }{
		{"in one header", "Service-Route: <sip:[edge];lr>, <sip:core.ntt.example;lr>"},
		{"in two headers", "Service-Route: <sip:[edge];lr>\n      Service-Route: <sip:core.ntt.example;lr>"},
	} {
		t.Run("less time, a stale contact and another way "+c.name, func(t *testing.T) {
			s := start(t, nil)
			edge, routed := carrier(t, "proxy", "[called]", "sip:[+]819012345678@127.0.0.1:[0-9]+", "[route]", "&lt;sip:127.0.0.1:[0-9]+;lr>.*")
			to, done := carrier(t, "registrar-route", "[service-route]", strings.ReplaceAll(c.headers, "[edge]", serverOf(edge)))
			line := Line{Name: "ntt", Server: serverOf(to), User: "kaden", Register: true}
			s.SetLines([]Line{line})
			at := stands(t, s, "rid of the old contact", func(at Standing) bool { return at.Removed > 0 })
			if left := time.Until(at.Until); at.Condition != Registered || at.Removed != 1 || left > 120*time.Second || left < 100*time.Second {
				t.Errorf("120 s were granted, and one contact was stale: %+v", at)
			}
			l := dialOver(t, s, to, line)
			next(t, l, leg.Ringing)
			next(t, l, leg.Answered)
			var routes []string
			for _, m := range regexp.MustCompile(`(?m)^Route: (.*)\r$`).FindAllStringSubmatch(l.(leg.Tracer).Trace()[0].Text, -1) {
				routes = append(routes, m[1])
			}
			if got, want := strings.Join(routes, ", "), "<sip:"+serverOf(edge)+";lr>, <sip:core.ntt.example;lr>"; got != want {
				t.Errorf("the INVITE's way is %s, want %s", got, want)
			}
			hangsUp(t, l, routed)
			s.Close()
			done()
		})
	}
	t.Run("over TCP", func(t *testing.T) {
		s := start(t, nil)
		to, done := carrierOver(t, "t1", "registrar")
		s.SetLines([]Line{{Name: "ntt", Server: "sip:" + serverOf(to) + ";transport=tcp", User: "kaden", Password: "himitsu", Register: true, Expires: time.Minute}})
		at := stands(t, s, "refreshed for ten minutes", func(at Standing) bool {
			return at.Condition == Registered && time.Until(at.Until) > 9*time.Minute
		})
		if at.Server != "tcp "+serverOf(to) {
			t.Errorf("it is registered at %s", at.Server)
		}
		s.Close()
		done()
	})
	t.Run("our address is another one", func(t *testing.T) {
		s := start(t, nil)
		to, done := carrier(t, "registrar-nat")
		s.SetLines([]Line{{Name: "ntt", Server: serverOf(to), User: "kaden", Register: true}})
		stands(t, s, "registered with it", func(at Standing) bool { return time.Until(at.Next) > 8*time.Minute })
		s.Close()
		done()
	})
}
