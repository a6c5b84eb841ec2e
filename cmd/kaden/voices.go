package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

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

// readings reads an installation's own list: a line a word, the word, a tab, and how it is read.
func readings(file string) (map[string]string, error) {
	if file == "" {
		return nil, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("speech.dictionary: %w", err)
	}
	defer f.Close()
	words := map[string]string{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		word, reading, ok := strings.Cut(line, "\t")
		if !ok || strings.TrimSpace(word) == "" || strings.TrimSpace(reading) == "" {
			return nil, fmt.Errorf("speech.dictionary: %s line %d: a word, a tab and its reading are wanted, such as db01<tab>ディービーゼロイチ", file, n)
		}
		words[strings.TrimSpace(word)] = strings.TrimSpace(reading)
	}
	return words, lines.Err()
}
