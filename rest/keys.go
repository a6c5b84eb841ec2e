package rest

import (
	"errors"
	"net/http"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/sid"
)

// keyRoutes are the API keys of an account; SigningKeys is their older name.
var keyRoutes = routes{
	"Keys":          {http.MethodGet: (*server).listKeys, http.MethodPost: (*server).createKey},
	"Keys/*":        {http.MethodGet: (*server).fetchKey, http.MethodPost: (*server).updateKey, http.MethodDelete: (*server).deleteKey},
	"SigningKeys":   {http.MethodGet: (*server).listSigningKeys, http.MethodPost: (*server).createKey},
	"SigningKeys/*": {http.MethodGet: (*server).fetchKey, http.MethodPost: (*server).updateKey, http.MethodDelete: (*server).deleteKey},
}

// keyBody is Twilio's Key resource. It has neither an account nor a URI.
type keyBody struct {
	DateCreated  *string `json:"date_created"`
	DateUpdated  *string `json:"date_updated"`
	FriendlyName string  `json:"friendly_name"`
	SID          sid.Key `json:"sid"`
}

// newKeyBody is a key when it is made: the only time that its secret is shown.
type newKeyBody struct {
	keyBody
	Secret string `json:"secret"`
}

func keyJSON(k account.Key) keyBody {
	return keyBody{date(k.Created), date(k.Updated), k.Name, k.SID}
}

// createKey makes a key: POST /Keys.
func (s *server) createKey(r *request) (answer, error) {
	if err := s.managesKeys(r); err != nil {
		return answer{}, err
	}
	f := s.fields(r.form)
	name := f.name("FriendlyName")
	if f.err != nil {
		return answer{}, f.err
	}
	k := account.NewKey(r.account.SID, name, time.Now())
	if err := s.cfg.Keys.PutKey(r.Context(), k); err != nil {
		return answer{}, err
	}
	s.log.Info("API key made", "account", k.Account, "key", k.SID)
	return answer{status: http.StatusCreated, body: newKeyBody{keyJSON(k), k.Secret}}, nil
}

// key finds the key that is named in the path.
func (s *server) key(r *request) (account.Key, error) {
	if err := s.managesKeys(r); err != nil {
		return account.Key{}, err
	}
	id, err := sid.Parse[sid.Key](r.id)
	if err != nil {
		return account.Key{}, notFound(r.URL.Path)
	}
	k, err := s.cfg.Keys.Key(r.Context(), id)
	if err == nil && k.Account != r.account.SID {
		err = account.ErrNotFound
	}
	return k, err
}

// fetchKey shows a key: GET /Keys/SK….
func (s *server) fetchKey(r *request) (answer, error) {
	k, err := s.key(r)
	return answer{status: http.StatusOK, body: keyJSON(k)}, err
}

// updateKey gives a key another name: POST /Keys/SK….
func (s *server) updateKey(r *request) (answer, error) {
	k, err := s.key(r)
	if err != nil {
		return answer{}, err
	}
	f := s.fields(r.form)
	if !f.Has("FriendlyName") {
		return answer{status: http.StatusOK, body: keyJSON(k)}, nil
	}
	k.Name, k.Updated = f.name("FriendlyName"), time.Now()
	if f.err != nil {
		return answer{}, f.err
	}
	err = s.cfg.Keys.RenameKey(r.Context(), k.Account, k.SID, k.Name, k.Updated)
	return answer{status: http.StatusOK, body: keyJSON(k)}, err
}

// deleteKey makes a key worthless: DELETE /Keys/SK….
func (s *server) deleteKey(r *request) (answer, error) {
	k, err := s.key(r)
	if err != nil {
		return answer{}, err
	}
	if err := s.cfg.Keys.DeleteKey(r.Context(), r.account.SID, k.SID); err != nil {
		return answer{}, err
	}
	s.log.Info("API key deleted", "account", k.Account, "key", k.SID)
	return answer{status: http.StatusNoContent}, nil
}

// listKeys lists keys, newest first: GET /Keys.
func (s *server) listKeys(r *request) (answer, error) { return s.keysAs(r, "Keys", "keys") }

// listSigningKeys is listKeys under the older name: GET /SigningKeys.
func (s *server) listSigningKeys(r *request) (answer, error) {
	return s.keysAs(r, "SigningKeys", "signing_keys")
}

func (s *server) keysAs(r *request, path, key string) (answer, error) {
	if err := s.managesKeys(r); err != nil {
		return answer{}, err
	}
	l, err := s.fields(r.query).readList()
	if err != nil {
		return answer{}, err
	}
	list, next, err := s.cfg.Keys.Keys(r.Context(), r.account.SID, l.asked())
	if err != nil {
		return answer{}, err
	}
	return listed(l, r, accountPath(r.account.SID)+"/"+path+".json", key, nil, next, list, keyJSON), nil
}

// manages tells whether keys and accounts may be managed: with the token alone, or a key that leaked would make
// itself another.
func manages(r *request) error {
	if r.key != "" {
		return unauthorized("keys and accounts are managed with the AccountSid and its AuthToken, not with a key")
	}
	return nil
}

// managesKeys is manages where there are keys.
func (s *server) managesKeys(r *request) error {
	if s.cfg.Keys == nil {
		return notFound(r.URL.Path)
	}
	return manages(r)
}

// verified tells whether a key knows its secret, and whose it is.
func (s *server) verified(r *http.Request, user, password string) (account.Key, error) {
	wrong := unauthorized("the API key is not known or the secret is not its own")
	id, err := sid.Parse[sid.Key](user)
	if err != nil || s.cfg.Keys == nil {
		return account.Key{}, wrong
	}
	k, err := s.cfg.Keys.Key(r.Context(), id)
	if err != nil && !errors.Is(err, account.ErrNotFound) {
		return account.Key{}, err
	}
	if !same(k.Secret, password) || err != nil {
		s.log.Warn("API key refused", "key", id, "from", r.RemoteAddr)
		return account.Key{}, wrong
	}
	return k, nil
}
