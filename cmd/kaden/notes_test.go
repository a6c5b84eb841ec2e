package main

import (
	"errors"
	"log/slog"
	"testing"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/registrar"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/store/memstore"
)

// A SIP address is its account's: others do not write to it or from it, but whoever was written to may answer.
func TestWhoMayWriteToAPhone(t *testing.T) {
	reg, err := registrar.New(t.Context(), slog.New(slog.DiscardHandler), registrar.Config{Store: memstore.New(), Secret: []byte("a secret of the tests")})
	if err != nil {
		t.Fatal(err)
	}
	const us, them = sid.Account("AC1"), sid.Account("AC2")
	reg.Use([]account.Domain{{Name: "office.example.jp", Account: us}, {Name: "shop.example.jp", Account: them}})
	r := &rooms{registrar: reg}
	for _, tt := range []struct {
		name  string
		order message.Order
		code  int
	}{
		{"a number to a number", message.Order{From: "+815012345678", To: "+819012345678"}, 0},
		{"to a phone of ours", message.Order{From: "+815012345678", To: "sip:sato@office.example.jp"}, 0},
		{"from one of ours", message.Order{From: "sip:desk@Office.example.jp", To: "sip:sato@office.example.jp"}, 0},
		{"to somebody else's server", message.Order{From: "Kaden", To: "sip:alice@example.com"}, 0},
		{"to a phone of theirs", message.Order{From: "+815012345678", To: "sip:sato@shop.example.jp"}, 21211},
		{"to one of theirs that has written", message.Order{From: "+815012345678", To: "sip:sato@shop.example.jp", Direction: message.OutboundReply}, 0},
		{"from one of theirs", message.Order{From: "sip:sato@shop.example.jp", To: "sip:sato@office.example.jp"}, 21606},
		{"from nowhere", message.Order{From: "sip:alice@example.com", To: "sip:sato@office.example.jp"}, 21606},
	} {
		tt.order.Account = us
		err, no := r.mayWrite(tt.order), (*message.Refusal)(nil)
		if errors.As(err, &no) != (tt.code != 0) || tt.code != 0 && no.Code != tt.code {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// Who stands in an address is spelled as this house spells it.
func TestWhoStandsInAnAddress(t *testing.T) {
	r := &rooms{settings: settings{Region: "JP"}}
	for uri, want := range map[string]string{
		"sip:+819012345678@gateway.example;user=phone": "+819012345678", "sip:09012345678@gateway.example": "+819012345678", "tel:+81-90-1234-5678;x=y": "+819012345678",
		"sips:%2B819012345678@gateway.example": "+819012345678", "sip:Kaden@gateway.example": "Kaden", "sip:12345@gateway.example": "12345",
		"sip:anonymous@anonymous.invalid": "anonymous", "sip:gateway.example": "", "": "",
	} {
		if got := r.spelt(uri); got != want {
			t.Errorf("%s is %q, want %q", uri, got, want)
		}
	}
}
