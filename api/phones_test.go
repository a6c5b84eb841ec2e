package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/api"
)

// twoPhones is an office with one phone that is registered and one that is not.
func twoPhones(h *house) {
	at := time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC)
	h.cfg.Phones = api.Phones{Server: "192.0.2.10", Password: func(id string) (string, bool) {
		return "sesame-sesame", id == "sato@office.example.jp"
	}, All: func() []api.Phone {
		return []api.Phone{
			{ID: "sato@office.example.jp", Title: "佐藤", Contacts: []api.PhoneContact{{Address: "sip:sato@10.0.0.1", Source: "203.0.113.9:31234", Transport: "udp", Since: at, Updated: at, Expires: at.Add(time.Hour)}}},
			{ID: "suzuki@office.example.jp", Contacts: []api.PhoneContact{}},
		}
	}}
}

func TestPhonesAreShown(t *testing.T) {
	story(t, func(h *house) {
		all := read[[]api.Phone](h, 200, h.ask("GET", "/api/phones", ""))
		if len(all) != 2 || all[0].Contacts[0].Source != "203.0.113.9:31234" || all[1].Contacts == nil {
			t.Errorf("%+v", all)
		}
		s := read[api.PhoneSettings](h, 200, h.ask("GET", "/api/phones/sato@office.example.jp/settings?language=ja", ""))
		if !strings.Contains(s.Text, "ユーザー名: sato\n") || !strings.Contains(s.Text, "ドメイン: office.example.jp\n") || !strings.Contains(s.Text, "192.0.2.10") {
			t.Errorf("%s", s.Text)
		}
		s = read[api.PhoneSettings](h, 200, h.ask("GET", "/api/phones/suzuki/settings", ""))
		if s.Phone != "suzuki@office.example.jp" || !strings.Contains(s.Text, "User name: suzuki\n") {
			t.Errorf("%+v", s)
		}
		h.refused(h.ask("GET", "/api/phones/tanaka/settings", ""), 404, "tanaka", "kaden phone list")
		if w := h.ask("GET", "/api/phones/sato/settings.svg", ""); w.Code != 200 || !strings.HasPrefix(w.Body.String(), "<svg") {
			t.Errorf("%d %.40s", w.Code, w.Body)
		}
	}, twoPhones)
	story(t, func(h *house) {
		if all := read[[]api.Phone](h, 200, h.ask("GET", "/api/phones", "")); all == nil || len(all) != 0 {
			t.Errorf("%+v", all)
		}
	})
}

func TestASoftphoneIsToldWhatItNeeds(t *testing.T) {
	s := api.Softphone{User: "sato", Domain: "office.example.jp", Title: `佐藤 "desk" & <co>`, Password: "sesame&<sesame>", Server: "192.0.2.10", ServerTLS: "sip.example.jp:5061"}
	sheet := func(s api.Softphone, language string) (text string) {
		for _, l := range s.Sheet(language) {
			text += l.Name + ": " + l.Value + "\n"
		}
		return text
	}
	if got := sheet(s, "en"); !strings.Contains(got, "Password: sesame&<sesame>\n") || !strings.Contains(got, "Server for TLS: sip.example.jp:5061\nTransport: UDP / TCP / TLS\n") {
		t.Errorf("%s", got)
	}
	s.SRTP = "required"
	if got := sheet(s, "ja"); !strings.Contains(got, "トランスポート: TLS\n暗号化（SRTP）: SDES（必須）\n") {
		t.Errorf("%s", got)
	}
	got := string(s.Linphone())
	for _, want := range []string{
		`<entry name="passwd" overwrite="true">sesame&amp;&lt;sesame&gt;</entry>`, `<entry name="media_encryption" overwrite="true">srtp</entry>`,
		`<entry name="reg_proxy" overwrite="true">&lt;sip:sip.example.jp:5061;transport=tls&gt;</entry>`,
		`&#34;佐藤 desk &amp; &lt;co&gt;&#34; &lt;sip:sato@office.example.jp&gt;</entry>`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	s.SRTP, s.ServerTLS = "offered", ""
	if got := string(s.Linphone()); !strings.Contains(got, ">none</entry>") || !strings.Contains(got, "&lt;sip:192.0.2.10;transport=udp&gt;") {
		t.Errorf("a key would go in the clear:\n%s", got)
	}
}

func TestAPhoneIsHandedOverOnce(t *testing.T) {
	story(t, func(h *house) {
		h.refused(h.ask("POST", "/api/phones/tanaka/link", ""), 404, "tanaka", "kaden phone list")
		h.refused(h.ask("POST", "/api/phones/suzuki/link", ""), 404, "password", "document")
		path := func(url string) string { return url[strings.Index(url, "/a/"):] }
		l := post[api.PhoneLink](h, 200, "/api/phones/sato/link", "")
		if l.Phone != "sato@office.example.jp" || !strings.HasPrefix(l.Code, "<svg") || time.Until(l.Expires) > 15*time.Minute {
			t.Errorf("%+v", l)
		}
		for range 2 { // looking does nothing
			if w := h.visit("GET", path(l.Page), ""); w.Code != 200 || strings.Contains(w.Body.String(), "sesame") || !strings.Contains(w.Body.String(), "Show the settings") {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		}
		w := h.visit("POST", path(l.Page), "do=show", japanese)
		if w.Code != 200 || !strings.Contains(w.Body.String(), "<dd>sesame-sesame</dd>") || !strings.Contains(w.Body.String(), "パスワード") || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		for _, again := range []string{l.Page, l.Linphone} {
			if w := h.visit("GET", path(again), ""); w.Code != 404 || strings.Contains(w.Body.String(), "sesame") {
				t.Errorf("%s again: %d %s", again, w.Code, w.Body)
			}
		}
		l = post[api.PhoneLink](h, 200, "/api/phones/sato/link", "")
		if w := h.visit("GET", path(l.Linphone), ""); w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/xml") || !strings.Contains(w.Body.String(), ">sesame-sesame</entry>") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if w := h.visit("POST", path(l.Page), "do=show"); w.Code != 404 {
			t.Errorf("after Linphone: %d %s", w.Code, w.Body)
		}
	}, twoPhones)
}
