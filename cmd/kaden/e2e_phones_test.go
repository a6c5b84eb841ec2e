package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// A phone of the office, as its document says.
const (
	officeDomain = "domain: office.example.jp\n"
	secretSato   = "sesame-sesame"
)

func phoneDocument(user string) string {
	return "phone: " + user + "@office.example.jp\npassword: " + secretSato + "\n"
}

// satosPhone lets an alert ring sato's softphone by its name.
var satosPhone = []string{
	officeDomain, phoneDocument("sato"),
	"person: sato\nlanguage: en-US\ncontacts: [sip:sato@office.example.jp]",
	"plan: default\nsteps:\n  - call: [sato]\n    ring: 60s\n",
}

// newRegistering starts a softphone that registers with s as user, and goes on doing so every regint seconds.
func newRegistering(t testing.TB, s *server, user, password string, regint int) *phone {
	t.Helper()
	microphone := filepath.Join(t.TempDir(), "microphone.wav")
	if err := writeWAV(microphone, nil, 10*time.Minute); err != nil {
		t.Fatal(err)
	}
	return newPhoneWith(t, microphone, func(int) string {
		return fmt.Sprintf(`<sip:%s@office.example.jp;transport=udp>;auth_user=%s;auth_pass=%s;outbound="sip:%s;transport=udp";regint=%d`,
			user, user, password, local(s.sip), regint)
	})
}

// registered are the phones of the API that can be called, and how many contacts each has.
func (s *server) registered() map[string]int {
	var all []struct {
		ID       string
		Contacts []struct{ Address string }
	}
	if err := s.get("/api/phones", &all); err != nil {
		s.t.Fatal(err)
	}
	n := map[string]int{}
	for _, p := range all {
		if len(p.Contacts) > 0 {
			n[p.ID] = len(p.Contacts)
		}
	}
	return n
}

func (s *server) untilRegistered(user string, contacts int) {
	s.t.Helper()
	eventually(s.t, patience, fmt.Sprintf("%s has %d contacts", user, contacts), func() bool {
		return s.registered()[user+"@office.example.jp"] == contacts
	})
}

// A softphone registers, an alert rings it by its address in the domain, it hears the message and presses 1. So it
// does after kaden was killed, without having registered again.
func TestARegisteredPhoneIsRungByItsName(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.apply(satosPhone...)
	p := newRegistering(t, s, "sato", secretSato, 3600)
	s.untilRegistered("sato", 1)
	takes := func(title string) {
		t.Helper()
		before := p.happened("CALL_INCOMING")
		id := s.alarm(title)
		eventually(t, patience, "the phone rings", func() bool { return p.happened("CALL_INCOMING") > before })
		p.does("accept", "")
		s.until(id, timeline.AttemptAnswered, "sato")
		p.hears(time.Second)
		p.presses("1")
		s.until(id, timeline.AlertAcknowledged, "sato")
	}
	takes("disk full on db01")
	registers := strings.Count(p.log(), "\nREGISTER ")
	s.kill()
	s.start()
	s.ready()
	s.untilRegistered("sato", 1)
	takes("fan stopped on db02")
	if n := strings.Count(p.log(), "\nREGISTER "); n != registers {
		t.Errorf("the phone has registered %d times more", n-registers)
	}
	if got := s.command("", "phone", "settings", "sato", "--language", "ja"); !strings.Contains(got.out, "office.example.jp") || !strings.Contains(got.out, "ユーザー名") || strings.Contains(got.out, secretSato) {
		t.Errorf("kaden phone settings:\n%s%s", got.out, got.err)
	}
	if got := s.command("", "phone", "list"); !strings.Contains(got.out, "sato@office.example.jp") || !strings.Contains(got.out, "baresip") {
		t.Errorf("kaden phone list:\n%s%s", got.out, got.err)
	}
}

