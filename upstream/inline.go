package upstream

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/twiml"
)

// Where the platform can reach us it is given the address of a script, and asks for each part of it. Where it
// cannot, the script goes with the order, as far as it needs no answer: what is said, some times over. A script
// that takes a key cannot be told so.

const (
	mostTwiML = 4000 // characters of Twiml= (contract 3.1)
	times     = 3    // that a message without an end is said
)

// script is what a call is told to do.
type script struct {
	url, method string
	twiml       string
	lasts       time.Duration // how long the message takes, about; 0 where the platform asks for what comes next
	next        string        // what it would ask for then: it tells the house that the message was heard
}

// into puts the script into an order or an update.
func (s script) into(v url.Values) {
	if s.url != "" {
		v.Set("Url", s.url)
		v.Set("Method", s.method)
		return
	}
	v.Set("Twiml", s.twiml)
}

// prepare makes the call's script ready.
func (k *Call) prepare(ctx context.Context) (err error) {
	k.script, err = k.client.script(ctx, k.order.Program)
	return err
}

// script makes a program into what a platform can be told.
func (c *Client) script(ctx context.Context, p call.Program) (script, error) {
	if p.URL == "" {
		return script{twiml: p.TwiML}, fits(p.TwiML)
	}
	method := p.Method
	if method == "" {
		method = http.MethodPost
	}
	path, ours := strings.CutPrefix(p.URL, c.cfg.Origin+"/")
	if !ours {
		return script{url: p.URL, method: method}, nil
	}
	if c.cfg.PublicURL != "" {
		return script{url: c.cfg.PublicURL + "/" + path, method: method}, nil
	}
	reply, err := c.cfg.Scripts.Ask(ctx, call.Ask{Method: method, URL: p.URL})
	if err == nil && reply.Status != http.StatusOK {
		err = fmt.Errorf("it is answered with HTTP %d", reply.Status)
	}
	if err != nil {
		return script{}, fmt.Errorf("the script cannot be read: %w", err)
	}
	doc, problems := twiml.Parse(reply.Body)
	if doc == nil {
		return script{}, fmt.Errorf("the script cannot be read: %v", problems)
	}
	return inline(p.URL, doc)
}

func fits(text string) error {
	if n := utf8.RuneCountInString(text); n > mostTwiML {
		return fmt.Errorf("the script has %d characters, and without a public URL an upstream takes %d: shorten what the plan says", n, mostTwiML)
	}
	return nil
}

// inline makes a document self-contained: a redirect at its end, which says it all again, becomes the message
// said some times over.
func inline(base string, doc *twiml.Response) (s script, err error) {
	var said []twiml.Verb
	again := false
	for _, v := range doc.Verbs {
		switch v := v.(type) {
		case *twiml.Say, *twiml.Pause:
			said = append(said, v)
		case *twiml.Play: // a sound that only we could serve
		case *twiml.Hangup:
		case *twiml.Redirect:
			if s.next, err = resolve(base, v.URL); err != nil {
				return script{}, err
			}
			again = true
		default:
			return script{}, fmt.Errorf("%w (<%s>)", ErrNoPublicURL, v.Name())
		}
	}
	for n := times; ; n-- {
		verbs := slices.Clone(said)
		for i := 1; again && i < n; i++ {
			verbs = append(append(verbs, &twiml.Pause{Length: time.Second}), said...)
		}
		text, err := twiml.Write(&twiml.Response{Verbs: append(verbs, &twiml.Hangup{})})
		if err != nil {
			return script{}, fmt.Errorf("the script cannot be written: %w", err)
		}
		s.twiml = string(text)
		if err = fits(s.twiml); err == nil || n <= 1 || !again {
			s.lasts = lasts(said)
			if !again {
				s.lasts = 0
			}
			return s, err
		}
	}
}

func resolve(base, ref string) (string, error) {
	u, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	r, err := u.Parse(ref)
	if err != nil {
		return "", err
	}
	return r.String(), nil
}

// lasts is about how long something takes to be said: nobody here hears it. Better a little long: who hangs up
// before that has not heard it all.
func lasts(verbs []twiml.Verb) (d time.Duration) {
	for _, v := range verbs {
		switch v := v.(type) {
		case *twiml.Pause:
			d += v.Length
		case *twiml.Say:
			for _, r := range v.Text() {
				if r > 0x2e80 { // a kana or a kanji, about two sounds
					d += 190 * time.Millisecond
				} else {
					d += 75 * time.Millisecond
				}
			}
		}
	}
	return d
}
