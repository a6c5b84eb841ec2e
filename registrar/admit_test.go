package registrar

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icholy/digest"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/leg/legtest"
	"github.com/kaden-project/kaden/number"
)

// shelf is a Store in memory that can be broken.
type shelf struct {
	mu     sync.Mutex
	rows   map[string]Contact
	broken error
}

func (s *shelf) Contacts(context.Context) (all []Contact, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.rows {
		all = append(all, c)
	}
	return all, s.broken
}

func (s *shelf) KeepContacts(_ context.Context, put []Contact, drop []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	if s.rows == nil {
		s.rows = map[string]Contact{}
	}
	for _, id := range drop {
		delete(s.rows, id)
	}
	for _, c := range put {
		s.rows[c.ID] = c
	}
	return nil
}

func office() account.Domain {
	return account.Domain{
		Name: "office.example.jp", Also: []string{"192.0.2.10"}, Register: true, Outside: []number.Class{number.Mobile}, From: "+815012345678",
		Allow: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")},
		Phones: []account.Phone{
			{User: "sato", Password: "sesame-sesame", Calls: true, Register: true},
			{User: "suzuki", Password: "other-password", Calls: true, Register: true},
			{User: "fax", Password: "fax-fax-fax-fax", Register: true},
		},
	}
}

func open(t testing.TB, s Store, domains ...account.Domain) *Registrar {
	t.Helper()
	legtest.LeavesNothing(t)
	r, err := New(t.Context(), slog.New(slog.DiscardHandler), Config{Store: s, Node: "kaden", Secret: []byte("secret")})
	if err != nil {
		t.Fatal(err)
	}
	r.Use(domains)
	return r
}

// ask is a request of a user from an address.
func ask(method, user string, from netip.AddrPort, authorization ...string) Request {
	a := "sip:" + user + "@office.example.jp"
	q := Request{Method: method, URI: "sip:office.example.jp", From: a, To: a, Source: from, Authorization: authorization}
	if method != "REGISTER" {
		q.URI, q.To = "sip:suzuki@office.example.jp", "sip:suzuki@office.example.jp"
	}
	return q
}

// answer is what a phone says to a challenge.
func answer(t testing.TB, challenge string, q Request, user, password string, count int) string {
	t.Helper()
	c, err := digest.ParseChallenge(challenge)
	if err != nil {
		t.Fatal(err)
	}
	cred, err := digest.Digest(c, digest.Options{Method: q.Method, URI: q.URI, Username: user, Password: password, Count: count})
	if err != nil {
		t.Fatal(err)
	}
	return cred.String()
}

func TestAPhoneProvesWhoItIs(t *testing.T) {
	for _, kind := range []account.Digest{"", account.MD5, account.SHA256, account.Both} {
		t.Run(string(kind), func(t *testing.T) {
			d := office()
			d.Digest = kind
			r := open(t, &shelf{}, d)
			q := ask("REGISTER", "sato", home)
			a := r.Admit(q, false)
			if a.Verdict != Challenge || (kind == account.Both) != (len(a.Challenges) == 2) {
				t.Fatalf("%+v", a)
			}
			for i := range a.Challenges {
				q.Authorization = nil
				c := r.Admit(q, false).Challenges[i]
				q.Authorization = []string{answer(t, c, q, "sato", "sesame-sesame", 1)}
				if a := r.Admit(q, false); a.Verdict != Admitted || a.Phone() != "sato@office.example.jp" {
					t.Errorf("%s: %+v", c, a)
				}
				if a := r.Admit(q, false); a.Verdict != Challenge || !strings.Contains(a.Challenges[0], "stale=true") {
					t.Errorf("the same answer a second time: %+v", a)
				}
				q.Authorization = []string{answer(t, c, q, "sato", "sesame-sesame", 2)}
				if a := r.Admit(q, false); a.Verdict != Admitted {
					t.Errorf("the same nonce, counted on: %+v", a)
				}
			}
		})
	}
}

func TestANonceIsGoodForFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, &shelf{}, office())
		q := ask("REGISTER", "sato", home)
		first := r.Admit(q, false).Challenges[0]
		time.Sleep(fresh + time.Second)
		q.Authorization = []string{answer(t, first, q, "sato", "wrong", 1)}
		if a := r.Admit(q, false); a.Verdict != Forbidden {
			t.Errorf("a wrong password with an old nonce: %+v", a)
		}
		q.Authorization = []string{answer(t, first, q, "sato", "sesame-sesame", 1)}
		a := r.Admit(q, false)
		if a.Verdict != Challenge || !strings.Contains(a.Challenges[0], "stale=true") {
			t.Fatalf("the right one with an old nonce: %+v", a)
		}
		q.Authorization = []string{answer(t, a.Challenges[0], q, "sato", "sesame-sesame", 1)}
		if a := open(t, &shelf{}, office()).Admit(q, false); a.Verdict != Admitted {
			t.Errorf("another life of the process knows its nonces: %+v", a)
		}
	})
}

func TestWhoIsNotLetIn(t *testing.T) {
	r := open(t, &shelf{}, office())
	for _, c := range []struct {
		name, method, user, as, password string
		want                             Verdict
	}{
		{"a wrong password", "REGISTER", "sato", "sato", "guess", Forbidden},
		{"somebody else's password", "REGISTER", "sato", "sato", "other-password", Forbidden},
		{"nobody", "REGISTER", "tanaka", "tanaka", "", Forbidden},
		{"one registers for another", "REGISTER", "sato", "suzuki", "other-password", Forbidden},
		{"one who only receives calls", "INVITE", "fax", "fax", "fax-fax-fax-fax", Forbidden},
		{"a caller", "INVITE", "sato", "sato", "sesame-sesame", Admitted},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := ask(c.method, c.user, home)
			q.Authorization = []string{answer(t, r.Admit(q, false).Challenges[0], q, c.as, c.password, 1)}
			if a := r.Admit(q, false); a.Verdict != c.want {
				t.Errorf("%+v, want %d", a, c.want)
			}
		})
	}
	q := ask("INVITE", "sato", home)
	challenge := r.Admit(q, false).Challenges[0]
	for _, c := range []struct {
		name, line string
		want       Verdict
	}{
		{"garbage", "Digest realm=", Challenge},
		{"another realm", strings.ReplaceAll(answer(t, challenge, q, "sato", "sesame-sesame", 1), "office.example.jp", "elsewhere"), Challenge},
		{"for another address", answer(t, challenge, Request{Method: "INVITE", URI: "sip:tanaka@office.example.jp"}, "sato", "sesame-sesame", 1), Forbidden},
		{"a nonce that is not ours", answer(t, `Digest realm="office.example.jp", nonce="AAAA", qop="auth"`, q, "sato", "sesame-sesame", 1), Challenge},
	} {
		q.Authorization = []string{c.line}
		if a := r.Admit(q, false); a.Verdict != c.want {
			t.Errorf("%s: %+v", c.name, a)
		}
	}
}

func TestWhoseMatterARequestIs(t *testing.T) {
	r := open(t, &shelf{}, office())
	invite := func(from, uri string) Request {
		return Request{Method: "INVITE", From: from, To: uri, URI: uri, Source: home}
	}
	for _, c := range []struct {
		name  string
		q     Request
		known bool
		want  bool
	}{
		{"a scanner", invite("sip:100@203.0.113.1", "sip:0119001@203.0.113.1"), false, false},
		{"a scanner that registers", Request{Method: "REGISTER", From: "sip:100@1.1.1.1", To: "sip:100@1.1.1.1", URI: "sip:1.1.1.1"}, false, false},
		{"a phone", invite("sip:sato@office.example.jp", "sip:suzuki@office.example.jp"), false, true},
		{"a phone that calls us by our address", invite("sip:sato@192.0.2.10", "sip:suzuki@192.0.2.10"), false, true},
		{"a phone in a network that is allowed", invite("sip:sato@office.example.jp", "sip:suzuki@office.example.jp"), true, true},
		{"a trunk that writes our host", invite("sip:09012345678@192.0.2.10", "sip:0501234@192.0.2.10"), true, false},
		{"a trunk", invite("sip:09012345678@carrier.example", "sip:0501234@192.0.2.10"), true, false},
	} {
		if got := r.Concerns(c.q, c.known); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
		if a := r.Admit(c.q, c.known); (a.Verdict != Foreign) != c.want {
			t.Errorf("%s: %+v", c.name, a)
		}
	}
	q := invite("sip:anybody@pbx.example", "sip:suzuki@office.example.jp")
	q.Source = netip.MustParseAddrPort("198.51.100.5:5060")
	if a := r.Admit(q, false); a.Verdict != Admitted || a.Phone() != "@office.example.jp" {
		t.Errorf("a call from an address in allow: %+v", a)
	}
}

