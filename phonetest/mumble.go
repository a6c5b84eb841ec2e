package phonetest

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/speech"
)

// Mumble speaks without a voice: a clip of silence, 50 ms a letter, whose caption is the text. Languages
// other than Japanese and English are more than it can do.
type Mumble struct{}

// perLetter is how long a letter takes: fifteen are 0.75 s, as when somebody reads aloud.
const perLetter = 50 * time.Millisecond

// Speak makes the clip at once.
func (Mumble) Speak(ctx context.Context, u speech.Utterance) (*media.Clip, error) {
	var words strings.Builder
	var length time.Duration
	for _, s := range u.Spans {
		if s.Pause > 0 && words.Len() > 0 {
			words.WriteByte(' ')
		}
		words.WriteString(s.Text)
		length += s.Pause + time.Duration(utf8.RuneCountInString(s.Text))*perLetter
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return media.NewClip(make([]int16, int(length.Seconds()*media.Rate)), strings.Join(strings.Fields(words.String()), " ")), nil
}
