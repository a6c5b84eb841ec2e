package sipleg

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/leg"
)

func TestWhomAReferIsFor(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		code  int
		to    string
		heads map[string]string
	}{
		{"an address", []string{"<sip:tanaka@office.example.jp>"}, 0, "sip:tanaka@office.example.jp", nil},
		{"without brackets", []string{"sip:tanaka@office.example.jp;foo=bar"}, 0, "sip:tanaka@office.example.jp", nil},
		{"with a name, its parameters and its method", []string{`"Tanaka, T." <SIP:tanaka@office.example.jp:5062;method=INVITE;transport=tcp>;x=y`}, 0, "sip:tanaka@office.example.jp:5062;transport=tcp", nil},
		{"a number", []string{"<tel:+819012345678>"}, 0, "tel:+819012345678", nil},
		{"with headers", []string{"<sips:tanaka@office.example.jp?X-Case=4%3D7&subject=disk%20full&From=evil&Route=%3Csip:x%3E&body=v>"}, 0, "sips:tanaka@office.example.jp", map[string]string{"X-Case": "4=7", "subject": "disk full"}},
		{"a question mark in the user", []string{"<sip:who?@office.example.jp>"}, 0, "sip:who?@office.example.jp", nil},
		{"nobody", nil, 400, "", nil},
		{"two", []string{"<sip:a@b>", "<sip:c@d>"}, 400, "", nil},
		{"two in one line", []string{"<sip:a@b>, <sip:c@d>"}, 400, "", nil},
		{"another kind of request", []string{"<sip:a@b;method=BYE>"}, 603, "", nil},
		{"another scheme", []string{"<http://example.jp/>"}, 416, "", nil},
		{"no host", []string{"<sip:tanaka@>"}, 400, "", nil},
		{"a header that would be two", []string{"<sip:a@b?X-A=1%0D%0AX-B:2>"}, 400, "", nil},
		{"headers without brackets", []string{"sip:a@b?X-A=1"}, 400, "", nil},
		{"half a Replaces", []string{"<sip:a@b?Replaces=call%3Bto-tag%3D1>"}, 400, "", nil},
		{"very long", []string{"<sip:" + strings.Repeat("a", 3000) + "@b>"}, 400, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			to, code := readReferTo(c.lines)
			if code != c.code || code == 0 && (to.target != c.to || !maps.Equal(to.headers, c.heads)) {
				t.Errorf("%d %+v", code, to)
			}
		})
	}
	to, _ := readReferTo([]string{"<sip:a@b?Replaces=call%40x%3Bto-tag%3D7%3Bfrom-tag%3D8%3Bearly-only>"})
	if want := (replaced{"call@x", "7", "8"}); to.replaces != want {
		t.Errorf("%+v", to.replaces)
	}
}

func FuzzReferTo(f *testing.F) {
	for _, s := range []string{"<sip:a@b?Replaces=c%3Bto-tag%3D1%3Bfrom-tag%3D2&X-A=%zz>", `"a, b" <tel:+1>, sip:c`, "sip:[::1]:99999;method=", "<sip:%@?@?&=>", "SIP/2.0 180 Ringing\r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		to, code := readReferTo([]string{s})
		if code == 0 && (to.target == "" || !clean(to.target) || strings.ContainsAny(to.target, " <>")) {
			t.Errorf("%q is taken for %q", s, to.target)
		}
		for name, value := range to.headers {
			if !clean(name) || !clean(value) {
				t.Errorf("%q sets %q to %q", s, name, value)
			}
		}
		if status, reason, ok := readFragment([]byte(s)); ok && (status < 100 || status > 699 || !clean(reason)) {
			t.Errorf("%q is status %d %q", s, status, reason)
		}
	})
}

