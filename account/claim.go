package account

import (
	"context"
	"time"

	"github.com/kaden-project/kaden/sid"
)

// Claim is what was said over the API about a number that a document describes: whose it is, and how it answers.
type Claim struct {
	Number      string      // as in [Number]
	Account     sid.Account // whose it is; "" is nobody's: it was given back
	Name        string
	Voice       Voice
	Texts       Texts
	Application string // the SID of the application that answers; "" is none
	// Document is the [Hash] of the number's document at that time. A document that says something else by now
	// takes the place of Voice, Texts and Application, but not of Account.
	Document string
	Version  int // counts the changes; see [Claims.PutClaim]
	Created  time.Time
	Updated  time.Time
}

// Claims keeps what was said about numbers.
type Claims interface {
	Claims(ctx context.Context) ([]Claim, error)
	// PutClaim inserts what is said about a number for the first time (version 0), or replaces the version that c has; the
	// kept one's is one more. ErrChanged says that something else was said meanwhile: of two who take a number that nobody
	// has, one gets it.
	PutClaim(ctx context.Context, c Claim) error
}

// Voice is what answers a call to the number, an application aside.
func (n Number) Voice() Voice {
	return Voice{n.URL, n.Method, n.FallbackURL, n.FallbackMethod, n.TwiML, n.Bin, n.StatusCallback, n.StatusCallbackMethod}
}

// Answering is the number with another Voice.
func (n Number) Answering(v Voice) Number {
	n.URL, n.Method, n.FallbackURL, n.FallbackMethod, n.TwiML, n.Bin = v.URL, v.Method, v.FallbackURL, v.FallbackMethod, v.TwiML, v.Bin
	n.StatusCallback, n.StatusCallbackMethod = v.StatusCallback, v.StatusCallbackMethod
	return n
}

// Answers tells whether anything answers a call to the number.
func (n Number) Answers() bool {
	return n.URL != "" || n.TwiML != "" || n.Bin != "" || n.Application != "" || n.Scripted()
}

// Owned is the number of a document as it is now: main's if it answers and nobody said anything about it, else as c
// says, whose settings hold until the document says something else. c may be nil. A number that kaden's own
// script answers is main's whatever was said.
func (n Number) Owned(c *Claim, main sid.Account) Number {
	if n.Answers() {
		n.Account = main
	}
	if c == nil || n.Scripted() {
		return n
	}
	n.Said = c.Version
	current := c.Document == n.Document
	if !current && c.Account == "" && n.Answers() {
		return n // it was given back, and then described anew
	}
	n.Account, n.Name, n.Created, n.Updated = c.Account, c.Name, c.Created, c.Updated
	if current {
		n.Texts, n.Application = c.Texts, c.Application
		n = n.Answering(c.Voice)
	}
	return n
}

// Claimed is what is said about the number when it is as it is here.
func (n Number) Claimed(now time.Time) Claim {
	created := n.Created
	if created.IsZero() {
		created = now
	}
	return Claim{
		Number: n.Number, Account: n.Account, Name: n.Name, Voice: n.Voice(), Texts: n.Texts, Application: n.Application,
		Document: n.Document, Version: n.Said, Created: created, Updated: now,
	}
}
