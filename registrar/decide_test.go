package registrar

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

var (
	base   = time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC)
	home   = netip.MustParseAddrPort("192.0.2.7:5062")
	router = netip.MustParseAddrPort("203.0.113.9:31234")
)

// desk plays REGISTERs one after the other.
type desk struct {
	t    *testing.T
	have []Contact
	now  time.Time
}

// registers plays one: contact lines, the Expires header ("" for none), Call-ID and CSeq.
func (d *desk) registers(from netip.AddrPort, expires, callID string, cseq uint32, lines ...string) Answer {
	d.t.Helper()
	list, all, err := ParseContacts(lines)
	if err != nil {
		d.t.Fatal(err)
	}
	a := Decide(d.have, Ask{
		User: "sato", Domain: "office.example.jp", Contacts: list, All: all, Expires: Seconds(expires),
		CallID: callID, CSeq: cseq, Source: from, Transport: "udp",
	}, Limits{}.orDefault(), d.now)
	if a.Status == 200 {
		d.have = a.Now
	}
	return a
}

func (d *desk) has(want ...string) {
	d.t.Helper()
	var got []string
	for _, c := range d.have {
		got = append(got, c.URI)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		d.t.Errorf("registered %v, want %v", got, want)
	}
}

func TestAPhoneComesStaysAndGoes(t *testing.T) {
	d := &desk{t: t, now: base}
	a := d.registers(home, "600", "a@phone", 1, "<sip:sato@192.0.2.7:5062>")
	if a.Status != 200 || len(a.Put) != 1 || a.Put[0].Expires != base.Add(10*time.Minute) || a.Put[0].Back {
		t.Fatalf("%+v", a)
	}
	if h := fmt.Sprint(a.Headers(base)); !strings.Contains(h, "<sip:sato@192.0.2.7:5062>;expires=600") {
		t.Errorf("the answer says %s", h)
	}
	d.now = base.Add(5 * time.Minute)
	a = d.registers(home, "", "a@phone", 2, "<sip:sato@192.0.2.7:5062>;expires=7200")
	if len(a.Put) != 1 || a.Put[0].Since != base || a.Put[0].Expires != d.now.Add(time.Hour) {
		t.Errorf("a refresh is cut to an hour and keeps its beginning: %+v", a.Put)
	}
	d.registers(home, "0", "a@phone", 3, "<sip:sato@192.0.2.7>", "<sip:sato@192.0.2.7:5062>")
	d.has()
}

func TestSeveralPhonesOfOneUser(t *testing.T) {
	d := &desk{t: t, now: base}
	d.registers(home, "600", "a@phone", 1, "<sip:sato@192.0.2.7:5062>, \"Sato, mobile\" <sip:sato@192.0.2.8;transport=tcp>;q=0.5")
	d.registers(router, "600", "b@mobile", 9, `<sip:sato@10.1.1.1:4000>;+sip.instance="<urn:uuid:0A>";reg-id=1`)
	d.has("sip:sato@192.0.2.7:5062", "sip:sato@192.0.2.8;transport=tcp", "sip:sato@10.1.1.1:4000")
	if !d.have[1].Back || !d.have[2].Back || d.have[1].Q != 500 {
		t.Errorf("a contact at another address than it came from: %+v", d.have[1:])
	}
	// The mobile moves: another address, another Call-ID, the same instance.
	a := d.registers(router, "600", "c@mobile", 1, `<sip:sato@10.9.9.9:4111>;+sip.instance="<urn:uuid:0a>";reg-id=1`)
	d.has("sip:sato@192.0.2.7:5062", "sip:sato@192.0.2.8;transport=tcp", "sip:sato@10.9.9.9:4111")
	if h := fmt.Sprint(a.Headers(d.now)); !strings.Contains(h, `+sip.instance="<urn:uuid:0a>";reg-id=1`) {
		t.Errorf("the phone does not find itself in %s", h)
	}
	if a := d.registers(home, "", "d@anybody", 1); len(a.Headers(d.now)) != 3 || len(a.Put)+len(a.Drop) != 0 {
		t.Errorf("who asks is told all three and changes nothing: %+v", a)
	}
	if a := d.registers(home, "0", "e@phone", 1, "*"); len(a.Drop) != 3 {
		t.Errorf("* drops %d", len(a.Drop))
	}
	d.has()
}

