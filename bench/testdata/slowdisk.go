package main

import (
	"time"

	"modernc.org/sqlite"
)

// This file is no part of kaden. dev/bench lays it over cmd/kaden (go build -overlay) to measure a disk
// that needs 5 ms more for each commit.
func init() {
	sqlite.RegisterConnectionHook(func(c sqlite.ExecQuerierContext, _ string) error {
		c.(sqlite.HookRegisterer).RegisterCommitHook(func() int32 {
			time.Sleep(5 * time.Millisecond)
			return 0
		})
		return nil
	})
}
