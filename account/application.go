package account

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/kaden-project/kaden/sid"
)

// Voice is where the TwiML of a call comes from, and who is told of the call. One of URL, TwiML and Bin is set, or
// none: then there is nothing that could answer.
type Voice struct {
	URL                  string `json:",omitempty"`
	Method               string `json:",omitempty"` // GET or POST; "" is POST, here and below
	FallbackURL          string `json:",omitempty"`
	FallbackMethod       string `json:",omitempty"`
	TwiML                string `json:",omitempty"`
	Bin                  string `json:",omitempty"` // the name of a bin
	StatusCallback       string `json:",omitempty"`
	StatusCallbackMethod string `json:",omitempty"`
}

// Texts is who is asked about a short message that comes in, and who is told of one that goes out.
type Texts struct {
	URL            string `json:",omitempty"`
	Method         string `json:",omitempty"`
	FallbackURL    string `json:",omitempty"`
	FallbackMethod string `json:",omitempty"`
	StatusCallback string `json:",omitempty"`
}

// Application is Twilio's TwiML App: settings that numbers, calls and browser phones name by an identifier.
type Application struct {
	SID          sid.Application
	Account      sid.Account
	Name         string
	Voice        Voice
	Texts        Texts
	CallerLookup bool // wished for, never done: VoiceCallerIdLookup
	Public       bool // wished for, never done: PublicApplicationConnectEnabled
	// Document is the [Hash] of the document that described it when it was last changed over the API; "" is none.
	// A document that says something else by now takes its place.
	Document string
	Created  time.Time
	Updated  time.Time
}

// ApplicationSID is the identifier of an application that a document describes: always the same for the same name.
func ApplicationSID(name string) sid.Application {
	sum := sha256.Sum256([]byte("kaden application " + name))
	return sid.Application("AP" + hex.EncodeToString(sum[:16]))
}

// Hash is the same for the same document.
func Hash(document string) string {
	sum := sha256.Sum256([]byte(document))
	return hex.EncodeToString(sum[:16])
}

// Applications keeps applications. What it does not have is [ErrNotFound].
type Applications interface {
	Application(ctx context.Context, account sid.Account, id sid.Application) (Application, error)
	// Applications lists those of a name, or all (""), newest first; next is the place to go on after, 0 at the end.
	Applications(ctx context.Context, account sid.Account, name string, p Page) (list []Application, next int64, err error)
	PutApplication(ctx context.Context, a Application) error
	DeleteApplication(ctx context.Context, account sid.Account, id sid.Application) error
}
