package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/store/memstore"
)

func TestWhatIsTooOldIsClearedAwayALittleAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		books := memstore.New()
		for i := range 450 {
			at := time.Now().Add(-time.Duration(i) * time.Hour)
			r := account.Recording{SID: sid.Recording(fmt.Sprintf("RE%032d", i)), Account: "AC1", Created: at, Updated: at}
			if err := books.PutRecording(t.Context(), r, []byte("RIFF")); err != nil {
				t.Fatal(err)
			}
		}
		var log strings.Builder
		r := &rooms{log: slog.New(slog.NewTextHandler(&log, nil))}
		var steps []int
		some := func(ctx context.Context, before time.Time, most int) (int, error) {
			n, err := books.ForgetRecordings(ctx, before, most)
			steps = append(steps, n)
			return n, err
		}
		r.forget(t.Context(), "recordings", 0, some)
		if len(steps) != 0 {
			t.Errorf("kept for ever, and still %v", steps)
		}
		r.forget(t.Context(), "recordings", 24*time.Hour, some)
		if fmt.Sprint(steps) != "[200 200 25 0]" || !strings.Contains(log.String(), "count=425") {
			t.Errorf("forgotten in steps of %v\n%s", steps, &log)
		}
		if _, err := books.RecordingSound(t.Context(), "AC1", sid.Recording(fmt.Sprintf("RE%032d", 24))); err != nil {
			t.Errorf("one that is exactly as old as it may be: %v", err)
		}
		steps = nil
		r.forget(t.Context(), "recordings", time.Hour, func(context.Context, time.Time, int) (int, error) {
			steps = append(steps, 1)
			return 0, errors.New("disk full")
		})
		if len(steps) != 1 || !strings.Contains(log.String(), "disk full") {
			t.Errorf("after an error it went on: %v", steps)
		}
	})
}
