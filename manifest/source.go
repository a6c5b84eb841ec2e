package manifest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/problem/yamldoc"
)

// Keys of sources: 22 characters of letters and digits are 128 random bits; under 8 nobody even tried.
const (
	goodKey  = 22
	leastKey = 8
)

// readSource reads a source's document, and gives the place of its plan:
//
//	source: mackerel
//	kind: mackerel           # may be left out where the name is a kind
//	key: file:/etc/kaden/mackerel.key
//	plan: night-shift        # nothing: the default plan
func readSource(text []byte, secrets Secrets) (alert.Source, yamldoc.Value, problem.List) {
	doc := yamldoc.Parse(text)
	s := alert.Source{
		Name: doc.Need("source", "mackerel").Text(),
		Kind: doc.Take("kind").OneOf(alert.Kinds()...),
		Key:  readKey(doc.Need("key", "32 random letters and digits"), secrets),
		Plan: doc.Take("plan").Text(),
	}
	if first := doc.Take("source"); strings.IndexFunc(s.Name, func(r rune) bool { return r > '~' }) >= 0 {
		first.Error(fmt.Sprintf("%q is part of a web address, so it is written in ASCII", s.Name), "")
	}
	if s.Kind == "" && !doc.Take("kind").Given() {
		if slices.Contains(alert.Kinds(), s.Name) {
			s.Kind = s.Name
		} else {
			doc.Need("kind", strings.Join(alert.Kinds(), " or "))
		}
	}
	return s, doc.Take("plan"), doc.Done()
}

func readKey(v yamldoc.Value, secrets Secrets) string {
	key := v.Secret(secrets)
	if key == "" || key == v.Text() && secrets == nil && (strings.HasPrefix(key, "env:") || strings.HasPrefix(key, "file:")) {
		return key
	}
	const hint = "openssl rand -hex 16 makes a good one"
	inURL := func(r rune) bool {
		return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("-._~", r)
	}
	switch {
	case strings.IndexFunc(key, func(r rune) bool { return !inURL(r) }) >= 0:
		v.Error("a key is part of a web address: only letters, digits and -._~", hint)
		return ""
	case len(key) < leastKey:
		v.Error(fmt.Sprintf("a key of %d characters is guessed in no time", len(key)), hint)
		return ""
	case len(key) < goodKey:
		v.Warn(fmt.Sprintf("a key of %d characters can be guessed", len(key)), hint)
	}
	return key
}