func TestHowATransferIsRefused(t *testing.T) {
	l, p, ok := answeredBy(t, sdpAt(40000))
	n := 1
	refer := func(status string, extra ...string) said {
		t.Helper()
		n++
		p.in(ok, "REFER", n, "", extra...)
		return p.hearsAnswer(status, n)
	}
	refer("400")
	refer("400", "Refer-To: <sip:a@b>", "r: <sip:c@d>")
	refer("603", "Refer-To: <sip:a@b;method=BYE>")
	refer("420", "Refer-To: <sip:a@b>", "Require: tdialog")
	// Two at once: the first is thought about, the second has to wait.
	n++
	p.in(ok, "REFER", n, "", "Refer-To: <sip:tanaka@office.example.jp>", "Referred-By: <sip:sato@office.example.jp>")
	if e := next(t, l, leg.Referred); e.Target != "sip:tanaka@office.example.jp" || e.Headers["Referred-By"] != "<sip:sato@office.example.jp>" {
		t.Errorf("%+v", e)
	}
	refer("491", "Refer-To: <sip:suzuki@office.example.jp>")
	if err := l.Progress(t.Context(), 486); err != nil {
		t.Error(err)
	}
	p.hearsAnswer("486", n-1)
	// Nobody thinks about it: declined.
	begun := time.Now()
	refer("603", "Refer-To: <sip:tanaka@office.example.jp>")
	next(t, l, leg.Referred)
	if took := time.Since(begun); took < 100*time.Millisecond {
		t.Errorf("declined after %v", took)
	}
	if err := l.Progress(t.Context(), 100); !errors.Is(err, errNobodyAsks) {
		t.Errorf("%v", err)
	}
	n++
	p.in(ok, "NOTIFY", n, "SIP/2.0 200 OK\r\n", "Content-Type: message/sipfrag", "Event: refer", "Subscription-State: active")
	p.hearsAnswer("481", n) // nobody has asked it for anything
	n++
	p.in(ok, "NOTIFY", n, "", "Event: presence", "Subscription-State: active")
	if m := p.hearsAnswer("489", n); m.get("Allow-Events") != "refer" {
		t.Errorf("%s", m.raw)
	}
	p.in(ok, "BYE", n+1, "")
	ended(t, l, leg.HungUp)
}

func TestATransferWithoutNews(t *testing.T) {
	l, p, ok := answeredBy(t, sdpAt(40000))
	p.in(ok, "REFER", 2, "", "Refer-To: <sip:tanaka@office.example.jp>", "Refer-Sub: false", "Supported: norefersub")
	next(t, l, leg.Referred)
	for _, status := range []int{100, 180, 200} {
		if err := l.Progress(t.Context(), status); err != nil {
			t.Error(err)
		}
	}
	if m := p.hearsAnswer("202", 2); m.get("Refer-Sub") != "false" || m.get("Contact") == "" {
		t.Errorf("%s", m.raw)
	}
	l.Hangup(t.Context(), leg.Completed)
	p.replies(p.hears("BYE", "NOTIFY"), "200 OK", "", "")
	ended(t, l, leg.Completed)
	for _, m := range l.Trace() {
		if strings.HasPrefix(m.Text, "NOTIFY") {
			t.Errorf("the phone wanted no news:\n%s", m.Text)
		}
	}
}

// What a transfer has come to is said before we hang up, though the far end has not confirmed what was said before.
func TestTheLastWordOfATransferComesBeforeTheEnd(t *testing.T) {
	l, p, ok := answeredBy(t, sdpAt(40000))
	p.in(ok, "REFER", 2, "", "Refer-To: <sip:tanaka@office.example.jp>")
	next(t, l, leg.Referred)
	for _, status := range []int{100, 180, 200} {
		if err := l.Progress(t.Context(), status); err != nil {
			t.Error(err)
		}
	}
	l.Hangup(t.Context(), leg.Completed)
	var words []string
	for m := p.hears("NOTIFY", "BYE"); ; m = p.hears("NOTIFY", "BYE") {
		p.replies(m, "200 OK", "", "")
		if m.method() == "BYE" {
			break
		}
		if m.get("Event") != "refer;id=2" || !strings.HasPrefix(m.get("Content-Type"), "message/sipfrag") {
			t.Errorf("%s", m.raw)
		}
		words = append(words, strings.TrimSpace(m.body)+" "+m.get("Subscription-State"))
	}
	want := "SIP/2.0 100 Trying active;expires=180, SIP/2.0 200 OK terminated;reason=noresource"
	if got := strings.Join(words, ", "); got != want {
		t.Errorf("the far end was told %s, want %s", got, want)
	}
	ended(t, l, leg.Completed)
}

