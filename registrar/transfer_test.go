package registrar

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/simleg"
)

func TestAPhoneThatHasAnsweredAsksForATransferAndIsAskedForOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, _, l := ringing(t, deskPhone, mobile)
		over := l.(leg.Transferer)
		if err := over.Transfer(t.Context(), "sip:tanaka@office.example.jp", nil); err == nil {
			t.Error("two phones that ring were asked")
		}
		if l.Info().Phone != "sato@office.example.jp" {
			t.Errorf("the call is to %q", l.Info().Phone)
		}
		x.phone(mobile).Answer()
		next(t, l, leg.Answered)
		p := x.phone(mobile)
		if !leg.Named(l, p.Info().CallID) || !leg.Named(l, x.phone(deskPhone).Info().CallID) || leg.Named(l, "another") || leg.Named(l, "") {
			t.Error("the call has not the names of its phones")
		}
		p.Refer(simleg.Referral{Target: "sip:tanaka@office.example.jp", Replaces: "call-2"})
		if e := next(t, l, leg.Referred); e.Target != "sip:tanaka@office.example.jp" || e.Replaces != "call-2" {
			t.Errorf("%+v", e)
		}
		for _, status := range []int{100, 200} {
			if err := over.Progress(t.Context(), status); err != nil {
				t.Error(err)
			}
		}
		if got := p.Told(); !slices.Equal(got, []int{100, 200}) {
			t.Errorf("the phone was told %v", got)
		}
		asked := make(chan error, 1)
		go func() { asked <- over.Transfer(t.Context(), "sip:suzuki@office.example.jp", nil) }()
		synctest.Wait()
		p.Tell(100)
		if err := <-asked; err != nil || p.Asked().Target != "sip:suzuki@office.example.jp" {
			t.Errorf("%v, %+v", err, p.Asked())
		}
		next(t, l, leg.ReferProgress)
		p.HangUp()
		ended(t, l, leg.HungUp)
	})
}

func TestWhoseSoundIsEncrypted(t *testing.T) {
	d := office()
	d.Phones = append(d.Phones, account.Phone{User: "safe", Password: "sesame", SRTP: account.SRTPRequired, Calls: true, Register: true})
	for _, c := range []struct {
		name, user, transport string
		domain                account.SRTP
		want                  leg.Encryption
	}{
		{"nothing is said", "sato", "tls", "", ""},
		{"offered, and nobody reads the key", "sato", "tls", account.SRTPOffered, leg.Offered},
		{"offered, and everybody could read the key", "sato", "udp", account.SRTPOffered, ""},
		{"required", "sato", "udp", account.SRTPRequired, leg.Required},
		{"off", "sato", "tls", account.SRTPOff, ""},
		{"the phone's own word", "safe", "tls", account.SRTPOff, leg.Required},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.SRTP = c.domain
			r := open(t, &shelf{}, d)
			got := r.target(leg.Target{}, Contact{User: c.user, Domain: d.Name, URI: deskPhone, Transport: c.transport})
			if got.Encrypt != c.want || got.Phone != c.user+"@"+d.Name {
				t.Errorf("%+v", got)
			}
		})
	}
}