func TestWhatIsRefused(t *testing.T) {
	d := &desk{t: t, now: base}
	d.registers(home, "600", "a@phone", 5, "<sip:sato@192.0.2.7:5062>")
	for _, c := range []struct {
		name, expires, call string
		cseq                uint32
		lines               []string
		status              int
	}{
		{"too short", "59", "a@phone", 6, []string{"<sip:sato@192.0.2.7:5062>"}, 423},
		{"too short for one of two", "600", "a@phone", 6, []string{"<sip:sato@192.0.2.9>", "<sip:sato@192.0.2.8>;expires=1"}, 423},
		{"* with a time", "600", "a@phone", 6, []string{"*"}, 400},
		{"* without a time", "", "a@phone", 6, []string{"*"}, 400},
		{"out of order", "0", "a@phone", 4, []string{"<sip:sato@192.0.2.7:5062>"}, 500},
		{"* out of order", "0", "a@phone", 4, []string{"*"}, 500},
		{"eleven at once", "600", "b@phone", 1, []string{strings.Repeat("<sip:a@192.0.2.1>,", 10) + "<sip:a@192.0.2.1>"}, 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := (&desk{t: t, have: d.have, now: base}).registers(home, c.expires, c.call, c.cseq, c.lines...)
			if a.Status != c.status || len(a.Put)+len(a.Drop) != 0 {
				t.Errorf("%+v, want %d", a, c.status)
			}
			if h := fmt.Sprint(a.Headers(base)); c.status == 423 && h != "[[Min-Expires 60]]" {
				t.Errorf("the phone is told %s", h)
			}
		})
	}
	// The answer was lost, and the phone asks again with the same number: it is told that it is there.
	if a := d.registers(home, "600", "a@phone", 5, "<sip:sato@192.0.2.7:5062>"); a.Status != 200 || len(a.Put) != 0 || len(a.Now) != 1 {
		t.Errorf("a repetition: %+v", a)
	}
	// A late REGISTER of a phone that has a new Call-ID, after a restart, counts.
	if a := d.registers(home, "600", "new@phone", 1, "<sip:sato@192.0.2.7:5062>"); a.Status != 200 || len(a.Put) != 1 {
		t.Errorf("after a restart of the phone: %+v", a)
	}
}

func TestOldContactsMakeRoom(t *testing.T) {
	d := &desk{t: t, now: base}
	for i := range 13 { // a phone behind a NAT that takes another port each time it is plugged in
		d.now = base.Add(time.Duration(i) * time.Minute)
		d.registers(router, "3600", fmt.Sprint(i), 1, fmt.Sprintf("<sip:sato@10.0.0.1:%d>", 4000+i))
	}
	if len(d.have) != 10 || d.have[0].URI != "sip:sato@10.0.0.1:4003" {
		t.Errorf("%d contacts, the first %s", len(d.have), d.have[0].URI)
	}
	d.now = base.Add(12*time.Minute + 59*time.Minute)
	d.registers(router, "3600", "last", 1, "<sip:sato@10.0.0.1:4100>")
	d.has("sip:sato@10.0.0.1:4012", "sip:sato@10.0.0.1:4100")
}

