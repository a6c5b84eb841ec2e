package pager

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"mime"
	"net/textproto"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kaden-project/kaden/message"
)

// Kinds of content that are read.
const (
	kindPlain  = "text/plain"
	kindCPIM   = "message/cpim"
	kindReport = "message/imdn+xml"
)

// envelope is a message with the question what becomes of it (RFC 3862, RFC 5438 section 7.1.1): its name there is its SID.
func envelope(r message.Record, from, to string) string {
	return fmt.Sprintf("From: <%s>\r\nTo: <%s>\r\nDateTime: %s\r\nNS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: %s\r\n"+
		"imdn.Disposition-Notification: positive-delivery, negative-delivery\r\n\r\nContent-Type: %s\r\n\r\n%s",
		from, to, r.Created.UTC().Format(time.RFC3339), r.SID, plain, r.Body)
}

// Report is what is said to have become of a message that we have sent (配信結果).
type Report struct {
	Name string       // of the message: its SID
	Word message.Word // its There is Name; without a Status it says nothing
}

// Read takes a MESSAGE apart: words, or a report. status is 0, or what is to be answered: 413 where the words are too many,
// 415 where it is nothing that is read here, 400 where it cannot be read.
func Read(kind string, body []byte) (text string, about *Report, status int) {
	return read(kind, body, true)
}

// read is Read; whole is false within an envelope.
func read(kind string, body []byte, whole bool) (text string, about *Report, status int) {
	name, params, err := mime.ParseMediaType(kind)
	if kind == "" && len(body) == 0 {
		return "", nil, 0
	}
	switch {
	case err != nil:
		return "", nil, 415
	case name == kindPlain:
		text, status = readText(params["charset"], body)
		return text, nil, status
	case name == kindReport:
		about, status = readReport(body)
		return "", about, status
	case name == kindCPIM && whole:
		kind, body, ok := opened(body)
		if !ok {
			return "", nil, 400
		}
		return read(kind, body, false)
	}
	return "", nil, 415
}

// readText reads words, without what no text has and no database keeps.
func readText(charset string, body []byte) (text string, status int) {
	switch strings.ToLower(charset) {
	case "", "utf-8", "us-ascii":
	default:
		return "", 415
	}
	if !utf8.Valid(body) {
		return "", 415
	}
	if utf8.RuneCount(body) > message.MaxBody {
		return "", 413
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != '\f' || r == 0x7f {
			return -1
		}
		return r
	}, string(body)), 0
}

// opened is what stands in an envelope: after its own headers come those of the content (RFC 3862 section 2).
func opened(body []byte) (kind string, content []byte, ok bool) {
	_, rest, ok := cutHead(body)
	if !ok {
		return "", nil, false
	}
	head, content, ok := cutHead(rest)
	if !ok {
		return "", nil, false
	}
	for line := range strings.Lines(string(head)) {
		name, value, _ := strings.Cut(line, ":")
		if textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)) == "Content-Type" {
			kind = strings.TrimSpace(value)
		}
	}
	return kind, content, true
}

// cutHead cuts at the empty line; some write their lines without a carriage return.
func cutHead(b []byte) (head, rest []byte, ok bool) {
	long, short := bytes.Index(b, []byte("\r\n\r\n")), bytes.Index(b, []byte("\n\n"))
	switch {
	case long >= 0 && (short < 0 || long < short):
		return b[:long], b[long+4:], true
	case short >= 0:
		return b[:short], b[short+2:], true
	}
	return nil, nil, false
}

// happened is one kind of thing that a report tells (RFC 5438 section 11.1).
type happened struct {
	Status struct {
		Is []struct{ XMLName xml.Name } `xml:",any"`
	} `xml:"status"`
}

func (h happened) word() string {
	if len(h.Status.Is) == 0 {
		return ""
	}
	return h.Status.Is[0].XMLName.Local
}

// readReport reads a report. That a report is not allowed (forbidden) or could not be made (error) says nothing of the message.
func readReport(body []byte) (*Report, int) {
	var n struct {
		XMLName    xml.Name `xml:"imdn"`
		Name       string   `xml:"message-id"`
		Delivery   happened `xml:"delivery-notification"`
		Processing happened `xml:"processing-notification"`
		Display    happened `xml:"display-notification"`
	}
	err := xml.Unmarshal(body, &n)
	name := strings.TrimSpace(n.Name)
	if err != nil || name == "" {
		return nil, 400
	}
	w := message.Word{There: name}
	switch delivery := n.Delivery.word(); {
	case delivery == "delivered", n.Display.word() == "displayed":
		w.Status = message.Delivered
	case delivery == "failed":
		w.Status, w.Code, w.Text = message.Undelivered, codeUnknown, "a report says that it was not delivered (IMDN: failed)"
	case n.Processing.word() == "processed", n.Processing.word() == "stored":
		w.Status = message.Sent
	}
	return &Report{Name: name, Word: w}, 0
}
