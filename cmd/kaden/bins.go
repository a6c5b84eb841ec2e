package main

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/webhook"
)

// binPath is where bins are, on this server and within the process: /bins/EH…, /bins/name or /bins/key. Twilio's
// own address of a bin is https://handler.twilio.com/twiml/EH….
const (
	binPath    = "/bins/"
	twilioPath = "/twiml/"
	twilioHost = "handler.twilio.com"
)

// bins serves the TwiML that is kept here. Calls of this house are answered in the process; whoever asks
// over HTTP signs as Twilio would, because an identifier is made of the name and can be guessed, or has the bin's key.
type bins struct {
	log    *slog.Logger
	all    func() map[string]account.Bin
	token  func() string
	public string        // as the internet sees this server, without a slash at the end; "" is unknown
	shown  func() string // as whoever looks at a bin is told; nil: nobody is told
}

var _ call.Asker = (*bins)(nil)

// url is the address of the bin with a name.
func (b *bins) url(name string) string {
	base := b.public
	if base == "" {
		base = dispatch.Origin
	}
	id := account.BinSID(name)
	if bin, ok := b.all()[name]; ok {
		id = bin.SID
	}
	return base + binPath + string(id)
}

// has tells whether an address is that of a bin of this house, so that nobody needs to leave it.
func (b *bins) has(address string) bool {
	if b == nil {
		return false
	}
	bases := []string{dispatch.Origin, b.public}
	if b.shown != nil {
		bases = append(bases, b.shown())
	}
	for _, base := range bases {
		if path, ok := strings.CutPrefix(address, base); ok && base != "" {
			return strings.HasPrefix(path, binPath) || strings.HasPrefix(path, twilioPath)
		}
	}
	u, err := url.Parse(address)
	if err != nil || u.Host != twilioHost || u.Scheme != "https" && u.Scheme != "http" {
		return false
	}
	_, here, _ := b.find(u.Path) // one that has moved in; others are still at Twilio
	return here
}

// find is the bin at a path, by its identifier, its name or its key. keyed is one that was found by its key, and may be
// shown to whoever asks.
func (b *bins) find(path string) (bin account.Bin, ok, keyed bool) {
	what, ok := strings.CutPrefix(path, binPath)
	if !ok {
		if what, ok = strings.CutPrefix(path, twilioPath); !ok {
			return account.Bin{}, false, false
		}
	}
	all := b.all()
	if named, ok := all[what]; ok {
		return named, true, false
	}
	for _, one := range all {
		switch {
		case string(one.SID) == what:
			return one, true, false
		case one.Key != "" && subtle.ConstantTimeCompare([]byte(one.Key), []byte(what)) == 1:
			bin, keyed = one, true
		}
	}
	return bin, keyed, keyed
}

// Ask answers a call of this house.
func (b *bins) Ask(_ context.Context, q call.Ask) (call.Reply, error) {
	u, err := url.Parse(q.URL)
	if err != nil {
		return call.Reply{}, &call.Problem{Code: 11100, Text: fmt.Sprintf("%q is not a URL", q.URL), Err: err}
	}
	bin, ok, _ := b.find(u.Path)
	if !ok {
		return call.Reply{URL: q.URL, Status: http.StatusNotFound, ContentType: "text/plain", Body: []byte("there is no such bin\n")}, nil
	}
	return call.Reply{URL: q.URL, Status: http.StatusOK, ContentType: "text/xml", Body: []byte(bin.Render(asForm(u, q)))}, nil
}

// asForm are the parameters of a question as whoever is asked over HTTP reads them: of two with one name the first counts,
// which is that of the body before that of the URL, and in a URL what its owner wrote before what was added.
func asForm(u *url.URL, q call.Ask) url.Values {
	first, then := maps.Clone(q.Params), u.Query()
	if q.Method == http.MethodGet {
		first, then = then, first
	}
	if first == nil {
		return then
	}
	for name, values := range then {
		first[name] = append(slices.Clip(first[name]), values...)
	}
	return first
}

// mostBin is how long the body of a request for a bin may be, in bytes.
const mostBin = 1 << 20

// ServeHTTP answers the rest of the world.
func (b *bins) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		w.Header().Set("Allow", "GET, POST")
		http.Error(w, "bins are asked with GET or POST", http.StatusMethodNotAllowed)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, mostBin)
	bin, ok, keyed := b.find(r.URL.Path)
	if !keyed {
		if err := webhook.Validate(b.token(), r, b.asked(r)); err != nil {
			b.log.Warn("bin not served", "path", r.URL.Path, "from", r.RemoteAddr, "err", err)
			http.Error(w, "Not Authorized: sign the request with the account's token (X-Twilio-Signature)", http.StatusForbidden)
			return
		}
	}
	if !ok {
		http.Error(w, "there is no such bin", http.StatusNotFound)
		return
	}
	if err := r.ParseForm(); errors.As(err, new(*http.MaxBytesError)) {
		http.Error(w, fmt.Sprintf("the parameters are longer than %d bytes", mostBin), http.StatusRequestEntityTooLarge)
		return
	} // of a form that is wrong in places, 100% for instance, the rest counts, as it does for calls of this house
	doc := bin.Render(r.Form)
	if len(doc) > account.Longest {
		http.Error(w, fmt.Sprintf("with these parameters the bin is longer than %d bytes", account.Longest), http.StatusRequestEntityTooLarge)
		return
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	io.WriteString(w, doc)
}

// asked is the URL that the sender used.
func (b *bins) asked(r *http.Request) string {
	if b.public != "" && r.Host != twilioHost {
		return b.public + r.URL.RequestURI()
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host + r.URL.RequestURI()
}
