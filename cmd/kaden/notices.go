package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/job"
	"github.com/kaden-project/kaden/notice"
)

// tellNotices has what is loud carried to mail, chat and other systems, as jobs.
func (r *rooms) tellNotices(w *job.Workers) {
	sender := notice.New(r.log, nil).Texting(r.textNotice)
	job.Handle(w, func(ctx context.Context, t dispatch.Telling) error {
		n, ok := r.house.Load().Notices[t.Notice]
		if !ok {
			return job.GiveUp(fmt.Errorf("there is no notice %q any more", t.Notice))
		}
		m := notice.Message{
			ID: t.ID, At: t.At.UTC(), Title: t.Title, Text: t.Text,
			Alert: t.Alert, Callout: t.Callout, Severity: t.Severity, Source: t.Source,
		}
		if r.settings.PublicURL != "" && t.Path != "" {
			m.Link = strings.TrimRight(r.settings.PublicURL, "/") + t.Path
		}
		err := sender.Send(ctx, n, m)
		if errors.Is(err, notice.ErrRefused) {
			r.log.Error("notice not sent, and not tried again", "alert", t.Alert, "title", t.Title, "err", err)
			return job.GiveUp(err)
		}
		return err
	})
}
