package sipleg

import (
	"net/netip"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/kaden-project/kaden/leg"
)

// How much of its signalling a leg remembers. Who sends more than that has the middle of it forgotten:
// the beginning and the end tell most.
const (
	traceMessages = 200
	traceBytes    = 256 << 10
)

// trace is the signalling of one leg. A nil trace forgets everything.
type trace struct {
	mu    sync.Mutex
	all   []leg.Message
	bytes int
}

func (t *trace) sent(peer netip.AddrPort, raw []byte) {
	if t != nil {
		t.add(leg.Message{At: time.Now(), Sent: true, Peer: peer.String(), Text: string(raw)})
	}
}

func (t *trace) received(at time.Time, peer netip.AddrPort, raw string) {
	if t != nil {
		t.add(leg.Message{At: at, Peer: peer.String(), Text: raw})
	}
}

func (t *trace) add(m leg.Message) {
	m.Text = redact(m.Text)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, m)
	t.bytes += len(m.Text)
	for len(t.all) > 1 && (len(t.all) > traceMessages || t.bytes > traceBytes) {
		middle := min(len(t.all)-1, traceMessages/2)
		t.bytes -= len(t.all[middle].Text)
		t.all = slices.Delete(t.all, middle, middle+1)
	}
}

func (t *trace) messages() []leg.Message {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.all)
}

// secret finds what a password could be guessed from.
var secret = regexp.MustCompile(`(?im)^((?:Proxy-)?Authorization[ \t]*:.*?\bresponse[ \t]*=[ \t]*)(?:"[^"\r\n]*"|[^,\s]*)`)

// soundKey finds the key of encrypted sound in a description.
var soundKey = regexp.MustCompile(`(?im)^(a=crypto:[^\r\n]*?inline:)[^\r\n]*`)

// redact takes the answers to digest challenges, and the keys of the sound, out of a message.
func redact(text string) string {
	text = secret.ReplaceAllString(text, `${1}"(removed)"`)
	return soundKey.ReplaceAllString(text, `${1}(removed)`)
}
