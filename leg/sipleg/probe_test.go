package sipleg

import (
	"strings"
	"testing"
)

// checks runs Check while p answers.
func checks(t *testing.T, s *Server, answer func()) []Finding {
	t.Helper()
	got := make(chan []Finding, 1)
	go func() {
		found, ok := s.Check(t.Context(), "ntt")
		if !ok {
			t.Error("there is no line ntt")
		}
		got <- found
	}()
	answer()
	return <-got
}

func report(found []Finding) string {
	var b strings.Builder
	for _, f := range found {
		level := "ok"
		switch {
		case f.Wrong:
			level = "WRONG"
		case f.Unsure:
			level = "?"
		}
		b.WriteString(level + " " + f.What + ": " + f.Text + "\n")
	}
	return b.String()
}

func TestALineIsLookedAt(t *testing.T) {
	s, p := start(t, quickLines), newPeer(t)
	s.SetLines([]Line{ntt(p)})
	signsOn(p, 3600)
	stands(t, s, "registered", condition(Registered))
	found := checks(t, s, func() {
		p.replies(p.hears("OPTIONS"), "404 Not Found", "o", "")
		signsOn(p, 600)
	})
	if got := report(found); !strings.Contains(got, "ok server: udp "+p.addr().String()+" answers in ") || !strings.Contains(got, "(OPTIONS: 404 Not Found)") ||
		!strings.Contains(got, "ok way: seen as we are") || !strings.Contains(got, "ok registration: signed on as 0501234 at 127.0.0.1 for 10m0s") {
		t.Errorf("the look at the line says\n%s", got)
	}
}

func TestALineWithAWrongPasswordIsLookedAt(t *testing.T) {
	s, p := start(t, quickLines), newPeer(t)
	s.SetLines([]Line{ntt(p)})
	signsOn(p, 3600)
	stands(t, s, "registered", condition(Registered))
	found := checks(t, s, func() {
		p.replies(p.hears("OPTIONS"), "200 OK", "o", "")
		for range 2 {
			p.replies(p.hears("REGISTER"), "401 Unauthorized", "r", "", `WWW-Authenticate: Digest realm="elsewhere", nonce="n"`)
		}
	})
	last := found[len(found)-1]
	if !last.Wrong || !strings.Contains(last.Text, `realm "elsewhere"`) || !strings.Contains(last.Remedy, "realm") {
		t.Errorf("the look at the line says\n%s", report(found))
	}
}

func TestASilentLineIsLookedAt(t *testing.T) {
	s, p := start(t, quickLines), newPeer(t)
	l := ntt(p)
	l.Register = false
	s.SetLines([]Line{l})
	found := checks(t, s, func() { p.hears("OPTIONS") })
	if got := report(found); len(found) != 1 || !strings.Contains(got, "WRONG server: udp "+p.addr().String()+" does not answer SIP") || !strings.Contains(found[0].Remedy, "ALG") {
		t.Errorf("the look at the line says\n%s", got)
	}
}

func TestASIPALGIsFound(t *testing.T) {
	s, p := start(t, quickLines), newPeer(t)
	l := ntt(p)
	l.Register, l.User = false, ""
	s.SetLines([]Line{l})
	for name, c := range map[string]struct{ change, to, want string }{
		"rewritten in the answer": {s.Addr().String(), "203.0.113.5:40001", "WRONG way: we wrote that we are at " + s.Addr().String() + ", and the answer says 203.0.113.5:40001"},
		"an honest NAT":           {";rport", ";received=203.0.113.5;rport=40001", "ok way: behind a NAT: we are 127.0.0.1, and are seen as 203.0.113.5"},
	} {
		t.Run(name, func(t *testing.T) {
			found := checks(t, s, func() {
				m := p.hears("OPTIONS")
				for i, h := range m.headers {
					if h[0] == "Via" {
						m.headers[i][1] = strings.Replace(h[1], c.change, c.to, 1)
					}
				}
				p.replies(m, "200 OK", "o", "")
			})
			if got := report(found); !strings.Contains(got, c.want) || !strings.Contains(got, "? account: the carrier knows us by our address") {
				t.Errorf("the look at the line says\n%s", got)
			}
		})
	}
}

func TestARefusalIsExplained(t *testing.T) {
	for _, status := range []int{400, 403, 404, 405, 408, 415, 420, 423, 480, 484, 486, 488, 500, 502, 503, 504, 603} {
		if why, remedy := Explain(status); why == "" || remedy == "" {
			t.Errorf("%d: %q, %q", status, why, remedy)
		}
	}
	if why, remedy := Explain(499); why != "" || remedy == "" {
		t.Errorf("a status that nobody knows: %q, %q", why, remedy)
	}
}
