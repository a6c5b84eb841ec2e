package main_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaden-project/kaden/webhook"
)

// callback is a signed request, as twilio-node's validator takes it.
type callback struct {
	URL       string            `json:"url"`
	Params    map[string]string `json:"params"`
	Token     string            `json:"token"`
	Signature string            `json:"signature"`
}

// randomCallback is what a platform may send, and in a third of all cases something is not as it was signed.
func randomCallback(r *rand.Rand) callback {
	words := []string{"in-progress", "+819012345678", "対応します", "a b+c%20", "", "'quoted'", "x@y:z", "&=;", "🚨", "CA0123456789abcdef0123456789abcdef", "\r\n", "é"}
	names := []string{"CallSid", "CallStatus", "Digits", "From", "To", "Reason", "ReasonX", "SequenceNumber", "a", "Z", "SpeechResult", "名前", "MessageSid", "MessageStatus", "Body", "NumMedia", "RecordingSid", "RecordingUrl"}
	pick := func(s []string) string { return s[r.IntN(len(s))] }
	c := callback{Params: map[string]string{}, Token: fmt.Sprintf("%032x", r.Uint64())}
	host := pick([]string{"kaden.example", "kaden.example:8443", "127.0.0.1:8080", "kaden.example.jp:443"})
	c.URL = pick([]string{"https://", "http://"}) + host + "/upstream/" + pick([]string{"twilio", "%E4%B8%8A%E6%B5%81", "a%20b"}) + "/co-1-" + fmt.Sprint(r.IntN(99)) + "/" + fmt.Sprintf("%x", r.Uint64())
	if r.IntN(3) == 0 { // of a message, or one that comes in
		c.URL = c.URL[:strings.Index(c.URL, "/co-1-")] + pick([]string{"/inbound", "/messages/SM0123456789abcdef0123456789abcdef/" + fmt.Sprintf("%x", r.Uint64())})
	}
	if r.IntN(2) == 0 {
		c.URL += "?node=" + url.QueryEscape(pick(words))
	}
	for range r.IntN(12) {
		c.Params[pick(names)] = pick(words)
	}
	form := url.Values{}
	for k, v := range c.Params {
		form.Set(k, v)
	}
	c.Signature = webhook.Sign(c.Token, c.URL, form)
	switch r.IntN(9) {
	case 0:
		c.Params["CallStatus"] = "completed "
	case 1:
		c.Token = strings.Repeat("f", 32)
	case 2:
		c.URL += "x"
	}
	return c
}

// Twilio's own validator and ours say the same of a thousand callbacks, true ones and others.
func TestTwilioNodeAndOurValidatorAgree(t *testing.T) {
	t.Parallel()
	conformance := filepath.Join("..", "..", "conformance")
	if _, err := os.Stat(filepath.Join(conformance, "node_modules", "twilio")); err != nil {
		t.Skip("skipped: the npm package twilio is not installed (cd conformance && npm ci)")
	}
	node := needs(t, "node", "nodejs")
	r := seed(t)
	var in bytes.Buffer
	var all []callback
	for range 1000 {
		c := randomCallback(r)
		all = append(all, c)
		line, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		in.Write(append(line, '\n'))
	}
	cmd := exec.CommandContext(t.Context(), node, "validate.mjs")
	cmd.Dir, cmd.Stdin, cmd.Stderr = conformance, &in, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("validate.mjs: %v", err)
	}
	said := bufio.NewScanner(bytes.NewReader(out))
	valid := 0
	for i, c := range all {
		if !said.Scan() {
			t.Fatalf("validate.mjs said nothing of callback %d", i)
		}
		form := url.Values{}
		for k, v := range c.Params {
			form.Set(k, v)
		}
		q := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form.Encode()))
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		q.Header.Set("X-Twilio-Signature", c.Signature)
		ours := webhook.Validate(c.Token, q, c.URL) == nil
		if theirs := said.Text() == "true"; ours != theirs {
			t.Errorf("twilio-node says %v and we %v of %+v", theirs, ours, c)
		}
		if ours {
			valid++
		}
	}
	if valid < 500 || valid > 900 {
		t.Errorf("%d of 1,000 were valid: the test tests little", valid)
	}
}
