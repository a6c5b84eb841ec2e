package webhook

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// ErrSignature is answered for a request that whoever knows the token did not send, or not to that URL.
var ErrSignature = errors.New("signature does not match")

// Sign is the X-Twilio-Signature of a request: rawURL byte for byte as it is requested, query included and
// without a fragment; form the body of a POST, nil for any other. (Twilio: "Security", validating requests.)
func Sign(token, rawURL string, form url.Values) string {
	h := hmac.New(sha1.New, []byte(token))
	io.WriteString(h, rawURL)
	for _, name := range slices.Sorted(maps.Keys(form)) {
		// A repeated value counts once: so do the validators of twilio-node and twilio-python.
		for _, value := range slices.Compact(slices.Sorted(slices.Values(form[name]))) {
			io.WriteString(h, name+value)
		}
	}
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// SignBody signs a request whose body is not a form, JSON for instance. The URL to request is the one that
// is answered: it carries the body's hash as bodySHA256.
func SignBody(token, rawURL string, body []byte) (signedURL, signature string) {
	sep := "?"
	if strings.Contains(rawURL, "?") {
		sep = "&"
	}
	sum := sha256.Sum256(body)
	signedURL = rawURL + sep + "bodySHA256=" + hex.EncodeToString(sum[:])
	return signedURL, Sign(token, signedURL, nil)
}

// maxSigned bounds the body of a request whose signature is checked.
const maxSigned = 1 << 20

// Validate checks the signature of a request that came to us. rawURL is the URL its sender used, which a proxy
// in front of us may have changed on the way. The body is read and put back. The error wraps [ErrSignature].
func Validate(token string, r *http.Request, rawURL string) error {
	given := r.Header.Get("X-Twilio-Signature")
	if given == "" {
		return fmt.Errorf("no X-Twilio-Signature: %w", ErrSignature)
	}
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(io.LimitReader(r.Body, maxSigned+1)); err != nil {
			return fmt.Errorf("read the signed body: %w", err)
		}
		r.Body.Close()
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	if len(body) > maxSigned {
		return fmt.Errorf("body over %d bytes: %w", maxSigned, ErrSignature)
	}
	form, err := signedForm(r.Header.Get("Content-Type"), rawURL, body)
	if err != nil {
		return err
	}
	ok := false
	for _, u := range spellings(rawURL) {
		ok = hmac.Equal([]byte(Sign(token, u, form)), []byte(given)) || ok
	}
	if !ok {
		return fmt.Errorf("%w: another token, or another URL than %s", ErrSignature, clip(rawURL))
	}
	return nil
}

// signedForm is the part of the body that is signed itself; any other body is signed by its hash in the URL.
func signedForm(contentType, rawURL string, body []byte) (url.Values, error) {
	if len(body) == 0 {
		return nil, nil
	}
	if kind, _, _ := mime.ParseMediaType(contentType); kind == "application/x-www-form-urlencoded" {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, fmt.Errorf("%w: the body is not a form: %w", ErrSignature, err)
		}
		return form, nil
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	sum := sha256.Sum256(body)
	if !hmac.Equal([]byte(u.Query().Get("bodySHA256")), []byte(hex.EncodeToString(sum[:]))) {
		return nil, fmt.Errorf("%w: bodySHA256 is not the hash of the body", ErrSignature)
	}
	return nil, nil
}

// spellings are the URL with and without its port: senders differ, and so do proxies.
func spellings(rawURL string) []string {
	out := []string{rawURL}
	scheme, rest, ok := strings.Cut(rawURL, "://")
	if !ok {
		return out
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	host, tail := rest[:end], rest[end:]
	colon := strings.LastIndexByte(host, ':')
	if colon > strings.LastIndexAny(host, "]@") {
		return append(out, scheme+"://"+host[:colon]+tail)
	}
	port := ":443"
	if scheme == "http" {
		port = ":80"
	}
	return append(out, scheme+"://"+host+port+tail)
}
