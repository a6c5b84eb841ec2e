package voice

import "github.com/kaden-project/kaden/twiml"

// other is a verb that Twilio knows and kaden does not run. The checker has told the debug log so; the
// document goes on.
func (t *run) other(v twiml.Verb) error {
	t.log.Info("verb not run", "verb", v.Name())
	return nil
}
