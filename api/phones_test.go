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
	h.cfg.Phones = api.Phones{Server: "192.0.2.10", All: func() []api.Phone {
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
