package rest

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/sid"
)

// maxBody is the longest form in bytes: 4,000 characters of TwiML in Japanese are 36 kB of percent signs.
const maxBody = 256 << 10

// request is one question of somebody we know.
type request struct {
	*http.Request
	account account.Account // whose resources these are: the caller's, or a sub-account's
	caller  sid.Account     // who asks
	key     sid.Key         // what it was proved with, "" for the account's own token
	id      string          // the last identifier in the path, "" for a list
	ids     []string        // all of them, in order
	rest    []string        // the path below the account
	json    bool            // the path ended in .json
	form    url.Values      // the body of a POST
	query   url.Values
}

// answer is a body and its status; a nil body is an empty one.
type answer struct {
	status int
	body   any
	serve  func(w http.ResponseWriter, r *http.Request) // in the place of both: what is not JSON
}

// ServeHTTP answers one request: who asks, what for, with which parameters.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var b [16]byte
	rand.Read(b[:]) // never fails (crypto/rand, Go 1.24)
	id := "RQ" + hex.EncodeToString(b[:])
	w.Header().Set("Twilio-Request-Id", id)
	a, err := s.answer(w, r)
	if err != nil {
		a = s.refuse(w, r, id, err)
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store") // an account's answer holds its token
	if a.serve != nil {
		a.serve(w, r)
		return
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(a.body); err != nil {
		s.log.Error("answer cannot be written as JSON", "request", id, "err", err)
		http.Error(w, `{"code":20500,"message":"Internal server error","more_info":"https://www.twilio.com/docs/errors/20500","status":500}`, http.StatusInternalServerError)
		return
	}
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(out.Len()))
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		io.WriteString(w, out.String())
	}
}

func (s *server) answer(w http.ResponseWriter, r *http.Request) (answer, error) {
	found := route(r.URL.EscapedPath())
	if r.Method == http.MethodOptions && found.methods != nil {
		w.Header().Set("Allow", found.allow())
		return answer{status: http.StatusNoContent}, nil
	}
	prove := s.authenticate
	if s.public(r, found) {
		prove = func(r *http.Request) (caller, error) { return s.listener(r, found) }
	}
	who, err := prove(r)
	if err != nil {
		return answer{}, err
	}
	if found.methods == nil {
		return answer{}, notFound(r.URL.Path)
	}
	acting, err := s.acting(r, who, found.account)
	if err != nil {
		return answer{}, err
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if !acting.Active() && method != http.MethodGet && len(found.rest) > 0 {
		return answer{}, inactive(acting)
	}
	act := found.methods[method]
	if act == nil {
		w.Header().Set("Allow", found.allow())
		return answer{}, refused(http.StatusMethodNotAllowed, 20004, "Method %s is not allowed here; %s is", clip(r.Method), found.allow())
	}
	q := &request{Request: r, account: acting, caller: who.account.SID, key: who.key, ids: found.ids, rest: found.rest, json: found.json}
	if n := len(q.ids); n > 0 {
		q.id = q.ids[n-1]
	}
	if q.query, err = parameters(r.URL.RawQuery); err != nil {
		return answer{}, err
	}
	if method == http.MethodPost {
		if q.form, err = form(w, r); err != nil {
			return answer{}, err
		}
	}
	return act(s, q)
}

// form reads the body of a POST. The signature header and whatever else a request carries is ignored.
func form(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, refused(http.StatusRequestEntityTooLarge, 20001, "The body is longer than %d bytes", maxBody)
	}
	if err != nil {
		return nil, refused(http.StatusBadRequest, 20001, "The body broke off")
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if len(body) > 0 && kind != "application/x-www-form-urlencoded" && (err == nil || r.Header.Get("Content-Type") != "") {
		return nil, refused(http.StatusBadRequest, 20001, "Parameters are sent as application/x-www-form-urlencoded, not as %q", clip(r.Header.Get("Content-Type")))
	}
	return parameters(string(body))
}

// parameters reads a query or a form. A character that no store can keep is refused here, once for all.
func parameters(encoded string) (url.Values, error) {
	v, err := url.ParseQuery(encoded)
	if err != nil {
		return nil, refused(http.StatusBadRequest, 20001, "The parameters are not URL-encoded: %v", err)
	}
	for name, values := range v {
		for _, value := range values {
			if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
				return nil, refused(http.StatusBadRequest, 20001, "Parameter %q is not text in UTF-8", clip(name))
			}
		}
	}
	return v, nil
}
