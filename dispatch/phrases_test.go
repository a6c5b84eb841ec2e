package dispatch

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
)

var holes = regexp.MustCompile(`%(\[\d\])?0?\d?[sd]`)

// Each language says everything, with the same things in it.
func TestEveryLanguageSaysEverything(t *testing.T) {
	en := reflect.ValueOf(english)
	for lang, p := range house {
		v := reflect.ValueOf(p)
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			switch f := v.Field(i); f.Kind() {
			case reflect.String:
				want, got := holes.FindAllString(en.Field(i).String(), -1), holes.FindAllString(f.String(), -1)
				if f.String() == "" || len(got) != len(want) {
					t.Errorf("%s %s: %q has the holes %v, want as many as %v", lang, name, f.String(), got, want)
				}
			case reflect.Map:
				if f.Len() != en.Field(i).Len() {
					t.Errorf("%s %s: %d entries, want %d", lang, name, f.Len(), en.Field(i).Len())
				}
			}
		}
		for _, text := range p.fixed() {
			if strings.Contains(text, "%!") || text == "" {
				t.Errorf("%s: a fixed phrase is %q", lang, text)
			}
		}
	}
}

func TestAFewNamesAreSaidAndTheRestIsCounted(t *testing.T) {
	names := []string{"Sato", "Suzuki", "Tanaka", "Ito", "Abe", "Mori", "Ono"}
	if got := english.list(names); got != "Sato, Suzuki, Tanaka, Ito, Abe and 2 more" {
		t.Errorf("%q", got)
	}
	if got := japanese.list(names[:2]); got != "Sato、Suzuki" {
		t.Errorf("%q", got)
	}
	if got := phrasesOf("fr"); got.lang != "en" {
		t.Errorf("French is spoken in %s", got.lang)
	}
}
