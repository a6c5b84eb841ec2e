//go:build !linux

package media

import (
	"bytes"
	"runtime"
	"strconv"
)

func newSystemWaiter() waiter { return newTimerWaiter() }

// threadID is the number of the goroutine, which serves as well: a shard is one goroutine. The runtime
// tells it in stack traces only; it is asked for once when a seat is given back.
func threadID() int {
	var b [64]byte
	words := bytes.Fields(b[:runtime.Stack(b[:], false)])
	if len(words) < 2 {
		return -1
	}
	n, err := strconv.Atoi(string(words[1]))
	if err != nil {
		return -1
	}
	return n
}
