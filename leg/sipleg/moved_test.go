package sipleg

import (
	"strings"
	"testing"

	"github.com/kaden-project/kaden/leg"
)

func TestWhereACallHasMoved(t *testing.T) {
	s := start(t, quick)
	for _, c := range []struct {
		name, status, want string
		headers            []string
	}{
		{"one contact", "302 Moved Temporarily", "sip:+819011112222@127.0.0.1", []string{"Contact: <sip:+819011112222@127.0.0.1>"}},
		{"the best of several", "300 Multiple Choices", "sip:b@127.0.0.1", []string{"Contact: <sip:a@127.0.0.1>;q=0.2, \"x, y\" <sip:b@127.0.0.1>;q=0.9", "Contact: <sip:c@127.0.0.1>;q=0.5"}},
		{"a number", "301 Moved Permanently", "tel:+819011112222", []string{"Contact: <tel:+819011112222>"}},
		{"without brackets", "302 Moved Temporarily", "sip:a@127.0.0.1", []string{"Contact: sip:a@127.0.0.1;expires=60"}},
		{"none", "302 Moved Temporarily", "", nil},
		{"nothing that can be called", "302 Moved Temporarily", "", []string{"Contact: <mailto:a@example.com>"}},
		{"a page on the web", "380 Alternative Service", "", []string{"Contact: <https://example.com/>"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPeer(t)
			l, m := dialPeer(t, s, p, nil)
			own := "Contact: <sip:peer@" + p.addr().String() + ">\r\n"
			p.send(m.from, strings.Replace(answerTo(m, c.status, "a", "", p.addr(), c.headers...), own, "", 1))
			p.hears("ACK")
			e := ended(t, l, leg.Failed)
			if e.Target != c.want || !e.Retry {
				t.Errorf("%+v, want target %q", e, c.want)
			}
		})
	}
}

func TestWhereACallIsForwarded(t *testing.T) {
	s := start(t, quick)
	for _, c := range []struct {
		name, status, want string
		headers            []string
	}{
		{"it does not say", "181 Call Is Being Forwarded", "", nil},
		{"the last place of the history", "181 Call Is Being Forwarded", "sip:+819011112222@carrier.example",
			[]string{"History-Info: <sip:peer@127.0.0.1>;index=1", "History-Info: <sip:+819011112222@carrier.example?Reason=SIP%3Bcause%3D302>;index=1.10, <sip:vm@carrier.example>;index=1.9"}},
		{"where we have called", "180 Ringing", "", []string{"History-Info: <sip:peer@127.0.0.1>;index=1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPeer(t)
			l, m := dialPeer(t, s, p, nil)
			p.replies(m, c.status, "a", "", c.headers...)
			if e := next(t, l, leg.Ringing); e.Target != c.want {
				t.Errorf("forwarded to %q, want %q", e.Target, c.want)
			}
			p.replies(m, "486 Busy Here", "a", "")
			ended(t, l, leg.Busy)
		})
	}
}

func FuzzListed(f *testing.F) {
	f.Add("<sip:a@b>;q=0.2, \"x, y\" <sip:b@c>")
	f.Fuzz(func(t *testing.T, value string) {
		if got := strings.Join(listed(value), ","); got != value {
			t.Errorf("%q is cut into %q", value, got)
		}
		for _, one := range listed(value) {
			nameAddr(one)
			callable(one)
		}
	})
}

// Each cause of the telephone network that carriers send (ITU-T Q.850), in the SIP status that gateways make of it
// (RFC 3398) and in one that says nothing: the cause counts.
func TestCausesOfTheTelephoneNetwork(t *testing.T) {
	for _, c := range []struct {
		q      int
		status int
		silent leg.Cause // before anything has rung
		rang   leg.Cause
		retry  bool // another trunk, before anything has rung
	}{
		{1, 404, leg.Invalid, leg.Invalid, false},
		{16, 487, leg.NoAnswer, leg.NoAnswer, false}, // normal clearing says nothing: the status counts
		{16, 480, leg.Unreachable, leg.NoAnswer, false},
		{16, 486, leg.Busy, leg.Busy, false},
		{17, 486, leg.Busy, leg.Busy, false},
		{18, 408, leg.Unreachable, leg.Unreachable, false},
		{19, 480, leg.NoAnswer, leg.NoAnswer, false},
		{20, 480, leg.Unreachable, leg.Unreachable, false},
		{21, 603, leg.Rejected, leg.Rejected, false},
		{27, 502, leg.Unreachable, leg.Unreachable, false},
		{31, 480, leg.Unreachable, leg.NoAnswer, false}, // normal, unspecified: the status counts
		{31, 503, leg.Congested, leg.Congested, true},
		{34, 503, leg.Congested, leg.Congested, true},
		{38, 503, leg.Congested, leg.Congested, true},
		{41, 503, leg.Congested, leg.Congested, true},
		{42, 503, leg.Congested, leg.Congested, true},
	} {
		statuses := []int{c.status}
		if c.q != 16 && c.q != 31 {
			statuses = append(statuses, 500)
		}
		for _, status := range statuses {
			if got, retry := judge(status, c.q, false); got != c.silent || retry != c.retry {
				t.Errorf("cause %d in %d: %s, elsewhere %v; want %s, %v", c.q, status, got, retry, c.silent, c.retry)
			}
			if got, retry := judge(status, c.q, true); got != c.rang || retry {
				t.Errorf("cause %d in %d after it rang: %s, elsewhere %v; want %s and never", c.q, status, got, retry, c.rang)
			}
		}
	}
}
