// Package voice runs TwiML on a call: it fetches documents, speaks, plays, listens for keys, and goes
// where the answers send it.
//
// [Runner.Script] is the [call.Script] of every call; [Runner.Prepare] speaks a document into the cache
// before anybody's phone rings. One file per verb, with the names of package twiml. What a document gets
// wrong costs it that verb, is told to [Config.Notify], and never costs the caller silence without end:
// a call either goes on, hears why not, or is hung up.
package voice

import (
	"cmp"
	"context"
	"errors"
	"log/slog"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/speech"
)

// Speaker turns words into sound. speech.Speaker is one; what it has spoken once it has at hand.
type Speaker interface {
	Speak(ctx context.Context, u speech.Utterance) (*media.Clip, error)
}

// Loader is an Asker that can bring more than the 64 KiB of a document: sound files. Without it, <Play>
// is limited to those.
type Loader interface {
	Load(ctx context.Context, a call.Ask, limit int) (call.Reply, error)
}

// Notice is an entry for an owner's debug log: what a document got wrong, or a server.
type Notice struct {
	Account sid.Account
	Call    sid.Call
	URL     string // of the document, "" for TwiML given with the call
	Problem problem.Problem
}

// Config is what a Runner works with.
type Config struct {
	Speaker  Speaker // nil: nothing can be said
	Asker    call.Asker
	Language string       // of <Say> where the document does not say; "" is en-US
	Notify   func(Notice) // nil: nobody keeps them. It must not block

	// Recordings keeps what <Record> takes down; nil: it is dropped, with a notice, and no action gets a URL.
	Recordings Recordings
	Texter     Texter // sends what an <Sms> says; nil: nothing does, with a notice

	Applications Applications // what an <Application> dials; nil: there are none
}

// Runner runs documents on calls. It may be used from any goroutine and keeps nothing of a call.
type Runner struct {
	log    *slog.Logger
	cfg    Config
	sounds sounds
}

// New makes a Runner.
func New(log *slog.Logger, cfg Config) *Runner {
	cfg.Language = cmp.Or(cfg.Language, "en-US")
	if cfg.Speaker == nil {
		cfg.Speaker = nobody{}
	}
	return &Runner{log: log, cfg: cfg}
}

var _ call.Script = (*Runner)(nil).Script

// nobody speaks where there is no engine.
type nobody struct{}

func (nobody) Speak(context.Context, speech.Utterance) (*media.Clip, error) {
	return nil, errors.New("there is no speech engine")
}
