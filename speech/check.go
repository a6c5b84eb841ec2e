package speech

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// Engine is what is known about one engine for one language after it was tried.
type Engine struct {
	Language string // ja, en …
	Name     string // "" when nobody speaks the language
	Version  string
	Err      error // nil when it works; *ErrNoEngine says what to install
}

// Check has every engine say a word in each of its languages, past all caches, and tells what came of it. The languages that
// kaden's own messages need, Japanese and English, are always in the answer. It is for the start and for
// kaden doctor, and takes less than a second where all is well.
func (s *Speaker) Check(ctx context.Context) []Engine {
	languages := []string{"ja", "en"}
	for _, p := range s.providers {
		for _, l := range p.Languages() {
			if !slices.Contains(languages, l) {
				languages = append(languages, l)
			}
		}
	}
	var tries []func() Engine
	for _, l := range languages {
		spoken := false
		for _, p := range s.providers {
			if slices.Contains(p.Languages(), l) {
				spoken = true
				tries = append(tries, func() Engine { return s.try(ctx, p, l) })
			}
		}
		if !spoken {
			tries = append(tries, func() Engine { return Engine{Language: l, Err: &ErrNoEngine{Language: l}} })
		}
	}
	out := make([]Engine, len(tries))
	var all sync.WaitGroup
	for i, try := range tries {
		all.Go(func() { out[i] = try() }) // side by side: one that hangs is waited for alone
	}
	all.Wait()
	return out
}

func (s *Speaker) try(ctx context.Context, p Provider, language string) Engine {
	text := map[string]string{"ja": "はい、動いています。", "en": "Yes, it works."}[language]
	if text == "" {
		text = "1 2 3"
	}
	e := Engine{Language: language, Name: p.Name(), Version: p.Version()}
	_, e.Err = s.synthesize(ctx, p, Request{Text: text, Language: language, Rate: 1})
	return e
}

// String is the line that kaden doctor prints.
func (e Engine) String() string {
	if e.Err != nil {
		return e.Err.Error()
	}
	return fmt.Sprintf("%s: %s %s", languageName(e.Language), e.Name, e.Version)
}
