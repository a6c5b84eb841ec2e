// Package notice tells people and systems, by mail, chat, short message or a signed web request, what must not stay within
// kaden: nobody took an alert, nobody could be called, the kill switch holds.
//
// A [Notice] is one way to tell; documents describe them (notice: ops-mail), and a plan's otherwise: names
// them. A [Sender] carries one [Message] to one Notice. It does not try again: whoever asks it keeps the
// message as a job (package job) and does. Nothing here decides what is worth telling.
package notice

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/kaden-project/kaden/number"
)

// Notice is one way to tell somebody. Exactly one of URL, Chat, Mail and Texts is set.
type Notice struct {
	Name   string
	URL    string // JSON is posted here, signed with Secret
	Secret string
	Chat   string // an incoming webhook as Slack, Mattermost and Teams know it: {"text": …}
	Mail   Mail
	Texts  Texts
}

// Texts are short messages to mobile telephones. The zero Texts is none.
type Texts struct {
	To   []number.Number
	From string // a number, or a name where the carrier takes names
}

// Text sends a short message, once for each id, however often it is asked. An error that is [ErrRefused] will not pass.
type Text func(ctx context.Context, id, from string, to number.Number, body string) error

// Mail is a way to send mail. The zero Mail is none.
type Mail struct {
	To       []string
	From     string
	Server   string // host:port; port 465 speaks TLS from the start, others by STARTTLS where it is offered
	User     string // "" does not sign in
	Password string
}

// Default is the name of the notice that is told everything loud, whatever a plan says.
const Default = "default"

// Message is what is told. Times are UTC.
type Message struct {
	ID       string    `json:"id"` // the same for each try: a receiver that has seen it may forget it
	At       time.Time `json:"at"`
	Title    string    `json:"title"` // one line
	Text     string    `json:"text"`
	Alert    string    `json:"alert,omitempty"`
	Callout  string    `json:"callout,omitempty"`
	Severity string    `json:"severity,omitempty"`
	Source   string    `json:"source,omitempty"`
	Link     string    `json:"link,omitempty"` // the alert in the console, "" where kaden does not know its own address
}

// Sender carries messages. It may be used from any goroutine.
type Sender struct {
	log    *slog.Logger
	client *http.Client
	text   Text
}

// limit is how long one try may take; a job has a little more.
const limit = 20 * time.Second

// New makes a Sender that asks with client; nil is a client of its own that follows no redirects.
func New(log *slog.Logger, client *http.Client) *Sender {
	if client == nil {
		client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return &Sender{log: log, client: client}
}

// Texting is the Sender with short messages: without it their notices are refused.
func (s *Sender) Texting(t Text) *Sender {
	return &Sender{log: s.log, client: s.client, text: t}
}

// ErrRefused says that trying again is of no use: the address does not exist, the signature is not wanted.
var ErrRefused = errors.New("the notice was refused")

// Send tries once. An error that is not [ErrRefused] may pass.
func (s *Sender) Send(ctx context.Context, n Notice, m Message) error {
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	var err error
	switch {
	case n.URL != "":
		err = s.post(ctx, n, m)
	case n.Chat != "":
		err = s.chat(ctx, n, m)
	case len(n.Mail.To) > 0:
		err = send(ctx, n.Mail, m)
	case len(n.Texts.To) > 0:
		err = s.write(ctx, n, m)
	default:
		err = fmt.Errorf("%w: it has neither url: nor chat: nor mail: nor sms: in it", ErrRefused)
	}
	if err != nil {
		return fmt.Errorf("notice %s: %w", n.Name, err)
	}
	s.log.Info("notice sent", "notice", n.Name, "alert", m.Alert, "title", m.Title)
	return nil
}

// lines is a message as plain text.
func (m Message) lines() string {
	var b strings.Builder
	b.WriteString(m.Title + "\n")
	if m.Text != "" && m.Text != m.Title {
		b.WriteString("\n" + m.Text + "\n")
	}
	if m.Link != "" {
		b.WriteString("\n" + m.Link + "\n")
	}
	return b.String()
}
