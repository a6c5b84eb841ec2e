package store

import (
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
)

// This file is no part of kaden. The tests lay it over package store (go build -overlay), and calls of dies into
// the writer, to kill the process before or after its n-th commit: KADEN_TEST_DIES="before 7".
var (
	diesWhen string
	diesAt   int64
	reached  = map[string]*atomic.Int64{"before": {}, "after": {}}
)

func init() {
	fmt.Sscan(os.Getenv("KADEN_TEST_DIES"), &diesWhen, &diesAt)
}

func dies(when string) {
	if reached[when].Add(1) == diesAt && when == diesWhen {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}
