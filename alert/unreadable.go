package alert

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Unreadable is the key of all that a source sent and that could not be read: one incident for each source,
// however much of it comes (ADR 95). Keys that begin like it are never a sender's.
const Unreadable = ours + "unreadable"

// ours is how the keys of kaden's own words about a source begin.
const ours = "kaden:"

// Of a body that could not be read so much is shown; a person has to find their way in it at night.
const longestShown = 4096 // bytes

// LabelWords is the label of a [Fallback] with what could be made out of it all the same: the title in broken JSON, the
// first line of a text. It is spoken.
const LabelWords = "words"

// Fallback is the alert for what could not be read of a delivery. Behind it there may be a house on fire, so its
// severity is Unknown and it calls like any other; its body shows what came, without what looks like a secret.
func Fallback(source, kind string, raw []byte, err error) Alert {
	shown := readable(raw)
	a := Alert{
		Source:   source,
		Key:      Unreadable,
		Action:   Trigger,
		Severity: Unknown,
		Title:    source + " sent something that could not be read",
		Body:     shown,
		Labels:   map[string]string{"kind": kind},
	}
	if words := glimpse(shown); words != "" {
		a.Title += ": " + words
		a.Labels[LabelWords] = words
	}
	if err != nil {
		a.Problem = err.Error()
	}
	return Clean(a)
}

// readable is the beginning of a body as text, if it is text at all.
func readable(raw []byte) string {
	raw = raw[:min(len(raw), longestShown)]
	odd := 0
	for _, r := range string(raw) {
		if r == utf8.RuneError || unicode.IsControl(r) && !unicode.IsSpace(r) {
			odd++
		}
	}
	if odd*10 > len(raw) {
		return fmt.Sprintf("(%d bytes that are no text)", len(raw))
	}
	return secrets.ReplaceAllString(string(raw), "$1(taken out)")
}

var (
	// secrets are fields whose name says that their value opens something, in JSON, forms and headers.
	secrets = regexp.MustCompile(`(?i)("?[\w.-]*(?:passw|pwd|secret|token|api[_-]?key|apikey|routing_key|authorization|credential|cookie|signature)[\w.-]*"?\s*[:=]\s*)` +
		`("(?:[^"\\]|\\.)*"?|(?:bearer|basic|geniekey)\s+[^\s"&,;}]+|[^\s"&,;}]+)`)

	titled  = regexp.MustCompile(`(?i)"(?:title|summary|message|text|alertname|monitorName|AlarmName|subject)"\s*:\s*"((?:[^"\\]|\\.)+)`)
	inForms = regexp.MustCompile(`(?i)(?:^|[?&])(?:title|summary|message|text|subject)=([^&\s]+)`)
)

// glimpse is what can be made out of something that could not be read, on one line; "" if there is nothing.
func glimpse(shown string) string {
	const longest = 120 // runes: it is spoken
	if m := titled.FindStringSubmatch(shown); m != nil {
		var title string
		if json.Unmarshal([]byte(`"`+m[1]+`"`), &title) != nil {
			title = m[1]
		}
		return line(title, longest)
	}
	if m := inForms.FindStringSubmatch(shown); m != nil {
		if title, err := url.QueryUnescape(m[1]); err == nil {
			return line(title, longest)
		}
	}
	first, _, _ := strings.Cut(strings.TrimSpace(shown), "\n")
	if strings.ContainsAny(first, "{}[]<>=&\"") || strings.HasPrefix(first, "(") || strings.HasPrefix(first, "--") || strings.IndexFunc(first, unicode.IsLetter) < 0 {
		return ""
	}
	return line(first, longest)
}