func TestWhoeverGuessesIsNotAnsweredAndPhonesAreUnharmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, &shelf{}, office())
		guess := func(n int) (answered int) {
			for i := range n {
				q := ask("REGISTER", "sato", router)
				c := r.nonces.challenges("office.example.jp", "", false, time.Now())[0]
				q.Authorization = []string{answer(t, c, q, "sato", fmt.Sprint(i), 1)}
				if r.Admit(q, false).Verdict == Forbidden {
					answered++
				}
			}
			return answered
		}
		// sato's own phone is registered from the same address.
		proven := ask("REGISTER", "sato", router)
		proven.Authorization = []string{answer(t, r.Admit(proven, false).Challenges[0], proven, "sato", "sesame-sesame", 1)}
		if r.Admit(proven, false).Verdict != Admitted {
			t.Fatal("not let in")
		}
		if n := guess(1000); n != userBurst {
			t.Errorf("%d of 1000 guesses were answered, want %d", n, userBurst)
		}
		if a := r.Admit(ask("REGISTER", "sato", router), false); a.Verdict != Silent {
			t.Errorf("somebody new from there: %+v", a)
		}
		if a := r.Admit(ask("REGISTER", "suzuki", router), false); a.Verdict != Challenge {
			t.Errorf("another user from there: %+v", a)
		}
		if a := r.Admit(ask("REGISTER", "sato", home), false); a.Verdict != Challenge {
			t.Errorf("the same user from elsewhere: %+v", a)
		}
		r.Register(t.Context(), Ask{User: "sato", Domain: "office.example.jp", Contacts: []Asked{{URI: "sip:sato@10.0.0.1", Expires: Unsaid}}, Expires: Unsaid, Source: router})
		if a := r.Admit(ask("REGISTER", "sato", router), false); a.Verdict != Challenge {
			t.Errorf("a phone that is registered from there: %+v", a)
		}
		q := ask("INVITE", "suzuki", router)
		q.Authorization = []string{answer(t, r.nonces.challenges("office.example.jp", "", false, time.Now())[0], q, "suzuki", "other-password", 1)}
		if a := r.Admit(q, false); a.Verdict != Admitted {
			t.Errorf("the right password is always let in: %+v", a)
		}
		time.Sleep(userBurst * userEvery)
		r.guard.forget(time.Now())
		if len(r.guard.bad) != 0 || guess(1) != 1 {
			t.Error("after a while the address is as good as new")
		}
	})
}

func TestARestartForgetsNoPhone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := &shelf{}
		r := open(t, kept, office())
		registers := func(r *Registrar, user, uri string, expires time.Duration) Answer {
			list, _, err := ParseContacts([]string{"<" + uri + ">"})
			if err != nil {
				t.Fatal(err)
			}
			return r.Register(t.Context(), Ask{User: user, Domain: "office.example.jp", Contacts: list, Expires: expires, Source: router, Transport: "udp", CallID: uri, CSeq: 1})
		}
		registers(r, "sato", "sip:sato@10.0.0.1", 10*time.Minute)
		registers(r, "sato", "sip:sato@10.0.0.2", time.Hour)
		registers(r, "suzuki", "sip:suzuki@10.0.0.3", time.Hour)
		kept.rows["another"] = Contact{ID: "another", User: "sato", Domain: "office.example.jp", URI: "sip:sato@10.0.0.7", Node: "osaka", Expires: time.Now().Add(time.Hour)}
		kept.rows["gone"] = Contact{ID: "gone", Node: "osaka", Expires: time.Now().Add(-forgotten - time.Second)}
		r = open(t, kept, office())
		if _, there := kept.rows["gone"]; there || len(kept.rows) != 4 {
			t.Errorf("kept: %v", kept.rows)
		}
		if domain, list, ours := r.Find("sato", "OFFICE.example.jp"); !ours || len(list) != 2 || domain != "office.example.jp" {
			t.Fatalf("after a restart: %v %v", list, ours)
		}
		if !r.Familiar(router.Addr()) || r.Familiar(home.Addr()) || len(r.All()) != 3 {
			t.Errorf("familiar %v, %d phones", r.Familiar(router.Addr()), len(r.All()))
		}
		time.Sleep(10 * time.Minute)
		if _, list, _ := r.Find("sato", "192.0.2.10"); len(list) != 1 || list[0].URI != "sip:sato@10.0.0.2" {
			t.Errorf("after ten minutes: %+v", list)
		}
		life, end := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.Run(life) }()
		time.Sleep(2 * sweepEvery)
		end()
		<-done
		if len(kept.rows) != 3 {
			t.Errorf("%d are kept, want two of ours and one of another machine's", len(kept.rows))
		}
		if _, _, ours := r.Find("sato", "elsewhere.example"); ours {
			t.Error("a domain that is not ours")
		}
		d := office()
		d.Phones = d.Phones[1:]
		r.Use([]account.Domain{d})
		if _, list, ours := r.Find("sato", "office.example.jp"); !ours || len(list) != 0 || len(r.All()) != 1 {
			t.Errorf("a user who is gone is still called: %v", list)
		}
		// A database that is down: the phone is taken for a short time.
		kept.broken = fmt.Errorf("disk full")
		a := registers(r, "suzuki", "sip:suzuki@10.0.0.9", time.Hour)
		if a.Status != 200 || !strings.Contains(fmt.Sprint(a.Headers(time.Now())), "<sip:suzuki@10.0.0.9>;expires=60") {
			t.Errorf("with a database that is down: %+v", a)
		}
		if _, list, _ := r.Find("suzuki", "office.example.jp"); len(list) != 2 {
			t.Errorf("%v", list)
		}
	})
}

