package webleg

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// conn is one connection to one page: a leg has another one after another page took it over.
type conn struct {
	pc    *webrtc.PeerConnection
	t     timers
	track *track
	them  description // zero until the page has said who it is
	said  string      // our SDP that is in force, "" before there is one
	up    bool        // ICE and DTLS were connected once; guarded by the leg

	mu      sync.Mutex
	closed  bool
	told    leg.Sound // what the page has said of our sound
	readers sync.WaitGroup
}

// newConn prepares a connection. put is given every RTP packet; changed is called after each change of state.
// Both come from goroutines of the connection, which are gone when close has returned.
func (e *Engine) newConn(put func(*conn, packetKind, *rtp.Packet), changed func(*conn)) (*conn, error) {
	cert, err := e.cert.get()
	if err != nil {
		return nil, err
	}
	pc, err := e.api.NewPeerConnection(webrtc.Configuration{
		Certificates: []webrtc.Certificate{cert}, BundlePolicy: webrtc.BundlePolicyMaxBundle, RTCPMuxPolicy: webrtc.RTCPMuxPolicyRequire,
	})
	if err != nil {
		return nil, fmt.Errorf("WebRTC: %w", err)
	}
	c := &conn{pc: pc, t: e.cfg.timers, track: &track{}}
	sender, err := pc.AddTrack(c.track)
	if err != nil {
		pc.Close()
		return nil, fmt.Errorf("WebRTC: %w", err)
	}
	pc.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
		c.read(func() { c.hear(t, put) })
		c.read(func() { readReports(r.Read, func([]byte) {}) }) // pion's: ours are made of them
	})
	c.read(func() { readReports(sender.Read, c.reported(sender)) })
	pc.OnConnectionStateChange(func(webrtc.PeerConnectionState) { changed(c) })
	return c, nil
}

// read starts a goroutine that close waits for.
func (c *conn) read(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.readers.Go(f)
	}
}

// hear takes the page's RTP until the connection is closed.
func (c *conn) hear(t *webrtc.TrackRemote, put func(*conn, packetKind, *rtp.Packet)) {
	buf := make([]byte, 1500)
	var p rtp.Packet
	for {
		n, _, err := t.Read(buf)
		if n == 0 && err != nil {
			return
		}
		if p.Unmarshal(buf[:n]) != nil { // an error of Read with bytes is a payload type that was not agreed on
			continue
		}
		put(c, c.kind(p.PayloadType), &p)
	}
}

func (c *conn) kind(payloadType uint8) packetKind {
	switch {
	case payloadType == 0:
		return pcmu
	case payloadType == 8:
		return pcma
	case payloadType == c.track.dtmf && payloadType != 0:
		return event
	}
	return other
}

// readReports hands on the page's RTCP, which pion sees only while somebody reads it.
func readReports[A any](read func([]byte) (int, A, error), take func([]byte)) {
	buf := make([]byte, 1500)
	for {
		n, _, err := read(buf)
		if err != nil {
			return
		}
		take(buf[:n])
	}
}

// reported takes what the page says of our sound.
func (c *conn) reported(sender *webrtc.RTPSender) func([]byte) {
	return func(b []byte) {
		var ours uint32
		if e := sender.GetParameters().Encodings; len(e) > 0 {
			ours = uint32(e[0].SSRC)
		}
		if r, ok := media.ReadControl(b, ours); ok && r.Told {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.told.Report(r.Block, time.Now())
		}
	}
}

// offer is our offer, with all candidates.
func (c *conn) offer() (string, error) {
	d, err := c.pc.CreateOffer(nil)
	if err != nil {
		return "", fmt.Errorf("offer: %w", err)
	}
	return c.say(d)
}

// accept takes the page's answer to our offer.
func (c *conn) accept(d description, answer string) error {
	err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer})
	if err != nil {
		return err
	}
	c.them = d
	return nil
}

// answer takes an offer of the page, the first one or a later one, and gives our answer to it.
func (c *conn) answer(d description, offer string) (string, error) {
	err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer})
	if err != nil {
		return "", fmt.Errorf("the browser's offer: %w", err)
	}
	a, err := c.pc.CreateAnswer(nil)
	if err != nil {
		return "", fmt.Errorf("answer: %w", err)
	}
	c.them = d
	return c.say(a)
}

// say puts our own description in force and waits for the candidates in it: they are our own sockets, so it is
// a matter of a millisecond.
func (c *conn) say(d webrtc.SessionDescription) (string, error) {
	gathered := webrtc.GatheringCompletePromise(c.pc)
	if err := c.pc.SetLocalDescription(d); err != nil {
		return "", fmt.Errorf("our own SDP: %w", err)
	}
	limit := time.NewTimer(c.t.Gather)
	defer limit.Stop()
	select {
	case <-gathered:
	case <-limit.C:
		return "", errors.New("our own addresses could not be found out in time")
	}
	c.said = c.pc.LocalDescription().SDP
	return c.said, nil
}

// close gives everything back. It tells whether that was done in time.
func (c *conn) close() bool {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.pc.GracefulClose()
		c.readers.Wait()
	}()
	limit := time.NewTimer(c.t.Close)
	defer limit.Stop()
	select {
	case <-done:
		return true
	case <-limit.C:
		return false
	}
}

// way is how the sound travels, for the trace.
func (c *conn) way() string {
	t := c.pc.SCTP().Transport().ICETransport()
	pair, err := t.GetSelectedCandidatePair()
	if err != nil || pair == nil {
		return "over an unknown way"
	}
	return fmt.Sprintf("over %s, %s:%d to %s:%d", pair.Local.Protocol, pair.Local.Address, pair.Local.Port, pair.Remote.Address, pair.Remote.Port)
}
