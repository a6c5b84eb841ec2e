package notice

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// send carries a message to a mail server, which takes it from there.
func send(ctx context.Context, by Mail, m Message) error {
	c, err := connect(ctx, by)
	if err != nil {
		return err
	}
	defer c.Close()
	if by.User != "" {
		if err := c.Auth(sasl.NewPlainClient("", by.User, by.Password)); err != nil {
			return refusal(err)
		}
	}
	if err := c.SendMail(by.From, by.To, strings.NewReader(letter(by, m))); err != nil {
		return refusal(err)
	}
	return c.Quit()
}

// connect speaks TLS at once on port 465, and elsewhere where the server offers it. A password never
// travels without TLS, but to this machine itself.
func connect(ctx context.Context, by Mail) (*smtp.Client, error) {
	host, port, err := net.SplitHostPort(by.Server)
	if err != nil {
		return nil, fmt.Errorf("%w: mail server %q: %w", ErrRefused, by.Server, err)
	}
	secure := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	conn, err := dial(ctx, by.Server)
	if err != nil {
		return nil, err
	}
	if port == "465" {
		return smtp.NewClient(tls.Client(conn, secure)), nil
	}
	c := smtp.NewClient(conn)
	if err := c.Hello("kaden"); err != nil {
		c.Close()
		return nil, refusal(err)
	}
	if offered, _ := c.Extension("STARTTLS"); offered {
		c.Close() // the library begins TLS only on a connection that has said nothing yet
		if conn, err = dial(ctx, by.Server); err != nil {
			return nil, err
		}
		return smtp.NewClientStartTLS(conn, secure)
	}
	remote, _ := conn.RemoteAddr().(*net.TCPAddr)
	if by.User != "" && (remote == nil || !remote.IP.IsLoopback()) {
		c.Close()
		return nil, fmt.Errorf("%w: the mail server offers no TLS, and the password is not sent without it", ErrRefused)
	}
	return c, nil
}

// dial gives a connection that ends with ctx: the library knows no context.
func dial(ctx context.Context, server string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", server)
	if err != nil {
		return nil, err
	}
	if end, ok := ctx.Deadline(); ok {
		return conn, conn.SetDeadline(end)
	}
	return conn, nil
}

// refusal tells errors of the server that last (5xx) from those that pass.
func refusal(err error) error {
	var said *smtp.SMTPError
	if errors.As(err, &said) && said.Code >= 500 {
		return fmt.Errorf("%w: the mail server says %d %s", ErrRefused, said.Code, said.Message)
	}
	return err
}

// letter is the message as mail (RFC 5322), in UTF-8.
func letter(by Mail, m Message) string {
	var b strings.Builder
	field := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	field("From", by.From)
	field("To", strings.Join(by.To, ", "))
	field("Subject", mime.QEncoding.Encode("utf-8", oneLine("[kaden] "+m.Title)))
	field("Date", m.At.Format(time.RFC1123Z))
	field("Message-ID", "<"+m.ID+"@kaden>")
	field("Auto-Submitted", "auto-generated")
	field("X-Priority", "1")
	field("MIME-Version", "1.0")
	field("Content-Type", "text/plain; charset=utf-8")
	field("Content-Transfer-Encoding", "quoted-printable")
	b.WriteString("\r\n")
	w := quotedprintable.NewWriter(&b)
	w.Write([]byte(strings.ReplaceAll(m.lines(), "\n", "\r\n"))) // a strings.Builder takes everything
	w.Close()
	return b.String()
}

// oneLine keeps what a stranger wrote from becoming a header of its own.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
