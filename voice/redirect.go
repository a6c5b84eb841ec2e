package voice

import (
	"github.com/kaden-project/kaden/twiml"
)

// redirect goes on with another document. An empty one is the current document again, which for TwiML
// given with the call is that TwiML.
func (t *run) redirect(v *twiml.Redirect) (next, error) {
	if v.URL == "" && t.page.url == "" {
		return next{jump: &request{}}, nil
	}
	where, err := t.resolve(v.URL)
	if err != nil {
		return next{jump: &request{url: v.URL, bad: err}}, nil
	}
	return next{jump: &request{method: post(v.Method), url: where}}, nil
}
