package upstream

import (
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/trunk"
)

// PermissionsAt lets Twilio's API of dialling permissions be asked at another address.
func PermissionsAt(base string) (restore func()) {
	before := voiceAPI
	voiceAPI = func(trunk.Upstream) string { return base }
	return func() { voiceAPI = before }
}

// PermissionsOf is where it is asked for an upstream.
func PermissionsOf(u trunk.Upstream) string { return voiceAPI(u) }

// ReadCallback reads what a stranger's form says.
func ReadCallback(form url.Values) (id, status string, sip, code int) {
	n := readCallback(form)
	return n.sid, string(n.status), n.sip, n.code
}

// Refused reads a platform's error.
func Refused(status int, body []byte) string {
	return words(refused(&http.Response{StatusCode: status, Status: http.StatusText(status), Header: http.Header{}}, body))
}

// ReadInbound reads a message that somebody brings.
func ReadInbound(form url.Values) (In, bool) { return readInbound(form) }

// ReadLetter reads a platform's message.
func ReadLetter(body []byte) (message.Word, error) {
	var l letter
	err := json.Unmarshal(body, &l)
	return l.word(), err
}

// CheckCallbacks looks at the way back alone.
func (c *Client) CheckCallbacks(u trunk.Upstream) Finding { return c.checkCallbacks(u) }
