package sipleg

import (
	"strings"
	"testing"

	"github.com/kaden-project/kaden/leg"
)

func TestAPhoneWritesToAnother(t *testing.T) {
	s, x, p := office(t, nil)
	writes := func(n int, kind, body string, extra ...string) said {
		t.Helper()
		raw := newRequest(p.addr(), "MESSAGE", "sip:suzuki@office.example.jp", "<sip:sato@office.example.jp>;tag=1", "<sip:suzuki@office.example.jp>", "m@phone", n, "", body, extra...)
		p.send(s.Addr(), strings.Replace(raw, "application/sdp", kind, 1))
		return p.hears("SIP/2.0 ")
	}
	if m := writes(1, "text/plain", "hello"); m.status() != 401 {
		t.Errorf("%s", m.raw)
	}
	if m := writes(2, "text/plain;charset=UTF-8", "今行きます", "Authorization: sesame"); m.status() != 480 {
		t.Errorf("%s", m.raw)
	}
	if m := writes(3, "text/plain", strings.Repeat("x", longestNote+1), "Authorization: sesame"); m.status() != 413 {
		t.Errorf("%s", m.raw)
	}
	if m := writes(4, "image/png", "x", "Authorization: sesame"); m.status() != 415 || m.get("Accept") != "text/*, message/*, application/im-iscomposing+xml" {
		t.Errorf("%s", m.raw)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.notes) != 1 || x.notes[0].Phone != "sato@office.example.jp" || x.notes[0].To != "sip:suzuki@office.example.jp" || string(x.notes[0].Body) != "今行きます" || x.notes[0].Kind != "text/plain;charset=UTF-8" {
		t.Errorf("%+v", x.notes)
	}
}

func TestAMessageIsSentToAPhone(t *testing.T) {
	s, _, p := office(t, nil)
	type answer struct {
		status int
		err    error
	}
	got := make(chan answer, 1)
	to := leg.Target{URI: "sip:suzuki@10.1.2.3:5062", Via: "sip:" + p.addr().String() + ";transport=udp", From: "sato", FromHost: "office.example.jp", Symmetric: true}
	go func() {
		status, err := s.Text(t.Context(), to, "text/plain", []byte("今行きます"))
		got <- answer{status, err}
	}()
	m := p.hears("MESSAGE sip:suzuki@10.1.2.3:5062")
	if m.get("Content-Type") != "text/plain" || m.body != "今行きます" || !strings.Contains(m.get("From"), "<sip:sato@office.example.jp>") {
		t.Errorf("%s", m.raw)
	}
	p.replies(m, "202 Accepted", "x", "")
	if a := <-got; a.status != 202 || a.err != nil {
		t.Errorf("%+v", a)
	}
	for _, kind := range []string{"text/plain\r\nX: y"} {
		if _, err := s.Text(t.Context(), to, kind, nil); err == nil {
			t.Errorf("%q was sent", kind)
		}
	}
}
