package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
)

// What the first start writes. It is a start to be edited, so it says what it is.
const (
	personMe = `person: me
# Who is called first. Put your number here: tel:+819012345678, or sip:me@192.0.2.10.
# sim:me is a simulated phone in this process: it answers after three seconds and presses 1.
name: me
language: %s
contacts:
  - %s
`
	planDefault = `plan: default
# One person, three rounds, until a key is pressed. "kaden plan explain" shows who would ring when.
confirm: key
steps:
  - call: [me]
    order: in-turn
    need: first
    ring: 25s
    rounds: 3
    gap: 30s
`
	sourceText = `source: %s
kind: %s
# The secret in the URL. Whoever has it can wake people up.
key: %s
plan: default
`
)

// moveIn makes the account, and at the first start a person, a plan and two sources.
func (r *rooms) moveIn(ctx context.Context) error {
	if err := r.openAccount(ctx); err != nil {
		return err
	}
	docs, err := r.store.Documents(ctx)
	if err != nil || len(docs) > 0 {
		return err
	}
	r.first = true
	return r.store.Apply(ctx, []manifest.Document{
		document("person", "me", fmt.Sprintf(personMe, language(os.Getenv("LANG")), "sim:me")),
		document("plan", "default", planDefault),
		document("source", "json", fmt.Sprintf(sourceText, "json", "json", newKey())),
		document("source", "mackerel", fmt.Sprintf(sourceText, "mackerel", "mackerel", newKey())),
	})
}

func document(kind, name, text string) manifest.Document {
	return manifest.Document{Kind: kind, Name: name, Text: text}
}

// newKey is the secret of a source: 160 random bits.
func newKey() string {
	var b [20]byte
	rand.Read(b[:]) // never fails (crypto/rand, Go 1.24)
	return hex.EncodeToString(b[:])
}

// language is what the newcomer reads, as far as the terminal tells.
func language(lang string) string {
	if strings.HasPrefix(lang, "ja") {
		return "ja-JP"
	}
	return "en-US"
}

// setPhone makes an address the phone of the person "me".
func (r *rooms) setPhone(ctx context.Context, phone string) error {
	if phone == "" {
		return nil
	}
	a, err := number.ParseAddress(phone)
	if err != nil {
		return fmt.Errorf("--phone: %w", err)
	}
	if ok, why := a.Number.Class().Dialable(); a.Scheme == number.Tel && !ok {
		return fmt.Errorf("--phone %s: %s", phone, why)
	}
	text := fmt.Sprintf(personMe, language(os.Getenv("LANG")), a)
	if err := r.store.Apply(ctx, []manifest.Document{document("person", "me", text)}); err != nil {
		return err
	}
	return r.reload(ctx)
}

// openAccount finds the main account, or makes it; what the settings say goes before what is stored.
func (r *rooms) openAccount(ctx context.Context) error {
	all, err := r.store.Accounts(ctx)
	if err != nil {
		return err
	}
	a := account.New("kaden", time.Now())
	if want := sid.Account(r.settings.Account.SID); want != "" {
		stored, err := r.store.Account(ctx, want)
		switch {
		case err == nil:
			a = stored
		case errors.Is(err, account.ErrNotFound):
			a.SID = want
		default:
			return err
		}
	} else if len(all) > 0 {
		a = all[0]
	}
	a.AuthToken = cmp.Or(r.settings.Account.Token, a.AuthToken)
	if err := r.store.PutAccount(ctx, a); err != nil {
		return err
	}
	r.account = a
	// The commands of this machine find the token here, readable by its owner alone.
	return writeSecret(r.settings.dataFile(tokenFile), a.AuthToken+"\n")
}

// writeSecret replaces a file that only its owner may read.
func writeSecret(path, text string) error {
	tmp := path + ".new"
	if err := os.WriteFile(tmp, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
