// Package pager carries short messages over SIP: each is a request of its own (MESSAGE, RFC 3428, pager mode).
//
// A [Client] is the paced carrier of package message for the trunks that carry messages ([trunk.Messages]) and, under the
// name [Direct], for SIP addresses: phones of our own, and others' servers. [Client.Turn] gives out a trunk's rate and window,
// and lets one message at a time go to a recipient, so that words arrive in the order in which they were written;
// [Client.Send] is one MESSAGE and its answer. Nobody can be asked over SIP for a message whose answer was lost
// ([Client.Find]): such a one is not sent again.
//
// That a carrier accepts a message says nothing of a telephone: it is sent. What a phone of ours answers itself, and a
// delivery report (IMDN, RFC 5438), says that it is delivered. [Read] takes apart what comes in; nothing here keeps records.
package pager

import (
	"context"
	"log/slog"
	"reflect"
	"sync"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/sipleg"
	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/trunk"
)

// Direct carries messages to SIP addresses. No document can have that name.
const Direct = "sip:"

// Config is what a Client works with.
type Config struct {
	SIP    SIP
	Phones Phones
}

// SIP sends messages, and knows how lines stand; *sipleg.Server is one.
type SIP interface {
	Write(ctx context.Context, to leg.Target, m sipleg.Letter) (sipleg.Reply, error)
	Standing(line string) (sipleg.Standing, bool)
}

// Phones are those that register here.
type Phones interface {
	// Deliver hands words to every phone of an address, and gives the best of their answers: 404 where nobody has that
	// name, 480 where none is registered or none answers. ours is false for an address of others.
	Deliver(ctx context.Context, from leg.Target, to, kind string, body []byte) (status int, ours bool)
}

// Client is the way out over SIP. Its methods may be called from any goroutine.
type Client struct {
	log *slog.Logger
	cfg Config

	mu      sync.Mutex
	lines   map[string]*line
	changed chan struct{}         // closed when a line stands differently, or is another one
	queues  map[string]*recipient // by address
}

// line is a trunk that carries messages.
type line struct {
	doc    trunk.Trunk
	gate   chan struct{} // one at a time waits for the pace, in the order they came
	window chan struct{} // one for each message under way

	mu   sync.Mutex
	next time.Time // when the next message may leave
}

// recipient is one address, to which one message at a time goes.
type recipient struct {
	turn  chan struct{}
	users int
}

var _ message.Pacer = (*Client)(nil)

// New makes a Client.
func New(log *slog.Logger, cfg Config) *Client {
	return &Client{log: log, cfg: cfg, lines: map[string]*line{}, changed: make(chan struct{}), queues: map[string]*recipient{}}
}

// Set says which trunks there are; those that carry no messages are passed over.
func (c *Client) Set(list []trunk.Trunk) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.lines
	c.lines = map[string]*line{}
	for _, t := range list {
		switch l := old[t.Name]; {
		case t.Messages.As == "":
		case l != nil && reflect.DeepEqual(l.doc, t):
			c.lines[t.Name] = l
		default:
			c.lines[t.Name] = &line{doc: t, gate: make(chan struct{}, 1), window: make(chan struct{}, max(1, t.Messages.Window))}
		}
	}
	c.wake()
}

// Changed lets messages that wait for a line look again how it stands. It does not wait.
func (c *Client) Changed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wake()
}

// wake is Changed; mu is held.
func (c *Client) wake() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// find is a line, nil if there is none, and what is closed when that may be otherwise.
func (c *Client) find(name string) (*line, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lines[name], c.changed
}
