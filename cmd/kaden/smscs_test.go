package main

import (
	"errors"
	"testing"

	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/trunk"
	"github.com/kaden-project/kaden/upstream"
)

// Whose number the sender is carries the message, else an SMSC, else a trunk, else an upstream; what none of them reaches is said.
func TestWhoCarriesAMessage(t *testing.T) {
	line := func(name, from string, refuse ...number.Class) trunk.Trunk {
		return trunk.Trunk{Name: name, From: from, Refuse: refuse}
	}
	first, second := trunk.SMSC{Trunk: line("first", "+815011111111")}, trunk.SMSC{Trunk: line("second", "+815022222222")}
	closed := trunk.SMSC{Trunk: line("closed", "+815044444444", number.Mobile)}
	away := trunk.Upstream{Trunk: line("away", "+815033333333")}
	calls, sip := line("calls", "+815055555555"), line("sip", "+815066666666")
	sip.Messages.As = trunk.AsText
	for _, tt := range []struct {
		name     string
		set      manifest.Set
		from, to string
		want     string
		nobody   bool
		code     int
	}{
		{"the sender's own", manifest.Set{SMSCs: []trunk.SMSC{first, second}, Upstreams: []trunk.Upstream{away}}, "+815022222222", "+819012345678", "second", false, 0},
		{"the sender's own, an upstream", manifest.Set{SMSCs: []trunk.SMSC{first}, Upstreams: []trunk.Upstream{away}}, "+815033333333", "+819012345678", "away", false, 0},
		{"nobody's: the first SMSC", manifest.Set{SMSCs: []trunk.SMSC{first, second}, Upstreams: []trunk.Upstream{away}}, "Kaden", "+819012345678", "first", false, 0},
		{"one that does not reach it", manifest.Set{SMSCs: []trunk.SMSC{closed, second}}, "+815044444444", "+819012345678", "second", false, 0},
		{"an upstream alone", manifest.Set{Upstreams: []trunk.Upstream{away}}, "Kaden", "+819012345678", "away", false, 0},
		{"a trunk before an upstream", manifest.Set{Trunks: []trunk.Trunk{calls, sip}, Upstreams: []trunk.Upstream{away}}, "Kaden", "+819012345678", "sip", false, 0},
		{"an SMSC before a trunk", manifest.Set{SMSCs: []trunk.SMSC{first}, Trunks: []trunk.Trunk{sip}}, "Kaden", "+819012345678", "first", false, 0},
		{"the sender's own, a trunk", manifest.Set{SMSCs: []trunk.SMSC{first}, Trunks: []trunk.Trunk{calls, sip}}, "+815066666666", "+819012345678", "sip", false, 0},
		{"a trunk for calls alone", manifest.Set{Trunks: []trunk.Trunk{calls}}, "+815055555555", "+819012345678", "", true, 0},
		{"nothing", manifest.Set{}, "Kaden", "+819012345678", "", true, 0},
		{"not reached", manifest.Set{SMSCs: []trunk.SMSC{closed}}, "Kaden", "+819012345678", "", false, 21612},
		{"abroad", manifest.Set{SMSCs: []trunk.SMSC{first}}, "Kaden", "+14155550100", "", false, 21408},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ups := upstream.New(nil, upstream.Config{Upstreams: func() []trunk.Upstream { return tt.set.Upstreams }})
			got, err := carriers{ups.Messages(), nil, nil, func() *manifest.Set { return &tt.set }}.Route(tt.from, tt.to)
			var no *message.Refusal
			switch {
			case tt.nobody && !errors.Is(err, message.ErrNoCarrier), tt.code != 0 && (!errors.As(err, &no) || no.Code != tt.code), got != tt.want:
				t.Errorf("it is carried by %q: %v", got, err)
			}
		})
	}
}