// A phone has two calls with us and connects the two: its Refer-To names the other by its dialog.
func TestAnAttendedTransferNamesTheOtherCall(t *testing.T) {
	got := make(chan *Leg, 2)
	s := start(t, func(c *Config) { quick(c); c.Incoming = func(l *Leg) { got <- l } })
	p, legs, answers := newPeer(t), []*Leg{}, []said{}
	for n := range 2 {
		p.send(s.Addr(), newRequest(p.addr(), "INVITE", "sip:kaden@"+s.Addr().String(), "<sip:peer@127.0.0.1>;tag=a"+itoa(n), "<sip:kaden@127.0.0.1>", fresh(8), 1, "", sdpAt(40000)))
		l := <-got
		l.Answer(t.Context())
		ok := p.hears("SIP/2.0 200")
		p.acks(ok, "")
		next(t, l, leg.Answered)
		legs, answers = append(legs, l), append(answers, ok)
	}
	replaces := func(toTag string) string {
		return "Refer-To: <sip:tanaka@office.example.jp?Replaces=" + answers[1].get("Call-ID") + "%3Bto-tag%3D" + toTag + "%3Bfrom-tag%3Da1>"
	}
	p.in(answers[0], "REFER", 2, "", replaces(answers[1].tag("To")))
	e := next(t, legs[0], leg.Referred)
	if e.Replaces != legs[1].Info().CallID || e.Headers["Replaces"] != "" || !leg.Named(legs[1], e.Replaces) {
		t.Errorf("%+v", e)
	}
	legs[0].Progress(t.Context(), 603)
	// A call that is none of ours: whoever is called is asked for it.
	p.in(answers[0], "REFER", 3, "", replaces("elsewhere"))
	if e := next(t, legs[0], leg.Referred); e.Replaces != "" || e.Headers["Replaces"] != answers[1].get("Call-ID")+";to-tag=elsewhere;from-tag=a1" {
		t.Errorf("%+v", e)
	}
	for _, l := range legs {
		l.Hangup(t.Context(), leg.Completed)
	}
	for range legs {
		p.replies(p.hears("BYE"), "200 OK", "", "")
	}
	for _, l := range legs {
		ended(t, l, leg.Completed)
	}
}

func TestWeAskForATransfer(t *testing.T) {
	l, p, ok := answeredBy(t, sdpAt(40000))
	asked := make(chan error, 1)
	ask := func(target string, headers map[string]string) said {
		t.Helper()
		go func() { asked <- l.Transfer(t.Context(), target, headers) }()
		return p.hears("REFER")
	}
	m := ask("+819012345678", map[string]string{"X-Case": "4 & 7"})
	if m.get("Refer-To") != "<sip:+819012345678@example.com;user=phone?X-Case=4%20%26%207>" || m.get("Referred-By") == "" || m.get("Contact") == "" {
		t.Errorf("%s", m.raw)
	}
	if err := l.Transfer(t.Context(), "sip:a@b", nil); !errors.Is(err, errTransfer) {
		t.Errorf("two at once: %v", err)
	}
	n := 1
	notify := func(status, body, state string) {
		t.Helper()
		n++
		p.in(ok, "NOTIFY", n, body, "Content-Type: message/sipfrag;version=2.0", "Event: refer", "Subscription-State: "+state)
		p.hearsAnswer(status, n)
	}
	notify("200", "SIP/2.0 100 Trying\r\n", "active;expires=60") // before the 202: UDP keeps no order
	p.replies(m, "202 Accepted", "", "")
	if err := <-asked; err != nil {
		t.Error(err)
	}
	notify("400", "", "active")
	notify("200", "SIP/2.0 180 Ringing\r\n", "active;expires=60")
	notify("200", "", "terminated;reason=noresource")
	for _, want := range []int{100, 180, 408} {
		if e := next(t, l, leg.ReferProgress); e.Status != want {
			t.Errorf("%+v, want %d", e, want)
		}
	}
	notify("481", "SIP/2.0 200 OK\r\n", "active")
	p.replies(ask("sip:tanaka@office.example.jp", nil), "405 Method Not Allowed", "", "")
	var refused leg.TransferRefused
	if err := <-asked; !errors.As(err, &refused) || refused.Status != 405 {
		t.Errorf("%v", err)
	}
	ask("sip:tanaka@office.example.jp", nil) // and hears nothing
	if err := <-asked; !errors.As(err, &refused) || refused.Status != 408 {
		t.Errorf("%v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := l.Transfer(ctx, "sip:a@b", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	for _, target := range []string{"", "nobody", "http://example.jp", "sip:a@b>", "sip:a b@c"} {
		if err := l.Transfer(t.Context(), target, nil); err == nil {
			t.Errorf("%q was asked for", target)
		}
	}
	l.Hangup(t.Context(), leg.Completed)
	p.replies(p.hears("BYE"), "200 OK", "", "")
	ended(t, l, leg.Completed)
}
