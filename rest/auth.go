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

// caller is who asks, as whom.
type caller struct {
	account account.Account
	key     sid.Key // what it was proved with, "" for the account's own token
}

// authenticate finds out who asks, by HTTP Basic: the AccountSid and its AuthToken, or an API key and its secret.
func (s *server) authenticate(r *http.Request) (caller, error) {
	user, password, ok := r.BasicAuth()
	if !ok {
		return caller{}, unauthorized("no credentials were given")
	}
	if strings.HasPrefix(user, "SK") {
		k, err := s.verified(r, user, password)
		if err != nil {
			return caller{}, err
		}
		a, err := s.owner(r, k.Account)
		return caller{a, k.SID}, err
	}
	id, err := sid.Parse[sid.Account](user)
	if err != nil {
		return caller{}, unauthorized("the user is neither an AccountSid nor an API key")
	}
	a, known, err := s.lookUp(r, id)
	if err != nil {
		return caller{}, err
	}
	// An account that does not exist takes as long as a wrong token.
	if right := same(a.AuthToken, password); !right || !known {
		s.log.Warn("API credentials refused", "account", id, "from", r.RemoteAddr)
		return caller{}, unauthorized("the AccountSid is not known or the AuthToken is not its own")
	}
	if !a.Active() {
		return caller{}, inactive(a)
	}
	return caller{account: a}, nil
}

// same compares a secret with what was given. Hashes have one length, so that the comparison tells nothing of the
// secret's; no secret is like no other.
func same(secret, given string) bool {
	want, got := sha256.Sum256([]byte(secret)), sha256.Sum256([]byte(given))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1 && secret != ""
}

func (s *server) lookUp(r *http.Request, id sid.Account) (a account.Account, known bool, err error) {
	a, err = s.cfg.Accounts.Account(r.Context(), id)
	if known = err == nil; !known && (s.cfg.NotFound == nil || !errors.Is(err, s.cfg.NotFound)) {
		return a, false, fmt.Errorf("look up account %s: %w", id, err)
	}
	return a, known, nil
}

// owner is the account of a key that has proved itself.
func (s *server) owner(r *http.Request, id sid.Account) (account.Account, error) {
	a, known, err := s.lookUp(r, id)
	switch {
	case err != nil:
		return a, err
	case !known:
		return a, unauthorized("the account of the API key is not there any more")
	case !a.Active():
		return a, inactive(a)
	}
	return a, nil
}

// acting is the account that a request is about: the caller's own, or a sub-account of it.
func (s *server) acting(r *http.Request, who caller, path sid.Account) (account.Account, error) {
	if path == "" || path == who.account.SID {
		return who.account, nil
	}
	a, known, err := s.lookUp(r, path)
	if err != nil {
		return a, err
	}
	if !known || a.Owner != who.account.SID {
		return a, unauthorized("the credentials are not those of account " + string(path))
	}
	return a, nil
}

func inactive(a account.Account) error {
	return refused(http.StatusUnauthorized, 20005, "Account %s is %s", a.SID, a.Status)
}
