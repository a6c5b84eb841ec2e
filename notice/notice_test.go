package notice

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/kaden-project/kaden/number"
)

var loud = Message{
	ID: "co-1-exhausted", At: time.Date(2026, 11, 25, 18, 2, 0, 0, time.UTC), Title: "nobody took the alert \"ディスクが一杯です\"",
	Text: "sato did not answer; suzuki pressed no key", Alert: "al-1", Callout: "co-1", Severity: "critical", Link: "https://kaden.example/alerts/al-1",
}

func sender() *Sender { return New(slog.New(slog.DiscardHandler), nil) }

func TestASystemIsToldAndCanTellThatItWasKaden(t *testing.T) {
	var got Message
	var body []byte
	var header http.Header
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		header = r.Header
		json.Unmarshal(body, &got)
	}))
	defer srv.Close()
	if err := sender().Send(t.Context(), Notice{Name: "ops", URL: srv.URL, Secret: "geheim"}, loud); err != nil {
		t.Fatal(err)
	}
	if got != loud {
		t.Errorf("the system was told %+v", got)
	}
	stamp, sum, ok := strings.Cut(header.Get(Signature), ",v1=")
	h := hmac.New(sha256.New, []byte("geheim"))
	h.Write([]byte(strings.TrimPrefix(stamp, "t=") + "." + string(body)))
	if !ok || sum != hex.EncodeToString(h.Sum(nil)) {
		t.Errorf("signature %q does not fit the body", header.Get(Signature))
	}
	if header.Get("Idempotency-Key") != loud.ID {
		t.Errorf("a receiver cannot tell a second try: %q", header.Get("Idempotency-Key"))
	}
}

func TestAChatIsTold(t *testing.T) {
	var got struct{ Text string }
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		json.NewDecoder(r.Body).Decode(&got)
	}))
	defer srv.Close()
	if err := sender().Send(t.Context(), Notice{Name: "chat", Chat: srv.URL}, loud); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{loud.Title, loud.Text, loud.Link} {
		if !strings.Contains(got.Text, want) {
			t.Errorf("the chat does not say %q:\n%s", want, got.Text)
		}
	}
}

func TestWhatMayPassIsTriedAgainAndWhatLastsIsNot(t *testing.T) {
	status := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	defer srv.Close()
	for code, lasts := range map[int]bool{429: false, 500: false, 503: false, 408: false, 400: true, 401: true, 404: true, 302: true} {
		status = code
		if err := sender().Send(t.Context(), Notice{Name: "x", URL: srv.URL}, loud); err == nil || errors.Is(err, ErrRefused) != lasts {
			t.Errorf("%d: %v, want refused: %v", code, err, lasts)
		}
	}
	srv.Close()
	if err := sender().Send(t.Context(), Notice{Name: "x", URL: srv.URL}, loud); err == nil || errors.Is(err, ErrRefused) {
		t.Errorf("a server that is away: %v", err)
	}
	if err := sender().Send(t.Context(), Notice{Name: "x"}, loud); !errors.Is(err, ErrRefused) {
		t.Errorf("a notice that goes nowhere: %v", err)
	}
}

// mailbox is a mail server of somebody else's making that keeps what it gets.
type mailbox struct {
	user, password string
	code           int // it refuses recipients with this
	from           string
	to             []string
	data           string
}

type session struct{ m *mailbox }

func (m *mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{m}, nil }
func (s *session) AuthMechanisms() []string                    { return []string{sasl.Plain} }
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.m.user || password != s.m.password {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}
func (s *session) Mail(from string, _ *smtp.MailOptions) error { s.m.from = from; return nil }
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.m.code != 0 {
		return &smtp.SMTPError{Code: s.m.code, Message: "no"}
	}
	s.m.to = append(s.m.to, to)
	return nil
}
func (s *session) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	s.m.data = string(b)
	return err
}
func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func (m *mailbox) open(t *testing.T) (address string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := smtp.NewServer(m)
	srv.AllowInsecureAuth = true
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	return l.Addr().String()
}

func TestMailIsSent(t *testing.T) {
	m := &mailbox{user: "kaden", password: "geheim"}
	n := Notice{Name: "mail", Mail: Mail{To: []string{"ops@example.jp", "boss@example.jp"}, From: "kaden@example.jp", Server: m.open(t), User: "kaden", Password: "geheim"}}
	odd := loud
	odd.Title += "\r\nBcc: stranger@example.com"
	if err := sender().Send(t.Context(), n, odd); err != nil {
		t.Fatal(err)
	}
	if m.from != "kaden@example.jp" || len(m.to) != 2 {
		t.Errorf("from %s to %v", m.from, m.to)
	}
	letter, err := mail.ReadMessage(strings.NewReader(m.data))
	if err != nil {
		t.Fatalf("%v\n%s", err, m.data)
	}
	if letter.Header.Get("Bcc") != "" {
		t.Errorf("what a stranger wrote became a header:\n%s", m.data)
	}
	if !strings.Contains(letter.Header.Get("Subject"), "=?utf-8?q?") || letter.Header.Get("Auto-Submitted") != "auto-generated" {
		t.Errorf("headers:\n%s", m.data)
	}
}

