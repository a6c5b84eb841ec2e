package main

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Memory is given back once the house is warm, and 40 s after the last call of a night; not while somebody talks, and not again
// before somebody calls.
func TestMemoryIsGivenBackWhenNobodyTalks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		warmed := make(chan struct{})
		var calls, freed atomic.Int32
		go giveBack(ctx, warmed, func() int { return int(calls.Load()) }, func() { freed.Add(1) })
		after := func(d time.Duration, what string, want int32) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			if got := freed.Load(); got != want {
				t.Errorf("%s: given back %d times, want %d", what, got, want)
			}
		}
		after(time.Minute, "at the start", 0)
		close(warmed)
		after(time.Second, "warm", 1)
		after(time.Hour, "a quiet hour", 1)
		calls.Store(3)
		after(time.Hour, "an hour of calls", 1)
		calls.Store(0)
		after(30*time.Second, "just over", 1)
		calls.Store(1)
		after(10*time.Second, "another", 1)
		calls.Store(0)
		after(50*time.Second, "over", 2)
		after(time.Hour, "quiet again", 2)
	})
}
