package main

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/registrar"
	"github.com/kaden-project/kaden/store/memstore"
)

// A phone of ours gives a call to whomever it could call itself, and to nobody else.
func TestWhomAPhoneMayGiveACallTo(t *testing.T) {
	c, _ := moved(t, houseOfNumbers)
	reg, err := registrar.New(t.Context(), slog.New(slog.DiscardHandler), registrar.Config{Store: memstore.New(), Secret: []byte("secret")})
	if err != nil {
		t.Fatal(err)
	}
	phones := []account.Phone{{User: "sato", Calls: true}, {User: "suzuki", Calls: true}}
	reg.Use([]account.Domain{
		{Name: "office.example.jp", Also: []string{"192.0.2.10"}, Phones: phones, Outside: []number.Class{number.Mobile}},
		{Name: "lab.example.jp", Phones: phones, URL: "https://example.jp/lab"},
	})
	r := &rooms{account: c.main, registrar: reg, catalog: c}
	for _, tt := range []struct{ phone, target, want string }{
		{"sato@office.example.jp", "sip:suzuki@office.example.jp", "<Sip>sip:suzuki@office.example.jp</Sip>"},
		{"sato@office.example.jp", "sip:suzuki@192.0.2.10:5060;transport=tcp", "<Sip>sip:suzuki@office.example.jp</Sip>"},
		{"sato@office.example.jp", "sip:090-3333-4444@office.example.jp;user=phone", "<Number>+819033334444</Number>"},
		{"sato@office.example.jp", "tel:+819033334444", "<Number>+819033334444</Number>"},
		{"sato@office.example.jp", "09033334444", "<Number>+819033334444</Number>"},
		{"sato@office.example.jp", "sip:+815012345678@office.example.jp", "https://example.jp/voice"}, // a number of our own
		{"sato@office.example.jp", "+14155551212", ""},                                                // abroad
		{"sato@office.example.jp", "0312345670", ""},                                                  // a class that is not allowed
		{"sato@office.example.jp", "110", ""},
		{"sato@office.example.jp", "sip:nobody@office.example.jp", ""},
		{"sato@office.example.jp", "sip:suzuki@elsewhere.example", ""},
		{"sato@office.example.jp", "sip:suzuki@lab.example.jp", ""}, // another domain of ours
		{"nobody@office.example.jp", "sip:suzuki@office.example.jp", ""},
		{"@office.example.jp", "sip:suzuki@office.example.jp", ""},
		{"sato@lab.example.jp", "sip:suzuki@lab.example.jp", ""}, // its program decides
		{"sato@elsewhere.example", "sip:suzuki@office.example.jp", ""},
	} {
		n, ok := r.transfers(tt.phone, tt.target)
		if ok != (tt.want != "") || ok && !strings.Contains(n.TwiML+n.URL, tt.want) {
			t.Errorf("%s to %s: %v %q %q, want %q", tt.phone, tt.target, ok, n.TwiML, n.URL, tt.want)
		}
	}
}