func TestMailThatIsRefused(t *testing.T) {
	m := &mailbox{code: 550}
	n := Notice{Name: "mail", Mail: Mail{To: []string{"gone@example.jp"}, From: "kaden@example.jp", Server: m.open(t)}}
	if err := sender().Send(t.Context(), n, loud); !errors.Is(err, ErrRefused) {
		t.Errorf("550: %v", err)
	}
	m.code = 451
	if err := sender().Send(t.Context(), n, loud); err == nil || errors.Is(err, ErrRefused) {
		t.Errorf("451 passes: %v", err)
	}
	m.code, n.Mail.User, n.Mail.Password = 0, "kaden", "wrong"
	if err := sender().Send(t.Context(), n, loud); err == nil {
		t.Error("a wrong password is no success")
	}
	n.Mail.Server = "nowhere"
	if err := sender().Send(t.Context(), n, loud); !errors.Is(err, ErrRefused) {
		t.Errorf("a server without a port: %v", err)
	}
}

func TestReadNotice(t *testing.T) {
	secrets := func(ref string) (string, error) { return "resolved " + ref, nil }
	n, list := Read([]byte("notice: ops-mail\nmail: [ops@example.jp]\nfrom: kaden@example.jp\nserver: smtp.example.jp:587\nuser: kaden\npassword: env:P\n"), secrets)
	if list.Refused() || n.Name != "ops-mail" || n.Mail.To[0] != "ops@example.jp" || n.Mail.Password != "resolved env:P" {
		t.Errorf("%+v %v", n, list)
	}
	for _, tt := range []struct{ text, says string }{
		{"notice: x\n", "nothing says whom to tell"},
		{"notice: x\nurl: https://a.example\nchat: https://b.example\n", "a notice goes one way"},
		{"notice: x\nmail: [ops@example.jp]\n", "mail needs from:"},
		{"notice: x\nmail: [ops@example.jp]\nfrom: a@b.example\n", "mail needs server:"},
		{"notice: x\nmail: [ops]\nfrom: a@b.example\nserver: s:25\n", "not a mail address"},
		{"notice: x\nmail: [a@b.example]\nfrom: a@b.example\nserver: smtp\n", "not a server and its port"},
		{"notice: x\nurl: ftp://a.example\n", "not the address of a web page"},
		{"notice: x\nurl: https://a.example\nto: me\n", "to"},
		{"mail: [a@b.example]\n", "notice"},
	} {
		if _, list := Read([]byte(tt.text), nil); !list.Refused() || !strings.Contains(list.Err().Error(), tt.says) {
			t.Errorf("%q: %v, want %q", tt.text, list.Err(), tt.says)
		}
	}
	if _, list := Read([]byte("notice: x\nurl: https://a.example\n"), nil); list.Refused() || len(list) != 1 {
		t.Errorf("an unsigned request is warned of: %v", list)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("notice: x\nmail: [a@b.example]\nfrom: a@b.example\nserver: s:25\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		n, list := Read(text, nil)
		if !list.Refused() && n.URL == "" && n.Chat == "" && len(n.Mail.To) == 0 {
			t.Errorf("%q is accepted and tells nobody", text)
		}
	})
}

// Telephones are written to, each once under a name of its own; one that cannot be keeps nobody from being told.
func TestTelephonesAreWrittenTo(t *testing.T) {
	type sent struct{ id, from, to, body string }
	var all []sent
	text := func(_ context.Context, id, from string, to number.Number, body string) error {
		switch to {
		case "+819000000000":
			return fmt.Errorf("%w: unsubscribed", ErrRefused)
		case "+819000000001":
			return errors.New("the database is away")
		}
		all = append(all, sent{id, from, string(to), body})
		return nil
	}
	n := Notice{Name: "ops-sms", Texts: Texts{From: "+815087654321", To: []number.Number{"+819000000000", "+819011112222"}}}
	err := sender().Texting(text).Send(t.Context(), n, loud)
	if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "unsubscribed") {
		t.Errorf("it said %v", err)
	}
	want := sent{"ops-sms co-1-exhausted +819011112222", "+815087654321", "+819011112222", loud.Title + "\n" + loud.Text + "\n" + loud.Link}
	if len(all) != 1 || all[0] != want {
		t.Errorf("sent %q, want %q", all, want)
	}
	n.Texts.To[1] = "+819000000001"
	if err := sender().Texting(text).Send(t.Context(), n, loud); err == nil || errors.Is(err, ErrRefused) {
		t.Errorf("what may pass is given up: %v", err)
	}
	if err := sender().Send(t.Context(), n, loud); !errors.Is(err, ErrRefused) {
		t.Errorf("nothing sends short messages, and it said %v", err)
	}
	long := loud
	long.Text = strings.Repeat("架", 1000)
	if r := []rune(long.short()); len(r) > longestText+1+len(loud.Link) {
		t.Errorf("a short message of %d characters", len(r))
	}
}

func TestReadTexts(t *testing.T) {
	n, problems := Read([]byte("notice: ops-sms\nsms: [090-1234-5678, \"+14158675309\"]\nfrom: \"050-8765-4321\"\n"), nil)
	if problems != nil || n.Texts.From != "+815087654321" || len(n.Texts.To) != 2 || n.Texts.To[0] != "+819012345678" {
		t.Errorf("%+v %v", n, problems)
	}
	for text, want := range map[string]string{
		"notice: a\nsms: [\"0312345678\"]\nfrom: KADEN\n":                              "no mobile number",
		"notice: a\nsms: []\nfrom: KADEN\n":                                            "nobody is named",
		"notice: a\nsms: [\"+819012345678\"]\n":                                        "from",
		"notice: a\nsms: [\"+819012345678\"]\nfrom: \"+1\"\n":                          "from",
		"notice: a\nsms: [\"+819012345678\"]\nfrom: KADEN\nchat: https://a.example/\n": "one way",
	} {
		if _, problems := Read([]byte(text), nil); !strings.Contains(fmt.Sprint(problems), want) {
			t.Errorf("%q: %v, want %q", text, problems, want)
		}
	}
}