// Two phones of the office call each other; one that is not there cannot be reached, and numbers outside are not
// called unless the document says so.
func TestTwoPhonesCallEachOther(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.apply(officeDomain, phoneDocument("sato"), phoneDocument("suzuki"), phoneDocument("tanaka"))
	sato, suzuki := newRegistering(t, s, "sato", secretSato, 600), newRegistering(t, s, "suzuki", secretSato, 600)
	s.untilRegistered("sato", 1)
	s.untilRegistered("suzuki", 1)
	pager := newHandset(t, s, "sato")
	pager.body = "on-my-way"
	to := "sip:suzuki@office.example.jp"
	challenge := pager.asks(patience, "MESSAGE", to, "Content-Type: text/plain")
	if a := pager.asks(patience, "MESSAGE", to, "Content-Type: text/plain", proof(challenge, "MESSAGE", to, "sato", secretSato)); !strings.HasPrefix(a, "SIP/2.0 200") {
		t.Errorf("the message: %q", a)
	}
	eventually(t, patience, "suzuki reads what sato has written", func() bool { return strings.Contains(suzuki.log(), "on-my-way") })
	sato.does("dial", "sip:suzuki@office.example.jp")
	suzuki.rings()
	if !strings.Contains(suzuki.log(), "sip:sato@office.example.jp") {
		t.Errorf("suzuki does not see who calls:\n%s", tail(filepath.Join(suzuki.dir, "log"), 3000))
	}
	suzuki.picksUp()
	sato.sees("CALL_ESTABLISHED")
	suzuki.presses("5")
	sato.hears(time.Second)
	sato.does("hangup", "")
	suzuki.sees("CALL_CLOSED")
	for called, closed := range map[string]string{"sip:tanaka@office.example.jp": "", "sip:09012345678@office.example.jp": "603"} {
		before := sato.happened("CALL_CLOSED")
		sato.does("dial", called)
		eventually(t, patience, called+" is over", func() bool { return sato.happened("CALL_CLOSED") > before })
		if !strings.Contains(sato.log(), closed) {
			t.Errorf("%s: no %s in what the phone saw", called, closed)
		}
	}
}

// Two phones of one person ring together; the one that is picked up has the call, the other falls silent.
func TestBothPhonesOfAPersonRing(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.apply(satosPhone...)
	desk, mobile := newRegistering(t, s, "sato", secretSato, 600), newRegistering(t, s, "sato", secretSato, 600)
	s.untilRegistered("sato", 2)
	id := s.alarm("disk full on db01")
	desk.rings()
	mobile.rings()
	mobile.picksUp()
	desk.sees("CALL_CLOSED")
	if log := desk.log(); !strings.Contains(log, "call completed elsewhere") {
		t.Errorf("the other phone is not told why it falls silent:\n%s", tail(filepath.Join(desk.dir, "log"), 3000))
	}
	s.until(id, timeline.AttemptAnswered, "sato")
	mobile.hears(time.Second)
	mobile.presses("1")
	s.until(id, timeline.AlertAcknowledged, "sato")
	if n := s.night(id); n.count(timeline.AttemptAnswered, "sato") != 1 {
		t.Errorf("two phones are two attempts:\n%s", n)
	}
}

// A phone with a wrong password is not registered, and does not keep the right one out.
func TestAWrongPassword(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.apply(officeDomain, phoneDocument("sato"))
	wrong := newRegistering(t, s, "sato", "guess-guess", 60)
	eventually(t, patience, "the phone is refused", func() bool { return strings.Contains(wrong.log(), "403 Forbidden") })
	newRegistering(t, s, "sato", secretSato, 60)
	s.untilRegistered("sato", 1)
}

