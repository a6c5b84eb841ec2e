package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/webhook"
)

// binPath is where bins are, on this server and within the process: /bins/EH… or /bins/name.
const binPath = "/bins/"

// bins serves the TwiML that is kept here. Calls of this house are answered in the process; whoever asks
// over HTTP signs as Twilio would, because an identifier is made of the name and can be guessed.
type bins struct {
	log    *slog.Logger
	all    func() map[string]account.Bin
	token  func() string
	public string // as the internet sees this server, without a slash at the end; "" is unknown
}

var _ call.Asker = (*bins)(nil)

// url is the address of the bin with a name.
func (b *bins) url(name string) string {
	base := b.public
	if base == "" {
		base = dispatch.Origin
	}
	return base + binPath + string(account.BinSID(name))
}

// has tells whether an address is that of a bin of this house, so that nobody needs to leave it.
func (b *bins) has(address string) bool {
	return b != nil && (strings.HasPrefix(address, dispatch.Origin+binPath) || b.public != "" && strings.HasPrefix(address, b.public+binPath))
}

// find is the bin at a path, by its identifier or its name.
func (b *bins) find(path string) (account.Bin, bool) {
	what, ok := strings.CutPrefix(path, binPath)
	if !ok {
		return account.Bin{}, false
	}
	all := b.all()
	if bin, ok := all[what]; ok {
		return bin, true
	}
	for _, bin := range all {
		if string(bin.SID) == what {
			return bin, true
		}
	}
	return account.Bin{}, false
}

// Ask answers a call of this house.
func (b *bins) Ask(_ context.Context, q call.Ask) (call.Reply, error) {
	u, err := url.Parse(q.URL)
	if err != nil {
		return call.Reply{}, &call.Problem{Code: 11100, Text: fmt.Sprintf("%q is not a URL", q.URL), Err: err}
	}
	bin, ok := b.find(u.Path)
	if !ok {
		return call.Reply{URL: q.URL, Status: http.StatusNotFound, ContentType: "text/plain", Body: []byte("there is no such bin\n")}, nil
	}
	params := u.Query()
	maps.Copy(params, q.Params)
	return call.Reply{URL: q.URL, Status: http.StatusOK, ContentType: "text/xml", Body: []byte(bin.Render(params))}, nil
}

// ServeHTTP answers the rest of the world.
func (b *bins) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		w.Header().Set("Allow", "GET, POST")
		http.Error(w, "bins are asked with GET or POST", http.StatusMethodNotAllowed)
		return
	}
	if err := webhook.Validate(b.token(), r, b.asked(r)); err != nil {
		b.log.Warn("bin not served", "path", r.URL.Path, "from", r.RemoteAddr, "err", err)
		http.Error(w, "Not Authorized: sign the request with the account's token (X-Twilio-Signature)", http.StatusForbidden)
		return
	}
	bin, ok := b.find(r.URL.Path)
	if !ok {
		http.Error(w, "there is no such bin", http.StatusNotFound)
		return
	}
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the parameters cannot be read", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	fmt.Fprint(w, bin.Render(r.Form))
}

// asked is the URL that the sender used.
func (b *bins) asked(r *http.Request) string {
	if b.public != "" {
		return b.public + r.URL.RequestURI()
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host + r.URL.RequestURI()
}
