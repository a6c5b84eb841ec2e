package registrar

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/kaden-project/kaden/leg"
)

// pager answers by the address of the phone; 0 is no answer.
type pager struct {
	mu   sync.Mutex
	says map[string]int
	got  []leg.Target
}

func (p *pager) Text(_ context.Context, to leg.Target, _ string, _ []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got = append(p.got, to)
	if p.says[to.URI] == 0 {
		return 0, errors.New("nothing answered")
	}
	return p.says[to.URI], nil
}

func TestAMessageGoesToEveryPhone(t *testing.T) {
	r := open(t, &shelf{}, office())
	for _, uri := range []string{deskPhone, mobile} {
		r.Register(t.Context(), Ask{User: "sato", Domain: "office.example.jp", Contacts: []Asked{{URI: uri, Expires: Unsaid}}, Expires: Unsaid, CallID: uri, Source: router, Transport: "udp"})
	}
	for _, c := range []struct {
		name, to     string
		desk, pocket int
		want         int
	}{
		{"both have it", "sip:sato@office.example.jp", 200, 202, 200},
		{"one has it", "sip:sato@192.0.2.10", 0, 200, 200},
		{"one passes it on", "sip:sato@office.example.jp", 202, 0, 202},
		{"one passes it on, one refuses it", "sip:sato@office.example.jp", 603, 202, 202},
		{"neither takes it", "sip:sato@office.example.jp", 415, 0, 480},
		{"both refuse", "sip:sato@office.example.jp", 415, 603, 603},
		{"nobody is there", "sip:suzuki@office.example.jp", 0, 0, 480},
		{"nobody of that name", "sip:tanaka@office.example.jp", 0, 0, 404},
		{"elsewhere", "sip:sato@example.com", 0, 0, 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &pager{says: map[string]int{deskPhone: c.desk, mobile: c.pocket}}
			if got := r.Text(t.Context(), p, "suzuki@office.example.jp", c.to, "text/plain", []byte("hello")); got != c.want {
				t.Errorf("%d, want %d", got, c.want)
			}
			for _, to := range p.got {
				if to.From != "suzuki" || to.FromHost != "office.example.jp" || to.Via == "" {
					t.Errorf("%+v", to)
				}
			}
		})
	}
}

// A program writes to a phone, from whatever it shows.
func TestAProgramWritesToAPhone(t *testing.T) {
	r := open(t, &shelf{}, office())
	r.Register(t.Context(), Ask{User: "sato", Domain: "office.example.jp", Contacts: []Asked{{URI: deskPhone, Expires: Unsaid}}, Expires: Unsaid, CallID: "1", Source: router, Transport: "udp"})
	p := &pager{says: map[string]int{deskPhone: 200}}
	for to, want := range map[string]struct {
		status int
		ours   bool
	}{"sip:sato@office.example.jp": {200, true}, "sip:suzuki@office.example.jp": {480, true}, "sip:tanaka@office.example.jp": {404, true}, "sip:sato@example.com": {0, false}} {
		if status, ours := r.Deliver(t.Context(), p, leg.Target{From: "+815012345678"}, to, "text/plain", []byte("hello")); status != want.status || ours != want.ours {
			t.Errorf("%s: %d %v", to, status, ours)
		}
	}
	if len(p.got) != 1 || p.got[0].From != "+815012345678" || p.got[0].FromHost != "office.example.jp" {
		t.Errorf("%+v", p.got)
	}
}
