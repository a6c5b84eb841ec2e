package main

import (
	"strings"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/leg"
)

// transfers is what goes on with whoever is talking to a phone of ours that gives the call to target: what would answer the
// phone itself if it called target. Of a domain with a program nothing does: its program says what becomes of a
// transfer, by referUrl.
func (r *rooms) transfers(phone, target string) (account.Number, bool) {
	user, host := splitPhone(phone)
	dir := r.registrar.Directory()
	d, ok := dir.Domain(host)
	if !ok || d.Programmed() {
		return account.Number{}, false
	}
	if _, known := d.Phone(user); !known {
		return account.Number{}, false
	}
	if !strings.Contains(target, "@") {
		target = "sip:" + strings.TrimPrefix(target, "tel:") + "@" + d.Name
	} else if there, _, ok := dir.Of(target); !ok || there.Name != d.Name {
		return account.Number{}, false // a name of another house is nobody here
	}
	if _, ours := r.numberCalled(calledBy(target)); !ours && !d.Reaches(target) {
		return account.Number{}, false
	}
	return r.phoneCalls(leg.Info{Phone: phone, To: target})
}
