package main

import (
	"fmt"
	"os"

	"github.com/kaden-project/kaden/speech"
	"github.com/kaden-project/kaden/speech/flite"
	"github.com/kaden-project/kaden/speech/openjtalk"
)

// engines are the voices that the settings ask for, in order of preference.
func engines(s settings) []speech.Provider {
	return []speech.Provider{
		openjtalk.New(openjtalk.Config{Dictionary: s.Speech.OpenJTalk.Dictionary, Voice: s.Speech.OpenJTalk.Voice}),
		flite.New(flite.Config{Voice: s.Speech.Flite.Voice}),
	}
}

// readings reads an installation's own list of readings; nil if it has none.
func readings(file string) (*speech.Dictionary, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("speech.dictionary: %w", err)
	}
	words, err := speech.ParseDictionary(text)
	if err != nil {
		return nil, fmt.Errorf("speech.dictionary: %s: %w", file, err)
	}
	return words, nil
}
