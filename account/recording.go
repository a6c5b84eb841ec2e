package account

import (
	"context"
	"time"

	"github.com/kaden-project/kaden/sid"
)

// Recording is what is known of a piece of sound that was taken down on a call or in a conference.
type Recording struct {
	SID        sid.Recording
	Account    sid.Account
	Call       sid.Call       // "" for a conference's
	Conference sid.Conference // "" for a call's
	Source     string         // RecordVerb DialVerb Conference OutboundAPI StartCallRecordingAPI StartConferenceRecordingAPI
	Track      string         // inbound outbound both
	Channels   int            // 1 or 2: mixed, or parent and child beside each other
	Status     string         // in-progress paused stopped processing completed absent
	ErrorCode  int            // why it is absent, 0 if it is not
	Started    time.Time
	Duration   time.Duration
	Created    time.Time
	Updated    time.Time
}

// RecordingFilter selects recordings; zero fields do not filter.
type RecordingFilter struct {
	Account    sid.Account
	Call       sid.Call
	Conference sid.Conference
	Created    Span
	Page
}

// Recordings keeps recordings and their sound. What it does not have is [ErrNotFound].
type Recordings interface {
	// PutRecording inserts or replaces what is known, durable when it returns. wav is the whole file; nil leaves the
	// sound that is there.
	PutRecording(ctx context.Context, r Recording, wav []byte) error
	Recording(ctx context.Context, account sid.Account, id sid.Recording) (Recording, error)
	// RecordingSound is its WAV; ErrNotFound also while there is none yet.
	RecordingSound(ctx context.Context, account sid.Account, id sid.Recording) (wav []byte, err error)
	Recordings(ctx context.Context, f RecordingFilter) (list []Recording, next int64, err error)
	// DeleteRecording forgets it and its sound.
	DeleteRecording(ctx context.Context, account sid.Account, id sid.Recording) error
	// ForgetRecordings deletes at most so many that are older, the oldest first, and says how many those were.
	ForgetRecordings(ctx context.Context, before time.Time, most int) (n int, err error)
}
