package intake

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/alert"
)

// formKind is the kind of source that takes forms and query parameters as well, for scripts and devices
// that cannot write JSON.
const formKind = alert.KindJSON

// body reads what was sent, as JSON. Forms and query parameters are turned into the JSON they mean. With a refusal it
// gives what came, as far as it came.
func (d *Door) body(w http.ResponseWriter, r *http.Request, source alert.Source) ([]byte, *refusal) {
	raw, err := d.read(w, r)
	var tooLarge *http.MaxBytesError
	methods := methodsFor(source.Kind)
	switch {
	case !slices.Contains(methods, r.Method):
		w.Header().Set("Allow", strings.Join(methods, ", "))
		return sent(r, raw), &refusal{status: http.StatusMethodNotAllowed, text: r.Method + " is not how alerts are sent", hint: "send them with " + strings.Join(methods, " or ")}
	case errors.As(err, &tooLarge):
		return raw, &refusal{status: http.StatusRequestEntityTooLarge, text: fmt.Sprintf("the body is larger than %d bytes", alert.LargestBody), hint: "leave out what is not needed to wake somebody"}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return raw, &refusal{status: http.StatusRequestTimeout, text: fmt.Sprintf("the body did not arrive within %s", d.cfg.ReadTime), mild: true}
	case err != nil:
		return raw, &refusal{status: http.StatusBadRequest, text: "the body broke off: " + err.Error(), mild: true}
	}
	text := bytes.Trim(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case json.Valid(text):
		return raw, nil
	case source.Kind == formKind && !looksLikeJSON(text):
		// curl -d calls everything a form, JSON too; so what the body looks like goes first.
		if fields := form(r, text); len(fields) > 0 {
			return asJSON(fields), nil
		}
	}
	return sent(r, raw), notJSON(r, text, source)
}

// sent is what a request says: its body, else its query.
func sent(r *http.Request, raw []byte) []byte {
	if len(raw) == 0 {
		return []byte(r.URL.RawQuery)
	}
	return raw
}

func (d *Door) read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	// The server's own time limits are for whole requests; a slow body gets this one. A writer that
	// knows no deadlines (a test's recorder) goes without.
	connection := http.NewResponseController(w)
	connection.SetReadDeadline(time.Now().Add(d.cfg.ReadTime))
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, alert.LargestBody))
	if err == nil {
		connection.SetReadDeadline(time.Time{})
	}
	return raw, err
}

func looksLikeJSON(text []byte) bool {
	return len(text) > 0 && (text[0] == '{' || text[0] == '[')
}

// form gives the fields of a form, or the query parameters when there is no body.
func form(r *http.Request, text []byte) url.Values {
	if len(text) == 0 {
		return r.URL.Query()
	}
	kind, parameters, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/x-www-form-urlencoded":
		// A line of text that curl calls a form has no = in it; that is no form.
		if fields, err := url.ParseQuery(string(text)); err == nil && bytes.IndexByte(text, '=') > 0 {
			return fields
		}
	case "multipart/form-data":
		f, err := multipart.NewReader(bytes.NewReader(text), parameters["boundary"]).ReadForm(alert.LargestBody)
		if err == nil {
			defer f.RemoveAll()
			return f.Value
		}
	}
	return nil
}

// asJSON writes fields as the native format: title=…&label.team=ops&link=https://… .
func asJSON(fields url.Values) []byte {
	object, labels := map[string]any{}, map[string]string{}
	for name, values := range fields {
		label, dotted := strings.CutPrefix(name, "label.")
		inner, bracketed := strings.CutPrefix(name, "labels[")
		inner, closed := strings.CutSuffix(inner, "]")
		switch {
		case dotted:
			labels[label] = values[0]
		case bracketed && closed:
			labels[inner] = values[0]
		case name == "link" || name == "links" || name == "url":
			object["links"] = values
		case name != "labels" && len(values) > 0:
			object[name] = values[0]
		}
	}
	if len(labels) > 0 {
		object["labels"] = labels
	}
	text, err := json.Marshal(object) // with its keys in order: the same form is the same delivery
	if err != nil {
		panic(err) // strings, and maps and lists of strings, are always JSON
	}
	return text
}

// notJSON says what to send instead.
func notJSON(r *http.Request, text []byte, source alert.Source) *refusal {
	what := "the body is not JSON"
	if len(text) == 0 {
		what = "there is no body"
	}
	var at *json.SyntaxError
	if err := json.Unmarshal(text, new(any)); looksLikeJSON(text) && errors.As(err, &at) {
		what = fmt.Sprintf("the body is not JSON: %s at byte %d", at, at.Offset)
	}
	hint := "send what " + source.Kind + " sends"
	if source.Kind == formKind {
		hint = `send {"title": "disk full"}, a form with title=…, or GET ?title=…`
	}
	if e := r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		hint = "send it without Content-Encoding: " + e
	}
	return &refusal{status: http.StatusBadRequest, text: what, hint: hint, mild: len(text) == 0}
}

// deliveryID is what the sender calls this delivery, else what is in it (hashed).
func deliveryID(h http.Header, raw []byte) (id string, hashed bool) {
	if key := h.Get("Idempotency-Key"); key != "" {
		if len(key) > 128 || strings.IndexFunc(key, func(r rune) bool { return r < ' ' || r > '~' }) >= 0 {
			key = hash([]byte(key))
		}
		return "key:" + key, false
	}
	return hash(raw), true
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// The headers that are kept for replay, at most.
const (
	mostHeaders   = 50
	longestHeader = 1024
)

// keptHeader copies headers without secrets.
func keptHeader(h http.Header) map[string]string {
	kept := map[string]string{}
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names[:min(len(names), mostHeaders)] {
		value := strings.ToValidUTF8(strings.Join(h[name], ", "), "?")
		if secret(name) {
			value = "(taken out)"
		}
		kept[name] = strings.ToValidUTF8(value[:min(len(value), longestHeader)], "")
	}
	return kept
}

// secret tells whether a header's name says that its value opens something.
func secret(name string) bool {
	name = strings.ToLower(name)
	if name == "idempotency-key" {
		return false
	}
	for _, word := range []string{"auth", "cookie", "token", "secret", "key", "password", "signature", "credential", "session"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}
