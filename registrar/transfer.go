package registrar

import (
	"context"
	"slices"

	"github.com/kaden-project/kaden/leg"
)

// What is said of transfers to a call to several phones is said to the one that has answered.

func (r *ring) transferer() (leg.Transferer, error) {
	r.mu.Lock()
	a := r.won
	r.mu.Unlock()
	if a == nil {
		return nil, errNotUp
	}
	t, ok := a.leg.(leg.Transferer)
	if !ok {
		return nil, leg.TransferRefused{Status: 405, Reason: "this phone knows no transfers"}
	}
	return t, nil
}

// Transfer asks the phone that has answered to call somebody else.
func (r *ring) Transfer(ctx context.Context, target string, headers map[string]string) error {
	t, err := r.transferer()
	if err != nil {
		return err
	}
	return t.Transfer(ctx, target, headers)
}

// Progress tells the phone that has answered how the transfer goes that it has asked for.
func (r *ring) Progress(ctx context.Context, status int) error {
	t, err := r.transferer()
	if err != nil {
		return err
	}
	return t.Progress(ctx, status)
}

// Named tells whether one of the phones' legs has the CallID: a phone names its own when it transfers.
func (r *ring) Named(callID string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return callID != "" && slices.ContainsFunc(r.arms, func(a *arm) bool { return a.leg.Info().CallID == callID })
}

// Hold tells the phone that has answered whether it is heard.
func (r *ring) Hold(on bool) error {
	r.mu.Lock()
	a := r.won
	r.mu.Unlock()
	if a == nil {
		return errNotUp
	}
	if h, ok := a.leg.(leg.Holder); ok {
		return h.Hold(on)
	}
	return nil
}