// lines counts what is written into a log.
type lines struct{ n, longest int }

func (l *lines) Write(b []byte) (int, error) {
	l.n++
	l.longest = max(l.longest, len(b))
	return len(b), nil
}

// Passwords that are guessed from forged addresses are not counted for one address; they do not fill the disk with our log.
func TestAFloodOfGuessesIsWrittenDownInPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, &shelf{}, office())
		book := &lines{}
		r.log = slog.New(slog.NewTextHandler(book, nil))
		guess := func(n int) {
			from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, byte(n >> 16), byte(n >> 8), byte(n)}), 5060)
			q := ask("REGISTER", strings.Repeat("a", 5000), from)
			q.Authorization = []string{`Digest username="sato", realm="office.example.jp", nonce="x", uri="sip:office.example.jp", response="y"`}
			if a := r.Admit(q, false); a.Verdict != Forbidden {
				t.Fatalf("%+v", a)
			}
		}
		for n := range 1000 {
			guess(n)
		}
		if book.n != saidBurst || book.longest > 300 {
			t.Errorf("1000 guesses are %d lines, the longest of %d bytes", book.n, book.longest)
		}
		time.Sleep(saidEvery)
		guess(1000)
		guess(1001)
		if book.n != saidBurst+1 {
			t.Errorf("a little later it is %d lines", book.n)
		}
	})
}

func TestWhatAPhoneMayCallWithoutAProgram(t *testing.T) {
	r := open(t, &shelf{}, office())
	d, _ := r.Directory().Domain("office.example.jp")
	for called, want := range map[string]string{
		"sip:suzuki@office.example.jp":         "<Sip>sip:suzuki@office.example.jp</Sip>",
		"sip:09012345678@office.example.jp":    `callerId="+815012345678"><Number>+819012345678</Number>`,
		"sip:%2B819012345678@192.0.2.10":       "<Number>+819012345678</Number>",
		"sip:0312345678@office.example.jp":     "<Reject/>",
		"sip:+14158675309@office.example.jp":   "<Reject/>",
		"sip:110@office.example.jp;user=phone": "緊急通報はできません",
		"sip:119@office.example.jp":            "Emergency numbers cannot be called",
		"sip:tanaka@office.example.jp":         "",
	} {
		n, ok := d.Answer(called)
		if ok != (want != "") || !strings.Contains(n.TwiML, want) {
			t.Errorf("%s: %v %s, want %s", called, ok, n.TwiML, want)
		}
		if reaches := strings.Contains(want, "<Sip>") || strings.Contains(want, "<Number>"); d.Reaches(called) != reaches {
			t.Errorf("%s: reaches %v, want %v", called, d.Reaches(called), reaches)
		}
	}
	p := office()
	p.URL, p.SID = "https://example.jp/out", "SD1"
	r.Use([]account.Domain{p})
	d, _ = r.Directory().Domain("office.example.jp")
	if n, ok := d.Answer("sip:110@office.example.jp"); !ok || n.URL != p.URL || n.Domain != p.SID || n.TwiML != "" {
		t.Errorf("a program decides: %+v", n)
	}
}
