package rest

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/sid"
)

// authenticate finds out who asks, by HTTP Basic: the AccountSid and its AuthToken.
func (s *server) authenticate(r *http.Request) (account.Account, error) {
	user, password, ok := r.BasicAuth()
	if !ok {
		return account.Account{}, unauthorized("no credentials were given")
	}
	if strings.HasPrefix(user, "SK") {
		return account.Account{}, unauthorized("API keys are not known here yet: use the AccountSid and its AuthToken")
	}
	id, err := sid.Parse[sid.Account](user)
	if err != nil {
		return account.Account{}, unauthorized("the user is no AccountSid")
	}
	a, err := s.cfg.Accounts.Account(r.Context(), id)
	known := err == nil
	if !known && (s.cfg.NotFound == nil || !errors.Is(err, s.cfg.NotFound)) {
		return account.Account{}, fmt.Errorf("look up account %s: %w", id, err)
	}
	// Hashes have one length, so that the comparison tells nothing of the token's; an account that does not
	// exist takes as long as a wrong token.
	want, given := sha256.Sum256([]byte(a.AuthToken)), sha256.Sum256([]byte(password))
	if subtle.ConstantTimeCompare(want[:], given[:]) != 1 || !known || a.AuthToken == "" {
		s.log.Warn("API credentials refused", "account", id, "from", r.RemoteAddr)
		return account.Account{}, unauthorized("the AccountSid is not known or the AuthToken is not its own")
	}
	return a, nil
}
