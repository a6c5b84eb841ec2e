package webleg

import (
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/kaden-project/kaden/leg"
)

// traceMessages is how much of its signalling a leg remembers; who sends more has the middle of it forgotten.
const traceMessages = 100

// trace is the signalling of one leg, as far as it comes by here.
type trace struct {
	peer string

	mu  sync.Mutex
	all []leg.Message
}

func (t *trace) sent(text string)     { t.add(true, text) }
func (t *trace) received(text string) { t.add(false, text) }

func (t *trace) add(sent bool, text string) {
	m := leg.Message{At: time.Now(), Sent: sent, Peer: t.peer, Text: redact(text)}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, m)
	if len(t.all) > traceMessages {
		t.all = slices.Delete(t.all, traceMessages/2, traceMessages/2+1)
	}
}

func (t *trace) messages() []leg.Message {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.all)
}

// secret is what an ICE check could be forged with.
var secret = regexp.MustCompile(`(?m)^(a=ice-pwd:).*?(\r?)$`)

func redact(text string) string { return secret.ReplaceAllString(text, "${1}(removed)${2}") }
