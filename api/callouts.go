package api

import (
	"context"
	"time"

	"github.com/kaden-project/kaden/dispatch"
)

// Callouts is told what people decide about alerts: *dispatch.Dispatcher.
type Callouts interface {
	Decider
	Halter
	Rehearser
	Prover
	// Busy is how many call-outs are driven here now.
	Busy() int
}

// Decider carries out what somebody decides about one alert. by is a person, or the door they came in by.
type Decider interface {
	Acknowledge(ctx context.Context, alert, by string) error
	Stop(ctx context.Context, alert, by string) error
	Resolve(ctx context.Context, alert, by string) error
	Release(ctx context.Context, alert, by string) error
	Snooze(ctx context.Context, alert, by string, d time.Duration) error // 0: 30 min
	HandOver(ctx context.Context, alert, by, to string) error            // *dispatch.NotSomebody
	Alive(ctx context.Context, alert, by string) error
	Summon(ctx context.Context, alert, by string) error
	Why(ctx context.Context, alert string) (dispatch.Explanation, error)
	// LinkToken is what proves that somebody was given the page of one alert.
	LinkToken(alert string) string
}

// Halter is the kill switch (rule 33).
type Halter interface {
	Halt(ctx context.Context, by, why string, d time.Duration) (dispatch.Hold, error) // 0 and more than 30 min: 30 min
	Unhalt(ctx context.Context, by string) error
	Held() dispatch.Hold // zero: nothing is held
}

// Rehearser runs drills (rule 26): dispatch.ErrNight, dispatch.ErrNoPlan.
type Rehearser interface {
	Drill(ctx context.Context, plan, by string, force bool) (alert string, err error)
}

// Prover finds out by a call with a code whether somebody is at an address.
type Prover interface {
	Verify(ctx context.Context, person, address, by string, dnd bool) (id string, err error)
	VerifyCode(ctx context.Context, id, code string) (dispatch.Verification, error) // dispatch.ErrWrongCode, ErrNotFound
}
