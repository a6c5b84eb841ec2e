package speech

import (
	"fmt"
	"strings"
)

// DefaultLanguage is spoken where neither a language nor a voice says otherwise (Twilio: Say, "language").
const DefaultLanguage = "en-US"

// pollyVoices are the languages of Amazon Polly's voices by name, with which TwiML names them.
var pollyVoices = func() map[string]string {
	voices := map[string]string{}
	for language, names := range map[string]string{
		"ja-JP": "Mizuki Takumi Kazuha Tomoko", "en-US": "Joanna Matthew Ivy Kendra Kimberly Salli Joey Justin Kevin Ruth Stephen Gregory Danielle Patrick",
		"en-GB": "Amy Emma Brian Arthur", "en-AU": "Nicole Russell Olivia", "en-IN": "Aditi Raveena Kajal", "en-NZ": "Aria", "en-ZA": "Ayanda", "en-IE": "Niamh",
		"en-GB-WLS": "Geraint", "fr-FR": "Celine Céline Lea Léa Mathieu Remi Rémi", "fr-CA": "Chantal Gabrielle Liam", "de-DE": "Marlene Vicki Hans Daniel",
		"de-AT": "Hannah", "es-ES": "Conchita Lucia Enrique Sergio", "es-MX": "Mia Andres Andrés", "es-US": "Lupe Penelope Miguel Pedro", "it-IT": "Carla Bianca Giorgio Adriano",
		"pt-BR": "Camila Vitoria Vitória Ricardo Thiago", "pt-PT": "Ines Inês Cristiano", "cmn-CN": "Zhiyu", "yue-CN": "Hiujin", "ko-KR": "Seoyeon Jihye", "nl-NL": "Lotte Laura Ruben",
		"pl-PL": "Ewa Maja Jacek Jan Ola", "ru-RU": "Tatyana Maxim", "sv-SE": "Astrid Elin", "tr-TR": "Filiz Burcu", "da-DK": "Naja Mads Sofie", "nb-NO": "Liv Ida", "ar": "Zeina",
	} {
		for name := range strings.FieldsSeq(names) {
			voices[strings.ToLower(name)] = language
		}
	}
	return voices
}()

// Resolve is the language in which a <Say> with Twilio's voice and language is spoken, and what is to be
// warned of. A voice with a name has its own language, which wins, as it does on Twilio; man, woman and
// alice speak the language asked for; so does a voice that is unknown. It always answers with a language,
// whether or not there is an engine for it.
func Resolve(voice, language string) (lang string, warnings []string) {
	language = strings.TrimSpace(language)
	own, known := voiceLanguage(strings.TrimSpace(voice))
	switch {
	case !known:
		warnings = append(warnings, fmt.Sprintf("voice %q is not known; the voice of the language is used", voice))
	case own != "" && language != "" && Base(own) != Base(language):
		warnings = append(warnings, fmt.Sprintf("voice %q speaks %s, not %s", voice, own, language))
	}
	switch {
	case own != "":
		return own, warnings
	case language != "":
		return language, warnings
	}
	return DefaultLanguage, warnings
}

// voiceLanguage is the language of a voice; "" for a voice that speaks any.
func voiceLanguage(voice string) (language string, known bool) {
	switch strings.ToLower(voice) {
	case "", "man", "woman", "alice", "default":
		return "", true
	}
	vendor, name, ok := strings.Cut(voice, ".")
	if !ok {
		return "", false
	}
	switch strings.ToLower(vendor) {
	case "polly":
		name, _, _ = strings.Cut(name, "-") // Takumi-Neural
		language, known = pollyVoices[strings.ToLower(name)]
		return language, known
	case "google":
		parts := strings.Split(name, "-") // ja-JP-Neural2-B
		if len(parts) >= 3 && len(parts[0]) >= 2 && len(parts[0]) <= 3 {
			return parts[0] + "-" + parts[1], true
		}
	}
	return "", false
}

// Base is the language without its region: ja for ja-JP.
func Base(language string) string {
	base, _, _ := strings.Cut(strings.ReplaceAll(language, "_", "-"), "-")
	return strings.ToLower(base)
}
