package pager_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/message/pager"
)

func report(inside string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id> SM1 </message-id><datetime>2026-11-26T03:00:00Z</datetime>` + inside + `</imdn>`
}

func TestRead(t *testing.T) {
	envelope := func(kind, body string) string {
		return "From: MR SANDERS <im:piglet@100akerwood.com>\r\nTo: <im:eeyore@100akerwood.com>\r\n\r\nContent-Type: " + kind + "\r\nContent-ID: <1>\r\n\r\n" + body
	}
	for _, tt := range []struct {
		name, kind, body string
		text             string
		status           int
	}{
		{"words", "text/plain", "今行きます", "今行きます", 0},
		{"words with their charset", "text/plain; charset=\"utf-8\"", "今行きます", "今行きます", 0},
		{"what no text has", "text/plain", "a\x00b\x1bc\nd\te", "abc\nd\te", 0},
		{"nothing", "text/plain", "", "", 0},
		{"nothing at all", "", "", "", 0},
		{"words in an envelope", "message/cpim", envelope("text/plain; charset=utf-8", "hello\r\n\r\nworld"), "hello\r\n\r\nworld", 0},
		{"an envelope of bare lines", "Message/CPIM", "From: <im:a@b>\n\ncontent-type: text/plain\n\nhello", "hello", 0},
		{"an envelope in an envelope", "message/cpim", envelope("message/cpim", envelope("text/plain", "x")), "", 415},
		{"half an envelope", "message/cpim", "From: <im:a@b>\r\n", "", 400},
		{"another alphabet", "text/plain;charset=iso-2022-jp", "x", "", 415},
		{"no UTF-8", "text/plain", "\xff\xfe", "", 415},
		{"a picture", "image/png", "x", "", 415},
		{"a page", "text/html", "<b>x</b>", "", 415},
		{"somebody is writing", "application/im-iscomposing+xml", "<isComposing/>", "", 415},
		{"no kind", "", "x", "", 415},
		{"a kind that is none", "text plain", "x", "", 415},
		{"as long as may be", "text/plain", strings.Repeat("長", 1600), strings.Repeat("長", 1600), 0},
		{"longer", "text/plain", strings.Repeat("長", 1601), "", 413},
		{"a report that is none", "message/imdn+xml", "<imdn", "", 400},
		{"a report of nothing", "message/imdn+xml", "<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\"/>", "", 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if text, about, status := pager.Read(tt.kind, []byte(tt.body)); text != tt.text || status != tt.status || about != nil {
				t.Errorf("%q %v %d", text, about, status)
			}
		})
	}
}

func TestReports(t *testing.T) {
	for _, tt := range []struct {
		inside string
		want   message.Status
		code   int
	}{
		{"<recipient-uri>sip:a@b</recipient-uri><delivery-notification><status><delivered/></status></delivery-notification>", message.Delivered, 0},
		{"<delivery-notification><status><failed/></status></delivery-notification>", message.Undelivered, 30008},
		{"<delivery-notification><status><forbidden/></status></delivery-notification>", "", 0},
		{"<delivery-notification><status><error/></status></delivery-notification>", "", 0},
		{"<display-notification><status><displayed/></status></display-notification>", message.Delivered, 0},
		{"<processing-notification><status><stored/></status></processing-notification>", message.Sent, 0},
		{"", "", 0},
	} {
		_, about, status := pager.Read("message/imdn+xml", []byte(report(tt.inside)))
		if status != 0 || about == nil || about.Name != "SM1" || about.Word.There != "SM1" || about.Word.Status != tt.want || about.Word.Code != tt.code {
			t.Errorf("%s: %+v %d", tt.inside, about, status)
		}
	}
}

// Whatever a stranger sends is words, a report, or refused, and never what a database does not keep.
func FuzzRead(f *testing.F) {
	f.Add("text/plain", []byte("hello"))
	f.Add("message/cpim", []byte("a: b\r\n\r\nContent-Type: text/plain\r\n\r\nx"))
	f.Add("message/imdn+xml", []byte(report("<delivery-notification><status><delivered/></status></delivery-notification>")))
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		text, about, status := pager.Read(kind, body)
		switch {
		case status != 0 && (status < 400 || text != "" || about != nil):
			t.Errorf("refused with %d, and yet %q %v", status, text, about)
		case about != nil && (text != "" || about.Name == ""):
			t.Errorf("a report of %q says %q", about.Name, text)
		case !utf8.ValidString(text) || strings.ContainsRune(text, 0) || utf8.RuneCountInString(text) > message.MaxBody:
			t.Errorf("words that are none: %q", text)
		}
	})
}
