package webleg

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
)

// renewBefore is how long before its end a certificate is not given to new connections any more. pion makes
// them for a month, and no call lasts a week.
const renewBefore = 7 * 24 * time.Hour

// certificate is the one that all connections show, so that a new one costs no key. Its fingerprint goes to the
// browser through the signalling, and nobody else has to believe it.
type certificate struct {
	mu  sync.Mutex
	now *webrtc.Certificate
}

func (c *certificate) get() (webrtc.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now == nil || time.Until(c.now.Expires()) < renewBefore {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return webrtc.Certificate{}, fmt.Errorf("certificate for browsers' sound: %w", err)
		}
		if c.now, err = webrtc.GenerateCertificate(key); err != nil {
			return webrtc.Certificate{}, fmt.Errorf("certificate for browsers' sound: %w", err)
		}
	}
	return *c.now, nil
}