// A phone that writes how its router is seen from outside has another contact when that changes. Where it was is not rung any
// more; its user's other phones are.
func TestAPhoneWhoseRouterGetsAnotherAddressIsOnePhone(t *testing.T) {
	other := netip.MustParseAddrPort("198.51.100.7:40000")
	d := &desk{t: t, now: base}
	d.registers(router, "3600", "a@phone", 1, "<sip:sato@203.0.113.9:31234>")
	d.registers(home, "3600", "b@desk", 1, "<sip:sato@192.0.2.7:5062>")
	a := d.registers(other, "3600", "a@phone", 2, "<sip:sato@198.51.100.7:40000>")
	d.has("sip:sato@192.0.2.7:5062", "sip:sato@198.51.100.7:40000")
	if len(a.Put) != 1 || len(a.Drop) != 1 {
		t.Errorf("%d are put, %d dropped", len(a.Put), len(a.Drop))
	}
	for _, c := range []struct {
		name, call string
		lines      []string
		want       int
	}{
		{"another phone", "c@phone", []string{"<sip:sato@198.51.100.8:40000>"}, 3},
		{"another name of a gateway", "a@phone", []string{"<sip:fax@198.51.100.7:40002>"}, 3},
		{"two at once", "a@phone", []string{"<sip:sato@198.51.100.7:40000>, <sip:sato@198.51.100.7:40004>"}, 3},
		{"moved and signed off there", "a@phone", []string{"<sip:sato@203.0.113.9:1>", "<sip:sato@198.51.100.7:40000>;expires=0"}, 2},
		{"another instance", "a@phone", []string{`<sip:sato@198.51.100.7:40006>;+sip.instance="<urn:uuid:2>"`}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			again := &desk{t: t, have: d.have, now: base}
			if a := again.registers(other, "3600", c.call, 3, c.lines...); a.Status != 200 || len(again.have) != c.want {
				t.Errorf("%d with %d contacts, want %d", a.Status, len(again.have), c.want)
			}
		})
	}
	// Of two instances each is a phone, though a gateway registers both in one series.
	g := &desk{t: t, now: base}
	g.registers(home, "3600", "g@gateway", 1, `<sip:sato@192.0.2.7:1>;+sip.instance="<urn:uuid:1>"`)
	g.registers(home, "3600", "g@gateway", 2, `<sip:sato@192.0.2.7:2>;+sip.instance="<urn:uuid:2>"`)
	g.has("sip:sato@192.0.2.7:1", "sip:sato@192.0.2.7:2")
	// What was late changes nothing.
	if a := d.registers(router, "3600", "a@phone", 1, "<sip:sato@203.0.113.9:31234>"); len(a.Drop) != 0 {
		t.Errorf("an old REGISTER has thrown out %v", a.Drop)
	}
}

func TestWhichContactsAreTheSame(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"sip:sato@Example.JP", "SIP:sato@example.jp:5060", true},
		{"sip:sato@192.0.2.7", "sip:sato@192.0.2.7;transport=UDP", true},
		{"sip:s%61to@192.0.2.7", "sip:sato@192.0.2.7;ob;x=1", true},
		{"sip:sato@192.0.2.7", "sip:sato@192.0.2.7;transport=tcp", false},
		{"sip:sato@192.0.2.7", "sip:Sato@192.0.2.7", false},
		{"sip:sato@192.0.2.7", "sip:sato@192.0.2.7:5062", false},
		{"sip:192.0.2.7", "sip:192.0.2.7:5060", true},
	} {
		if got := (Asked{URI: c.a}).same() == (Asked{URI: c.b}).same(); got != c.same {
			t.Errorf("%s and %s: %v", c.a, c.b, got)
		}
	}
}

func TestParseContactsRefuses(t *testing.T) {
	for _, line := range []string{
		"<mailto:sato@example.jp>", "sip:", "<sip:sato@>", "<sip:sato@192.0.2.7", "<sip:sa to@192.0.2.7>", `<sip:a"b@192.0.2.7>`,
		"<sip:" + strings.Repeat("a", 600) + "@x>", "<sip:a@b>;+sip.instance=\"<urn:x y>\"", "*, <sip:a@b>", strings.Repeat(" ", 9000),
		"<sip:a@b>,", `"<sip:a@b>`,
	} {
		if list, _, err := ParseContacts([]string{line}); err == nil {
			t.Errorf("%.40q was taken: %+v", line, list)
		}
	}
	if _, _, err := ParseContacts([]string{"*", "<sip:a@b>"}); err == nil {
		t.Error("* beside another was taken")
	}
}

// FuzzContacts: whatever a stranger writes, what we keep can stand in our answer and be read again as the same phone.
func FuzzContacts(f *testing.F) {
	f.Add(`"a, <b>" <sip:sato@192.0.2.7:5062;transport=tcp>;q=0.3;expires=60;+sip.instance="<urn:uuid:1>";reg-id=2, sip:x@y;expires=0`)
	f.Add("*")
	f.Add(`<sip:%41@[2001:db8::7]:5062>;q=2;expires=99999999999999`)
	f.Fuzz(func(t *testing.T, line string) {
		list, all, err := ParseContacts([]string{line})
		if err != nil || all {
			return
		}
		for _, a := range list {
			c := Contact{URI: a.URI, Instance: a.Instance, Expires: base.Add(time.Minute)}
			h := Answer{Now: []Contact{c}}.Headers(base)[0][1]
			if strings.ContainsAny(h, "\r\n\x00") {
				t.Fatalf("a line break in %q", h)
			}
			again, _, err := ParseContacts([]string{h})
			if err != nil || len(again) != 1 || again[0].same() != a.same() || again[0].URI != a.URI {
				t.Fatalf("%q came back as %+v, %v", h, again, err)
			}
		}
	})
}
