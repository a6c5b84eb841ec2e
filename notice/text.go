package notice

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// longestText is how many characters of a message go into a short one: some six parts on the air, of Japanese.
const longestText = 400

// write sends short messages, one to each telephone. One that cannot be sent keeps nobody else from being told.
func (s *Sender) write(ctx context.Context, n Notice, m Message) error {
	if s.text == nil {
		return fmt.Errorf("%w: nothing here sends short messages", ErrRefused)
	}
	body := m.short()
	var errs []error
	passing := false
	for _, to := range n.Texts.To {
		err := s.text(ctx, n.Name+" "+m.ID+" "+string(to), n.Texts.From, to, body)
		if err != nil {
			passing = passing || !errors.Is(err, ErrRefused)
			errs = append(errs, err)
		}
	}
	err := errors.Join(errs...)
	if err != nil && passing { // who was told already is not told again: their message has its id
		return errors.New(err.Error())
	}
	return err
}

// short is a message in a few words, with the way to the rest.
func (m Message) short() string {
	text := m.Title
	if m.Text != "" && m.Text != m.Title {
		text += "\n" + m.Text
	}
	if r := []rune(text); len(r) > longestText {
		text = string(r[:longestText-1]) + "…"
	}
	if m.Link != "" {
		text += "\n" + m.Link
	}
	return strings.TrimSpace(text)
}