// A domain's program decides what becomes of a call of its phone; it is told who calls, and from which domain. A phone of
// a domain without one may call our own numbers.
func TestAProgramAnswersACallOfAPhone(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.apply(
		officeDomain, phoneDocument("sato"), "bin: reception\ntwiml: <Response><Say>hello</Say><Pause length=\"60\"/></Response>", "number: reception\nbin: reception",
		"domain: shop.example.jp\nalso: [127.0.0.1]\ntwiml: |\n  <Response><Dial><Sip>sip:sato@office.example.jp?x-from=shop</Sip></Dial></Response>",
		"phone: shop@shop.example.jp\npassword: "+secretSato,
	)
	sato := newRegistering(t, s, "sato", secretSato, 600)
	s.untilRegistered("sato", 1)
	sato.does("dial", "sip:reception@office.example.jp")
	sato.sees("CALL_ESTABLISHED")
	sato.does("hangup", "")

	h := newHandset(t, s, "shop")
	h.domain = "shop.example.jp"
	called := "sip:110@shop.example.jp" // whatever it is: the program decides
	offer := []string{"Contact: <sip:shop@127.0.0.1:9>"}
	challenge := h.asks(patience, "INVITE", called, offer...)
	if !strings.HasPrefix(challenge, "SIP/2.0 401") || !strings.Contains(challenge, `realm="shop.example.jp"`) {
		t.Fatalf("%s", challenge)
	}
	before := sato.happened("CALL_INCOMING")
	h.asks(patience, "INVITE", called, append(offer, proof(challenge, "INVITE", called, "shop", secretSato))...)
	eventually(t, patience, "sato rings", func() bool { return sato.happened("CALL_INCOMING") > before })
	if log := sato.log(); !strings.Contains(log, "x-from: shop") || !strings.Contains(log, "From: <sip:shop@office.example.jp>") {
		t.Errorf("what sato's phone sees:\n%s", tail(filepath.Join(sato.dir, "log"), 3000))
	}
	var calls struct {
		Calls []struct{ From, To, Direction string }
	}
	if err := s.rest("/Calls.json", &calls); err != nil {
		t.Fatal(err)
	}
	found := false
	for _, c := range calls.Calls {
		found = found || c.From == "sip:shop@shop.example.jp" && c.To == called && c.Direction == "inbound"
	}
	if !found {
		t.Errorf("the calls are %+v", calls.Calls)
	}
}

// rest asks the Twilio-compatible API.
func (s *server) rest(path string, out any) error {
	q, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url("/2010-04-01/Accounts/"+s.account()+path), nil)
	if err != nil {
		return err
	}
	q.SetBasicAuth(s.account(), s.token())
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(out)
}

// A domain that a program has made over Twilio's API is as good as one of a document, at once.
func TestAPhoneOfADomainOfTheAPI(t *testing.T) {
	t.Parallel()
	s := serve(t)
	make := func(path string, pairs ...string) string {
		t.Helper()
		form := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			form.Set(pairs[i], pairs[i+1])
		}
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url("/2010-04-01/Accounts/"+s.account()+"/SIP/"+path+".json"), strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		q.SetBasicAuth(s.account(), s.token())
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var made struct{ SID, Message string }
		if err := json.NewDecoder(resp.Body).Decode(&made); err != nil || resp.StatusCode != http.StatusCreated {
			t.Fatalf("%s: %d %v %s", path, resp.StatusCode, err, made.Message)
		}
		return made.SID
	}
	domain := make("Domains", "DomainName", "office.example.jp", "SipRegistration", "true")
	list := make("CredentialLists", "FriendlyName", "phones")
	make("CredentialLists/"+list+"/Credentials", "Username", "sato", "Password", "Sesame-Sesame-1")
	make("Domains/"+domain+"/Auth/Registrations/CredentialListMappings", "CredentialListSid", list)
	h := newHandset(t, s, "sato")
	if a := h.registers("Sesame-Sesame-1", "Contact: <sip:sato@10.1.2.3>"); !strings.HasPrefix(a, "SIP/2.0 200") {
		t.Fatalf("%s", a)
	}
	s.untilRegistered("sato", 1)
	invite := "sip:sato@office.example.jp"
	c := h.asks(patience, "INVITE", invite, "Contact: <sip:sato@10.1.2.3>")
	if a := h.asks(patience, "INVITE", invite, "Contact: <sip:sato@10.1.2.3>", proof(c, "INVITE", invite, "sato", "Sesame-Sesame-1")); !strings.HasPrefix(a, "SIP/2.0 403") {
		t.Errorf("a user who may register and not call: %q", a)
	}
	s.kill()
	s.start()
	s.ready()
	s.untilRegistered("sato", 1)
}
