package notice

import (
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"strings"

	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/problem/yamldoc"
)

// Read reads a notice's document, one of
//
//	notice: ops-mail
//	mail: [ops@example.jp]
//	from: kaden@example.jp
//	server: smtp.example.jp:587
//	user: kaden
//	password: env:MAIL_PASSWORD
//
//	notice: ops-chat
//	chat: https://hooks.example.com/services/T0/B0/x
//
//	notice: ops-sms
//	sms: ["+819012345678"]
//	from: "+815087654321"
//
//	notice: ops-system
//	url: https://example.jp/kaden
//	secret: env:NOTICE_SECRET
//
// secret finds what env:NAME and file:PATH stand for; nil leaves them as they are. The Notice is of use
// only if the problems do not refuse it.
func Read(text []byte, secret func(reference string) (string, error)) (Notice, problem.List) {
	doc := yamldoc.Parse(text)
	n := Notice{
		Name:   doc.Need("notice", "ops-mail").Text(),
		URL:    readURL(doc.Take("url"), nil),
		Secret: doc.Take("secret").Secret(secret),
		Chat:   readURL(doc.Take("chat"), secret),
		Mail: Mail{
			Server:   readServer(doc.Take("server")),
			User:     doc.Take("user").Text(),
			Password: doc.Take("password").Secret(secret),
		},
	}
	for _, v := range doc.Take("mail").List() {
		if a := readAddress(v); a != "" {
			n.Mail.To = append(n.Mail.To, a)
		}
	}
	if v := doc.Take("sms"); v.Given() {
		n.Texts = readTexts(v, doc.Need("from", `"+815087654321"`))
	} else {
		n.Mail.From = readAddress(doc.Take("from"))
	}
	ways := 0
	for _, way := range []string{"url", "chat", "mail", "sms"} {
		if v := doc.Take(way); v.Given() {
			if ways++; ways > 1 {
				v.Error("a notice goes one way", "make a notice of its own for each of url:, chat:, mail: and sms:")
			}
		}
	}
	if ways == 0 && n.Name != "" {
		doc.Take("notice").Error("nothing says whom to tell", "add mail:, chat:, sms: or url:")
	}
	if given := doc.Take("mail"); given.Given() {
		if len(given.List()) == 0 {
			given.Error("nobody is named", "mail: [ops@example.jp]")
		}
		for _, need := range []string{"from", "server"} {
			if !doc.Take(need).Given() {
				given.Error("mail needs "+need+":", map[string]string{"from": "from: kaden@example.jp", "server": "server: smtp.example.jp:587"}[need])
			}
		}
	}
	if v := doc.Take("url"); v.Given() && !doc.Take("secret").Given() {
		v.Warn("the request is not signed: whoever knows the address can make one up", "add secret: env:NOTICE_SECRET")
	}
	return n, doc.Done()
}

// readTexts takes mobile numbers, and who writes to them.
func readTexts(to, from yamldoc.Value) (t Texts) {
	if t.From = from.Text(); strings.ContainsAny(t.From, "+") || strings.Trim(t.From, "0123456789- ") == "" && t.From != "" {
		n, err := number.Parse(t.From, number.Home)
		if err != nil {
			from.Err(err)
		}
		t.From = string(n)
	}
	for _, v := range to.List() {
		n, err := number.Parse(v.Text(), number.Home)
		switch {
		case err != nil:
			v.Err(err)
		case n.Class() != number.Mobile && n.Class() != number.Abroad:
			v.Error(fmt.Sprintf("%s gets no short messages: it is no mobile number", v.Text()), `sms: ["+819012345678"]`)
		default:
			t.To = append(t.To, n)
		}
	}
	if len(to.List()) == 0 {
		to.Error("nobody is named", `sms: ["+819012345678"]`)
	}
	return t
}

// readURL takes a web address; that of a chat is a secret in itself, and may be a reference.
func readURL(v yamldoc.Value, secret func(string) (string, error)) string {
	s := v.Text()
	if secret != nil {
		s = v.Secret(secret)
	}
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		v.Error("this is not the address of a web page", "https://example.jp/kaden")
		return ""
	}
	return s
}

func readAddress(v yamldoc.Value) string {
	s := v.Text()
	if s == "" {
		return ""
	}
	a, err := mail.ParseAddress(s)
	if err != nil {
		v.Error(fmt.Sprintf("%q is not a mail address", s), "ops@example.jp")
		return ""
	}
	return a.Address
}

func readServer(v yamldoc.Value) string {
	s := v.Text()
	if s == "" {
		return ""
	}
	if host, port, err := net.SplitHostPort(s); err != nil || host == "" || port == "" {
		v.Error(fmt.Sprintf("%q is not a server and its port", s), "smtp.example.jp:587")
		return ""
	}
	return s
}
