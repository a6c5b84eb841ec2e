package api

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	cookie      = "kaden_session"
	sessionKind = "session" // tickets of browsers that signed in
	loginKind   = "login"   // tickets of one-time links
	loginValid  = 15 * time.Minute
)

// caller is who asks, in the words of the timeline.
type caller string

const (
	nobody    caller = ""
	byConsole caller = "console" // a browser with a session
	byToken   caller = "api"     // a program with the token
)

type callerKey struct{}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// open are the places that need no proof of who asks.
func open(r *http.Request) bool {
	return r.URL.Path == "/login" || r.URL.Path == "/logout" || r.URL.Path == "/api/openapi.json" || strings.HasPrefix(r.URL.Path, linkPath)
}

// admit finds out who asks.
func (a *API) admit(w http.ResponseWriter, r *http.Request) (*http.Request, *Refusal) {
	if open(r) {
		if err := a.cross.Check(r); err != nil {
			return r, crossSite
		}
		return r, nil
	}
	who, err := a.identify(w, r)
	if err != nil {
		a.log.Error("session not looked up", "err", err)
		return r, refuse(http.StatusServiceUnavailable, "sessions cannot be looked up: the database does not answer", "try again; the server's log says more")
	}
	switch {
	case who == nobody:
		// Bearer alone: Basic would make browsers ask with a window of their own.
		w.Header().Set("WWW-Authenticate", `Bearer realm="kaden"`)
		return r, refuse(http.StatusUnauthorized, "sign in first",
			"open the login link that kaden prints at its start, or send the token as Authorization: Bearer …")
	case who == byConsole:
		// A token is sent by programs on purpose; a cookie is sent by a browser whoever makes it ask.
		if err := a.cross.Check(r); err != nil {
			return r, crossSite
		}
	}
	return r.WithContext(context.WithValue(r.Context(), callerKey{}, who)), nil
}

var crossSite = refuse(http.StatusForbidden, "this request comes from another web site", "only kaden's own pages may change something with a browser's session")

func (a *API) identify(w http.ResponseWriter, r *http.Request) (caller, error) {
	if h := r.Header.Get("Authorization"); h != "" {
		user, pass, basic := r.BasicAuth()
		scheme, token, _ := strings.Cut(h, " ")
		switch {
		case basic && same(user, string(a.cfg.Account)) && a.isToken(pass),
			strings.EqualFold(scheme, "Bearer") && a.isToken(strings.TrimSpace(token)):
			return byToken, nil
		}
		return nobody, nil // a wrong proof is not made good by a cookie
	}
	c, err := r.Cookie(cookie)
	if err != nil || c.Value == "" {
		return nobody, nil
	}
	data, ok, err := a.cfg.Tickets.Ticket(r.Context(), sessionKind, hash(c.Value))
	if err != nil || !ok {
		return nobody, err
	}
	a.prolong(w, r, c.Value, data)
	return byConsole, nil
}

func (a *API) isToken(s string) bool { return a.cfg.Token != "" && same(s, a.cfg.Token) }

// same compares in a time that tells nothing about either.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// hash is how a secret is found in the store, which never sees the secret itself.
func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

func newSecret() string {
	var b [32]byte
	rand.Read(b[:]) // never fails (crypto/rand, Go 1.24)
	return hex.EncodeToString(b[:])
}

// LoginLink makes an address that signs one browser in, once, within 15 minutes. base is kaden's own
// address: http://127.0.0.1:8080.
func (a *API) LoginLink(ctx context.Context, base string) (string, error) {
	secret := newSecret()
	if err := a.cfg.Tickets.PutTicket(ctx, loginKind, hash(secret), "", time.Now().Add(loginValid)); err != nil {
		return "", fmt.Errorf("login link: %w", err)
	}
	return strings.TrimRight(base, "/") + "/login?token=" + secret, nil
}

func (a *API) signInRoutes() {
	a.mux.HandleFunc("GET /login", a.followLink)
	a.mux.HandleFunc("POST /login", a.signIn)
	a.mux.HandleFunc("POST /logout", a.signOut)
}

// followLink is a browser at a one-time link. It shows nothing and leaves no secret in the address bar.
func (a *API) followLink(w http.ResponseWriter, r *http.Request) {
	token := r.URL.Query().Get("token")
	_, ok, err := a.cfg.Tickets.TakeTicket(r.Context(), loginKind, hash(token))
	if err == nil && ok {
		err = a.begin(w, r)
	}
	switch {
	case err != nil:
		a.log.Error("login not recorded", "err", err)
		http.Redirect(w, r, "/?login=unavailable", http.StatusSeeOther)
	case !ok && token != "":
		http.Redirect(w, r, "/?login=expired", http.StatusSeeOther)
	default:
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
}

// signIn takes the token typed into the console, or a one-time one.
func (a *API) signIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4096)
	token := strings.TrimSpace(r.PostFormValue("token"))
	if u, err := url.Parse(token); err == nil && u.Query().Get("token") != "" {
		token = u.Query().Get("token") // the whole link was pasted
	}
	ok, err := a.isToken(token), error(nil)
	if !ok && token != "" {
		_, ok, err = a.cfg.Tickets.TakeTicket(r.Context(), loginKind, hash(token))
	}
	if err == nil && ok {
		err = a.begin(w, r)
	}
	switch {
	case err != nil:
		a.log.Error("login not recorded", "err", err)
		a.refused(w, r, refuse(http.StatusServiceUnavailable, "the database does not answer", "try again; the server's log says more"))
	case !ok:
		a.refused(w, r, refuse(http.StatusUnauthorized, "this token is not known", `it is in the file "token" in the data directory, and printed at the start`))
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func (a *API) signOut(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(cookie); err == nil {
		if err := a.cfg.Tickets.DropTicket(r.Context(), sessionKind, hash(c.Value)); err != nil {
			a.log.Error("session not ended", "err", err)
			a.refused(w, r, refuse(http.StatusServiceUnavailable, "the database does not answer", "try again"))
			return
		}
	}
	a.setCookie(w, r, "", -1)
	w.WriteHeader(http.StatusNoContent)
}

func (a *API) begin(w http.ResponseWriter, r *http.Request) error {
	secret := newSecret()
	if err := a.keep(r.Context(), secret); err != nil {
		return err
	}
	a.setCookie(w, r, secret, a.cfg.Session)
	return nil
}

// keep stores a session; its data is the moment, so that a busy one is not written with each request.
func (a *API) keep(ctx context.Context, secret string) error {
	now := time.Now()
	return a.cfg.Tickets.PutTicket(ctx, sessionKind, hash(secret), strconv.FormatInt(now.Unix(), 10), now.Add(a.cfg.Session))
}

// prolong moves the end of a session that is in use.
func (a *API) prolong(w http.ResponseWriter, r *http.Request, secret, data string) {
	at, err := strconv.ParseInt(data, 10, 64)
	if err == nil && time.Since(time.Unix(at, 0)) < a.cfg.Session/8 {
		return
	}
	if err := a.keep(r.Context(), secret); err != nil {
		a.log.Warn("session not prolonged", "err", err)
		return
	}
	a.setCookie(w, r, secret, a.cfg.Session)
}

func (a *API) setCookie(w http.ResponseWriter, r *http.Request, value string, valid time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: cookie, Value: value, Path: "/", MaxAge: cmp.Or(int(valid/time.Second), -1),
		HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https",
	})
}
